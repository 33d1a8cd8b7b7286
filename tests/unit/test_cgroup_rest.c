/* A group that stands still: what is not read, and what wakes it up. */
#include "source/cgroup/cgroup.h"
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
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	cgroup_reader_free(f->reader);
	cgroup_tree_close(&f->cgroups);
	rootfs_close(f->fs);
	tree_release(&f->tree);
	free(f);
	return 0;
}

static struct sample sample(struct fixture *f, bool rested)
{
	struct sample s = {0};
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_rest, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_not_readable, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_stall_wakes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
