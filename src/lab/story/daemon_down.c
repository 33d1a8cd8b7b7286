/* The story of a daemon's death: dockerd without and with live-restore, and podman, which has none. */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lab/story/look.h"
#include "lab/story/story_engines.h"
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"
#include "vctop/lab/stories.h"

#define CONTAINERS 2
#define LOOK_MSEC 10000  /* background facts of a busy host are read in slices */
#define SETTLE_MSEC 1000 /* what dies with the daemon has died by then */
#define END_MSEC 15000   /* dockerd ends what it finds running, one after the other */

static const char *const names[CONTAINERS] = {"web", "db"};

struct crash {
	struct story s;
	struct look look;
	struct daemon_death *d; /* of this part */
	struct story_process daemon, container[CONTAINERS];
};

/* The pid that `inspect` tells, as a process that can be told from a later one. */
static int inspect(const struct crash *c, const char *engine, const char *what, const char *name,
                   struct story_process *ret, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	const char *word;
	size_t n;
	uint64_t pid;
	int r = story_ask(&c->s, &cmd, err, "%s inspect --format {{.State.%s}} %s", engine, what, name);
	if (r < 0)
		return r;
	if (!parse_word(cmd.out.buf, cmd.out.len, 0, &word, &n) || parse_u64(word, n, &pid) < 0 || !pid ||
	    pid > INT32_MAX)
		return error_set(err, EIO, "%s inspect %s: told no pid", engine, name);
	*ret = (struct story_process){(pid_t)pid, proctable_start((pid_t)pid)};
	return 0;
}

static int run_containers(struct crash *c, const char *engine, const char *options, struct error *err)
{
	c->d->containers = 0;
	for (size_t i = 0; i < CONTAINERS; i++) {
		int r = story_run(&c->s, NULL, err,
		                  "%s run -d --name %s --network none%s --memory 64m --cpus 0.2 sample /init "
		                  "--workload burst",
		                  engine, names[i], options);
		if (r == 0 && !c->s.t->dry_run)
			r = inspect(c, engine, "Pid", names[i], &c->container[i], err);
		if (r < 0)
			return r;
		c->d->containers++;
	}
	return 0;
}

static int import_image(const struct crash *c, const char *engine, struct error *err)
{
	return story_run(&c->s, NULL, err, "%s import %s/image.tar sample", engine, c->s.dir);
}

/* What vctop says of the first container before anything happens. */
static int ask_vctop(struct crash *c, const char *runtime, struct error *err)
{
	const struct row *row = NULL;
	story_tell_command(&c->s, "vctop explain %s", names[0]);
	for (unsigned waited = 0; !c->s.t->dry_run && waited < LOOK_MSEC; waited += 100) {
		int r = look_again(&c->look, err);
		if (r < 0)
			return r;
		row = look_below(&c->look, c->s.group, runtime, names[0]);
		if (row && row->background->supervisor.survives)
			break;
		r = story_nap(&c->s, 100, err);
		if (r < 0)
			return r;
	}
	const struct supervisor *v = row ? &row->background->supervisor : NULL;
	(void)snprintf(c->d->said, sizeof(c->d->said), "%s", v && v->survives ? v->survives : "unknown");
	(void)snprintf(c->d->evidence, sizeof(c->d->evidence), "%s", v && v->evidence ? v->evidence : "not seen");
	story_saw(&c->s, "vctop: survives the daemon: %s (%s)", c->d->said, c->d->evidence);
	return 0;
}

static unsigned count_running(const struct crash *c)
{
	unsigned n = 0;
	for (size_t i = 0; i < CONTAINERS; i++)
		n += story_runs(&c->container[i]);
	return n;
}

static void see_survivors(struct crash *c)
{
	c->d->survived = count_running(c);
	for (size_t i = 0; i < CONTAINERS; i++)
		story_saw(&c->s, "%s, process %d: %s", names[i], (int)c->container[i].pid,
		          story_runs(&c->container[i]) ? "runs on, in its cgroup, with its limits" : "has ended");
}

/* Does the command line still get an answer? */
static int try_command(struct crash *c, const char *engine, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	struct error why = {0};
	int r = story_run(&c->s, &cmd, &why, "%s ps", engine);
	if (story_over(r))
		return error_set(err, -r, "%s", why.what);
	c->d->answers = r == 0;
	size_t lines = 0;
	for (size_t i = 0; i < cmd.out.len; i++)
		lines += cmd.out.buf[i] == '\n';
	if (r < 0)
		(void)snprintf(c->d->answer, sizeof(c->d->answer), "%s", why.what);
	else
		(void)snprintf(c->d->answer, sizeof(c->d->answer), "%s ps lists %zu containers", engine,
		               lines ? lines - 1 : 0);
	story_saw(&c->s, "%s", c->d->answer);
	return 0;
}

