/*
 * The iterator over all groups against the files of each, on this machine: in `make check` as it is, and in a guest
 * with pure cgroup v2 (tests/live/guest.bats).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "own_group.h"
#include "source/cgroup/cgroup_reader.h"
#include "source/cgroup/stat_order.h"
#include "unit.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define MAX_GROUPS 512
#define BATCH 1048576

struct group {
	char *path; /* below the mount */
	uint64_t id, before, after;
};
static struct {
	struct rootfs *fs;
	struct mounts m;
	struct kernel_types types;
	struct group v[MAX_GROUPS];
	size_t n;
	char *own;    /* a group that was made in all hierarchies; NULL: none could be */
	pid_t member; /* the process in it */
} here;

static int take(const char *path, const struct stat *st, int type, struct FTW *at)
{
	bool own = here.own && strcmp(path + 1 + strlen(here.m.walk), here.own) == 0; /* has the first place already */
	if (type == FTW_D && at->level > 0 && here.n < MAX_GROUPS && !own)
		here.v[here.n++] = (struct group){.path = xstrdup(path + 1 + strlen(here.m.walk)), .id = st->st_ino};
	return 0;
}

static void list_groups(void)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "/%s", here.m.walk);
	while (here.n > 0)
		free(here.v[--here.n].path);
	struct stat st;
	cleanup_free char *own = here.own ? xasprintf("%s%s", path, here.own) : NULL;
	if (own && stat(own, &st) == 0)
		here.v[here.n++] = (struct group){.path = xstrdup(here.own), .id = st.st_ino};
	(void)nftw(path, take, 16, FTW_PHYS);
}

/* ---- a group of our own, with a process and a cap, in every hierarchy ---- */

static const char *mount_at(int c)
{
	const char *at = c < CTRL_MAX ? here.m.v1[c] : here.m.v2;
	for (int before = 0; at && before < c; before++)
		if (here.m.v1[before] && strcmp(here.m.v1[before], at) == 0)
			return NULL; /* had already */
	return at;
}

static bool write_own(const char *mount, const char *file, const char *text)
{
	cleanup_free char *path = xasprintf("/%s%s/%s", mount, here.own, file);
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A new cpuset of v1 has neither CPUs nor memory, so nobody may enter it. */
static void copy_own(const char *mount, const char *file)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *path = xasprintf("%s/%s", mount, file);
	if (rootfs_read(here.fs, path, 4096, &text) > 0)
		(void)write_own(mount, file, text.buf);
}

static void remove_own(void)
{
	if (here.member > 0) {
		/* Who is frozen does not die. */
		if (here.m.v1[CTRL_FREEZER])
			(void)write_own(here.m.v1[CTRL_FREEZER], "freezer.state", "THAWED");
		(void)kill(here.member, SIGKILL);
		(void)waitpid(here.member, NULL, 0);
	}
	for (int c = 0; c <= CTRL_MAX && here.own; c++) {
		cleanup_free char *dir = mount_at(c) ? xasprintf("/%s%s", mount_at(c), here.own) : NULL;
		for (int tries = 0; dir && tries < 100 && rmdir(dir) < 0 && errno == EBUSY; tries++)
			(void)usleep(10000);
	}
	free(here.own);
	here.own = NULL;
	here.member = 0;
}

static bool enter_own(int c)
{
	char pid[16];
	cleanup_free char *dir = xasprintf("/%s%s", mount_at(c), here.own);
	(void)snprintf(pid, sizeof(pid), "%d", (int)here.member);
	if (mkdir(dir, 0755) < 0)
		return false;
	remember_group(dir);
	copy_own(mount_at(c), "cpuset.cpus");
	copy_own(mount_at(c), "cpuset.mems");
	return write_own(mount_at(c), "cgroup.procs", pid);
}

static void run_a_while(int sig)
{
	(void)sig;
	clock_t end = clock() + CLOCKS_PER_SEC / 50;
	while (clock() < end)
		;
}

