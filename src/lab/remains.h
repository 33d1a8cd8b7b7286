/* What a story leaves on disk: files, mounts, and what runtimes keep elsewhere for its containers. */
#ifndef LAB_REMAINS_H
#define LAB_REMAINS_H

#include <stddef.h>

#include "lab/register.h"

#define STORY_DATA "/var/tmp/vctop-" /* on a disk: overlay file systems want one below them */

/* Its directories: data and run, of at least 96 and 224 bytes. */
void story_data_dir(const char *name, char ret[96]);
void story_run_dir(const struct reg *r, const char *name, char ret[224]);

/* Unmounts and removes all of it; its processes have ended (lab_cgroup_remove).  Needs the lock. */
int remains_remove(const struct reg *r, const char *name, struct error *err);
/* A directory and all in it: only what is ours, and never through a mount or a link. 0 also when there is none. */
int remains_remove_tree(const char *dir, struct error *err);

#endif
