/*
 * CRI-O: cgroups crio-<ID>.scope and crio-<ID>; crio-conmon-<ID> is the monitor.  Facts from containers-storage, whose
 * metadata names the pod, and from the annotations of <store>/<ID>/userdata/config.json.
 */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

extern const struct runtime_ops runtime_crio;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	return runtime_hex_leaf(leaf, "crio-", ".scope", true, id);
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));
	return s && *s ? s : NULL;
}

static void take_annotations(struct facts *f, json_t *a)
{
	const char *name = string_of(a, "io.kubernetes.container.name");
	const char *image = string_of(a, "io.kubernetes.cri-o.ImageName");
	const char *pod = string_of(a, "io.kubernetes.pod.name"), *space = string_of(a, "io.kubernetes.pod.namespace");
	const char *kind = string_of(a, "io.kubernetes.cri-o.ContainerType");
	if (!image)
		image = string_of(a, "io.kubernetes.cri-o.Image");
	if (name)
		facts_set(&f->name, name);
	if (image)
		facts_set(&f->image, image);
	if (pod) {
		cleanup_free char *full = xasprintf("%s%s%s", space ? space : "", space ? "/" : "", pod);
		facts_set(&f->pod, full);
	}
	if (kind)
		f->left_out = strcmp(kind, "sandbox") == 0;
	facts_label(f, "io.kubernetes.pod.name", pod);
	facts_label(f, "io.kubernetes.pod.namespace", space);
	facts_label(f, "io.kubernetes.pod.uid", string_of(a, "io.kubernetes.pod.uid"));
}

bool crio_take(struct facts_table *t, json_t *container, json_t *meta, const char *store, const char *from)
{
	const char *id = string_of(container, "id"), *pod = string_of(meta, "pod-name"),
	           *pod_id = string_of(meta, "pod-id");
	const char *name = string_of(meta, "metadata-name");
	if (!id || !pod)
		return false;
	struct facts *f = facts_put(t, id, &runtime_crio);
	facts_set(&f->name, name ? name : string_of(meta, "name"));
	facts_set(&f->image, string_of(meta, "image-name"));
	facts_set(&f->pod, pod);
	facts_set(&f->from, from);
	f->left_out = pod_id && strcmp(pod_id, id) == 0;
	cleanup_free char *bundle = xasprintf("%s/%s/userdata/config.json", store, id);
	static const char *const members[] = {"annotations"};
	json_t *config = facts_json_of(t, bundle, members, ARRAY_SIZE(members));
	take_annotations(f, json_object_get(config, "annotations"));
	json_decref(config);
	return true;
}

const struct runtime_ops runtime_crio = {.name = "cri-o", .match = match};
