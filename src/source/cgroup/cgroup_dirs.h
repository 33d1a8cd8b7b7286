/*
 * The directories of the walked hierarchy, known without being listed: the kernel tells (inotify) which come and go.
 * A few are checked in every tick, all within a minute, against what it did not tell.  For a look that is soon over
 * nothing is watched, and those that have others below them are checked.
 */
#ifndef SOURCE_CGROUP_DIRS_H
#define SOURCE_CGROUP_DIRS_H

#include "source/cgroup/cgroup.h"

struct cgroup_dirs;

/* NULL: not the live host, or inotify's limits do not suffice. */
struct cgroup_dirs *cgroup_dirs_new(struct cgroup_tree *t);
void cgroup_dirs_free(struct cgroup_dirs *d);
/* Takes in what happened. false: they can no longer be followed. */
bool cgroup_dirs_update(struct cgroup_dirs *d, int64_t now_usec);
/* Goes up when a directory came or went. */
uint64_t cgroup_dirs_changes(const struct cgroup_dirs *d);
/* As it was when the directory was last looked at; 0 not known. */
uint64_t cgroup_dirs_inode(const struct cgroup_dirs *d, const char *path);
/* As cgroup_walk. */
void cgroup_dirs_walk(const struct cgroup_dirs *d, cgroup_visit fn, void *data);

#endif
