/* The terminal on a pseudo terminal: what is drawn arrives, keys are read, and the screen is given back on every exit.
 */
#include "unit.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "vctop/base/strbuf.h"
#include "vctop/view/term.h"
#include "vctop/view/tui.h"

#define ENTER_SCREEN "\x1b[?1049h"
#define LEAVE_SCREEN "\x1b[?1049l"

/* More stack than there is. */
static int too_deep(int n)
{
	volatile char some[4096];
	some[0] = (char)n;
	return n < 0 ? 0 : too_deep(n + 1) + some[0];
}

static void crash(uint32_t how)
{
	if (how == 'a')
		abort();
	if (how == 'o')
		_exit(6 + too_deep(0) % 2);
	volatile char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*nowhere = 1;
}

/* Shows a line, then the keys it gets as numbers; 'e' exits in the middle of everything. */
static void child(const char *terminal)
{
	struct error err = {0};
	struct canvas c;
	int line = 0;
	(void)setenv("TERM", terminal, 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	if (term_open(true, true, &err) < 0) {
		printf("error: %s\n", err.what);
		exit(3);
	}
	canvas_init(&c, 80, 24, false);
	(void)canvas_text(&c, 0, 0, 80, STYLE_USED, "ready データ e\xCC\x81");
	for (int n = 0; n < 1000; n++) {
		term_show(&c);
		struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
		(void)poll(&in, 1, 100);
		for (uint32_t key; (key = term_key());) {
			(void)canvas_fmt(&c, 0, ++line, 80, STYLE_NORMAL, "key=%x.", key);
			if (key == 'e')
				exit(4);
			if (key == 'a' || key == 'o' || key == 's')
				crash(key);
		}
	}
	_exit(5);
}

struct session {
	int fd;
	pid_t pid;
	struct strbuf out;
};

/* Reads until `text` has come, or the other side has gone. */
static bool wait_for(struct session *s, const char *text)
{
	char buf[4096];
	for (int i = 0; i < 100 && !(text && strstr(s->out.buf, text)); i++) {
		struct pollfd in = {.fd = s->fd, .events = POLLIN};
		if (poll(&in, 1, 100) <= 0)
			continue;
		ssize_t n = read(s->fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		strbuf_add(&s->out, buf, (size_t)n);
	}
	return text && strstr(s->out.buf, text);
}

static void start(struct session *s, const char *terminal)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	s->out = (struct strbuf)STRBUF_INIT;
	(void)fflush(NULL);
	s->pid = forkpty(&s->fd, NULL, NULL, &size);
	assert_true(s->pid >= 0);
	if (s->pid == 0) {
		child(terminal);
		_exit(9);
	}
}

static int finish(struct session *s)
{
	int status = 0;
	(void)wait_for(s, NULL);
	assert_int_equal(waitpid(s->pid, &status, 0), s->pid);
	(void)close(s->fd);
	return status;
}

static void send_keys(const struct session *s, const char *keys)
{
	assert_int_equal(write(s->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void test_text_and_keys(void **state)
{
	struct session s;
	(void)state;
	start(&s, "xterm-256color");
	assert_true(wait_for(&s, "ready データ e\xCC\x81"));
	assert_non_null(strstr(s.out.buf, ENTER_SCREEN));
	send_keys(&s, "j");
	assert_true(wait_for(&s, "key=6a."));
	send_keys(&s, "\x1bOB"); /* an arrow key, not Esc, O, B */
	assert_true(wait_for(&s, "key=110002."));
	send_keys(&s, "\x1b");
	assert_true(wait_for(&s, "key=11000a."));
	send_keys(&s, "e"); /* exit() without term_close */
	assert_int_equal(WEXITSTATUS(finish(&s)), 4);
	assert_non_null(strstr(s.out.buf, LEAVE_SCREEN));
	strbuf_release(&s.out);
}

static void test_signals_give_the_screen_back(void **state)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		struct session s;
		start(&s, "xterm-256color");
		assert_true(wait_for(&s, "ready"));
		assert_int_equal(kill(s.pid, signals[i]), 0);
		int status = finish(&s);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != signals[i] || !strstr(s.out.buf, LEAVE_SCREEN))
			fail_row(i, "signal %d: status %#x", signals[i], (unsigned)status);
		strbuf_release(&s.out);
	}
}

/* A fault of our own, a stack that overflows, and abort(). */
static void test_crashes_give_the_screen_back(void **state)
{
	static const char *const crashes[] = {"s", "o", "a"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
		struct session s;
		start(&s, "xterm-256color");
		assert_true(wait_for(&s, "ready"));
		send_keys(&s, crashes[i]);
		int status = finish(&s), left = WEXITSTATUS(status); /* cmocka and sanitizers make it an exit */
		bool died = WIFSIGNALED(status) ? WTERMSIG(status) == (*crashes[i] == 'a' ? SIGABRT : SIGSEGV)
		                                : left == 1 || left == 2 || left > 9;
		if (!died || !strstr(s.out.buf, LEAVE_SCREEN))
			fail_row(i, "crash %s: status %#x", crashes[i], (unsigned)status);
		strbuf_release(&s.out);
	}
}

/* Ctrl-C comes from the kernel, with another si_code than kill(): it once left the program running without a screen. */
static void test_ctrl_c_ends_it(void **state)
{
	struct session s;
	(void)state;
	start(&s, "xterm-256color");
	assert_true(wait_for(&s, "ready"));
	send_keys(&s, "\x03");
	int status = finish(&s);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_non_null(strstr(s.out.buf, LEAVE_SCREEN));
	strbuf_release(&s.out);
}

static void test_useless_terminals_get_a_sentence(void **state)
{
	static const char *const names[] = {"dumb", "no-such-terminal", ""};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct session s;
		start(&s, names[i]);
		assert_true(wait_for(&s, "error: TERM"));
		assert_int_equal(WEXITSTATUS(finish(&s)), 3);
		assert_null(strstr(s.out.buf, ENTER_SCREEN));
		strbuf_release(&s.out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text_and_keys),
	        cmocka_unit_test(test_signals_give_the_screen_back),
	        cmocka_unit_test(test_crashes_give_the_screen_back),
	        cmocka_unit_test(test_ctrl_c_ends_it),
	        cmocka_unit_test(test_useless_terminals_get_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
