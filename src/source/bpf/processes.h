/*
 * All processes at once: a BPF iterator over tasks (CAP_BPF, CAP_PERFMON, BTF) tells of each what some ten files of
 * proc/PID would, for less than opening one of them costs.  It only reads.  Where it cannot be had, files are read.
 */
#ifndef SOURCE_BPF_PROCESSES_H
#define SOURCE_BPF_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "source/bpf/types.h"
#include "source/cgroup/mounts.h"
#include "vctop/model/background.h"

/* As long as names are inside of the kernel's entries; a program with a longer one is looked up. */
#define PROGRAM_NAME 40

/* A process with a program and with namespaces: neither a kernel thread nor one that has ended. */
struct process_told {
	pid_t pid, ppid;            /* as proc/ shows them; ppid 0: outside */
	bool kernel;                /* a thread of the kernel's: has no program, and what follows threads is not told */
	char program[PROGRAM_NAME]; /* of its file the name, raw; empty: not known */
	char comm[16];              /* as it is, not cleaned; of a worker in the kernel without what it works at */
	uint64_t start_ticks;       /* proc/PID/stat: starttime */
	uint64_t stack;             /* startstack */
	unsigned threads;           /* num_threads */
	unsigned pid_levels;        /* proc/PID/status: numbers in NSpid */
	uint32_t euid;              /* Uid, the second */
	uint64_t cap_eff;           /* CapEff */
	uint64_t cap_bnd;           /* CapBnd */
	int seccomp;                /* Seccomp */
	int no_new_privs;           /* NoNewPrivs */
	enum ns_state ns[NS_MAX];   /* proc/PID/ns, against PID 1's */
	bool hosts_root;            /* proc/PID/root is PID 1's */
	uint64_t net_ns;            /* the number in the link proc/PID/ns/net */
	int all_devices;            /* cgroup v1: devices.list of its group is "a *:* rwm"; -1 not known */
	int has_notifier; /* somebody is told what becomes of its memory, as each of KVM's VMs is; -1 not known */
	int root_major;   /* of the device its root is on; 0 of none (overlay) */
	uint64_t group;   /* the inode of its group in the walked hierarchy; 0 not known */
};

struct process_bulk;
/* NULL: it cannot be had. */
struct process_bulk *process_bulk_open(struct kernel_types *types, const struct mounts *m);
void process_bulk_close(struct process_bulk *b);
/* -errno; -ESRCH: PID 1 is hidden, or has ended; -EINVAL: what is told is not what proc/ shows (another pid or time
 * namespace). */
int process_bulk_read(struct process_bulk *b, struct rootfs *fs);
/* NULL: it was not there at the last reading, or has no program. */
const struct process_told *process_bulk_find(const struct process_bulk *b, pid_t pid);
/* Of those in the group with this inode, the one that was started first, told of or not; 0 none is there. */
pid_t process_bulk_first_in(struct process_bulk *b, uint64_t group);
/* What was read is given back. */
void process_bulk_forget(struct process_bulk *b);

#endif
