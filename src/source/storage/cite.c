/* For `vctop explain`: which files an image's numbers were read from, and what stands in them. */
#include <stdlib.h>

#include "source/storage/images.h"

static void cite_docker_layer(const struct image_store *st, struct rootfs *fs, const char *field, const char *id,
                              const struct layer *l)
{
	cleanup_free char *path = xasprintf("%s/image/%s/layerdb/sha256/%s/size", st->root, st->driver, id);
	rootfs_cite(fs, field, path, "%.0f (images that use it: %u)", l->bytes, l->refs);
}

static void cite_containers_layer(const struct image_store *st, struct rootfs *fs, const char *field, const char *id,
                                  const struct layer *l)
{
	cleanup_free char *path = xasprintf("%s/%s-layers/%s", st->root, st->driver, l->file);
	rootfs_cite(fs, field, path, "\"id\":\"%.12s...\" \"diff-size\":%.0f (images that use it: %u)", id, l->bytes,
	            l->refs);
}

static void cite_layers(const struct image_store *st, struct rootfs *fs, const struct image *img)
{
	for (size_t i = 0; i < img->tops.n; i++) {
		const char *id = img->tops.v[i];
		for (unsigned n = 0; id && n < IMAGE_MAX_LAYERS; n++) {
			const struct layer *l = map_get(&st->layers, id);
			if (!l || l->bytes < 0)
				break;
			void (*cite)(const struct image_store *, struct rootfs *, const char *, const char *,
			             const struct layer *) =
			        st->layout == STORE_DOCKER ? cite_docker_layer : cite_containers_layer;
			cite(st, fs, "disk.image_bytes", id, l);
			if (l->refs > 1)
				cite(st, fs, "disk.shared_bytes", id, l);
			id = l->parent;
		}
	}
}

void store_cite(const struct image_store *st, struct rootfs *fs, const char *image_id, const struct image *img)
{
	bool docker = st->layout == STORE_DOCKER;
	cleanup_free char *path =
	        docker ? xasprintf("%s/image/%s/imagedb/content/sha256/%s", st->root, st->driver, image_id)
	               : xasprintf("%s/%s-images/images.json", st->root, st->driver);
	cite_layers(st, fs, img);
	if (docker) {
		rootfs_cite(fs, "disk.layers", path, "\"rootfs\".\"diff_ids\": %zu digests", img->diff_ids.n);
		return;
	}
	for (size_t i = 0; i < img->tops.n; i++)
		rootfs_cite(fs, "disk.layers", path, "\"id\":\"%.12s...\" \"layer\":\"%.12s...\", and its parents",
		            image_id, img->tops.v[i]);
	if (img->extra > 0)
		rootfs_cite(fs, "disk.image_bytes", path, "\"id\":\"%.12s...\" \"big-data-sizes\": together %.0f",
		            image_id, img->extra);
}
