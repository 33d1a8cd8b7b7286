/* What the iterator's program writes of each process. */
#ifndef SOURCE_BPF_PROCESSES_PROGRAM_H
#define SOURCE_BPF_PROCESSES_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "source/bpf/processes.h"
#include "source/bpf/types.h"
#include "source/cgroup/mounts.h"
#include "vctop/model/background.h"

/* struct upid: a number in a pid namespace, whose address is told. */
struct process_number {
	int32_t nr, pad;
	uint64_t ns;
};

/* All bits set: could not be read.  An address stands for what is there: two that are the same are one thing. */
struct process_record {
	uint64_t start_nsec, stack, cap_eff, cap_bnd, atomic_flags;
	uint64_t root[2];    /* the mount and the entry */
	uint64_t ns[NS_MAX]; /* addresses */
	uint64_t group;
	uint64_t notifiers;                /* of its memory; 0 none */
	struct process_number own, parent; /* in the reader's pid namespace */
	uint32_t level, reader_level;      /* of pid namespaces */
	uint32_t threads, euid, seccomp, exit_state, net_ns, devices, root_dev, flags;
	char comm[16];
	/* A file that is mounted on another is called as that one is. */
	uint64_t program_entry, program_root; /* of the mount it is on */
	char program[PROGRAM_NAME];           /* what follows its end is not of it */
};

/* Its fd, or -errno: -EOPNOTSUPP what is asked for is not there. */
int processes_program_load(struct kernel_types *types, const struct mounts *m);

#endif
