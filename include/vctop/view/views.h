/*
 * The views: each shows a frame and knows nothing of where it came from.
 */
#ifndef VCTOP_VIEW_VIEWS_H
#define VCTOP_VIEW_VIEWS_H

#include <stdio.h>

#include "vctop/base/strbuf.h"
#include "vctop/model/selection.h"

/* One vctop.snapshot/1 object and a newline, appended to out. */
void json_frame(const struct frame *f, struct strbuf *out);
/* What was concluded of one resource ("cpu", "memory", "instance") of one instance. */
struct verdict_line {
	int64_t time_usec;
	const char *host, *id, *name, *resource;
	enum instance_kind kind;
	struct verdict verdict;
};
/* One vctop.verdict/1 object and a newline, appended to out. */
void json_verdict(const struct verdict_line *l, struct strbuf *out);
/* The plain table, as `top -b`: host lines, then the selected rows.  columns: NULL-terminated, NULL for the default. */
void plain_frame(const struct frame *f, const struct selection *sel, const struct field *const *columns, bool ascii,
                 struct strbuf *out);

#endif
