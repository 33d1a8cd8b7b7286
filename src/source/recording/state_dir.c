#include "source/recording/state_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const struct state_dir *d, const char *name, int code, struct error *err)
{
	return error_set(err, code, "history: %s/%s: %s", d->path, name, strerror(code));
}

/* Makes all of path that is missing; what is there already may be a link, for it is the user's own home. */
static int make_parents(const char *path)
{
	cleanup_free char *copy = xstrdup(path);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST && access(copy, F_OK) < 0)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int check_dir(int fd, const char *path, bool make, struct error *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return error_set(err, errno, "history: %s: %s", path, strerror(errno));
	if (st.st_uid != geteuid())
		return error_set(err, EPERM, "history: %s: belongs to another user; not used", path);
	if (!(st.st_mode & 077))
		return 0;
	if (make && fchmod(fd, 0700) == 0)
		return 0;
	if (st.st_mode & 022)
		return error_set(err, EPERM, "history: %s: others may write to it; not used", path);
	return 0;
}

int state_dir_open(struct state_dir *d, const char *path, bool make, struct error *err)
{
	*d = (struct state_dir)STATE_DIR_INIT;
	int r = make ? make_parents(path) : 0;
	int fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		int code = r < 0 ? -r : errno;
		/* Refused as a link and as no directory look alike to the kernel. */
		struct stat st;
		bool link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
		return error_set(err, code, "history: %s: %s", path,
		                 link ? "is a symbolic link; not used" : strerror(code));
	}
	r = check_dir(fd, path, make, err);
	/* SQLite takes names only: of the parents it must see what we saw. */
	char *real = r < 0 ? NULL : realpath(path, NULL);
	struct stat a, b;
	if (r == 0 &&
	    (!real || fstat(fd, &a) < 0 || lstat(real, &b) < 0 || a.st_dev != b.st_dev || a.st_ino != b.st_ino))
		r = error_set(err, EPERM, "history: %s: was exchanged meanwhile; not used", path);
	if (r < 0) {
		free(real);
		(void)close(fd);
		return r;
	}
	d->path = real;
	d->fd = fd;
	return 0;
}

void state_dir_close(struct state_dir *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	free(d->path);
	*d = (struct state_dir)STATE_DIR_INIT;
}

static int check_stat(const struct state_dir *d, const char *name, const struct stat *st, struct error *err)
{
	const char *why = !S_ISREG(st->st_mode)     ? "is no plain file"
	                  : st->st_uid != geteuid() ? "belongs to another user"
	                  : st->st_nlink > 1        ? "has a second name"
	                                            : NULL;
	return why ? error_set(err, EPERM, "history: %s/%s: %s; not used", d->path, name, why) : 0;
}

int state_dir_check(const struct state_dir *d, const char *name, struct error *err)
{
	struct stat st;
	if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOENT : fail(d, name, errno, err);
	return check_stat(d, name, &st, err);
}

/* An fd of the checked file. */
static int open_checked(const struct state_dir *d, const char *name, int flags, struct error *err)
{
	struct stat st;
	int fd = openat(d->fd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
	if (fd < 0)
		return errno == ELOOP
		               ? error_set(err, EPERM, "history: %s/%s: is a symbolic link; not used", d->path, name)
		               : fail(d, name, errno, err);
	int r = fstat(fd, &st) < 0 ? fail(d, name, errno, err) : check_stat(d, name, &st, err);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

int state_dir_make(const struct state_dir *d, const char *name, struct error *err)
{
	cleanup_close int fd = open_checked(d, name, O_RDWR | O_CREAT, err);
	if (fd < 0)
		return fd;
	return fchmod(fd, 0600) < 0 ? fail(d, name, errno, err) : 0;
}

int state_dir_lock(const struct state_dir *d, const char *name, bool exclusive, struct error *err)
{
	int fd = open_checked(d, name, exclusive ? O_RDWR | O_CREAT : O_RDONLY, err);
	if (fd < 0)
		return fd;
	if (flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
		int code = errno == EWOULDBLOCK ? EBUSY : errno;
		(void)close(fd);
		return code == EBUSY
		               ? error_set(err, EBUSY, "history: %s: another vctop saves here; this one reads", d->path)
		               : fail(d, name, code, err);
	}
	return fd;
}

int state_dir_set_aside(const struct state_dir *d, const char *name, const char *suffix, struct error *err)
{
	/* The log first: left beside a new file of the old name it would be played into that. */
	static const char *const companions[] = {"-wal", "-shm", ""};
	char from[NAME_MAX + 1], to[NAME_MAX + 1];
	for (size_t i = 0; i < ARRAY_SIZE(companions); i++) {
		(void)snprintf(from, sizeof(from), "%s%s", name, companions[i]);
		(void)snprintf(to, sizeof(to), "%s.%s%s", name, suffix, companions[i]);
		if (renameat2(d->fd, from, d->fd, to, RENAME_NOREPLACE) < 0 && errno != ENOENT)
			return fail(d, from, errno, err);
	}
	return 0;
}
