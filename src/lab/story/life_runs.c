/* The same image elsewhere: what podman, docker and buildah built, under podman, docker, runc and crun. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/story/lifecycle.h"

static void take(struct life *l, const char *from, const char *on, int r, double sec, const struct error *err)
{
	struct life_run run = {.from = from, .on = on, .ok = r == 0, .sec = sec};
	(void)snprintf(run.why, sizeof(run.why), "%s", r < 0 ? err->what : "");
	vec_push(&l->ret->runs, run);
	if (r < 0)
		story_warn(&l->s, "%s's image under %s: %s", from, on, run.why);
	else
		story_saw(&l->s, "%s's image runs under %s", from, on);
}

/* Into docker: from the registry, or as an archive that podman writes from the other machine's store. */
static int on_docker(struct life *l, const char *id, double *ret_sec, struct error *err)
{
	cleanup_free char *image = NULL;
	int r;
	if (!l->port)
		return error_set(err, ENOTSUP,
		                 "docker takes images from registries and archives, not from a layout "
		                 "directory");
	image = xasprintf("127.0.0.1:%u/hello:%s", l->port, id);
	r = story_run(&l->s, NULL, err, "docker pull -q %s", image);
	return r < 0 ? r : life_run_once(l, "docker", image, NULL, ret_sec, err);
}

/* The image's files and a configuration: all that an OCI runtime wants. */
static int unpack(struct life *l, size_t which, const char *bundle, struct error *err)
{
	cleanup_free char *name = xasprintf("elsewhere-%s", l->ret->builder[which].id);
	cleanup_free char *store = life_store(l, name);
	cleanup_free char *engine = l->podman ? xasprintf("podman %s", store) : xstrdup("docker");
	int r = story_run(&l->s, NULL, err, "mkdir -p %s/rootfs", bundle);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "%s create --name bundle %s", engine, l->far_image[which]);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "%s export -o %s/rootfs.tar bundle", engine, bundle);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "%s rm bundle", engine);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "tar -xf %s/rootfs.tar -C %s/rootfs", bundle, bundle);
	return r;
}

/* What the runtime's own template says, with our program, in our cgroup. */
static int configure(struct life *l, const char *bundle, const char *name, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/config.json", bundle);
	story_tell_command(&l->s,
	                   "jq '.process.terminal=false | .process.args=[\"/init\",\"--workload\",\"idle\"] | "
	                   "del(.process.rlimits) | .linux.cgroupsPath=\"%s/%s\"' %s >$D/c.json; mv $D/c.json %s",
	                   l->s.group, name, path, path);
	if (l->s.t->dry_run)
		return 0;
	json_t *config = json_load_file(path, 0, NULL);
	json_t *process = json_object_get(config, "process"), *linux_part = json_object_get(config, "linux");
	cleanup_free char *group = xasprintf("%s/%s", l->s.group, name);
	int bad = json_object_set_new(process, "terminal", json_false());
	bad |= json_object_set_new(process, "args", json_pack("[sss]", "/init", "--workload", "idle"));
	(void)json_object_del(process, "rlimits"); /* raised limits take a capability that not every root has */
	bad |= json_object_set_new(linux_part, "cgroupsPath", json_string(group));
	bad |= json_dump_file(config, path, JSON_INDENT(1));
	json_decref(config);
	return bad ? error_set(err, EIO, "%s: not the configuration of a container", path) : 0;
}

static int on_runtime(struct life *l, const char *runtime, const char *id, double *ret_sec, struct error *err)
{
	cleanup_story_command struct story_command cmd = STORY_COMMAND_INIT;
	cleanup_free char *bundle = xasprintf("%s/bundle-%s", l->s.dir, id);
	cleanup_free char *name = xasprintf("%s-%s", runtime, id);
	cleanup_free char *state = xasprintf("%s --root %s/%s", runtime, l->s.run, runtime);
	cleanup_free char *config = xasprintf("%s/config.json", bundle);
	int r = story_run(&l->s, NULL, err, "rm -f %s", config);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "%s spec --bundle %s", runtime, bundle);
	if (r == 0)
		r = configure(l, bundle, name, err);
	if (r == 0)
		r = story_run(&l->s, &cmd, err, "%s run -d --bundle %s %s", state, bundle, name);
	*ret_sec = cmd.sec;
	if (r == 0)
		r = story_run(&l->s, &cmd, err, "%s state %s", state, name);
	if (r == 0 && !l->s.t->dry_run && !strstr(cmd.out.buf, "\"running\""))
		r = error_set(err, EIO, "%s: it ended at once", runtime);
	if (r == 0)
		r = story_run(&l->s, NULL, err, "%s delete -f %s", state, name);
	return r;
}

static bool was_pulled(const struct life *l, const struct life_builder *b)
{
	return l->s.t->dry_run || metric_is_ok(b->sec[LIFE_PULL]);
}

static int runtimes(struct life *l, size_t which, struct error *err)
{
	const struct life_builder *b = &l->ret->builder[which];
	static const char *const programs[] = {"runc", "crun"};
	cleanup_free char *bundle = xasprintf("%s/bundle-%s", l->s.dir, b->id);
	struct error why = {0};
	int unpacked = unpack(l, which, bundle, &why);
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		double sec = 0;
		if (story_has(&l->s, programs[i], NULL) < 0)
			continue;
		int r = unpacked;
		if (r == 0)
			r = on_runtime(l, programs[i], b->id, &sec, &why);
		if (story_over(r))
			return error_set(err, -r, "%s", why.what);
		take(l, b->id, programs[i], r, sec, &why);
	}
	return 0;
}

int life_runs(struct life *l, struct error *err)
{
	for (size_t i = 0; i < LIFE_BUILDERS; i++) {
		const struct life_builder *b = &l->ret->builder[i];
		struct error why = {0};
		double sec = 0;
		if (!was_pulled(l, b))
			continue;
		story_step(&l->s, "does %s's image run under the others?", b->id);
		if (l->podman && metric_is_ok(b->sec[LIFE_RUN_ELSEWHERE]))
			take(l, b->id, "podman", 0, b->sec[LIFE_RUN_ELSEWHERE].v, &why);
		if (l->docker) {
			int r = on_docker(l, b->id, &sec, &why);
			if (story_over(r))
				return error_set(err, -r, "%s", why.what);
			take(l, b->id, "docker", r, sec, &why);
		}
		int r = runtimes(l, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}
