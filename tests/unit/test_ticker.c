/* Readings in a thread: one at a time, ended cleanly, and a slow one does not hold up the keys of the dashboard. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/ticker.h"
#include "vctop/base/clock.h"

#define TREE SOURCE_DIR "/tests/fixtures/unified"
#define SLOW_USEC 2000000
#define KEY_USEC 100000

/* A source that takes its time. */
struct slow {
	struct source base;
	struct source *inner;
	int begun;       /* told of each reading; -1 nobody */
	unsigned sleeps; /* after so many readings each takes SLOW_USEC */
	unsigned n;
	bool fails;
};

static int slow_next(struct source *s, struct snapshot *ret, struct error *err)
{
	struct slow *slow = (struct slow *)s;
	if (slow->begun >= 0)
		assert_int_equal(write(slow->begun, "b", 1), 1);
	if (slow->n++ >= slow->sleeps)
		(void)usleep(SLOW_USEC);
	return slow->fails ? error_set(err, EIO, "proc: no reading today")
	                   : slow->inner->ops->next(slow->inner, ret, err);
}

static uint64_t slow_syscalls(const struct source *s)
{
	(void)s;
	return 0;
}

static void slow_close(struct source *s)
{
	struct slow *slow = (struct slow *)s;
	slow->inner->ops->close(slow->inner);
}

static const struct source_ops slow_ops = {slow_next, slow_syscalls, slow_close};

static void open_slow(struct engine *e, struct slow *slow, int begun, unsigned sleeps)
{
	struct error err = {0};
	assert_int_equal(engine_open(e, TREE, &err), 0);
	*slow = (struct slow){.base.ops = &slow_ops, .inner = e->source, .begun = begun, .sleeps = sleeps};
	e->source = &slow->base;
}

static int wait_for(int fd, int64_t usec)
{
	struct pollfd p = {fd, POLLIN, 0};
	return poll(&p, 1, (int)(usec / 1000));
}

static int count_up(void *data, struct error *err)
{
	(void)err;
	++*(int *)data;
	return 0;
}

static int refuse(void *data, struct error *err)
{
	(void)data;
	return error_set(err, EIO, "no");
}

static void one_at_a_time(void **state)
{
	struct engine e;
	struct slow slow;
	struct error err = {0};
	(void)state;
	open_slow(&e, &slow, -1, 100);
	assert_int_equal(engine_tick(&e, &err), 0);
	const struct frame *before = e.frame;
	int prepared = 0;
	struct ticker *t = ticker_open(&e, count_up, &prepared, &err);
	assert_non_null(t);
	assert_int_equal(ticker_take(t, &err), -EAGAIN);
	assert_true(ticker_start(t));
	assert_false(ticker_start(t));
	assert_int_equal(wait_for(ticker_fd(t), 10 * SLOW_USEC), 1);
	assert_ptr_equal(e.frame, before); /* what is shown stays until it is taken */
	assert_int_equal(ticker_take(t, &err), 0);
	assert_ptr_not_equal(e.frame, before);
	assert_int_equal(e.ticks, 2);
	assert_int_equal(prepared, 1);
	before = e.frame;
	assert_true(ticker_start(t));
	assert_int_equal(wait_for(ticker_fd(t), 10 * SLOW_USEC), 1);
	assert_int_equal(ticker_take(t, &err), -ENODATA); /* the tree has two moments */
	assert_ptr_equal(e.frame, before);
	assert_int_equal(prepared, 1); /* once */
	assert_true(ticker_start(t));  /* ends while one is under way */
	assert_true(ticker_close(t, -1));
	engine_close(&e);
}

static void what_cannot_be_prepared_fails_the_reading(void **state)
{
	struct engine e;
	struct slow slow;
	struct error err = {0};
	(void)state;
	open_slow(&e, &slow, -1, 100);
	struct ticker *t = ticker_open(&e, refuse, NULL, &err);
	assert_true(ticker_start(t));
	assert_int_equal(wait_for(ticker_fd(t), 10 * SLOW_USEC), 1);
	assert_int_equal(ticker_take(t, &err), -EIO);
	assert_string_equal(err.what, "no");
	assert_int_equal(slow.n, 0);
	assert_true(ticker_close(t, 0));
	engine_close(&e);
}

static void run_dashboard(int begun, unsigned sleeps, bool fails)
{
	const struct view_options o = {.delay = 0.2, .root = TREE, .no_color = true, .ascii = true, .no_history = true};
	static struct slow slow;
	struct engine e;
	open_slow(&e, &slow, begun, sleeps);
	slow.fails = fails;
	_exit(dashboard_show(&o, &e));
}

