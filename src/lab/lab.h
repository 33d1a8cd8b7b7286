/* What the parts of the lab share: one launch in progress, and the backends it may use. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include <signal.h>
#include <stdbool.h>

#include "lab/compare/answers.h"
#include "lab/register.h"
#include "lab/tool/cgroup.h"
#include "lab/workload/orders.h"
#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"
#include "vctop/lab/samples.h"
#include "vctop/model/metric.h"

#define VM_DEFAULT_MEMORY (128ULL << 20)
#define VM_LEAST_MEMORY (96ULL << 20)       /* Debian's kernel boots with 80M and then has nothing left to hold */
#define CONTAINER_LEAST_MEMORY (6ULL << 20) /* what docker and podman insist on, too */
#define FREE_MEMORY_WORKLOAD (64ULL << 20)  /* "memory" without a limit to take a share of */

enum balloon { BALLOON_NONE, BALLOON_PLAIN, BALLOON_REPORTING }; /* reporting: of free pages */

struct launch {
	struct reg reg;    /* not locked while a backend launches, except where it says so */
	struct launched l; /* as in the register */
	char leaf[48];
	const volatile sig_atomic_t *cancel;
	bool may_fall_back;   /* to the backend's fallback */
	uint64_t load_bytes;  /* what "memory" holds; 0: a share of the allocation */
	enum balloon balloon; /* VM: the device; the guest loads its drivers when it is told (ORDER_BALLOON) */
	const char *disk;     /* VM: boots this disk, never writing to it, instead of our kernel and program; NULL */
	bool monitor;         /* VM: a QMP socket, SAMPLE_MONITOR */
	double asked, running, arrived; /* monotonic seconds: the launch, its process runs, its report was seen */
	struct ready ready;             /* what it reported */
	double ready_sec;
	char detail[256];
};

struct saved {
	uint64_t bytes; /* allocated blocks */
	double sec;     /* to write it, safely on disk where that is ours to say */
};
struct disk_use {
	struct metric image, writable; /* bytes of allocated blocks */
};
/* What can be done with a running sample besides ending it. NULL: cannot be done. All return -errno with err. */
struct acts {
	/* All that the workload said until now. */
	int (*answers)(const struct reg *r, const struct launched *l, struct strbuf *ret, struct error *err);
	int (*pause)(const struct reg *r, const struct launched *l, bool on, struct error *err);
	int (*end)(const struct reg *r, const struct launched *l, struct error *err); /* asks; does not wait */
	/* Writes one, weighs it, removes it. The sample goes on. */
	int (*snapshot)(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err);
	void (*disk)(const struct reg *r, const struct launched *l, struct disk_use *ret);
	/* What a person could type for a launch, one a line. */
	void (*commands)(const struct launch *ln, struct strbuf *ret);
};
extern const struct acts acts_process, acts_group, acts_engine, acts_qemu, acts_firecracker, acts_cloud;

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
	const struct acts *acts;
	const struct backend *fallback; /* the same without KVM */
};
extern const struct backend backend_process, backend_builtin, backend_runc, backend_crun, backend_podman,
        backend_docker, backend_kvm, backend_tcg, backend_microvm, backend_microvm_tcg, backend_firecracker,
        backend_cloud;
const struct backend *backend_find(const char *name);
const struct backend *backend_nth(unsigned i); /* NULL: no more */

/* The workload program's path (heap); NULL with err filled. */
char *workload_find(struct error *err);
/* All of it. */
int workload_read(struct strbuf *sb, struct error *err);
/* A bootable kernel (heap); NULL with err filled. */
char *kernel_find(struct error *err);
/* The drivers of a balloon, in the order they load, each to be released; their number. None: built in, or not found. */
#define KERNEL_MODULES_MAX 6
size_t kernel_balloon_modules(const char *kernel, struct strbuf ret[KERNEL_MODULES_MAX]);
bool vm_can_balloon(const char *backend);
/* The command line of a VM, its directory called DIR. */
void qemu_command(const struct launch *ln, struct strbuf *ret);
/* The directory of the running program, heap; NULL unknown. */
char *program_dir(void);
char *qemu_find(struct error *err);

/* Threads and bytes the workload is told to use. */
unsigned launch_threads(const struct launched *l);
uint64_t launch_bytes(const struct launch *ln);
/* A sample as sample_start makes one; ln: zero but for its options and REG_INIT. Release with launch_release. */
int launch_start(struct launch *ln, const struct sample_options *o, struct error *err);
void launch_release(struct launch *ln);
/* Makes the sample's directory (lock taken here), then its cgroup when limits is not NULL. */
int launch_make_place(struct launch *ln, const struct cgroup_limits *limits, struct error *err);
/* Opens a new file in the sample's directory for appending. */
int launch_create(const struct launch *ln, const char *file, int *ret_fd, struct error *err);
double launch_clock(void); /* monotonic seconds, the clock of struct launch */
/* A child of ours in the sample's cgroup: recorded, released, waited for until it reports or says what went wrong. */
struct detached;
int launch_child(struct launch *ln, const struct detached *d, unsigned msec, struct error *err);
/* Looks at its answers (what a VM with a disk says on its console: until it asks for a login): fills ready, arrived,
 * ready_sec. */
bool launch_has_reported(struct launch *ln);
/* Full name of a file in its directory ("": of that), heap. */
char *sample_file(const struct reg *r, const struct launched *l, const char *file);
/* What is in SAMPLE_ANSWERS; struct acts.answers of all who write there. */
#define MAX_ANSWERS 65536
int sample_answers(const struct reg *r, const struct launched *l, struct strbuf *ret, struct error *err);
/* Writes l.pid and its start into the register, unless somebody asked for the end of the sample (-ECANCELED). */
int launch_record(struct launch *ln, struct error *err);
/* 0; -EINTR cancelled; -ECANCELED: `sample stop` does not want it any more. */
int launch_interrupted(const struct launch *ln, struct error *err);

/* In the sample's directory: what its workload says (a VM, builtin), and the socket of a VM's orders. */
#define SAMPLE_ANSWERS "report"
#define SAMPLE_ORDERS "orders"
#define SAMPLE_MONITOR "qmp"
#define SAMPLE_INITRD "initrd"
#define VM_CONSOLE_FD 3 /* Cloud Hypervisor: its end of the terminal that orders come from */
/*
 * Tells the workload; returns when it has the order: at once, or when a VM's init has read it.  What it answers:
 * struct acts.answers.  -ETIMEDOUT: not within msec; -ESRCH: it is not there any more; -EOPNOTSUPP: its program takes
 * no orders.
 */
int order_give(const struct reg *r, const struct launched *l, enum order order, unsigned msec, struct error *err);

/*
 * KVM that opens and whose guests never report costs 8 s each time: remembered beside the register until the next boot.
 */
bool kvm_is_silent(char *change, size_t size); /* change (NULL allowed): what would have it tried again */
void kvm_remember(bool reports);

/* Ends a sample and removes every trace; keeps the register's entry when something resists. Needs the lock. */
int sample_remove(const struct reg *r, struct launched *l, struct error *err);
/* The same, but the register keeps the entry: for another try. Needs the lock. */
int sample_undo(const struct reg *r, const struct launched *l, struct error *err);
/* Everything without a living owner; `occupied`: also what runs in groups that the register does not know. Needs the
 * lock. */
int janitor_run(const struct reg *r, bool occupied, unsigned *ret_removed, struct error *err);

#endif
