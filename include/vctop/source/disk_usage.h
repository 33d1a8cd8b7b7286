/* What a tree of files occupies on disk. */
#ifndef VCTOP_SOURCE_DISK_USAGE_H
#define VCTOP_SOURCE_DISK_USAGE_H

#include "vctop/source/rootfs.h"

/* Blocks below a directory, at most *budget entries (counted down; -E2BIG); -errno; never crosses file systems. */
int disk_usage(struct rootfs *fs, const char *path, unsigned *budget, double *ret_bytes);

#endif