static void make_own(void)
{
	here.own = xasprintf("/vctop-bulk-%d", (int)getpid());
	here.member = fork();
	if (here.member == 0) {
		(void)signal(SIGUSR1, run_a_while);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	bool ok = here.member > 0;
	for (int c = 0; c <= CTRL_MAX && ok; c++)
		ok = !mount_at(c) || enter_own(c);
	if (!ok) {
		print_message("# no group of our own can be made here: %s\n", strerror(errno));
		remove_own();
	} else if (here.m.v1[CTRL_CPU]) {
		(void)write_own(here.m.v1[CTRL_CPU], "cpu.cfs_quota_us", "50000");
	}
}

/* How a file's text is a number; r < 0: not. */
typedef int (*parser)(const char *s, size_t n, const char *key, uint64_t *ret);

static int whole(const char *s, size_t n, const char *key, uint64_t *ret)
{
	(void)key;
	return parse_u64(s, n, ret);
}

static int sum(const char *s, size_t n, const char *keys, uint64_t *ret)
{
	uint64_t a, b = 0;
	const char *second = strchr(keys, ' ');
	cleanup_free char *first = xstrndup(keys, second ? (size_t)(second - keys) : strlen(keys));
	if (parse_flat(s, n, first, &a) < 0 || (second && parse_flat(s, n, second + 1, &b) < 0))
		return -EINVAL;
	*ret = a + b;
	return 0;
}

static int bytes_or_max(const char *s, size_t n, const char *key, uint64_t *ret)
{
	bool max;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	(void)key;
	int r = parse_u64_or_max(s, n, ret, &max);
	if (r == 0 && max)
		*ret = INT64_MAX / page * page;
	return r;
}

static int quota(const char *s, size_t n, const char *key, uint64_t *ret)
{
	(void)key;
	*ret = UINT64_MAX / 1000;
	return n && (*s == 'm' || *s == '-') ? 0 : sscanf(s, "%lu", ret) == 1 ? 0 : -EINVAL;
}

static int period(const char *s, size_t n, const char *key, uint64_t *ret)
{
	(void)n;
	(void)key;
	return sscanf(s, "%*s %lu", ret) == 1 ? 0 : -EINVAL;
}

static int is_thawed(const char *s, size_t n, const char *key, uint64_t *ret)
{
	(void)key;
	*ret = !(n >= 6 && memcmp(s, "THAWED", 6) == 0);
	return 0;
}

static int count_of_list(const char *s, size_t n, const char *key, uint64_t *ret)
{
	unsigned count;
	(void)key;
	int r = parse_cpulist(s, n, &count);
	*ret = r < 0 ? 0 : count;
	return r;
}

static void read_groups(const char *mount, const char *file, parser parse, const char *key, bool after)
{
	for (size_t i = 0; i < here.n; i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		cleanup_free char *path = xasprintf("%s%s/%s", mount, here.v[i].path, file);
		uint64_t v = BULK_UNKNOWN;
		if (rootfs_read(here.fs, path, 65536, &text) > 0 && parse(text.buf, text.len, key, &v) < 0)
			v = BULK_UNKNOWN;
		*(after ? &here.v[i].after : &here.v[i].before) = v;
	}
}

static struct bulk *open_or_skip(size_t room)
{
	const char *why = NULL;
	struct bulk *b = bulk_open(&here.types, &here.m, room, &why);
	if (!b) {
		assert_non_null(why);
		print_message("# skipped: %s\n", why);
		skip();
	}
	return b;
}

static const struct bulk_record *record(const struct bulk *b, uint64_t id)
{
	for (size_t i = 1; i <= b->n; i++)
		if (b->records[i].id == id)
			return &b->records[i];
	return NULL;
}

enum moves { NEVER_BACK, STANDS, BY_BATCHES, FOLLOWS };
/* In units of the file: told / per * times. */
struct number {
	enum moves moves;
	enum controller controller; /* CTRL_MAX: on v2 whatever it has */
	const char *v2, *v1;        /* NULL: not told there */
	parser parse;
	const char *key;
	size_t at;
	uint64_t per, times;
};
#define AT(member) offsetof(struct bulk_record, member)
static const struct number numbers[] = {
        {NEVER_BACK, CTRL_CPUACCT, "cpu.stat", NULL, sum, "usage_usec", AT(cpu_nsec), 1000, 1},
        {NEVER_BACK, CTRL_CPUACCT, NULL, "cpuacct.usage", whole, NULL, AT(cpu_nsec), 1, 1},
        {STANDS, CTRL_CPU, "cpu.stat", "cpu.stat", sum, "nr_periods", AT(periods), 1, 1},
        {STANDS, CTRL_CPU, "cpu.stat", "cpu.stat", sum, "nr_throttled", AT(throttled), 1, 1},
        {STANDS, CTRL_CPU, "cpu.max", "cpu.cfs_quota_us", quota, NULL, AT(quota_nsec), 1000, 1},
        {STANDS, CTRL_CPU, "cpu.max", NULL, period, NULL, AT(period_nsec), 1000, 1},
        {STANDS, CTRL_CPU, NULL, "cpu.cfs_period_us", whole, NULL, AT(period_nsec), 1000, 1},
        {STANDS, CTRL_CPUSET, "cpuset.cpus.effective", "cpuset.effective_cpus", count_of_list, NULL, AT(cpus), 1, 1},
        {STANDS, CTRL_MEMORY, "memory.current", "memory.usage_in_bytes", whole, NULL, AT(pages), 1, 4096},
        {STANDS, CTRL_MEMORY, "memory.max", "memory.limit_in_bytes", bytes_or_max, NULL, AT(max_pages), 1, 4096},
        {STANDS, CTRL_MEMORY, "memory.high", NULL, bytes_or_max, NULL, AT(high_pages), 1, 4096},
        {STANDS, CTRL_MEMORY, "memory.peak", "memory.max_usage_in_bytes", whole, NULL, AT(peak_pages), 1, 4096},
        {STANDS, CTRL_MEMORY, "memory.swap.current", NULL, whole, NULL, AT(swap_pages), 1, 4096},
        {STANDS, CTRL_MEMORY, NULL, "memory.failcnt", whole, NULL, AT(hits), 1, 1},
        {STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "high", AT(high), 1, 1},
        {STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "max", AT(max), 1, 1},
        {STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "oom", AT(oom), 1, 1},
        {STANDS, CTRL_MEMORY, "memory.events", "memory.oom_control", sum, "oom_kill", AT(oom_kills), 1, 1},
        {BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "file", AT(file), 1, 4096},
        {BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "inactive_file", AT(inactive_file), 1, 4096},
        {BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "workingset_refault_anon", AT(refault_anon), 1, 1},
        {BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "workingset_refault_file", AT(refault_file), 1, 1},
        {FOLLOWS, CTRL_MEMORY, "memory.stat", "memory.stat", sum, "inactive_file", AT(lru_inactive), 1, 4096},
        {FOLLOWS, CTRL_MEMORY, "memory.stat", "memory.stat", sum, "active_file", AT(lru_active), 1, 4096},
        {STANDS, CTRL_PIDS, "pids.current", "pids.current", whole, NULL, AT(life.pids), 1, 1},
        {STANDS, CTRL_FREEZER, NULL, "freezer.state", is_thawed, NULL, AT(life.freezing), 1, 1},
        {STANDS, CTRL_MAX, "cgroup.events", NULL, sum, "frozen", AT(life.frozen), 1, 1},
};

static const char *mount_of(const struct number *n)
{
	const char *v1 = n->controller < CTRL_MAX ? here.m.v1[n->controller] : NULL;
	return v1 ? v1 : here.m.v2;
}

static const char *file_of(const struct number *n)
{
	return n->controller < CTRL_MAX && here.m.v1[n->controller] ? n->v1 : n->v2;
}

static uint64_t number_in(const struct bulk_record *r, size_t at)
{
	uint64_t v;
	memcpy(&v, (const char *)r + at, sizeof(v));
	return v;
}

/*
 * Since Linux 6.10 the kernel's types do not tell where memory.stat's items are; nor are the lists told with MGLRU.
 * Where a hierarchy is not the walked one, nothing is told of groups without processes of their own.
 */
static bool is_there(const struct bulk *b, const struct number *n)
{
	bool always = n->moves != BY_BATCHES && n->moves != FOLLOWS && (mount_of(n) == here.m.walk || here.own);
	for (size_t i = 1; !always && mount_of(n) == here.m.walk && i <= b->n; i++)
		if (number_in(&b->records[i], n->at) != BULK_UNKNOWN)
			return true;
	return always;
}

/* From the walked hierarchy; it may be there still in the others. */
static bool has_gone(const struct group *g)
{
	struct stat st;
	cleanup_free char *dir = xasprintf("/%s%s", here.m.walk, g->path);
	return stat(dir, &st) < 0 || st.st_ino != g->id;
}

static unsigned compare(struct bulk *b, const struct number *n)
{
	const char *file = file_of(n);
	uint64_t times = n->times == 4096 ? (uint64_t)sysconf(_SC_PAGESIZE) : n->times;
	unsigned compared = 0;
	if (!file || !mount_of(n))
		return 0;
	list_groups();
	read_groups(mount_of(n), file, n->parse, n->key, false);
	assert_int_equal(bulk_read(b), 0);
	read_groups(mount_of(n), file, n->parse, n->key, true);
	bool there = is_there(b, n);
	for (size_t i = 0; i < here.n; i++) {
		const struct group *g = &here.v[i];
		const struct bulk_record *r = record(b, g->id);
		if (g->before == BULK_UNKNOWN || g->after == BULK_UNKNOWN || !there ||
		    (n->moves != NEVER_BACK && g->before != g->after))
			continue; /* came or went, or moves: what a gauge was in between nobody can say */
		if (!r && has_gone(g))
			continue;
		assert_non_null(r);
		uint64_t told = number_in(r, n->at), is = told / n->per * times;
		/* No cap is the same number, so its period says whether it is told. */
		bool unknown = (n->at == AT(quota_nsec) ? r->period_nsec : told) == BULK_UNKNOWN;
		if (unknown && (mount_of(n) != here.m.walk || n->moves == FOLLOWS))
			continue;
		if (n->moves == FOLLOWS) /* within what a CPU may hold back */
			is = llabs((long long)(is - g->before)) < BATCH ? g->before : is;
		if (n->parse == is_thawed)
			is = is != 0;
		if (is < g->before || is > g->after)
			fail_msg("%s/%s: %llu is not within %llu .. %llu", g->path, file, (unsigned long long)told,
			         (unsigned long long)g->before, (unsigned long long)g->after);
		compared++;
	}
	return compared;
}

static void all_is_what_the_files_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct bulk *b = open_or_skip(4096); /* anew: nothing is as old as BULK_AGE allows */
		const struct number *n = &numbers[i];
		unsigned compared = compare(b, n);
		const char *file = file_of(n);
		if (file)
			print_message("# %s %s: %u of %zu groups compared\n", file, n->key ? n->key : "", compared,
			              here.n);
		assert_true(!file || compared > 0 || !is_there(b, n));
		bulk_close(b);
	}
}

