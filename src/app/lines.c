#include "app/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/attr.h"

#define CHUNK ((size_t)256 * 1024)

/* Reads on behind what is there. 1; 0 the end; -errno. */
static int read_on(struct lines *l)
{
	if (l->at) {
		memmove(l->buf, l->buf + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
	}
	if (l->cap - l->len < CHUNK) {
		l->cap = l->cap ? l->cap * 2 : CHUNK * 2;
		l->buf = xreallocarray(l->buf, l->cap, 1);
	}
	ssize_t n;
	do
		n = read(l->fd, l->buf + l->len, l->cap - l->len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	l->len += (size_t)n;
	return n > 0;
}

int lines_next(struct lines *l, const char **ret, size_t *ret_len)
{
	size_t searched = 0;
	bool too_long = false;
	for (;;) {
		char *start = l->buf + l->at, *nl = NULL;
		if (l->len > l->at + searched)
			nl = memchr(start + searched, '\n', l->len - l->at - searched);
		if (nl || (l->end && l->len > l->at)) {
			size_t n = nl ? (size_t)(nl - start) : l->len - l->at;
			l->at += n + (nl != NULL);
			*ret = start;
			*ret_len = n;
			return too_long || n > l->max ? -E2BIG : 1;
		}
		if (l->end)
			return too_long ? -E2BIG : 0;
		searched = l->len - l->at;
		if (searched > l->max) { /* what was read of it is of no use */
			too_long = true;
			l->at = l->len;
			searched = 0;
		}
		int r = read_on(l);
		if (r < 0)
			return r;
		l->end = r == 0;
	}
}

void lines_release(struct lines *l)
{
	free(l->buf);
	*l = (struct lines){.fd = -1};
}
