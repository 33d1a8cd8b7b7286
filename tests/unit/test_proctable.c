/* Processes as lab/ knows them: by pid and start together; a look at them changes nothing of this one. */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "unit.h"

static void test_lives(void **state)
{
	(void)state;
	uint64_t mine = proctable_start(getpid());
	assert_true(mine > 0);
	assert_true(proctable_is(getpid(), mine));
	assert_false(proctable_is(getpid(), mine + 1));
	assert_false(proctable_is(getpid(), 0));
	assert_int_equal(proctable_start(0), 0);
	assert_int_equal(proctable_start(-1), 0);
	assert_int_equal(proctable_start(INT32_MAX), 0);
}

/* Until it is waited for it has its pid and its start, but nothing runs. */
static void test_ended(void **state)
{
	(void)state;
	siginfo_t how;
	pid_t child = fork();
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &how, WEXITED | WNOWAIT), 0);
	assert_int_equal(proctable_start(child), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(proctable_start(child), 0);
}

static void test_killed(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0)
		for (;;)
			(void)pause();
	uint64_t start = proctable_start(child);
	assert_true(start > 0);
	assert_true(proctable_kill(child, start + 1)); /* another: not touched */
	assert_true(proctable_is(child, start));
	assert_true(proctable_kill(child, start));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static bool is_sleeper(const struct process *p, const void *data)
{
	return p->argc > 1 && strcmp(p->argv[1], data) == 0;
}

static void test_found(void **state)
{
	(void)state;
	static const char span[] = "86399.25";
	int ready[2];
	char c;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t child = fork();
	if (child == 0) {
		(void)execlp("sleep", "sleep", span, (char *)NULL);
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0); /* closed by its exec */
	(void)close(ready[0]);
	pid_vec pids = {0};
	proctable_find(is_sleeper, span, &pids);
	assert_int_equal(pids.n, 1);
	assert_int_equal(pids.v[0], child);
	vec_free(&pids);
	assert_true(proctable_kill(child, proctable_start(child)));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static bool is_becoming(pid_t pid)
{
	struct process p;
	struct rootfs *fs = rootfs_open_once(NULL);
	assert_int_equal(process_read(fs, pid, &p), 0);
	bool becoming = proctable_is_becoming(&p);
	process_release(&p);
	rootfs_close(fs);
	return becoming;
}

/* Forked to carry out an order; a process like any other, as we are; one that has ended and is not collected. */
static void test_becoming(void **state)
{
	(void)state;
	siginfo_t how;
	assert_false(is_becoming(getpid()));
	assert_int_equal(prctl(PR_SET_NAME, SPAWN_COMM), 0);
	pid_t child = fork();
	if (child == 0)
		for (;;)
			(void)pause();
	assert_int_equal(prctl(PR_SET_NAME, "test"), 0);
	assert_true(is_becoming(child));
	assert_false(is_becoming(getpid()));
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	child = fork();
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &how, WEXITED | WNOWAIT), 0);
	assert_false(is_becoming(child));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* As it is when its parent is killed before it has done anything: held there by a tracer. */
static void test_forked_and_orphaned(void **state)
{
	(void)state;
	int status;
	unsigned long child = 0;
	pid_t parent = fork();
	if (parent == 0) {
		char cat[] = "/bin/cat", comm[] = "/proc/self/comm", *argv[] = {cat, comm, NULL};
		struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		(void)spawn_run_whole(argv, 10000, NULL, &res);
		_exit(1);
	}
	assert_int_equal(waitpid(parent, &status, 0), parent);
	if (!WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, parent, NULL, (void *)(PTRACE_O_TRACEFORK | PTRACE_O_EXITKILL)) < 0) {
		print_message("# skipped: nothing can be traced here\n");
		(void)kill(parent, SIGKILL);
		(void)waitpid(parent, NULL, 0);
		skip();
	}
	assert_int_equal(ptrace(PTRACE_CONT, parent, NULL, NULL), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status >> 8, SIGTRAP | PTRACE_EVENT_FORK << 8);
	assert_int_equal(ptrace(PTRACE_GETEVENTMSG, parent, NULL, &child), 0);
	assert_int_equal(waitpid((pid_t)child, &status, __WALL), child);
	assert_int_equal(kill(parent, SIGKILL), 0);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_true(WIFSIGNALED(status));
	assert_true(is_becoming((pid_t)child));
	assert_int_equal(kill((pid_t)child, SIGKILL), 0);
	assert_int_equal(waitpid((pid_t)child, NULL, __WALL), child);
}

/* The program has a name of its own, and so have we afterwards. */
static void test_named_until_exec(void **state)
{
	(void)state;
	char name[16] = "";
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	char cat[] = "/bin/cat", comm[] = "/proc/self/comm", *argv[] = {cat, comm, NULL};
	assert_int_equal(prctl(PR_SET_NAME, "test"), 0);
	assert_int_equal(spawn_run_whole(argv, 10000, NULL, &res), 0);
	assert_string_equal(res.out.buf, "cat\n");
	assert_int_equal(prctl(PR_GET_NAME, name), 0);
	assert_string_equal(name, "test");
	spawn_result_release(&res);
}

/* What is started next inherits it. */
static void test_limit_stays(void **state)
{
	(void)state;
	struct rlimit before, lower, after;
	pid_vec pids = {0};
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	lower = (struct rlimit){before.rlim_max < 256 ? before.rlim_max : 256, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &lower), 0);
	assert_true(proctable_start(getpid()) > 0);
	proctable_find(is_sleeper, "nobody", &pids);
	vec_free(&pids);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
	assert_int_equal(after.rlim_cur, lower.rlim_cur);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lives),
	        cmocka_unit_test(test_ended),
	        cmocka_unit_test(test_killed),
	        cmocka_unit_test(test_found),
	        cmocka_unit_test(test_becoming),
	        cmocka_unit_test(test_named_until_exec),
	        cmocka_unit_test(test_forked_and_orphaned),
	        cmocka_unit_test(test_limit_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
