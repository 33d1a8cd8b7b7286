/*
 * The host below a root: one tick = host, processes looked at, containers, VMs; then sealed.
 * A captured tree with several moments steps to the next one at each tick.
 */
#include "source/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/background/background.h"
#include "source/cgroup/bulk.h"
#include "source/host.h"
#include "source/proctab.h"
#include "source/tasks.h"
#include "vctop/source/launched.h"
#include "vctop/source/source.h"

#define FACTS_USEC 2000000
/* Names learned from command lines; forgotten all at once at the limit, learned again at the next sweep. */
#define MAX_LEARNED 8192

struct live {
	struct source base;
	struct rootfs *fs;
	struct cgroup_tree cgroups;
	struct host_reader host;
	struct proctab procs;
	struct facts_table facts;
	struct containers containers;
	struct services services;
	struct vms vms;
	struct background_reader *background;
	launched_vec launched;
	struct snapshot *facts_notices; /* kept between refreshes, repeated in every snapshot */
	bool started;
};

struct look {
	struct live *l;
	const struct tick *t;
};

/* Anybody may call a process dockerd and name a directory; only root's is read on its word (users' by their homes). */
static bool is_roots(struct rootfs *fs, pid_t pid)
{
	struct stat st;
	char path[32];
	(void)snprintf(path, sizeof(path), "proc/%d", (int)pid);
	return !rootfs_is_live(fs) || (rootfs_stat(fs, path, &st) == 0 && st.st_uid == 0);
}

/* Names that a monitor's command line tells even to those who may not read the runtime's files. */
static void learn_names(struct facts_table *f, const struct process *p)
{
	if (f->names.live < MAX_LEARNED && strcmp(p->stat.comm, "conmon") == 0) {
		const char *id = process_option(p, "-c"), *name = process_option(p, "-n");
		if (id && name && runtime_is_hex(id, 64))
			facts_learn_name(f, id, name);
	}
	if (strcmp(p->stat.comm, "dockerd") == 0 && is_roots(f->fs, p->pid)) {
		const char *root = process_long_option(p, "--data-root");
		facts_learn_root(f, root ? root : process_option(p, "-g"));
	}
	if (strcmp(p->stat.comm, "containerd") == 0 && is_roots(f->fs, p->pid)) {
		const char *config = process_long_option(p, "--config");
		facts_learn_containerd(f, process_long_option(p, "--state"), config ? config : process_option(p, "-c"));
	}
}

static void look(void *data, const struct process *p)
{
	struct look *k = data;
	vms_look(&k->l->vms, k->t, p);
	background_look(k->l->background, p);
	learn_names(&k->l->facts, p);
	runtime_look(&k->l->facts, p);
}

static bool is_part(const char *story, const char *cgroup)
{
	static const char parent[] = "/vctop/st-";
	size_t n = strlen(story);
	return cgroup && strncmp(cgroup, parent, sizeof(parent) - 1) == 0 &&
	       strncmp(cgroup + sizeof(parent) - 1, story, n) == 0 && cgroup[sizeof(parent) - 1 + n] == '/';
}

static bool is_sample(const struct launched *l, const struct instance *i)
{
	if (strcmp(l->kind, "story") == 0)
		return is_part(l->name, i->cgroup);
	if (i->kind == INSTANCE_VM)
		return strcmp(l->kind, "vm") == 0 && l->pid > 0 && l->pid == i->pid;
	if (strcmp(l->backend, "builtin") == 0)
		return strcmp(i->runtime, "vctop") == 0 && strcmp(i->name, l->name) == 0;
	const char *colon = strchr(i->id, ':');
	return l->ref && colon && strncmp(i->id, l->backend, strlen(l->backend)) == 0 && strcmp(colon + 1, l->ref) == 0;
}

/* The guest of a sample VM tells what it uses, unless it has been asked itself. */
static void take_used(struct rootfs *fs, const struct launched *l, const char *id, struct sample_memory *m)
{
	rootfs_cite_for(fs, id);
	uint64_t used = metric_is_ok(m->guest_used_bytes) ? 0 : launched_guest_used(fs, l);
	if (!used)
		return;
	m->guest_used_bytes = m->used_bytes = metric_ok((double)used);
	m->used_by = "guest";
}

static void mark_samples(const struct live *l, struct snapshot *snap)
{
	for (size_t k = 0; k < l->launched.n; k++)
		for (size_t i = 0; i < snap->entries.n; i++) {
			struct entry *e = &snap->entries.v[i];
			if (!is_sample(&l->launched.v[k], &e->inst))
				continue;
			e->inst.sample = arena_strdup(&snap->arena, l->launched.v[k].name);
			take_used(l->fs, &l->launched.v[k], e->inst.id, &e->sample.mem);
		}
}

/* hidepid=1 forbids the sight of other users' processes, hidepid=2 takes it away: of PID 1's too. */
static void note_hidden(const struct live *l, struct snapshot *notices)
{
	struct stat st;
	int r = rootfs_stat(l->fs, "proc/1/stat", &st);
	if ((r == -ENOENT || r == -EACCES || r == -EPERM) && rootfs_stat(l->fs, "proc/self/stat", &st) == 0)
		snapshot_notice(
		        notices, "/proc",
		        "it hides the processes of other users (hidepid): their VMs are not seen, nor what their "
		        "containers run",
		        "run vctop as root, or join the group that the mount option gid= of /proc names");
}

