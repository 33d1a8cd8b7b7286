/*
 * The builtin container: namespaces, a root of its own with one program in it, a cgroup.  No runtime needed.
 * This side makes and limits; inside.c is the child that becomes the container.
 */
#include <errno.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/backend/inside.h"
#include "lab/lab.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/spawn.h"

/* It takes about 10 ms; the rest is for a machine that is busy. */
#define READY_MSEC 10000
#define MAX_PIDS 256
#define NAMESPACES (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)

static int check(struct error *err)
{
	if (geteuid() != 0)
		return error_set(err, EPERM, "builtin containers need root: run as root or use --backend podman");
	cleanup_free char *workload = workload_find(err);
	return workload ? lab_cgroup_usable(err) : -ENOENT;
}

static int launch(struct launch *ln, struct error *err)
{
	cleanup_free char *workload = workload_find(err);
	const struct cgroup_limits limits = {ln->l.cpus, ln->l.memory, MAX_PIDS};
	if (!workload)
		return -ENOENT;
	cleanup_close int answers = -1;
	struct inside in = {
	        .program = workload,
	        .root = ln->reg.path,
	        .name = ln->l.name,
	        .workload = ln->l.workload,
	        .threads = launch_threads(&ln->l),
	        .bytes = launch_bytes(ln),
	};
	const struct detached d = {inside_run, &in, NAMESPACES};
	ln->asked = launch_clock();
	int r = launch_make_place(ln, &limits, err);
	if (r == 0)
		r = launch_create(ln, SAMPLE_ANSWERS, &answers, err);
	in.answers = answers;
	return r < 0 ? r : launch_child(ln, &d, READY_MSEC, err);
}

const struct backend backend_builtin = {"builtin", "container", true, check, launch, NULL, &acts_group, NULL};
