#include "lab/story/lifecycle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/tool/spawn.h"
#include "vctop/source/disk_usage.h"

#define MAX_ENTRIES 100000U /* of a store that holds one small image */

static const char dockerfile[] = "FROM scratch\n"
                                 "COPY init /init\n"
                                 "COPY hello.txt /hello.txt\n"
                                 "LABEL maker=vctop\n"
                                 "CMD [\"/init\", \"--workload\", \"idle\"]\n";

static const char *const ids[LIFE_BUILDERS] = {"podman", "buildah", "docker"};

const char *life_step_name(enum life_step s)
{
	static const char *const step_names[LIFE_STEPS] = {"build", "run", "push", "pull", "run_elsewhere"};
	return step_names[s];
}

char *life_store(const struct life *l, const char *name)
{
	return xasprintf("--root %s/%s/root --runroot %s/%s", l->s.dir, name, l->s.run, name);
}

char *life_transport(const struct life *l, const char *id)
{
	return l->port ? xasprintf("docker://127.0.0.1:%u/hello:%s", l->port, id)
	               : xasprintf("oci:%s/layout:%s", l->s.dir, id);
}

static double weigh(const struct life *l, const char *name)
{
	unsigned budget = MAX_ENTRIES;
	double bytes = 0;
	cleanup_free char *path = xasprintf("%s/%s", l->s.dir + 1, name);
	return !l->s.t->dry_run && disk_usage(l->fs, path, &budget, &bytes) == 0 ? bytes : 0;
}

static struct life_weight weight_of(const struct life *l, const char *name)
{
	return (struct life_weight){name, weigh(l, name), 0};
}

void life_weigh(const struct life *l, struct life_weight *w)
{
	double now = weigh(l, w->dir);
	w->grown = now > w->before ? now - w->before : 0;
}

/* ---- the steps ---- */

int life_run_once(const struct life *l, const char *engine, const char *image, struct life_weight *w, double *ret_sec,
                  struct error *err)
{
	const char *name = "hello";
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	bool docker = strncmp(engine, "docker", 6) == 0;
	cleanup_free char *group = docker ? xstrdup("") : xasprintf(" --cgroup-parent %s", l->s.group);
	int r = story_run(&l->s, &cmd, err, "%s run -d --name %s --network none%s %s", engine, name, group, image);
	*ret_sec = cmd.sec;
	if (r == 0)
		r = story_ask(&l->s, &cmd, err, "%s inspect --format {{.State.Running}} %s", engine, name);
	if (r == 0 && !l->s.t->dry_run && strncmp(cmd.out.buf, "true", 4) != 0)
		r = error_set(err, EIO, "%s: it ended at once", name);
	if (r == 0 && w)
		life_weigh(l, w);
	/* Not when the story is over: its end removes the container as well. */
	if (!story_over(r)) {
		struct error why = {0};
		int removed = story_run(&l->s, NULL, &why, "%s rm -f %s", engine, name);
		if (r == 0 && removed < 0)
			r = error_set(err, -removed, "%s", why.what);
	}
	return r;
}

/* One builder, with the commands of its steps; NULL: not needed, or not possible here. */
struct plan {
	struct life *l;
	struct life_builder *b;
	const char *store;    /* directory below the story's: of this machine */
	const char *registry; /* of what travels */
	char *far_store;      /* of the other machine */
	char *image, *far_image;
	char *build, *before_push, *push, *before_pull, *pull;
	char *runner, *far_runner; /* what runs it, here and there */
};

static void plan_release(struct plan *p)
{
	char *const all[] = {p->far_store, p->image, p->far_image, p->build,       p->before_push,
	                     p->push,      p->pull,  p->runner,    p->before_pull, p->far_runner};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(all[i]);
}

/* The other machine is an empty store of podman; without podman it is this docker, after it forgot the image. */
static void plan_elsewhere(struct plan *p, const char *from)
{
	const struct life *l = p->l;
	p->far_store = xasprintf("elsewhere-%s", p->b->id);
	if (l->podman) {
		cleanup_free char *store = life_store(l, p->far_store);
		p->far_runner = xasprintf("podman %s", store);
		p->pull = xasprintf("podman %s pull -q%s %s", store, l->port ? " --tls-verify=false" : "", from);
	} else if (l->docker && l->port) {
		free(p->far_store);
		p->far_store = xstrdup("docker");
		p->far_runner = xstrdup("docker");
		if (p->b == &l->ret->builder[LIFE_DOCKER])
			p->before_pull = xasprintf("docker rmi -f %s %s", p->image, p->far_image);
		p->pull = xasprintf("docker pull -q %s", p->far_image);
	}
}

