/*
 * The reader of one VM on trees with several moments (DIR/0, DIR/1, ...): threads by name and by inference, the
 * memory metrics with and without privilege, a pid that changes hands, threads that come and go.
 */
#include <errno.h>

#include "tree.h"
#include "unit.h"
#include "vctop/source/vm.h"

#define MIB (1024.0 * 1024)
#define SMAPS                                                                                                          \
	"7f1985c00000-7f1995c00000 rw-p 00000000 00:00 0 \nRss: 98304 kB\nSwap: 0 kB\nVmFlags: rd wr dc \n"            \
	"7f2000000000-7f2001000000 rw-p 00000000 00:00 0 \nRss: 4096 kB\nVmFlags: rd wr \n"
#define STATUS "Name:\tq\nVmHWM:\t  204800 kB\nHugetlbPages:\t    2048 kB\nVmSwap:\t    1024 kB\n"
#define BLOCKED "Name:\tq\nSigBlk:\tfffffffe7ffbfa77\n"
#define KVM_VCPU "Name:\tq\nSigBlk:\tfffffffe7ffbf837\n"
#define KERNEL_WORKER "Name:\tkvm-nx-lpage-re\nSigBlk:\tfffffffffffbfeff\n"

static void stat_at(const struct tree *t, int moment, unsigned ticks, unsigned threads, unsigned start)
{
	cleanup_free char *path = xasprintf("%d/proc/7/stat", moment);
	cleanup_free char *text =
	        xasprintf("7 (q) S 1 7 7 0 -1 0 0 0 0 0 %u 0 0 0 20 0 %u 0 %u 0 25600 1 1\n", ticks, threads, start);
	tree_write(t, path, text);
}

static void file_at(const struct tree *t, int moment, const char *name, const char *text)
{
	cleanup_free char *path = xasprintf("%d/proc/7/%s", moment, name);
	tree_write(t, path, text);
}

static void thread_at(const struct tree *t, int moment, int tid, const char *comm, const char *schedstat)
{
	cleanup_free char *c = xasprintf("task/%d/comm", tid), *s = xasprintf("task/%d/schedstat", tid);
	file_at(t, moment, c, comm);
	file_at(t, moment, s, schedstat);
}

static void memory_at(const struct tree *t, int moment)
{
	file_at(t, moment, "statm", "400000 25600 5000 1431 0 90000 0\n");
	file_at(t, moment, "status", STATUS);
	file_at(t, moment, "smaps", SMAPS);
	file_at(t, moment, "io", "rchar: 9\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n");
}

static struct vm_reader *open_reader(const struct tree *t, const char *runtime, unsigned vcpus, struct rootfs **ret_fs)
{
	struct error err = {0};
	const struct vm_config c = {.runtime = runtime, .vcpus = vcpus, .ram_bytes = 256U << 20};
	*ret_fs = rootfs_open(t->root, &err);
	assert_non_null(*ret_fs);
	return vm_reader_new(*ret_fs, 7, vmm_table[0], &c);
}

static bool is_value(struct metric m, double v)
{
	return metric_is_ok(m) && near(m.v, v);
}

static struct sample sample_of(struct vm_reader *v)
{
	struct sample s = {0};
	assert_int_equal(vm_reader_sample(v, &s), 0);
	return s;
}

