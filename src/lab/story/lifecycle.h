/*
 * The story of an image, in parts: the steps (lifecycle.c), what carries it (life_registry.c), its layers
 * (life_layers.c), other runtimes (life_runs.c).
 */
#ifndef LAB_STORY_LIFECYCLE_H
#define LAB_STORY_LIFECYCLE_H

#include "lab/story/story_engines.h"
#include "vctop/lab/stories.h"

struct life {
	struct story s;
	struct rootfs *fs; /* to weigh with */
	struct lifecycle *ret;
	unsigned port;       /* of the registry; 0: an OCI layout directory */
	bool podman, docker; /* they are there, and docker's daemon runs */
	struct story_process registry, dockerd;
	char far_image[LIFE_BUILDERS][128]; /* what the other machine calls what it pulled */
};

/* "--root $D/NAME/root --runroot $R/NAME" of another store of podman and buildah. Heap. */
char *life_store(const struct life *l, const char *name);
/* Where an image is pushed to, as podman and buildah name it ("docker://..." or "oci:..."). Heap. */
char *life_transport(const struct life *l, const char *id);
/* Starts a registry, or decides on a layout directory where there is none; fills port, ret->registry. */
int life_registry(struct life *l, struct error *err);

/* What a directory below the story's grew by. */
struct life_weight {
	const char *dir;
	double before, grown; /* bytes on disk */
};
void life_weigh(const struct life *l, struct life_weight *w);
/*
 * Runs it once with `engine` (a command and its options), which must say that it is running; weighs (w may be NULL);
 * removes it again.
 */
int life_run_once(const struct life *l, const char *engine, const char *image, struct life_weight *w, double *ret_sec,
                  struct error *err);

/* The layers as pushed, and their unpacked sizes in the store that pulled them. */
int life_layers(const struct life *l, const char *id, life_layer_vec *ret, struct error *err);

/* Every image that was pulled, under every runtime that is there. */
int life_runs(struct life *l, struct error *err);

#endif