static void a_group_without_a_controllers_files_is_not_told_of(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	unsigned compared = 0;
	list_groups();
	assert_int_equal(bulk_read(b), 0);
	for (size_t i = 0; i < here.n && here.m.walk == here.m.v2; i++) {
		cleanup_free char *dir = xasprintf("/%s%s", here.m.walk, here.v[i].path);
		cleanup_free char *file = xasprintf("%s/memory.current", dir);
		const struct bulk_record *r = record(b, here.v[i].id);
		if (!r || access(dir, F_OK) != 0)
			continue;
		assert_int_equal(r->pages != BULK_UNKNOWN, access(file, F_OK) == 0);
		compared++;
	}
	print_message("# %u groups compared\n", compared);
	bulk_close(b);
}

/* ---- what is believed instead of a file only while nothing is left to be summed up ---- */

/* Reads a group's file: a number each for keys, BULK_UNKNOWN where there is none. */
static void read_numbers(const struct group *g, const char *mount, const char *file, const char *const *keys, size_t n,
                         uint64_t *ret)
{
	int err[4];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *path = xasprintf("%s%s/%s", mount, g->path, file);
	ssize_t r = rootfs_read(here.fs, path, 65536, &text);
	parse_flat_all(text.buf, r < 0 ? 0 : (size_t)r, keys, n, ret, err);
	for (size_t i = 0; i < n; i++)
		ret[i] = err[i] < 0 ? BULK_UNKNOWN : ret[i];
}

