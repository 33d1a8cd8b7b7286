/*
 * Cgroups: the caps at every level of the tree, and the counters of one group.
 * v1 and v2 behind one table; which of them a controller uses was decided in mounts.h.
 *
 * A level (struct cgroup_level) holds what one directory itself caps.  Levels are shared by all instances below
 * them and re-read at most once a LIMITS_AGE, however many ask.
 */
#ifndef SOURCE_CGROUP_H
#define SOURCE_CGROUP_H

#include <sys/types.h>

#include "source/bpf/types.h"
#include "source/cgroup/mounts.h"
#include "source/cgroup/stat_order.h"
#include "vctop/base/arena.h"
#include "vctop/base/map.h"

struct cgroup_level;
struct cgroup_dirs;
struct bulk;
struct bulk_record;
struct cgroup_tree {
	struct rootfs *fs;
	struct mounts mounts;
	struct kernel_types types;
	uint64_t page_size;       /* bytes */
	struct map levels;        /* path -> struct cgroup_level */
	struct cgroup_dirs *dirs; /* NULL: groups are found by listing directories */
	bool dirs_tried;
	bool once;           /* only a few ticks will come: directories are not watched */
	bool pids_elsewhere; /* our pid namespace does not show all members of a group */
	bool may_rest; /* what stands still is not read in every tick: a live host of which nobody wants each file */
	struct bulk *bulk;   /* told.c: numbers of every group; NULL: files are read for them */
	bool telling;        /* they are of this tick */
	bool fds_are_short;  /* in this tick: who rests keeps no files open */
	const char *no_bulk; /* why not; NULL: not tried yet */
	struct cgroup_stats {
		enum stat_order order;
		int64_t asked_usec;
		bool swap;    /* v1: memory.stat has it */
		bool no_swap; /* the host has none */
		bool told;    /* in this tick */
	} stats;
	unsigned ticks;
	/* The host's pressure; who waits in a group waits on the host, so what stands here stands in all groups. */
	struct cgroup_waits {
		struct metric counter;
		int64_t moved_usec; /* the tick that last found it moved */
	} cpu_waits, memory_waits;
	struct {
		const char *file; /* static; NULL not decided yet */
		bool counted;     /* on the disk that matters */
		int64_t decided_usec;
	} blkio;
};

int cgroup_tree_open(struct cgroup_tree *t, struct rootfs *fs);
/* A tick begins, in which the host was read: what was told of groups is of the one before. */
void cgroup_tree_begin(struct cgroup_tree *t, const struct host_sample *h);
/* So many groups will be sampled in it. Once told of all, no more is done until the next. */
void cgroup_tree_tick(struct cgroup_tree *t, size_t groups);
/* Of how many groups was told in this tick (0: of none), and what of the one with this inode (NULL: nothing). */
size_t cgroup_tree_groups(const struct cgroup_tree *t);
const struct bulk_record *cgroup_tree_told(const struct cgroup_tree *t, uint64_t inode);
void cgroup_tree_close(struct cgroup_tree *t);
/* The group at `path` is another one than before: its caps are read afresh. */
void cgroup_tree_forget(struct cgroup_tree *t, const char *path);

/* Somebody wrote this file of a group: is it one that caps, and then: what was read of it is no longer so. */
bool cgroup_is_cap(const char *file);
void cgroup_tree_stale(struct cgroup_tree *t, const char *path);
/* The level of a group ("/docker/x") and those above it, kept until given back. */
struct cgroup_level *cgroup_level_get(struct cgroup_tree *t, const char *path);
void cgroup_level_put(struct cgroup_level *l); /* NULL is none */
/* Makes *l that of `path`, if it is not. */
void cgroup_level_at(struct cgroup_tree *t, struct cgroup_level **l, const char *path);

struct cap_question {
	struct arena *arena;
	int64_t mono_usec;
	double host;                    /* what the machine has: CPUs, or bytes (0: not known) */
	bool resting;                   /* nothing moves in the group: its own caps may be somewhat older */
	const struct bulk_record *told; /* of the group in this tick; NULL: its files say */
};
/* The caps that bind a group: minimum over itself and every ancestor, then the host. */
struct allocation cgroup_cpu_allocation(struct cgroup_level *l, const struct cap_question *q);
struct allocation cgroup_memory_allocation(struct cgroup_level *l, const struct cap_question *q);

