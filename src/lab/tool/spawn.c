#include "lab/tool/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MAX_CAPTURE 65536

char *spawn_find(const char *program)
{
	const char *path = getenv("PATH");
	if (!path || !*path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");
		char *full = xasprintf("%.*s/%s", (int)n, path, program);
		struct stat st;
		if (full[0] == '/' && access(full, X_OK) == 0 && stat(full, &st) == 0 && S_ISREG(st.st_mode))
			return full;
		free(full);
		path += n + (path[n] == ':');
	}
	return NULL;
}

void spawn_result_release(struct spawn_result *r)
{
	strbuf_release(&r->out);
	strbuf_release(&r->err);
}

const char *spawn_first_line(const char *text, char *buf, size_t size)
{
	const char *cursor = text, *line = "";
	size_t len = 0;
	while (len == 0 && parse_line(&cursor, text + strlen(text), &line, &len))
		;
	(void)snprintf(buf, size, "%.*s", len > 300 ? 300 : (int)len, line);
	return text_clean(buf, size - 1);
}

void spawn_quote(char *const argv[], struct strbuf *ret)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./_-";
	for (size_t i = 0; argv[i]; i++) {
		const char *s = argv[i];
		if (i)
			strbuf_char(ret, ' ');
		if (*s && s[strspn(s, plain)] == '\0') {
			strbuf_str(ret, s);
			continue;
		}
		strbuf_char(ret, '\'');
		for (; *s; s++)
			strbuf_str(ret, *s == '\'' ? "'\\''" : (const char[]){*s, '\0'});
		strbuf_char(ret, '\'');
	}
}