static bool stats_are_settled(const struct bulk *b, const struct bulk_record *r)
{
	return (b->stats_summed || r->stats_unsummed <= 64) && r->file != BULK_UNKNOWN;
}

/* One group, between two readings of its file. */
static bool compare_stat(struct bulk *b, const struct group *g, const char *const *keys)
{
	uint64_t before[4], after[4], page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t hint = 0;
	read_numbers(g, here.m.walk, "memory.stat", keys, 4, before);
	assert_int_equal(bulk_read(b), 0);
	const struct bulk_record *r = bulk_find(b, g->id, &hint);
	if (!r || !stats_are_settled(b, r))
		return false;
	const uint64_t told[4] = {r->file * page, r->inactive_file * page, r->refault_anon, r->refault_file};
	read_numbers(g, here.m.walk, "memory.stat", keys, 4, after);
	if (memcmp(before, after, sizeof(before)) != 0 || before[0] == BULK_UNKNOWN)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (before[i] != BULK_UNKNOWN && (int64_t)told[i] >= 0 && told[i] != before[i])
			fail_msg("%s/memory.stat %s: told %llu, is %llu", g->path, keys[i], (unsigned long long)told[i],
			         (unsigned long long)before[i]);
	return true;
}

static void settled_items_are_what_memory_stat_says(void **state)
{
	(void)state;
	static const char *const v1[] = {"total_cache", "total_inactive_file", "total_workingset_refault_anon",
	                                 "total_workingset_refault_file"};
	static const char *const v2[] = {"file", "inactive_file", "workingset_refault_anon", "workingset_refault_file"};
	struct bulk *b = open_or_skip(4096);
	bool swap, told = here.m.walk == (here.m.v1[CTRL_MEMORY] ? here.m.v1[CTRL_MEMORY] : here.m.v2);
	unsigned compared = 0;
	if (told && b->stats_by_order)
		told = stat_order_ask(&here.types, &here.m, &swap) == STAT_ORDER_HOLDS;
	list_groups();
	for (size_t i = 0; i < here.n && told; i++)
		compared += compare_stat(b, &here.v[i], here.m.v1[CTRL_MEMORY] ? v1 : v2);
	print_message("# %u of %zu groups compared%s\n", compared, here.n, told ? "" : ": not told here");
	bulk_close(b);
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" */
static uint64_t read_stall(const struct group *g, const char *file, const char *which)
{
	uint64_t usec = BULK_UNKNOWN;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *path = xasprintf("%s%s/%s", here.m.v2, g->path, file);
	ssize_t n = rootfs_read(here.fs, path, 4096, &text);
	return n > 0 && parse_psi_total(text.buf, (size_t)n, which, &usec) == 0 ? usec : BULK_UNKNOWN;
}

static bool compare_stall(const struct group *g, uint64_t told, const char *file, const char *which)
{
	uint64_t usec = read_stall(g, file, which);
	if (told != BULK_UNKNOWN && usec != BULK_UNKNOWN && told / 1000 != usec)
		print_message("# %s/%s %s: told %llu ns, is %llu us\n", g->path, file, which, (unsigned long long)told,
		              (unsigned long long)usec);
	return told == BULK_UNKNOWN || usec == BULK_UNKNOWN || told / 1000 == usec;
}

static bool compare_stalls(const struct group *g, const struct bulk_record *told)
{
	bool same = compare_stall(g, told->cpu_waited_nsec, "cpu.pressure", "some");
	same = compare_stall(g, told->memory_waited_nsec, "memory.pressure", "some") && same;
	return compare_stall(g, told->memory_all_waited_nsec, "memory.pressure", "full") && same;
}

/* Not read before it is told, for the reading of a file sums up.  Who has run meanwhile may have waited. */
static void settled_stalls_are_what_pressure_says(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096); /* anew: nothing is as old as BULK_AGE allows */
	struct bulk_record told[MAX_GROUPS] = {0};
	bool same[MAX_GROUPS];
	unsigned compared = 0;
	list_groups();
	assert_int_equal(bulk_read(b), 0);
	for (size_t i = 0; i < here.n && here.m.v2; i++) {
		const struct bulk_record *r = record(b, here.v[i].id);
		if (!r || r->waits_counted != 1 || r->waits_unsummed != 0 || r->cpu_nsec == BULK_UNKNOWN)
			continue;
		told[i] = *r;
		same[i] = compare_stalls(&here.v[i], r);
	}
	assert_int_equal(bulk_read(b), 0);
	for (size_t i = 0; i < here.n; i++) {
		const struct bulk_record *r = told[i].id ? record(b, told[i].id) : NULL;
		if (!r || r->cpu_nsec != told[i].cpu_nsec)
			continue;
		compared++;
		assert_true(same[i]);
	}
	print_message("# %u of %zu groups compared\n", compared, here.n);
	bulk_close(b);
}

