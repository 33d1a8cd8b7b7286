/* The comparison's measure: the same program as a plain process, limited by a cgroup and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/spawn.h"

#define READY_MSEC 10000
#define MAX_PIDS 256

struct plain {
	const struct launch *ln;
	char *program;
	int answers;
};

static int check(struct error *err)
{
	if (geteuid() != 0)
		return error_set(err, EPERM, "a process with limits of its own needs root");
	cleanup_free char *workload = workload_find(err);
	return workload ? lab_cgroup_usable(err) : -ENOENT;
}

static void run_plain(void *data, int report)
{
	const struct plain *p = data;
	char threads[24], bytes[24];
	char *const argv[] = {p->program,
	                      (char[]){"--workload"},
	                      p->ln->l.workload,
	                      (char[]){"--report-fd"},
	                      (char[]){"3"},
	                      (char[]){"--threads"},
	                      threads,
	                      (char[]){"--bytes"},
	                      bytes,
	                      NULL};
	char *const env[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)snprintf(threads, sizeof(threads), "%u", launch_threads(&p->ln->l));
	(void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)launch_bytes(p->ln));
	spawn_child_fds(null, p->answers, null, report);
	(void)execve(p->program, argv, env);
	dprintf(3, "%s: %s\n", p->program, strerror(errno));
	_exit(127);
}

static int launch(struct launch *ln, struct error *err)
{
	const struct cgroup_limits limits = {ln->l.cpus, ln->l.memory, MAX_PIDS};
	cleanup_free char *program = workload_find(err);
	cleanup_close int answers = -1;
	struct plain p = {.ln = ln, .program = program};
	const struct detached d = {run_plain, &p, 0};
	if (!program)
		return -ENOENT;
	ln->asked = launch_clock();
	int r = launch_make_place(ln, &limits, err);
	if (r == 0)
		r = launch_create(ln, SAMPLE_ANSWERS, &answers, err);
	p.answers = answers;
	return r < 0 ? r : launch_child(ln, &d, READY_MSEC, err);
}

const struct backend backend_process = {"process", "process", true, check, launch, NULL, &acts_process, NULL};
