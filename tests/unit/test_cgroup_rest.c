/* A group that stands still: what is not read, and what wakes it up. */
#include "source/cgroup/cgroup_reader.h"
#include "tree.h"
#include "vctop/source/rootfs.h"

#define MI                                                                                                             \
	"1 0 0:1 / / rw - ext4 /dev/vda rw\n"                                                                          \
	"4 1 0:4 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
#define CG "sys/fs/cgroup"

struct fixture {
	struct tree tree;
	struct rootfs *fs;
	struct cgroup_tree cgroups;
	struct cgroup_reader *reader;
	struct host_sample host;
	int64_t host_later; /* than the clock, which stands */
	bool fds_are_short;
	bool stats_told; /* where memory.stat's items are is known */
};

static void put(const struct fixture *f, const char *file, const char *text)
{
	cleanup_free char *path = xasprintf("0/" CG "/a/%s", file);
	tree_write(&f->tree, path, text);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	tree_init(&f->tree);
	tree_write(&f->tree, "0/proc/self/mountinfo", MI);
	tree_write(&f->tree, "0/" CG "/cgroup.controllers", "cpu memory io pids\n");
	tree_write(&f->tree, "0/.clock", "100000000 1000000000000000 100000000\n");
	put(f, "cpu.stat", "usage_usec 1000\n");
	put(f, "memory.current", "8192\n");
	put(f, "memory.stat", "file 4096\ninactive_file 4096\n");
	put(f, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n");
	put(f, "pids.current", "1\n");
	f->fs = rootfs_open(f->tree.root, NULL);
	assert_non_null(f->fs);
	assert_int_equal(cgroup_tree_open(&f->cgroups, f->fs), 0);
	assert_false(f->cgroups.may_rest); /* a captured tree is read whole */
	f->cgroups.may_rest = true;
	f->reader = cgroup_reader_new(&f->cgroups, "/a");
	f->host.cpu_pressure_usec = f->host.mem_pressure_usec = metric_ok(1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	f->cgroups.bulk = NULL; /* a test's own, when it failed */
	cgroup_reader_free(f->reader);
	cgroup_tree_close(&f->cgroups);
	rootfs_close(f->fs);
	tree_release(&f->tree);
	free(f);
	return 0;
}

/* One tick, on a host where somebody waited for CPU. */
static struct sample sample(struct fixture *f, bool rested)
{
	struct sample s = {0};
	f->host.mono_usec = rootfs_mono_usec(f->fs) + f->host_later;
	f->host.cpu_pressure_usec.v++;
	cgroup_tree_begin(&f->cgroups, &f->host);
	f->cgroups.telling = f->cgroups.bulk != NULL;
	f->cgroups.fds_are_short = f->fds_are_short;
	f->cgroups.stats.told = f->stats_told;
	assert_int_equal(cgroup_reader_sample(f->reader, &s), 0);
	assert_int_equal(cgroup_reader_rested(f->reader), rested);
	return s;
}

static void test_rest(void **state)
{
	struct fixture *f = *state;
	(void)sample(f, false); /* nothing to compare with */
	(void)sample(f, false); /* nothing moved: from now on it rests */
	put(f, "pids.current", "7\n");
	struct sample s = sample(f, true);
	assert_true(near(s.pids.v, 1));
	assert_true(near(s.cpu.usage_usec.v, 1000));
	assert_true(near(s.mem.used_bytes.v, 4096));
	/* CPU time moved: all is read, twice. */
	put(f, "cpu.stat", "usage_usec 1001\n");
	s = sample(f, false);
	assert_true(near(s.pids.v, 7));
	assert_int_equal(s.unread_since_usec, 0);
	(void)sample(f, false);
	(void)sample(f, true);
	/* Memory moved. */
	put(f, "memory.current", "12288\n");
	put(f, "memory.stat", "file 8192\ninactive_file 8192\n");
	s = sample(f, false);
	assert_true(near(s.mem.used_bytes.v, 4096));
	assert_true(near(s.mem.cache_bytes.v, 8192));
}

static void test_not_readable(void **state)
{
	struct fixture *f = *state;
	/* Without a number nothing says that it stands still. */
	put(f, "cpu.stat", "");
	for (int i = 0; i < 4; i++)
		(void)sample(f, false);
}

static void test_stall_wakes(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 2; i++)
		(void)sample(f, false);
	(void)sample(f, true);
	/* Whose number moves in every reading of all does not come to rest. */
	put(f, "cpu.stat", "usage_usec 1002\n");
	(void)sample(f, false);
	put(f, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=6\n");
	(void)sample(f, false);
	put(f, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
	(void)sample(f, false);
	(void)sample(f, false);
	(void)sample(f, true);
}

#define PRESSURE(total) "some avg10=0.00 avg60=0.00 avg300=0.00 total=" total "\n"

/* Who waits in a group waits on the host: while its counter stands the file is not read. */
static void test_pressure_follows_the_host(void **state)
{
	struct fixture *f = *state;
	char usage[64];
	put(f, "memory.pressure", PRESSURE("3") "full avg10=0.00 avg60=0.00 avg300=0.00 total=2\n");
	struct sample s = sample(f, false);
	assert_true(near(s.mem.pressure_usec.v, 3));
	f->reader->mem_psi_usec++; /* after the host was */
	put(f, "memory.pressure", PRESSURE("9") "full avg10=0.00 avg60=0.00 avg300=0.00 total=2\n");
	for (int i = 0; i < 3; i++) {
		(void)snprintf(usage, sizeof(usage), "usage_usec %d\n", 2000 + i);
		put(f, "cpu.stat", usage);
		put(f, "cpu.pressure", i ? PRESSURE("6") : PRESSURE("7"));
		s = sample(f, false);
		assert_true(near(s.cpu.pressure_usec.v, i ? 6 : 7));
		assert_true(near(s.mem.pressure_usec.v, 3));
	}
	f->host.mem_pressure_usec = metric_ok(2);
	f->host_later = 2;
	put(f, "cpu.stat", "usage_usec 3000\n");
	s = sample(f, false);
	assert_true(near(s.mem.pressure_usec.v, 9));
}

/* Of its files only those stay open that are read in every tick. */
static void test_who_rests_gives_way(void **state)
{
	struct fixture *f = *state;
	(void)sample(f, false);
	(void)sample(f, false);
	(void)sample(f, true);
	assert_true(rootfs_stats(f->fs).kept_fds > 2);
	f->fds_are_short = true;
	(void)sample(f, true);
	assert_int_equal(rootfs_stats(f->fs).kept_fds, 2);
	put(f, "cpu.stat", "usage_usec 1001\n");
	put(f, "pids.current", "7\n");
	struct sample s = sample(f, false);
	assert_true(near(s.pids.v, 7));
	assert_true(rootfs_stats(f->fs).kept_fds > 2);
}

/* What all groups were asked, of ours alone: nothing but its CPU time and memory use is known yet. */
struct told {
	struct bulk_record records[2];
	struct bulk bulk;
};

static struct bulk_record *tell(struct fixture *f, struct told *t)
{
	struct bulk_record *r = &t->records[1];
#ifndef HAVE_BPF
	print_message("# skipped: vctop was built without libbpf\n");
	skip();
#endif
	*t = (struct told){.bulk = {.records = t->records, .n = 1}};
	memset(r, 0xFF, sizeof(*r)); /* unknown */
	r->id = cgroup_reader_incarnation(f->reader);
	r->mono_nsec = 100000000000;
	r->cpu_nsec = 5000;
	r->pages = 3;
	f->cgroups.bulk = &t->bulk;
	return r;
}

static void tell_no_more(struct fixture *f, struct told *t)
{
	f->cgroups.bulk = NULL;
	free(t->bulk.index);
}

static void next_tick(struct bulk_record *r)
{
	r->mono_nsec += 1000000000;
	r->cpu_nsec += 1000;
}

static void test_what_is_told_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct bulk_record *r = tell(f, &told);
	struct sample s = sample(f, false);
	assert_true(near(s.cpu.usage_usec.v, 5));
	assert_true(near(s.mem.current_bytes.v, 3.0 * (double)f->cgroups.page_size));
	assert_true(near(s.mem.cache_bytes.v, 4096)); /* from memory.stat, as it is not told */
	assert_true(near(s.pids.v, 1));
	/* The lists of file pages stand: what else is charged does not move memory.stat's. */
	put(f, "memory.stat", "file 8192\ninactive_file 0\n");
	r->lru_inactive = r->lru_active = 1;
	next_tick(r);
	f->reader->lru_inactive = f->reader->lru_active = 1;
	f->reader->lru_usec = 0;
	r->pages = 4;
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 4096));
	r->lru_active = 2;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 8192));
	/* Empty lists of a group that has file pages are not those the kernel keeps. */
	put(f, "memory.stat", "file 12288\ninactive_file 12288\n");
	next_tick(r);
	s = sample(f, false);
	put(f, "memory.stat", "file 16384\ninactive_file 16384\n");
	r->lru_inactive = r->lru_active = 0;
	f->reader->lru_inactive = f->reader->lru_active = 0;
	f->reader->lru_usec = 0;
	next_tick(r);
	r->pages = 9;
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 16384));
	/* Told itself: but not while its place is not known, nor while the file would add what came since. */
	r->file = r->inactive_file = 7;
	r->refault_anon = r->refault_file = 2;
	r->life.pids = 11;
	r->stats_unsummed = 64;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 16384));
	f->stats_told = true;
	r->stats_unsummed = 65;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 16384));
	told.bulk.stats_summed = true;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 7.0 * (double)f->cgroups.page_size));
	told.bulk.stats_summed = false;
	r->file = 8;
	r->stats_unsummed = 64;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 8.0 * (double)f->cgroups.page_size));
	r->file = 7;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 7.0 * (double)f->cgroups.page_size));
	assert_true(near(s.mem.refault_bytes.v, 4.0 * (double)f->cgroups.page_size));
	assert_true(near(s.mem.used_bytes.v, 2.0 * (double)f->cgroups.page_size));
	assert_true(near(s.pids.v, 11));
	tell_no_more(f, &told);
}

