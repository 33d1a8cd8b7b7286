/* The choke point of reading: moments, clocks, kept fds and their budget, faults, hostile trees. */
#include <sys/resource.h>
#include <sys/wait.h>

#include "source/beneath.h"
#include "tree.h"
#include "vctop/source/rootfs.h"

static int setup(void **state)
{
	struct tree *t = xcalloc(1, sizeof(*t));
	tree_init(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	tree_release(*state);
	free(*state);
	return 0;
}

static struct rootfs *open_tree(const struct tree *t)
{
	struct error err = {0};
	struct rootfs *fs = rootfs_open(t->root, &err);
	if (!fs)
		fail_row(0, "%s", err.what);
	return fs;
}

static void test_read(void **state)
{
	const struct tree *t = *state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	tree_write(t, "proc/stat", "cpu 1 2 3\n");
	tree_write(t, "proc/empty", "");
	tree_write_n(t, "proc/nul", "a\0b", 3);
	struct rootfs *fs = open_tree(t);
	assert_false(rootfs_is_live(fs));
	assert_int_equal(rootfs_read(fs, "proc/stat", 4096, &sb), 10);
	assert_string_equal(sb.buf, "cpu 1 2 3\n");
	assert_int_equal(rootfs_read(fs, "proc/stat", 10, &sb), 10);
	assert_int_equal(rootfs_read(fs, "proc/stat", 9, &sb), -EFBIG);
	assert_int_equal(rootfs_read(fs, "proc/empty", 9, &sb), 0);
	assert_string_equal(sb.buf, "");
	assert_int_equal(rootfs_read(fs, "proc/nul", 9, &sb), 3);
	assert_memory_equal(sb.buf, "a\0b", 4);
	assert_int_equal(rootfs_read(fs, "proc/none", 9, &sb), -ENOENT);
	assert_int_equal(rootfs_read(fs, "proc/stat/x", 9, &sb), -ENOTDIR);
	assert_int_equal(rootfs_advance(fs), -ENOENT); /* a tree of one moment */
	rootfs_close(fs);
	rootfs_close(NULL);
}

static void test_open_fails(void **state)
{
	const struct tree *t = *state;
	struct error err = {0};
	cleanup_free char *none = tree_path(t, "none");
	assert_null(rootfs_open(none, &err));
	assert_int_equal(err.code, ENOENT);
	assert_non_null(strstr(err.what, "none"));
	assert_null(rootfs_open(t->root, &err)); /* nothing in it: no proc */
	assert_non_null(strstr(err.what, "proc"));
	tree_write(t, "file", "x");
	cleanup_free char *file = tree_path(t, "file");
	assert_null(rootfs_open(file, &err));
	assert_int_equal(err.code, ENOTDIR);
	assert_null(rootfs_open(file, NULL));
}

static void test_moments(void **state)
{
	const struct tree *t = *state;
	char buf[64];
	tree_write(t, "0/proc/n", "zero");
	tree_write(t, "1/proc/n", "one");
	tree_write(t, "2/proc/m", "no n here");
	tree_write(t, "0/.clock", "1000000 1795341600000000 5000000\n");
	tree_write(t, "1/.clock", "2000000 1795341601000000 6000000\n");
	struct rootfs *fs = open_tree(t);
	struct kfile k = KFILE_INIT;
	assert_int_equal(rootfs_now(fs).mono_usec, 1000000);
	assert_int_equal(rootfs_now(fs).real_usec, 1795341600000000);
	assert_int_equal(rootfs_now(fs).boot_usec, 5000000);
	assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 4);
	assert_string_equal(buf, "zero");
	assert_int_equal(rootfs_advance(fs), 0);
	assert_int_equal(rootfs_now(fs).mono_usec, 2000000);
	assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 3); /* the kept fd belonged to moment 0 */
	assert_string_equal(buf, "one");
	assert_int_equal(rootfs_advance(fs), 0);
	assert_true(rootfs_now(fs).real_usec > 0); /* no .clock: some fixed time, never the host's */
	assert_int_equal(rootfs_now(fs).real_usec, rootfs_now(fs).real_usec);
	assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(rootfs_advance(fs), -ENOENT);
	kfile_close(fs, &k);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
}

