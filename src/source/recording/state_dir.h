/* A directory that is ours alone, and files in it: nothing is followed that somebody else could have put there. */
#ifndef SOURCE_STATE_DIR_H
#define SOURCE_STATE_DIR_H

#include <stdbool.h>

#include "vctop/base/error.h"

struct state_dir {
	char *path; /* without symbolic links */
	int fd;
};
#define STATE_DIR_INIT                                                                                                 \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}

/* Opens the directory; with `make` it and its parents are made, 0700. -EPERM: not ours, or others may write. */
int state_dir_open(struct state_dir *d, const char *path, bool make, struct error *err);
void state_dir_close(struct state_dir *d);
/* 0: a plain file of ours; -ENOENT; -EPERM: anything else, with err. */
int state_dir_check(const struct state_dir *d, const char *name, struct error *err);
/* Makes the file, empty and 0600, unless it is there; takes away what others may do with it. */
int state_dir_make(const struct state_dir *d, const char *name, struct error *err);
/* An fd with a lock on the file, exclusive (made when missing) or shared; -EBUSY: somebody holds it. */
int state_dir_lock(const struct state_dir *d, const char *name, bool exclusive, struct error *err);
/* Renames `name` and its companions (name-wal, name-shm) to `name.SUFFIX...`; nothing is overwritten. */
int state_dir_set_aside(const struct state_dir *d, const char *name, const char *suffix, struct error *err);

#endif
