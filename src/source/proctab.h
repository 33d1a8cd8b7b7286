/*
 * The processes: which are there, each looked at once.  A young process is looked at again, since a fork becomes a VMM
 * only when it execs; and all are, now and then, since a pid may be reused between two ticks.
 */
#ifndef SOURCE_PROCTAB_H
#define SOURCE_PROCTAB_H

#include "vctop/source/process.h"

struct proctab_entry {
	pid_t pid;
	bool settled;
	unsigned threads; /* when it was last looked at closely; 0 never */
	uint64_t start_ticks;
};

struct proctab {
	VEC(struct proctab_entry) known; /* ascending pids */
	VEC(struct proctab_entry) next;
	struct rootfs_names names;
	int64_t swept_usec;
};

typedef void (*proctab_look)(void *data, const struct process *p);

/* Lists proc/ and calls look for each process that is new, young or due. -errno when proc cannot be listed. */
int proctab_update(struct proctab *t, struct rootfs *fs, proctab_look look, void *data);
/* Was it there when proc/ was last listed? */
bool proctab_has(const struct proctab *t, pid_t pid);
void proctab_release(struct proctab *t);

#endif
