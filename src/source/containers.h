/* What containers.c and container_groups.c share. */
#ifndef SOURCE_CONTAINERS_H
#define SOURCE_CONTAINERS_H

#include "source/live.h"

/* Where a group's caps begin; NULL not asked yet. */
struct caps {
	unsigned as_of; /* cgroup_reader_places */
	struct cgroup_level *cpu, *memory;
};

struct container {
	char *id, *runtime_id, *path;
	char *shown_path;      /* cleaned */
	char *pod;             /* what its path says groups it; NULL nothing */
	struct arena words;    /* of `shown`, which snapshots point to */
	struct instance shown; /* as of facts_as_of: what does not change from tick to tick; id NULL: not made yet */
	const struct runtime_ops *runtime;
	struct facts *facts;      /* what its runtime's files say; NULL nothing */
	unsigned facts_as_of;     /* the table's changes then, and one; 0: not looked up */
	struct container *parent; /* the container whose group holds ours */
	size_t entry;             /* 1 + its index in the snapshot of this tick; 0 not shown */
	bool twin;                /* another group has the same id: while empty, this one is what was left behind */
	struct cgroup_reader *reader;
	struct caps caps;
	enum cgroup_life life;
	unsigned seen;
	uint64_t incarnation;
	pid_t pid;
	struct process_stat init;
	struct kfile init_stat;   /* kept: reading it says whether the init lives */
	struct metric lived_with; /* so many tasks were there when it was last found alive */
	int64_t sought_usec;      /* when an init was last looked for in vain */
	pid_t monitor;            /* conmon or shim; 0 none */
	struct kfile monitor_statm;
	struct metric monitor_rss;
	int64_t monitor_due_usec;
};

/* The caps of a group: the least of all levels. */
void allocations_read(const struct tick *t, const struct cgroup_reader *r, struct caps *caps, struct sample *s);
/* Walks the tree when it may have changed. */
void container_groups_find(struct containers *c, const struct tick *t);
void container_group_drop(struct containers *c, const struct tick *t, const char *path);
void container_free(struct rootfs *fs, struct container *ct);
/* The name of what nobody gave one: heap, cleaned. */
char *container_title(const struct runtime_ops *rt, const char *id);
/* What its runtime's files say; NULL nothing. */
struct facts *container_facts(struct container *ct, const struct tick *t);

#endif