/* The kernel ends it after its dockerd; a new one must not meet the old one dying. */
static int await_containerd(struct crash *c, const struct story_process *containerd, struct error *err)
{
	int r = story_nap(&c->s, SETTLE_MSEC, err);
	for (unsigned waited = 0; r == 0 && story_runs(containerd) && waited < END_MSEC; waited += 50)
		r = story_nap(&c->s, 50, err);
	if (r == 0 && containerd->pid)
		story_saw(&c->s, "its containerd, process %d: %s", (int)containerd->pid,
		          story_runs(containerd) ? "runs on" : "has ended with it");
	return r;
}

static int kill_dockerd(struct crash *c, struct error *err)
{
	cleanup_free char *command = xasprintf("kill -9 $(cat %s/docker.pid)", c->s.run);
	cleanup_free char *pidfile = xasprintf("%s/docker/containerd/containerd.pid", c->s.run);
	struct story_process containerd = story_process_of(pidfile);
	int r = story_kill(&c->s, &c->daemon, command, err);
	return r < 0 ? r : await_containerd(c, &containerd, err);
}

static int restart_dockerd(struct crash *c, const char *options, struct error *err)
{
	double sec = 0;
	int r = story_dockerd(&c->s, options, &c->daemon, &sec, err);
	/* Without live-restore dockerd ends them while it starts, or soon after. */
	for (unsigned waited = 0; r == 0 && !*options && count_running(c) && waited < END_MSEC; waited += 100)
		r = story_nap(&c->s, 100, err);
	if (r < 0 || c->s.t->dry_run)
		return r;
	c->d->back_sec = metric_ok(sec);
	c->d->kept = metric_ok(count_running(c));
	story_saw(&c->s, "the new dockerd answers after %.1f s; %u of %u containers are still the same processes", sec,
	          (unsigned)c->d->kept.v, c->d->containers);
	return 0;
}

static int see_after_docker(struct crash *c, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	int r = story_run(&c->s, &cmd, err, "docker inspect --format {{.State.Status}},{{.State.ExitCode}} %s",
	                  names[0]);
	if (r < 0 || c->s.t->dry_run)
		return r;
	char line[64];
	(void)spawn_first_line(cmd.out.buf, line, sizeof(line));
	char *comma = strchr(line, ',');
	if (comma)
		*comma = '\0';
	if (strcmp(line, "running") == 0)
		(void)snprintf(c->d->after, sizeof(c->d->after), "running, and manageable again");
	else
		(void)snprintf(c->d->after, sizeof(c->d->after), "%s, exit code %s", line, comma ? comma + 1 : "?");
	story_saw(&c->s, "%s: %s", names[0], c->d->after);
	return 0;
}

static int docker_part(struct crash *c, const char *options, struct error *err)
{
	story_step(&c->s, "kill dockerd%s: no warning, no clean-up, as in a crash", options);
	int r = ask_vctop(c, "docker", err);
	if (r == 0)
		r = kill_dockerd(c, err);
	if (r < 0)
		return r;
	if (!c->s.t->dry_run)
		see_survivors(c);
	story_step(&c->s, "what can still be managed without it?");
	r = try_command(c, "docker", err);
	if (r < 0)
		return r;
	story_step(&c->s, "start dockerd%s again: what becomes of the containers?", options);
	r = restart_dockerd(c, options, err);
	return r < 0 ? r : see_after_docker(c, err);
}

static int docker_first(struct crash *c, struct error *err)
{
	story_step(&c->s, "a dockerd of our own, with its own data and socket, and two containers");
	int r = story_has_docker(&c->s, err);
	if (r == 0)
		r = story_docker(&c->s, err);
	if (r == 0)
		r = story_dockerd(&c->s, "", &c->daemon, NULL, err);
	if (r == 0)
		r = import_image(c, "docker", err);
	if (r == 0)
		r = run_containers(c, "docker", "", err);
	return r < 0 ? r : docker_part(c, "", err);
}

/* The containers of the part before were ended by the restart: start them again under a daemon that restores. */
static int docker_again(struct crash *c, struct error *err)
{
	cleanup_free char *command = xasprintf("kill $(cat %s/docker.pid)", c->s.run);
	story_step(&c->s, "the same with --live-restore: dockerd takes over what it finds running");
	story_tell_command(&c->s, "%s", command);
	int r = 0;
	if (!c->s.t->dry_run && story_runs(&c->daemon))
		(void)kill(c->daemon.pid, SIGTERM);
	for (unsigned waited = 0; r == 0 && !c->s.t->dry_run && story_runs(&c->daemon) && waited < END_MSEC;
	     waited += 100)
		r = story_nap(&c->s, 100, err);
	if (r == 0)
		r = story_dockerd(&c->s, " --live-restore", &c->daemon, NULL, err);
	if (r == 0)
		r = story_run(&c->s, NULL, err, "docker rm -f %s %s", names[0], names[1]);
	if (r == 0)
		r = run_containers(c, "docker", "", err);
	return r < 0 ? r : docker_part(c, " --live-restore", err);
}

