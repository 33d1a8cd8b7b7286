/*
 * Docker: cgroups docker-<ID>.scope (systemd driver) and docker/<ID> (cgroupfs driver), below a pod's slice with
 * cri-dockerd, /ecs/<TASK>/<ID> with the ECS agent; facts from <data-root>/containers/<ID>/config.v2.json.  That file
 * is stale after a daemon crash: only its names are believed, never its State.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "source/background/mountinfo.h"
#include "source/bpf/processes.h"
#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

extern const struct runtime_ops runtime_docker;

static bool above_is(const char *path, const char *leaf, unsigned n, const char *name)
{
	size_t len;
	const char *part = runtime_above(path, leaf, n, &len);
	return len == strlen(name) && memcmp(part, name, len) == 0;
}

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	if (runtime_hex_leaf(leaf, "docker-", ".scope", false, id))
		return true;
	return runtime_hex_leaf(leaf, "", "", true, id) &&
	       (above_is(path, leaf, 0, "docker") || above_is(path, leaf, 1, "ecs"));
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

static const char *string_of(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* What cri-dockerd and the ECS agent write into labels. */
static void take_labels(struct facts *f, json_t *labels)
{
	const char *key, *pod = string_of(labels, "io.kubernetes.pod.name");
	const char *space = string_of(labels, "io.kubernetes.pod.namespace");
	const char *kind = string_of(labels, "io.kubernetes.docker.type");
	const char *task = string_of(labels, "com.amazonaws.ecs.task-arn");
	json_t *value;
	json_object_foreach(labels, key, value)
	{
		facts_label(f, key, json_string_value(value));
	}
	if (pod) {
		cleanup_free char *full = xasprintf("%s%s%s", space ? space : "", space ? "/" : "", pod);
		facts_set(&f->pod, full);
		f->left_out = kind && strcmp(kind, "podsandbox") == 0;
	} else if (task) {
		const char *slash = strrchr(task, '/');
		facts_set(&f->pod, slash ? slash + 1 : task);
	}
}

/* After a crash of dockerd or of the host the file still has the pid, which may be another's by now: its group tells.
 */
static void take_pid(struct facts_table *t, struct facts *f, json_t *state)
{
	json_int_t pid = json_integer_value(json_object_get(state, "Pid"));
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char path[64];
	f->tells_pid = true;
	(void)snprintf(path, sizeof(path), "proc/%lld/cgroup", (long long)pid);
	if (pid > 0 && pid <= INT32_MAX && rootfs_read(t->fs, path, 65536, &text) > 0 && strstr(text.buf, f->id))
		facts_set_pid(t, f, (uint64_t)pid);
}

static void read_container(struct facts_table *t, const char *root, const char *id, const char *path)
{
	static const char *const members[] = {"Name", "Config.Image", "Config.Labels", "State.Pid", "Driver", "Image"};
	json_t *config = facts_json_of(t, path, members, ARRAY_SIZE(members));
	if (!config)
		return;
	struct facts *f = facts_put(t, id, &runtime_docker);
	const char *name = string_of(config, "Name");
	json_t *inner = json_object_get(config, "Config"), *labels = json_object_get(inner, "Labels");
	const char *in_pod = string_of(labels, "io.kubernetes.container.name");
	if (in_pod) /* k8s_NAME_POD_NAMESPACE_UID_ATTEMPT says it all again */
		facts_set(&f->name, in_pod);
	else if (name)
		facts_set(&f->name, *name == '/' ? name + 1 : name);
	facts_set(&f->image, string_of(inner, "Image"));
	facts_set(&f->from, path);
	take_labels(f, labels);
	take_pid(t, f, json_object_get(config, "State"));
	const char *driver = string_of(config, "Driver");
	facts_set_image(f, root, driver, string_of(config, "Image"));
	find_writable(t, f, root, driver);
	if (driver && strcmp(driver, "overlayfs") == 0)
		f->no_layer = "containerd's image store: only its database, or the mounts of one that runs, says where "
		              "the layer is";
	json_decref(config);
}

static void scan_containers(struct facts_table *t, const char *root, bool system)
{
	int err;
	char path[2048];
	int n = snprintf(path, sizeof(path), "%s/containers", root);
	if (n < 0 || (size_t)n + 100 > sizeof(path))
		return;
	const struct rootfs_names *names = facts_list(t, path, &err);
	if (err == -EACCES)
		facts_denied(t, "docker", path, system);
	if (names)
		facts_store_seen(t, root, STORE_DOCKER, &runtime_docker);
	for (size_t i = 0; names && i < names->at.n; i++) {
		const char *id = rootfs_name(names, i);
		if (!runtime_is_hex(id, 64))
			continue;
		(void)snprintf(path, sizeof(path), "%s/containers/%s/config.v2.json", root, id);
		if (facts_stale(t, &runtime_docker, id, path))
			read_container(t, root, id, path);
	}
}

