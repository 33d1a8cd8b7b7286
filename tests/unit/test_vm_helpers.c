/* Processes that work for a VM: they come and go, hand their pid on, and what they ran is never given back. */
#include "source/vm/vm_helpers.h"

#include "tree.h"

static void stat_at(const struct tree *t, int moment, int pid, unsigned ticks, unsigned start)
{
	cleanup_free char *path = xasprintf("%d/proc/%d/stat", moment, pid);
	cleanup_free char *text =
	        xasprintf("%d (x) S 1 1 1 0 -1 0 0 0 0 0 %u 0 0 0 20 0 1 0 %u 0 10 1 1\n", pid, ticks, start);
	tree_write(t, path, text);
}

static void children_at(const struct tree *t, int moment, const char *text)
{
	cleanup_free char *path = xasprintf("%d/proc/7/task/7/children", moment);
	tree_write(t, path, text);
}

static void test_family(void **state)
{
	(void)state;
	static const double expected[] = {
	        30 + 5,         /* two children, a vhost thread */
	        33 + 6,         /* one has ended: its time stays; the other went on */
	        33 + 4 + 6,     /* another with the first one's pid: counted from its own beginning */
	        33 + 4 + 6,     /* the list is malformed: none is there, nothing is lost */
	        33 + 4 + 6 + 1, /* the vhost thread's pid is another's now; a child came back to the list */
	};
	struct tree t;
	struct error err = {0};
	tree_init(&t);
	stat_at(&t, 0, 8, 10, 100);
	stat_at(&t, 0, 9, 20, 100);
	stat_at(&t, 0, 70, 5, 90);
	children_at(&t, 0, "8 9 ");
	stat_at(&t, 1, 9, 23, 100);
	stat_at(&t, 1, 70, 6, 90);
	children_at(&t, 1, "9 ");
	stat_at(&t, 2, 9, 23, 100);
	stat_at(&t, 2, 8, 4, 500);
	stat_at(&t, 2, 70, 6, 90);
	children_at(&t, 2, "8 9");
	stat_at(&t, 3, 70, 6, 90);
	children_at(&t, 3, "x -1 99999999999999999999 0\n");
	stat_at(&t, 4, 70, 99, 91);
	stat_at(&t, 4, 10, 1, 600);
	children_at(&t, 4, "10 10 10 11");
	struct rootfs *fs = rootfs_open(t.root, &err);
	assert_non_null(fs);
	struct vm_helpers h;
	vm_helpers_init(&h, fs, 7, true);
	vm_helpers_add(&h, 70, 90);
	vm_helpers_add(&h, 70, 90);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		if (i)
			assert_int_equal(rootfs_advance(fs), 0);
		double ticks = vm_helpers_ticks(&h);
		if (!near(ticks, expected[i]))
			fail_row(i, "%g ticks", ticks);
	}
	vm_helpers_release(&h);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
	tree_release(&t);
}

/* What the children hold of their own, read again when time has passed or another came. */
static void test_pages(void **state)
{
	(void)state;
	static const struct {
		const char *children, *statm; /* of 8; NULL as before */
		int64_t sec;
		double pages;
	} rows[] = {
	        {"8", "100 50 20 1 0 1 0\n", 1, 30},
	        {"8", "100 90 20 1 0 1 0\n", 2, 30}, /* not due */
	        {"8 9", NULL, 3, 30 + 7},            /* a new one */
	        {"8 9", NULL, 12, 70 + 7},
	        {"8 9", "100 20 50\n", 30, 7}, /* nothing of its own */
	        {"8 9", "x y\n", 50, 7},
	        {"8 9", "1 99999999999999999999 0\n", 70, 7},
	        {"9", NULL, 71, 7},
	};
	struct tree t;
	struct error err = {0};
	tree_init(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *path = xasprintf("%zu/proc/8/statm", i), *other = xasprintf("%zu/proc/9/statm", i);
		const char *text = "";
		for (size_t k = 0; k <= i; k++)
			text = rows[k].statm ? rows[k].statm : text;
		children_at(&t, (int)i, rows[i].children);
		stat_at(&t, (int)i, 8, 1, 100);
		stat_at(&t, (int)i, 9, 1, 100);
		tree_write(&t, path, text);
		tree_write(&t, other, "100 10 3 1 0 1 0\n");
	}
	struct rootfs *fs = rootfs_open(t.root, &err);
	assert_non_null(fs);
	struct vm_helpers h;
	vm_helpers_init(&h, fs, 7, true);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (i)
			assert_int_equal(rootfs_advance(fs), 0);
		(void)vm_helpers_ticks(&h);
		double pages = vm_helpers_pages(&h, rows[i].sec * 1000000);
		if (!near(pages, rows[i].pages))
			fail_row(i, "%g pages", pages);
	}
	vm_helpers_release(&h);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
	tree_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_family), cmocka_unit_test(test_pages)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
