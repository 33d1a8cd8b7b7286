/*
 * A sample container and a sample VM, started by child processes (`vctop sample start`), so that the one who asks goes
 * on: the dashboard's `x` key and --demo.  The same for what they shall do.
 */
#ifndef APP_PAIR_H
#define APP_PAIR_H

#include <sys/types.h>

#include "app/app.h"

struct pair {
	pid_t child[2];                                  /* 0 none */
	int fd;                                          /* what they say; -1 none */
	enum { PAIR_STAYS, PAIR_TO_END, PAIR_ENDS } end; /* TO_END: when the children have ended */
	char container[32], vm[32];                      /* names of the samples, once started */
};
#define PAIR_INIT                                                                                                      \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/* Starts both; with owner != 0 they end with that process. -EBUSY while the last ones still run. */
int pair_start(struct pair *p, pid_t owner, struct error *err);
/* Has the named samples (one or two) do something else from now on: `vctop sample load`. */
int pair_load(struct pair *p, const char *const *names, unsigned n, const char *workload, struct error *err);
/* Ends both, also while they are starting, without waiting for it. */
int pair_end(struct pair *p, struct error *err);
int pair_fd(const struct pair *p); /* to poll; -1 none */
/* One line of what they said, cleaned. > 0 a line; 0 nothing more (both ended, fd closed). */
int pair_read(struct pair *p, char *line, size_t size);
/* Ends children that are still starting, and waits for them. */
void pair_stop(struct pair *p);
/* Waits until both have ended. true: both succeeded. */
bool pair_wait(struct pair *p);

/* --demo without a terminal: the pair, the side-by-side table once, and all of it removed. */
int demo_plain(const struct view_options *o);

#endif