static struct allocation cpu_cap(struct fixture *f, struct cgroup_level *l, struct arena *a, struct bulk_record *r)
{
	const struct cap_question q = {.arena = a, .mono_usec = 1, .host = 64, .told = r};
	(void)f;
	return cgroup_cpu_allocation(l, &q);
}

/* Pressure is what was summed up last, where nobody has run or waited since. */
static void test_told_pressure(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct bulk_record *r = tell(f, &told);
	r->cpu_waited_nsec = 9000;
	r->memory_waited_nsec = 7000;
	r->memory_all_waited_nsec = 6999;
	r->waits_counted = 1;
	r->waits_unsummed = 1;
	struct sample s = sample(f, false);
	assert_true(near(s.cpu.pressure_usec.v, 5)); /* the file's */
	assert_false(metric_is_ok(s.mem.pressure_usec));
	r->waits_unsummed = 0;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.cpu.pressure_usec.v, 9));
	/* Switched off: the file says so. */
	r->waits_counted = 0;
	r->cpu_waited_nsec = 10000;
	f->host_later = 3000000;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.cpu.pressure_usec.v, 5));
	tell_no_more(f, &told);
}

static void test_told_memory_pressure(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct bulk_record *r = tell(f, &told);
	r->cpu_waited_nsec = r->memory_waited_nsec = 7000;
	r->memory_all_waited_nsec = 6999;
	r->waits_counted = 1;
	r->waits_unsummed = 0;
	r->disks = 0;
	put(f, "io.stat", "8:0 rbytes=1 wbytes=2 rios=1 wios=1 dbytes=0 dios=0\n");
	struct sample s = sample(f, false);
	assert_true(near(s.mem.pressure_usec.v, 7));
	assert_true(near(s.mem.pressure_full_usec.v, 6));
	assert_true(near(s.io_read_bytes.v, 0)); /* no disk is counted for it */
	r->disks = BULK_UNKNOWN;
	next_tick(r);
	s = sample(f, false);
	assert_true(near(s.io_read_bytes.v, 1));
	tell_no_more(f, &told);
}

