/*
 * vCPU threads of a VMM that does not name its threads (QEMU before 11 without debug-threads=on).
 *
 * KVM: a vCPU thread unblocks SIGUSR1, QEMU's kick out of the guest, which every other of its threads blocks;
 * or it is seen inside ioctl(vcpu fd, KVM_RUN).
 * TCG: nothing marks the threads.  The main loop, RCU, I/O threads and pool workers give themselves away by how
 * they sleep; a halted vCPU sleeps without end on a condition, all of them at the same depth of stack.  What is left
 * is accepted only when it is just as many as there are vCPUs (or one, which runs them all in turn).
 */
#ifndef VCTOP_SOURCE_VM_INFER_H
#define VCTOP_SOURCE_VM_INFER_H

#include <sys/types.h>

#include "vctop/source/rootfs.h"

struct vm_sight {
	unsigned char seen; /* as a vCPU; the values are vm_infer.c's */
	bool slept;         /* seen halted, with this much of its last stack page used */
	unsigned short depth;
};

struct vm_inference {
	VEC(pid_t) tids;             /* the vCPU threads; empty: not conclusive */
	VEC(struct vm_sight) sights; /* scratch, one per thread */
	struct strbuf text;
};

/*
 * names: the entries of /proc/PID/task; configured: vCPUs at launch, 0 unknown.
 * 0 conclusive; -ENOENT not; -EACCES: not, for want of privilege.
 */
int vm_infer_kvm(struct rootfs *fs, pid_t pid, const struct rootfs_names *names, unsigned configured,
                 struct vm_inference *inf);
int vm_infer_tcg(struct rootfs *fs, pid_t pid, const struct rootfs_names *names, unsigned configured,
                 struct vm_inference *inf);
void vm_inference_release(struct vm_inference *inf);

#endif
