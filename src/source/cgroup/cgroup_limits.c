/* The caps: what each level of the tree says, and the minimum that binds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/cgroup/bulk.h"
#include "source/cgroup/cgroup_dirs.h"
#include "source/host.h"
#include "vctop/base/parse.h"
#include "vctop/base/prefetch.h"
#include "vctop/base/text.h"

/* Caps change by hand (docker update) or by a controller; two seconds is sooner than anybody looks. */
#define LIMITS_AGE 2000000
/* Those of a group in which nothing moves, each at its own moment; longer where the kernel tells that they were
 * written. */
#define RESTING_AGE 10000000
#define TOLD_AGE 30000000

/* v1 "no limit" is LONG_MAX rounded down to a page; page sizes differ, so anything near it. */
#define V1_UNLIMITED ((uint64_t)1 << 62)

enum level_file { LEVEL_CPU, LEVEL_CPU_PERIOD, LEVEL_CPUSET, LEVEL_MEM_MAX, LEVEL_MEM_HIGH, LEVEL_FILES };

struct cgroup_level {
	struct cgroup_tree *tree;
	size_t len;
	struct cgroup_level *up;
	unsigned users;
	struct kfile file[LEVEL_FILES];
	int64_t cpu_at, memory_at; /* when they were read */
	unsigned spread;           /* percent */
	bool cpu_known, memory_known;
	bool written;                                 /* by somebody, since it was last asked for */
	int64_t written_usec;                         /* when that was found */
	struct metric cpu, cpuset, mem_max, mem_high; /* of this level alone */
	char path[];                                  /* "" is the root */
};

static void close_files(struct cgroup_level *l)
{
	for (int i = 0; i < LEVEL_FILES; i++)
		kfile_close(l->tree->fs, &l->file[i]);
}

static const char no_cap[] = "no cap";

