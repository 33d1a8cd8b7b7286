/*
 * containerd without Docker: Kubernetes' (CRI), nerdctl's and ctr's containers.
 * Groups: cri-containerd-<ID>.scope, nerdctl-<ID>.scope, kubepods/.../pod<UID>/<ID>, /<namespace>/<ID>.
 * Facts: the bundle <state>/io.containerd.runtime.v2.task/<namespace>/<ID>/{config.json,init.pid}, whose annotations
 * name container and pod.  The image of nerdctl's and ctr's is only in containerd's database
 * (neither's annotations, options or directories have it): unknown.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

#define TASKS "io.containerd.runtime.v2.task"

extern const struct runtime_ops runtime_containerd, runtime_nerdctl, runtime_kubernetes;

static bool match_cri(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	/* kubelet with the systemd driver, containerd without: "kubepods-...slice:cri-containerd:<ID>" as one name. */
	const char *colon = strstr(leaf, ".slice:cri-containerd:");
	return runtime_hex_leaf(leaf, "cri-containerd-", ".scope", false, id) ||
	       (colon && runtime_hex_leaf(colon, ".slice:cri-containerd:", "", true, id));
}

static bool match_nerdctl(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	return runtime_hex_leaf(leaf, "nerdctl-", ".scope", false, id);
}

/* A bare id below a pod: which runtime's, only files tell. */
static bool match_pod(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	size_t n;
	if (!runtime_hex_leaf(leaf, "", "", true, id))
		return false;
	const char *pod = runtime_above(path, leaf, 0, &n);
	return n >= 3 + 32 && n <= 3 + 36 && memcmp(pod, "pod", 3) == 0 &&
	       strspn(pod + 3, "0123456789abcdef-") >= n - 3 && memmem(path, (size_t)(pod - path), "kubepods", 8);
}

static const struct runtime_ops *refine_pod(const struct facts_table *t, char id[RUNTIME_ID_MAX])
{
	const struct facts *f = map_get(&t->by_id, id);
	return f ? f->runtime : &runtime_kubernetes;
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s && *s ? s : NULL;
}

static void take_cri(struct facts *f, json_t *a)
{
	const char *pod = string_of(a, "io.kubernetes.cri.sandbox-name");
	const char *space = string_of(a, "io.kubernetes.cri.sandbox-namespace");
	facts_set(&f->name, string_of(a, "io.kubernetes.cri.container-name"));
	facts_set(&f->image, string_of(a, "io.kubernetes.cri.image-name"));
	f->left_out = strcmp(string_of(a, "io.kubernetes.cri.container-type"), "sandbox") == 0;
	if (pod) {
		cleanup_free char *full = xasprintf("%s%s%s", space ? space : "", space ? "/" : "", pod);
		facts_set(&f->pod, full);
	}
	facts_label(f, "io.kubernetes.pod.name", pod);
	facts_label(f, "io.kubernetes.pod.namespace", space);
	facts_label(f, "io.kubernetes.pod.uid", string_of(a, "io.kubernetes.cri.sandbox-uid"));
}

/* init.pid is there while the task is. */
static uint64_t init_of(struct facts_table *t, const char *bundle)
{
	uint64_t pid;
	cleanup_free char *path = xasprintf("%s/init.pid", bundle);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, path, 64, &text) <= 0 || parse_u64(text.buf, text.len, &pid) < 0)
		return 0;
	return pid;
}

static void read_bundle(struct facts_table *t, const char *bundle, const char *space, const char *id)
{
	cleanup_free char *path = xasprintf("%s/config.json", bundle);
	/* ctr's ids are names, unique in their namespace alone. */
	cleanup_free char *full = runtime_is_hex(id, 64) ? xstrdup(id) : xasprintf("%s/%s", space, id);
	const struct facts *known = map_get(&t->by_id, full);
	if (!facts_stale(t, known ? known->runtime : &runtime_containerd, full, path))
		return;
	static const char *const members[] = {"annotations", "linux.cgroupsPath"};
	json_t *config = facts_json_of(t, path, members, ARRAY_SIZE(members));
	if (!config)
		return;
	json_t *a = json_object_get(config, "annotations");
	const char *name = string_of(a, "nerdctl/name");
	const char *group = string_of(json_object_get(config, "linux"), "cgroupsPath");
	struct facts *f = facts_put(t, full, name ? &runtime_nerdctl : &runtime_containerd);
	facts_set(&f->from, path);
	if (string_of(a, "io.kubernetes.cri.container-type")) {
		take_cri(f, a);
	} else {
		facts_set(&f->name, name ? name : strchr(full, '/') ? id : NULL);
		facts_label(f, "containerd.namespace", space);
		f->no_image = "only containerd's database knows it, which is not read";
	}
	facts_set_pid(t, f, init_of(t, bundle));
	f->no_group = "it has no cgroup of its own";
	f->no_layer = "its root is no snapshot of a containerd that is known here";
	facts_set_cgroup(t, f,
	                 group); /* "SLICE:PREFIX:ID" of the systemd driver is not a path; the scope's name tells */
	json_decref(config);
}

static void scan_state(struct facts_table *t, const char *state, bool system)
{
	int err;
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/" TASKS, state);
	const struct rootfs_names *spaces = facts_list(t, path, &err);
	if (err == -EACCES)
		facts_denied(t, "containerd", path, system);
	for (size_t s = 0; spaces && s < spaces->at.n; s++) {
		const char *space = rootfs_name(spaces, s);
		if (strcmp(space, "moby") == 0)
			continue; /* Docker's own files say more */
		(void)snprintf(path, sizeof(path), "%s/" TASKS "/%s", state, space);
		const struct rootfs_names *ids = facts_list(t, path, &err);
		for (size_t i = 0; ids && i < ids->at.n; i++) {
			int n = snprintf(path, sizeof(path), "%s/" TASKS "/%s/%s", state, space, rootfs_name(ids, i));
			if (n > 0 && (size_t)n < sizeof(path))
				read_bundle(t, path, space, rootfs_name(ids, i));
		}
	}
}

/* `state = "/path"` of a config.toml, relative to the root, in t->scratch; NULL none. */
static const char *configured_state(struct facts_table *t, const char *file)
{
	const struct strbuf *text = facts_text(t, file);
	return text ? facts_toml_path(&t->scratch, text, "state") : NULL;
}

static void scan_run_dir(struct facts_table *t, const char *dir)
{
	scan_state(t, arena_fmt(&t->scratch, "%s/containerd", dir), false);
}

static void refresh(struct facts_table *t)
{
	static const char *const usual[] = {"run/containerd", "run/k3s/containerd"};
	const char *configured = configured_state(t, "etc/containerd/config.toml");
	const char *path;
	void *kind;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		scan_state(t, usual[i], true);
	if (configured && strcmp(configured, usual[0]) != 0 && strcmp(configured, usual[1]) != 0)
		scan_state(t, configured, true);
	for (size_t it = 0; map_next(&t->containerds, &it, &path, &kind);) {
		bool direct = strcmp(kind, "state") == 0;
		const char *state = direct ? path : configured_state(t, path);
		if (state)
			scan_state(t, state, true);
	}
	facts_each_run_dir(t, scan_run_dir);
}

const struct runtime_ops runtime_containerd = {.name = "containerd", .match = match_cri, .refresh = refresh};
const struct runtime_ops runtime_nerdctl = {.name = "nerdctl", .match = match_nerdctl};
const struct runtime_ops runtime_kubernetes = {.name = "kubernetes", .match = match_pod, .refine = refine_pod};
