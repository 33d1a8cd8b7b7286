/*
 * Samples: containers and VMs that vctop launches and removes.
 *
 * sample_start cleans up after others, writes the register file (source/launched.h, state "starting") before it makes
 * anything, then makes the sample and returns when its workload has reported:
 *   builtin        own pid, mount, uts, ipc, net and cgroup namespaces; a read-only root with one static program;
 *                  docker's capabilities, no new privileges; cgroup /vctop/ct-NAME with cpu, memory and pids limits
 *   runc, crun     the same through that runtime alone: a bundle and the runtime's state in the sample's directory
 *   podman, docker an image made from that program, run without a network, labelled vctop.sample=NAME
 *   kvm, tcg       QEMU boots the program as init of an initramfs; VMM in cgroup /vctop/vm-NAME, whose cpu quota holds
 *                  a fraction of --cpus.  "auto" takes KVM when the guest reports within 8 s, else TCG, and says so;
 *                  that KVM is silent here is remembered until the next boot (/run/vctop/kvm-silent).
 *   microvm, microvm-tcg  the same with QEMU's machine without PCI and legacy devices (x86)
 *   firecracker, cloud-hypervisor  the same kernel and program under those VMMs, unpacked for them (x86, KVM alone)
 * On failure all of it is undone and the error names one reason.  It blocks: milliseconds for a builtin container, up
 * to about 70 s for a VM on a slow machine; *cancel ends it early.
 *
 * A sample lives until sample_stop, or with its owner.  Whatever was killed, and when: samples_clean removes what dead
 * owners and dead starters left: process, cgroup, mount, file, socket.  Every vctop command that touches samples, and
 * the dashboard, calls it first; sample_start does so itself.  Only what carries the name of a sample is touched.
 *
 * Stopping a sample that is just starting asks its starter to give up: its sample_start returns -ECANCELED.
 * Root is needed except for VMs and podman, which then live below $XDG_RUNTIME_DIR without a cgroup of ours.
 * All return -errno with err filled (-EINVAL: bad use); nothing prints.
 */
#ifndef VCTOP_LAB_SAMPLES_H
#define VCTOP_LAB_SAMPLES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/error.h"
#include "vctop/source/launched.h"

struct sample_options {
	const char *kind;                    /* "container" or "vm" */
	const char *name;                    /* NULL: "container-1", "vm-1", ... */
	const char *workload;                /* "idle" (default when NULL), "cpu", "memory", "burst" */
	const char *backend;                 /* "auto" when NULL */
	double cpus;                         /* 0: default (container unlimited, VM 1) */
	uint64_t memory;                     /* 0: default (container unlimited, VM 128 MiB) */
	uint64_t bytes;                      /* what "memory" holds; 0: 60 % of memory */
	pid_t owner;                         /* end with this process; 0: stays */
	const volatile sig_atomic_t *cancel; /* NULL, or set to non-zero by a signal handler: give up and undo */
};

struct sample_result {
	char name[48];
	char backend[24]; /* what it really runs on */
	char detail[256]; /* "KVM guest did not report in 5 s; emulated with TCG" or "" */
	double ready_sec; /* from launch to the workload's report */
	pid_t pid;
};

int sample_start(const struct sample_options *o, struct sample_result *ret, struct error *err);
/*
 * What the workload does from now on: "idle", "cpu", "memory", "burst", or "free" (give the memory back, then idle).
 * A container's process gets a real-time signal: at once.  A VM's init gets a line on its second serial port and
 * answers that it has read it: milliseconds, up to 5 s when it hangs (-ETIMEDOUT).  The register then says the new
 * workload ("idle" after "free").  -ENOENT no such sample, -EBUSY it is not running yet, -EOPNOTSUPP it takes no
 * orders.
 */
int sample_load(const char *name, const char *workload, struct error *err);
int sample_stop(const char *name, struct error *err); /* -ENOENT no such sample */
/* Also what runs in groups named like samples that no register knows: samples_clean leaves those to their own vctop. */
int samples_stop_all(unsigned *ret_stopped, struct error *err);
int samples_stop_owned(pid_t owner, struct error *err);
int samples_list(launched_vec *ret, struct error *err);
int samples_clean(unsigned *ret_removed, struct error *err);

/* What the lab can use here, for doctor: one line each. */
struct backend_state {
	const char *name; /* as in struct launched */
	bool usable;
	char why[256];    /* why not, or a remark; "" none */
	char change[256]; /* what would change it; "" nothing */
};
unsigned backends_probe(struct backend_state *ret, unsigned max);

#endif
