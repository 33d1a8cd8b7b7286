/*
 * Docker's graph drivers: <root>/image/<driver>/layerdb/sha256/<chain>/{size,diff,parent} and
 * imagedb/{content,metadata}/sha256/<id>.  Both are named by content: what was read once stays true, so a refresh
 * lists the directories and reads only what is new.  `size` counts the bytes of a layer's files, as docker's own
 * numbers do; the blocks they take on disk are more.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/storage/images.h"
#include "vctop/base/parse.h"

#define MAX_TEXT ((size_t)4 << 20)

/* The 64 digits of "sha256:..."; NULL: none. */
static const char *digest(const char *s)
{
	static const char prefix[] = "sha256:";
	if (!s || strncmp(s, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	s += sizeof(prefix) - 1;
	return runtime_is_hex(s, 64) ? s : NULL;
}

int docker_parse_image(const char *buf, size_t len, struct image *ret)
{
	json_t *config = json_loadb(buf, len, 0, NULL), *id;
	const json_t *ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	size_t i, n = json_array_size(ids);
	int r = json_is_object(config) && n <= IMAGE_MAX_LAYERS ? 0 : -EINVAL;
	if (r == 0) {
		json_array_foreach(ids, i, id)
		{
			const char *hex = digest(json_string_value(id));
			if (!hex) {
				r = -EINVAL;
				break;
			}
			vec_push(&ret->diff_ids, xstrdup(hex));
		}
	}
	json_decref(config);
	return r;
}

static void take_tags(struct map *images, json_t *tags)
{
	const char *tag;
	json_t *id;
	json_object_foreach(tags, tag, id)
	{
		const char *hex = digest(json_string_value(id));
		struct image *img = hex ? map_get(images, hex) : NULL;
		if (img)
			img->tagged = true;
	}
}

int docker_parse_repositories(const char *buf, size_t len, struct map *images)
{
	json_t *all = json_loadb(buf, len, 0, NULL), *tags;
	json_t *repositories = json_object_get(all, "Repositories");
	const char *name;
	int r = json_is_object(repositories) ? 0 : -EINVAL;
	json_object_foreach(repositories, name, tags)
	{
		take_tags(images, tags);
	}
	json_decref(all);
	return r;
}

/* A file of one line, without its end; NULL: not there or not plausible. */
static char *read_line(struct rootfs *fs, const char *dir, const char *name, unsigned *budget)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *path = xasprintf("%s/%s", dir, name);
	*budget -= *budget ? 1 : 0;
	if (rootfs_read(fs, path, 256, &text) <= 0)
		return NULL;
	return xstrndup(text.buf, strcspn(text.buf, "\n"));
}

static void read_layer(struct image_store *st, struct rootfs *fs, const char *id, unsigned *budget)
{
	struct layer *l = map_get(&st->layers, id);
	uint64_t bytes;
	if (l || st->layers.live >= STORE_MAX_LAYERS) {
		if (l)
			l->seen = st->seen;
		return;
	}
	cleanup_free char *dir = xasprintf("%s/image/%s/layerdb/sha256/%s", st->root, st->driver, id);
	cleanup_free char *diff = read_line(fs, dir, "diff", budget);
	if (!digest(diff))
		return; /* being made, or not a layer */
	cleanup_free char *size = read_line(fs, dir, "size", budget);
	cleanup_free char *up = read_line(fs, dir, "parent", budget);
	const char *parent = digest(up);
	l = xcalloc(1, sizeof(*l));
	l->seen = st->seen;
	l->parent = parent ? xstrdup(parent) : NULL;
	l->bytes =
	        size && parse_u64(size, strlen(size), &bytes) == 0 && (double)bytes <= BYTES_MAX ? (double)bytes : -1;
	map_put(&st->layers, id, l);
	cleanup_free char *key = xasprintf("%s %s", parent ? parent : "", digest(diff));
	free(map_remove(&st->chains, key));
	map_put(&st->chains, key, xstrdup(id));
}

/* The parent is written after the image itself: looked for again until it is there. */
static void read_parent(struct image_store *st, struct rootfs *fs, const char *id, struct image *img, unsigned *budget)
{
	if (img->parent)
		return;
	cleanup_free char *dir = xasprintf("%s/image/%s/imagedb/metadata/sha256/%s", st->root, st->driver, id);
	cleanup_free char *parent = read_line(fs, dir, "parent", budget);
	if (digest(parent))
		img->parent = xstrdup(digest(parent));
}

static void read_image(struct image_store *st, struct rootfs *fs, const char *id, unsigned *budget)
{
	struct image *img = map_get(&st->images, id);
	if (!img && st->images.live < STORE_MAX_IMAGES) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		cleanup_free char *path = xasprintf("%s/image/%s/imagedb/content/sha256/%s", st->root, st->driver, id);
		ssize_t n = rootfs_read(fs, path, MAX_TEXT, &text);
		unsigned cost = 1 + (unsigned)(text.len >> 14);
		*budget -= *budget < cost ? *budget : cost;
		img = xcalloc(1, sizeof(*img));
		if (n < 0 || docker_parse_image(text.buf, text.len, img) < 0) {
			image_free(img);
			return;
		}
		map_put(&st->images, id, img);
	}
	if (!img)
		return;
	img->seen = st->seen;
	read_parent(st, fs, id, img, budget);
}

