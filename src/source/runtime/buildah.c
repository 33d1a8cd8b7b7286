/*
 * buildah: a working container is an entry in containers-storage with userdata/buildah.json; it runs only while a
 * RUN step does, as the runtime's container buildah-buildah<NUMBER>, in a group of that name or in buildah's own.
 */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

extern const struct runtime_ops runtime_buildah;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	static const char prefix[] = "buildah-buildah";
	size_t n = sizeof(prefix) - 1;
	(void)path;
	if (strncmp(leaf, "buildah-", 8) == 0 && strncmp(leaf + 8, prefix, n) == 0)
		leaf += 8; /* SLICE:buildah:NAME by the systemd driver */
	if (strncmp(leaf, prefix, n) != 0)
		return false;
	size_t digits = strspn(leaf + n, "0123456789");
	if (!digits || (leaf[n + digits] && strcmp(leaf + n + digits, ".scope") != 0))
		return false;
	(void)snprintf(id, RUNTIME_ID_MAX, "%.*s", (int)(n + digits), leaf);
	return true;
}

bool buildah_take(struct facts_table *t, json_t *container, const char *store, const char *from)
{
	const char *id = json_string_value(json_object_get(container, "id"));
	const char *name = json_string_value(json_array_get(json_object_get(container, "names"), 0));
	cleanup_free char *path = id ? xasprintf("%s/%s/userdata/buildah.json", store, id) : NULL;
	struct stat st;
	if (!name || !path || rootfs_stat(t->fs, path, &st) < 0)
		return false;
	struct facts *f = facts_put(t, id, &runtime_buildah);
	facts_set(&f->name, name);
	facts_set(&f->from, from);
	json_t *state = facts_json(t, path);
	const char *image = json_string_value(json_object_get(state, "image")); /* what it was made from */
	facts_set(&f->image, image && *image ? image : NULL);
	json_decref(state);
	return true;
}

const struct runtime_ops runtime_buildah = {.name = "buildah", .match = match};