static char seen[1 << 20]; /* by the last call */

/* Whether the terminal shows this, within so long. */
static bool shows(int tty, const char *text, int64_t usec)
{
	size_t n = 0;
	int64_t end = clock_mono_usec() + usec;
	for (int64_t left = usec; left > 0 && wait_for(tty, left) > 0; left = end - clock_mono_usec()) {
		ssize_t r = read(tty, seen + n, sizeof(seen) - 1 - n);
		if (r <= 0)
			break;
		n += (size_t)r;
		seen[n] = '\0';
		if (strstr(seen, text))
			return true;
	}
	return false;
}

static pid_t fork_dashboard(int *tty, int begun, unsigned sleeps, bool fails)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	pid_t pid = forkpty(tty, NULL, NULL, &size);
	assert_true(pid >= 0);
	if (!pid)
		run_dashboard(begun, sleeps, fails);
	return pid;
}

static void the_screen_is_there_before_the_first_reading(void **state)
{
	int tty, status;
	(void)state;
	int64_t began = clock_mono_usec();
	pid_t pid = fork_dashboard(&tty, -1, 0, false);
	assert_true(shows(tty, "reading this host ...", SLOW_USEC));
	print_message("the screen was there after %.1f ms\n", (double)(clock_mono_usec() - began) / 1e3);
	/* Every key that asks for what is not there yet, and then help. */
	static const char keys[] = "jkG ,.[]Uzbcmv2345\r6pp1H?";
	assert_int_equal(write(tty, keys, sizeof(keys) - 1), sizeof(keys) - 1);
	assert_true(shows(tty, "HELP", SLOW_USEC));
	assert_true(clock_mono_usec() - began < SLOW_USEC);
	assert_int_equal(write(tty, "qq", 2), 2);
	(void)shows(tty, "no such text", SLOW_USEC); /* to its end */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(clock_mono_usec() - began < SLOW_USEC); /* nothing was learned that could be saved */
	(void)close(tty);
}

static void a_first_reading_that_fails_ends_it(void **state)
{
	int tty, status;
	(void)state;
	pid_t pid = fork_dashboard(&tty, -1, 0, true);
	assert_true(shows(tty, "reading this host ...", SLOW_USEC));
	assert_true(shows(tty, "vctop: proc: no reading today\r\n", 10 * SLOW_USEC));
	const char *back = strstr(seen, "\033[?1049l"); /* to the shell's own screen, before the line */
	assert_true(back && back < strstr(seen, "vctop:"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
	(void)close(tty);
}

static void a_key_is_answered_while_a_reading_takes_2_s(void **state)
{
	int tty, status, begun[2];
	char c;
	(void)state;
	assert_int_equal(pipe(begun), 0);
	pid_t pid = fork_dashboard(&tty, begun[1], 1, false);
	assert_int_equal(wait_for(begun[0], 10 * SLOW_USEC), 1);
	assert_int_equal(read(begun[0], &c, 1), 1);
	assert_true(shows(tty, "running", 10 * SLOW_USEC));
	assert_int_equal(wait_for(begun[0], 10 * SLOW_USEC), 1);
	assert_int_equal(read(begun[0], &c, 1), 1);
	int64_t began = clock_mono_usec();
	assert_int_equal(write(tty, "?", 1), 1);
	assert_true(shows(tty, "HELP", SLOW_USEC));
	int64_t took = clock_mono_usec() - began;
	print_message("a key was answered after %.1f ms\n", (double)took / 1e3);
	assert_true(took < KEY_USEC);
	/* Pause and services wait for the reading, not the keys after them. */
	assert_int_equal(write(tty, "qpH", 3), 3);
	assert_true(shows(tty, "CONTAINERS", SLOW_USEC));
	assert_int_equal(write(tty, "?", 1), 1);
	assert_true(shows(tty, "HELP", SLOW_USEC));
	assert_true(clock_mono_usec() - began < SLOW_USEC);
	assert_int_equal(write(tty, "qq", 2), 2);
	(void)shows(tty, "no such text", 2 * SLOW_USEC); /* to its end */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(tty);
	(void)close(begun[0]);
	(void)close(begun[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(one_at_a_time),
	        cmocka_unit_test(what_cannot_be_prepared_fails_the_reading),
	        cmocka_unit_test(the_screen_is_there_before_the_first_reading),
	        cmocka_unit_test(a_first_reading_that_fails_ends_it),
	        cmocka_unit_test(a_key_is_answered_while_a_reading_takes_2_s),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
