/* A tree in memory-backed /dev/shm (else /tmp) for readers that take a rootfs: made once, its files rewritten. */
#ifndef VCTOP_TESTS_FUZZ_TREE_H
#define VCTOP_TESTS_FUZZ_TREE_H

#include <ftw.h>

#include "fuzz.h"
#include "vctop/source/rootfs.h"

static char fuzz_root[64];

static inline int fuzz_unlink(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static inline void fuzz_tree_end(void)
{
	(void)nftw(fuzz_root, fuzz_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

/* Path below the tree; directories above it are made. */
static inline char *fuzz_path(const char *path)
{
	char *p = xasprintf("%s/%s", fuzz_root, path);
	for (char *s = p + strlen(fuzz_root) + 1; (s = strchr(s, '/')); s++) {
		*s = '\0';
		must(mkdir(p, 0755) == 0 || errno == EEXIST);
		*s = '/';
	}
	return p;
}

static inline void fuzz_write(const char *path, const void *data, size_t size)
{
	cleanup_free char *p = fuzz_path(path);
	cleanup_close int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0);
	must(size == 0 || write(fd, data, size) == (ssize_t)size);
}

static inline void fuzz_link(const char *path, const char *target)
{
	cleanup_free char *p = fuzz_path(path);
	must(symlink(target, p) == 0 || errno == EEXIST);
}

/* true: made just now, to be furnished. */
static inline bool fuzz_tree(struct rootfs **fs)
{
	if (*fs)
		return false;
	(void)snprintf(fuzz_root, sizeof(fuzz_root), "/dev/shm/vctop-fuzz.XXXXXX");
	if (!mkdtemp(fuzz_root)) {
		(void)snprintf(fuzz_root, sizeof(fuzz_root), "/tmp/vctop-fuzz.XXXXXX");
		must(mkdtemp(fuzz_root));
	}
	(void)atexit(fuzz_tree_end);
	free(fuzz_path("proc/"));
	*fs = rootfs_open(fuzz_root, NULL);
	must(*fs);
	return true;
}

#endif
