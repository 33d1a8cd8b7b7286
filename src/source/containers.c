/*
 * Containers: found by walking the cgroup tree (container_groups.c), named by the runtimes' files, measured by their
 * group.  The tree is walked again when the number of groups changed, a group vanished, or a second has passed.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/containers.h"
#include "source/storage/storage.h"
#include "vctop/base/parse.h"
#include "vctop/base/prefetch.h"
#include "vctop/base/text.h"

/* Files looked at per tick for writable layers: about 20 ms. */
#define DISK_BUDGET 10000
/* A group in which no process was found is searched again after this long; one that says it is empty tells who comes,
 * but for who comes into one hierarchy alone. */
#define SEEK_USEC 1000000
#define SEEK_EMPTY_USEC 10000000
#define MONITOR_USEC 5000000
#define MONITOR_SPREAD 2000000

/* Who watches over it: its init's parent, when that is a monitor program. */
static void find_monitor(struct container *ct, const struct tick *t)
{
	struct process_stat up;
	kfile_close(t->fs, &ct->monitor_statm);
	ct->monitor = 0;
	ct->monitor_due_usec = 0;
	if (proctab_stat(t->procs, t->fs, ct->init.ppid, &up) == 0 &&
	    (strcmp(up.comm, "conmon") == 0 || strncmp(up.comm, "containerd-shim", 15) == 0))
		ct->monitor = ct->init.ppid;
}

/*
 * Where not all processes were listed in this tick: who ends is one less.  Else one read of a kept file: that of a
 * process that has ended says so, whoever has its pid now.
 */
static bool init_lives(struct container *ct, const struct tick *t, struct metric tasks)
{
	char path[32], buf[1024];
	struct process_stat st;
	bool as_many = metric_is_ok(tasks) && metric_same(tasks, ct->lived_with);
	ct->lived_with = tasks;
	if (!ct->pid)
		return false;
	if ((t->procs->whole || as_many) && proctab_start_ticks(t->procs, ct->pid) == ct->init.start_ticks)
		return true;
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)ct->pid);
	ssize_t n = kfile_read(t->fs, &ct->init_stat, path, buf, sizeof(buf));
	return n > 0 && process_parse_stat(buf, (size_t)n, &st) == 0 && st.start_ticks == ct->init.start_ticks;
}

static void find_init(struct container *ct, const struct tick *t, struct metric tasks)
{
	if (init_lives(ct, t, tasks))
		return;
	int64_t since = t->now.mono_usec - ct->sought_usec;
	int64_t wait = ct->life == CGROUP_EMPTY ? SEEK_EMPTY_USEC : SEEK_USEC;
	if (!ct->pid && ct->sought_usec && since >= 0 && since < wait)
		return;
	kfile_close(t->fs, &ct->init_stat);
	ct->sought_usec = t->now.mono_usec;
	ct->pid = proctab_first_in(t->procs, ct->incarnation);
	if (!ct->pid)
		ct->pid = cgroup_init_pid(t->cgroups, ct->path);
	ct->init = (struct process_stat){0};
	if (!ct->pid)
		return;
	if (proctab_stat(t->procs, t->fs, ct->pid, &ct->init) < 0) {
		ct->pid = 0;
		return;
	}
	find_monitor(ct, t);
	if (ct->runtime->learn && !ct->parent && !container_facts(ct, t))
		ct->runtime->learn(t->facts, ct->pid, proctab_told(t->procs, ct->pid));
}

static struct metric read_monitor_rss(struct container *ct, const struct tick *t)
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

/* A monitor sleeps; its memory hardly ever moves. */
static struct metric monitor_rss(struct container *ct, const struct tick *t)
{
	int64_t wait = ct->monitor_due_usec - t->now.mono_usec;
	if (!t->cgroups->may_rest || wait <= 0 || wait > MONITOR_USEC) {
		ct->monitor_rss = read_monitor_rss(ct, t);
		ct->monitor_due_usec =
		        t->now.mono_usec + MONITOR_USEC - (int64_t)(ct->incarnation * 7919000 % MONITOR_SPREAD);
	}
	return ct->monitor_rss;
}

