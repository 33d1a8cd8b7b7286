/*
 * Which rows a view shows, and in what order: the question (query) and its answer (selection).
 * derive/select answers; views only draw.  Rows borrow from the frame.
 */
#ifndef VCTOP_MODEL_SELECTION_H
#define VCTOP_MODEL_SELECTION_H

#include "vctop/model/field.h"

struct query {
	const struct field *sort; /* NULL: by name */
	bool down;                /* largest (or Z) first */
	const char *filter;       /* case-insensitive substring of name, image, runtime, id, verdict; NULL or "" all */
	bool hide_stopped;
};

struct selection {
	VEC(const struct row *) rows[INSTANCE_KIND_MAX];
	unsigned hidden; /* rows the query left out */
};

void selection_release(struct selection *s);

#endif