static void refresh_facts(struct live *l, struct snapshot *snap, int64_t now)
{
	int64_t age = now - l->facts.refreshed_usec;
	if (!l->facts.refresh || l->facts.due || age >= FACTS_USEC || age < 0) {
		l->facts.due = false;
		snapshot_clear(l->facts_notices);
		note_hidden(l, l->facts_notices);
		facts_table_refresh(&l->facts, l->facts_notices);
		l->facts.refreshed_usec = now;
		launched_release(&l->launched);
		(void)launched_list(l->fs, &l->launched);
		if (l->facts.names.live >= MAX_LEARNED)
			facts_forget_names(&l->facts);
	}
	for (size_t i = 0; i < l->facts_notices->notices.n; i++) {
		const struct notice *n = &l->facts_notices->notices.v[i];
		snapshot_notice(snap, n->what, n->why, n->change);
	}
}

static int live_next(struct source *s, struct snapshot *ret, struct error *err)
{
	struct live *l = (struct live *)s;
	if (l->started && rootfs_advance(l->fs) < 0)
		return -ENODATA;
	l->started = true;
	l->cgroups.once = s->once;
	if (s->no_bpf) {
		l->cgroups.no_bulk = "switched off";
		l->procs.may_tell = false;
	}
	struct tick t = {l->fs, &l->cgroups, &l->facts, ret, rootfs_now(l->fs), &l->procs};
	host_reader_sample(&l->host, &l->cgroups.mounts, ret);
	int r = proctab_update(&l->procs, l->fs, look, &(struct look){l, &t});
	if (r < 0)
		return error_set(err, -r, "proc: %s", strerror(-r));
	refresh_facts(l, ret, t.now.mono_usec);
	if (l->cgroups.mounts.layout == CGROUP_NONE)
		snapshot_notice(
		        ret, "cgroups",
		        "no cgroup file system is mounted: what containers use is not known, and not all are seen",
		        "mount -t cgroup2 none /sys/fs/cgroup");
	containers_collect(&l->containers, &t);
	ret->with_services = s->services;
	if (s->services)
		services_collect(&l->services, &l->containers, &t);
	vms_collect(&l->vms, &t, &l->containers);
	mark_samples(l, ret);
	background_collect(l->background, &t);
	if (s->detail)
		tasks_collect(&t, &l->containers, &l->vms, s->detail);
	types_forget(&l->cgroups.types);
	snapshot_seal(ret);
	return 0;
}

static uint64_t live_syscalls(const struct source *s)
{
	return rootfs_stats(((const struct live *)s)->fs).syscalls;
}

static void live_close(struct source *s)
{
	struct live *l = (struct live *)s;
	vms_release(&l->vms, l->fs);
	services_release(&l->services);
	containers_release(&l->containers, l->fs);
	background_reader_free(l->background);
	facts_table_release(&l->facts);
	launched_release(&l->launched);
	proctab_release(&l->procs, l->fs);
	host_reader_close(&l->host);
	cgroup_tree_close(&l->cgroups);
	rootfs_close(l->fs);
	snapshot_free(l->facts_notices);
	free(l);
}

void source_ask_guests(struct source *s, const struct guest_questions *q)
{
	struct live *l = (struct live *)s;
	if (s->ops->close == live_close && rootfs_is_live(l->fs) && (q->qmp_n || q->api))
		vms_ask(&l->vms, q);
}

const char *source_no_bulk(struct source *s)
{
	struct live *l = (struct live *)s;
	const char *why = "not the live host";
	if (s->ops->close == live_close && rootfs_is_live(l->fs)) {
		why = NULL;
		bulk_close(bulk_open(&l->cgroups.types, &l->cgroups.mounts, 1, &why));
		types_forget(&l->cgroups.types);
	}
	return why;
}

const char *source_no_processes(struct source *s)
{
	struct live *l = (struct live *)s;
	const char *why = source_no_bulk(s);
	if (why)
		return why;
	struct process_bulk *b = process_bulk_open(&l->cgroups.types, &l->cgroups.mounts);
	int r = b ? process_bulk_read(b, l->fs) : -EOPNOTSUPP;
	process_bulk_close(b);
	types_forget(&l->cgroups.types);
	switch (-r) {
	case 0:
		return NULL;
	case ESRCH:
		return "PID 1 is hidden from iterators here";
	case EOPNOTSUPP:
		return "this kernel's processes are not described as they are known";
	default:
		return "what an iterator tells is not what /proc shows";
	}
}

static const struct source_ops live_ops = {live_next, live_syscalls, live_close};

struct source *source_open_host(const char *root, struct error *err)
{
	return source_open_traced(root, NULL, err);
}

struct source *source_open_traced(const char *root, const struct rootfs_trace *trace, struct error *err)
{
	struct rootfs *fs = rootfs_open(root, err);
	if (!fs)
		return NULL;
	rootfs_set_trace(fs, trace);
	struct live *l = xcalloc(1, sizeof(*l));
	l->base.ops = &live_ops;
	l->fs = fs;
	l->facts_notices = snapshot_new();
	proctab_init(&l->procs, &l->cgroups);
	containers_init(&l->containers);
	(void)cgroup_tree_open(&l->cgroups, fs);
	l->procs.may_tell = l->cgroups.may_rest;
	host_reader_open(&l->host, fs);
	facts_table_init(&l->facts, fs, &l->cgroups);
	l->background = background_reader_new(fs);
	return &l->base;
}
