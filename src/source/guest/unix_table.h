/*
 * /proc/net/unix: is anybody on that socket?  A QMP monitor serves one client at a time, and connecting to one that is
 * taken succeeds all the same: we would be next in its queue, before whoever it is meant for.
 */
#ifndef SOURCE_GUEST_UNIX_TABLE_H
#define SOURCE_GUEST_UNIX_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/vec.h"
#include "vctop/source/rootfs.h"

struct unix_use {
	unsigned listeners, clients, queued;
	bool foreign; /* only by an ending of the path: the text in the table is relative to an unknown directory */
};

/* Inodes of the sockets that one process holds; NULL where rows are not to be told apart by owner. */
typedef VEC(uint64_t) inode_vec;

/* Adds up the rows whose path is `bound`, or is relative and ends it. Pure. */
void unix_table_count(const char *buf, size_t len, const char *bound, const inode_vec *owner, struct unix_use *ret);
/*
 * Adds up the table of our own network namespace, or of pid's (0: ours); owned: only sockets that pid holds and those
 * nobody holds yet.  -errno when it may not be read.
 */
int unix_table_read(struct rootfs *fs, const char *bound, pid_t pid, bool owned, struct unix_use *ret);

#endif
