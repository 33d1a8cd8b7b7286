/*
 * Containers: found by walking the cgroup tree, named by the runtimes' files, measured by their group.
 * The tree is walked again when the number of groups changed, a group vanished, or a second has passed.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/live.h"
#include "source/storage/storage.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define WALK_USEC 1000000
/* Files looked at per tick for writable layers: about 20 ms. */
#define DISK_BUDGET 10000
#define SHORT_ID 12

struct container {
	char *id, *runtime_id, *path;
	const struct runtime_ops *runtime;
	struct container *parent; /* the container whose group holds ours */
	struct cgroup_reader *reader;
	unsigned seen;
	uint64_t incarnation;
	pid_t pid;
	struct process_stat init;
	pid_t monitor; /* conmon or shim; 0 none */
	struct kfile monitor_statm;
};

struct visit {
	struct containers *c;
	const struct tick *t;
};

static void container_free(struct rootfs *fs, struct container *ct)
{
	cgroup_reader_free(ct->reader);
	if (fs)
		kfile_close(fs, &ct->monitor_statm);
	free(ct->id);
	free(ct->runtime_id);
	free(ct->path);
	free(ct);
}

static struct container *owner_of(const struct containers *c, const char *path)
{
	cleanup_free char *up = xstrdup(path);
	for (char *slash; (slash = strrchr(up, '/')) && slash != up;) {
		*slash = '\0';
		struct container *ct = map_get(&c->by_path, up);
		if (ct)
			return ct;
	}
	return NULL;
}

const char *containers_owner(const struct containers *c, const char *path)
{
	const struct container *ct = map_get(&c->by_path, path);
	if (!ct)
		ct = owner_of(c, path);
	return ct ? ct->id : NULL;
}

static bool visit_group(void *data, const char *path)
{
	struct visit *v = data;
	char id[RUNTIME_ID_MAX];
	struct container *ct = map_get(&v->c->by_path, path);
	if (ct) {
		ct->seen = v->c->walk;
		return true;
	}
	const struct runtime_ops *rt = runtime_of_path(v->t->facts, path, id);
	if (!rt)
		return true;
	struct container *parent = owner_of(v->c, path);
	if (parent && parent->runtime == rt && strcmp(parent->runtime_id, id) == 0)
		return true; /* a group inside its own container */
	ct = xcalloc(1, sizeof(*ct));
	ct->id = text_clean(xasprintf("%s:%s", rt->name, id), 256);
	ct->runtime_id = xstrdup(id);
	ct->path = xstrdup(path);
	ct->runtime = rt;
	ct->parent = parent;
	ct->reader = cgroup_reader_new(v->t->cgroups, path);
	ct->monitor_statm = (struct kfile)KFILE_INIT;
	ct->seen = v->c->walk;
	map_put(&v->c->by_path, path, ct);
	return true;
}

static void drop(struct containers *c, const struct tick *t, const char *path)
{
	struct container *gone = map_remove(&c->by_path, path);
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);)
		if (((struct container *)v)->parent == gone)
			((struct container *)v)->parent = gone->parent;
	container_free(t->fs, gone);
}

static void find_groups(struct containers *c, const struct tick *t)
{
	cgroup_census(t->cgroups, &c->census_now);
	bool same = c->census.len == c->census_now.len && memcmp(c->census.buf, c->census_now.buf, c->census.len) == 0;
	bool due = t->now.mono_usec - c->walked_usec >= WALK_USEC || t->now.mono_usec < c->walked_usec;
	if (c->walk && same && !due && !c->stale)
		return;
	strbuf_clear(&c->census);
	strbuf_add(&c->census, c->census_now.buf, c->census_now.len);
	c->walk++;
	c->walked_usec = t->now.mono_usec;
	c->stale = false;
	int r = cgroup_walk(t->cgroups, visit_group, &(struct visit){c, t});
	if (r == -E2BIG)
		snapshot_notice(t->snap, "cgroups", "more than can be walked: some containers are not shown", NULL);
	const char *path;
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, &path, &v);)
		if (((struct container *)v)->seen != c->walk)
			drop(c, t, path);
}