static void read_names(struct image_store *st, struct rootfs *fs, unsigned *budget)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *path = xasprintf("%s/image/%s/repositories.json", st->root, st->driver);
	void *v;
	ssize_t n = rootfs_read(fs, path, MAX_TEXT, &text);
	unsigned cost = 1 + (unsigned)(text.len >> 14);
	*budget -= *budget < cost ? *budget : cost;
	for (size_t it = 0; map_next(&st->images, &it, NULL, &v);)
		((struct image *)v)->tagged = false;
	if (n == -ENOENT)
		return; /* no image was ever named */
	if (n < 0 || docker_parse_repositories(text.buf, text.len, &st->images) < 0)
		store_problem(st, (int)n, "repositories.json could not be read");
}

static void drop_unseen(struct image_store *st)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&st->images, &it, &key, &v);)
		if (((struct image *)v)->seen != st->seen)
			image_free(map_remove(&st->images, key));
	for (size_t it = 0; map_next(&st->chains, &it, &key, &v);) {
		const struct layer *l = map_get(&st->layers, v);
		if (!l || l->seen != st->seen)
			free(map_remove(&st->chains, key));
	}
	for (size_t it = 0; map_next(&st->layers, &it, &key, &v);)
		if (((struct layer *)v)->seen != st->seen)
			layer_free(map_remove(&st->layers, key));
}

static void begin_list(struct image_store *st, struct rootfs *fs, const char *what, enum scan_step step,
                       unsigned *budget)
{
	cleanup_free char *path = xasprintf("%s/image/%s/%s/sha256", st->root, st->driver, what);
	int r = rootfs_list(fs, path, false, &st->names);
	if (r < 0 && r != -ENOENT)
		store_problem(st, r, "the image store could not be listed");
	st->at = 0;
	st->step = step;
	*budget -= *budget ? 1 : 0;
}

bool docker_scan(struct image_store *st, struct rootfs *fs, unsigned *budget)
{
	if (st->step == SCAN_BEGIN) {
		st->problem = NULL;
		st->denied = false;
		begin_list(st, fs, "layerdb", SCAN_LAYERS, budget);
	}
	while (*budget && st->step != SCAN_NAMES) {
		if (st->at == st->names.at.n) {
			if (st->step == SCAN_IMAGES)
				st->step = SCAN_NAMES;
			else
				begin_list(st, fs, "imagedb/content", SCAN_IMAGES, budget);
			continue;
		}
		const char *id = rootfs_name(&st->names, st->at++);
		if (!runtime_is_hex(id, 64))
			continue;
		if (st->step == SCAN_LAYERS)
			read_layer(st, fs, id, budget);
		else
			read_image(st, fs, id, budget);
	}
	if (st->step != SCAN_NAMES || !*budget)
		return false;
	read_names(st, fs, budget);
	drop_unseen(st);
	st->step = SCAN_BEGIN;
	return true;
}
