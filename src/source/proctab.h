/*
 * The processes: which are there, each looked at when it is new and again when it has become another: by an exec, or
 * because its pid was handed on.  That shows in its stat, which is glanced at while it is young (a fork execs soon),
 * when the kernel has handed out pids beyond its own since the tick before, and of all, a few in every tick.
 *
 * Where there are many, listing them costs more than looking at the new ones: then only the pids handed out since the
 * tick before are listed, and all every few seconds.
 */
#ifndef SOURCE_PROCTAB_H
#define SOURCE_PROCTAB_H

#include "source/bpf/processes.h"
#include "source/cgroup/cgroup.h"
#include "vctop/source/process.h"

struct proctab_entry {
	pid_t pid;
	bool settled;
	unsigned looks;   /* up to enough */
	unsigned threads; /* when it was last looked at closely; 0 never */
	unsigned seen_threads;
	uint64_t start_ticks, program; /* as of the last glance; program: what an exec changes */
};

struct proctab_glance {
	pid_t pid;
	struct process_stat stat;
};

struct proctab {
	VEC(struct proctab_entry) known; /* ascending pids */
	VEC(struct proctab_entry) next;
	VEC(struct proctab_glance) glances; /* what was read in this tick, ascending pids */
	struct rootfs_names names;
	struct kfile loadavg;
	uint64_t last_pid; /* that was handed out */
	size_t swept;      /* how many of the known, in this round */
	int64_t swept_usec, listed_usec;
	int64_t offset; /* of a pid's place in the directory to the pid; 0: not known */
	bool whole;     /* all were listed in this tick */
	/* All processes at once, for a tick in which many are asked about. */
	struct cgroup_tree *cgroups;
	struct process_bulk *bulk;
	bool may_tell, telling; /* telling: it is of this tick */
};

typedef void (*proctab_look)(void *data, const struct process *p);

void proctab_init(struct proctab *t, struct cgroup_tree *cgroups);
/* Lists proc/ and calls look for each process that is new or another. -errno when proc cannot be listed. */
int proctab_update(struct proctab *t, struct rootfs *fs, proctab_look look, void *data);
/* So many processes will be asked about in this tick: of many it is told at once, where it can be. */
void proctab_expect(struct proctab *t, struct rootfs *fs, size_t n);
bool proctab_is_telling(const struct proctab *t);
/* What is told of a process in this tick; NULL: its files are to be read. */
const struct process_told *proctab_told(const struct proctab *t, pid_t pid);
/* Of those told to be in the group with this inode, the one that was started first; 0 none is. */
pid_t proctab_first_in(const struct proctab *t, uint64_t group);
/* Was it there when proc/ was last listed whole, or is it newer? */
bool proctab_has(const struct proctab *t, pid_t pid);
/* When the process with this pid was started, in clock ticks, though it may have ended unless `whole`; 0: not known. */
uint64_t proctab_start_ticks(const struct proctab *t, pid_t pid);
/* Its stat, as it was read in this tick or is now. */
int proctab_stat(const struct proctab *t, struct rootfs *fs, pid_t pid, struct process_stat *ret);
void proctab_release(struct proctab *t, struct rootfs *fs);

#endif