/* Who watches over it: its init's parent, when that is a monitor program. */
static void find_monitor(struct container *ct, const struct tick *t)
{
	struct process_stat up;
	kfile_close(t->fs, &ct->monitor_statm);
	ct->monitor = 0;
	if (process_read_stat(t->fs, ct->init.ppid, &up) == 0 &&
	    (strcmp(up.comm, "conmon") == 0 || strncmp(up.comm, "containerd-shim", 15) == 0))
		ct->monitor = ct->init.ppid;
}

static void find_init(struct container *ct, const struct tick *t)
{
	struct process_stat st;
	if (ct->pid && process_read_stat(t->fs, ct->pid, &st) == 0 && st.start_ticks == ct->init.start_ticks)
		return;
	ct->pid = cgroup_init_pid(t->cgroups, ct->path);
	ct->init = (struct process_stat){0};
	if (!ct->pid)
		return;
	if (process_read_stat(t->fs, ct->pid, &ct->init) < 0) {
		ct->pid = 0;
		return;
	}
	find_monitor(ct, t);
	if (ct->runtime->learn && !map_get(&t->facts->by_id, ct->runtime_id))
		ct->runtime->learn(t->facts, ct->pid);
}

static struct metric monitor_rss(struct container *ct, const struct tick *t)
{
	char path[64], buf[128];
	const char *w;
	size_t n;
	uint64_t pages;
	if (!ct->monitor)
		return metric_none(METRIC_ABSENT, "no shim or conmon found");
	(void)snprintf(path, sizeof(path), "proc/%d/statm", (int)ct->monitor);
	ssize_t r = kfile_read(t->fs, &ct->monitor_statm, path, buf, sizeof(buf));
	if (r < 0 || !parse_word(buf, (size_t)r, 1, &w, &n) || parse_u64(w, n, &pages) < 0) {
		ct->monitor = 0;
		return metric_none(METRIC_ABSENT, "its shim or conmon has gone");
	}
	return metric_ok((double)pages * (double)sysconf(_SC_PAGESIZE));
}

static void name_instance(struct instance *i, struct arena *a, const struct tick *t, const struct facts *f,
                          const char *runtime_id)
{
	const char *learned = map_get(&t->facts->names, runtime_id);
	i->name = arena_strdup(a, f && f->name ? f->name : learned);
	i->name_from = f && f->name ? arena_fmt(a, "/%s", f->from) : learned ? "conmon's command line" : NULL;
	if (!i->name)
		i->name = arena_fmt(a, "%.*s", SHORT_ID, runtime_id);
	if (!f)
		return;
	i->image = arena_strdup(a, f->image);
	struct label *labels = arena_alloc(a, f->labels_n * sizeof(*labels) + 1);
	for (size_t l = 0; l < f->labels_n; l++)
		labels[l] = (struct label){arena_strdup(a, f->labels[l].key), arena_strdup(a, f->labels[l].value)};
	i->labels = labels;
	i->labels_n = f->labels_n;
}

/* 0, or -ENODEV when the group has gone. */
static int add_running(struct container *ct, const struct tick *t, struct facts *f, unsigned *budget)
{
	struct sample s = {0};
	struct arena *a = &t->snap->arena;
	int r = cgroup_reader_sample(ct->reader, &s);
	if (r < 0)
		return r;
	if (ct->incarnation != cgroup_reader_incarnation(ct->reader)) {
		ct->incarnation = cgroup_reader_incarnation(ct->reader);
		ct->pid = 0;
	}
	find_init(ct, t);
	enum cgroup_life life = cgroup_reader_life(ct->reader);
	const struct host_sample *h = &t->snap->host;
	s.cpu.allocated = cgroup_cpu_allocation(t->cgroups, a, ct->path, t->now.mono_usec,
	                                        metric_is_ok(h->online_cpus) ? h->online_cpus.v : HUGE_VAL);
	s.mem.allocated = cgroup_memory_allocation(t->cgroups, a, ct->path, t->now.mono_usec,
	                                           metric_is_ok(h->mem_total_bytes) ? h->mem_total_bytes.v : 0);
	s.mem.overhead_bytes = monitor_rss(ct, t);
	s.disk_writable_bytes = storage_writable(t->fs, f, t->now.mono_usec, budget);
	struct entry *e = snapshot_add(t->snap);
	e->sample = s;
	e->inst = (struct instance){
	        .id = arena_strdup(a, ct->id),
	        .kind = INSTANCE_CONTAINER,
	        .runtime = ct->runtime->name,
	        .state = life == CGROUP_EMPTY    ? INSTANCE_STOPPED
	                 : life == CGROUP_FROZEN ? INSTANCE_PAUSED
	                                         : INSTANCE_RUNNING,
	        .pid = life == CGROUP_EMPTY ? 0 : ct->pid,
	        .started_usec = ct->pid ? process_started(&ct->init, t->now) : 0,
	        .cgroup = text_clean(arena_strdup(a, ct->path), 4096),
	        .parent = ct->parent ? arena_strdup(a, ct->parent->id) : NULL,
	        .incarnation = ct->incarnation,
	};
	name_instance(&e->inst, a, t, f, ct->runtime_id);
	return 0;
}

