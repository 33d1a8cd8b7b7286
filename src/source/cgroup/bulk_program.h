/* What the iterator's program is made of: where the kernel keeps what is asked for, and the instructions. */
#ifndef SOURCE_BULK_PROGRAM_H
#define SOURCE_BULK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "source/cgroup/bulk.h"

/* Which numbers: a hierarchy of v1 that counts CPU time or memory, or v2, which has them all. */
enum bulk_kind { BULK_CPU_V1, BULK_MEMORY_V1, BULK_V2 };

/* A number that is kept in a group's state in a controller. */
struct bulk_field {
	int controller; /* its bit among those a group may have */
	int via;        /* the state has it behind a pointer, there; -1: in itself */
	int at;         /* bytes from the beginning of what has it */
	size_t size;    /* 4 or 8 */
	size_t to;      /* where in the record */
	bool cap;       /* BULK_NONE where the group has no such file */
};
#define BULK_FIELDS 32

/* Bytes from the beginning of their structures; -1 not there. */
struct bulk_layout {
	int kn, id;                  /* struct cgroup, struct kernfs_node */
	int subsys;                  /* struct cgroup: its states, by controller */
	int parent, cgroup, control; /* struct cgroup's own state; of the state, its cgroup; what that lets pass on */
	size_t control_size;
	int flags, frozen_bit;  /* struct cgroup, and CGRP_FROZEN */
	int populated[3];       /* struct cgroup: by what */
	int exec_runtime;       /* struct cgroup */
	int cpuacct, cpuusage;  /* the controller, struct cpuacct */
	int per_cpu_places;     /* of a per-CPU map: where its values are */
	int flush, target;      /* BTF ids of functions */
	struct bulk_field cpus; /* a mask, or a pointer to it (via) */
	/* Of each memory node (via: where the pointers to them are) a table of lists by zone. */
	struct bulk_lists {
		int controller, via, at, zones, lists, inactive, active;
		int descendants, dying; /* struct cgroup: how many groups are, or were just, below it */
		int nodes;              /* as many as there may be */
	} lru;
	struct bulk_field fields[BULK_FIELDS]; /* by controller, and by where they are */
	size_t fields_n;
};

/* Bytes of a record: without what only memory's have, where memory is not counted. */
static inline size_t bulk_stride(enum bulk_kind kind)
{
	return kind == BULK_CPU_V1 ? offsetof(struct bulk_record, pages) : sizeof(struct bulk_record);
}

struct btf;
/* bulk_layout.c, from the kernel's description of its types. nodes: of memory. false: what cannot be done without is
 * not there. */
bool bulk_layout(const struct btf *btf, enum bulk_kind kind, int nodes, struct bulk_layout *ret);
/* bulk_program.c: loads the program for a map of records. Its fd, or -errno. */
int bulk_program_load(const struct bulk_layout *l, enum bulk_kind kind, int map);

#endif
