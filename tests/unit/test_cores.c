/* Cores and memory nodes: what /proc/stat and the nodes' files say, whole lines only, and what cannot be true is none.
 */
#include "source/cores.h"
#include "tree.h"
#include "vctop/derive/derive.h"

#include <math.h>

static const char stat_text[] = "cpu  400 0 100 9 9 0 0 0 0 0\n"
                                "cpu0 100 0 25 9 9 0 0 0 0 0\n"
                                "cpu1 200 0 25 9 9 1 2 0 0 0\n"
                                "cpu99999999999 1 1 1 1 1 1 1\n"
                                "cpux 1 1 1 1 1 1 1\n"
                                "cpu7 1 1\n"
                                "cpu8 5 0 0 0 0 0 0 0 0 0\n"
                                "intr 1 2 3\n"
                                "cpu9 5 0 0 0 0 0 0 0 0 0\n";

static void test_lines(void **state)
{
	struct tree tree;
	struct error err = {0};
	(void)state;
	tree_init(&tree);
	tree_write(&tree, "proc/stat", stat_text);
	tree_write(&tree, "sys/devices/system/node/node0/cpulist", "0,2-3\n");
	tree_write(&tree, "sys/devices/system/node/node2/cpulist", "1,4-99999\n");
	tree_write(&tree, "sys/devices/system/node/node0/meminfo",
	           "Node 0 MemTotal:  1024 kB\nNode 0 MemFree:  512 kB\n");
	struct rootfs *fs = rootfs_open(tree.root, &err);
	assert_non_null(fs);
	struct core_reader *c = core_reader_new(fs);
	struct snapshot *s = snapshot_new();
	for (size_t len = 0; len < sizeof(stat_text); len++) { /* cut anywhere */
		snapshot_clear(s);
		core_reader_sample(c, stat_text, len, s);
		assert_true(s->cores.n <= 3);
	}
	assert_int_equal(s->cores.n, 3);
	assert_int_equal(s->cores.v[0].id, 0);
	assert_int_equal(s->cores.v[0].node, 0);
	assert_int_equal(s->cores.v[1].node, 2);
	assert_int_equal(s->cores.v[2].id, 8);
	double ticks = (double)sysconf(_SC_CLK_TCK);
	assert_true(fabs(s->cores.v[1].busy_usec.v - 228 * 1e6 / ticks) < 1);
	assert_int_equal(s->nodes.n, 2);
	assert_true(s->nodes.v[0].free_bytes.v == 512.0 * 1024);
	assert_false(metric_is_ok(s->nodes.v[1].free_bytes)); /* its meminfo is missing */
	snapshot_free(s);
	core_reader_free(c);
	rootfs_close(fs);
	tree_release(&tree);
}

static void put(struct snapshot *s, unsigned id, double usec)
{
	vec_push(&s->cores, ((struct core){id, -1, metric_ok(usec)}));
}

static void test_rates(void **state)
{
	struct snapshot *before = snapshot_new(), *now = snapshot_new();
	struct frame *f = frame_new();
	(void)state;
	before->host.mono_usec = 1000000;
	now->host.mono_usec = 2000000;
	put(before, 0, 100);
	put(before, 2, 900000);
	put(now, 0, 500100);
	put(now, 1, 7); /* has just come */
	put(now, 2, 5); /* was off and on */
	put(now, 3, 9);
	cores_fill(before, now, f);
	assert_int_equal(f->cores_used.n, 4);
	assert_true(fabs(f->cores_used.v[0].v - 0.5) < 1e-9);
	assert_int_equal(f->cores_used.v[1].st, METRIC_FIRST);
	assert_int_equal(f->cores_used.v[2].st, METRIC_RESET);
	assert_int_equal(f->cores_used.v[3].st, METRIC_FIRST);
	frame_clear(f);
	cores_fill(NULL, now, f);
	assert_int_equal(f->cores_used.v[0].st, METRIC_FIRST);
	frame_free(f);
	snapshot_free(before);
	snapshot_free(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_rates),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
