/*
 * The iterator over all groups against the files of each, on this machine: in `make check` as it is, and in a guest
 * with pure cgroup v2 (tests/live/guest.bats).
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/cgroup/cgroup_reader.h"
#include "unit.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define MAX_GROUPS 512
#define BATCH 1048576

struct group {
	char *dir;
	uint64_t id, before, after;
};
static struct {
	struct rootfs *fs;
	struct mounts m;
	struct group v[MAX_GROUPS];
	size_t n;
} here;

static int take(const char *path, const struct stat *st, int type, struct FTW *at)
{
	if (type == FTW_D && at->level > 0 && here.n < MAX_GROUPS)
		here.v[here.n++] = (struct group){.dir = xstrdup(path), .id = st->st_ino};
	return 0;
}

static void list_groups(const char *mount)
{
	char path[256];
	(void)snprintf(path, sizeof(path), "/%s", mount);
	while (here.n > 0)
		free(here.v[--here.n].dir);
	(void)nftw(path, take, 16, FTW_PHYS);
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
	return n && *s == 'm' ? 0 : sscanf(s, "%lu", ret) == 1 ? 0 : -EINVAL;
}

static int period(const char *s, size_t n, const char *key, uint64_t *ret)
{
	(void)n;
	(void)key;
	return sscanf(s, "%*s %lu", ret) == 1 ? 0 : -EINVAL;
}

static int count_of_list(const char *s, size_t n, const char *key, uint64_t *ret)
{
	unsigned count;
	(void)key;
	int r = parse_cpulist(s, n, &count);
	*ret = r < 0 ? 0 : count;
	return r;
}

static void read_groups(const char *file, parser parse, const char *key, bool after)
{
	for (size_t i = 0; i < here.n; i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		cleanup_free char *path = xasprintf("%s/%s", here.v[i].dir + 1, file);
		uint64_t v = BULK_UNKNOWN;
		if (rootfs_read(here.fs, path, 65536, &text) > 0 && parse(text.buf, text.len, key, &v) < 0)
			v = BULK_UNKNOWN;
		*(after ? &here.v[i].after : &here.v[i].before) = v;
	}
}

static const char *cpu_mount(void)
{
	return here.m.v1[CTRL_CPUACCT] ? here.m.v1[CTRL_CPUACCT] : here.m.v2;
}

static const char *memory_mount(void)
{
	return here.m.v1[CTRL_MEMORY] ? here.m.v1[CTRL_MEMORY] : here.m.v2;
}

static struct bulk *open_or_skip(size_t room)
{
	const char *why = NULL;
	struct bulk *b = bulk_open(here.fs, &here.m, room, &why);
	if (!b) {
		assert_non_null(why);
		print_message("# skipped: %s\n", why);
		skip();
	}
	return b;
}

static const struct bulk_record *record(const struct bulk_table *t, uint64_t id)
{
	for (size_t i = 1; i <= t->n; i++)
		if (bulk_at(t, i)->id == id)
			return bulk_at(t, i);
	return NULL;
}

enum where { IN_CPU, IN_MEMORY };
enum moves { NEVER_BACK, STANDS, BY_BATCHES, FOLLOWS };
/* In units of the file: told / per * times. */
struct number {
	enum where where;
	enum moves moves;
	enum controller controller;
	const char *v2, *v1; /* NULL: not told there */
	parser parse;
	const char *key;
	size_t at;
	uint64_t per, times;
};
#define AT(member) offsetof(struct bulk_record, member)
static const struct number numbers[] = {
        {IN_CPU, NEVER_BACK, CTRL_CPUACCT, "cpu.stat", NULL, sum, "usage_usec", AT(cpu_nsec), 1000, 1},
        {IN_CPU, NEVER_BACK, CTRL_CPUACCT, NULL, "cpuacct.usage", whole, NULL, AT(cpu_nsec), 1, 1},
        {IN_CPU, STANDS, CTRL_CPU, "cpu.stat", NULL, sum, "nr_periods", AT(periods), 1, 1},
        {IN_CPU, STANDS, CTRL_CPU, "cpu.stat", NULL, sum, "nr_throttled", AT(throttled), 1, 1},
        {IN_CPU, STANDS, CTRL_CPU, "cpu.max", NULL, quota, NULL, AT(quota_nsec), 1000, 1},
        {IN_CPU, STANDS, CTRL_CPU, "cpu.max", NULL, period, NULL, AT(period_nsec), 1000, 1},
        {IN_CPU, STANDS, CTRL_CPUSET, "cpuset.cpus.effective", NULL, count_of_list, NULL, AT(cpus), 1, 1},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.current", "memory.usage_in_bytes", whole, NULL, AT(pages), 1, 4096},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.max", "memory.limit_in_bytes", bytes_or_max, NULL, AT(max_pages), 1,
         4096},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.high", NULL, bytes_or_max, NULL, AT(high_pages), 1, 4096},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.peak", "memory.max_usage_in_bytes", whole, NULL, AT(peak_pages), 1,
         4096},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.swap.current", NULL, whole, NULL, AT(swap_pages), 1, 4096},
        {IN_MEMORY, STANDS, CTRL_MEMORY, NULL, "memory.failcnt", whole, NULL, AT(hits), 1, 1},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "high", AT(high), 1, 1},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "max", AT(max), 1, 1},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.events", NULL, sum, "oom", AT(oom), 1, 1},
        {IN_MEMORY, STANDS, CTRL_MEMORY, "memory.events", "memory.oom_control", sum, "oom_kill", AT(oom_kills), 1, 1},
        {IN_MEMORY, BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "file", AT(file), 1, 4096},
        {IN_MEMORY, BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "inactive_file", AT(inactive_file), 1, 4096},
        {IN_MEMORY, BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "workingset_refault_anon", AT(refault_anon), 1,
         1},
        {IN_MEMORY, BY_BATCHES, CTRL_MEMORY, "memory.stat", NULL, sum, "workingset_refault_file", AT(refault_file), 1,
         1},
        {IN_MEMORY, FOLLOWS, CTRL_MEMORY, "memory.stat", "memory.stat", sum, "inactive_file", AT(lru_inactive), 1,
         4096},
        {IN_MEMORY, FOLLOWS, CTRL_MEMORY, "memory.stat", "memory.stat", sum, "active_file", AT(lru_active), 1, 4096},
        {IN_CPU, STANDS, CTRL_PIDS, "pids.current", NULL, whole, NULL, AT(pids), 1, 1},
        {IN_CPU, STANDS, CTRL_CPUACCT, "cgroup.events", NULL, sum, "frozen", AT(frozen), 1, 1},
};