static void plan_podman(struct plan *p, const char *engine, const char *options)
{
	const struct life *l = p->l;
	cleanup_free char *to = life_transport(l, p->b->id);
	p->build = xasprintf("%s build -q%s -t %s %s/image", engine, options, p->image, l->s.dir);
	p->push = xasprintf("%s push -q%s %s %s", engine, l->port ? " --tls-verify=false" : "", p->image, to);
	plan_elsewhere(p, to);
}

/* docker knows no layout directories: without a registry an archive travels. */
static void plan_docker(struct plan *p)
{
	const struct life *l = p->l;
	cleanup_free char *archive = xasprintf("%s/layout/docker.tar", l->s.dir);
	cleanup_free char *from = l->port ? life_transport(l, "docker") : xasprintf("docker-archive:%s", archive);
	p->build = xasprintf("docker build -q -t %s %s/image", p->image, l->s.dir);
	p->before_push = l->port ? xasprintf("docker tag %s %s", p->image, p->far_image)
	                         : xasprintf("mkdir -p %s/layout", l->s.dir);
	p->push = l->port ? xasprintf("docker push -q %s", p->far_image)
	                  : xasprintf("docker save -o %s %s", archive, p->image);
	p->runner = xstrdup("docker");
	plan_elsewhere(p, from);
}

static void plan_make(struct plan *p, struct life *l, size_t which)
{
	*p = (struct plan){.l = l, .b = &l->ret->builder[which], .registry = l->port ? "registry" : "layout"};
	p->store = p->b->id;
	p->image = xasprintf("hello:%s", p->b->id);
	p->far_image = xasprintf("127.0.0.1:%u/%s", l->port, p->image);
	if (which == LIFE_DOCKER) {
		plan_docker(p);
	} else if (which == LIFE_PODMAN) {
		plan_podman(p, "podman", "");
		p->runner = xstrdup("podman");
	} else {
		cleanup_free char *store = life_store(l, "buildah");
		cleanup_free char *engine = xasprintf("buildah %s", store);
		plan_podman(p, engine, " --layers");
		p->runner = l->podman ? xasprintf("podman %s", store) : NULL;
	}
}

static void note(const struct plan *p, enum life_step step, double sec, const struct life_weight *w)
{
	if (p->l->s.t->dry_run)
		return;
	p->b->sec[step] = metric_ok(sec);
	p->b->bytes[step] = metric_ok(w->grown);
	story_saw(&p->l->s, "%.2f s; %.0f KiB more on disk", sec, w->grown / 1024);
}

static int command_step(const struct plan *p, enum life_step step, const char *before, const char *command,
                        const char *dir, struct strbuf *out, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	int r = command ? 0
	                : error_set(err, ENOENT, "%s: neither podman nor docker with a registry", life_step_name(step));
	if (r == 0 && before)
		r = story_run(&p->l->s, NULL, err, "%s", before);
	struct life_weight w = weight_of(p->l, dir);
	if (r == 0)
		r = story_run(&p->l->s, &cmd, err, "%s", command);
	if (r < 0)
		return r;
	life_weigh(p->l, &w);
	note(p, step, cmd.sec, &w);
	if (out)
		strbuf_add(out, cmd.out.buf, cmd.out.len);
	return 0;
}

static int run_step(const struct plan *p, enum life_step step, const char *runner, const char *image, const char *dir,
                    struct error *err)
{
	struct life_weight w = weight_of(p->l, dir);
	double sec = 0;
	if (!runner) {
		p->b->sec[step] = metric_none(METRIC_ABSENT, "buildah builds only: podman runs, and is not here");
		story_warn(&p->l->s, "%s", p->b->sec[step].why);
		return 0;
	}
	int r = life_run_once(p->l, runner, image, &w, &sec, err);
	if (r == 0)
		note(p, step, sec, &w);
	return r;
}

/* podman names what it pulled by its id: an image of a layout directory has no better name. */
static void take_id(struct plan *p, const struct strbuf *out)
{
	if (strspn(out->buf, "0123456789abcdef") == 64) {
		free(p->far_image);
		p->far_image = xstrndup(out->buf, 64);
	}
}

static void tell_layers(const struct plan *p)
{
	struct error why = {0};
	if (p->l->s.t->dry_run)
		return;
	if (life_layers(p->l, p->b->id, &p->b->layers, &why) < 0)
		story_warn(&p->l->s, "%s", why.what);
	for (size_t i = 0; i < p->b->layers.n; i++) {
		const struct life_layer *y = &p->b->layers.v[i];
		if (!y->empty && metric_is_ok(y->shipped_bytes))
			story_saw(&p->l->s, "layer: %s: %.0f bytes shipped", y->made_by, y->shipped_bytes.v);
	}
}

