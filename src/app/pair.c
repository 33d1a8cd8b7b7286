#include "app/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vctop/base/text.h"
#include "vctop/derive/derive.h"
#include "vctop/lab/samples.h"
#include "vctop/view/views.h"

extern char **environ;

/* Both get the same allocation, and both do the same small work: that is what makes them comparable. */
#define PAIR_CPUS "0.5"
#define PAIR_MEMORY "128M"
#define PAIR_WORKLOAD "burst"

static int spawn(const char *const *argv, int out, pid_t *ret)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none;
	(void)sigemptyset(&none);
	(void)posix_spawn_file_actions_init(&fa);
	(void)posix_spawn_file_actions_addopen(&fa, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	(void)posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	(void)posix_spawn_file_actions_adddup2(&fa, out, STDERR_FILENO);
	(void)posix_spawnattr_init(&attr);
	/* Our blocked signals are ours; its own group keeps Ctrl-C on our terminal from killing it half-way. */
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	int r = posix_spawn(ret, "/proc/self/exe", &fa, &attr, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&fa);
	(void)posix_spawnattr_destroy(&attr);
	return -r;
}

/* One child for each command; what they say comes through p->fd. */
static int spawn_both(struct pair *p, const char *const *const commands[2], unsigned n, struct error *err)
{
	int ends[2], r = 0;
	if (p->fd >= 0)
		return error_set(err, EBUSY, "samples: they are still taking up what was asked before");
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_set(err, errno, "samples: %s", strerror(errno));
	for (unsigned i = 0; i < n && i < 2 && r == 0; i++)
		r = spawn(commands[i], ends[1], &p->child[i]);
	(void)close(ends[1]);
	p->fd = ends[0];
	return r < 0 ? error_set(err, -r, "samples: %s", strerror(-r)) : 0;
}

#define START(kind, name, owner)                                                                                       \
	{                                                                                                              \
		"vctop", "sample", "start", kind, "--name", name, "--cpus", PAIR_CPUS, "--memory", PAIR_MEMORY,        \
		        "--workload", PAIR_WORKLOAD, "--owner", owner, NULL                                            \
	}

int pair_start(struct pair *p, pid_t owner, struct error *err)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%d", (int)owner);
	(void)snprintf(p->container, sizeof(p->container), "pair-%d-ct", (int)getpid());
	(void)snprintf(p->vm, sizeof(p->vm), "pair-%d-vm", (int)getpid());
	const char *const container[] = START("container", p->container, text), *const vm[] = START("vm", p->vm, text);
	return spawn_both(p, (const char *const *const[]){container, vm}, 2, err);
}

int pair_load(struct pair *p, const char *const *names, unsigned n, const char *workload, struct error *err)
{
	const char *const first[] = {"vctop", "sample", "load", names[0], workload, NULL};
	const char *const second[] = {"vctop", "sample", "load", n > 1 ? names[1] : NULL, workload, NULL};
	return spawn_both(p, (const char *const *const[]){first, second}, n, err);
}

static void interrupt(struct pair *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(p->child); i++)
		if (p->child[i] > 0)
			(void)kill(p->child[i], SIGTERM);
}

static int spawn_stop(struct pair *p, struct error *err)
{
	const char *const stop[] = {"vctop", "sample", "stop", p->container, p->vm, NULL};
	int r = spawn_both(p, (const char *const *const[]){stop, NULL}, 1, err);
	p->end = p->fd >= 0 ? PAIR_ENDS : PAIR_STAYS;
	return r;
}

int pair_end(struct pair *p, struct error *err)
{
	if (!*p->container)
		return error_set(err, ENOENT, "no sample was started here");
	if (p->end != PAIR_STAYS)
		return 0;
	if (p->fd < 0)
		return spawn_stop(p, err);
	p->end = PAIR_TO_END;
	interrupt(p); /* a start undoes what it began */
	return 0;
}

int pair_fd(const struct pair *p)
{
	return p->fd;
}

static bool reap(struct pair *p, int flags)
{
	bool ok = true;
	for (size_t i = 0; i < ARRAY_SIZE(p->child); i++) {
		int status;
		if (p->child[i] > 0 && waitpid(p->child[i], &status, flags) == p->child[i]) {
			p->child[i] = 0;
			ok = ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
	}
	return ok;
}

int pair_read(struct pair *p, char *line, size_t size)
{
	ssize_t n = read(p->fd, line, size - 1);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		(void)close(p->fd);
		p->fd = -1;
		(void)reap(p, 0);
		if (p->end == PAIR_TO_END)
			(void)spawn_stop(p, NULL);
		else
			p->end = PAIR_STAYS;
		return 0;
	}
	line[n] = '\0';
	/* Several lines may have come at once: the last whole one is the news. */
	while (n > 0 && line[n - 1] == '\n')
		line[--n] = '\0';
	const char *last = strrchr(line, '\n');
	if (last)
		memmove(line, last + 1, strlen(last + 1) + 1);
	(void)text_clean(line, size - 1);
	return (int)strlen(line);
}

void pair_stop(struct pair *p)
{
	interrupt(p);
	(void)reap(p, 0);
	if (p->fd >= 0)
		(void)close(p->fd);
	p->fd = -1;
}

bool pair_wait(struct pair *p)
{
	bool ok = reap(p, 0);
	char line[1024];
	ssize_t n;
	while (p->fd >= 0 && (n = read(p->fd, line, sizeof(line))) > 0)
		(void)fwrite(line, 1, (size_t)n, stderr);
	pair_stop(p);
	return ok;
}

static int demo_show(const struct view_options *o)
{
	struct engine e;
	struct error err = {0};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct selection sel = {0};
	struct query q = {0};
	struct timespec ts = {(time_t)o->delay, (long)((o->delay - (double)(time_t)o->delay) * 1e9)};
	if (engine_open(&e, "/", &err) < 0)
		return app_fail(EXIT_FAILURE, &err);
	int r = engine_tick(&e, &err);
	(void)nanosleep(&ts, NULL);
	if (r == 0)
		r = engine_tick(&e, &err);
	if (r < 0) {
		engine_close(&e);
		return app_fail(EXIT_FAILURE, &err);
	}
	select_rows(e.frame, &q, &sel);
	plain_frame(e.frame, &sel, o->columns, o->ascii, &out);
	selection_release(&sel);
	engine_close(&e);
	return app_print(&out);
}

int demo_plain(const struct view_options *o)
{
	struct pair p = PAIR_INIT;
	struct error err = {0};
	(void)samples_clean(NULL, NULL); /* what resists is no reason not to show two others */
	if (pair_start(&p, getpid(), &err) < 0) {
		pair_stop(&p);
		return app_fail(EXIT_FAILURE, &err);
	}
	bool both = pair_wait(&p);
	int status = demo_show(o);
	if (samples_stop_owned(getpid(), &err) < 0)
		status = app_fail(EXIT_FAILURE, &err);
	return both ? status : EXIT_FAILURE;
}
