/* What the parts of the lab share: one launch in progress, and the backends it may use. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <signal.h>
#include <stdbool.h>

#include "lab/register.h"
#include "lab/workload/orders.h"
#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"
#include "vctop/lab/samples.h"

#define VM_DEFAULT_MEMORY (128ULL << 20)
#define VM_LEAST_MEMORY (96ULL << 20)       /* Debian's kernel boots with 80M and then has nothing left to hold */
#define CONTAINER_LEAST_MEMORY (6ULL << 20) /* what docker and podman insist on, too */
#define FREE_MEMORY_WORKLOAD (64ULL << 20)  /* "memory" without a limit to take a share of */

struct launch {
	struct reg reg;    /* not locked while a backend launches, except where it says so */
	struct launched l; /* as in the register */
	char leaf[48];
	const volatile sig_atomic_t *cancel;
	double ready_sec;
	char detail[256];
};

/* One way to run a sample. */
struct backend {
	const char *name, *kind;
	bool needs_root;
	/* Could it run here?  Makes nothing. -errno: why not, in err. */
	int (*check)(struct error *err);
	/* Returns when the workload has reported; fills l.pid, ready_sec, detail.  What it made is undone by remove. */
	int (*launch)(struct launch *ln, struct error *err);
	/* Undoes any part of a launch; NULL: process, cgroup and files are all there is. Needs the lock. */
	int (*remove)(const struct reg *r, const struct launched *l, struct error *err);
};
extern const struct backend backend_builtin, backend_podman, backend_docker, backend_kvm, backend_tcg;
const struct backend *backend_find(const char *name);

/* The workload program's path (heap); NULL with err filled. */
char *workload_find(struct error *err);
/* All of it. */
int workload_read(struct strbuf *sb, struct error *err);
/* A bootable kernel (heap); NULL with err filled. */
char *kernel_find(struct error *err);
/* The directory of the running program, heap; NULL unknown. */
char *program_dir(void);
char *qemu_find(struct error *err);

/* Threads and bytes the workload is told to use. */
unsigned launch_threads(const struct launched *l);
uint64_t launch_bytes(const struct launched *l);
/* Writes l.pid and its start into the register, unless somebody asked for the end of the sample (-ECANCELED). */
int launch_record(struct launch *ln, struct error *err);
/* 0; -EINTR cancelled; -ECANCELED: `sample stop` does not want it any more. */
int launch_interrupted(const struct launch *ln, struct error *err);

/* In the sample's directory: what its workload says (a VM, builtin), and the socket of a VM's orders. */
#define SAMPLE_ANSWERS "report"
#define SAMPLE_ORDERS "orders"
/*
 * Tells the workload. A VM is waited for: until it has read the order (done false) or done it. -ETIMEDOUT: it did not
 * within msec; -ESRCH: it is not there any more; -EOPNOTSUPP: its program takes no orders.
 */
int order_give(const struct reg *r, const struct launched *l, enum order order, bool done, unsigned msec,
               struct error *err);

/* Ends a sample and removes every trace; keeps the register's entry when something resists. Needs the lock. */
int sample_remove(const struct reg *r, struct launched *l, struct error *err);
/* The same, but the register keeps the entry: for another try. Needs the lock. */
int sample_undo(const struct reg *r, const struct launched *l, struct error *err);
/* Everything without a living owner. Needs the lock. */
int janitor_run(const struct reg *r, unsigned *ret_removed, struct error *err);

#endif
