/*
 * What runs in the instance that is looked at: cgroup.procs of a container's group and of those below it, and
 * /proc/PID/stat of each; of a VM /proc/PID/task, and stat and schedstat of each thread.  Files are opened each time:
 * processes come and go, and it is one instance's.
 */
#include "source/tasks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/containers.h"
#include "source/vm/vm_threads.h"
#include "source/vm/vms.h"
#include "vctop/base/parse.h"

#define TASKS_MAX 1000U /* read at most: 10 ms */
#define DEPTH_MAX 64U

struct gather {
	const struct tick *t;
	struct task_list *list;
	unsigned more, hidden, elsewhere; /* beyond TASKS_MAX; not to be read; of another pid namespace */
	double usec_per_tick, page;
};

/* hidepid=2 takes away the sight of others' processes, as if they had ended. */
static bool hides(const struct gather *g, int r)
{
	struct stat st;
	return r == -EACCES || r == -EPERM || (r == -ENOENT && rootfs_stat(g->t->fs, "proc/1/stat", &st) < 0);
}

static struct task *add(struct gather *g, pid_t pid, pid_t tid, const struct process_stat *st, enum task_role role)
{
	struct task task = {.pid = pid,
	                    .tid = tid,
	                    .comm = arena_strdup(&g->t->snap->arena, st->comm),
	                    .role = role,
	                    .state = st->state,
	                    .start_ticks = st->start_ticks};
	vec_push(&g->list->v, task);
	return &g->list->v.v[g->list->v.n - 1];
}

static void add_process(struct gather *g, pid_t pid)
{
	struct process_stat st;
	if (g->list->v.n >= TASKS_MAX) {
		g->more++;
		return;
	}
	int r = process_read_stat(g->t->fs, pid, &st);
	if (r < 0) {
		g->hidden += hides(g, r);
		return;
	}
	struct task *task = add(g, pid, pid, &st, TASK_PROCESS);
	task->cpu_usec = metric_ok((double)st.cpu_ticks * g->usec_per_tick);
	task->resident_bytes = metric_ok((double)st.rss_pages * g->page);
}

static void add_group(struct gather *g, const char *path, unsigned depth)
{
	cleanup_strbuf struct strbuf full = STRBUF_INIT, text = STRBUF_INIT;
	struct rootfs_names names = {.text = STRBUF_INIT};
	strbuf_fmt(&full, "%s%s/cgroup.procs", g->t->cgroups->mounts.walk, path);
	ssize_t r = rootfs_read(g->t->fs, full.buf, (size_t)1 << 20, &text);
	if (r < 0 && r != -EFBIG)
		strbuf_clear(&text);
	const char *cursor = text.buf, *line;
	size_t n;
	uint64_t pid;
	while (text.len && parse_line(&cursor, text.buf + text.len, &line, &n)) {
		if (parse_u64(line, n, &pid) < 0 || pid > INT32_MAX)
			continue;
		if (pid)
			add_process(g, (pid_t)pid);
		else
			g->elsewhere++;
	}
	full.len -= strlen("/cgroup.procs");
	full.buf[full.len] = '\0';
	if (depth < DEPTH_MAX && rootfs_list(g->t->fs, full.buf, true, &names) == 0)
		for (size_t i = 0; i < names.at.n; i++) {
			cleanup_strbuf struct strbuf child = STRBUF_INIT;
			strbuf_fmt(&child, "%s/%s", path, rootfs_name(&names, i));
			add_group(g, child.buf, depth + 1);
		}
	rootfs_names_release(&names);
}

static struct metric read_ran(const struct gather *g, pid_t pid, pid_t tid)
{
	char path[96], buf[128];
	const char *w;
	size_t len;
	uint64_t ran;
	struct kfile once = KFILE_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/schedstat", (int)pid, (int)tid);
	ssize_t n = kfile_read(g->t->fs, &once, path, buf, sizeof(buf));
	kfile_close(g->t->fs, &once);
	if (n < 0)
		return metric_errno((int)n, "schedstat could not be read");
	if (!parse_word(buf, (size_t)n, 0, &w, &len) || parse_u64(w, len, &ran) < 0)
		return metric_none(METRIC_ABSENT, "schedstat is not understood");
	return metric_ok((double)ran / 1e3);
}

static bool is_vcpu(const struct vm_threads *t, pid_t tid)
{
	for (size_t i = 0; i < t->vcpus.n; i++)
		if (t->vcpus.v[i].tid == tid)
			return true;
	return false;
}

