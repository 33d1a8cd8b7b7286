/*
 * What runs in one instance: the processes of a container's group, the threads of a VM's process.  Read of the one
 * instance that is looked at, and not kept: neither recordings nor JSON have them.
 */
#ifndef VCTOP_MODEL_TASK_H
#define VCTOP_MODEL_TASK_H

#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/vec.h"
#include "vctop/model/metric.h"

enum task_role {
	TASK_PROCESS,
	TASK_VCPU,   /* runs one vCPU */
	TASK_VCPUS,  /* runs all of them in turn */
	TASK_VMM,    /* another thread of a VM's process */
	TASK_THREAD, /* of a VM whose vCPUs cannot be told from its other threads */
};

struct task {
	pid_t pid, tid; /* tid: of a thread; a process has its pid there */
	const char *comm;
	enum task_role role;
	unsigned vcpu; /* TASK_VCPU: which, from 0 */
	char state;    /* as /proc/PID/stat has it: 'R', 'S', 'D', 'Z', ... */
	uint64_t start_ticks;
	struct metric cpu_usec;       /* process: /proc/PID/stat utime+stime; thread: schedstat field 1 */
	struct metric resident_bytes; /* /proc/PID/stat rss; a thread has none of its own */
};

struct task_list {
	const char *of;    /* id of the instance; NULL: nobody asked */
	const char *why;   /* not all could be read, one line; NULL they could */
	int64_t mono_usec; /* when they were read */
	VEC(struct task) v;
};

/* With its rate. */
struct task_use {
	const struct task *task;
	struct metric cores;
};

#endif