/* A group that no disk is counted for has nothing in its file: neither devices nor a total above 0. */
static void without_disks_the_file_has_none(void **state)
{
	(void)state;
	const char *v1 = here.m.v1[CTRL_IO], *file = v1 ? "blkio.throttle.io_service_bytes_recursive" : "io.stat";
	struct bulk *b = open_or_skip(4096);
	unsigned without = 0, with = 0;
	list_groups();
	assert_int_equal(bulk_read(b), 0);
	for (size_t i = 0; i < here.n && (v1 || here.m.v2); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		cleanup_free char *path = xasprintf("%s%s/%s", v1 ? v1 : here.m.v2, here.v[i].path, file);
		const struct bulk_record *r = record(b, here.v[i].id);
		if (!r || r->disks == BULK_UNKNOWN || rootfs_read(here.fs, path, 65536, &text) < 0)
			continue;
		with += r->disks != 0;
		without += r->disks == 0;
		if (r->disks == 0 && text.len && strcmp(text.buf, "Total 0\n") != 0)
			fail_msg("%s: %s", path, text.buf);
	}
	print_message("# %u groups with disks, %u without\n", with, without);
	bulk_close(b);
}

/* What is told of our own group, afresh. */
static struct bulk_record own_record(void)
{
	struct stat st;
	size_t hint = 0;
	cleanup_free char *dir = xasprintf("/%s%s", here.m.walk, here.own);
	struct bulk *b = open_or_skip(4096);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(bulk_read(b), 0);
	const struct bulk_record *r = bulk_find(b, st.st_ino, &hint);
	assert_non_null(r);
	struct bulk_record copy = *r;
	bulk_close(b);
	return copy;
}