/* By its name ("CPU 3/KVM"); of those without, vCPUs are started in their order. */
static unsigned vcpu_number(const struct vm_threads *t, pid_t tid, const char *comm)
{
	uint64_t number;
	const char *digits = comm + strcspn(comm, "0123456789");
	size_t n = strspn(digits, "0123456789");
	if (t->vmm->is_vcpu_thread && t->vmm->is_vcpu_thread(comm) && n && parse_u64(digits, n, &number) == 0 &&
	    number < UINT32_MAX)
		return (unsigned)number;
	unsigned before = 0;
	for (size_t i = 0; i < t->vcpus.n; i++)
		before += t->vcpus.v[i].tid < tid;
	return before;
}

static void add_thread(struct gather *g, const struct vm_threads *t, pid_t tid)
{
	char path[96], buf[1024];
	struct process_stat st;
	struct kfile once = KFILE_INIT;
	if (g->list->v.n >= TASKS_MAX) {
		g->more++;
		return;
	}
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/stat", (int)t->pid, (int)tid);
	ssize_t n = kfile_read(g->t->fs, &once, path, buf, sizeof(buf));
	kfile_close(g->t->fs, &once);
	int r = n < 0 ? (int)n : process_parse_stat(buf, (size_t)n, &st);
	if (r < 0) {
		g->hidden += hides(g, r);
		return;
	}
	enum task_role role = !t->vcpus.n        ? TASK_THREAD
	                      : !is_vcpu(t, tid) ? TASK_VMM
	                      : t->round_robin   ? TASK_VCPUS
	                                         : TASK_VCPU;
	struct task *task = add(g, t->pid, tid, &st, role);
	task->vcpu = role == TASK_VCPU ? vcpu_number(t, tid, st.comm) : 0;
	task->cpu_usec = read_ran(g, t->pid, tid);
	task->resident_bytes = metric_none(METRIC_ABSENT, "threads share the memory of their process");
}

static void add_threads(struct gather *g, const struct vm_threads *t)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	char path[64];
	pid_t tid;
	(void)snprintf(path, sizeof(path), "proc/%d/task", (int)t->pid);
	int r = rootfs_list(g->t->fs, path, true, &names);
	g->hidden += r < 0 && hides(g, r);
	for (size_t i = 0; r == 0 && i < names.at.n; i++) {
		const char *name = rootfs_name(&names, i);
		if (parse_pid(name, strlen(name), &tid) == 0)
			add_thread(g, t, tid);
	}
	rootfs_names_release(&names);
	if (!t->vcpus.n)
		g->list->why = arena_strdup(&g->t->snap->arena, t->why);
}

static const struct vm *find_vm(const struct vms *v, const char *id)
{
	void *vm;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &vm);)
		if (strcmp(((struct vm *)vm)->id, id) == 0)
			return vm;
	return NULL;
}

static const char *why_not_all(const struct gather *g)
{
	char text[200];
	if (g->hidden)
		(void)snprintf(text, sizeof(text), "%u more are hidden by /proc (hidepid): run vctop as root",
		               g->hidden);
	else if (g->elsewhere)
		(void)snprintf(text, sizeof(text), "%u more are in a PID namespace that is not seen from here",
		               g->elsewhere);
	else if (g->more)
		(void)snprintf(text, sizeof(text), "%u more were not looked at", g->more);
	else
		return g->list->why;
	return arena_strdup(&g->t->snap->arena, text);
}

void tasks_collect(const struct tick *t, const struct containers *c, const struct vms *v, const char *id)
{
	struct task_list *list = &t->snap->tasks;
	long hz = sysconf(_SC_CLK_TCK);
	struct gather g = {.t = t,
	                   .list = list,
	                   .usec_per_tick = 1e6 / (double)(hz > 0 ? hz : 100),
	                   .page = (double)sysconf(_SC_PAGESIZE)};
	const struct container *ct = map_get(&c->by_id, id);
	const struct vm *vm = ct ? NULL : find_vm(v, id);
	list->of = arena_strdup(&t->snap->arena, id);
	list->mono_usec = rootfs_now(t->fs).mono_usec;
	if (vm)
		add_threads(&g, vm_reader_threads(vm->reader));
	else if (t->cgroups->mounts.walk && (ct || *id == '/')) /* a unit of the host has its path for an id */
		add_group(&g, ct ? ct->path : id, 0);
	else
		list->why = "it has no cgroup of its own: which processes belong to it is not known";
	list->why = why_not_all(&g);
}
