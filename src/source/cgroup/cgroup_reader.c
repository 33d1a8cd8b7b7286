/* The counters of one group, from kept fds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/cgroup/cgroup.h"
#include "vctop/base/parse.h"

/* memory.stat of a busy group on a big kernel is about 2 KiB; io.stat one line a disk. */
#define READ_SIZE 16384

enum counter {
	COUNT_CPU,      /* v2 cpu.stat | v1 cpuacct.usage */
	COUNT_THROTTLE, /* v1 cpu.stat */
	COUNT_MEMORY,
	COUNT_MEM_STAT,
	COUNT_MEM_EVENTS,
	COUNT_MEM_HITS, /* v2 has them in memory.events */
	COUNT_PEAK,
	COUNT_SWAP,
	COUNT_PIDS,
	COUNT_IO,
	COUNT_CPU_PSI,
	COUNT_MEM_PSI,
	COUNT_EVENTS,
	COUNT_FREEZER,
	COUNT_MAX
};

/* NULL: not there in that version.  PSI and events are read from cgroup2 even when the controller is on v1. */
static const struct {
	enum controller controller;
	const char *v2, *v1;
	bool v2_always;
} files[] = {
        [COUNT_CPU] = {CTRL_CPUACCT, "cpu.stat", "cpuacct.usage", false},
        [COUNT_THROTTLE] = {CTRL_CPU, NULL, "cpu.stat", false},
        [COUNT_MEMORY] = {CTRL_MEMORY, "memory.current", "memory.usage_in_bytes", false},
        [COUNT_MEM_STAT] = {CTRL_MEMORY, "memory.stat", "memory.stat", false},
        [COUNT_MEM_EVENTS] = {CTRL_MEMORY, "memory.events", "memory.oom_control", false},
        [COUNT_MEM_HITS] = {CTRL_MEMORY, NULL, "memory.failcnt", false},
        [COUNT_PEAK] = {CTRL_MEMORY, "memory.peak", "memory.max_usage_in_bytes", false},
        [COUNT_SWAP] = {CTRL_MEMORY, "memory.swap.current", NULL, false},
        [COUNT_PIDS] = {CTRL_PIDS, "pids.current", "pids.current", false},
        [COUNT_IO] = {CTRL_IO, "io.stat", "blkio.throttle.io_service_bytes_recursive", false},
        [COUNT_CPU_PSI] = {CTRL_CPU, "cpu.pressure", NULL, true},
        [COUNT_MEM_PSI] = {CTRL_MEMORY, "memory.pressure", NULL, true},
        [COUNT_EVENTS] = {CTRL_MAX, "cgroup.events", NULL, true},
        [COUNT_FREEZER] = {CTRL_FREEZER, NULL, "freezer.state", false},
};
_Static_assert(ARRAY_SIZE(files) == COUNT_MAX, "a file for each counter");

struct cgroup_reader {
	struct cgroup_tree *tree;
	char *path;              /* "/docker/x"; "" is the root */
	char *own[CTRL_MAX + 1]; /* v1: its path in that controller's hierarchy (last: in v2), where it differs */
	uint64_t incarnation;
	struct kfile file[COUNT_MAX];
};

static uint64_t read_incarnation(struct cgroup_tree *t, const char *path)
{
	struct stat st;
	char full[4608];
	if (!rootfs_is_live(t->fs))
		return map_hash(path); /* inodes of a captured tree mean nothing */
	(void)snprintf(full, sizeof(full), "%s%s", t->mounts.walk, path);
	return rootfs_stat(t->fs, full, &st) < 0 ? 0 : st.st_ino;
}

struct cgroup_reader *cgroup_reader_new(struct cgroup_tree *t, const char *path)
{
	struct cgroup_reader *r = xcalloc(1, sizeof(*r));
	r->tree = t;
	r->path = xstrdup(strcmp(path, "/") == 0 ? "" : path);
	for (int i = 0; i < COUNT_MAX; i++)
		r->file[i] = (struct kfile)KFILE_INIT;
	r->incarnation = read_incarnation(t, r->path);
	return r;
}

static void close_all(struct cgroup_reader *r)
{
	for (int i = 0; i < COUNT_MAX; i++)
		kfile_close(r->tree->fs, &r->file[i]);
}

