#include "vctop/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A thousand arenas hold a few strings each, and one holds thousands: each block is half of those before it. */
#define LEAST_SIZE ((size_t)192)
#define BLOCK_SIZE ((size_t)32 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_block *block_new(struct arena *a, size_t least)
{
	size_t size = a->size / 2 < LEAST_SIZE ? LEAST_SIZE : a->size / 2 < BLOCK_SIZE ? a->size / 2 : BLOCK_SIZE;
	size = size > least ? size : least;
	struct arena_block *b = xmalloc(sizeof(*b) + size);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	a->size += size;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!a->current)
		a->first = a->current = block_new(a, size);
	while (a->current->size - a->current->used < size) {
		if (!a->current->next)
			a->current->next = block_new(a, size);
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
	return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy = memcpy(arena_alloc(a, n + 1), s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	char usual[128]; /* printing twice, to know the length, costs twice as much */
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(usual, sizeof(usual), fmt, ap);
	char *s = arena_alloc(a, n > 0 ? (size_t)n + 1 : 1);
	if (n >= (int)sizeof(usual))
		(void)vsnprintf(s, (size_t)n + 1, fmt, again);
	else if (n > 0)
		memcpy(s, usual, (size_t)n);
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
	*a = (struct arena){0};
}
