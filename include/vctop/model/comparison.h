/*
 * What `vctop compare` found: the same program in several places ("subjects": a plain process, containers, VMs), each
 * measured several times in turn with the same allocation.  The lab fills it, views show it; nothing here does I/O.
 *
 * The figure table describes every number once (key, title, unit, what is better, how it is measured, published
 * anchor); table, JSON, Markdown, HTML and the manual come from it.
 */
#ifndef VCTOP_MODEL_COMPARISON_H
#define VCTOP_MODEL_COMPARISON_H

#include <stdint.h>

#include "vctop/base/vec.h"
#include "vctop/model/field.h"

enum figure {
	FIGURE_START,          /* launch to the workload's first instruction; its phases are apart */
	FIGURE_STOP,           /* asked to stop until the last process of it is gone */
	FIGURE_IDLE_HELD,      /* bytes held while idle: the sum of these parts */
	FIGURE_IDLE_WORKLOAD,  /* the workload's own process */
	FIGURE_IDLE_HELPERS,   /* the runtime's helpers (conmon, shim): what runs for this instance alone */
	FIGURE_IDLE_VMM,       /* the VMM without guest memory */
	FIGURE_IDLE_GUEST,     /* guest memory held beyond the workload: the guest's kernel, mostly */
	FIGURE_LOAD_HELD,      /* with the load's memory in use */
	FIGURE_FREED_HELD,     /* after the workload gave it back to its kernel */
	FIGURE_REPORTED_HELD,  /* VM: the same, with free page reporting on */
	FIGURE_BALLOONED_HELD, /* VM: the same, after the balloon took what was free */
	FIGURE_CPU_WORK,       /* work per second and core, of the plain process' (1 = the same) */
	FIGURE_SYSCALL,        /* seconds of one getppid */
	FIGURE_SWITCH,         /* seconds of one context switch (two processes, one core, a pipe) */
	FIGURE_DISK_IMAGE,     /* bytes: image, layers, or kernel and initramfs */
	FIGURE_DISK_WRITABLE,  /* bytes it occupies besides, once started */
	FIGURE_PAUSE,          /* seconds */
	FIGURE_RESUME,
	FIGURE_SNAPSHOT, /* seconds to write one that it could be restarted from */
	FIGURE_SNAPSHOT_BYTES,
	FIGURE_FIT, /* how many would fit on this host (memory held idle against what is available) */
	FIGURE_MAX  /* the order is that of the views */
};

struct figure_info {
	const char *key;   /* "memory.idle.helpers_bytes": unique; the path in vctop.compare/1 */
	const char *title; /* "  runtime's helpers": two blanks mark a part of the figure above */
	const char *group; /* "Start and stop": same for neighbours */
	enum field_unit unit;
	int better;                         /* -1 less, 1 more, 0 neither */
	bool speed;                         /* emulation says nothing about virtualisation here: label it */
	const char *method;                 /* one sentence: how it is measured, from which file or clock */
	const char *anchor, *anchor_source; /* what others published; NULL none */
};
extern const struct figure_info figure_table[FIGURE_MAX];
bool figure_is_part(enum figure f);      /* of a figure above it */
const char *figure_title(enum figure f); /* without the blanks that say so */

/* Median and range over the runs. Not OK: why is in median.why. */
struct spread {
	struct metric median, min, max;
	unsigned runs;
};
/* Of n values (reordered); n == 0: absent, with why. */
struct spread spread_of(double *values, size_t n, const char *why);

struct comparison_phase {
	char *name; /* "guest kernel" */
	struct spread sec;
};
/* What the workload itself sees ("kernel", "pid", "processes", "capabilities", "seccomp", "proc", "sys"), cleaned. */
struct comparison_fact {
	char *key, *value;
};
struct subject {
	char *id; /* "process", "builtin", "podman", "docker", "runc", "crun", "qemu", "microvm", "firecracker", ... */
	char *title;   /* "container, podman 4.3.1 with runc" */
	char *kind;    /* "process", "container", "vm" */
	bool emulated; /* a VM without KVM: its speeds are an emulator's */
	char *remark;  /* "KVM guest did not report in 8 s: emulated with TCG"; NULL */
	char *skipped; /* why it was not measured; NULL it was */
	struct spread value[FIGURE_MAX];
	char *why[FIGURE_MAX];               /* owns what value[].median.why says */
	VEC(struct comparison_phase) phases; /* of FIGURE_START, in order */
	VEC(struct comparison_fact) facts;
	VEC(char *) commands; /* what a person could type for the same */
};

struct comparison {
	int64_t time_usec;
	char *hostname, *kernel, *cpu_model;
	double capacity_cores;
	uint64_t capacity_bytes;
	double cpus;     /* the allocation, the same for all */
	uint64_t memory; /* bytes */
	uint64_t load_bytes;
	unsigned runs;
	bool interrupted; /* Ctrl-C: what was measured until then */
	VEC(struct subject) subjects;
};
/* Owns all of it. */
void comparison_release(struct comparison *c);

#endif
