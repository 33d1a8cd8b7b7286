/* Is anybody in a group?  On cgroup v1 only cgroup.procs tells; a busy container must not pass for a stopped one. */
#include "source/cgroup/cgroup.h"
#include "tree.h"
#include "vctop/source/rootfs.h"

#define MEMORY "sys/fs/cgroup/memory"

static int fault(void *data, const char *op, const char *path)
{
	const int *err = data;
	return strcmp(op, "open") == 0 && strstr(path, "cgroup.procs") ? -*err : 0;
}

static void tree_v1(struct tree *t)
{
	tree_init(t);
	tree_write(t, "proc/self/mountinfo", "4 1 0:4 / /" MEMORY " rw - cgroup cgroup rw,memory\n");
	tree_write(t, "proc/41/stat", "41 (a) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 900 0 0 0\n");
	tree_write(t, "proc/42/stat", "42 (b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0 0\n");
}

static void test_members(void **state)
{
	static const struct {
		const char *own, *below;
		int err; /* of opening cgroup.procs */
		pid_t init;
		bool members;
	} rows[] = {
	        {"", "", 0, 0, false},
	        {"41\n42\n", "", 0, 42, true},
	        {"", "41\n", 0, 41, true},
	        /* processes of another pid namespace: vctop in a container that sees the host's cgroups */
	        {"0\n0\n", "", 0, 0, true},
	        {"", "0\n", 0, 0, true},
	        {"0\n41\n", "", 0, 41, true},
	        {"41\n0\n", "", 0, 41, true},
	        {"junk\n-1\n\n99999999999999\n", "", 0, 0, false},
	        {"7\n", "", 0, 7, true}, /* died since */
	        {"41\n", "", ENOENT, 0, false},
	        {"41\n", "", ENODEV, 0, false},
	        {"41\n", "", EOPNOTSUPP, 0, false},
	        /* cannot be told: not "nobody" */
	        {"41\n", "", EACCES, 0, true},
	        {"41\n", "", EMFILE, 0, true},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		struct error error = {0};
		struct cgroup_tree cgroups;
		int err = rows[i].err;
		tree_v1(&t);
		tree_write(&t, MEMORY "/c/cgroup.procs", rows[i].own);
		tree_write(&t, MEMORY "/c/below/cgroup.procs", rows[i].below);
		struct rootfs *fs = rootfs_open(t.root, &error);
		assert_non_null(fs);
		assert_int_equal(cgroup_tree_open(&cgroups, fs), 0);
		rootfs_set_fault(fs, err ? fault : NULL, &err);
		pid_t init = cgroup_init_pid(&cgroups, "/c");
		bool members = cgroup_has_members(&cgroups, "/c");
		if (init != rows[i].init || members != rows[i].members)
			fail_row(i, "init %d, members %d", (int)init, members);
		cgroup_tree_close(&cgroups);
		rootfs_close(fs);
		tree_release(&t);
	}
}

/* vctop in a container that sees the host's cgroups: v1 shows it nobody, but counts them. */
static void test_other_namespace(void **state)
{
	static const struct {
		const char *ns, *pids;
		enum cgroup_life life;
	} rows[] = {
	        {"pid:[4026531836]", "3\n", CGROUP_EMPTY}, /* we see all: only zombies are left */
	        {"pid:[4026532178]", "3\n", CGROUP_POPULATED},
	        {"pid:[4026532178]", "0\n", CGROUP_EMPTY},
	        {"pid:[4026532178]", "", CGROUP_EMPTY},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		struct error error = {0};
		struct cgroup_tree cgroups;
		tree_v1(&t);
		tree_write(&t, "proc/self/mountinfo", "4 1 0:4 / /" MEMORY " rw - cgroup cgroup rw,memory,pids\n");
		tree_write(&t, MEMORY "/c/cgroup.procs", "");
		tree_write(&t, MEMORY "/c/pids.current", rows[i].pids);
		tree_link(&t, "proc/self/ns/pid", rows[i].ns);
		struct rootfs *fs = rootfs_open(t.root, &error);
		assert_non_null(fs);
		assert_int_equal(cgroup_tree_open(&cgroups, fs), 0);
		struct cgroup_reader *r = cgroup_reader_new(&cgroups, "/c");
		enum cgroup_life life = cgroup_reader_life(r, false);
		if (life != rows[i].life)
			fail_row(i, "life %d", (int)life);
		cgroup_reader_free(r);
		cgroup_tree_close(&cgroups);
		rootfs_close(fs);
		tree_release(&t);
	}
}

/* More pids than are read at once. */
static void test_crowd(void **state)
{
	(void)state;
	struct tree t;
	struct error error = {0};
	struct cgroup_tree cgroups;
	cleanup_strbuf struct strbuf procs = STRBUF_INIT;
	while (procs.len < (size_t)2 << 20)
		strbuf_str(&procs, "42\n");
	tree_v1(&t);
	tree_write(&t, MEMORY "/c/cgroup.procs", procs.buf);
	struct rootfs *fs = rootfs_open(t.root, &error);
	assert_non_null(fs);
	assert_int_equal(cgroup_tree_open(&cgroups, fs), 0);
	assert_int_equal(cgroup_init_pid(&cgroups, "/c"), 42);
	assert_true(cgroup_has_members(&cgroups, "/c"));
	cgroup_tree_close(&cgroups);
	rootfs_close(fs);
	tree_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_members), cmocka_unit_test(test_other_namespace),
	                                   cmocka_unit_test(test_crowd)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
