/* The fd links by which the kernel says that a process runs KVM guests. Needs CAP_SYS_PTRACE or the same user. */
#ifndef VCTOP_SOURCE_KVM_FDS_H
#define VCTOP_SOURCE_KVM_FDS_H

#include <sys/types.h>

#include "vctop/source/rootfs.h"

/* Of a process with more, the rest is not looked at. */
#define KVM_FDS_MAX 4096U

enum kvm_fd { KVM_FD_OTHER, KVM_FD_VM, KVM_FD_VCPU };

/* From the text of one /proc/PID/fd link. */
enum kvm_fd kvm_fd_kind(const char *link);
/*
 * May there be a VM at all?  Open VMs hold the module of the processor's KVM; without a kvm device there is none.
 * true when that is not known.
 */
bool kvm_in_use(struct rootfs *fs);
/* Counts over the fds of the process; -EACCES and the like when they may not be read. */
int kvm_fds_count(struct rootfs *fs, pid_t pid, unsigned *ret_vms, unsigned *ret_vcpus);
/* What one fd of the process is. KVM_FD_OTHER also when unknown. */
enum kvm_fd kvm_fd_of(struct rootfs *fs, pid_t pid, uint64_t fd);

#endif
