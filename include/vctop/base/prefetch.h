/*
 * Between two ticks other programs drive all rows out of the caches.  Who goes over rows that are wherever the heap put
 * them asks for those that come next while it works at one: memory answers several at once, but only if asked.
 */
#ifndef VCTOP_BASE_PREFETCH_H
#define VCTOP_BASE_PREFETCH_H

#include <stddef.h>

#define PREFETCH_ROWS 4 /* ahead */
#define PREFETCH_LINE 64

/* So many bytes there; reads nothing, so it may be NULL or nowhere. */
static inline void prefetch(const void *p, size_t n)
{
	for (size_t at = 0; at < n; at += PREFETCH_LINE)
		__builtin_prefetch((const char *)p + at);
}

#endif
