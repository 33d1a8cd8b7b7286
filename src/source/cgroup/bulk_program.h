/* What the iterator's program is made of: where the kernel keeps what is asked for, and the instructions. */
#ifndef SOURCE_BULK_PROGRAM_H
#define SOURCE_BULK_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "source/cgroup/bulk.h"

/* A number that is kept in one of a group's states. */
struct bulk_field {
	int state;     /* which: a controller's bit among those a group may have, or bulk_layout.v2 */
	int via;       /* the state has it behind a pointer, there; -1: in itself */
	int at;        /* bytes from the beginning of what has it */
	size_t size;   /* 4 or 8 */
	uint32_t mask; /* which bits of it; 0 all */
	size_t to;     /* where in the record */
	bool cap;      /* BULK_NONE where the group has no such file */
};
#define BULK_FIELDS 40
#define BULK_STATES 24
/* The part of struct css_set that is looked at, and of struct cgroup, in bytes. */
#define BULK_SET 160
#define BULK_HEAD 96

/* Bytes from the beginning of their structures; -1 not there. */
struct bulk_layout {
	bool unified;                /* the walked hierarchy is v2 */
	int kn, id, hash;            /* struct cgroup, struct kernfs_node */
	int level, serial;           /* struct cgroup: how deep it is, and its own state's number */
	int subsys, controllers;     /* struct cgroup: its states, by controller; how many */
	int v2;                      /* one more: the group itself, in v2 */
	int parent, cgroup, control; /* struct cgroup's own state; of a state, its group; what that lets pass on */
	size_t control_size;
	int populated[3];      /* struct cgroup: by what */
	int exec_runtime;      /* struct cgroup */
	int cpuacct, cpuusage; /* the controller, struct cpuacct; v1 */
	int per_cpu_places;    /* of a per-CPU map: where its values are */
	int flush, target;     /* BTF ids of functions */
	bool stats_by_order, stats_summed;
	/* Of what is counted in other hierarchies than a walked one of v1: the way there by a set of a group's
	 * processes. */
	struct bulk_beside {
		unsigned states;           /* their bits */
		int sets, link, cgrp, dfl; /* struct cgroup: its list of links; the link's node and group; css_set */
		int walked;                /* a controller of the walked hierarchy */
	} beside;
	struct bulk_field cpus; /* a mask, or a pointer to it (via) */
	/* Of each memory node (via: where the pointers to them are) a table of lists by zone. */
	struct bulk_lists {
		int state, via, at, zones, lists, inactive, active;
		int descendants, dying; /* struct cgroup: how many groups are, or were just, below it */
		int nodes;              /* as many as there may be */
	} lru;
	struct bulk_field fields[BULK_FIELDS]; /* by state, and by where they are */
	size_t fields_n;
};

/* A controller's bit among those a group may have; -1 this kernel has none such. */
int bulk_controller(struct kernel_types *types, enum controller c);
/* bulk_layout.c, from the kernel's description of its types. nodes: of memory. false: what cannot be done without is
 * not there. */
bool bulk_layout(struct kernel_types *types, const struct mounts *m, int nodes, struct bulk_layout *ret);
/* bulk_program.c: loads the program for a map of records. Its fd, or -errno. */
int bulk_program_load(struct kernel_types *types, const struct bulk_layout *l, int map);

#endif
