/* Caps: what one level's files say, and that what cannot be read or understood never passes for "unlimited". */
#include "source/cgroup/cgroup.h"
#include "tree.h"
#include "vctop/source/rootfs.h"

#define MI                                                                                                             \
	"1 0 0:1 / / rw - ext4 /dev/vda rw\n"                                                                          \
	"4 1 0:4 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
#define CG "sys/fs/cgroup"
#define HOST_CPUS 4.0
#define HOST_BYTES 8589934592.0

struct fixture {
	struct tree tree;
	struct rootfs *fs;
	struct cgroup_tree cgroups;
	struct arena arena;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct error err = {0};
	tree_init(&f->tree);
	tree_write(&f->tree, "proc/self/mountinfo", MI);
	tree_write(&f->tree, CG "/cgroup.controllers", "cpuset cpu memory\n");
	tree_mkdir(&f->tree, CG "/a/b");
	f->fs = rootfs_open(f->tree.root, &err);
	assert_non_null(f->fs);
	assert_int_equal(cgroup_tree_open(&f->cgroups, f->fs), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	cgroup_tree_close(&f->cgroups);
	rootfs_close(f->fs);
	arena_release(&f->arena);
	tree_release(&f->tree);
	free(f);
	return 0;
}

/* Levels are re-read only after a while: every question is asked at a later time. */
static int64_t later(void)
{
	static int64_t now;
	return now += 10000000;
}

static struct allocation cpu_at(struct fixture *f, const char *path)
{
	struct cgroup_level *l = cgroup_level_get(&f->cgroups, path);
	struct allocation a = cgroup_cpu_allocation(
	        l, &(struct cap_question){.arena = &f->arena, .mono_usec = later(), .host = HOST_CPUS});
	cgroup_level_put(l);
	return a;
}

static struct allocation cpu(struct fixture *f)
{
	return cpu_at(f, "/a/b");
}

static struct allocation memory(struct fixture *f)
{
	struct cgroup_level *l = cgroup_level_get(&f->cgroups, "/a/b");
	struct allocation a = cgroup_memory_allocation(
	        l, &(struct cap_question){.arena = &f->arena, .mono_usec = later(), .host = HOST_BYTES});
	cgroup_level_put(l);
	return a;
}

struct row {
	const char *text;
	enum metric_state st;
	double v;
};

static void check(size_t i, const struct row *row, struct metric got)
{
	if (got.st != row->st || (row->st == METRIC_OK && !near(got.v, row->v)))
		fail_row(i, "'%s': state %s, value %g", row->text, metric_state_name(got.st), got.v);
}

static void test_cpu_max(void **state)
{
	struct fixture *f = *state;
	static const struct row rows[] = {
	        {"50000 100000\n", METRIC_OK, 0.5},
	        {"max 100000\n", METRIC_UNLIMITED, 0},
	        {"0 100000\n", METRIC_OK, 0},
	        {"400000 100000\n", METRIC_OK, 4},
	        /* more than the machine has is no cap, and must not end up in the sums */
	        {"6400000 100000\n", METRIC_UNLIMITED, 0},
	        {"18446744073709551615 1\n", METRIC_UNLIMITED, 0},
	        /* not understood is not unlimited */
	        {"", METRIC_ABSENT, 0},
	        {"0 0\n", METRIC_ABSENT, 0},
	        {"max 0\n", METRIC_ABSENT, 0},
	        {"-1 100000\n", METRIC_ABSENT, 0},
	        {"junk\n", METRIC_ABSENT, 0},
	        {"99999999999999999999999 100000\n", METRIC_ABSENT, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_write(&f->tree, CG "/a/b/cpu.max", rows[i].text);
		check(i, &rows[i], cpu(f).amount);
	}
}

static void test_memory_max(void **state)
{
	struct fixture *f = *state;
	static const struct row rows[] = {
	        {"67108864\n", METRIC_OK, 67108864},
	        {"0\n", METRIC_OK, 0},
	        {"max\n", METRIC_UNLIMITED, 0},
	        {"8589934592\n", METRIC_OK, 8589934592},
	        {"8589934593\n", METRIC_UNLIMITED, 0},
	        {"9223372036854771712\n", METRIC_UNLIMITED, 0},
	        {"", METRIC_ABSENT, 0},
	        {"-1\n", METRIC_ABSENT, 0},
	        {"99999999999999999999999\n", METRIC_ABSENT, 0},
	        {"1111111111111111111111111111111111111111111111111111111111111111111111111111\n", METRIC_ABSENT, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_write(&f->tree, CG "/a/b/memory.max", rows[i].text);
		check(i, &rows[i], memory(f).amount);
	}
}

static void test_cpuset(void **state)
{
	struct fixture *f = *state;
	static const struct row rows[] = {
	        {"0-1\n", METRIC_OK, 2},
	        {"0-3\n", METRIC_UNLIMITED, 0},
	        {"\n", METRIC_UNLIMITED, 0},
	        {"", METRIC_UNLIMITED, 0},
	        {"0-18446744073709551615\n", METRIC_ABSENT, 0},
	        {"all\n", METRIC_ABSENT, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		tree_write(&f->tree, CG "/a/b/cpuset.cpus.effective", rows[i].text);
		check(i, &rows[i], cpu(f).amount);
	}
}

/* Which errno was met at which file, and what the two caps are then; b has caps of its own. */
struct fault {
	const char *path;
	int err;
};

static int fault(void *data, const char *op, const char *path)
{
	const struct fault *f = data;
	return strcmp(op, "open") == 0 && strstr(path, f->path) ? -f->err : 0;
}

static void test_unreadable(void **state)
{
	struct fixture *f = *state;
	static const struct {
		struct fault fault;
		enum metric_state cpu, mem;
	} rows[] = {
	        {{"none", 0}, METRIC_OK, METRIC_OK},
	        {{"a/cpu.max", ENOENT}, METRIC_OK, METRIC_OK},
	        {{"a/cpu.max", EACCES}, METRIC_DENIED, METRIC_OK},
	        {{"a/cpu.max", EMFILE}, METRIC_ABSENT, METRIC_OK},
	        {{"b/cpu.max", ENODEV}, METRIC_ABSENT, METRIC_OK},
	        {{"a/memory.max", EMFILE}, METRIC_OK, METRIC_ABSENT},
	        {{"b/memory.max", EIO}, METRIC_OK, METRIC_ABSENT},
	        {{"memory.high", EPERM}, METRIC_OK, METRIC_DENIED},
	        {{"cpuset", EMFILE}, METRIC_ABSENT, METRIC_OK},
	        {{"cgroup/", ENFILE}, METRIC_ABSENT, METRIC_ABSENT},
	};
	static const char *const levels[] = {"/a", "/a/b"};
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		static const char *const files[][2] = {{"cpu.max", "50000 100000\n"}, {"memory.max", "1048576\n"}};
		for (size_t k = 0; k < ARRAY_SIZE(files); k++) {
			cleanup_free char *p = xasprintf(CG "%s/%s", levels[i], files[k][0]);
			tree_write(&f->tree, p, files[k][1]);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fault what = rows[i].fault;
		cgroup_tree_close(&f->cgroups); /* nothing kept */
		assert_int_equal(cgroup_tree_open(&f->cgroups, f->fs), 0);
		rootfs_set_fault(f->fs, fault, &what);
		struct row c = {what.path, rows[i].cpu, 0.5}, m = {what.path, rows[i].mem, 1048576};
		check(i, &c, cpu(f).amount);
		check(i, &m, memory(f).amount);
		rootfs_set_fault(f->fs, NULL, NULL);
	}
}

/* The level that binds is shown: its name is text from outside. */
static void test_level_is_cleaned(void **state)
{
	struct fixture *f = *state;
	tree_write(&f->tree, CG "/\033[2J\xff%s/cpu.max", "50000 100000\n");
	tree_mkdir(&f->tree, CG "/\033[2J\xff%s/b");
	struct allocation a = cpu_at(f, "/\033[2J\xff%s/b");
	assert_string_equal(a.at, "/?[2J?%s");
	assert_true(a.shared);
}

int main(void)
{
#define LIMIT_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	        LIMIT_TEST(test_cpu_max),    LIMIT_TEST(test_memory_max),       LIMIT_TEST(test_cpuset),
	        LIMIT_TEST(test_unreadable), LIMIT_TEST(test_level_is_cleaned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
