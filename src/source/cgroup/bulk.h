/*
 * Counters of all groups at once: a BPF iterator over the hierarchy that is walked (Linux 6.1 and later, CAP_BPF and
 * CAP_PERFMON) writes into memory shared with us what the files of each group would tell, for less than reading them
 * costs.  It only reads.  Where it cannot be had, files are read.
 */
#ifndef SOURCE_BULK_H
#define SOURCE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/bpf/types.h"
#include "source/cgroup/mounts.h"

#define BULK_UNKNOWN UINT64_MAX
#define BULK_NONE (UINT64_MAX - 1) /* of a cap: the group has no such file */
#define BULK_AGE 5000000000        /* nanoseconds */
#define BULK_BESIDE 7
#define BULK_SYSCALLS 3 /* of reading the table */

/*
 * As the kernel wrote it; BULK_UNKNOWN: the group has no such controller, or what is counted in another hierarchy than
 * the walked one is not known, for none of its own processes leads there.  On v1, where each number is far from all
 * others, those below pages are up to BULK_AGE old in a group whose CPU time and memory use have not moved.
 */
struct bulk_record {
	uint64_t id;               /* the inode of the group's directory */
	uint64_t serial;           /* the program's own: which group it is, of all that there have ever been */
	uint64_t due_nsec;         /* the program's own: when all is to be read though nothing moved */
	uint64_t mono_nsec;        /* when it was read */
	uint64_t cpu_nsec;         /* cpuacct.usage | cpu.stat usage_usec, in nanoseconds */
	uint64_t pages;            /* memory.usage_in_bytes | memory.current, in pages */
	uint64_t cpu_at, pages_at; /* v1, the program's own: where these two are; 0 not known */
	struct bulk_life {
		uint64_t pids;      /* pids.current */
		uint64_t frozen;    /* v2: cgroup.events; 0 no */
		uint64_t freezing;  /* v1: freezer.state; 0 THAWED */
		uint64_t populated; /* cgroup.events, of the walked hierarchy; 0 no */
	} life;
	uint64_t cpu_waited_nsec, memory_waited_nsec; /* pressure, "some": as last summed up, within 2 s */
	uint64_t beside[BULK_BESIDE];                 /* the program's own: its states in other hierarchies */
	uint64_t periods, throttled;                  /* cpu.stat nr_periods, nr_throttled */
	uint64_t quota_nsec, period_nsec;    /* cpu.cfs_quota_us, cpu.cfs_period_us | cpu.max; UINT64_MAX: no cap */
	uint64_t cpus;                       /* how many in cpuset.effective_cpus | cpuset.cpus.effective */
	uint64_t max_pages, high_pages;      /* memory.limit_in_bytes | memory.max; v2: memory.high */
	uint64_t peak_pages;                 /* memory.max_usage_in_bytes | memory.peak */
	uint64_t swap_pages;                 /* v2: memory.swap.current */
	uint64_t hits;                       /* v1: memory.failcnt */
	uint64_t high, max, oom;             /* v2: memory.events */
	uint64_t oom_kills;                  /* memory.oom_control | memory.events oom_kill */
	uint64_t file, inactive_file;        /* memory.stat, in pages */
	uint64_t refault_anon, refault_file; /* the same, events */
	/* Pages on its lists, of files and of all else, where there are no groups below: memory.stat's follow in 2 s.
	 */
	uint64_t lru_inactive, lru_active, lru_rest;
	uint64_t memory_all_waited_nsec; /* pressure of memory, "full" */
	uint64_t waits_counted;          /* 0: switched off for it (cgroup.pressure) */
	uint64_t waits_unsummed;         /* 0: the sums are those that the files would tell */
	uint64_t disks;                  /* blkio | io.stat: an address; 0 none is counted for the group */
	uint64_t stats_unsummed;         /* how much memory.stat has to sum up yet, about */
	uint64_t descendants;            /* how many groups are below it in the walked hierarchy */
};
_Static_assert(sizeof(struct bulk_record) % 64 == 0, "whole lines of memory");
_Static_assert(offsetof(struct bulk_record, life) == 64, "all that is asked of a group that stands still is in one");

struct bulk {
	int link, map;
	bool stats_by_order;         /* where memory.stat's items are is not told by types (stat_order.h) */
	bool stats_summed;           /* reading the table sums them up */
	struct bulk_record *records; /* from 1 to n; that at 0 counts those that follow, in its id */
	size_t room, bytes;          /* bytes: of the mapping */
	uint64_t n, found;           /* n: of those found, the ones there was room for */
	bool indexed;                /* since the last reading */
	size_t index_n;
	struct bulk_place {
		uint64_t id, at;
	} * index;
};

/* Room for so many groups. NULL: it cannot be had; why, static. */
struct bulk *bulk_open(struct kernel_types *types, const struct mounts *m, size_t groups, const char **ret_why);
void bulk_close(struct bulk *b);
size_t bulk_groups(const struct bulk *b); /* how many there were */
/* Once a tick. -errno; -ENOSPC: there are more groups than room, those that came last are not in it. */
int bulk_read(struct bulk *b);
/*
 * The group with this inode, as of the last reading; NULL: it was not there.  hint: where it was found the last time,
 * zero at first.
 */
const struct bulk_record *bulk_find(struct bulk *b, uint64_t id, size_t *hint);

#endif
