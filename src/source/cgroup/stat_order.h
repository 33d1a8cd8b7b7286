/*
 * Where memory.stat's items are kept.  Since Linux 6.10 a group keeps only some of the kernel's items, one behind the
 * other in an order that its types do not tell.  It is the one of its source as far as that is known here, and is
 * believed only after the numbers at those places of the walked hierarchy's first group were those of its memory.stat.
 */
#ifndef SOURCE_STAT_ORDER_H
#define SOURCE_STAT_ORDER_H

#include "source/bpf/types.h"
#include "source/cgroup/mounts.h"

/* The place of an item, by its name on v2; -1 not known. */
int stat_order_place(const char *item);

enum stat_order {
	STAT_ORDER_UNKNOWN, /* not asked yet, or the numbers moved, or too few are above 0: to be asked again */
	STAT_ORDER_HOLDS,
	STAT_ORDER_OTHER
};
/* swap: on v1, whether memory.stat tells of swap. */
enum stat_order stat_order_ask(struct kernel_types *types, const struct mounts *m, bool *ret_swap);

#endif
