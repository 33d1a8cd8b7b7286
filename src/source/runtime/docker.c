/*
 * Docker: cgroups docker-<ID>.scope (systemd driver) and docker/<ID> (cgroupfs driver); facts from
 * <data-root>/containers/<ID>/config.v2.json.  That file is stale after a daemon crash: only its names are believed,
 * never its State.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

#define MAX_CONFIG ((size_t)8 << 20)
#define MAX_LABELS 64

extern const struct runtime_ops runtime_docker;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	if (strncmp(leaf, "docker-", 7) == 0 && strlen(leaf) == 7 + 64 + 6 && strcmp(leaf + 71, ".scope") == 0) {
		(void)snprintf(id, RUNTIME_ID_MAX, "%.64s", leaf + 7);
		return runtime_is_hex(id, 64);
	}
	static const char parent[] = "/docker/";
	size_t n = sizeof(parent) - 1;
	if (!runtime_is_hex(leaf, 64) || (size_t)(leaf - path) < n || memcmp(leaf - n, parent, n) != 0)
		return false;
	memcpy(id, leaf, 65);
	return true;
}

static void take_labels(struct facts *f, json_t *labels)
{
	const char *key;
	json_t *value;
	size_t n = json_object_size(labels);
	if (!n)
		return;
	f->labels = xcalloc(n > MAX_LABELS ? MAX_LABELS : n, sizeof(*f->labels));
	json_object_foreach(labels, key, value)
	{
		char *k = NULL, *v = NULL;
		if (f->labels_n == MAX_LABELS)
			break;
		if (!json_is_string(value))
			continue;
		facts_set(&k, key);
		facts_set(&v, json_string_value(value));
		f->labels[f->labels_n++] = (struct label){k, v};
	}
}

/* The writable layer of overlay2: layerdb/mounts/<ID>/mount-id names the directory. */
static void find_writable(struct facts_table *t, struct facts *f, const char *root, const char *driver)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT, id = STRBUF_INIT;
	if (!driver || strcmp(driver, "overlay2") != 0)
		return;
	strbuf_fmt(&path, "%s/image/overlay2/layerdb/mounts/%s/mount-id", root, f->id);
	if (rootfs_read(t->fs, path.buf, 256, &id) <= 0 || strspn(id.buf, "0123456789abcdef-init") != id.len)
		return;
	free(f->writable);
	f->writable = xasprintf("%s/overlay2/%s/diff", root, id.buf);
}

static void read_container(struct facts_table *t, const char *root, const char *id, const char *path)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, path, MAX_CONFIG, &text) < 0)
		return;
	json_error_t err;
	json_t *config = json_loadb(text.buf, text.len, 0, &err);
	if (!json_is_object(config)) {
		snapshot_notice(t->notices, path, "not a JSON object: the container is shown by its id", NULL);
		json_decref(config);
		return;
	}
	struct facts *f = facts_put(t, id, &runtime_docker);
	const char *name = json_string_value(json_object_get(config, "Name"));
	json_t *inner = json_object_get(config, "Config");
	if (name)
		facts_set(&f->name, *name == '/' ? name + 1 : name);
	facts_set(&f->image, json_string_value(json_object_get(inner, "Image")));
	facts_set(&f->from, path);
	take_labels(f, json_object_get(inner, "Labels"));
	const char *driver = json_string_value(json_object_get(config, "Driver"));
	facts_set_image(f, root, driver, json_string_value(json_object_get(config, "Image")));
	find_writable(t, f, root, driver);
	json_decref(config);
}

static void scan_root(struct facts_table *t, const char *root, bool system)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	strbuf_fmt(&path, "%s/containers", root);
	int r = rootfs_list(t->fs, path.buf, true, &names);
	if (r == -EACCES)
		facts_denied(t, "docker", path.buf, system);
	if (r == 0)
		facts_store_seen(t, root, STORE_DOCKER, &runtime_docker);
	for (size_t i = 0; r == 0 && i < names.at.n; i++) {
		const char *id = rootfs_name(&names, i);
		if (!runtime_is_hex(id, 64))
			continue;
		int err;
		strbuf_clear(&path);
		strbuf_fmt(&path, "%s/containers/%s/config.v2.json", root, id);
		struct facts *known = map_get(&t->by_id, id);
		if (facts_file_changed(t, path.buf, &err) || !known)
			read_container(t, root, id, path.buf);
		else if (known && err == 0)
			known->seen = t->refresh;
	}
	rootfs_names_release(&names);
}

/* "data-root" of /etc/docker/daemon.json, relative to the root; NULL none. */
static char *configured_root(struct facts_table *t)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, "etc/docker/daemon.json", (size_t)1 << 20, &text) <= 0)
		return NULL;
	json_t *config = json_loadb(text.buf, text.len, 0, NULL);
	const char *root = json_string_value(json_object_get(config, "data-root"));
	char *copy = root && root[0] == '/' && root[1] ? xstrdup(root + 1) : NULL;
	json_decref(config);
	return copy;
}

static void scan_home(struct facts_table *t, const char *home, const char *who)
{
	(void)who;
	if (!*home)
		return;
	cleanup_free char *root = xasprintf("%s/.local/share/docker", home);
	scan_root(t, root, false);
}

static void refresh(struct facts_table *t)
{
	cleanup_free char *configured = configured_root(t);
	const char *root;
	void *v;
	scan_root(t, "var/lib/docker", true);
	if (configured && strcmp(configured, "var/lib/docker") != 0)
		scan_root(t, configured, true);
	for (size_t it = 0; map_next(&t->roots, &it, &root, &v);)
		if (strcmp(root, "var/lib/docker") != 0 && (!configured || strcmp(root, configured) != 0))
			scan_root(t, root, true);
	facts_each_home(t, scan_home);
}

/*
 * With the daemon gone and a data root that only its command line named, the container's own root mount still tells:
 * "... / / rw - overlay overlay rw,lowerdir=...,upperdir=/srv/docker/overlay2/<id>/diff,...".
 */
static void learn(struct facts_table *t, pid_t init)
{
	char path[64];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/mountinfo", (int)init);
	if (rootfs_read(t->fs, path, (size_t)1 << 20, &text) <= 0)
		return;
	char *upper = strstr(text.buf, "upperdir=/");
	char *end = upper ? strpbrk(upper, ", \n") : NULL;
	if (!end)
		return;
	*end = '\0';
	char *layer = strstr(upper, "/overlay2/");
	if (layer) {
		*layer = '\0';
		facts_learn_root(t, upper + strlen("upperdir="));
	}
}

const struct runtime_ops runtime_docker = {"docker", match, refresh, learn};