static void test_named(void **state)
{
	(void)state;
	struct tree t;
	struct rootfs *fs;
	tree_init(&t);
	stat_at(&t, 0, 200, 3, 50);
	memory_at(&t, 0);
	thread_at(&t, 0, 7, "q\n", "1 1 1\n");
	thread_at(&t, 0, 8, "CPU 0/KVM\n", "1000000000 5000000 7\n");
	thread_at(&t, 0, 9, "CPU 1/KVM\n", "500000000 1000000 7\n");
	/* Next: a third vCPU, and the schedstat sum is ahead of stat's whole ticks. */
	stat_at(&t, 1, 201, 4, 50);
	memory_at(&t, 1);
	thread_at(&t, 1, 7, "q\n", "1 1 1\n");
	thread_at(&t, 1, 8, "CPU 0/KVM\n", "1000000000 5000000 7\n");
	thread_at(&t, 1, 9, "CPU 1/KVM\n", "500000000 1000000 7\n");
	thread_at(&t, 1, 10, "CPU 2/KVM\n", "515000000 1000000 7\n");
	/* Then it is unplugged: the counter of the whole does not go back. */
	stat_at(&t, 2, 201, 3, 50);
	memory_at(&t, 2);
	thread_at(&t, 2, 7, "q\n", "1 1 1\n");
	thread_at(&t, 2, 8, "CPU 0/KVM\n", "1000000000 5000000 7\n");
	thread_at(&t, 2, 9, "CPU 1/KVM\n", "500000000 1000000 7\n");
	stat_at(&t, 3, 5, 3, 51);
	struct vm_reader *v = open_reader(&t, "qemu-kvm", 2, &fs);
	struct sample s = sample_of(v);
	assert_true(is_value(s.cpu.usage_usec, 2000000) && is_value(s.cpu.vcpus, 2));
	assert_true(is_value(s.cpu.guest_usec, 1500000) && is_value(s.cpu.steal_usec, 6000));
	assert_true(is_value(s.mem.held_bytes, 96 * MIB) && is_value(s.mem.overhead_bytes, 4 * MIB));
	assert_true(is_value(s.mem.rss_bytes, 25600.0 * (double)sysconf(_SC_PAGESIZE) + 2 * MIB));
	assert_true(is_value(s.mem.swap_bytes, MIB) && is_value(s.mem.peak_bytes, 200 * MIB));
	assert_true(is_value(s.mem.used_bytes, 96 * MIB));
	assert_string_equal(s.mem.used_by, "guest RAM resident");
	assert_true(is_value(s.io_read_bytes, 4096) && is_value(s.io_write_bytes, 8192) && is_value(s.pids, 3));
	assert_true(s.net_rx_bytes.st == METRIC_ABSENT && s.net_rx_bytes.why);
	assert_true(s.mem.guest_used_bytes.st == METRIC_ABSENT && s.mem.guest_used_bytes.why);

	assert_int_equal(rootfs_advance(fs), 0);
	s = sample_of(v);
	assert_true(is_value(s.cpu.guest_usec, 2015000) && is_value(s.cpu.usage_usec, 2015000));
	assert_true(is_value(s.cpu.vcpus, 3));
	assert_int_equal(rootfs_advance(fs), 0);
	s = sample_of(v);
	assert_true(is_value(s.cpu.usage_usec, 2015000) && is_value(s.cpu.vcpus, 2));
	assert_int_equal(rootfs_advance(fs), 0);
	assert_int_equal(vm_reader_sample(v, &s), -ESRCH); /* the pid is another's */
	vm_reader_free(v);
	assert_int_equal(rootfs_stats(fs).kept_fds, 0);
	rootfs_close(fs);
	tree_release(&t);
}

static int deny(void *data, const char *op, const char *path)
{
	const char *const *names = data;
	(void)op;
	for (; *names; names++)
		if (strstr(path, *names))
			return -EACCES;
	return 0;
}

static void test_denied(void **state)
{
	(void)state;
	static const char *const secret[] = {"/smaps", "/io", "/syscall", "/fd", NULL};
	struct tree t;
	struct rootfs *fs;
	tree_init(&t);
	stat_at(&t, 0, 200, 2, 50);
	memory_at(&t, 0);
	thread_at(&t, 0, 7, "q\n", "1 1 1\n");
	thread_at(&t, 0, 8, "q\n", "1000000000 5000000 7\n");
	struct vm_reader *v = open_reader(&t, "qemu-tcg", 1, &fs);
	const char *const *data = secret;
	void *raw;
	memcpy(&raw, &data, sizeof(raw));
	rootfs_set_fault(fs, deny, raw);
	struct sample s = sample_of(v);
	assert_true(is_value(s.cpu.usage_usec, 2000000) && is_value(s.cpu.vcpus, 1));
	assert_true(s.cpu.guest_usec.st == METRIC_DENIED && strstr(s.cpu.guest_usec.why, "debug-threads=on"));
	assert_true(s.mem.held_bytes.st == METRIC_DENIED && s.mem.overhead_bytes.st == METRIC_DENIED);
	assert_string_equal(s.mem.held_bytes.why, "smaps needs root or CAP_SYS_PTRACE");
	assert_string_equal(s.mem.used_by, "VMM resident");
	assert_true(is_value(s.mem.used_bytes, s.mem.rss_bytes.v));
	assert_true(s.io_read_bytes.st == METRIC_DENIED);
	vm_reader_free(v);
	rootfs_close(fs);
	tree_release(&t);
}