static uint64_t number_in(const struct bulk_record *r, size_t at)
{
	uint64_t v;
	memcpy(&v, (const char *)r + at, sizeof(v));
	return v;
}

/* Since Linux 6.10 the kernel's types do not tell where memory.stat's items are; nor are the lists told with MGLRU. */
static bool is_there(const struct bulk *b, const struct number *n)
{
	const struct bulk_table *t = &b->table[n->where == IN_CPU || b->one ? 0 : 1];
	bool always = n->moves != BY_BATCHES && n->moves != FOLLOWS;
	for (size_t i = 1; !always && i <= t->n; i++)
		if (number_in(bulk_at(t, i), n->at) != BULK_UNKNOWN)
			return true;
	return always;
}

static unsigned compare(struct bulk *b, const struct number *n)
{
	const char *file = here.m.v1[n->controller] ? n->v1 : n->v2;
	uint64_t times = n->times == 4096 ? (uint64_t)sysconf(_SC_PAGESIZE) : n->times;
	const struct bulk_table *t = &b->table[n->where == IN_CPU || b->one ? 0 : 1];
	unsigned compared = 0;
	if (!file)
		return 0;
	list_groups(n->where == IN_CPU ? cpu_mount() : memory_mount());
	read_groups(file, n->parse, n->key, false);
	assert_int_equal(bulk_read(b), 0);
	read_groups(file, n->parse, n->key, true);
	for (size_t i = 0; i < here.n; i++) {
		const struct group *g = &here.v[i];
		const struct bulk_record *r = record(t, g->id);
		if (g->before == BULK_UNKNOWN || g->after == BULK_UNKNOWN || !is_there(b, n) ||
		    (n->moves != NEVER_BACK && g->before != g->after))
			continue; /* came or went, or moves: what a gauge was in between nobody can say */
		assert_non_null(r);
		uint64_t told = number_in(r, n->at), is = told / n->per * times;
		if (n->moves ==
		    FOLLOWS) { /* within what a CPU may hold back; of groups with others below it, nothing */
			is = told == BULK_UNKNOWN || llabs((long long)(is - g->before)) < BATCH ? g->before : is;
			compared -= told == BULK_UNKNOWN;
		}
		if (is < g->before || is > g->after)
			fail_msg("%s/%s: %llu is not within %llu .. %llu", g->dir, file, (unsigned long long)told,
			         (unsigned long long)g->before, (unsigned long long)g->after);
		compared++;
	}
	return compared;
}

static void all_is_what_the_files_say(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		const struct number *n = &numbers[i];
		unsigned compared = compare(b, n);
		const char *file = here.m.v1[n->controller] ? n->v1 : n->v2;
		if (file)
			print_message("# %s %s: %u groups compared\n", file, n->key ? n->key : "", compared);
		assert_true(!file || compared > 0 || !is_there(b, n));
	}
	bulk_close(b);
}