static void test_told_caps(void **state)
{
	struct fixture *f = *state;
	struct arena arena = {0};
	struct bulk_record r = {
	        .quota_nsec = 150000000, .period_nsec = 100000000, .cpus = 4, .max_pages = 100, .high_pages = 50};
	struct cgroup_level *l = cgroup_level_get(&f->cgroups, "/a");
	struct allocation a = cpu_cap(f, l, &arena, &r);
	assert_true(metric_is_ok(a.amount) && near(a.amount.v, 1.5));
	assert_string_equal(a.by, "cpu.max");
	r.quota_nsec = UINT64_MAX; /* max: the cpuset is left */
	a = cpu_cap(f, l, &arena, &r);
	assert_true(metric_is_ok(a.amount) && near(a.amount.v, 4));
	assert_string_equal(a.by, "cpuset");
	r.cpus = BULK_NONE;
	r.period_nsec = r.quota_nsec = BULK_NONE;
	assert_int_equal(cpu_cap(f, l, &arena, &r).amount.st, METRIC_UNLIMITED);
	const struct cap_question q = {.arena = &arena, .mono_usec = 1, .host = 1e12, .told = &r};
	a = cgroup_memory_allocation(l, &q);
	assert_true(metric_is_ok(a.amount) && near(a.amount.v, 50.0 * (double)f->cgroups.page_size));
	assert_string_equal(a.by, "memory.high");
	r.max_pages = INT64_MAX / f->cgroups.page_size;
	r.high_pages = BULK_NONE;
	assert_int_equal(cgroup_memory_allocation(l, &q).amount.st, METRIC_UNLIMITED);
	/* Not told: the file says. */
	r.high_pages = r.period_nsec = BULK_UNKNOWN;
	put(f, "memory.max", "12288\n");
	put(f, "cpu.max", "50000 100000\n");
	cgroup_tree_stale(&f->cgroups, "/a");
	a = cgroup_memory_allocation(l, &q);
	assert_true(metric_is_ok(a.amount) && near(a.amount.v, 12288));
	a = cpu_cap(f, l, &arena, &r);
	assert_true(metric_is_ok(a.amount) && near(a.amount.v, 0.5));
	/* What was told may be older than what has been written since. */
	r.high_pages = r.max_pages = 7;
	assert_true(near(cgroup_memory_allocation(l, &q).amount.v, 12288));
	const struct cap_question later = {.arena = &arena, .mono_usec = 1 + BULK_AGE / 1000, .host = 1e12, .told = &r};
	assert_true(near(cgroup_memory_allocation(l, &later).amount.v, 7.0 * (double)f->cgroups.page_size));
	cgroup_level_put(l);
	arena_release(&arena);
}

