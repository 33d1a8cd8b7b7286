/* The caps: what each level of the tree says, and the minimum that binds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/cgroup/cgroup.h"
#include "source/host.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

/* Caps change by hand (docker update) or by a controller; two seconds is sooner than anybody looks. */
#define LIMITS_AGE 2000000

/* v1 "no limit" is LONG_MAX rounded down to a page; page sizes differ, so anything near it. */
#define V1_UNLIMITED ((uint64_t)1 << 62)

#define LEVEL_PATH_MAX 4096

enum level_file { LEVEL_CPU, LEVEL_CPU_PERIOD, LEVEL_CPUSET, LEVEL_MEM_MAX, LEVEL_MEM_HIGH, LEVEL_FILES };

struct cgroup_level {
	struct kfile file[LEVEL_FILES];
	int64_t read_at, asked_at;
	bool known;
	struct metric cpu, cpuset, mem_max, mem_high; /* of this level alone */
};

/* Reads a file of `controller` at `path` into buf. -ENOENT where the controller is on neither version. */
static ssize_t level_read(struct cgroup_tree *t, struct kfile *k, const char *path, enum controller c, const char *v2,
                          const char *v1, char *buf, size_t size)
{
	char full[4608];
	const char *mount = t->mounts.v1[c] ? t->mounts.v1[c] : t->mounts.on_v2[c] ? t->mounts.v2 : NULL;
	const char *name = t->mounts.v1[c] ? v1 : v2;
	if (!mount || !name)
		return -ENOENT;
	int n = snprintf(full, sizeof(full), "%s%s/%s", mount, path, name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	return kfile_read(t->fs, k, full, buf, size);
}

/* A level without the file caps nothing.  One that has it but cannot be read may cap: that must not pass for no cap. */
static struct metric unread(ssize_t n, const char *why)
{
	return n == -ENOENT ? metric_none(METRIC_UNLIMITED, "no such file at this level") : metric_errno((int)n, why);
}

static struct metric read_cpu(struct cgroup_tree *t, struct cgroup_level *l, const char *path)
{
	char buf[128];
	bool max;
	double cores;
	ssize_t n = level_read(t, &l->file[LEVEL_CPU], path, CTRL_CPU, "cpu.max", "cpu.cfs_quota_us", buf, sizeof(buf));
	if (n < 0)
		return unread(n, "cpu cap not readable");
	if (t->mounts.v1[CTRL_CPU]) {
		int64_t quota;
		uint64_t period;
		if (parse_i64(buf, (size_t)n, &quota) < 0)
			return metric_none(METRIC_ABSENT, "cpu.cfs_quota_us malformed");
		if (quota < 0)
			return metric_none(METRIC_UNLIMITED, "no quota");
		n = level_read(t, &l->file[LEVEL_CPU_PERIOD], path, CTRL_CPU, NULL, "cpu.cfs_period_us", buf,
		               sizeof(buf));
		if (n < 0 || parse_u64(buf, (size_t)n, &period) < 0 || period == 0)
			return metric_none(METRIC_ABSENT, "cpu.cfs_period_us malformed");
		return metric_ok((double)quota / (double)period);
	}
	if (parse_cpu_max(buf, (size_t)n, &cores, &max) < 0)
		return metric_none(METRIC_ABSENT, "cpu.max malformed");
	return max ? metric_none(METRIC_UNLIMITED, "cpu.max is max") : metric_ok(cores);
}

static struct metric read_cpuset(struct cgroup_tree *t, struct cgroup_level *l, const char *path)
{
	char buf[16384]; /* every second of 2,048 CPUs is 5 KB */
	unsigned count;
	ssize_t n = level_read(t, &l->file[LEVEL_CPUSET], path, CTRL_CPUSET, "cpuset.cpus.effective",
	                       "cpuset.effective_cpus", buf, sizeof(buf));
	if (n < 0)
		return unread(n, "cpuset not readable");
	if (parse_cpulist(buf, (size_t)n, &count) < 0)
		return metric_none(METRIC_ABSENT, "cpuset malformed");
	return count ? metric_ok(count) : metric_none(METRIC_UNLIMITED, "cpuset empty: as above it");
}

static struct metric read_memory(struct cgroup_tree *t, struct kfile *k, const char *path, const char *v2,
                                 const char *v1)
{
	char buf[64];
	bool max = false;
	uint64_t v = 0;
	ssize_t n = level_read(t, k, path, CTRL_MEMORY, v2, v1, buf, sizeof(buf));
	if (n < 0)
		return unread(n, "memory cap not readable");
	if (parse_u64_or_max(buf, (size_t)n, &v, &max) < 0)
		return metric_none(METRIC_ABSENT, "memory cap malformed");
	if (max || v >= V1_UNLIMITED)
		return metric_none(METRIC_UNLIMITED, "no cap");
	return metric_ok((double)v);
}

static struct cgroup_level *level_get(struct cgroup_tree *t, const char *path, int64_t now)
{
	struct cgroup_level *l = map_get(&t->levels, *path ? path : "/");
	if (!l) {
		l = xcalloc(1, sizeof(*l));
		for (int i = 0; i < LEVEL_FILES; i++)
			l->file[i] = (struct kfile)KFILE_INIT;
		map_put(&t->levels, *path ? path : "/", l);
	}
	l->asked_at = now;
	if (l->known && now - l->read_at < LIMITS_AGE && now >= l->read_at)
		return l;
	l->cpu = read_cpu(t, l, path);
	l->cpuset = read_cpuset(t, l, path);
	l->mem_max = read_memory(t, &l->file[LEVEL_MEM_MAX], path, "memory.max", "memory.limit_in_bytes");
	l->mem_high = t->mounts.v1[CTRL_MEMORY] ? metric_none(METRIC_UNLIMITED, "no memory.high on v1")
	                                        : read_memory(t, &l->file[LEVEL_MEM_HIGH], path, "memory.high", NULL);
	l->read_at = now;
	l->known = true;
	return l;
}

static void level_free(struct cgroup_tree *t, struct cgroup_level *l)
{
	for (int i = 0; i < LEVEL_FILES; i++)
		kfile_close(t->fs, &l->file[i]);
	free(l);
}

void cgroup_tree_forget(struct cgroup_tree *t, const char *path)
{
	struct cgroup_level *l = map_get(&t->levels, *path ? path : "/");
	if (!l)
		return;
	for (int i = 0; i < LEVEL_FILES; i++)
		kfile_close(t->fs, &l->file[i]);
	l->known = false;
}

void cgroup_tree_trim(struct cgroup_tree *t, int64_t mono_usec)
{
	const char *key;
	void *l;
	for (size_t it = 0; map_next(&t->levels, &it, &key, &l);)
		if (((struct cgroup_level *)l)->asked_at < mono_usec)
			level_free(t, map_remove(&t->levels, key));
}

int cgroup_tree_open(struct cgroup_tree *t, struct rootfs *fs)
{
	cleanup_strbuf struct strbuf ns = STRBUF_INIT;
	*t = (struct cgroup_tree){.fs = fs};
	t->pids_elsewhere = rootfs_readlink(fs, "proc/self/ns/pid", &ns) == 0 && strcmp(ns.buf, INIT_PID_NS) != 0;
	return mounts_read(fs, &t->mounts);
}

void cgroup_tree_close(struct cgroup_tree *t)
{
	void *l;
	for (size_t it = 0; map_next(&t->levels, &it, NULL, &l);)
		level_free(t, l);
	map_release(&t->levels);
	mounts_release(&t->mounts);
}

/* What binds so far, going up: the smallest cap and how much of the path leads to its level. */
struct binding {
	struct metric cap;
	const char *by;
	size_t len;
};

static bool is_unknown(struct metric cap)
{
	return !metric_is_ok(cap) && cap.st != METRIC_UNLIMITED;
}

static void bind_cap(struct binding *b, struct metric cap, const char *by, size_t len)
{
	/* One cap that is not known makes the minimum unknown. */
	if (is_unknown(b->cap) || cap.st == METRIC_UNLIMITED)
		return;
	if (is_unknown(cap))
		*b = (struct binding){.cap = cap};
	else if (!metric_is_ok(b->cap) || cap.v < b->cap.v)
		*b = (struct binding){cap, by, len};
}

static struct allocation binding_result(const struct binding *b, struct arena *a, const char *path, size_t full)
{
	struct allocation r = {.amount = b->cap};
	if (metric_is_ok(b->cap)) {
		r.by = b->by;
		r.at = b->len ? text_clean(arena_fmt(a, "%.*s", (int)b->len, path), b->len) : "/";
		r.shared = b->len < full;
	}
	return r;
}

/* Where going up begins: the group itself, "" for the root. Returns its length. */
static size_t lowest_level(const char *path, char level[LEVEL_PATH_MAX])
{
	size_t full = strcmp(path, "/") == 0 ? 0 : strnlen(path, LEVEL_PATH_MAX - 1);
	memcpy(level, path, full);
	level[full] = '\0';
	return full;
}

/* Cuts the last component off path; false at the root. */
static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

struct allocation cgroup_cpu_allocation(struct cgroup_tree *t, struct arena *arena, const char *path, int64_t now,
                                        double online_cpus)
{
	struct binding b = {.cap = metric_none(METRIC_UNLIMITED, "no cpu cap at any level")};
	/* cpuset.cpus.effective already is what all ancestors leave; the highest level that leaves as few binds. */
	struct binding set = {.cap = metric_none(METRIC_UNLIMITED, NULL)};
	char level[LEVEL_PATH_MAX];
	size_t full = lowest_level(path, level);
	do {
		const struct cgroup_level *l = level_get(t, level, now);
		size_t len = strlen(level);
		bind_cap(&b, l->cpu, t->mounts.v1[CTRL_CPU] ? "cpu.cfs_quota_us" : "cpu.max", len);
		if (is_unknown(l->cpuset))
			bind_cap(&b, l->cpuset, NULL, len);
		else if (metric_is_ok(l->cpuset) && (!metric_is_ok(set.cap) || l->cpuset.v <= set.cap.v))
			set = (struct binding){metric_is_ok(set.cap) ? set.cap : l->cpuset, "cpuset", len};
	} while (to_parent(level));
	if (metric_is_ok(set.cap) && set.cap.v < online_cpus)
		bind_cap(&b, set.cap, set.by, set.len);
	/* As for memory below: a cap beyond the machine is none. */
	if (metric_is_ok(b.cap) && b.cap.v > online_cpus)
		b = (struct binding){.cap = metric_none(METRIC_UNLIMITED, "the cap is beyond the host's CPUs")};
	return binding_result(&b, arena, path, full);
}

struct allocation cgroup_memory_allocation(struct cgroup_tree *t, struct arena *arena, const char *path, int64_t now,
                                           double host_bytes)
{
	struct binding b = {.cap = metric_none(METRIC_UNLIMITED, "no memory cap at any level")};
	char level[LEVEL_PATH_MAX];
	size_t full = lowest_level(path, level);
	do {
		const struct cgroup_level *l = level_get(t, level, now);
		size_t len = strlen(level);
		bind_cap(&b, l->mem_max, t->mounts.v1[CTRL_MEMORY] ? "memory.limit_in_bytes" : "memory.max", len);
		bind_cap(&b, l->mem_high, "memory.high", len);
	} while (to_parent(level));
	/* A cap no host could fill is none: it would only make the sums absurd. */
	if (metric_is_ok(b.cap) && host_bytes > 0 && b.cap.v > host_bytes)
		b = (struct binding){.cap = metric_none(METRIC_UNLIMITED, "the cap is beyond the host's memory")};
	return binding_result(&b, arena, path, full);
}
