/* What runs in the instance that is looked at: who is in the list and who is not, and rates of the same task only. */
#include "tree.h"
#include "vctop/derive/derive.h"
#include "vctop/source/source.h"

#include <math.h>

#define BATCH "docker:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define GROUP "sys/fs/cgroup/system.slice/docker-bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.scope"
#define VM "qemu:aaaaaaaa-0000-4000-8000-000000000001"

static const struct task_use *use_of(const struct frame *f, pid_t tid)
{
	for (size_t i = 0; i < f->tasks.n; i++)
		if (f->tasks.v[i].task->tid == tid)
			return &f->tasks.v[i];
	return NULL;
}

static struct source *open_fixture(void)
{
	struct error err = {0};
	struct source *s = source_open_host(SOURCE_DIR "/tests/fixtures/unified", &err);
	assert_non_null(s);
	return s;
}

static void test_processes_and_threads(void **state)
{
	struct snapshot *snap[2] = {snapshot_new(), snapshot_new()};
	struct frame *f = frame_new();
	(void)state;
	for (int vm = 0; vm < 2; vm++) {
		struct source *s = open_fixture();
		s->detail = vm ? VM : BATCH;
		for (int i = 0; i < 2; i++) {
			snapshot_clear(snap[i]);
			assert_int_equal(s->ops->next(s, snap[i], NULL), 0);
			assert_string_equal(snap[i]->tasks.of, s->detail);
			assert_null(snap[i]->tasks.why); /* one that has ended is not missed */
			assert_int_equal(snap[i]->tasks.v.n, 3);
		}
		frame_derive(snap[0], snap[1], f);
		assert_int_equal(f->tasks.n, 3);
		s->ops->close(s);
		for (size_t i = 1; i < f->tasks.n; i++)
			assert_true(f->tasks.v[i - 1].cores.v > f->tasks.v[i].cores.v);
		if (vm)
			break;
		const struct task_use *u = use_of(f, 1010); /* in a group below */
		assert_int_equal(u->task->role, TASK_PROCESS);
		assert_string_equal(u->task->comm, "batch-worker");
		assert_true(fabs(u->cores.v - 1.2) < 1e-6);
		assert_true(fabs(u->task->resident_bytes.v - 120000.0 * (double)sysconf(_SC_PAGESIZE)) < 1);
		frame_derive(NULL, snap[1], f);
		assert_int_equal(f->tasks.v[0].cores.st, METRIC_FIRST);
	}
	assert_int_equal(use_of(f, 2003)->task->role, TASK_VCPU);
	assert_int_equal(use_of(f, 2003)->task->vcpu, 0);
	assert_int_equal(use_of(f, 2004)->task->vcpu, 1);
	assert_true(fabs(use_of(f, 2004)->cores.v - 0.3) < 1e-6);
	assert_int_equal(use_of(f, 2000)->task->role, TASK_VMM);
	assert_false(metric_is_ok(use_of(f, 2000)->task->resident_bytes));
	frame_free(f);
	snapshot_free(snap[0]);
	snapshot_free(snap[1]);
}

static void test_nobody_asks(void **state)
{
	struct source *s = open_fixture();
	struct snapshot *snap = snapshot_new();
	(void)state;
	assert_int_equal(s->ops->next(s, snap, NULL), 0);
	assert_null(snap->tasks.of);
	assert_int_equal(snap->tasks.v.n, 0);
	snapshot_clear(snap);
	s->detail = "docker:no-such";
	assert_int_equal(s->ops->next(s, snap, NULL), 0);
	assert_int_equal(snap->tasks.v.n, 0);
	assert_non_null(snap->tasks.why);
	snapshot_free(snap);
	s->ops->close(s);
}

