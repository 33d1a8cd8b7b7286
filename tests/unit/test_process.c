/*
 * A process as /proc has it: stat from the last ')', raw arguments, start time; gone, denied and cut.
 */
#include <errno.h>

#include "tree.h"
#include "unit.h"
#include "vctop/base/strbuf.h"
#include "vctop/source/process.h"

#define IN(s) s, sizeof(s) - 1
#define TAIL                                                                                                           \
	" 1 5816 5816 0 -1 4194560 58318 0 0 0 700 41 0 0 20 0 4 0 122393 1679003648 57680 18446744073709551615 1 1\n"

static void test_stat(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		const char *comm;
	} rows[] = {
	        {IN("5816 (qemu-system-x86) S" TAIL), 0, "qemu-system-x86"},
	        {IN("5816 (a) R 2 (b) S" TAIL), 0, "a) R 2 (b"},
	        {IN("5816 () S" TAIL), 0, ""},
	        {IN("5816 (a\033[m\n) S" TAIL), 0, "a?[m?"},
	        {IN("5816 (a S" TAIL), -EINVAL, NULL},
	        {IN("5816 a) S" TAIL), -EINVAL, NULL},
	        {IN("5816 )a( S" TAIL), -EINVAL, NULL},
	        {IN("5816 (a)"), -EINVAL, NULL},
	        {IN("5816 (a) S 1 2 3"), -EINVAL, NULL},
	        {IN("5816 (a) SS" TAIL), -EINVAL, NULL},
	        {IN("5816 (a) S 1 1 1 0 -1 0 0 0 0 0 x 41 0 0 20 0 4 0 122393 1 2 3\n"), -EINVAL, NULL},
	        {IN("5816 (a) S 1 1 1 0 -1 0 0 0 0 0 18446744073709551615 1 0 0 20 0 4 0 1 1 2 3\n"), -EINVAL, NULL},
	        {IN("5816 (a) S 99999999999 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 4 0 1 1 2 3\n"), -EINVAL, NULL},
	        {IN(""), -EINVAL, NULL},
	        {IN("("), -EINVAL, NULL},
	        {IN("\xff\0()"), -EINVAL, NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		struct process_stat st = {.threads = 77};
		int rc = process_parse_stat(buf, rows[i].len, &st);
		if (rc != rows[i].rc || (rc < 0 && st.threads != 77))
			fail_row(i, "%s: rc %d", rows[i].in, rc);
		if (rc < 0)
			continue;
		if (strcmp(st.comm, rows[i].comm) != 0 || st.ppid != 1 || st.state != 'S' || st.threads != 4 ||
		    st.cpu_ticks != 741 || st.start_ticks != 122393 || st.rss_pages != 57680)
			fail_row(i, "%s: comm %s", rows[i].in, st.comm);
	}
}

static struct rootfs *open_tree(const struct tree *t)
{
	struct error err = {0};
	struct rootfs *fs = rootfs_open(t->root, &err);
	assert_non_null(fs);
	return fs;
}

static void test_read(void **state)
{
	(void)state;
	static const char cmdline[] = "qemu\0-name\0a b\0--uuid\0u\0\0-last";
	struct tree t;
	struct process p;
	tree_init(&t);
	tree_write(&t, "proc/7/stat", "7 (c\033) S" TAIL);
	tree_write_n(&t, "proc/7/cmdline", cmdline, sizeof(cmdline) - 1);
	tree_link(&t, "proc/7/exe", "/usr/bin/qemu");
	tree_write(&t, "proc/8/stat", "8 (kthreadd) S" TAIL);
	tree_write(&t, "proc/8/cmdline", "");
	tree_write(&t, "proc/9/stat", "9 (x) S" TAIL);
	struct rootfs *fs = open_tree(&t);
	unsigned before = open_fds();

	assert_int_equal(process_read(fs, 7, &p), 0);
	assert_string_equal(p.exe, "/usr/bin/qemu");
	assert_string_equal(p.stat.comm, "c?");
	assert_int_equal(p.argc, 7);
	assert_string_equal(p.argv[2], "a b");
	assert_string_equal(p.argv[5], "");
	assert_string_equal(p.argv[6], "-last");
	assert_null(p.argv[7]);
	assert_string_equal(process_option(&p, "-name"), "a b");
	assert_string_equal(process_option(&p, "-uuid"), "u");
	assert_string_equal(process_option(&p, "--name"), "a b");
	assert_null(process_option(&p, "-last"));
	assert_null(process_option(&p, "-none"));
	process_release(&p);

	assert_int_equal(process_read(fs, 8, &p), 0);
	assert_int_equal(p.argc, 0);
	assert_null(p.argv[0]);
	assert_null(p.exe);
	assert_string_equal(p.stat.comm, "kthreadd");
	process_release(&p);

	assert_int_equal(process_read(fs, 9, &p), -ENOENT); /* went before its cmdline was read */
	assert_int_equal(process_read(fs, 10, &p), -ENOENT);
	assert_int_equal(open_fds(), before);
	rootfs_close(fs);
	tree_release(&t);
}

