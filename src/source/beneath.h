/*
 * Opening below a directory as if it were the root: absolute links, ".." and "//" stay inside it.  A captured tree is
 * somebody else's, and so is a container's root: a link in it must not show files of the machine it is looked at on.
 */
#ifndef SOURCE_BENEATH_H
#define SOURCE_BENEATH_H

int beneath_open(int root, const char *path, int flags);
/*
 * A regular file, for reading, found without leaving the file system of the directory: what others may mount below it
 * (a FUSE that never answers) is not even asked for. -ENOSYS before Linux 5.6.
 */
int beneath_open_file(int root, const char *path);
/* What an O_PATH descriptor stands for, for reading, if it is a regular file; -EINVAL else. */
int beneath_reopen_file(int path_fd);
/* Opening without openat2 (before Linux 5.6, or a sandbox that does not know it). */
int beneath_open_by_hand(int root, const char *path, int flags);

#endif