static void minimal(struct tree *t)
{
	tree_init(t);
	tree_write(t, "proc/stat", "cpu  1 0 0 0 0 0 0 0 0 0\n");
	tree_write(t, "proc/self/mountinfo", "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	tree_write(t, GROUP "/cgroup.procs", "0\n1002\n1003\n");
	tree_write(t, GROUP "/cgroup.events", "populated 1\nfrozen 0\n");
	tree_write(t, GROUP "/cpu.stat", "usage_usec 1\n");
	tree_write(t, "proc/1002/stat",
	           "1002 (a\033[2Jb) D 1 1 1 0 -1 0 0 0 0 0 7 0 0 0 20 0 1 0 99 1 5 0 0 0 0 0 0 0 0\n");
}

static const char *collect(const struct tree *t, struct snapshot *snap)
{
	struct error err = {0};
	struct source *s = source_open_host(t->root, &err);
	assert_non_null(s);
	s->detail = BATCH;
	snapshot_clear(snap);
	assert_int_equal(s->ops->next(s, snap, &err), 0);
	s->ops->close(s);
	assert_int_equal(snap->tasks.v.n, 1);
	assert_string_equal(snap->tasks.v.v[0].comm, "a?[2Jb");
	assert_int_equal(snap->tasks.v.v[0].state, 'D');
	return snap->tasks.why;
}

/* hidepid takes away even the first process; without it one that cannot be read has ended. */
static void test_what_is_not_seen_is_said(void **state)
{
	struct tree t;
	struct snapshot *snap = snapshot_new();
	(void)state;
	minimal(&t);
	assert_non_null(strstr(collect(&t, snap), "1 more are hidden by /proc (hidepid)"));
	tree_write(&t, "proc/1/stat", "1 (init) S 0 1 1 0 -1 0 0 0 0 0 7 0 0 0 20 0 1 0 1 1 5 0 0 0 0 0 0 0 0\n");
	assert_non_null(strstr(collect(&t, snap), "1 more are in a PID namespace"));
	tree_write(&t, GROUP "/cgroup.procs", "1002\n1003\n");
	assert_null(collect(&t, snap));
	snapshot_free(snap);
	tree_release(&t);
}

static struct task *put(struct snapshot *s, pid_t tid, uint64_t start, double usec)
{
	struct task t = {.pid = tid, .tid = tid, .comm = "x", .start_ticks = start, .cpu_usec = metric_ok(usec)};
	vec_push(&s->tasks.v, t);
	return &s->tasks.v.v[s->tasks.v.n - 1];
}

static void test_rates(void **state)
{
	struct snapshot *a = snapshot_new(), *b = snapshot_new();
	struct frame *f = frame_new();
	(void)state;
	a->tasks.of = b->tasks.of = "x";
	b->tasks.mono_usec = 1000000;
	b->host.online_cpus = metric_ok(2);
	(void)put(a, 1, 10, 500000);
	(void)put(a, 2, 10, 500000);
	(void)put(a, 3, 10, 500000);
	(void)put(a, 4, 10, 0);
	(void)put(b, 1, 10, 750000);
	(void)put(b, 2, 11, 750000); /* another process with the same pid */
	(void)put(b, 3, 10, 400000);
	(void)put(b, 4, 10, 9000000);
	put(b, 5, 10, 0)->resident_bytes = metric_ok(1);
	tasks_fill(a, b, f);
	assert_int_equal(f->tasks.v[0].task->tid, 4);
	assert_true(fabs(use_of(f, 4)->cores.v - 2) < 1e-9); /* no more than there are */
	assert_true(fabs(use_of(f, 1)->cores.v - 0.25) < 1e-9);
	assert_int_equal(use_of(f, 2)->cores.st, METRIC_FIRST);
	assert_int_equal(use_of(f, 3)->cores.st, METRIC_RESET);
	assert_int_equal(use_of(f, 5)->cores.st, METRIC_FIRST);
	assert_int_equal(f->tasks.v[2].task->tid, 5); /* of those without a rate the largest first */
	a->tasks.of = "y";
	tasks_fill(a, b, f);
	assert_int_equal(use_of(f, 1)->cores.st, METRIC_FIRST);
	frame_free(f);
	snapshot_free(a);
	snapshot_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_processes_and_threads), cmocka_unit_test(test_nobody_asks),
	        cmocka_unit_test(test_what_is_not_seen_is_said), cmocka_unit_test(test_rates)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
