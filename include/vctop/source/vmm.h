/*
 * A VMM (program that runs one VM per process) is one file in src/source/vmm/ with one struct vmm_ops.
 *
 * recognise() looks at a process once and, when it is this VMM's, fills what was allocated.  Reading the use of
 * the VM each tick is the same for all VMMs (vm.h): process stat, vCPU threads' schedstat, guest RAM mappings.
 */
#ifndef VCTOP_SOURCE_VMM_H
#define VCTOP_SOURCE_VMM_H

#include "vctop/source/process.h"

/* What the VMM was told to give its guest: launch facts, in heap strings, cleaned. */
struct vm_config {
	const char *runtime; /* static: "qemu-kvm", "qemu-tcg" */
	char *name;	     /* NULL none given */
	char *uuid;	     /* NULL none */
	char *image;	     /* first disk image, or kernel; NULL none */
	unsigned vcpus;	     /* at launch; 0 unknown */
	uint64_t ram_bytes;  /* 0 unknown */
	const char *vcpus_from, *ram_from; /* static: "-smp", "default", "-readconfig", "-object" */
	bool paused_at_start;		   /* -S or -incoming */
	char *problem; /* what of the configuration could not be read, one line; NULL nothing */
};
void vm_config_release(struct vm_config *c);

struct vmm_ops {
	const char *name; /* "qemu" */
	/* true and *ret filled when p is one of this VMM's VMs. */
	bool (*recognise)(struct rootfs *fs, const struct process *p, struct vm_config *ret);
	/* Is the thread with this comm a vCPU?  NULL: the VMM does not name its threads. */
	bool (*is_vcpu_thread)(const char *comm);
};

extern const struct vmm_ops *const vmm_table[];
extern const unsigned vmm_count;

#endif