static void test_clock_hostile(void **state)
{
	const struct tree *t = *state;
	tree_mkdir(t, "proc");
	static const char *const clocks[] = {"",
	                                     "x y z",
	                                     "1",
	                                     "99999999999999999999999 1 1",
	                                     "\n\n\n",
	                                     "-5 -5 -5",
	                                     "9223372036854775807 9223372036854775808 18446744073709551615"};
	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		tree_write(t, ".clock", clocks[i]);
		struct rootfs *fs = open_tree(t);
		struct rootfs_time now = rootfs_now(fs);
		/* Differences and sums of them are taken everywhere. */
		assert_in_range(now.mono_usec, 0, 1LL << 53);
		assert_in_range(now.real_usec, 0, 1LL << 53);
		assert_in_range(now.boot_usec, 0, 1LL << 53);
		rootfs_close(fs);
	}
}

static void test_kept_fds(void **state)
{
	const struct tree *t = *state;
	char buf[64], tight[5];
	tree_write(t, "proc/n", "1234");
	struct rootfs *fs = open_tree(t);
	struct kfile k = KFILE_INIT;
	assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 4);
	uint64_t opens = rootfs_stats(fs).opens;
	for (int i = 0; i < 100; i++)
		assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 4);
	assert_int_equal(rootfs_stats(fs).opens, opens); /* a steady tick opens nothing */
	assert_int_equal(rootfs_stats(fs).kept_fds, 1);
	tree_write(t, "proc/n", "12345678"); /* as a kernel file: the same file, other content */
	assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 8);
	assert_int_equal(kfile_read(fs, &k, "proc/n", tight, sizeof(tight)), -EFBIG);
	assert_string_equal(tight, "1234"); /* terminated all the same */
	kfile_close(fs, &k);
	kfile_close(fs, &k);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
}

/* A process that may open few files keeps few, and reads the rest by opening them each time. */
static void test_fd_budget(void **state)
{
	const struct tree *t = *state;
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit lim = {24, 24};
		struct kfile k[100];
		char path[32], buf[32];
		(void)setrlimit(RLIMIT_NOFILE, &lim);
		for (int i = 0; i < 100; i++) {
			(void)snprintf(path, sizeof(path), "proc/%d", i);
			tree_write(t, path, path);
			k[i] = (struct kfile)KFILE_INIT;
		}
		struct rootfs *fs = rootfs_open(t->root, NULL);
		for (int round = 0; round < 3; round++)
			for (int i = 0; i < 100; i++) {
				(void)snprintf(path, sizeof(path), "proc/%d", i);
				if (kfile_read(fs, &k[i], path, buf, sizeof(buf)) != (ssize_t)strlen(path) ||
				    strcmp(buf, path) != 0)
					_exit(2);
			}
		if (rootfs_stats(fs).kept_fds == 0 || rootfs_stats(fs).kept_fds > 12)
			_exit(3);
		for (int i = 0; i < 100; i++)
			kfile_close(fs, &k[i]);
		_exit(rootfs_stats(fs).kept_fds == 0 ? 0 : 4);
	}
	int status = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

struct plan {
	int at, rc, seen;
	const char *op;
};

static int fail_nth(void *data, const char *op, const char *path)
{
	struct plan *p = data;
	(void)path;
	if (p->op && strcmp(p->op, op) != 0)
		return 0;
	return ++p->seen == p->at ? p->rc : 0;
}

