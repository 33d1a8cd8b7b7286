/* Where a sample lives: its directory beside the register, its cgroup; and what every launch waits for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/spawn.h"
#include "vctop/base/clock.h"

char *sample_file(const struct reg *r, const struct launched *l, const char *file)
{
	char leaf[48];
	sample_leaf(l->kind, l->name, leaf);
	return xasprintf("%s/%s%s%s", r->path, leaf, *file ? "/" : "", file);
}

int launch_make_place(struct launch *ln, const struct cgroup_limits *limits, struct error *err)
{
	char dir[256];
	int r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = reg_make_dir(&ln->reg, ln->leaf, dir, sizeof(dir), err);
	if (r == 0 && limits)
		r = lab_cgroup_make(ln->leaf, limits, err);
	reg_unlock(&ln->reg);
	return r;
}

int launch_create(const struct launch *ln, const char *file, int *ret_fd, struct error *err)
{
	cleanup_free char *path = sample_file(&ln->reg, &ln->l, file);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
	return *ret_fd < 0 ? error_set(err, errno, "%s: %s", path, strerror(errno)) : 0;
}

int sample_answers(const struct reg *r, const struct launched *l, struct strbuf *ret, struct error *err)
{
	cleanup_free char *path = sample_file(r, l, SAMPLE_ANSWERS);
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	int rc = strbuf_read(ret, fd, MAX_ANSWERS);
	return rc < 0 && rc != -E2BIG ? error_set(err, -rc, "%s: %s", path, strerror(-rc)) : 0;
}

bool launch_has_reported(struct launch *ln)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (sample_answers(&ln->reg, &ln->l, &text, NULL) < 0 ||
	    (ln->disk ? !memmem(text.buf, text.len, "login:", 6) : !answers_ready(text.buf, text.len, &ln->ready)))
		return false;
	ln->arrived = launch_clock();
	ln->ready_sec = ln->arrived - ln->asked;
	return true;
}

double launch_clock(void)
{
	return (double)clock_mono_usec() / 1e6;
}

/* Reads the child's one line: READY, or what went wrong. */
static int await_report(struct launch *ln, const struct detached_child *c, unsigned msec, struct error *err)
{
	char text[256] = "", line[256];
	size_t len = 0;
	int64_t until = clock_mono_usec() + msec * 1000LL;
	struct pollfd p = {.fd = c->report, .events = POLLIN};
	for (;;) {
		int r = launch_interrupted(ln, err);
		if (r < 0)
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "%s: no report in %u s", ln->l.name, msec / 1000);
		if (poll(&p, 1, 50) <= 0)
			continue;
		ssize_t n = read(c->report, text + len, sizeof(text) - 1 - len);
		if (n > 0)
			len += (size_t)n;
		if (answers_ready(text, len, &ln->ready)) {
			ln->arrived = launch_clock();
			return 0;
		}
		if (n <= 0 || len == sizeof(text) - 1)
			return error_set(err, EIO, "%s: %s", ln->l.name,
			                 len ? spawn_first_line(text, line, sizeof(line)) : "ended at once");
	}
}

int launch_child(struct launch *ln, const struct detached *d, unsigned msec, struct error *err)
{
	cleanup_detached struct detached_child child = DETACHED_INIT;
	int r = spawn_detached(d, &child);
	if (r < 0)
		return error_set(err, -r, "%s: %s", ln->l.name, strerror(-r));
	ln->l.pid = child.pid;
	r = launch_record(ln, err);
	if (r == 0)
		r = lab_cgroup_attach(ln->leaf, child.pid, err);
	if (r < 0)
		return r;
	ln->running = launch_clock();
	r = spawn_go(&child);
	if (r < 0)
		return error_set(err, -r, "%s: ended at once", ln->l.name);
	r = await_report(ln, &child, msec, err);
	ln->ready_sec = ln->arrived - ln->asked;
	return r;
}