static int steps(struct plan *p, struct error *err)
{
	struct life *l = p->l;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	story_step(&l->s, "%s builds: each instruction that changes files becomes a layer", p->b->id);
	int r = command_step(p, LIFE_BUILD, NULL, p->build, p->store, NULL, err);
	if (r < 0)
		return r;
	story_step(&l->s, "run it");
	r = run_step(p, LIFE_RUN, p->runner, p->image, p->store, err);
	if (r < 0)
		return r;
	story_step(&l->s, "push it to %s: only layers that it has not yet travel", l->ret->registry);
	r = command_step(p, LIFE_PUSH, p->before_push, p->push, p->registry, NULL, err);
	if (r < 0)
		return r;
	story_step(&l->s, "pull it elsewhere: an empty store stands for another machine");
	r = command_step(p, LIFE_PULL, p->before_pull, p->pull, p->far_store, &out, err);
	if (r < 0)
		return r;
	take_id(p, &out);
	(void)snprintf(l->far_image[p->b - l->ret->builder], sizeof(l->far_image[0]), "%s", p->far_image);
	tell_layers(p);
	story_step(&l->s, "run it there");
	return run_step(p, LIFE_RUN_ELSEWHERE, p->far_runner, p->far_image, p->far_store, err);
}

/* ---- the builders ---- */

static int prepare(struct life *l, size_t which, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	struct life_builder *b = &l->ret->builder[which];
	int r = which == LIFE_DOCKER ? story_has_docker(&l->s, err) : story_has(&l->s, b->id, err);
	if (r == 0)
		r = story_ask(&l->s, &cmd, err, "%s --version", b->id);
	if (r == 0)
		(void)spawn_first_line(cmd.out.buf, b->version, sizeof(b->version));
	if (r < 0 || which != LIFE_DOCKER)
		return r;
	story_step(&l->s, "a dockerd of our own: docker builds and runs through a daemon");
	r = story_docker(&l->s, err);
	if (r == 0)
		r = story_dockerd(&l->s, "", &l->dockerd, NULL, err);
	l->docker = r == 0;
	return r;
}

/* A builder that fails is told; only the end of the story ends it. */
static int builder(struct life *l, size_t which, struct error *err)
{
	struct life_builder *b = &l->ret->builder[which];
	struct error why = {0};
	int r = prepare(l, which, &why);
	if (r == 0) {
		struct plan p;
		plan_make(&p, l, which);
		r = steps(&p, &why);
		plan_release(&p);
	}
	if (story_over(r))
		return error_set(err, -r, "%s", why.what);
	if (r < 0) {
		(void)snprintf(b->skipped, sizeof(b->skipped), "%s", why.what);
		story_warn(&l->s, "%s: left out: %s", b->id, b->skipped);
	}
	return 0;
}

static int write_image(struct life *l, struct error *err)
{
	cleanup_free char *file = xasprintf("%s/image/Dockerfile", l->s.dir);
	cleanup_free char *hello = xasprintf("%s/image/hello.txt", l->s.dir);
	story_step(&l->s, "a Dockerfile, and what it copies: one static program and a text");
	int r = story_image_dir(&l->s, err);
	if (r == 0)
		r = story_write(&l->s, hello, "hello\n", err);
	if (r == 0)
		r = story_write(&l->s, file, dockerfile, err);
	l->ret->context_bytes = weigh(l, "image");
	return r;
}

static int tell(struct life *l, struct error *err)
{
	int r = write_image(l, err);
	if (r == 0)
		r = story_podman(&l->s, err);
	if (r == 0)
		r = life_registry(l, err);
	l->podman = story_has(&l->s, "podman", NULL) == 0;
	for (size_t i = 0; r == 0 && i < LIFE_BUILDERS; i++)
		r = builder(l, i, err);
	return r < 0 ? r : life_runs(l, err);
}

int lifecycle_run(const struct teller *t, struct lifecycle *ret, struct error *err)
{
	struct life l = {.ret = ret};
	*ret = (struct lifecycle){0};
	for (size_t i = 0; i < LIFE_BUILDERS; i++) {
		ret->builder[i].id = ids[i];
		for (size_t k = 0; k < LIFE_STEPS; k++)
			ret->builder[i].sec[k] = ret->builder[i].bytes[k] = metric_none(METRIC_ABSENT, "not reached");
	}
	l.fs = rootfs_open("/", err);
	int r = l.fs ? story_begin(&l.s, "lifecycle", t, err) : -err->code;
	if (r == 0)
		r = story_end(&l.s, tell(&l, err), err);
	if (l.fs)
		rootfs_close(l.fs);
	return r;
}

void lifecycle_release(struct lifecycle *l)
{
	for (size_t i = 0; i < LIFE_BUILDERS; i++) {
		for (size_t k = 0; k < l->builder[i].layers.n; k++)
			free(l->builder[i].layers.v[k].made_by);
		vec_free(&l->builder[i].layers);
	}
	vec_free(&l->runs);
}
