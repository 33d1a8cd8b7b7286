/*
 * Image stores inside: layers and images by id, whoever wrote them.  docker.c and containers.c fill the maps from
 * files, account.c adds up.  What a store's owner wrote is checked, not believed: ids are 64 hex digits, sizes fit a
 * double, parents may miss or form loops.
 */
#ifndef STORAGE_IMAGES_H
#define STORAGE_IMAGES_H

#include "source/runtime/runtime.h"
#include "vctop/model/background.h"

#define STORE_MAX_IMAGES 20000U
#define STORE_MAX_LAYERS 50000U
#define IMAGE_MAX_LAYERS 1024U
#define BYTES_MAX 9007199254740992.0 /* 2^53 */

struct layer {
	char *parent;  /* id; NULL: a base layer */
	double bytes;  /* negative: not recorded */
	unsigned refs; /* images that use it */
	unsigned mark; /* last walk that met it */
	unsigned seen;
	const char *file; /* static: which of the store's files says so; docker: NULL, its own directory */
};

struct image {
	VEC(char *) tops;     /* layer ids */
	VEC(char *) diff_ids; /* docker: until tops is known */
	char *parent;         /* docker: image it was built from */
	double extra;         /* its own records beside layers */
	bool tagged, has_children, used;
	unsigned seen;
	/* account.c */
	struct metric bytes, shared;
	unsigned layers;
};

struct file_state {
	struct timespec mtime;
	ino_t ino;
	off_t size;
	bool there;
};

enum scan_step { SCAN_BEGIN, SCAN_LAYERS, SCAN_IMAGES, SCAN_NAMES, SCAN_DONE };

/* One driver's images below one data root. */
struct image_store {
	char *root, *driver; /* driver "": the images are in a database that is not read */
	const char *runtime;
	enum store_layout layout;
	struct map layers, images; /* id -> struct layer, struct image */
	struct map chains;         /* docker: "PARENT DIFF" -> layer id */
	struct file_state files[3];
	unsigned seen, round;
	bool ready;          /* read to the end at least once */
	const char *problem; /* static: why numbers are missing; NULL none */
	bool denied;
	/* the scan under way */
	enum scan_step step;
	struct rootfs_names names;
	size_t at;
	/* account.c */
	struct metric images_n, layers_n, containers_n;
	struct metric images_bytes, layers_bytes, writable_bytes, reclaimable_bytes;
};

/* Goes on where it stopped, until the budget (file reads) is spent. true: done. */
bool docker_scan(struct image_store *st, struct rootfs *fs, unsigned *budget);
bool containers_scan(struct image_store *st, struct rootfs *fs, unsigned *budget);

/* Pure; -EINVAL: not what it should be. Entries that are not valid are left out. */
int docker_parse_image(const char *buf, size_t len, struct image *ret);
int docker_parse_repositories(const char *buf, size_t len, struct map *images);
int containers_parse_layers(const char *buf, size_t len, struct map *layers);
int containers_parse_images(const char *buf, size_t len, struct map *images);

/* Sums of all images and of the store, from the maps and the containers in facts. */
void store_account(struct image_store *st, const struct facts_table *facts);

/* Cites (rootfs.h) the files that an image's size, what it shares and its layers were read from. */
void store_cite(const struct image_store *st, struct rootfs *fs, const char *image_id, const struct image *img);

void layer_free(struct layer *l);
void image_free(struct image *i);
void layers_clear(struct map *layers);
void images_clear(struct map *images);
/* The stat of a file against the last one; remembers it. */
bool file_state_changed(struct rootfs *fs, const char *path, struct file_state *f, int *ret_err);
void store_problem(struct image_store *st, int err, const char *why);

#endif
