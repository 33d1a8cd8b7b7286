/*
 * CPU time and memory use of all groups at once: a BPF iterator over each hierarchy (Linux 6.1 and later, CAP_BPF and
 * CAP_PERFMON) writes into memory shared with us what two preads a group would tell, for less than they cost.
 * It only reads.  Where it cannot be had, files are read.
 */
#ifndef SOURCE_BULK_H
#define SOURCE_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source/cgroup/mounts.h"

#define BULK_UNKNOWN UINT64_MAX
#define BULK_SYSCALLS 3 /* of reading one table */

/* As the kernel wrote it. id: the inode of the group's directory. */
struct bulk_record {
	uint64_t id;
	uint64_t mono_nsec; /* when it was read */
	uint64_t cpu_nsec;  /* cpuacct.usage | cpu.stat usage_usec, in nanoseconds; BULK_UNKNOWN */
	uint64_t pages;     /* memory.usage_in_bytes | memory.current, in pages; BULK_UNKNOWN */
};

/* One hierarchy. */
struct bulk_table {
	int link, map;
	struct bulk_record *records; /* the first counts those that follow, in its id */
	size_t room, bytes;          /* bytes: of the mapping */
	uint64_t n, found;           /* n: of those found, the ones there was room for */
	bool indexed;                /* since the last reading */
	size_t index_n;
	struct bulk_place {
		uint64_t id, at;
	} * index;
};

struct bulk {
	struct bulk_table table[2]; /* where CPU time is counted, and memory where that is another */
	bool one;
};

/* What of a group is asked of a table, from which kernel structure. */
enum bulk_cpu { BULK_CPU_NONE, BULK_CPU_V1, BULK_CPU_V2 };
struct bulk_wish {
	enum bulk_cpu cpu;
	bool memory;
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
/* Both counters of the group with these inodes; false: not all is known, its files are to be asked. */
bool bulk_find(struct bulk *b, uint64_t cpu_id, uint64_t memory_id, struct bulk_hint *h, struct bulk_record *ret);

/* bulk_program.c: loads the iterator's program for a map of records. btf: the kernel's types. Its fd, or -errno. */
struct btf;
int bulk_program_load(const struct btf *btf, const struct bulk_wish *w, int map);

#endif
