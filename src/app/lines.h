/* Lines of a file or pipe, of bounded length, without a copy. */
#ifndef APP_LINES_H
#define APP_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct lines {
	int fd;
	size_t max; /* longer lines are passed over */
	char *buf;
	size_t cap, len, at;
	bool end;
};

/* 1: a line, without its newline, borrowed until the next call; 0: the end; -E2BIG: one was too long; -errno. */
int lines_next(struct lines *l, const char **ret, size_t *ret_len);
void lines_release(struct lines *l);

#endif
