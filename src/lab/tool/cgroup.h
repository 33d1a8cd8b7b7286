/*
 * The cgroups of samples: /vctop/LEAF in every hierarchy that counts or limits (libcgroup, v1 and v2), and in the
 * cgroup2 tree of a hybrid host, where it shows the pressure.  LEAF is "ct-NAME", "vm-NAME" or "ps-NAME"; below
 * "st-NAME" engines make groups of their own, in all hierarchies there are.
 * Making and removing need the register's lock: both touch the parent.
 */
#ifndef LAB_TOOL_CGROUP_H
#define LAB_TOOL_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/error.h"
#include "vctop/base/vec.h"

struct cgroup_limits {
	double cpus;     /* 0: no limit */
	uint64_t memory; /* 0: no limit */
	unsigned pids;   /* 0: no limit */
};

int lab_cgroup_make(const char *leaf, const struct cgroup_limits *limits, struct error *err);
int lab_cgroup_limit_cpu(const char *leaf, double cpus, struct error *err);
int lab_cgroup_attach(const char *leaf, pid_t pid, struct error *err);
/* Stops or wakes all inside, and waits until they are. */
int lab_cgroup_freeze(const char *leaf, bool on, struct error *err);
/* Kills what is inside and below, then removes it, and the parent when that was the last. No cgroup: 0. */
int lab_cgroup_remove(const char *leaf, struct error *err);
/* Is any process in it or below? */
bool lab_cgroup_occupied(const char *leaf);
/* Can cgroups be made here at all? */
int lab_cgroup_usable(struct error *err);

typedef VEC(char *) leaf_vec;
void lab_cgroup_leaves(leaf_vec *ret); /* each once; heap strings */
void leaf_vec_release(leaf_vec *v);

#endif