static bool have_own_beside(int c)
{
	bool have = here.own && here.m.v1[c] && here.m.v1[c] != here.m.walk;
	if (!have)
		print_message("# no group of our own in a hierarchy of v1 beside the walked one\n");
	return have;
}

static void freezing_is_told(void **state)
{
	(void)state;
	if (!have_own_beside(CTRL_FREEZER))
		return;
	assert_int_equal(own_record().life.freezing, 0);
	assert_true(write_own(here.m.v1[CTRL_FREEZER], "freezer.state", "FROZEN"));
	struct bulk_record frozen = own_record();
	assert_true(write_own(here.m.v1[CTRL_FREEZER], "freezer.state", "THAWED"));
	assert_true(frozen.life.freezing != 0 && frozen.life.freezing != BULK_UNKNOWN);
	assert_int_equal(frozen.life.pids, 1);
}

/* A process that is elsewhere in one hierarchy does not make the numbers there the group's. */
static void who_is_elsewhere_does_not_lead_there(void **state)
{
	(void)state;
	char pid[16];
	if (!have_own_beside(CTRL_CPU))
		return;
	assert_int_equal(own_record().quota_nsec, 50000000);
	cleanup_free char *root = xasprintf("/%s/cgroup.procs", here.m.v1[CTRL_CPU]);
	(void)snprintf(pid, sizeof(pid), "%d", (int)here.member);
	cleanup_close int fd = open(root, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0 && write(fd, pid, strlen(pid)) > 0);
	struct bulk_record moved = own_record();
	assert_true(write_own(here.m.v1[CTRL_CPU], "cgroup.procs", pid));
	assert_true(moved.quota_nsec == BULK_UNKNOWN && moved.period_nsec == BULK_UNKNOWN);
	assert_int_equal(moved.life.pids, here.m.v1[CTRL_PIDS] ? 1 : moved.life.pids);
}