void cgroup_reader_free(struct cgroup_reader *r)
{
	if (!r)
		return;
	close_all(r);
	for (int c = 0; c <= CTRL_MAX; c++)
		free(r->own[c]);
	free(r->path);
	free(r);
}

const char *cgroup_reader_path_in(const struct cgroup_reader *r, enum controller c)
{
	return r->own[c] ? r->own[c] : cgroup_reader_path(r);
}

/*
 * On v1 each controller has a tree of its own, and a runtime that was itself in a group of one of them makes its
 * containers below that: memory:/jobs/7/web, but cpuacct:/web.  What the init process is in tells.
 */
static void find_own_paths(struct cgroup_reader *r)
{
	struct cgroup_tree *t = r->tree;
	cleanup_strbuf struct strbuf here = STRBUF_INIT, there = STRBUF_INIT, full = STRBUF_INIT;
	pid_t pid = cgroup_init_pid(t, cgroup_reader_path(r));
	struct stat st;
	if (!pid || cgroup_of_pid(t, pid, &here) < 0 || strncmp(here.buf, r->path, strlen(r->path)) != 0)
		return;
	const char *below = here.buf + strlen(r->path); /* the process may be deeper in the container */
	for (int c = 0; c <= CTRL_MAX; c++) {
		const char *mount = c == CTRL_MAX ? t->mounts.v2 : t->mounts.v1[c];
		free(r->own[c]);
		r->own[c] = NULL;
		strbuf_clear(&full);
		strbuf_fmt(&full, "%s%s", mount ? mount : "", r->path);
		if (!mount || rootfs_stat(t->fs, full.buf, &st) == 0 ||
		    cgroup_of_pid_in(t, pid, (enum controller)c, &there) < 0)
			continue;
		size_t cut = strlen(below);
		if (there.len > cut && strcmp(there.buf + there.len - cut, below) == 0)
			r->own[c] = xstrndup(there.buf, there.len - cut);
	}
}

const char *cgroup_reader_path(const struct cgroup_reader *r)
{
	return *r->path ? r->path : "/";
}

uint64_t cgroup_reader_incarnation(const struct cgroup_reader *r)
{
	return r->incarnation;
}