/* A data root, and those that userns-remap put below it: "100000.100000". */
static void scan_root(struct facts_table *t, const char *root, bool system)
{
	int err;
	scan_containers(t, root, system);
	const struct rootfs_names *names = facts_list(t, root, &err);
	for (size_t i = 0; names && i < names->at.n; i++) {
		const char *name = rootfs_name(names, i), *dot = strchr(name, '.');
		if (!dot || dot == name || strspn(name, "0123456789.") != strlen(name))
			continue;
		scan_containers(t, arena_fmt(&t->scratch, "%s/%s", root, name), system);
	}
}

/* "data-root" of a daemon.json, relative to the root, in t->scratch; NULL none. */
static const char *configured_root(struct facts_table *t, const char *path)
{
	const struct strbuf *text = facts_text(t, path);
	if (!text)
		return NULL;
	json_t *config = json_loadb(text->buf, text->len, 0, NULL);
	const char *root = string_of(config, "data-root");
	const char *copy = root && root[0] == '/' && root[1] ? arena_strdup(&t->scratch, root + 1) : NULL;
	json_decref(config);
	return copy;
}

static void scan_home(struct facts_table *t, const char *home, const char *who)
{
	(void)who;
	if (!*home)
		return;
	const char *configured = configured_root(t, arena_fmt(&t->scratch, "%s/.config/docker/daemon.json", home));
	const char *root = arena_fmt(&t->scratch, "%s/.local/share/docker", home);
	scan_root(t, root, false);
	if (configured && strcmp(configured, root) != 0)
		scan_root(t, configured, false);
}

static void refresh(struct facts_table *t)
{
	static const char *const usual[] = {"var/lib/docker", "var/snap/docker/common/var-lib-docker"};
	const char *configured = configured_root(t, "etc/docker/daemon.json");
	const char *root;
	void *v;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		scan_root(t, usual[i], true);
	if (configured && strcmp(configured, usual[0]) != 0)
		scan_root(t, configured, true);
	for (size_t it = 0; map_next(&t->roots, &it, &root, &v);)
		if (strcmp(root, usual[0]) != 0 && (!configured || strcmp(root, configured) != 0))
			scan_root(t, root, true);
	facts_each_home(t, scan_home);
}

/* false: the line of the root mount is not in this text, or not all of it. */
static bool learn_from(struct facts_table *t, const char *text, size_t len)
{
	static const char layers[] = "/overlay2/";
	const char *cursor = text, *line;
	size_t n;
	struct mountinfo_line m;
	while (parse_line(&cursor, text + len, &line, &n)) {
		if (line + n == text + len || !mountinfo_parse(line, n, &m) || !slice_is(m.point, "/"))
			continue;
		struct slice upper = mountinfo_upper(&m);
		const char *layer = memmem(upper.at, upper.n, layers, sizeof(layers) - 1);
		cleanup_free char *copy = layer ? xstrndup(upper.at, (size_t)(layer - upper.at)) : NULL;
		facts_learn_root(t, copy);
		return true;
	}
	return false;
}

/*
 * With the daemon gone and a data root that only its command line named, the container's own root mount still tells:
 * "... / / rw - overlay overlay rw,lowerdir=...,upperdir=/srv/docker/overlay2/<id>/diff,...".  It is the first of its
 * mounts as a rule, and the kernel makes up no more of the text than is read.
 */
static void learn(struct facts_table *t, pid_t init, const struct process_told *told)
{
	char path[64], head[1024] = "";
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct kfile once = KFILE_INIT;
	struct stat root;
	(void)snprintf(path, sizeof(path), "proc/%d/root", (int)init);
	if (told ? told->root_major != 0 : rootfs_stat(t->fs, path, &root) == 0 && major(root.st_dev) != 0)
		return; /* straight on a disk: no overlay */
	(void)snprintf(path, sizeof(path), "proc/%d/mountinfo", (int)init);
	ssize_t n = kfile_read(t->fs, &once, path, head, sizeof(head));
	kfile_close(t->fs, &once);
	if (learn_from(t, head, strlen(head)) || n != -EFBIG)
		return;
	if (rootfs_read(t->fs, path, (size_t)1 << 20, &text) > 0)
		(void)learn_from(t, text.buf, text.len);
}

const struct runtime_ops runtime_docker = {.name = "docker", .match = match, .refresh = refresh, .learn = learn};
