/* What a tree of files occupies: st_blocks, hard links once, one file system, symbolic links not followed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "vctop/source/disk_usage.h"

#define MAX_DEPTH 128

struct usage {
	dev_t dev;
	unsigned *budget;
	double bytes;
	VEC(ino_t) linked;
};

static bool seen_before(struct usage *u, const struct stat *st)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return false;
	for (size_t i = 0; i < u->linked.n; i++)
		if (u->linked.v[i] == st->st_ino)
			return true;
	vec_push(&u->linked, st->st_ino);
	return false;
}

static int usage_dir(struct usage *u, int fd, unsigned depth)
{
	cleanup_dir DIR *dir = fdopendir(fd);
	if (!dir) {
		(void)close(fd);
		return -errno;
	}
	for (const struct dirent *e; (e = readdir(dir));) {
		struct stat st;
		if (e->d_name[0] == '.' && (!e->d_name[1] || (e->d_name[1] == '.' && !e->d_name[2])))
			continue;
		if (*u->budget == 0)
			return -E2BIG;
		--*u->budget;
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != u->dev ||
		    seen_before(u, &st))
			continue;
		u->bytes += (double)st.st_blocks * 512;
		if (!S_ISDIR(st.st_mode) || depth >= MAX_DEPTH)
			continue;
		int sub = openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int r = sub < 0 ? 0 : usage_dir(u, sub, depth + 1);
		if (r == -E2BIG)
			return r;
	}
	return 0;
}

int disk_usage(struct rootfs *fs, const char *path, unsigned *budget, double *ret_bytes)
{
	struct usage u = {.budget = budget};
	struct stat st;
	int fd = rootfs_openat(fs, path, O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0) {
		(void)close(fd);
		return -EIO;
	}
	u.dev = st.st_dev;
	u.bytes = (double)st.st_blocks * 512;
	int r = usage_dir(&u, fd, 0);
	vec_free(&u.linked);
	if (r == 0)
		*ret_bytes = u.bytes;
	return r;
}