static ssize_t read_counter(struct cgroup_reader *r, enum counter c, char *buf, size_t size)
{
	const struct mounts *m = &r->tree->mounts;
	const char *mount = NULL, *name = files[c].v2;
	if (files[c].v2_always) {
		mount = m->v2;
	} else if (m->v1[files[c].controller]) {
		mount = m->v1[files[c].controller];
		name = c == COUNT_IO && r->tree->blkio.file ? r->tree->blkio.file : files[c].v1;
	} else if (m->on_v2[files[c].controller]) {
		mount = m->v2;
	}
	if (!mount || !name)
		return -ENOENT;
	char full[4608];
	const char *own = r->own[mount == m->v2 ? CTRL_MAX : files[c].controller];
	int n = snprintf(full, sizeof(full), "%s%s/%s", mount, own ? own : r->path, name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	return kfile_read(r->tree->fs, &r->file[c], full, buf, size);
}

static struct metric flat_metric(const char *buf, ssize_t n, const char *key, const char *why)
{
	uint64_t v;
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_flat(buf, (size_t)n, key, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

static struct metric number_metric(struct cgroup_reader *r, enum counter c, char *buf, const char *why)
{
	uint64_t v;
	ssize_t n = read_counter(r, c, buf, READ_SIZE);
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_u64(buf, (size_t)n, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

/* n: what reading it gave. */
static struct metric psi_metric(const char *buf, ssize_t n, const char *which)
{
	static const char why[] = "no pressure information for this group";
	uint64_t v;
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_psi_total(buf, (size_t)n, which, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

static int sample_cpu(struct cgroup_reader *r, struct sample *s, char *buf)
{
	bool v1 = r->tree->mounts.v1[CTRL_CPUACCT] != NULL;
	ssize_t n = read_counter(r, COUNT_CPU, buf, READ_SIZE);
	s->mono_usec = rootfs_now(r->tree->fs).mono_usec;
	s->cpu.vcpus = s->cpu.guest_usec = s->cpu.steal_usec = metric_none(METRIC_ABSENT, "not a VM");
	if (n == -ENODEV || n == -ENOENT) {
		s->cpu.usage_usec = s->cpu.periods = s->cpu.throttled = s->cpu.pressure_usec =
		        metric_none(METRIC_ABSENT, "its group is not in the hierarchy that counts CPU time");
		return -ENODEV;
	}
	if (v1) {
		uint64_t ns;
		bool ok = n > 0 && parse_u64(buf, (size_t)n, &ns) == 0;
		s->cpu.usage_usec =
		        ok ? metric_ok((double)ns / 1000) : metric_errno((int)n, "cpuacct.usage not readable");
		n = read_counter(r, COUNT_THROTTLE, buf, READ_SIZE);
	} else {
		s->cpu.usage_usec = flat_metric(buf, n, "usage_usec", "cpu.stat not readable");
	}
	s->cpu.periods = flat_metric(buf, n, "nr_periods", "no cpu controller for this group");
	s->cpu.throttled = flat_metric(buf, n, "nr_throttled", "no cpu controller for this group");
	n = read_counter(r, COUNT_CPU_PSI, buf, READ_SIZE);
	s->cpu.pressure_usec = psi_metric(buf, n, "some");
	return 0;
}

/* Pages that were reclaimed and had to be read again; one number for both kinds until Linux 5.9. */
static struct metric refaults(const char *buf, ssize_t n, bool v1)
{
	static const char why[] = "this kernel does not count refaults by group";
	struct metric anon = flat_metric(buf, n, v1 ? "total_workingset_refault_anon" : "workingset_refault_anon", why);
	struct metric file = flat_metric(buf, n, v1 ? "total_workingset_refault_file" : "workingset_refault_file", why);
	struct metric pages = metric_add(anon, file);
	if (!metric_is_ok(pages))
		pages = flat_metric(buf, n, v1 ? "total_workingset_refault" : "workingset_refault", why);
	return metric_is_ok(pages) ? metric_ok(pages.v * (double)sysconf(_SC_PAGESIZE)) : pages;
}

/* How often memory was short. */
static void sample_events(struct cgroup_reader *r, struct sample_memory *m, char *buf, const char *off)
{
	static const char v2_only[] = "cgroup v1 does not count it";
	bool v1 = r->tree->mounts.v1[CTRL_MEMORY] != NULL;
	ssize_t n = read_counter(r, COUNT_MEM_EVENTS, buf, READ_SIZE);
	m->oom_kills = flat_metric(buf, n, "oom_kill", off);
	m->events_high = flat_metric(buf, n, "high", v1 ? v2_only : off);
	m->events_oom = flat_metric(buf, n, "oom", v1 ? v2_only : off);
	m->events_max = v1 ? number_metric(r, COUNT_MEM_HITS, buf, off) : flat_metric(buf, n, "max", off);
	n = read_counter(r, COUNT_MEM_PSI, buf, READ_SIZE);
	m->pressure_usec = psi_metric(buf, n, "some");
	m->pressure_full_usec = psi_metric(buf, n, "full");
}

static void sample_memory(struct cgroup_reader *r, struct sample_memory *m, char *buf)
{
	bool v1 = r->tree->mounts.v1[CTRL_MEMORY] != NULL;
	static const char off[] = "no memory controller for this group";
	m->current_bytes = number_metric(r, COUNT_MEMORY, buf, off);
	ssize_t n = read_counter(r, COUNT_MEM_STAT, buf, READ_SIZE);
	struct metric inactive = flat_metric(buf, n, v1 ? "total_inactive_file" : "inactive_file", off);
	m->cache_bytes = flat_metric(buf, n, v1 ? "total_cache" : "file", off);
	m->refault_bytes = refaults(buf, n, v1);
	if (v1)
		m->swap_bytes = flat_metric(buf, n, "total_swap", "no swap accounting");
	else
		m->swap_bytes = number_metric(r, COUNT_SWAP, buf, "no swap accounting");
	m->used_bytes = metric_sub_floor0(m->current_bytes, inactive);
	m->used_by = "working set";
	m->held_bytes = m->current_bytes;
	m->peak_bytes = number_metric(r, COUNT_PEAK, buf, v1 ? off : "memory.peak needs Linux 5.19");
	sample_events(r, m, buf, off);
	m->rss_bytes = m->guest_used_bytes = m->balloon_bytes = metric_none(METRIC_ABSENT, "not a VM");
	m->overhead_bytes = metric_none(METRIC_ABSENT, "no shim or conmon found");
}

static void sample_io(struct cgroup_reader *r, struct sample *s, char *buf)
{
	uint64_t rd, wr;
	bool v1 = r->tree->mounts.v1[CTRL_IO] != NULL;
	if (v1)
		(void)blkio_file(r->tree, s->mono_usec);
	ssize_t n = read_counter(r, COUNT_IO, buf, READ_SIZE);
	static const char off[] = "no io controller for this group", big[] = "more disks than can be added up";
	s->io_read_bytes = s->io_write_bytes = metric_errno((int)n, n == -EFBIG ? big : off);
	if (n < 0)
		return;
	if (v1 && !r->tree->blkio.counted && !blkio_has_devices(buf, (size_t)n)) {
		s->io_read_bytes = s->io_write_bytes = metric_none(
		        METRIC_ABSENT, "on cgroup v1 this kernel counts only disks that have a throttle rule");
		return;
	}
	if (v1)
		(void)parse_blkio(buf, (size_t)n, &rd, &wr);
	else
		(void)parse_io_stat(buf, (size_t)n, &rd, &wr);
	s->io_read_bytes = metric_ok((double)rd);
	s->io_write_bytes = metric_ok((double)wr);
}

/* A group may lack a place in the tree that counts CPU time and still be. */
static bool still_there(const struct cgroup_reader *r)
{
	char full[4608];
	struct stat st;
	(void)snprintf(full, sizeof(full), "%s%s", r->tree->mounts.walk, r->path);
	return r->tree->mounts.layout != CGROUP_UNIFIED && rootfs_stat(r->tree->fs, full, &st) == 0;
}

int cgroup_reader_sample(struct cgroup_reader *r, struct sample *s)
{
	char buf[READ_SIZE];
	int res = sample_cpu(r, s, buf);
	if (res == -ENODEV) {
		/* Dead or re-created under the same name: a fresh look tells which. */
		close_all(r);
		cgroup_tree_forget(r->tree, r->path);
		r->incarnation = read_incarnation(r->tree, r->path);
		if (r->tree->mounts.layout != CGROUP_UNIFIED)
			find_own_paths(r);
		res = sample_cpu(r, s, buf);
	} else if (r->file[COUNT_CPU].fd < 0) {
		/* Beyond the fd budget nothing tells that the directory is another one. */
		r->incarnation = read_incarnation(r->tree, r->path);
	}
	if (res < 0 && !still_there(r))
		return res;
	sample_memory(r, &s->mem, buf);
	sample_io(r, s, buf);
	s->pids = number_metric(r, COUNT_PIDS, buf, "no pids controller for this group");
	s->net_rx_bytes = s->net_tx_bytes = metric_none(METRIC_ABSENT, "its first process is not known");
	s->disk_writable_bytes = metric_none(METRIC_ABSENT, "writable layer not found");
	return 0;
}

/*
 * pids.current says at once that nobody is left.  What it counts may be zombies, which cgroup.procs leaves out; but
 * v1's also leaves out whom our pid namespace does not show.
 */
static bool has_tasks(struct cgroup_reader *r, char *buf, size_t size)
{
	uint64_t tasks;
	ssize_t n = read_counter(r, COUNT_PIDS, buf, size);
	bool counted = n > 0 && parse_u64(buf, (size_t)n, &tasks) == 0;
	if (counted && (tasks == 0 || r->tree->pids_elsewhere))
		return tasks > 0;
	return cgroup_has_members(r->tree, r->path);
}

enum cgroup_life cgroup_reader_life(struct cgroup_reader *r, bool alive)
{
	char buf[512];
	uint64_t v;
	ssize_t n = read_counter(r, COUNT_FREEZER, buf, sizeof(buf));
	bool frozen = n >= 6 && memcmp(buf, "FROZEN", 6) == 0;
	n = read_counter(r, COUNT_EVENTS, buf, sizeof(buf));
	if (n > 0 && parse_flat(buf, (size_t)n, "frozen", &v) == 0)
		frozen = frozen || v == 1;
	bool told = n > 0 && parse_flat(buf, (size_t)n, "populated", &v) == 0;
	bool populated = alive || (told && v == 1);
	/* Only cgroup2's word that it is empty is final, and on a hybrid host its tree may not hold all. */
	if (!populated && (!told || r->tree->mounts.layout != CGROUP_UNIFIED))
		populated = has_tasks(r, buf, sizeof(buf));
	return !populated ? CGROUP_EMPTY : frozen ? CGROUP_FROZEN : CGROUP_POPULATED;
}