/* Of a group that has not run: a stall, a process that is put into it asleep, and being frozen are told at once. */
static void test_what_wakes_a_told_group(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct bulk_record *r = tell(f, &told);
	r->life = (struct bulk_life){.pids = 1, .frozen = 0, .populated = 1};
	r->cpu_waited_nsec = 5999;
	for (int i = 0; i < 3; i++)
		(void)sample(f, i > 1);
	f->host_later += 20000000;
	f->host.cpu_pressure_usec = metric_ok(2); /* somebody waits, elsewhere */
	put(f, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=6\n");
	struct sample s = sample(f, true);
	assert_true(near(s.cpu.pressure_usec.v, 5));
	r->cpu_waited_nsec = 6000;
	f->host.cpu_pressure_usec = metric_ok(3);
	s = sample(f, false);
	assert_true(near(s.cpu.pressure_usec.v, 6));
	(void)sample(f, false);
	(void)sample(f, true);
	r->life.pids = 2;
	s = sample(f, false);
	assert_true(near(s.pids.v, 2));
	(void)sample(f, false);
	(void)sample(f, true);
	r->life.frozen = 64;
	(void)sample(f, false);
	assert_int_equal(cgroup_reader_life(f->reader, true), CGROUP_FROZEN);
	tell_no_more(f, &told);
}

/* tmpfs's pages are on the lists of a program's own: what came there is in memory.stat before the group rests. */
static void test_no_rest_before_memory_stat(void **state)
{
	struct fixture *f = *state;
	struct told told;
	struct bulk_record *r = tell(f, &told);
	r->pages = 200;
	r->lru_inactive = r->lru_active = 1;
	r->lru_rest = 100;
	struct sample s = sample(f, false);
	assert_true(near(s.mem.cache_bytes.v, 4096));
	for (int i = 0; i < 5; i++, next_tick(r))
		(void)sample(f, false);
	r->lru_rest = r->pages = 12900;
	(void)sample(f, false); /* before the kernel has summed up */
	put(f, "memory.stat", "file 52428800\ninactive_file 4096\n");
	for (int i = 0; i < 3; i++) {
		r->mono_nsec += 1000000000;
		s = sample(f, false);
	}
	assert_true(near(s.mem.cache_bytes.v, 52428800));
	r->mono_nsec += 1000000000;
	(void)sample(f, true);
	tell_no_more(f, &told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_not_readable, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_stall_wakes, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_pressure_follows_the_host, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_what_is_told_is_not_read, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_told_pressure, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_told_memory_pressure, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_told_caps, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_what_wakes_a_told_group, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_no_rest_before_memory_stat, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_who_rests_gives_way, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
