/* What select.c and tree.c share. */
#ifndef DERIVE_SELECT_H
#define DERIVE_SELECT_H

#include "vctop/derive/derive.h"

bool query_matches(const struct query *q, const struct row *r);
/* For qsort_r over pointers to rows; data is the query. */
int query_compare(const void *a, const void *b, void *data);
void select_tree(const struct frame *f, const struct query *q, struct selection *ret);

#endif