struct cgroup_reader; /* kept fds of one group's counters */
/* path: borrowed */
struct cgroup_reader *cgroup_reader_new(struct cgroup_tree *t, const char *path);
void cgroup_reader_free(struct cgroup_reader *r);
const char *cgroup_reader_path(const struct cgroup_reader *r);
/* On v1 a group may have another path in another controller's hierarchy; known after the first sample. */
const char *cgroup_reader_path_in(const struct cgroup_reader *r, enum controller c);
/* Another number whenever one of them may have changed; never 0. */
unsigned cgroup_reader_places(const struct cgroup_reader *r);
/* Identity of the directory: its inode (live), or a hash of the path (a captured tree). */
uint64_t cgroup_reader_incarnation(const struct cgroup_reader *r);
/*
 * Fills s (all but allocations).  -ENODEV: the group has gone.  A group re-created under the same path is read afresh
 * and gets a new incarnation.
 */
int cgroup_reader_sample(struct cgroup_reader *r, struct sample *s);
/* It, what its level is, and what was told of it, will be asked for soon (vctop/base/prefetch.h). */
void cgroup_reader_prefetch(const struct cgroup_reader *r);
void cgroup_level_prefetch(const struct cgroup_level *l);
void cgroup_told_prefetch(const struct cgroup_tree *t, const struct cgroup_reader *r);
/* Whether it rests, and what was told of it, into a question about its caps. */
void cgroup_reader_question(const struct cgroup_reader *r, struct cap_question *q);
/* Nothing moved: that sample has old numbers that hold still, and no more need be asked about the group. */
bool cgroup_reader_rested(const struct cgroup_reader *r);

enum cgroup_life { CGROUP_EMPTY, CGROUP_POPULATED, CGROUP_FROZEN };
/* alive: a process is known to be in it, so nothing needs to be asked. */
enum cgroup_life cgroup_reader_life(struct cgroup_reader *r, bool alive);
/* The process that has been longest in the group or below it: its init; 0 none. */
pid_t cgroup_init_pid(struct cgroup_tree *t, const char *path);
/* Is any process in it or below it, be it one of another pid namespace? */
bool cgroup_has_members(struct cgroup_tree *t, const char *path);

/* blkio.c: which v1 file counts I/O; t->blkio.counted says whether it does. The rest is pure, for tests. */
const char *blkio_file(struct cgroup_tree *t, int64_t now_usec);
bool blkio_has_devices(const char *buf, size_t len);
bool blkio_busiest(const char *buf, size_t len, char ret[32]);

/* Calls fn for every directory below the walked hierarchy, parents first; path starts with '/'. false: do not descend.
 */
typedef bool (*cgroup_visit)(void *data, const char *path);
int cgroup_walk(struct cgroup_tree *t, cgroup_visit fn, void *data);
/*
 * May groups have come or gone since *since was filled (zeroed at first)?  Asked once a tick.  The kernel tells, or
 * where it does not, their number (/proc/cgroups | cgroup.stat), and after a second nobody knows.
 */
struct cgroup_census {
	struct strbuf text, now;
	uint64_t changes;
	int64_t at_usec;
	bool taken;
};
bool cgroup_census(struct cgroup_tree *t, struct cgroup_census *since, int64_t now_usec);
/* The kernel's text that has their number, for comparing. */
void cgroup_count(struct cgroup_tree *t, struct strbuf *ret);
/* About how many that says; too many where groups linger on that were removed. */
size_t cgroup_count_read(const struct cgroup_tree *t, const struct strbuf *text);
/* The path of a process in the hierarchy that is walked (from proc/PID/cgroup); -errno. */
int cgroup_of_pid(struct cgroup_tree *t, pid_t pid, struct strbuf *ret);
/* The same in the v1 hierarchy of one controller, or on v2 (CTRL_MAX). */
int cgroup_of_pid_in(struct cgroup_tree *t, pid_t pid, enum controller c, struct strbuf *ret);

#endif
