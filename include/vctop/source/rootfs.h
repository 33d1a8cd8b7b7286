/*
 * The only way to /proc, /sys, /run and /var/lib: a root directory fd.  Paths are relative ("proc/stat").
 * A captured tree (--root DIR) reads through the same calls as the live host.  All return -errno.
 *
 * A tree may hold several moments: DIR/0, DIR/1, ... are then played one per tick (rootfs_advance),
 * and DIR/N/.clock ("MONO_USEC REAL_USEC BOOT_USEC") gives the time of each.
 */
#ifndef VCTOP_SOURCE_ROOTFS_H
#define VCTOP_SOURCE_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "vctop/base/attr.h"
#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"

struct rootfs;

/* Fault hook for tests: called before each open, read and readlink; non-zero -errno is returned instead. */
typedef int (*rootfs_fault)(void *data, const char *op, const char *path);

struct rootfs *rootfs_open(const char *path, struct error *err); /* NULL: failed */
/* The live host, for a look that is soon over: no file is kept open, so the limit of open files is left as it is. */
struct rootfs *rootfs_open_once(struct error *err);
void rootfs_close(struct rootfs *fs);
bool rootfs_is_live(const struct rootfs *fs); /* "/" */
int rootfs_advance(struct rootfs *fs);        /* next moment; -ENOENT when there is none (live: always 0) */
void rootfs_set_fault(struct rootfs *fs, rootfs_fault fn, void *data);

/* For `vctop explain` and `vctop doctor --files`. */
struct rootfs_trace {
	/* Every file and link read: text of n bytes, or n a negative errno. NULL: not wanted. */
	void (*read)(void *data, const char *path, const char *text, ssize_t n);
	/* What stands behind a field of an instance (rootfs_cite). NULL: not wanted. */
	void (*cite)(void *data, const char *instance, const char *field, const char *path, const char *text);
	void *data;
};
void rootfs_set_trace(struct rootfs *fs, const struct rootfs_trace *trace); /* copied; NULL none */
bool rootfs_is_traced(const struct rootfs *fs);                             /* is anybody told of reads? */
/*
 * Which file an answer came from, said by whoever gives it, where the reads alone do not show it: bytes of a header, a
 * walk, something remembered, another process's file.  It counts for the instance begun last, and costs nothing
 * without a trace.  fmt: what was found there, as it stands there.
 */
void rootfs_cite_for(struct rootfs *fs, const char *instance); /* borrowed until the next; NULL nobody's */
bool rootfs_cites(const struct rootfs *fs);                    /* is it worth making up texts? */
void rootfs_cite(struct rootfs *fs, const char *field, const char *path, const char *fmt, ...) ATTR_PRINTF(4, 5);
void rootfs_cite_file(struct rootfs *fs, const char *field, const char *path); /* the text as it was read */

/* The tick's time: the clocks of the host, or the tree's .clock. */
struct rootfs_time {
	int64_t mono_usec, real_usec, boot_usec;
};
struct rootfs_time rootfs_now(const struct rootfs *fs);
int64_t rootfs_mono_usec(const struct rootfs *fs);

/* Reads the whole file, at most `max` bytes (-EFBIG beyond). sb is replaced. Returns its length. */
ssize_t rootfs_read(struct rootfs *fs, const char *path, size_t max, struct strbuf *sb);
/*
 * The same of a file below a directory that is somebody else's root: links stay in it, its file system is not left,
 * and what is not a regular file is not opened.
 */
ssize_t rootfs_read_below(struct rootfs *fs, const char *dir, const char *path, size_t max, struct strbuf *sb);
/* The link's text. sb is replaced. */
int rootfs_readlink(struct rootfs *fs, const char *path, struct strbuf *sb);
/* The same of one of several in a directory that is open (dir; -1: it is not), which saves walking there for each. */
int rootfs_readlink_in(struct rootfs *fs, int dir, const char *path, struct strbuf *sb);
ssize_t rootfs_read_in(struct rootfs *fs, int dir, const char *path, size_t max, struct strbuf *sb);
int rootfs_stat(struct rootfs *fs, const char *path, struct stat *ret);
int rootfs_openat(struct rootfs *fs, const char *path, int flags); /* read-only flags only; caller owns the fd */
/* Which directory of which mount a path leads to; false: not known (before Linux 5.8, a captured tree). */
struct rootfs_place {
	uint64_t mount, inode;
};
bool rootfs_place(struct rootfs *fs, const char *path, struct rootfs_place *ret);

/* inotify_add_watch below the root of the live host: its watch descriptor. */
int rootfs_watch(struct rootfs *fs, int inotify, const char *path, uint32_t mask);

/* Directory listing; names only, "." and ".." left out. want_dirs_only uses d_type (unknown types pass). */
struct rootfs_names {
	struct strbuf text; /* NUL-separated names */
	VEC(size_t) at;     /* offsets into text */
	VEC(uint64_t) inodes;
};
int rootfs_list(struct rootfs *fs, const char *path, bool dirs_only, struct rootfs_names *ret);
const char *rootfs_name(const struct rootfs_names *names, size_t i);
void rootfs_names_release(struct rootfs_names *names);

/*
 * A file read again and again: its fd is kept while the budget allows and read with pread; beyond the budget
 * it is opened each time.  After the file is gone (ENOENT, ENODEV, ESRCH) reads say so.  One kfile, one path.
 */
struct kfile {
	int fd;              /* -1 none kept */
	unsigned generation; /* of the rootfs moment it was opened in */
};
#define KFILE_INIT                                                                                                     \
	{                                                                                                              \
		.fd = -1                                                                                               \
	}
/* Reads into buf (size bytes, NUL-terminated). Returns the length, -EFBIG when it does not fit. */
ssize_t kfile_read(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size);
/* The same for files of many records (net/dev), which the kernel hands out a page at a time. */
ssize_t kfile_read_records(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size);
void kfile_close(struct rootfs *fs, struct kfile *k);
/* Few more can be kept: what is seldom read should give way to what is read in every tick. */
bool rootfs_fds_are_short(const struct rootfs *fs);
/* Its fd is kept, and nobody is told of reads: then no path need be made, "" will do. */
bool kfile_is_kept(const struct rootfs *fs, const struct kfile *k);

struct rootfs_stats {
	uint64_t opens, reads, syscalls;
	unsigned kept_fds;
};
struct rootfs_stats rootfs_stats(const struct rootfs *fs);
/* System calls made for it by others. */
void rootfs_spent(struct rootfs *fs, unsigned syscalls);

#endif