static void a_group_without_a_controllers_files_is_not_told_of(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	unsigned compared = 0;
	list_groups(memory_mount());
	assert_int_equal(bulk_read(b), 0);
	for (size_t i = 0; i < here.n && b->one; i++) {
		cleanup_free char *file = xasprintf("%s/memory.current", here.v[i].dir);
		const struct bulk_record *r = record(&b->table[0], here.v[i].id);
		if (!r || access(here.v[i].dir, F_OK) != 0)
			continue;
		assert_int_equal(r->pages != BULK_UNKNOWN, access(file, F_OK) == 0);
		compared++;
	}
	print_message("# %u groups compared\n", compared);
	bulk_close(b);
}

static void groups_that_come_and_go(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	struct bulk_found r = {0};
	struct bulk_hint hint = {0};
	struct stat cpu, memory;
	cleanup_free char *in_cpu = xasprintf("/%s/vctop-bulk-%d", cpu_mount(), (int)getpid());
	cleanup_free char *in_memory = xasprintf("/%s/vctop-bulk-%d", memory_mount(), (int)getpid());
	assert_int_equal(bulk_read(b), 0);
	if (mkdir(in_cpu, 0755) < 0 || (mkdir(in_memory, 0755) < 0 && errno != EEXIST)) {
		(void)rmdir(in_cpu);
		bulk_close(b);
		print_message("# skipped: no group can be made here\n");
		skip();
	}
	assert_int_equal(stat(in_cpu, &cpu), 0);
	assert_int_equal(stat(in_memory, &memory), 0);
	bool before = bulk_find(b, cpu.st_ino, memory.st_ino, &hint, &r);
	assert_int_equal(bulk_read(b), 0);
	bool there = bulk_find(b, cpu.st_ino, memory.st_ino, &hint, &r);
	uint64_t used = there ? r.cpu->cpu_nsec : BULK_UNKNOWN;
	(void)rmdir(in_cpu);
	(void)rmdir(in_memory);
	assert_int_equal(bulk_read(b), 0);
	bool after = bulk_find(b, cpu.st_ino, memory.st_ino, &hint, &r);
	assert_false(before);
	assert_true(there);
	assert_false(after);
	assert_int_equal(used, 0);
	bulk_close(b);
}

static void more_groups_than_room(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(1);
	struct bulk_hint hint = {0};
	struct bulk_found r = {0};
	assert_int_equal(bulk_read(b), -ENOSPC);
	assert_true(bulk_groups(b) > 1);
	assert_int_equal(b->table[0].n, 1);
	list_groups(cpu_mount());
	assert_false(bulk_find(b, here.v[here.n - 1].id, here.v[here.n - 1].id, &hint, &r));
	bulk_close(b);
}

static void what_nobody_knows_is_not_found(void **state)
{
	(void)state;
	struct bulk *b = open_or_skip(4096);
	struct bulk_hint hint = {{7, 9}};
	struct bulk_found r = {0};
	assert_int_equal(bulk_read(b), 0);
	assert_false(bulk_find(b, 0, 0, &hint, &r));
	assert_false(bulk_find(b, UINT64_MAX - 1, UINT64_MAX - 1, &hint, &r));
	bulk_close(b);
}

static struct cgroup_reader *first_told(struct cgroup_tree *t, struct bulk_found *ret)
{
	list_groups(memory_mount());
	for (size_t i = 0; i < here.n; i++) {
		struct cgroup_reader *r = cgroup_reader_new(t, here.v[i].dir + 1 + strlen(memory_mount()));
		if (cgroup_reader_told(r, ret))
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
	struct bulk_found before = {0}, after = {0};
	bulk_close(open_or_skip(16));
	assert_int_equal(cgroup_tree_open(&t, here.fs), 0);
	for (int i = 0; i < 8; i++)
		cgroup_tree_tick(&t, 1000);
	assert_non_null(t.bulk);
	struct cgroup_reader *r = first_told(&t, &before);
	assert_non_null(r);
	uint64_t at = before.cpu->mono_nsec;
	cgroup_tree_tick(&t, 1);
	assert_true(!cgroup_reader_told(r, &after) || after.cpu->mono_nsec > at);
	cgroup_reader_free(r);
	cgroup_tree_close(&t);
}

static void without_a_counter_there_is_none(void **state)
{
	(void)state;
	const char *why = NULL;
	struct mounts none = {0};
	assert_null(bulk_open(here.fs, &none, 16, &why));
	assert_non_null(why);
	bulk_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_is_what_the_files_say),
	        cmocka_unit_test(a_group_without_a_controllers_files_is_not_told_of),
	        cmocka_unit_test(groups_that_come_and_go),
	        cmocka_unit_test(more_groups_than_room),
	        cmocka_unit_test(what_nobody_knows_is_not_found),
	        cmocka_unit_test(few_groups_are_not_told_old_numbers),
	        cmocka_unit_test(without_a_counter_there_is_none),
	};
	here.fs = rootfs_open("/", NULL);
	if (!here.fs)
		return 1;
	(void)mounts_read(here.fs, &here.m);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	while (here.n > 0)
		free(here.v[--here.n].dir);
	mounts_release(&here.m);
	rootfs_close(here.fs);
	return failed;
}