static void test_faults(void **state)
{
	const struct tree *t = *state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	char buf[64];
	tree_write(t, "proc/n", "1234");
	tree_link(t, "proc/exe", "/usr/bin/qemu (deleted)");
	struct rootfs *fs = open_tree(t);
	static const int codes[] = {-ENOENT, -EACCES, -EIO, -ENODEV, -EOPNOTSUPP, -EMFILE, -ESRCH};
	unsigned before = open_fds();
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct kfile k = KFILE_INIT;
		struct rootfs_names names = {.text = STRBUF_INIT};
		struct stat st;
		struct plan p = {1, codes[i], 0, "open"};
		rootfs_set_fault(fs, fail_nth, &p);
		assert_int_equal(rootfs_read(fs, "proc/n", 9, &sb), codes[i]);
		p = (struct plan){1, codes[i], 0, "read"};
		assert_int_equal(rootfs_read(fs, "proc/n", 9, &sb), codes[i]);
		p = (struct plan){1, codes[i], 0, "readlink"};
		assert_int_equal(rootfs_readlink(fs, "proc/exe", &sb), codes[i]);
		p = (struct plan){1, codes[i], 0, NULL};
		assert_int_equal(rootfs_stat(fs, "proc/n", &st), codes[i]);
		p = (struct plan){1, codes[i], 0, NULL};
		assert_int_equal(rootfs_list(fs, "proc", false, &names), codes[i]);
		/* A kept fd that dies is closed; the next read opens anew. */
		p = (struct plan){2, codes[i], 0, "read"};
		assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 4);
		assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), codes[i]);
		assert_int_equal(k.fd, -1);
		assert_int_equal(rootfs_stats(fs).kept_fds, 0);
		assert_int_equal(kfile_read(fs, &k, "proc/n", buf, sizeof(buf)), 4);
		kfile_close(fs, &k);
		rootfs_names_release(&names);
	}
	assert_int_equal(open_fds(), before);
	rootfs_set_fault(fs, NULL, NULL);
	assert_int_equal(rootfs_readlink(fs, "proc/exe", &sb), 0);
	assert_string_equal(sb.buf, "/usr/bin/qemu (deleted)");
	assert_int_equal(rootfs_readlink(fs, "proc/n", &sb), -EINVAL);
	rootfs_close(fs);
}

static void test_list(void **state)
{
	const struct tree *t = *state;
	tree_write(t, "proc/a/x", "");
	tree_write(t, "proc/b/x", "");
	tree_write(t, "proc/file", "");
	struct rootfs *fs = open_tree(t);
	struct rootfs_names names = {.text = STRBUF_INIT};
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rootfs_list(fs, "proc", true, &names), 0);
		assert_int_equal(names.at.n, 2);
		assert_true(strcmp(rootfs_name(&names, 0), rootfs_name(&names, 1)) != 0);
	}
	assert_int_equal(rootfs_list(fs, "proc", false, &names), 0);
	assert_int_equal(names.at.n, 3);
	assert_int_equal(rootfs_list(fs, "proc/file", false, &names), -ENOTDIR);
	assert_int_equal(names.at.n, 0);
	assert_int_equal(rootfs_list(fs, "", true, &names), 0); /* the root itself */
	assert_int_equal(names.at.n, 1);
	rootfs_names_release(&names);
	rootfs_close(fs);
}

