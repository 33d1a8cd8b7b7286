/*
 * containers-storage (Podman, Buildah, CRI-O): <root>/<driver>-layers/{layers,volatile-layers}.json and
 * <root>/<driver>-images/images.json, rewritten by rename; their locks are never taken.
 * diff-size is the length of the layer's tar, and the size of an image includes its manifest and configuration, as
 * `podman image inspect` has it; Docker counts the bytes of the files instead.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/storage/images.h"

#define MAX_TEXT ((size_t)16 << 20)

static double size_of(const json_t *j)
{
	double v = (double)json_integer_value(j);
	return v >= 0 && v <= BYTES_MAX ? v : -1;
}

static void take_layer(struct map *layers, const json_t *j)
{
	const char *id = json_string_value(json_object_get(j, "id"));
	const char *parent = json_string_value(json_object_get(j, "parent"));
	if (!id || !runtime_is_hex(id, 64) || layers->live >= STORE_MAX_LAYERS || map_get(layers, id))
		return;
	/* Without a digest it is the writable layer of a container. */
	if (!json_string_value(json_object_get(j, "diff-digest")))
		return;
	struct layer *l = xcalloc(1, sizeof(*l));
	l->bytes = size_of(json_object_get(j, "diff-size"));
	l->parent = parent && runtime_is_hex(parent, 64) ? xstrdup(parent) : NULL;
	map_put(layers, id, l);
}

static void add_top(struct image *img, const json_t *id)
{
	const char *s = json_string_value(id);
	if (s && runtime_is_hex(s, 64) && img->tops.n < IMAGE_MAX_LAYERS)
		vec_push(&img->tops, xstrdup(s));
}

static void take_image(struct map *images, const json_t *j)
{
	const char *id = json_string_value(json_object_get(j, "id")), *name;
	json_t *tops = json_object_get(j, "mapped-layers"), *sizes = json_object_get(j, "big-data-sizes"), *size,
	       *mapped;
	size_t i;
	if (!id || !runtime_is_hex(id, 64) || images->live >= STORE_MAX_IMAGES || map_get(images, id))
		return;
	struct image *img = xcalloc(1, sizeof(*img));
	img->tagged = true;
	add_top(img, json_object_get(j, "layer"));
	json_array_foreach(tops, i, mapped)
	{
		add_top(img, mapped);
	}
	json_object_foreach(sizes, name, size)
	{
		double bytes = size_of(size);
		img->extra += bytes > 0 ? bytes : 0;
	}
	map_put(images, id, img);
}

static int each(const char *buf, size_t len, struct map *ret, void (*take)(struct map *, const json_t *))
{
	json_t *all = json_loadb(buf, len, 0, NULL), *j;
	size_t i;
	int r = json_is_array(all) ? 0 : -EINVAL;
	json_array_foreach(all, i, j)
	{
		take(ret, j);
	}
	json_decref(all);
	return r;
}

int containers_parse_layers(const char *buf, size_t len, struct map *layers)
{
	return each(buf, len, layers, take_layer);
}

int containers_parse_images(const char *buf, size_t len, struct map *images)
{
	return each(buf, len, images, take_image);
}

typedef int (*parser)(const char *buf, size_t len, struct map *ret);

static void name_layers(struct map *layers, const char *file)
{
	void *v;
	for (size_t it = 0; map_next(layers, &it, NULL, &v);) {
		struct layer *l = v;
		l->file = l->file ? l->file : file;
	}
}

static void read_file(struct image_store *st, struct rootfs *fs, const char *path, parser parse, struct map *ret,
                      unsigned *budget)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	ssize_t n = rootfs_read(fs, path, MAX_TEXT, &text);
	if (n == -ENOENT)
		return;
	unsigned cost = 1 + (unsigned)(text.len >> 14);
	*budget -= *budget < cost ? *budget : cost;
	if (n == -EFBIG)
		store_problem(st, 0, "the image store's records are larger than 16 MiB");
	else if (n < 0)
		store_problem(st, (int)n, "the image store's records could not be read");
	else if (parse(text.buf, text.len, ret) < 0)
		store_problem(st, 0, "the image store's records are not valid JSON");
}

bool containers_scan(struct image_store *st, struct rootfs *fs, unsigned *budget)
{
	cleanup_free char *layers = xasprintf("%s/%s-layers/layers.json", st->root, st->driver);
	cleanup_free char *extra = xasprintf("%s/%s-layers/volatile-layers.json", st->root, st->driver);
	cleanup_free char *images = xasprintf("%s/%s-images/images.json", st->root, st->driver);
	const char *const paths[] = {layers, extra, images};
	bool changed = !st->ready;
	int err;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		changed |= file_state_changed(fs, paths[i], &st->files[i], &err);
	*budget -= *budget ? 1 : 0;
	if (!changed)
		return true;
	st->problem = NULL;
	st->denied = false;
	layers_clear(&st->layers);
	images_clear(&st->images);
	read_file(st, fs, layers, containers_parse_layers, &st->layers, budget);
	name_layers(&st->layers, "layers.json");
	read_file(st, fs, extra, containers_parse_layers, &st->layers, budget);
	name_layers(&st->layers, "volatile-layers.json");
	read_file(st, fs, images, containers_parse_images, &st->images, budget);
	return true;
}
