/* All VMMs, in the order in which a process is shown to them (table.c). */
#ifndef SOURCE_VMM_VMMS_H
#define SOURCE_VMM_VMMS_H

#include "vctop/source/vmm.h"

extern const struct vmm_ops vmm_gvisor, vmm_dragonball, vmm_qemu, vmm_firecracker, vmm_cloud_hypervisor, vmm_crosvm,
        vmm_kvmtool, vmm_virtualbox, vmm_vmware, vmm_uml, vmm_kvm;

/* kata.c: marks a VM that Kata Containers started. */
void kata_mark(const struct process *p, struct vm_config *c);
/* libkrun.c: corrects what a process with a kvm-vm was taken for. */
void libkrun_mark(struct rootfs *fs, const struct process *p, struct vm_config *c);
/* kvmtool.c: the option -m; 0 malformed. */
uint64_t kvmtool_ram(const char *text);

#endif