static int podman_stop(struct crash *c, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	struct error why = {0};
	char line[64];
	story_step(&c->s, "can podman still end them?");
	int r = story_run(&c->s, NULL, &why, "podman stop -t 1 %s %s", names[0], names[1]);
	if (story_over(r))
		return error_set(err, -r, "%s", why.what);
	r = story_run(&c->s, &cmd, err, "podman ps -a --format {{.Status}}");
	if (r < 0 || c->s.t->dry_run)
		return r;
	(void)snprintf(c->d->after, sizeof(c->d->after),
	               "%u of %u run; podman says: %s, for nobody tells it how they ended", count_running(c),
	               c->d->containers, spawn_first_line(cmd.out.buf, line, sizeof(line)));
	story_saw(&c->s, "%s", c->d->after);
	return 0;
}

/* It has no daemon: what stands over each container is its conmon. */
static int podman_part(struct crash *c, struct error *err)
{
	cleanup_free char *options = xasprintf(" --cgroup-parent %s", c->s.group);
	struct story_process conmon[CONTAINERS] = {{0}};
	story_step(&c->s, "podman, with a store of its own, and two containers: there is no daemon to kill");
	int r = story_has(&c->s, "podman", err);
	if (r == 0)
		r = story_podman(&c->s, err);
	if (r == 0)
		r = import_image(c, "podman", err);
	if (r == 0)
		r = run_containers(c, "podman", options, err);
	if (r < 0)
		return r;
	story_step(&c->s, "kill what comes closest: conmon, which keeps each container's output and exit code");
	r = ask_vctop(c, "podman", err);
	for (size_t i = 0; r == 0 && i < CONTAINERS; i++) {
		cleanup_free char *command =
		        xasprintf("kill -9 $(podman inspect --format {{.State.ConmonPid}} %s)", names[i]);
		if (!c->s.t->dry_run)
			r = inspect(c, "podman", "ConmonPid", names[i], &conmon[i], err);
		if (r == 0)
			r = story_kill(&c->s, &conmon[i], command, err);
	}
	if (r == 0)
		r = story_nap(&c->s, SETTLE_MSEC, err);
	if (r < 0)
		return r;
	if (!c->s.t->dry_run)
		see_survivors(c);
	r = try_command(c, "podman", err);
	return r < 0 ? r : podman_stop(c, err);
}

/* A part that fails is told and skipped; only the end of the story ends it. */
static int part(struct crash *c, struct daemon_death *d, int (*fn)(struct crash *c, struct error *err),
                struct error *err)
{
	struct error why = {0};
	c->d = d;
	int r = fn(c, &why);
	if (story_over(r)) {
		if (err)
			*err = why;
		return r;
	}
	if (r < 0) {
		(void)snprintf(d->skipped, sizeof(d->skipped), "%s", why.what);
		story_warn(&c->s, "%s: left out: %s", d->title, d->skipped);
	}
	return 0;
}

static int tell(struct crash *c, struct daemon_down *ret, struct error *err)
{
	int r = c->s.t->dry_run ? 0 : look_open(&c->look, err);
	if (r == 0)
		r = story_image_dir(&c->s, err);
	if (r == 0)
		r = story_run(&c->s, NULL, err, "tar -C %s/image -cf %s/image.tar init", c->s.dir, c->s.dir);
	if (r == 0)
		r = part(c, &ret->death[STORY_DOCKER], docker_first, err);
	if (r == 0 && ret->death[STORY_DOCKER].skipped[0])
		memcpy(ret->death[STORY_DOCKER_RESTORE].skipped, ret->death[STORY_DOCKER].skipped,
		       sizeof(ret->death[STORY_DOCKER].skipped));
	else if (r == 0)
		r = part(c, &ret->death[STORY_DOCKER_RESTORE], docker_again, err);
	return r < 0 ? r : part(c, &ret->death[STORY_PODMAN], podman_part, err);
}

int daemon_down_run(const struct teller *t, struct daemon_down *ret, struct error *err)
{
	static const struct {
		const char *title, *killed;
	} deaths[STORY_DAEMONS] = {{"dockerd", "dockerd"}, {"dockerd --live-restore", "dockerd"}, {"podman", "conmon"}};
	struct crash c = {.look = LOOK_INIT};
	*ret = (struct daemon_down){0};
	for (size_t i = 0; i < STORY_DAEMONS; i++) {
		ret->death[i].title = deaths[i].title;
		ret->death[i].killed = deaths[i].killed;
		ret->death[i].back_sec = ret->death[i].kept = metric_none(METRIC_ABSENT, "no daemon to start again");
	}
	int r = story_begin(&c.s, "daemon-down", t, err);
	if (r < 0)
		return r;
	r = tell(&c, ret, err);
	look_close(&c.look);
	return story_end(&c.s, r, err);
}
