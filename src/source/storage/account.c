/*
 * What images occupy.  As `docker system df` and `podman system df` (from 5) count: a layer is shared when more than
 * one image uses it; reclaimable is everything but what only images with a container use.  That overstates what a
 * prune frees when a used and an unused image share layers, in the same way as they do.
 * Not as podman: the layers of containers are no part of its images here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/storage/images.h"

void layer_free(struct layer *l)
{
	if (!l)
		return;
	free(l->parent);
	free(l);
}

static void texts_free(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void image_free(struct image *i)
{
	if (!i)
		return;
	texts_free(i->tops.v, i->tops.n);
	texts_free(i->diff_ids.v, i->diff_ids.n);
	free(i->parent);
	free(i);
}

void layers_clear(struct map *layers)
{
	void *v;
	for (size_t it = 0; map_next(layers, &it, NULL, &v);)
		layer_free(v);
	map_release(layers);
	*layers = (struct map){0};
}

void images_clear(struct map *images)
{
	void *v;
	for (size_t it = 0; map_next(images, &it, NULL, &v);)
		image_free(v);
	map_release(images);
	*images = (struct map){0};
}

/* Layers are shared in docker by chain id: the layer below and what it adds (both known from the layer's files). */
static void find_top(struct image_store *st, struct image *img)
{
	const char *at = "";
	if (img->tops.n || !img->diff_ids.n)
		return;
	for (size_t i = 0; i < img->diff_ids.n; i++) {
		cleanup_free char *key = xasprintf("%s %s", at, img->diff_ids.v[i]);
		at = map_get(&st->chains, key);
		if (!at)
			return;
	}
	vec_push(&img->tops, xstrdup(at));
}

static struct layer *visit(struct image_store *st, const char *id)
{
	struct layer *l = map_get(&st->layers, id);
	if (!l || l->mark == st->round)
		return NULL;
	l->mark = st->round;
	return l;
}

static void count_refs(struct image_store *st, const struct image *img)
{
	st->round++;
	for (size_t i = 0; i < img->tops.n; i++)
		for (struct layer *l = visit(st, img->tops.v[i]); l; l = l->parent ? visit(st, l->parent) : NULL)
			l->refs++;
}

static void add_up(struct image_store *st, struct image *img)
{
	double sum = img->extra, shared = 0;
	const char *why = img->diff_ids.n && !img->tops.n ? "a layer of its image is missing" : NULL;
	st->round++;
	img->layers = (unsigned)img->diff_ids.n;
	for (size_t i = 0; i < img->tops.n; i++) {
		const char *id = img->tops.v[i];
		unsigned n = 0;
		/* The mark ends a loop of parents too. */
		for (struct layer *l; id; id = l->parent, n++) {
			l = map_get(&st->layers, id);
			if (!l)
				why = "a layer of its image is missing";
			if (!l || l->mark == st->round)
				break;
			l->mark = st->round;
			if (l->bytes < 0)
				why = "the size of a layer is not recorded";
			sum += l->bytes;
			shared += l->refs > 1 ? l->bytes : 0;
		}
		if (n > img->layers)
			img->layers = n;
	}
	img->bytes = why ? metric_none(METRIC_ABSENT, why) : metric_ok(sum);
	img->shared = why ? img->bytes : metric_ok(shared);
}

/* Untagged steps of a classic build are counted only in their result (docker images without -a). */
static bool intermediate(const struct image *img)
{
	return !img->tagged && img->has_children;
}

static void account_containers(struct image_store *st, const struct facts_table *facts)
{
	unsigned n = 0;
	void *v;
	st->writable_bytes = metric_ok(0);
	for (size_t it = 0; map_next(&facts->by_id, &it, NULL, &v);) {
		const struct facts *f = v;
		if (!f->store || strcmp(f->store, st->root) != 0 ||
		    (f->driver && *st->driver && strcmp(f->driver, st->driver) != 0))
			continue;
		n++;
		st->writable_bytes = metric_add(st->writable_bytes, f->disk.bytes);
		struct image *img = f->image_id ? map_get(&st->images, f->image_id) : NULL;
		if (img)
			img->used = true;
	}
	st->containers_n = metric_ok(n);
}

static void account_layers(struct image_store *st)
{
	double all = 0, used = 0;
	bool all_known = true, used_known = true;
	void *v;
	for (size_t it = 0; map_next(&st->layers, &it, NULL, &v);) {
		const struct layer *l = v;
		bool known = l->bytes >= 0;
		all_known &= known;
		all += known ? l->bytes : 0;
		if (l->refs) {
			used_known &= known;
			used += known ? l->bytes : 0;
		}
	}
	static const char why[] = "the size of a layer is not recorded";
	st->layers_n = metric_ok((double)st->layers.live);
	st->layers_bytes = all_known ? metric_ok(all) : metric_none(METRIC_ABSENT, why);
	st->images_bytes = used_known ? metric_ok(used) : metric_none(METRIC_ABSENT, why);
}

static void account_images(struct image_store *st)
{
	unsigned n = 0;
	void *v;
	struct metric kept = metric_ok(0);
	for (size_t it = 0; map_next(&st->images, &it, NULL, &v);) {
		struct image *img = v;
		add_up(st, img);
		if (intermediate(img))
			continue;
		n++;
		st->images_bytes = metric_add(st->images_bytes, metric_ok(img->extra));
		if (img->used)
			kept = metric_add(kept, metric_sub_floor0(img->bytes, img->shared));
	}
	st->images_n = metric_ok(n);
	st->reclaimable_bytes = metric_sub_floor0(st->images_bytes, kept);
}

void store_account(struct image_store *st, const struct facts_table *facts)
{
	void *v;
	for (size_t it = 0; map_next(&st->layers, &it, NULL, &v);)
		((struct layer *)v)->refs = 0;
	for (size_t it = 0; map_next(&st->images, &it, NULL, &v);) {
		struct image *img = v;
		img->used = img->has_children = false;
		find_top(st, img);
	}
	for (size_t it = 0; map_next(&st->images, &it, NULL, &v);) {
		const struct image *img = v;
		struct image *parent = img->parent ? map_get(&st->images, img->parent) : NULL;
		if (parent)
			parent->has_children = true;
	}
	for (size_t it = 0; map_next(&st->images, &it, NULL, &v);)
		if (!intermediate(v))
			count_refs(st, v);
	account_containers(st, facts);
	account_layers(st);
	account_images(st);
	if (!st->problem)
		return;
	struct metric none = metric_none(st->denied ? METRIC_DENIED : METRIC_ABSENT, st->problem);
	st->images_n = st->layers_n = st->images_bytes = st->layers_bytes = st->reclaimable_bytes = none;
}

bool file_state_changed(struct rootfs *fs, const char *path, struct file_state *f, int *ret_err)
{
	struct stat st;
	*ret_err = rootfs_stat(fs, path, &st);
	struct file_state now = {0};
	if (*ret_err == 0)
		now = (struct file_state){st.st_mtim, st.st_ino, st.st_size, true};
	bool same = now.there == f->there && now.ino == f->ino && now.size == f->size &&
	            now.mtime.tv_sec == f->mtime.tv_sec && now.mtime.tv_nsec == f->mtime.tv_nsec;
	*f = now;
	return !same;
}

void store_problem(struct image_store *st, int err, const char *why)
{
	if (st->problem)
		return;
	st->denied = err == -EACCES || err == -EPERM;
	st->problem = st->denied ? "the image store may not be read: run vctop as root" : why;
}
