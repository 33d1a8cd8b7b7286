/*
 * Which rows a view shows, and in what order: the question (query) and its answer (selection).
 * derive/select answers; views only draw.  Rows borrow from the frame, or stand for a group and live in the selection.
 */
#ifndef VCTOP_MODEL_SELECTION_H
#define VCTOP_MODEL_SELECTION_H

#include "vctop/model/field.h"

/* One list for each kind of instance, and all of them in other orders. */
enum list {
	LIST_CONTAINER = INSTANCE_CONTAINER,
	LIST_VM = INSTANCE_VM,
	LIST_SERVICE = INSTANCE_SERVICE,
	LIST_TREE,  /* the host, the groups, what is in them, what is in those */
	LIST_WASTE, /* what could be taken back, the most first: by money, else by the share of the host */
	LIST_MAX
};

struct query {
	const struct field *sort; /* NULL: by name */
	bool down;                /* largest (or Z) first */
	const char *filter;       /* case-insensitive substring of name, image, runtime, id, verdict; NULL or "" all */
	bool hide_stopped;
	bool tree;                 /* LIST_TREE is wanted */
	const char *const *folded; /* ids whose children the tree leaves out */
	size_t folded_n;
};

/* Where a row stands in the tree. */
struct branch {
	unsigned depth;   /* 0: the host */
	uint32_t ends;    /* bit d: the branch at depth d is the last of its siblings */
	bool group;       /* stands for a group: its numbers are sums, nobody judged it */
	bool folded;      /* has children that are not shown */
	unsigned members; /* instances below it */
};

struct selection {
	VEC(const struct row *) rows[LIST_MAX];
	VEC(struct branch) branches; /* of LIST_TREE, one each */
	unsigned hidden;             /* rows the query left out */
	struct arena arena;
};

void selection_release(struct selection *s);

#endif