static void unnamed_at(const struct tree *t, int tid, const char *status, const char *call)
{
	cleanup_free char *st = xasprintf("task/%d/status", tid), *sc = xasprintf("task/%d/syscall", tid);
	thread_at(t, 0, tid, "q\n", "1000000 2000 7\n");
	if (status)
		file_at(t, 0, st, status);
	if (call)
		file_at(t, 0, sc, call);
}

#define CALL_HALT "202 0x1 0x189 0x0 0x0 0x0 0xffffffff 0x7f4c57dee4c0 0x7f4c766c3f16\n"
#define CALL_VNC "202 0x2 0x189 0x0 0x0 0x0 0xffffffff 0x7f4c57dee240 0x7f4c766c3f16\n"
#define CALL_WORKER "202 0x3 0x189 0x0 0x7f4c5cffe620 0x0 0xffffffff 0x7f4c57dee4a0 0x7f4c766c3f16\n"
#define CALL_RCU "202 0x4 0x0 0xffffffff 0x0 0x0 0x0 0x7f4c57dee668 0x7f4c766c3f16\n"
#define CALL_PPOLL "271 0x1 0x4 0x7ffe0 0x0 0x8 0x0 0x7ffe80545370 0x7f81a6b50366\n"
#define CALL_MUTEX "202 0x5 0x80 0x2 0x0 0x0 0x0 0x7f4c57dee668 0x7f4c766c3f16\n"
#define CALL_KVM_RUN "16 0xc 0xae80 0x0 0x0 0x56549fbcf290 0x5654a02be260 0x7f1984aca530 0x7f1986969d6b\n"