/* The pod goes among the labels. */
static void label_instance(struct instance *i, struct arena *a, const struct facts *f, const char *pod)
{
	size_t n = f ? f->labels_n : 0;
	if (!n && !pod && !(f && f->pod))
		return;
	struct label *labels = arena_alloc(a, (n + 1) * sizeof(*labels));
	for (size_t l = 0; l < n; l++)
		labels[l] = (struct label){arena_strdup(a, f->labels[l].key), arena_strdup(a, f->labels[l].value)};
	if (f && f->pod)
		pod = f->pod;
	if (pod)
		labels[n++] = (struct label){"pod", arena_strdup(a, pod)};
	i->labels = labels;
	i->labels_n = n;
}

static const char *from_root(struct arena *a, const char *path)
{
	size_t n = strlen(path);
	char *s = arena_alloc(a, n + 2);
	s[0] = '/';
	memcpy(s + 1, path, n + 1);
	return s;
}

static void name_instance(struct instance *i, struct arena *a, const struct tick *t, const struct facts *f,
                          const struct runtime_ops *rt, const char *runtime_id, const char *title)
{
	const char *learned = map_get(&t->facts->names, runtime_id);
	i->name = arena_strdup(a, f && f->name ? f->name : learned);
	i->name_from = f && f->name ? from_root(a, f->from) : learned ? "conmon's command line" : NULL;
	if (!i->name) {
		i->name = arena_strdup(a, title);
		i->name_from = rt->named ? "the cgroup's name" : NULL;
	}
	i->image = f ? arena_strdup(a, f->image) : NULL;
	if (!i->image)
		i->no_image = !f            ? "no file of its runtime was found"
		              : f->no_image ? f->no_image
		                            : "its runtime's files do not say";
}

/* Made again when its runtime's files may say something else. */
static void name_container(struct container *ct, const struct tick *t, const struct facts *f)
{
	static uint64_t named;
	struct arena *a = &ct->words;
	cleanup_free char *title = container_title(ct->runtime, ct->runtime_id);
	snapshot_adopt(t->snap, a);
	named++;
	ct->shown = (struct instance){.words = named,
	                              .id = arena_strdup(a, ct->id),
	                              .kind = INSTANCE_CONTAINER,
	                              .runtime = ct->runtime->name,
	                              .cgroup = arena_strdup(a, ct->shown_path)};
	name_instance(&ct->shown, a, t, f, ct->runtime, ct->runtime_id, title);
	label_instance(&ct->shown, a, f, ct->pod);
}

/* The process that holds a pod's namespaces, where no file says so. */
static bool is_pause(const struct container *ct, const struct facts *f, struct metric tasks)
{
	static const char *const names[] = {"pause", "catatonit", "podman-pause"};
	if (f || !ct->pod || !metric_is_ok(tasks) || tasks.v > 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(ct->init.comm, names[i]) == 0)
			return true;
	return false;
}

/* Podman's: whatever its image, it is called after the pod, in whose group it is. */
static bool is_infra(const struct container *ct, const struct facts *f)
{
	size_t n = ct->pod ? strlen(ct->pod) : 0;
	return n && f && f->name && strncmp(f->name, ct->pod, n) == 0 && strcmp(f->name + n, "-infra") == 0;
}

void allocations_read(const struct tick *t, const struct cgroup_reader *r, struct caps *caps, struct sample *s)
{
	const struct host_sample *h = &t->snap->host;
	struct cap_question q = {.arena = &t->snap->arena,
	                         .mono_usec = t->now.mono_usec,
	                         .host = metric_is_ok(h->online_cpus) ? h->online_cpus.v : HUGE_VAL};
	cgroup_reader_question(r, &q);
	if (caps->as_of != cgroup_reader_places(r)) {
		cgroup_level_at(t->cgroups, &caps->cpu, cgroup_reader_path_in(r, CTRL_CPU));
		cgroup_level_at(t->cgroups, &caps->memory, cgroup_reader_path_in(r, CTRL_MEMORY));
		caps->as_of = cgroup_reader_places(r);
	}
	s->cpu.allocated = cgroup_cpu_allocation(caps->cpu, &q);
	q.host = metric_is_ok(h->mem_total_bytes) ? h->mem_total_bytes.v : 0;
	s->mem.allocated = cgroup_memory_allocation(caps->memory, &q);
}

