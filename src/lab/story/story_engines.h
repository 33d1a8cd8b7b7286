/* Engines with stores of their own, for a story: podman and buildah by configuration, docker by a daemon. */
#ifndef LAB_STORY_STORY_ENGINES_H
#define LAB_STORY_STORY_ENGINES_H

#include "lab/story/story.h"

/* podman and buildah from now on have their images and containers below the story's directories. */
int story_podman(const struct story *s, struct error *err);
/* docker from now on asks the story's daemon. */
int story_docker(const struct story *s, struct error *err);
/* Starts that dockerd (options: "" or " --live-restore"), and waits until it answers; ret_sec may be NULL. */
int story_dockerd(const struct story *s, const char *options, struct story_process *ret, double *ret_sec,
                  struct error *err);
/* Both docker and dockerd are there? As story_has. */
int story_has_docker(const struct story *s, struct error *err);
/* DIR/image with the static workload as init; the commands that put it there. */
int story_image_dir(const struct story *s, struct error *err);
/* -ENOENT with err: PROGRAM is not on PATH. A dry run has everything. */
int story_has(const struct story *s, const char *program, struct error *err);

#endif
