/* One conversation over a Unix socket, with a deadline for all of it. */
#ifndef SOURCE_GUEST_EXCHANGE_H
#define SOURCE_GUEST_EXCHANGE_H

#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/strbuf.h"

/* All that is ever read of one: far more than any answer needs. */
#define EXCHANGE_MAX (4U << 20)

struct exchange {
	int fd, cancel_fd;
	int64_t deadline_usec;
	struct strbuf in;
	size_t at;    /* read up to here */
	size_t total; /* ever received */
};

/* path: of a file, or "@name". -errno; -ETIMEDOUT, -ECANCELED; -EAGAIN: its queue is full. */
int exchange_open(struct exchange *x, const char *path, int cancel_fd, int64_t deadline_usec);
void exchange_close(struct exchange *x);
pid_t exchange_peer(const struct exchange *x); /* who listens; 0 unknown */
int exchange_send(struct exchange *x, const char *text, size_t len);
/* The next line without its end, valid until the next call. -EPIPE: the other side hung up; -EMSGSIZE: too much. */
int exchange_line(struct exchange *x, const char **ret, size_t *ret_len);
int exchange_bytes(struct exchange *x, size_t len, const char **ret);

#endif
