/*
 * containers-storage, and of what it holds Podman's containers (crio.c and buildah.c take theirs).
 *
 * Podman: cgroups libpod-<ID>.scope (systemd driver), libpod-<ID> (cgroupfs driver), libpod-payload-<ID> (split);
 * libpod-conmon-<ID> is the monitor, not the container.  Facts from containers-storage:
 * <graphroot>/<driver>-containers/{containers,volatile-containers}.json, the same below <runroot>, for root and users.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

#define MAX_STORE ((size_t)32 << 20)

extern const struct runtime_ops runtime_podman;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	return runtime_hex_leaf(leaf, "libpod-payload-", ".scope", true, id) ||
	       runtime_hex_leaf(leaf, "libpod-", ".scope", true, id);
}

/* Where one store keeps things, relative to the root. */
struct storage {
	const char *graphroot, *runroot, *driver;
};

/* An infra container is named after its pod's id; since Podman 5 it has no image. */
static bool is_infra(const char *name, const char *image)
{
	size_t n = strlen(name);
	if (image && strstr(image, "podman-pause:"))
		return true;
	return (!image || !*image) && n == 18 && strspn(name, "0123456789abcdef") == 12 &&
	       strcmp(name + 12, "-infra") == 0;
}

static bool podman_take(struct facts_table *t, json_t *c, json_t *meta, const struct storage *st, const char *from)
{
	const char *id = json_string_value(json_object_get(c, "id"));
	const char *name = json_string_value(json_object_get(meta, "name"));
	const char *image = json_string_value(json_object_get(meta, "image-name"));
	if (!name)
		return false;
	struct facts *f = facts_put(t, id, &runtime_podman);
	facts_set(&f->name, name);
	facts_set(&f->image, image && *image ? image : NULL);
	facts_set(&f->from, from);
	f->left_out = is_infra(name, image);
	f->tells_pid = true;
	f->pidfile = xasprintf("%s/%s-containers/%s/userdata/pidfile", st->runroot, st->driver, id);
	return true;
}

/* The metadata is JSON in a string; whose container it is shows by the keys in it. */
static void take_container(struct facts_table *t, json_t *c, const struct storage *st, const char *from)
{
	const char *id = json_string_value(json_object_get(c, "id"));
	const char *text = json_string_value(json_object_get(c, "metadata"));
	const char *layer = json_string_value(json_object_get(c, "layer"));
	if (!id || !runtime_is_hex(id, 64))
		return;
	cleanup_free char *store = xasprintf("%s/%s-containers", st->graphroot, st->driver);
	json_t *meta = text && *text ? json_loads(text, 0, NULL) : NULL;
	bool taken = crio_take(t, c, meta, store, from) || podman_take(t, c, meta, st, from) ||
	             buildah_take(t, c, store, from);
	struct facts *f = taken ? map_get(&t->by_id, id) : NULL;
	if (f) {
		facts_set_image(f, st->graphroot, st->driver, json_string_value(json_object_get(c, "image")));
		free(f->writable);
		f->writable = NULL;
		if (layer && runtime_is_hex(layer, 64))
			f->writable = strcmp(st->driver, "vfs") == 0
			                      ? xasprintf("%s/vfs/dir/%s", st->graphroot, layer)
			                      : xasprintf("%s/%s/%s/diff", st->graphroot, st->driver, layer);
	}
	json_decref(meta);
}

static void read_store(struct facts_table *t, const char *path, const struct storage *st)
{
	int err;
	if (!facts_file_changed(t, path, &err)) {
		if (err == 0)
			(void)facts_seen_from(t, path);
		return;
	}
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, path, MAX_STORE, &text) < 0)
		return;
	json_t *all = json_loadb(text.buf, text.len, 0, NULL), *c;
	size_t i;
	if (!json_is_array(all)) {
		/* Rewritten by rename, so a half file is not a moment but a fault. */
		snapshot_notice(t->notices, path, "not a JSON array: Podman containers are shown by their ids", NULL);
	} else {
		json_array_foreach(all, i, c)
		{
			take_container(t, c, st, path);
		}
	}
	json_decref(all);
}

/* A directory that is there and cannot be listed, for want of files or rights, may hold it. */
static bool may_hold(const struct rootfs_names *names, int err, const char *name)
{
	for (size_t i = 0; names && i < names->at.n; i++)
		if (strcmp(rootfs_name(names, i), name) == 0)
			return true;
	return !names && err != -ENOENT;
}

/* 0, or why there is nothing to be seen below that root. */
static int scan_store(struct facts_table *t, const char *root, const char *graphroot, const char *runroot)
{
	static const char *const drivers[] = {"overlay", "vfs", "btrfs", "zfs"};
	static const char *const stores[] = {"containers.json", "volatile-containers.json"};
	int r;
	const struct rootfs_names *names = facts_list(t, root, &r);
	for (size_t d = 0; d < ARRAY_SIZE(drivers); d++) {
		char dir[64], path[2048];
		(void)snprintf(dir, sizeof(dir), "%s-containers", drivers[d]);
		for (size_t s = 0; may_hold(names, r, dir) && s < ARRAY_SIZE(stores); s++) {
			int n = snprintf(path, sizeof(path), "%s/%s/%s", root, dir, stores[s]);
			if (n > 0 && (size_t)n < sizeof(path))
				read_store(t, path, &(struct storage){graphroot, runroot, drivers[d]});
		}
	}
	return r;
}

static void scan_home(struct facts_table *t, const char *home, const char *who)
{
	(void)who;
	bool root = !*home;
	const struct strbuf *conf =
	        facts_text(t, root ? "etc/containers/storage.conf"
	                           : arena_fmt(&t->scratch, "%s/.config/containers/storage.conf", home));
	const char *graph = conf ? facts_toml_path(&t->scratch, conf, "graphroot") : NULL;
	const char *run = conf ? facts_toml_path(&t->scratch, conf, "runroot") : NULL;
	if (!graph)
		graph = root ? "var/lib/containers/storage"
		             : arena_fmt(&t->scratch, "%s/.local/share/containers/storage", home);
	if (!run) {
		struct stat st;
		bool known = !root && rootfs_stat(t->fs, home, &st) == 0;
		run = known ? arena_fmt(&t->scratch, "run/user/%u/containers", st.st_uid) : "run/containers/storage";
	}
	int r = scan_store(t, graph, graph, run);
	if (r == 0)
		facts_store_seen(t, graph, STORE_CONTAINERS, &runtime_podman);
	if (r == -EACCES)
		facts_denied(t, "podman", graph, root);
	else
		(void)scan_store(t, run, graph, run);
}

static void refresh(struct facts_table *t)
{
	facts_each_home(t, scan_home);
	facts_put_sightings(t, &runtime_podman, NULL);
}

/* Of a container that has no group of its own, conmon's command line and child tell what runs. */
static void look(struct facts_table *t, const struct process *p)
{
	if (strcmp(p->stat.comm, "conmon") != 0)
		return;
	cleanup_strbuf struct strbuf group = STRBUF_INIT;
	const char *id = process_option(p, "-c"), *name = process_option(p, "-n");
	pid_t init = id && name && runtime_is_hex(id, 64) ? facts_first_child(t, p->pid) : 0;
	if (!init || !t->cgroups || cgroup_of_pid(t->cgroups, init, &group) < 0 || strstr(group.buf, id))
		return;
	facts_sight(t, &runtime_podman, p, init, xstrdup(id), xstrdup(name), NULL);
}

const struct runtime_ops runtime_podman = {.name = "podman", .match = match, .refresh = refresh, .look = look};