/* Reads a file of controller `c` at a level into buf. -ENOENT where the controller is on neither version. */
static ssize_t level_read(const struct cgroup_level *l, struct kfile *k, enum controller c, const char *v2,
                          const char *v1, char *buf, size_t size)
{
	struct cgroup_tree *t = l->tree;
	char full[4608];
	if (kfile_is_kept(t->fs, k))
		return kfile_read(t->fs, k, "", buf, size);
	const char *mount = t->mounts.v1[c] ? t->mounts.v1[c] : t->mounts.on_v2[c] ? t->mounts.v2 : NULL;
	const char *name = t->mounts.v1[c] ? v1 : v2;
	if (!mount || !name)
		return -ENOENT;
	int n = snprintf(full, sizeof(full), "%s%s/%s", mount, l->path, name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	return kfile_read(t->fs, k, full, buf, size);
}

/* A level without the file caps nothing.  One that has it but cannot be read may cap: that must not pass for no cap. */
static struct metric unread(ssize_t n, const char *why)
{
	return n == -ENOENT ? metric_none(METRIC_UNLIMITED, "no such file at this level") : metric_errno((int)n, why);
}

static struct metric no_quota(const struct cgroup_tree *t)
{
	return metric_none(METRIC_UNLIMITED, t->mounts.v1[CTRL_CPU] ? "no quota" : "cpu.max is max");
}

static struct metric read_cpu(struct cgroup_level *l)
{
	char buf[128];
	bool max;
	double cores;
	ssize_t n = level_read(l, &l->file[LEVEL_CPU], CTRL_CPU, "cpu.max", "cpu.cfs_quota_us", buf, sizeof(buf));
	if (n < 0)
		return unread(n, "cpu cap not readable");
	if (l->tree->mounts.v1[CTRL_CPU]) {
		int64_t quota;
		uint64_t period;
		if (parse_i64(buf, (size_t)n, &quota) < 0)
			return metric_none(METRIC_ABSENT, "cpu.cfs_quota_us malformed");
		if (quota < 0)
			return no_quota(l->tree);
		n = level_read(l, &l->file[LEVEL_CPU_PERIOD], CTRL_CPU, NULL, "cpu.cfs_period_us", buf, sizeof(buf));
		if (n < 0 || parse_u64(buf, (size_t)n, &period) < 0 || period == 0)
			return metric_none(METRIC_ABSENT, "cpu.cfs_period_us malformed");
		return metric_ok((double)quota / (double)period);
	}
	if (parse_cpu_max(buf, (size_t)n, &cores, &max) < 0)
		return metric_none(METRIC_ABSENT, "cpu.max malformed");
	return max ? no_quota(l->tree) : metric_ok(cores);
}

static struct metric count_cpus(uint64_t n)
{
	return n ? metric_ok((double)n) : metric_none(METRIC_UNLIMITED, "cpuset empty: as above it");
}

static struct metric read_cpuset(struct cgroup_level *l)
{
	char buf[16384]; /* every second of 2,048 CPUs is 5 KB */
	unsigned count;
	ssize_t n = level_read(l, &l->file[LEVEL_CPUSET], CTRL_CPUSET, "cpuset.cpus.effective", "cpuset.effective_cpus",
	                       buf, sizeof(buf));
	if (n < 0)
		return unread(n, "cpuset not readable");
	if (parse_cpulist(buf, (size_t)n, &count) < 0)
		return metric_none(METRIC_ABSENT, "cpuset malformed");
	return count_cpus(count);
}

static struct metric read_memory(const struct cgroup_level *l, struct kfile *k, const char *v2, const char *v1)
{
	char buf[64];
	bool max = false;
	uint64_t v = 0;
	ssize_t n = level_read(l, k, CTRL_MEMORY, v2, v1, buf, sizeof(buf));
	if (n < 0)
		return unread(n, "memory cap not readable");
	if (parse_u64_or_max(buf, (size_t)n, &v, &max) < 0)
		return metric_none(METRIC_ABSENT, "memory cap malformed");
	if (max || v >= V1_UNLIMITED)
		return metric_none(METRIC_UNLIMITED, no_cap);
	return metric_ok((double)v);
}

/* How old may it be? Of what is in the hierarchy whose directories are watched, writing is told. */
static int64_t age_of(const struct cgroup_level *l, enum controller c, bool resting)
{
	const struct cgroup_tree *t = l->tree;
	const char *mount = t->mounts.v1[c] ? t->mounts.v1[c] : t->mounts.v2;
	if (!resting)
		return LIMITS_AGE;
	int64_t age = t->dirs && !t->once && mount == t->mounts.walk ? TOLD_AGE : RESTING_AGE;
	return age - age / 300 * l->spread;
}

static bool is_fresh(bool known, int64_t read_at, int64_t now, int64_t age)
{
	return known && now - read_at < age && now >= read_at;
}

/* In whole microseconds, as the files have it. */
static struct metric told_cpu(const struct cgroup_tree *t, const struct bulk_record *r)
{
	if (r->period_nsec == BULK_NONE)
		return unread(-ENOENT, NULL);
	if (r->quota_nsec == UINT64_MAX)
		return no_quota(t);
	uint64_t quota = r->quota_nsec / 1000, period = r->period_nsec / 1000;
	return metric_ok((double)quota / (double)period);
}

/* What was told may be older than what somebody has written since: then files are read. */
static const struct bulk_record *not_older(struct cgroup_level *l, const struct bulk_record *told, int64_t now)
{
	if (l->written)
		l->written_usec = now;
	l->written = false;
	return now - l->written_usec >= BULK_AGE / 1000 || now < l->written_usec ? told : NULL;
}

static void refresh_cpu(struct cgroup_level *l, const struct bulk_record *told, int64_t now, bool resting)
{
	told = not_older(l, told, now);
	bool quota = told && told->period_nsec >= 1000 && told->period_nsec != BULK_UNKNOWN;
	bool cpus = told && told->cpus != BULK_UNKNOWN;
	if (quota)
		l->cpu = told_cpu(l->tree, told);
	if (cpus)
		l->cpuset = told->cpus == BULK_NONE ? unread(-ENOENT, NULL) : count_cpus(told->cpus);
	if (!quota || !cpus) {
		if (is_fresh(l->cpu_known, l->cpu_at, now, age_of(l, CTRL_CPU, resting)))
			return;
		l->cpu = quota ? l->cpu : read_cpu(l);
		l->cpuset = cpus ? l->cpuset : read_cpuset(l);
		if (resting && l->tree->fds_are_short)
			close_files(l);
	}
	l->cpu_at = now;
	l->cpu_known = true;
}

static struct metric told_memory(const struct cgroup_tree *t, uint64_t pages)
{
	if (pages == BULK_NONE)
		return unread(-ENOENT, NULL);
	uint64_t v = pages * t->page_size;
	return v >= V1_UNLIMITED ? metric_none(METRIC_UNLIMITED, no_cap) : metric_ok((double)v);
}

static void refresh_memory(struct cgroup_level *l, const struct bulk_record *told, int64_t now, bool resting)
{
	bool v1 = l->tree->mounts.v1[CTRL_MEMORY] != NULL;
	told = not_older(l, told, now);
	if (told && told->max_pages != BULK_UNKNOWN && (v1 || told->high_pages != BULK_UNKNOWN)) {
		l->mem_max = told_memory(l->tree, told->max_pages);
		l->mem_high = told_memory(l->tree, told->high_pages);
	} else if (is_fresh(l->memory_known, l->memory_at, now, age_of(l, CTRL_MEMORY, resting))) {
		return;
	} else {
		l->mem_max = read_memory(l, &l->file[LEVEL_MEM_MAX], "memory.max", "memory.limit_in_bytes");
		l->mem_high = read_memory(l, &l->file[LEVEL_MEM_HIGH], "memory.high", NULL);
	}
	if (v1)
		l->mem_high = metric_none(METRIC_UNLIMITED, "no memory.high on v1");
	l->memory_at = now;
	l->memory_known = true;
}

void cgroup_level_prefetch(const struct cgroup_level *l)
{
	prefetch(l, sizeof(*l));
}

static void level_close(struct cgroup_level *l)
{
	close_files(l);
	l->cpu_known = l->memory_known = false;
}

struct cgroup_level *cgroup_level_get(struct cgroup_tree *t, const char *path)
{
	bool root = !*path || strcmp(path, "/") == 0;
	const char *key = root ? "/" : path;
	struct cgroup_level *l = map_get(&t->levels, key);
	if (!l) {
		size_t len = root ? 0 : strlen(path);
		l = xcalloc(1, sizeof(*l) + len + 1);
		l->tree = t;
		l->len = len;
		memcpy(l->path, path, len);
		l->written_usec = INT64_MIN / 2;
		l->spread = (unsigned)(map_hash(path) % 100);
		for (int i = 0; i < LEVEL_FILES; i++)
			l->file[i] = (struct kfile)KFILE_INIT;
		map_put(&t->levels, root ? "/" : l->path, l);
		const char *slash = strrchr(l->path, '/');
		if (slash) {
			cleanup_free char *up = xstrndup(l->path, (size_t)(slash - l->path));
			l->up = cgroup_level_get(t, up);
		}
	}
	l->users++;
	return l;
}

void cgroup_level_put(struct cgroup_level *l)
{
	while (l && --l->users == 0) {
		struct cgroup_level *up = l->up;
		(void)map_remove(&l->tree->levels, l->len ? l->path : "/");
		level_close(l);
		free(l);
		l = up;
	}
}

void cgroup_level_at(struct cgroup_tree *t, struct cgroup_level **l, const char *path)
{
	if (*l && strcmp((*l)->len ? (*l)->path : "/", path) == 0)
		return;
	struct cgroup_level *old = *l;
	*l = cgroup_level_get(t, path);
	cgroup_level_put(old);
}

void cgroup_tree_forget(struct cgroup_tree *t, const char *path)
{
	struct cgroup_level *l = map_get(&t->levels, *path ? path : "/");
	if (l)
		level_close(l);
}

bool cgroup_is_cap(const char *file)
{
	static const char *const caps[] = {
	        "cpu.max",          "memory.max",       "memory.high", "cpuset.cpus", "memory.limit_in_bytes",
	        "cpu.cfs_quota_us", "cpu.cfs_period_us"};
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++)
		if (strcmp(file, caps[i]) == 0)
			return true;
	return false;
}

