/*
 * The builtin container: namespaces, a root of its own with one program in it, a cgroup.  No runtime needed.
 * This side makes and limits; inside.c is the child that becomes the container.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/cgroup.h"
#include "lab/inside.h"
#include "lab/lab.h"
#include "lab/proctable.h"
#include "lab/spawn.h"
#include "vctop/base/clock.h"

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

/* Reads the child's one line: READY, or what went wrong. */
static int await_report(const struct launch *ln, const struct detached_child *c, struct error *err)
{
	char text[256] = "", line[256];
	size_t len = 0;
	int64_t until = clock_mono_usec() + READY_MSEC * 1000LL;
	struct pollfd p = {.fd = c->report, .events = POLLIN};
	for (;;) {
		int r = launch_interrupted(ln, err);
		if (r < 0)
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "%s: the container did not report in %d s", ln->l.name,
			                 READY_MSEC / 1000);
		if (poll(&p, 1, 50) <= 0)
			continue;
		ssize_t n = read(c->report, text + len, sizeof(text) - 1 - len);
		if (n > 0)
			len += (size_t)n;
		if (strstr(text, ANSWER_READY) && text[len - 1] == '\n')
			return 0;
		if (n <= 0 || len == sizeof(text) - 1)
			return error_set(err, EIO, "%s: %s", ln->l.name,
			                 len ? spawn_first_line(text, line, sizeof(line))
			                     : "the container ended at once");
	}
}

/* Where the workload writes what it says. Needs the lock. */
static int open_answers(const struct launch *ln, int *ret, struct error *err)
{
	char dir[256];
	int r = reg_make_dir(&ln->reg, ln->leaf, dir, sizeof(dir), err);
	if (r < 0)
		return r;
	cleanup_free char *path = xasprintf("%s/" SAMPLE_ANSWERS, dir);
	*ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
	return *ret < 0 ? error_set(err, errno, "%s: %s", path, strerror(errno)) : 0;
}

static int launch(struct launch *ln, struct error *err)
{
	cleanup_free char *workload = workload_find(err);
	cleanup_detached struct detached_child child = DETACHED_INIT;
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
	        .bytes = launch_bytes(&ln->l),
	};
	const struct detached d = {inside_run, &in, NAMESPACES};
	int64_t started = clock_mono_usec();

	int r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = lab_cgroup_make(ln->leaf, &limits, err);
	if (r == 0)
		r = open_answers(ln, &answers, err);
	reg_unlock(&ln->reg);
	if (r < 0)
		return r;
	in.answers = answers;
	r = spawn_detached(&d, &child);
	if (r < 0)
		return error_set(err, -r, "%s: namespaces: %s", ln->l.name, strerror(-r));
	ln->l.pid = child.pid;
	r = launch_record(ln, err);
	if (r == 0)
		r = lab_cgroup_attach(ln->leaf, child.pid, err);
	if (r < 0)
		return r;
	r = spawn_go(&child);
	if (r < 0)
		return error_set(err, -r, "%s: the container ended at once", ln->l.name);
	r = await_report(ln, &child, err);
	ln->ready_sec = (double)(clock_mono_usec() - started) / 1e6;
	return r;
}

const struct backend backend_builtin = {"builtin", "container", true, check, launch, NULL};
