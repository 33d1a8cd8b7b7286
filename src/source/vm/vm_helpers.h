/*
 * Processes that work for a VM beside its own: vhost kernel threads, and child processes of VMMs that have them
 * (crosvm's devices, user-mode Linux' guest processes).  Their CPU time is the VM's, and the children's memory too.
 */
#ifndef SOURCE_VM_HELPERS_H
#define SOURCE_VM_HELPERS_H

#include "vctop/base/vec.h"
#include "vctop/source/process.h"

#define VM_HELPERS_MAX 1024U

struct vm_helper {
	pid_t pid;
	uint64_t start_ticks; /* 0 until first read */
	uint64_t ticks;
	struct kfile stat, statm;
	uint64_t own_pages;        /* of a child, as of own_usec */
	bool child, listed, sized; /* sized: own_pages was read */
};

struct vm_helpers {
	struct rootfs *fs;
	pid_t pid;
	bool children; /* look for child processes */
	struct kfile list;
	VEC(struct vm_helper) all;
	double gone_ticks; /* of those that ended and that nobody else counts */
	struct strbuf text;
	int64_t own_usec;
};

void vm_helpers_init(struct vm_helpers *h, struct rootfs *fs, pid_t pid, bool children);
void vm_helpers_release(struct vm_helpers *h);
void vm_helpers_add(struct vm_helpers *h, pid_t pid, uint64_t start_ticks);
/* CPU time of all that are and were there, in clock ticks. */
double vm_helpers_ticks(struct vm_helpers *h);
/*
 * Pages that the children hold of their own: resident - shared of /proc/PID/statm, which leaves out guest RAM and
 * program text; what a fork has not changed since is in its parent's too.  Of those that vm_helpers_ticks saw; read
 * every ten seconds.
 */
double vm_helpers_pages(struct vm_helpers *h, int64_t now_usec);

#endif