void cgroup_tree_stale(struct cgroup_tree *t, const char *path)
{
	struct cgroup_level *l = map_get(&t->levels, *path ? path : "/");
	if (l)
		l->cpu_known = l->memory_known = false, l->written = true;
}

int cgroup_tree_open(struct cgroup_tree *t, struct rootfs *fs)
{
	cleanup_strbuf struct strbuf ns = STRBUF_INIT;
	*t = (struct cgroup_tree){
	        .fs = fs, .types.fs = fs, .page_size = (uint64_t)sysconf(_SC_PAGESIZE), .levels.borrows = true};
	t->may_rest = rootfs_is_live(fs) && !rootfs_is_traced(fs);
	t->pids_elsewhere = rootfs_readlink(fs, "proc/self/ns/pid", &ns) == 0 && strcmp(ns.buf, INIT_PID_NS) != 0;
	int r = mounts_read(fs, &t->mounts);
	return r;
}

void cgroup_tree_close(struct cgroup_tree *t)
{
	cgroup_dirs_free(t->dirs);
	bulk_close(t->bulk);
	types_forget(&t->types);
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

static struct allocation binding_result(const struct binding *b, struct arena *a, const struct cgroup_level *of)
{
	struct allocation r = {.amount = b->cap};
	if (metric_is_ok(b->cap)) {
		r.by = b->by;
		r.at = b->len ? text_clean(arena_strndup(a, of->path, b->len), b->len) : "/";
		r.shared = b->len < of->len;
	}
	return r;
}

struct allocation cgroup_cpu_allocation(struct cgroup_level *of, const struct cap_question *q)
{
	struct binding b = {.cap = metric_none(METRIC_UNLIMITED, "no cpu cap at any level")};
	/* cpuset.cpus.effective already is what all ancestors leave; the highest level that leaves as few binds. */
	struct binding set = {.cap = metric_none(METRIC_UNLIMITED, NULL)};
	for (struct cgroup_level *l = of; l; l = l->up) {
		refresh_cpu(l, l == of ? q->told : NULL, q->mono_usec, l == of && q->resting);
		bind_cap(&b, l->cpu, l->tree->mounts.v1[CTRL_CPU] ? "cpu.cfs_quota_us" : "cpu.max", l->len);
		if (is_unknown(l->cpuset))
			bind_cap(&b, l->cpuset, NULL, l->len);
		else if (metric_is_ok(l->cpuset) && (!metric_is_ok(set.cap) || l->cpuset.v <= set.cap.v))
			set = (struct binding){metric_is_ok(set.cap) ? set.cap : l->cpuset, "cpuset", l->len};
	}
	if (metric_is_ok(set.cap) && set.cap.v < q->host)
		bind_cap(&b, set.cap, set.by, set.len);
	/* As for memory below: a cap beyond the machine is none. */
	if (metric_is_ok(b.cap) && b.cap.v > q->host)
		b = (struct binding){.cap = metric_none(METRIC_UNLIMITED, "the cap is beyond the host's CPUs")};
	return binding_result(&b, q->arena, of);
}

struct allocation cgroup_memory_allocation(struct cgroup_level *of, const struct cap_question *q)
{
	struct binding b = {.cap = metric_none(METRIC_UNLIMITED, "no memory cap at any level")};
	for (struct cgroup_level *l = of; l; l = l->up) {
		refresh_memory(l, l == of ? q->told : NULL, q->mono_usec, l == of && q->resting);
		bind_cap(&b, l->mem_max, l->tree->mounts.v1[CTRL_MEMORY] ? "memory.limit_in_bytes" : "memory.max",
		         l->len);
		bind_cap(&b, l->mem_high, "memory.high", l->len);
	}
	/* A cap no host could fill is none: it would only make the sums absurd. */
	if (metric_is_ok(b.cap) && q->host > 0 && b.cap.v > q->host)
		b = (struct binding){.cap = metric_none(METRIC_UNLIMITED, "the cap is beyond the host's memory")};
	return binding_result(&b, q->arena, of);
}
