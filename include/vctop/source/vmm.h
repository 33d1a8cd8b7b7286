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
	const char *runtime;               /* static: "qemu-kvm", "qemu-tcg", "firecracker" */
	char *name;                        /* NULL none given */
	const char *name_from;             /* static: "-name on the command line"; NULL with name NULL */
	char *uuid;                        /* NULL none */
	char *image;                       /* first disk image, or kernel; NULL none */
	unsigned vcpus;                    /* at launch; 0 unknown */
	uint64_t ram_bytes;                /* 0 unknown */
	const char *vcpus_from, *ram_from; /* static: "-smp", "default", "-readconfig", "-object" */
	bool paused_at_start;              /* -S or -incoming */
	bool sandbox;                      /* a container with a kernel in user space (gVisor), no VM */
	bool ram_hidden;                   /* guest RAM is no memory of the process: what is resident is unknown */
	bool ram_noreserve;  /* unnamed guest RAM is mapped with MAP_NORESERVE, in pieces around the PCI hole */
	bool ram_tmpfile;    /* guest RAM is an unlinked file in /dev/shm */
	bool children;       /* child processes of the same program do part of the work */
	const char *manager; /* static: who started it: "libvirt", "proxmox", "incus", "kata"; NULL nobody known */
	char *manager_id;    /* its id there: Proxmox's number, Incus' project; NULL none */
	char *pair;       /* id of the container that is one with it (Kata's sandbox, gVisor's container); NULL none */
	char *api_socket; /* of the VMM, as its process sees the path; NULL none */
	char *problem;    /* what of the configuration could not be read, one line; NULL nothing */
};
void vm_config_release(struct vm_config *c);

struct vmm_ops {
	const char *name; /* "qemu" */
	/* true and *ret filled when p is one of this VMM's VMs. */
	bool (*recognise)(struct rootfs *fs, const struct process *p, struct vm_config *ret);
	/* Is the thread with this comm a vCPU?  NULL: the VMM does not name its threads. */
	bool (*is_vcpu_thread)(const char *comm);
	const char *no_vcpu_threads; /* why it has none at all; NULL it has */
};

extern const struct vmm_ops *const vmm_table[];
extern const unsigned vmm_count;

/* The VMM of which p is a VM (or gVisor's sandbox) and its configuration; NULL none. */
const struct vmm_ops *vmm_recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret);

#endif
