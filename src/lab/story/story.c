#include "lab/story/story.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/remains.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/proctable.h"
#include "vctop/base/clock.h"

#define MAX_NAMES 100

static void name_it(struct story *s, const char *title, unsigned n)
{
	char leaf[48];
	(void)snprintf(s->name, sizeof(s->name), "%.30s-%u", title, n);
	sample_leaf("story", s->name, leaf);
	story_data_dir(s->name, s->dir);
	story_run_dir(&s->reg, s->name, s->run);
	(void)snprintf(s->group, sizeof(s->group), "/vctop/%s", leaf);
	(void)snprintf(s->helpers, sizeof(s->helpers), "%s/helpers", leaf);
}

/* A name that nothing has yet: what is there under it is somebody else's. */
static int find_name(struct story *s, const char *title, struct error *err)
{
	for (unsigned n = 1; n <= MAX_NAMES; n++) {
		name_it(s, title, n);
		if (!reg_has(&s->reg, s->name) && access(s->dir, F_OK) < 0 && access(s->run, F_OK) < 0)
			return 0;
	}
	return error_set(err, EEXIST, "%s: exists, and so do all names before it", s->dir);
}

static int announce(struct story *s, struct error *err)
{
	struct launched l = {
	        .name = s->name,
	        .kind = (char[]){"story"},
	        .state = (char[]){"running"},
	        .pid = getpid(),
	        .pid_start = proctable_start(getpid()),
	        .starter = getpid(),
	        .started_usec = clock_real_usec(),
	};
	l.starter_start = l.pid_start;
	return reg_write(&s->reg, &l, err);
}

/* Ours alone: what is in it is run as root. */
static int make_dirs(const struct story *s, struct error *err)
{
	const struct cgroup_limits none = {0};
	if (mkdir(s->dir, 0700) < 0)
		return error_set(err, errno, "%s: %s", s->dir, strerror(errno));
	if (mkdir(s->run, 0700) < 0)
		return error_set(err, errno, "%s: %s", s->run, strerror(errno));
	int r = lab_cgroup_make(strrchr(s->group, '/') + 1, &none, err);
	return r < 0 ? r : lab_cgroup_make(s->helpers, &none, err);
}

int story_begin(struct story *s, const char *title, const struct teller *t, struct error *err)
{
	*s = (struct story){.t = t, .reg = REG_INIT};
	if (t->dry_run) {
		(void)snprintf(s->reg.path, sizeof(s->reg.path), "/run/vctop");
		name_it(s, title, 1);
	} else {
		if (geteuid() != 0)
			return error_set(err, EPERM, "needs root, for cgroups and daemons of its own (try --dry-run)");
		int r = reg_open(&s->reg, true, err);
		if (r == 0)
			r = reg_lock(&s->reg, err);
		if (r == 0)
			(void)janitor_run(&s->reg, false, NULL, NULL);
		if (r == 0)
			r = find_name(s, title, err);
		if (r == 0)
			r = announce(s, err);
		if (r == 0) {
			s->begun = true;
			r = make_dirs(s, err);
		}
		reg_unlock(&s->reg);
		if (r < 0)
			return story_end(s, r, err);
	}
	story_saw(s, "everything is below %s, %s and the cgroup %s", s->dir, s->run, s->group);
	teller_say(t, TELL_COMMAND, "D=%s R=%s", s->dir, s->run);
	teller_say(t, TELL_COMMAND, "mkdir -p $D $R");
	return 0;
}

int story_end(struct story *s, int r, struct error *err)
{
	struct error local = {0};
	struct launched l;
	int removed = 0;
	if (s->begun) {
		removed = reg_lock(&s->reg, &local);
		if (removed == 0 && reg_read(&s->reg, s->name, &l) == 0) {
			removed = sample_remove(&s->reg, &l, &local);
			launched_clear(&l);
		} else if (removed == 0) { /* somebody removed the entry: the parts are ours all the same */
			l = (struct launched){.name = s->name, .kind = (char[]){"story"}};
			removed = sample_undo(&s->reg, &l, &local);
		}
		reg_unlock(&s->reg);
		story_saw(s, removed < 0 ? "not all could be removed" : "all of it is removed");
	}
	reg_close(&s->reg);
	if (r < 0 || removed == 0)
		return r;
	return error_set(err, -removed, "%s", local.what);
}

int story_check(const struct story *s, struct error *err)
{
	struct launched l;
	if (s->t->cancel && *s->t->cancel)
		return error_set(err, EINTR, "interrupted");
	if (!s->begun || reg_read(&s->reg, s->name, &l) < 0)
		return 0;
	bool wanted = strcmp(l.state, "running") == 0;
	launched_clear(&l);
	return wanted ? 0 : error_set(err, ECANCELED, "%s: stopped by another vctop", s->name);
}

bool story_over(int r)
{
	return r == -EINTR || r == -ECANCELED;
}

int story_nap(const struct story *s, unsigned msec, struct error *err)
{
	for (unsigned waited = 0; !s->t->dry_run && waited < msec; waited += 50) {
		int r = story_check(s, err);
		if (r < 0)
			return r;
		lab_nap(50);
	}
	return story_check(s, err);
}

static void say(const struct story *s, enum tell what, const char *before, const char *fmt, va_list ap)
{
	cleanup_free char *text = xvasprintf(fmt, ap);
	teller_say(s->t, what, "%s%s", before, text);
}

void story_step(struct story *s, const char *fmt, ...)
{
	char number[16];
	va_list ap;
	(void)snprintf(number, sizeof(number), "%u. ", ++s->step);
	va_start(ap, fmt);
	say(s, TELL_STEP, number, fmt, ap);
	va_end(ap);
}

static void add_short(const struct story *s, const char *text, struct strbuf *ret)
{
	const struct {
		const char *path, *variable;
	} dirs[] = {{s->dir, "$D"}, {s->run, "$R"}};
	while (*text) {
		size_t i = 0;
		while (i < ARRAY_SIZE(dirs) && strncmp(text, dirs[i].path, strlen(dirs[i].path)) != 0)
			i++;
		if (i < ARRAY_SIZE(dirs)) {
			strbuf_str(ret, dirs[i].variable);
			text += strlen(dirs[i].path);
		} else {
			strbuf_char(ret, *text++);
		}
	}
}

void story_tell_command(const struct story *s, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf told = STRBUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *text = xvasprintf(fmt, ap);
	va_end(ap);
	add_short(s, text, &told);
	teller_say(s->t, TELL_COMMAND, "%s", told.buf);
}

/* A dry run sees nothing. */
void story_saw(const struct story *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (!s->t->dry_run)
		say(s, TELL_SAW, "", fmt, ap);
	va_end(ap);
}

void story_warn(const struct story *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	say(s, TELL_WARN, "", fmt, ap);
	va_end(ap);
}