/* Unnamed threads: what they show, and how many of them must come out as vCPUs (0: not conclusive). */
static void test_unnamed(void **state)
{
	(void)state;
	static const struct {
		const char *runtime;
		unsigned vcpus;
		struct {
			const char *status, *call;
		} threads[5];
		unsigned found;
	} rows[] = {
#if defined(__x86_64__)
		{"qemu-tcg", 2, {{NULL, CALL_RCU}, {NULL, CALL_HALT}, {NULL, "running\n"}}, 2},
		{"qemu-tcg", 2, {{NULL, CALL_RCU}, {NULL, CALL_HALT}, {NULL, CALL_HALT}, {NULL, CALL_WORKER}}, 2},
		{"qemu-tcg", 2, {{NULL, CALL_HALT}, {NULL, CALL_HALT}, {NULL, CALL_VNC}, {NULL, CALL_PPOLL}}, 2},
		{"qemu-tcg", 4, {{NULL, CALL_RCU}, {NULL, CALL_HALT}}, 1}, /* round robin */
		{"qemu-tcg", 2, {{NULL, CALL_HALT}, {NULL, CALL_VNC}}, 0},
		{"qemu-tcg", 1, {{NULL, CALL_HALT}, {NULL, CALL_VNC}}, 0},
		{"qemu-tcg", 2, {{NULL, CALL_HALT}, {NULL, CALL_HALT}, {NULL, CALL_MUTEX}}, 0},
		{"qemu-tcg", 3, {{NULL, CALL_HALT}, {NULL, CALL_HALT}}, 0},
		{"qemu-tcg", 0, {{NULL, CALL_HALT}}, 0},
		{"qemu-tcg", 1, {{NULL, "nonsense\n"}}, 0},
		{"qemu-tcg", 1, {{NULL, "202 0x1\n"}}, 0},
		{"qemu-kvm",
		 2,
		 {{BLOCKED, CALL_RCU}, {KVM_VCPU, "running\n"}, {BLOCKED, CALL_KVM_RUN}, {KERNEL_WORKER, CALL_KVM_RUN}},
		 2},
#endif
		{"qemu-kvm", 2, {{BLOCKED, NULL}, {KVM_VCPU, NULL}, {KVM_VCPU, NULL}, {KERNEL_WORKER, NULL}}, 2},
		{"qemu-kvm", 2, {{KVM_VCPU, NULL}}, 0},
		{"qemu-kvm", 1, {{KVM_VCPU, NULL}, {KVM_VCPU, NULL}}, 2}, /* one hot-plugged */
		{"qemu-kvm", 1, {{BLOCKED, NULL}, {"SigBlk:\n", NULL}, {"", NULL}}, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		struct rootfs *fs;
		unsigned n = 1;
		tree_init(&t);
		memory_at(&t, 0);
		unnamed_at(&t, 7, BLOCKED, CALL_PPOLL);
		for (size_t j = 0; j < 5 && (rows[i].threads[j].status || rows[i].threads[j].call); j++, n++)
			unnamed_at(&t, 8 + (int)j, rows[i].threads[j].status, rows[i].threads[j].call);
		stat_at(&t, 0, 200, n, 50);
		tree_link(&t, "0/proc/7/fd/12", "anon_inode:kvm-vcpu:0");
		tree_link(&t, "0/proc/7/fd/13", "anon_inode:kvm-vcpu:1");
		tree_link(&t, "0/proc/7/fd/14", "anon_inode:kvm-vcpu-stats:1");
		struct vm_reader *v = open_reader(&t, rows[i].runtime, rows[i].vcpus, &fs);
		struct sample s = sample_of(v);
		bool ok = metric_is_ok(s.cpu.guest_usec);
		if (ok != (rows[i].found > 0) || (ok && !near(s.cpu.guest_usec.v, rows[i].found * 1000.0)) ||
		    (!ok && !s.cpu.guest_usec.why) ||
		    (rows[i].vcpus && !is_value(s.cpu.vcpus, rows[i].found > 1 ? rows[i].found : rows[i].vcpus)))
			fail_row(i, "guest %s %g", metric_state_name(s.cpu.guest_usec.st), s.cpu.guest_usec.v);
		vm_reader_free(v);
		rootfs_close(fs);
		tree_release(&t);
	}
}

static int fail_nth(void *data, const char *op, const char *path)
{
	int *left = data;
	(void)op;
	(void)path;
	return (*left)-- == 0 ? -ESRCH : 0;
}

/* The n-th access fails: no crash, no fd left, and what is told is told as missing. */
static void test_faults(void **state)
{
	(void)state;
	for (int n = 0; n < 60; n++) {
		struct tree t;
		struct rootfs *fs;
		struct sample s = {0};
		int left = n;
		tree_init(&t);
		stat_at(&t, 0, 200, 2, 50);
		memory_at(&t, 0);
		thread_at(&t, 0, 7, "q\n", "1 1 1\n");
		thread_at(&t, 0, 8, "CPU 0/TCG\n", "1000000000 5000000 7\n");
		unsigned before = open_fds();
		struct vm_reader *v = open_reader(&t, "qemu-tcg", 1, &fs);
		rootfs_set_fault(fs, fail_nth, &left);
		int r = vm_reader_sample(v, &s);
		if (r == 0 &&
		    (!metric_is_ok(s.cpu.usage_usec) || (!metric_is_ok(s.mem.held_bytes) && !s.mem.held_bytes.why) ||
		     (!metric_is_ok(s.mem.rss_bytes) && !s.mem.rss_bytes.why)))
			fail_row(n, "a number without a reason");
		vm_reader_free(v);
		rootfs_close(fs);
		assert_int_equal(open_fds(), before);
		tree_release(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_named),
	        cmocka_unit_test(test_denied),
	        cmocka_unit_test(test_unnamed),
	        cmocka_unit_test(test_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