static void find_life(struct container *ct, const struct tick *t, struct metric tasks)
{
	bool was_empty = ct->life == CGROUP_EMPTY;
	find_init(ct, t, tasks);
	ct->life = cgroup_reader_life(ct->reader, ct->pid > 0);
	if (ct->pid || !was_empty || ct->life == CGROUP_EMPTY)
		return;
	ct->sought_usec = 0; /* somebody has just come */
	find_init(ct, t, tasks);
}

/* 0, or -ENODEV when the group has gone. */
static int add_running(struct container *ct, const struct tick *t, struct facts *f, unsigned *budget)
{
	struct sample s = {0};
	int r = cgroup_reader_sample(ct->reader, &s);
	if (r < 0)
		return r;
	bool renewed = ct->incarnation != cgroup_reader_incarnation(ct->reader);
	if (renewed) {
		ct->incarnation = cgroup_reader_incarnation(ct->reader);
		ct->pid = 0;
		ct->sought_usec = 0;
	}
	/* Who has not run has not ended, nor been frozen. */
	if (renewed || ct->life == CGROUP_EMPTY || !cgroup_reader_rested(ct->reader))
		find_life(ct, t, s.pids);
	enum cgroup_life life = ct->life;
	if (life == CGROUP_EMPTY && ct->twin)
		return 0;
	if (is_pause(ct, f, s.pids))
		return 0;
	allocations_read(t, ct->reader, &ct->caps, &s);
	s.mem.overhead_bytes = monitor_rss(ct, t);
	rootfs_cite_for(t->fs, ct->id);
	if (f)
		facts_find_layer(t->facts, f, ct->pid);
	s.disk_writable_bytes = storage_writable(t->fs, f, t->now.mono_usec, budget);
	if (!ct->shown.id)
		name_container(ct, t, f);
	struct entry *e = snapshot_add(t->snap);
	e->sample = s;
	e->inst = ct->shown;
	e->inst.state = life == CGROUP_EMPTY    ? INSTANCE_STOPPED
	                : life == CGROUP_FROZEN ? INSTANCE_PAUSED
	                                        : INSTANCE_RUNNING;
	e->inst.pid = life == CGROUP_EMPTY ? 0 : ct->pid;
	e->inst.started_usec = ct->pid ? process_started(&ct->init, t->now) : 0;
	e->inst.incarnation = ct->incarnation;
	ct->entry = t->snap->entries.n;
	return 0;
}

/* The first process of a container without a group; 0 it does not run. */
static pid_t pid_without_group(struct facts *f, const struct tick *t, struct process_stat *ret)
{
	char path[64], buf[1024];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct process_stat up = {0};
	uint64_t pid = 0;
	if (f->pid && f->pid_start) {
		(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)f->pid);
		ssize_t n = kfile_read(t->fs, &f->pid_stat, path, buf, sizeof(buf));
		bool same = n > 0 && process_parse_stat(buf, (size_t)n, ret) == 0 && ret->start_ticks == f->pid_start;
		return same && ret->state != 'Z' ? f->pid : 0;
	}
	if (f->pidfile && rootfs_read(t->fs, f->pidfile, 64, &text) > 0)
		(void)parse_u64(text.buf, text.len, &pid);
	/* A pid file may be older than the process that now has the number: its parent must be what watches containers.
	 */
	bool alive = pid > 0 && pid < INT32_MAX && process_read_stat(t->fs, (pid_t)pid, ret) == 0 &&
	             process_read_stat(t->fs, ret->ppid, &up) == 0 && strcmp(up.comm, "conmon") == 0;
	return alive ? (pid_t)pid : 0;
}

