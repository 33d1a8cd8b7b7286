/*
 * runc and crun run by hand: cgroups runc-<name>.scope and crun-<name>.scope (systemd driver), or just /<name>, which
 * is a container's only when a state file says so: <root>/<name>/state.json (runc), <root>/<name>/status (crun).
 * The same files are written when Podman, CRI-O or buildah run them: those are told by the group or the bundle.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

extern const struct runtime_ops runtime_runc, runtime_crun, runtime_buildah;

static bool match_runc(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	return runtime_named_leaf(leaf, "runc-", ".scope", id);
}

static bool match_crun(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	return runtime_named_leaf(leaf, "crun-", ".scope", id);
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s && *s ? s : NULL;
}

/* Of its groups, one in each hierarchy, that in the one that is walked. */
static const char *runc_cgroup(const struct facts_table *t, json_t *state)
{
	json_t *paths = json_object_get(state, "cgroup_paths"), *value;
	const char *key, *walk = t->cgroups ? t->cgroups->mounts.walk : NULL, *any = NULL;
	json_object_foreach(paths, key, value)
	{
		const char *path = json_string_value(value);
		if (path && walk && path[0] == '/' && strncmp(path + 1, walk, strlen(walk)) == 0 &&
		    path[1 + strlen(walk)] == '/')
			return path;
		any = path ? path : any;
	}
	return any;
}

static const char *runc_bundle(json_t *state)
{
	json_t *value;
	size_t i;
	json_array_foreach(json_object_get(json_object_get(state, "config"), "labels"), i, value)
	{
		const char *label = json_string_value(value);
		if (label && strncmp(label, "bundle=", 7) == 0)
			return label + 7;
	}
	return NULL;
}

/* Another runtime's, which knows more about it? */
static bool is_foreign(const struct facts_table *t, const struct runtime_ops *rt, const char *id, const char *cgroup,
                       const char *bundle)
{
	static const char *const places[] = {"/overlay-containers/", "/vfs-containers/",
	                                     "/io.containerd.runtime.v2.task/"};
	char other[RUNTIME_ID_MAX];
	const struct runtime_ops *by_path = cgroup ? runtime_match(cgroup, other) : NULL;
	if (by_path && by_path != rt && by_path != &runtime_buildah)
		return true;
	for (size_t i = 0; bundle && i < ARRAY_SIZE(places); i++)
		if (strstr(bundle, places[i]))
			return true;
	const struct facts *f = runtime_is_hex(id, 64) ? map_get(&t->by_id, id) : NULL;
	return f && f->runtime != rt;
}

struct state {
	const char *cgroup, *bundle;
	json_int_t pid, start;
};

static void take(struct facts_table *t, const struct runtime_ops *rt, const char *id, const char *path,
                 const struct state *s)
{
	char other[RUNTIME_ID_MAX];
	static const char *const step[] = {".scope/container"}; /* crun's sub-group: the limits are at the scope */
	if (is_foreign(t, rt, id, s->cgroup, s->bundle)) {
		facts_in_vain(t, path);
		return;
	}
	cleanup_free char *cgroup = s->cgroup ? xstrdup(s->cgroup) : NULL;
	size_t n = cgroup ? strlen(cgroup) : 0, cut = strlen(step[0]);
	if (n > cut && strcmp(cgroup + n - cut, step[0]) == 0)
		cgroup[n - cut + strlen(".scope")] = '\0';
	/* By the scope's name it is found without the file, which then adds what it knows. */
	bool named = cgroup && runtime_match(cgroup, other) == rt;
	bool buildah = strncmp(id, "buildah-buildah", 15) == 0;
	struct facts *f = facts_put(t, named ? other : id, buildah ? &runtime_buildah : rt);
	facts_set(&f->name, id);
	facts_set(&f->from, path);
	f->pid = s->pid > 0 && s->pid < INT32_MAX ? (pid_t)s->pid : 0;
	f->pid_start = s->start > 0 ? (uint64_t)s->start : 0;
	f->tells_pid = true;
	f->no_group = "it has no cgroup of its own (rootless)";
	f->group_only = buildah;
	facts_set_cgroup(t, f, cgroup);
	f->no_image = "an OCI bundle is a directory; what it was made from is not recorded";
	facts_label(f, "bundle", s->bundle);
}

static void read_runc(struct facts_table *t, const char *id, const char *path)
{
	static const char *const members[] = {"id", "init_process_pid", "init_process_start", "cgroup_paths",
	                                      "config.labels"};
	json_t *o = facts_json_of(t, path, members, ARRAY_SIZE(members));
	if (!o)
		return;
	struct state s = {runc_cgroup(t, o), runc_bundle(o), json_integer_value(json_object_get(o, "init_process_pid")),
	                  json_integer_value(json_object_get(o, "init_process_start"))};
	const char *own = string_of(o, "id");
	if (own && strcmp(own, id) == 0)
		take(t, &runtime_runc, id, path, &s);
	else
		facts_in_vain(t, path);
	json_decref(o);
}

static void read_crun(struct facts_table *t, const char *id, const char *path)
{
	json_t *o = facts_json(t, path);
	if (!o)
		return;
	const char *cgroup = string_of(o, "cgroup-path");
	struct state s = {cgroup, string_of(o, "bundle"), json_integer_value(json_object_get(o, "pid")),
	                  json_integer_value(json_object_get(o, "process-start-time"))};
	if (s.pid > 0 || s.cgroup)
		take(t, &runtime_crun, id, path, &s);
	else
		facts_in_vain(t, path);
	json_decref(o);
}

static void scan(struct facts_table *t, const char *root, const struct runtime_ops *rt, bool system)
{
	int err;
	bool runc = rt == &runtime_runc;
	const struct rootfs_names *names = facts_list(t, root, &err);
	if (err == -EACCES)
		facts_denied(t, rt->name, root, system);
	for (size_t i = 0; names && i < names->at.n; i++) {
		char path[4096];
		const char *id = rootfs_name(names, i);
		bool buildah = strncmp(id, "buildah-buildah", 15) == 0;
		int n = snprintf(path, sizeof(path), "%s/%s/%s", root, id, runc ? "state.json" : "status");
		if (n < 0 || (size_t)n >= sizeof(path) || !facts_stale(t, buildah ? &runtime_buildah : rt, id, path))
			continue;
		if (runc)
			read_runc(t, id, path);
		else
			read_crun(t, id, path);
	}
}

static void scan_run_dir(struct facts_table *t, const char *dir)
{
	scan(t, arena_fmt(&t->scratch, "%s/runc", dir), &runtime_runc, false);
	scan(t, arena_fmt(&t->scratch, "%s/crun", dir), &runtime_crun, false);
}

static void refresh(struct facts_table *t)
{
	scan(t, "run/runc", &runtime_runc, true);
	scan(t, "run/crun", &runtime_crun, true);
	facts_each_run_dir(t, scan_run_dir);
}

const struct runtime_ops runtime_runc = {.name = "runc", .match = match_runc, .refresh = refresh, .named = true};
const struct runtime_ops runtime_crun = {.name = "crun", .match = match_crun, .named = true};