static void test_long(void **state)
{
	(void)state;
	enum { BIG = (1 << 20) + 500 };
	struct tree t;
	struct process p;
	char *text = xmalloc(BIG);
	tree_init(&t);
	struct rootfs *fs;
	tree_write(&t, "proc/7/stat", "7 (c) S" TAIL);
	memset(text, 'x', BIG);
	tree_write_n(&t, "proc/7/cmdline", text, BIG);
	fs = open_tree(&t);
	assert_int_equal(process_read(fs, 7, &p), 0);
	assert_true(p.cmdline_cut);
	assert_int_equal(p.argc, 1);
	process_release(&p);

	memset(text, 0, BIG);
	tree_write_n(&t, "proc/7/cmdline", text, 1 << 20);
	assert_int_equal(process_read(fs, 7, &p), 0);
	assert_true(p.cmdline_cut);
	assert_int_equal(p.argc, 65536);
	process_release(&p);
	free(text);
	rootfs_close(fs);
	tree_release(&t);
}

struct swap {
	struct tree *t;
	const char *at;
};

/* Between two reads the pid goes to another process. */
static int swap_process(void *data, const char *op, const char *path)
{
	struct swap *s = data;
	cleanup_free char *own = xasprintf("%s/proc/7", s->t->root), *old = xasprintf("%s/proc/gone", s->t->root);
	cleanup_free char *stat = xasprintf("%s/stat", old);
	if (strcmp(op, "open") != 0 || strcmp(path, s->at) != 0)
		return 0;
	/* What the kernel shows of who has gone is empty. */
	assert_int_equal(rename(own, old), 0);
	assert_int_equal(unlink(stat), 0);
	tree_write(s->t, "proc/7/stat", "7 (d) S 1 1 1 0 -1 0 0 0 0 0 1 1 0 0 20 0 4 0 999 1 2 3\n");
	tree_write(s->t, "proc/7/cmdline", "d");
	return 0;
}

static int deny_exe(void *data, const char *op, const char *path)
{
	(void)data;
	(void)path;
	return strcmp(op, "readlink") == 0 ? -EACCES : 0;
}

static int fail_nth(void *data, const char *op, const char *path)
{
	int *left = data;
	(void)op;
	(void)path;
	return (*left)-- == 0 ? -EIO : 0;
}

static void test_faults(void **state)
{
	(void)state;
	struct tree t;
	struct process p;
	tree_init(&t);
	tree_write(&t, "proc/7/stat", "7 (c) S" TAIL);
	tree_write_n(&t, "proc/7/cmdline", "a\0b", 4);
	tree_link(&t, "proc/7/exe", "/usr/bin/qemu");
	struct rootfs *fs = open_tree(&t);
	unsigned before = open_fds();
	rootfs_set_fault(fs, deny_exe, NULL);
	assert_int_equal(process_read(fs, 7, &p), 0);
	assert_null(p.exe);
	process_release(&p);
	for (int n = 0; n < 12; n++) {
		int left = n;
		rootfs_set_fault(fs, fail_nth, &left);
		if (process_read(fs, 7, &p) == 0)
			process_release(&p);
	}
	struct swap s = {&t, "proc/7/cmdline"};
	rootfs_set_fault(fs, swap_process, &s);
	assert_int_equal(process_read(fs, 7, &p), -ESRCH);
	assert_int_equal(open_fds(), before);
	rootfs_close(fs);
	tree_release(&t);
}

static void test_started(void **state)
{
	(void)state;
	const struct rootfs_time now = {.real_usec = 1000000000000000, .boot_usec = 5000000000};
	struct process_stat st = {.start_ticks = (uint64_t)sysconf(_SC_CLK_TCK) * 4000};
	assert_int_equal(process_started(&st, now), 1000000000000000 - 1000000000);
	st.start_ticks = 0;
	assert_int_equal(process_started(&st, now), 1000000000000000 - 5000000000);
	st.start_ticks = UINT64_MAX;
	(void)process_started(&st, now); /* no overflow */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_stat),   cmocka_unit_test(test_read),    cmocka_unit_test(test_long),
	        cmocka_unit_test(test_faults), cmocka_unit_test(test_started),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