/* A child starts with the signals of a fresh program, whatever ours ignore or block. */
static void fresh_signals(void)
{
	sigset_t none;
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void spawn_child_fds(int in, int out, int err, int keep)
{
	/* First out of the way of 0..3, then in place. */
	int fds[4] = {in, out, err, keep};
	for (int i = 0; i < 4; i++)
		fds[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, 10);
	for (int i = 0; i < 4; i++)
		if (fds[i] >= 0)
			(void)dup2(fds[i], i);
	(void)close_range(keep < 0 ? 3 : 4, ~0U, 0);
}

/* It dies with its parent. */
static void bind_to(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

static ATTR_NORETURN void run_captured(char *const argv[], int out, int err)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	spawn_child_fds(null, out, err, -1);
	(void)execv(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* false: the stream has ended. */
static bool drain(int fd, struct strbuf *sb)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));
	if (n > 0 && sb->len < MAX_CAPTURE)
		strbuf_add(sb, buf, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

/*
 * Reads both streams and waits for the end.  The program may end before those who inherited its output
 * (podman's conmon): once it has ended, a pause in the output is the end of the output.
 */
static int collect(pid_t pid, const int fds[2], int64_t until, const volatile sig_atomic_t *cancel,
                   struct spawn_result *ret, int *ret_status)
{
	cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p[3] = {
	        {.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	for (bool ended = false;;) {
		if (cancel && *cancel)
			return -EINTR;
		if (clock_mono_usec() >= until)
			return -ETIMEDOUT;
		if (!ended && (ended = waitpid(pid, ret_status, WNOHANG) == pid))
			p[2].fd = -1;
		if (ended && p[0].fd < 0 && p[1].fd < 0)
			return 0;
		int ready = poll(p, ARRAY_SIZE(p), ended ? 50 : 10);
		if (ended && ready <= 0)
			return 0;
		if (ready > 0 && p[0].revents && !drain(fds[0], &ret->out))
			p[0].fd = -1;
		if (ready > 0 && p[1].revents && !drain(fds[1], &ret->err))
			p[1].fd = -1;
	}
}

struct how {
	int to, err_to; /* files for its streams; -1: they are captured */
	bool whole;     /* never killed */
	bool (*prepare)(void *data);
	void *data;
};

/* Named by its parent: whoever finds the child with that one killed must not take it for anything else. */
static pid_t fork_named(void)
{
	char name[16] = "";
	(void)prctl(PR_GET_NAME, name);
	(void)prctl(PR_SET_NAME, SPAWN_COMM);
	pid_t pid = fork();
	if (pid != 0)
		(void)prctl(PR_SET_NAME, name);
	return pid;
}

static int run_how(char *const argv[], const struct how *how, unsigned limit_msec, const volatile sig_atomic_t *cancel,
                   struct spawn_result *ret)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, status = 0;
	int64_t until = clock_mono_usec() + (int64_t)limit_msec * 1000;
	pid_t self = getpid(), pid = -1;

	strbuf_clear(&ret->out);
	strbuf_clear(&ret->err);
	if (how->to >= 0 || (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0))
		pid = how->whole ? fork_named() : fork();
	int r = pid < 0 ? -errno : 0;
	if (pid == 0) {
		fresh_signals();
		if (how->whole)
			(void)setsid(); /* a terminal's Ctrl-C is not for it */
		else
			bind_to(self);
		if (how->prepare && !how->prepare(how->data))
			_exit(127);
		run_captured(argv, how->to >= 0 ? how->to : out[1], how->to >= 0 ? how->err_to : err[1]);
	}
	attr_closep(&out[1]);
	attr_closep(&err[1]);
	if (r == 0)
		r = collect(pid, (const int[2]){out[0], err[0]}, until, cancel, ret, &status);
	if (r < 0 && pid > 0 && !how->whole) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	attr_closep(&out[0]);
	attr_closep(&err[0]);
	ret->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return r;
}

int spawn_run(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel, struct spawn_result *ret)
{
	return run_how(argv, &(struct how){.to = -1}, limit_msec, cancel, ret);
}

/* Its streams go to memory, not to pipes: their writers get a signal once nobody reads. */
int spawn_run_whole(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel,
                    struct spawn_result *ret)
{
	cleanup_close int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	if (out < 0 || err < 0)
		return -errno;
	int r = run_how(argv, &(struct how){.to = out, .err_to = err, .whole = true}, limit_msec, cancel, ret);
	(void)lseek(out, 0, SEEK_SET);
	(void)lseek(err, 0, SEEK_SET);
	while (r == 0 && drain(out, &ret->out))
		;
	while (r == 0 && drain(err, &ret->err))
		;
	return r;
}

int spawn_run_prepared(char *const argv[], unsigned limit_msec, const volatile sig_atomic_t *cancel,
                       bool (*prepare)(void *data), void *data, struct spawn_result *ret)
{
	return run_how(argv, &(struct how){.to = -1, .prepare = prepare, .data = data}, limit_msec, cancel, ret);
}

int spawn_run_to(char *const argv[], int to, unsigned limit_msec, const volatile sig_atomic_t *cancel, int *ret_status)
{
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	int r = run_how(argv, &(struct how){.to = to, .err_to = to}, limit_msec, cancel, &res);
	*ret_status = res.status;
	return r;
}

static ATTR_NORETURN void child_main(const struct detached *d, int go, int report)
{
	char byte;
	ssize_t n;
	fresh_signals();
	(void)setsid();
	do
		n = read(go, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		d->run(d->data, report);
	_exit(127);
}

/*
 * A plain fork with namespaces: glibc has no wrapper that returns in the child on the same stack.  clone and not
 * clone3, which container runtimes' seccomp filters refuse; all other arguments are zero, so that their order does not
 * matter.
 */
static pid_t fork_into(uint64_t namespaces)
{
	return (pid_t)syscall(SYS_clone, (unsigned long)namespaces | SIGCHLD, 0UL, 0UL, 0UL, 0UL);
}

/* Between us and the child: ends as soon as the child exists, which makes the child init's. */
static ATTR_NORETURN void middle_main(const struct detached *d, int tell, int go, int report)
{
	pid_t pid = fork_into(d->namespaces);
	if (pid == 0) {
		(void)close(tell);
		child_main(d, go, report);
	}
	int32_t answer = pid < 0 ? -errno : pid;
	_exit(write(tell, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
}

static int await_pid(int fd, struct detached_child *c)
{
	int32_t answer = -EIO;
	ssize_t n;
	do
		n = read(fd, &answer, sizeof(answer));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(answer) || answer <= 0)
		return n == (ssize_t)sizeof(answer) && answer < 0 ? answer : -EIO;
	c->pid = answer;
	/* It waits for our go, so this pid is still its own. */
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return c->pidfd < 0 ? -errno : 0;
}

int spawn_detached(const struct detached *d, struct detached_child *ret)
{
	int tell[2] = {-1, -1}, go[2] = {-1, -1}, report[2] = {-1, -1};
	pid_t middle = -1;
	*ret = (struct detached_child)DETACHED_INIT;
	/* A socket for "go": unlike a pipe it can be written to without SIGPIPE. */
	if (pipe2(tell, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0 &&
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go) == 0)
		middle = fork();
	int r = middle < 0 ? -errno : 0;
	if (middle == 0) {
		(void)close(tell[0]);
		(void)close(go[1]); /* so that the child sees our end */
		(void)close(report[0]);
		middle_main(d, tell[1], go[0], report[1]);
	}
	attr_closep(&tell[1]);
	attr_closep(&go[0]);
	attr_closep(&report[1]);
	ret->go = go[1];
	ret->report = report[0];
	if (r == 0)
		r = await_pid(tell[0], ret);
	attr_closep(&tell[0]);
	if (middle > 0)
		while (waitpid(middle, NULL, 0) < 0 && errno == EINTR)
			;
	if (r < 0)
		spawn_detached_close(ret);
	return r;
}

int spawn_go(struct detached_child *c)
{
	ssize_t n = send(c->go, "g", 1, MSG_NOSIGNAL);
	int r = n == 1 ? 0 : -errno;
	attr_closep(&c->go);
	c->go = -1;
	return r;
}

void spawn_detached_close(struct detached_child *c)
{
	attr_closep(&c->go);
	attr_closep(&c->report);
	attr_closep(&c->pidfd);
	c->go = c->report = c->pidfd = -1;
}
