/*
 * A bump allocator: what belongs to one snapshot or frame dies with it in one call.
 * Memory is zeroed.  Pointers stay valid until arena_clear or arena_release; clear keeps the blocks,
 * so a steady tick allocates nothing.
 */
#ifndef VCTOP_BASE_ARENA_H
#define VCTOP_BASE_ARENA_H

#include <stddef.h>

#include "vctop/base/attr.h"

struct arena_block;
struct arena {
	struct arena_block *first, *current;
	size_t size; /* of all blocks */
};

void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_fmt(struct arena *a, const char *fmt, ...) ATTR_PRINTF(2, 3);
void arena_clear(struct arena *a);
void arena_release(struct arena *a);

#endif
