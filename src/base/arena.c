#include "vctop/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)32 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_block *block_new(size_t size)
{
	struct arena_block *b = xmalloc(sizeof(*b) + size);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!a->current)
		a->first = a->current = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
	while (a->current->size - a->current->used < size) {
		if (!a->current->next)
			a->current->next = block_new(size > BLOCK_SIZE ? size : BLOCK_SIZE);
		a->current = a->current->next;
	}
	void *p = a->current->data + a->current->used;
	a->current->used += size;
	return memset(p, 0, size);
}

char *arena_strdup(struct arena *a, const char *s)
{
	if (!s)
		return NULL;
	size_t n = strlen(s) + 1;
	return memcpy(arena_alloc(a, n), s, n);
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *s = arena_alloc(a, n > 0 ? (size_t)n + 1 : 1);
	if (n > 0)
		(void)vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return s;
}

void arena_clear(struct arena *a)
{
	for (struct arena_block *b = a->first; b; b = b->next)
		b->used = 0;
	a->current = a->first;
}

void arena_release(struct arena *a)
{
	for (struct arena_block *b = a->first; b;) {
		struct arena_block *next = b->next;
		free(b);
		b = next;
	}
	a->first = a->current = NULL;
}
