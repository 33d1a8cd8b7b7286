/*
 * Counters of all groups at once: a BPF iterator over each hierarchy (Linux 6.1 and later, CAP_BPF and CAP_PERFMON)
 * writes into memory shared with us what the files of each group would tell, for less than reading them costs.
 * It only reads.  Where it cannot be had, files are read.
 */
#ifndef SOURCE_BULK_H
#define SOURCE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/cgroup/mounts.h"

#define BULK_UNKNOWN UINT64_MAX
#define BULK_NONE (UINT64_MAX - 1) /* of a cap: the group has no such file */
#define BULK_SYSCALLS 3            /* of reading one table */

/* As the kernel wrote it; BULK_UNKNOWN: not in this hierarchy, or the group has no such controller. */
struct bulk_record {
	uint64_t id;                      /* the inode of the group's directory */
	uint64_t mono_nsec;               /* when it was read */
	uint64_t cpu_nsec;                /* cpuacct.usage | cpu.stat usage_usec, in nanoseconds */
	uint64_t periods, throttled;      /* v2: cpu.stat nr_periods, nr_throttled */
	uint64_t quota_nsec, period_nsec; /* v2: cpu.max; a quota of UINT64_MAX with a period: max */
	uint64_t cpus;                    /* v2: how many are in cpuset.cpus.effective */
	uint64_t pids;                    /* v2: pids.current */
	uint64_t frozen, populated;       /* v2: cgroup.events; 1, or 0 (populated: by how many) */
	/* From here on only where memory is counted. */
	uint64_t pages;                      /* memory.usage_in_bytes | memory.current, in pages */
	uint64_t max_pages, high_pages;      /* memory.limit_in_bytes | memory.max; v2: memory.high */
	uint64_t peak_pages;                 /* memory.max_usage_in_bytes | memory.peak */
	uint64_t swap_pages;                 /* v2: memory.swap.current */
	uint64_t hits;                       /* v1: memory.failcnt */
	uint64_t high, max, oom;             /* v2: memory.events */
	uint64_t oom_kills;                  /* memory.oom_control | memory.events oom_kill */
	uint64_t file, inactive_file;        /* v2: memory.stat, in pages; until Linux 6.9 */
	uint64_t refault_anon, refault_file; /* the same */
	/* Pages on its lists of file pages, of a group that has none below it: memory.stat's follow within 2 s. */
	uint64_t lru_inactive, lru_active;
};

/* One hierarchy. */
struct bulk_table {
	int link, map;
	struct bulk_record *records; /* bulk_at */
	size_t stride;               /* where no memory is counted they are shorter */
	size_t room, bytes;          /* bytes: of the mapping */
	uint64_t n, found;           /* n: of those found, the ones there was room for */
	bool indexed;                /* since the last reading */
	size_t index_n;
	struct bulk_place {
		uint64_t id, at;
	} * index;
};

/* From 1 to n; that at 0 counts those that follow, in its id. */
static inline struct bulk_record *bulk_at(const struct bulk_table *t, size_t i)
{
	return (struct bulk_record *)(void *)((char *)t->records + i * t->stride);
}

struct bulk {
	struct bulk_table table[2]; /* where CPU time is counted, and memory where that is another */
	bool one;
};

/* Room for so many groups in each hierarchy. NULL: it cannot be had; why, static. */
struct bulk *bulk_open(struct rootfs *fs, const struct mounts *m, size_t groups, const char **ret_why);
void bulk_close(struct bulk *b);
size_t bulk_groups(const struct bulk *b); /* how many there were in the larger hierarchy */
/* Once a tick. -errno; -ENOSPC: there are more groups than room, those that came last are not in it. */
int bulk_read(struct bulk *b);
/* Where a group was found the last time; zero at first. */
struct bulk_hint {
	size_t at[2];
};
/* One group, as of the last reading: where its CPU time is counted, and its memory (on v2 the same). */
struct bulk_found {
	const struct bulk_record *cpu, *memory;
};
/* The group with these inodes; false: its CPU time or memory use is not known, its files are to be asked. */
bool bulk_find(struct bulk *b, uint64_t cpu_id, uint64_t memory_id, struct bulk_hint *h, struct bulk_found *ret);

#endif