/* Nothing in a tree may make us wait or read a device. */
static void test_hostile_tree(void **state)
{
	const struct tree *t = *state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	char buf[64];
	struct kfile k = KFILE_INIT;
	tree_write(t, "proc/n", "1234");
	cleanup_free char *fifo = tree_path(t, "proc/fifo");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	tree_link(t, "proc/zero", "/dev/zero");
	tree_link(t, "proc/loop", "loop");
	struct rootfs *fs = open_tree(t);
	alarm(10); /* a hang is a failure, not a wait */
	assert_int_equal(rootfs_read(fs, "proc/fifo", 4096, &sb), -EINVAL);
	assert_int_equal(kfile_read(fs, &k, "proc/fifo", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(k.fd, -1);
	assert_int_equal(rootfs_read(fs, "proc/zero", 4096, &sb), -ENOENT); /* the tree has no dev */
	assert_int_equal(rootfs_read(fs, "proc/loop", 4096, &sb), -ELOOP);
	assert_true(rootfs_read(fs, "proc", 4096, &sb) < 0);
	alarm(0);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
}

/* Links that would show the machine's own files: what each opens inside the tree. */
static void test_no_way_out(void **state)
{
	const struct tree *t = *state;
	typedef int (*opener)(int, const char *, int);
	static const opener openers[] = {beneath_open, beneath_open_by_hand};
	static const struct {
		const char *path;
		int want; /* length of what is read, or -errno */
	} rows[] = {
	        {"proc/absolute", 4},        {"proc/up", 4},          {"proc/dir/passwd", 4},
	        {"//etc//passwd", 4},        {"../../etc/passwd", 4}, {"/../etc/passwd", 4},
	        {"proc/./../etc/passwd", 4}, {"proc/chain", 4},       {"proc/none", -ENOENT},
	        {"proc/loop", -ELOOP},       {"proc/ping", -ELOOP},   {"etc/passwd/x", -ENOTDIR},
	        {"proc/missing/x", -ENOENT},
	};
	tree_write(t, "etc/passwd", "tree");
	tree_link(t, "proc/absolute", "/etc/passwd");
	tree_link(t, "proc/up", "../../../../../../../../etc/passwd");
	tree_link(t, "proc/dir", "/etc/");
	tree_link(t, "proc/chain", "dir/../proc/absolute");
	tree_link(t, "proc/none", "/usr");
	tree_link(t, "proc/loop", "loop");
	tree_link(t, "proc/ping", "pong");
	tree_link(t, "proc/pong", "/proc/ping");
	cleanup_close int root = open(t->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t o = 0; o < ARRAY_SIZE(openers); o++) {
			char buf[64];
			cleanup_close int fd = openers[o](root, rows[i].path, O_RDONLY | O_CLOEXEC);
			int got = fd < 0 ? fd : (int)read(fd, buf, sizeof(buf));
			if (got != rows[i].want)
				fail_row(i, "%s, way %zu: %d, not %d", rows[i].path, o, got, rows[i].want);
			cleanup_close int link = openers[o](root, rows[i].path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			if (link < 0 && rows[i].want >= 0)
				fail_row(i, "%s, way %zu, the link itself: %d", rows[i].path, o, link);
		}
	struct rootfs *fs = open_tree(t);
	struct stat st;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	assert_int_equal(rootfs_read(fs, "proc/absolute", 64, &sb), 4);
	assert_string_equal(sb.buf, "tree");
	assert_int_equal(rootfs_stat(fs, "proc/absolute", &st), 0);
	assert_int_equal(st.st_size, 4);
	assert_int_equal(rootfs_stat(fs, "proc/none", &st), -ENOENT);
	assert_int_equal(rootfs_readlink(fs, "proc/absolute", &sb), 0);
	assert_string_equal(sb.buf, "/etc/passwd");
	assert_int_equal(rootfs_readlink(fs, "etc/passwd", &sb), -EINVAL);
	rootfs_close(fs);
}

/* A container's root: its links end in it, what is no file is not opened, what is mounted in it not entered. */
static void test_read_below(void **state)
{
	const struct tree *t = *state;
	static const struct {
		const char *path;
		int want;
	} rows[] = {
	        {"etc/os-release", 5}, {"etc/out", -ENOENT},  {"etc/up", 5},        {"etc/fifo", -EINVAL},
	        {"etc", -EINVAL},      {"etc/none", -ENOENT}, {"etc/loop", -ELOOP}, {"etc/os-release/x", -ENOTDIR},
	        {"", -ENOENT},
	};
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	tree_mkdir(t, "proc");
	tree_write(t, "outside", "secret");
	tree_write(t, "box/usr/lib/os-release", "ID=x\n");
	tree_link(t, "box/etc/os-release", "/usr/lib/os-release");
	tree_link(t, "box/etc/out", "../../outside");
	tree_link(t, "box/etc/up", "../../../../usr/lib/os-release");
	tree_link(t, "box/etc/loop", "loop");
	cleanup_free char *fifo = tree_path(t, "box/etc/fifo");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	struct rootfs *fs = open_tree(t);
	alarm(5);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		ssize_t got = rootfs_read_below(fs, "box", rows[i].path, 64, &sb);
		if (got == -ENOSYS)
			skip();
		if (got != rows[i].want)
			fail_row(i, "%s: %zd, not %d", rows[i].path, got, rows[i].want);
	}
	assert_int_equal(rootfs_read_below(fs, "box/usr/lib/os-release", "x", 64, &sb), -ENOTDIR);
	assert_int_equal(rootfs_read_below(fs, "nowhere", "x", 64, &sb), -ENOENT);
	rootfs_close(fs);
	/* Of the live host: /proc is mounted in it. */
	fs = rootfs_open("/", NULL);
	assert_non_null(fs);
	assert_int_equal(rootfs_read_below(fs, "", "proc/self/stat", 4096, &sb), -EXDEV);
	assert_true(rootfs_read_below(fs, "proc", "self/stat", 4096, &sb) > 0);
	rootfs_close(fs);
	alarm(0);
}

/* A moment, or proc itself, that is a link to the machine's own. */
static void test_moment_outside(void **state)
{
	const struct tree *t = *state;
	struct error err = {0};
	tree_link(t, "0", "/");
	tree_link(t, "proc", "/proc");
	assert_null(rootfs_open(t->root, &err));
	assert_non_null(strstr(err.what, "proc"));
}

static void test_live(void **state)
{
	const struct tree *t = *state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	struct error err = {0};
	struct rootfs *fs = rootfs_open("/", &err);
	assert_non_null(fs);
	assert_true(rootfs_is_live(fs));
	assert_int_equal(rootfs_advance(fs), 0);
	assert_true(rootfs_read(fs, "proc/self/stat", 4096, &sb) > 0);
	/* What users may name is opened only where it is a file; what the kernel shows, at once. */
	cleanup_free char *fifo = tree_path(t, "fifo"), *link = tree_path(t, "link"), *file = tree_path(t, "file");
	tree_write(t, "file", "text");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(rootfs_read(fs, fifo + 1, 4096, &sb), -EINVAL);
	assert_int_equal(symlink("/dev/zero", link), 0);
	assert_int_equal(rootfs_read(fs, link + 1, 4096, &sb), -EINVAL);
	assert_int_equal(rootfs_read(fs, "proc/../dev/zero", 4096, &sb), -EINVAL);
	assert_int_equal(rootfs_read(fs, "proc/self/root/dev/zero", 4096, &sb), -EINVAL);
	assert_int_equal(rootfs_read(fs, file + 1, 4096, &sb), 4);
	struct rootfs_time a = rootfs_now(fs), b = rootfs_now(fs);
	assert_true(b.mono_usec >= a.mono_usec && a.real_usec > 1600000000000000 && a.boot_usec >= a.mono_usec);
	rootfs_close(fs);
}

int main(void)
{
#define TREE_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
	        TREE_TEST(test_read),          TREE_TEST(test_open_fails),     TREE_TEST(test_moments),
	        TREE_TEST(test_clock_hostile), TREE_TEST(test_kept_fds),       TREE_TEST(test_fd_budget),
	        TREE_TEST(test_faults),        TREE_TEST(test_list),           TREE_TEST(test_hostile_tree),
	        TREE_TEST(test_no_way_out),    TREE_TEST(test_moment_outside), TREE_TEST(test_live),
	        TREE_TEST(test_read_below),
	};
	return cmocka_run_group_tests_name("rootfs", tests, NULL, NULL);
}
