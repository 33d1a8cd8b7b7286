/* The programs of a story. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/story/story.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/file.h"
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"
#include "vctop/base/vec.h"

#define WORK_MSEC 120000

struct words {
	VEC(char *) v;
};

static void words_release(struct words *w)
{
	for (size_t i = 0; i < w->v.n; i++)
		free(w->v.v[i]);
	vec_free(&w->v);
}

/* argv of a told command: the program's full path, then each word. */
static int split(const char *text, struct words *ret, struct error *err)
{
	for (size_t n; *text; text += n + (text[n] == ' ')) {
		n = strcspn(text, " ");
		vec_push(&ret->v, xstrndup(text, n));
	}
	vec_push(&ret->v, NULL);
	char *path = spawn_find(ret->v.v[0]);
	if (!path)
		return error_set(err, ENOENT, "%s: not found on PATH", ret->v.v[0]);
	free(ret->v.v[0]);
	ret->v.v[0] = path;
	return 0;
}

void story_command_release(struct story_command *c)
{
	strbuf_release(&c->out);
}

/* What went wrong is said last. */
static const char *last_line(const char *text, char *buf, size_t size)
{
	size_t n = strlen(text);
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	size_t from = n;
	while (from > 0 && text[from - 1] != '\n')
		from--;
	(void)snprintf(buf, size, "%.*s", n - from > 300 ? 300 : (int)(n - from), text + from);
	return text_clean(buf, size - 1);
}

/* "docker run: why" */
static int failure(const char *text, const struct spawn_result *res, struct error *err)
{
	char line[320];
	size_t n = strcspn(text, " ");
	if (text[n] == ' ' && text[n + 1] != '-')
		n += 1 + strcspn(text + n + 1, " ");
	const char *said = res->err.len ? res->err.buf : res->out.buf;
	return error_set(err, EIO, "%.*s: %s", (int)n, text,
	                 *said ? last_line(said, line, sizeof(line)) : "failed without a word");
}

/* In the child: whatever it starts can be found in the story's cgroup, should vctop be killed. */
static bool join_story(void *data)
{
	const struct story *s = data;
	struct error err = {0};
	if (lab_cgroup_attach(s->helpers, getpid(), &err) < 0)
		dprintf(2, "%s\n", err.what);
	return err.code == 0;
}

static int run_text(const struct story *s, const char *text, struct story_command *ret, struct error *err)
{
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	struct words w = {0};
	int r = story_check(s, err);
	if (r == 0)
		r = split(text, &w, err);
	if (r < 0) {
		words_release(&w);
		return r;
	}
	int64_t began = clock_mono_usec();
	r = spawn_run_prepared(w.v.v, WORK_MSEC, s->t->cancel, join_story, (void *)(uintptr_t)s, &res);
	if (ret)
		ret->sec = (double)(clock_mono_usec() - began) / 1e6;
	if (r == -EINTR)
		r = error_set(err, EINTR, "interrupted");
	else if (r < 0)
		r = error_set(err, -r, "%.60s: %s", text, strerror(-r));
	else if (res.status != 0)
		r = failure(text, &res, err);
	if (ret) {
		strbuf_clear(&ret->out);
		strbuf_add(&ret->out, res.out.buf, res.out.len);
	}
	spawn_result_release(&res);
	words_release(&w);
	return r;
}

int story_run(const struct story *s, struct story_command *ret, struct error *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	story_tell_command(s, "%s", text);
	return s->t->dry_run ? 0 : run_text(s, text, ret, err);
}

int story_ask(const struct story *s, struct story_command *ret, struct error *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	return s->t->dry_run ? 0 : run_text(s, text, ret, err);
}

struct program {
	char *const *argv;
	const char *log;
};

static void run_program(void *data, int report)
{
	const struct program *p = data;
	(void)report;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int log = open(p->log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	spawn_child_fds(null, log, log, -1);
	(void)execv(p->argv[0], p->argv);
	dprintf(2, "%s: %s\n", p->argv[0], strerror(errno));
	_exit(127);
}

/* It is in the cgroup before it is let go: whatever it forks can be found there. */
static int start_detached(const struct story *s, const struct program *p, struct story_process *ret, struct error *err)
{
	cleanup_detached struct detached_child child = DETACHED_INIT;
	const struct detached d = {run_program, (void *)(uintptr_t)p, 0};
	int r = spawn_detached(&d, &child);
	if (r < 0)
		return error_set(err, -r, "%s: %s", p->argv[0], strerror(-r));
	*ret = (struct story_process){child.pid, proctable_start(child.pid)};
	r = lab_cgroup_attach(s->helpers, child.pid, err);
	if (r == 0 && spawn_go(&child) < 0)
		r = error_set(err, ECHILD, "%s: ended at once", p->argv[0]);
	return r;
}

int story_start(const struct story *s, const char *name, struct story_process *ret, struct error *err, const char *fmt,
                ...)
{
	struct words w = {0};
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	cleanup_free char *log = xasprintf("%s/%s.log", s->run, name);
	story_tell_command(s, "%s >>%s 2>&1 &", text, log);
	int r = s->t->dry_run ? 0 : story_check(s, err);
	if (r == 0 && !s->t->dry_run)
		r = split(text, &w, err);
	if (r == 0 && !s->t->dry_run)
		r = start_detached(s, &(struct program){w.v.v, log}, ret, err);
	words_release(&w);
	return r;
}

struct story_process story_process_of(const char *pidfile)
{
	char text[32];
	uint64_t pid;
	cleanup_close int fd = open(pidfile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (n <= 0 || parse_u64(text, (size_t)n, &pid) < 0 || !pid || pid > INT32_MAX)
		return (struct story_process){0};
	return (struct story_process){(pid_t)pid, proctable_start((pid_t)pid)};
}

bool story_runs(const struct story_process *p)
{
	return proctable_is(p->pid, p->start);
}

int story_kill(const struct story *s, struct story_process *p, const char *command, struct error *err)
{
	story_tell_command(s, "%s", command);
	if (s->t->dry_run || proctable_kill(p->pid, p->start))
		return 0;
	return error_set(err, EBUSY, "process %d does not end", (int)p->pid);
}

const char *story_log(const struct story *s, const char *name, char *buf, size_t size)
{
	cleanup_free char *path = xasprintf("%s/%s.log", s->run, name);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[2048] = "";
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(text) - 1 ? end - (off_t)sizeof(text) + 1 : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);
	return n > 0 ? last_line(text, buf, size) : "it said nothing";
}

void story_export(const struct story *s, const char *variable, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *value = xvasprintf(fmt, ap);
	va_end(ap);
	story_tell_command(s, "export %s=%s", variable, value);
	if (!s->t->dry_run)
		(void)setenv(variable, value, 1);
}

int story_write(const struct story *s, const char *path, const char *text, struct error *err)
{
	story_tell_command(s, "cat >%s <<END\n%sEND", path, text);
	if (s->t->dry_run)
		return 0;
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : file_write(fd, text, strlen(text));
	return r < 0 ? error_set(err, -r, "%s: %s", path, strerror(-r)) : 0;
}
