/* Where each cgroup controller lives, decided per controller from proc/self/mountinfo. */
#ifndef SOURCE_MOUNTS_H
#define SOURCE_MOUNTS_H

#include "vctop/model/sample.h"
#include "vctop/source/rootfs.h"

enum controller { CTRL_CPU, CTRL_CPUACCT, CTRL_CPUSET, CTRL_MEMORY, CTRL_PIDS, CTRL_IO, CTRL_FREEZER, CTRL_MAX };

struct mounts {
	char *v2;             /* path of the cgroup2 mount relative to the root; NULL none */
	char *v1[CTRL_MAX];   /* of the v1 hierarchy with this controller; NULL none */
	bool on_v2[CTRL_MAX]; /* cgroup2 has the controller (cpuacct: always, as cpu.stat; freezer: as cgroup.freeze) */
	const char *walk;     /* the hierarchy whose directories are walked; borrowed; NULL none */
	enum cgroup_layout layout;
	char *evidence; /* one line */
};

int mounts_read(struct rootfs *fs, struct mounts *ret);
void mounts_release(struct mounts *m);

#endif
