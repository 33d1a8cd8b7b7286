/* Starting programs: captured and waited for, or detached from us.  Never through a shell; no fd of ours goes along. */
#ifndef LAB_TOOL_SPAWN_H
#define LAB_TOOL_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/attr.h"
#include "vctop/base/strbuf.h"

/* The full path of a program on PATH (heap), or NULL. */
char *spawn_find(const char *program);

struct spawn_result {
	struct strbuf out, err; /* at most 64 KiB each */
	int status;             /* exit status; 128 + signal */
};
void spawn_result_release(struct spawn_result *r);
/*
 * Runs argv to its end. It dies with us. -ETIMEDOUT: killed at the time limit; -EINTR: *cancel (NULL allowed) was set;
 * -errno: could not run it.
 */
int spawn_run(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel, struct spawn_result *ret);
/* The same for what must not be cut off in its middle: with -ETIMEDOUT, -EINTR, and when we die, it goes on to its end.
 * Until it is the program its comm is SPAWN_COMM. */
#define SPAWN_COMM "vctop-order"
int spawn_run_whole(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel,
                    struct spawn_result *ret);
/* The same; the child calls prepare before it becomes the program; false: it ends instead. */
int spawn_run_prepared(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel,
                       bool (*prepare)(void *data), void *data, struct spawn_result *ret);
/* The same with both streams going to a file, which what it starts keeps: nothing waits for their end. */
int spawn_run_to(char *const argv[], int to, unsigned limit_msec, const volatile sig_atomic_t *cancel, int *ret_status);
/* A command as a shell would take it. argv ends with NULL. */
void spawn_quote(char *const argv[], struct strbuf *ret);
/* The first non-empty line of text, cleaned, in buf. */
const char *spawn_first_line(const char *text, char *buf, size_t size);

/*
 * A child that is nobody's: its parent ends at once, so that it belongs to init and leaves us no zombie.
 * It does nothing until spawn_go; when we die before that, it ends without having done anything.
 */
struct detached {
	void (*run)(void *data, int report_fd); /* in the child; does not return */
	void *data;
	uint64_t namespaces; /* CLONE_NEW* */
};
struct detached_child {
	pid_t pid; /* as seen from here */
	int pidfd;
	int go, report; /* report: what the child writes; -1 when taken */
};
#define DETACHED_INIT                                                                                                  \
	{                                                                                                              \
		.pid = 0, .pidfd = -1, .go = -1, .report = -1                                                          \
	}
#define cleanup_detached cleanup(spawn_detached_close)
int spawn_detached(const struct detached *d, struct detached_child *ret);
int spawn_go(struct detached_child *c);
void spawn_detached_close(struct detached_child *c);
/* In the child: stdio to these fds, everything else closed except `keep` (moved to fd 3; -1 none). */
void spawn_child_fds(int in, int out, int err, int keep);

#endif