static void nothing_to_measure(struct sample *s, const char *why)
{
	struct metric none = metric_none(METRIC_ABSENT, why);
	struct sample_cpu *c = &s->cpu;
	struct sample_memory *m = &s->mem;
	c->allocated.amount = c->usage_usec = c->periods = c->throttled = c->pressure_usec = none;
	c->vcpus = c->guest_usec = c->steal_usec = none;
	m->allocated.amount = m->current_bytes = m->used_bytes = m->held_bytes = m->cache_bytes = m->swap_bytes = none;
	m->peak_bytes = m->rss_bytes = m->guest_used_bytes = m->overhead_bytes = m->balloon_bytes = none;
	m->pressure_usec = m->oom_kills = s->pids = none;
	s->io_read_bytes = s->io_write_bytes = s->net_rx_bytes = s->net_tx_bytes = none;
}

/* Known from files, without a group: stopped; or running without one (rootless on cgroup v1). */
static void add_without_group(struct facts *f, const struct tick *t, unsigned *budget)
{
	struct arena *a = &t->snap->arena;
	struct process_stat st = {0};
	struct strbuf text = STRBUF_INIT;
	uint64_t pid = 0;
	if (f->pidfile && rootfs_read(t->fs, f->pidfile, 64, &text) > 0)
		(void)parse_u64(text.buf, text.len, &pid);
	strbuf_release(&text);
	struct process_stat up = {0};
	bool alive = pid > 0 && pid < INT32_MAX && process_read_stat(t->fs, (pid_t)pid, &st) == 0 &&
	             process_read_stat(t->fs, st.ppid, &up) == 0 && strcmp(up.comm, "conmon") == 0;
	struct entry *e = snapshot_add(t->snap);
	e->sample.mono_usec = t->now.mono_usec;
	nothing_to_measure(&e->sample, alive ? "it has no cgroup of its own (rootless on cgroup v1)" : "not running");
	e->sample.disk_writable_bytes = storage_writable(t->fs, f, t->now.mono_usec, budget);
	e->inst = (struct instance){
	        .id = arena_fmt(a, "%s:%s", f->runtime->name, f->id),
	        .kind = INSTANCE_CONTAINER,
	        .runtime = f->runtime->name,
	        .state = alive ? INSTANCE_RUNNING : INSTANCE_STOPPED,
	        .pid = alive ? (pid_t)pid : 0,
	        .started_usec = alive ? process_started(&st, t->now) : 0,
	};
	name_instance(&e->inst, a, t, f, f->id);
}

void containers_collect(struct containers *c, const struct tick *t)
{
	unsigned budget = DISK_BUDGET;
	struct map shown = {0};
	const char *path;
	void *v;
	find_groups(c, t);
	for (size_t it = 0; map_next(&c->by_path, &it, &path, &v);) {
		struct container *ct = v;
		struct facts *f = map_get(&t->facts->by_id, ct->runtime_id);
		if (f && f->infra)
			continue;
		if (map_get(&shown, ct->id))
			continue;
		if (add_running(ct, t, f, &budget) < 0) {
			c->stale = true;
			drop(c, t, path);
			continue;
		}
		map_put(&shown, ct->id, ct);
	}
	for (size_t it = 0; map_next(&t->facts->by_id, &it, NULL, &v);) {
		struct facts *f = v;
		cleanup_free char *id = xasprintf("%s:%s", f->runtime->name, f->id);
		if (!f->infra && !f->group_only && !map_get(&shown, id))
			add_without_group(f, t, &budget);
	}
	map_release(&shown);
}

void containers_release(struct containers *c)
{
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);)
		container_free(NULL, v);
	map_release(&c->by_path);
	strbuf_release(&c->census);
	strbuf_release(&c->census_now);
}