/* Known from files or processes, without a group: stopped; or running without one. */
static void add_without_group(const struct containers *c, struct facts *f, const char *id, const struct tick *t,
                              unsigned *budget)
{
	struct arena *a = &t->snap->arena;
	struct process_stat st = {0};
	pid_t pid = pid_without_group(f, t, &st);
	bool no_cgroups = t->cgroups->mounts.layout == CGROUP_NONE;
	const char *owner = pid && f->group ? containers_owner(c, f->group) : NULL;
	/* Where nobody says whether it runs, nor can its group, it is not called stopped. */
	if (!pid && (f->group_only || (no_cgroups && !f->tells_pid)))
		return;
	/* Flatpak's sandboxes are bubblewrap's, seen already. */
	if (owner && strncmp(owner, "flatpak:", 8) == 0)
		return;
	struct entry *e = snapshot_add(t->snap);
	e->sample.mono_usec = t->now.mono_usec;
	sample_none(&e->sample, !pid          ? "not running"
	                        : no_cgroups  ? "no cgroup file system is mounted"
	                        : f->no_group ? f->no_group
	                                      : "it has no cgroup of its own (rootless on cgroup v1)");
	rootfs_cite_for(t->fs, id);
	e->sample.disk_writable_bytes = storage_writable(t->fs, f, t->now.mono_usec, budget);
	e->inst = (struct instance){
	        .id = arena_strdup(a, id),
	        .kind = INSTANCE_CONTAINER,
	        .runtime = f->runtime->name,
	        .state = pid ? INSTANCE_RUNNING : INSTANCE_STOPPED,
	        .pid = pid,
	        .started_usec = pid ? process_started(&st, t->now) : 0,
	        .parent = arena_strdup(a, owner),
	        .incarnation = f->pid_start,
	};
	cleanup_free char *title = container_title(f->runtime, f->id);
	name_instance(&e->inst, a, t, f, f->runtime, f->id, title);
	label_instance(&e->inst, a, f, NULL);
}

/* The nearest container above it that is shown: its numbers are in that one's. */
static void set_parents(const struct containers *c, const struct tick *t)
{
	for (size_t i = 0; i < c->order.n; i++) {
		const struct container *ct = c->order.v[i], *up = ct ? ct->parent : NULL;
		while (up && !up->entry)
			up = up->parent;
		if (up && ct->entry)
			t->snap->entries.v[ct->entry - 1].inst.parent = t->snap->entries.v[up->entry - 1].inst.id;
	}
}

/* First the container, which leads to its reader, which leads to what was told of it. */
static void look_ahead(const struct containers *c, const struct tick *t, size_t i)
{
	size_t far = i + 3 * PREFETCH_ROWS, near = i + 2 * PREFETCH_ROWS, next = i + PREFETCH_ROWS;
	if (far < c->order.n)
		prefetch(c->order.v[far], sizeof(struct container));
	if (near < c->order.n) {
		cgroup_reader_prefetch(c->order.v[near]->reader);
		cgroup_level_prefetch(c->order.v[near]->caps.cpu);
	}
	if (next < c->order.n)
		cgroup_told_prefetch(t->cgroups, c->order.v[next]->reader);
}

static void add_groups(struct containers *c, const struct tick *t, unsigned *budget)
{
	for (size_t i = 0; i < c->order.n; i++) {
		look_ahead(c, t, i);
		struct container *ct = c->order.v[i];
		ct->entry = 0;
		struct facts *f = container_facts(ct, t);
		if (f && !f->left_out)
			f->left_out = is_infra(ct, f);
		if (f && f->left_out)
			continue;
		if (add_running(ct, t, f, budget) < 0) {
			c->stale = true;
			container_group_drop(c, t, ct->path);
			c->order.v[i] = NULL;
		}
	}
}

void containers_init(struct containers *c)
{
	*c = (struct containers){.by_path.borrows = true, .by_id.borrows = true};
}

void containers_collect(struct containers *c, const struct tick *t)
{
	unsigned budget = DISK_BUDGET;
	void *v;
	cgroup_tree_begin(t->cgroups, &t->snap->host);
	container_groups_find(c, t);
	cgroup_tree_tick(t->cgroups, c->order.n);
	add_groups(c, t, &budget);
	t->snap->in_order = t->snap->entries.n;
	set_parents(c, t);
	for (size_t it = 0; map_next(&t->facts->by_id, &it, NULL, &v);) {
		struct facts *f = v;
		cleanup_free char *id = text_clean(xasprintf("%s:%s", f->runtime->name, f->id), 512);
		const struct container *ct = map_get(&c->by_id, id);
		if (!f->left_out && (!ct || !ct->entry))
			add_without_group(c, f, id, t, &budget);
	}
	rootfs_cite_for(t->fs, NULL);
}

void containers_release(struct containers *c, struct rootfs *fs)
{
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);)
		container_free(fs, v);
	map_release(&c->by_path);
	map_release(&c->by_id);
	vec_free(&c->order);
	strbuf_release(&c->census.text);
	strbuf_release(&c->census.now);
}
