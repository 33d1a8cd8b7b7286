/*
 * Samples: containers and VMs that vctop launches and removes.
 *
 * sample_start writes the register file (source/launched.h) before it makes anything, and updates it when the workload
 * has reported.  samples_clean removes what dead owners and crashed starts left: process, cgroup, mount, file, socket;
 * every vctop command that touches samples, and the dashboard, calls it first.
 */
#ifndef VCTOP_LAB_SAMPLES_H
#define VCTOP_LAB_SAMPLES_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/error.h"
#include "vctop/source/launched.h"

struct sample_options {
	const char *kind;     /* "container" or "vm" */
	const char *name;     /* NULL: "container-1", "vm-1", ... */
	const char *workload; /* "idle" (default when NULL), "cpu", "memory", "burst" */
	const char *backend;  /* "auto" when NULL */
	double cpus;	      /* 0: default (container unlimited, VM 1) */
	uint64_t memory;      /* 0: default (container unlimited, VM 128 MiB) */
	pid_t owner;	      /* end with this process; 0: stays */
	const volatile sig_atomic_t *cancel; /* NULL, or set to non-zero by a signal handler: give up and undo */
};

struct sample_result {
	char name[48];
	char backend[16];    /* what it really runs on */
	char detail[256];    /* "KVM guest did not report in 5 s; emulated with TCG" or "" */
	double ready_sec;    /* from launch to the workload's report */
	pid_t pid;
};

int sample_start(const struct sample_options *o, struct sample_result *ret, struct error *err);
int sample_stop(const char *name, struct error *err);	 /* -ENOENT no such sample */
int samples_stop_all(unsigned *ret_stopped, struct error *err);
int samples_stop_owned(pid_t owner, struct error *err);
int samples_list(launched_vec *ret, struct error *err);
int samples_clean(unsigned *ret_removed, struct error *err);

/* What the lab can use here, for doctor: one line each. */
struct backend_state {
	const char *name; /* "builtin", "podman", "docker", "kvm", "tcg" */
	bool usable;
	char why[256]; /* why not, or a remark; "" none */
	char change[256]; /* what would change it; "" nothing */
};
unsigned backends_probe(struct backend_state *ret, unsigned max);

#endif
