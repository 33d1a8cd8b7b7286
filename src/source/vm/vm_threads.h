/* The vCPU threads of one VM process: which they are, and what they ran and waited. */
#ifndef VCTOP_SOURCE_VM_THREADS_H
#define VCTOP_SOURCE_VM_THREADS_H

#include "source/vm/vm_infer.h"
#include "vctop/source/vmm.h"

struct vm_thread {
	pid_t tid;
	struct kfile schedstat;
};

struct vm_threads {
	struct rootfs *fs;
	pid_t pid;
	const struct vmm_ops *vmm;
	const char *runtime;
	unsigned configured; /* vCPUs at launch; 0 unknown */

	VEC(struct vm_thread) vcpus;
	bool round_robin; /* one thread runs all vCPUs in turn */
	const char *why;  /* why there are none */
	VEC(pid_t) hint;  /* what someone else says they are */
	bool denied;

	unsigned seen;          /* num_threads when last listed */
	unsigned misses, pause; /* listings without a result; ticks until the next */
	struct rootfs_names names;
	struct vm_inference inferred;
};

void vm_threads_init(struct vm_threads *t, struct rootfs *fs, pid_t pid, const struct vmm_ops *vmm, const char *runtime,
                     unsigned configured);
void vm_threads_release(struct vm_threads *t);
void vm_threads_hint(struct vm_threads *t, const pid_t *tids, size_t n);
/* Sums over the vCPU threads. 0; -ENOENT: no vCPU threads known (why, denied say why). */
int vm_threads_read(struct vm_threads *t, unsigned num_threads, uint64_t *ret_run_ns, uint64_t *ret_wait_ns);

#endif