/* Reads all once more. false: others came or went, so our group's record is another, which begins anew. */
static bool read_again(struct bulk *b, size_t *hint, struct bulk_record *ret)
{
	struct stat st;
	cleanup_free char *dir = xasprintf("/%s%s", here.m.walk, here.own);
	size_t was = *hint;
	if (stat(dir, &st) < 0 || bulk_read(b) < 0)
		return false;
	const struct bulk_record *r = bulk_find(b, st.st_ino, hint);
	if (r)
		*ret = *r;
	return r && (!was || was == *hint);
}

/* Before, and after another came asleep; then after the first has run. false: disturbed. */
static bool watch_own(struct bulk *b, struct bulk_record *before, struct bulk_record *still, struct bulk_record *ran)
{
	size_t hint = 0;
	char pid[16];
	bool same = true;
	for (int i = 0; i < 3; i++)
		same = read_again(b, &hint, before) && same;
	pid_t sleeper = fork();
	if (sleeper == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	(void)snprintf(pid, sizeof(pid), "%d", (int)sleeper);
	same = write_own(here.m.v1[CTRL_PIDS], "cgroup.procs", pid) && same;
	same = read_again(b, &hint, still) && same;
	(void)kill(here.member, SIGUSR1);
	(void)usleep(100000);
	same = read_again(b, &hint, ran) && same;
	(void)kill(sleeper, SIGKILL);
	(void)waitpid(sleeper, NULL, 0);
	return same;
}

/* The same reading again and again: a group that stands still keeps its numbers, one that has run is asked for all. */
static void who_has_run_is_asked_for_all(void **state)
{
	(void)state;
	struct bulk_record before = {0}, still = {0}, ran = {0};
	if (!have_own_beside(CTRL_PIDS))
		return;
	struct bulk *b = open_or_skip(4096);
	unsigned tries = 20;
	while (!watch_own(b, &before, &still, &ran) && --tries)
		(void)usleep(200000);
	assert_true(tries);
	assert_int_equal(before.life.pids, 1);
	assert_true(still.mono_nsec > before.mono_nsec);
	assert_memory_equal(&still.cpu_nsec, &before.cpu_nsec, sizeof(before) - offsetof(struct bulk_record, cpu_nsec));
	assert_true(ran.cpu_nsec > before.cpu_nsec);
	assert_int_equal(ran.life.pids, 2);
	bulk_close(b);
}

static void groups_that_come_and_go(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	size_t hint = 0;
	struct stat st;
	cleanup_free char *dir = xasprintf("/%s/vctop-bulk-%d-empty", here.m.walk, (int)getpid());
	assert_int_equal(bulk_read(b), 0);
	if (mkdir(dir, 0755) < 0) {
		bulk_close(b);
		print_message("# skipped: no group can be made here\n");
		skip();
	}
	remember_group(dir);
	int made = stat(dir, &st);
	bool before = bulk_find(b, st.st_ino, &hint);
	int read = bulk_read(b);
	const struct bulk_record *r = bulk_find(b, st.st_ino, &hint);
	bool empty = r && r->life.populated == 0;
	(void)rmdir(dir);
	assert_int_equal(made, 0);
	assert_int_equal(read, 0);
	assert_int_equal(bulk_read(b), 0);
	bool after = bulk_find(b, st.st_ino, &hint);
	assert_false(before);
	assert_true(empty);
	assert_false(after);
	bulk_close(b);
}

static void more_groups_than_room(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(1);
	size_t hint = 0;
	assert_int_equal(bulk_read(b), -ENOSPC);
	assert_true(bulk_groups(b) > 1);
	assert_int_equal(b->n, 1);
	list_groups();
	assert_null(bulk_find(b, here.v[here.n - 1].id, &hint));
	bulk_close(b);
}

static void what_nobody_knows_is_not_found(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	size_t hint = 7;
	assert_int_equal(bulk_read(b), 0);
	assert_null(bulk_find(b, 0, &hint));
	assert_null(bulk_find(b, UINT64_MAX - 1, &hint));
	bulk_close(b);
}

static struct cgroup_reader *first_told(struct cgroup_tree *t, const struct bulk_record **ret)
{
	list_groups();
	for (size_t i = 0; i < here.n; i++) {
		struct cgroup_reader *r = cgroup_reader_new(t, here.v[i].path);
		*ret = cgroup_reader_told(r);
		if (*ret)
			return r;
		cgroup_reader_free(r);
	}
	return NULL;
}

/* Many containers may become few: what was told then must not pass for what is. */
static void few_groups_are_not_told_old_numbers(void **state)
{
	(void)state;
	struct cgroup_tree t;
	const struct bulk_record *before, *after;
	bulk_close(open_or_skip(16));
	assert_int_equal(cgroup_tree_open(&t, here.fs), 0);
	for (int i = 0; i < 8; i++)
		cgroup_tree_tick(&t, 1000);
	assert_non_null(t.bulk);
	struct cgroup_reader *r = first_told(&t, &before);
	assert_non_null(r);
	uint64_t at = before->mono_nsec;
	cgroup_tree_begin(&t, &(struct host_sample){0});
	cgroup_tree_tick(&t, 1);
	after = cgroup_reader_told(r);
	assert_true(!after || after->mono_nsec > at);
	cgroup_reader_free(r);
	cgroup_tree_close(&t);
}

static void without_a_counter_there_is_none(void **state)
{
	(void)state;
	const char *why = NULL;
	struct mounts none = {0};
	assert_null(bulk_open(&here.types, &none, 16, &why));
	assert_non_null(why);
	bulk_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_is_what_the_files_say),
	        cmocka_unit_test(a_group_without_a_controllers_files_is_not_told_of),
	        cmocka_unit_test(settled_items_are_what_memory_stat_says),
	        cmocka_unit_test(settled_stalls_are_what_pressure_says),
	        cmocka_unit_test(without_disks_the_file_has_none),
	        cmocka_unit_test(freezing_is_told),
	        cmocka_unit_test(who_is_elsewhere_does_not_lead_there),
	        cmocka_unit_test(who_has_run_is_asked_for_all),
	        cmocka_unit_test(groups_that_come_and_go),
	        cmocka_unit_test(more_groups_than_room),
	        cmocka_unit_test(what_nobody_knows_is_not_found),
	        cmocka_unit_test(few_groups_are_not_told_old_numbers),
	        cmocka_unit_test(without_a_counter_there_is_none),
	};
	here.fs = rootfs_open("/", NULL);
	here.types.fs = here.fs;
	if (!here.fs)
		return 1;
	(void)mounts_read(here.fs, &here.m);
	make_own();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	remove_own();
	while (here.n > 0)
		free(here.v[--here.n].path);
	types_forget(&here.types);
	mounts_release(&here.m);
	rootfs_close(here.fs);
	return failed;
}
