/* Which image stores there are, and which image of which store a container was made from; read by storage/. */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

void facts_store_seen(struct facts_table *t, const char *root, enum store_layout layout, const struct runtime_ops *rt)
{
	struct facts_store *s = map_get(&t->stores, root);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		*s = (struct facts_store){.runtime = rt, .layout = layout};
		map_put(&t->stores, root, s);
	}
	s->seen = t->refresh;
}

void facts_stores_drop(struct facts_table *t, bool all)
{
	const char *root;
	void *v;
	for (size_t it = 0; map_next(&t->stores, &it, &root, &v);)
		if (all || ((struct facts_store *)v)->seen != t->refresh)
			free(map_remove(&t->stores, root));
	if (all)
		map_release(&t->stores);
}

static const char *known_driver(const char *driver)
{
	static const char *const drivers[] = {"overlay2", "overlay",        "overlayfs",    "vfs", "btrfs",
	                                      "zfs",      "fuse-overlayfs", "devicemapper", "aufs"};
	for (size_t i = 0; driver && i < ARRAY_SIZE(drivers); i++)
		if (strcmp(drivers[i], driver) == 0)
			return drivers[i];
	return NULL;
}

void facts_set_image(struct facts *f, const char *root, const char *driver, const char *image_id)
{
	static const char sha256[] = "sha256:";
	if (image_id && strncmp(image_id, sha256, sizeof(sha256) - 1) == 0)
		image_id += sizeof(sha256) - 1;
	free(f->store);
	free(f->image_id);
	f->store = xstrdup(root);
	f->image_id = image_id && runtime_is_hex(image_id, 64) ? xstrdup(image_id) : NULL;
	f->driver = known_driver(driver);
}
