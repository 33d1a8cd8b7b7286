#include "lab/register.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lab/tool/proctable.h"

/* Longer than a holder needs, unless an engine does not answer: removing through podman takes seconds. */
#define LOCK_WAIT_MSEC 30000
#define DIR_DEPTH 4 /* a bundle's root file system and a runtime's state: DIR/runc/ID/FILE */

int reg_path(char *path, size_t size, struct error *err)
{
	const char *base = "/run", *xdg = getenv("XDG_RUNTIME_DIR");
	if (geteuid() != 0) {
		if (!xdg || xdg[0] != '/')
			return error_set(err, EPERM, "samples: need root, or XDG_RUNTIME_DIR to keep VMs of a user in");
		base = xdg;
	}
	int n = snprintf(path, size, "%s/vctop", base);
	return n < 0 || (size_t)n >= size ? error_set(err, ENAMETOOLONG, "%s: name too long", base) : 0;
}

/* Opens a directory that nobody but us may write. */
static int open_own_dir(int at, const char *name, bool make, int *ret_fd, struct error *err)
{
	struct stat st;
	if (make && mkdirat(at, name, 0755) < 0 && errno != EEXIST)
		return error_set(err, errno, "%s: %s", name, strerror(errno));
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", name, strerror(errno));
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022)) {
		(void)close(fd);
		return error_set(err, EPERM, "%s: belongs to somebody else or others may write it", name);
	}
	*ret_fd = fd;
	return 0;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void reg_close(struct reg *r)
{
	reg_unlock(r);
	close_one(&r->samples);
	close_one(&r->dir);
}

int reg_open(struct reg *r, bool want_write, struct error *err)
{
	int rc = reg_path(r->path, sizeof(r->path), err);
	if (rc == 0)
		rc = open_own_dir(AT_FDCWD, r->path, want_write, &r->dir, err);
	if (rc == 0)
		rc = open_own_dir(r->dir, "samples", want_write, &r->samples, err);
	if (rc < 0)
		reg_close(r);
	return rc;
}

/* The lock file and its directories are removed with the last sample: a lock on a removed file locks nothing. */
static bool lock_is_current(const struct reg *r)
{
	char path[sizeof(r->path) + 8];
	struct stat mine, there;
	(void)snprintf(path, sizeof(path), "%s/lock", r->path);
	return fstat(r->lock, &mine) == 0 && lstat(path, &there) == 0 && mine.st_ino == there.st_ino &&
	       mine.st_dev == there.st_dev;
}

static int try_lock(struct reg *r, struct error *err)
{
	if (r->lock < 0)
		r->lock = openat(r->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->lock < 0 && errno != ENOENT)
		return error_set(err, errno, "%s/lock: %s", r->path, strerror(errno));
	if (r->lock >= 0 && flock(r->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR
		               ? -EAGAIN
		               : error_set(err, errno, "%s/lock: %s", r->path, strerror(errno));
	if (r->lock >= 0 && lock_is_current(r))
		return 0;
	close_one(&r->lock);
	close_one(&r->samples);
	close_one(&r->dir);
	int rc = reg_open(r, true, err);
	return rc == -ENOENT || rc == 0 ? -EAGAIN : rc;
}

int reg_lock(struct reg *r, struct error *err)
{
	for (unsigned waited = 0;; waited += 10) {
		int rc = try_lock(r, err);
		if (rc != -EAGAIN)
			return rc;
		if (waited >= LOCK_WAIT_MSEC)
			return error_set(err, ETIMEDOUT, "%s/lock: another vctop has held it for %d s", r->path,
			                 LOCK_WAIT_MSEC / 1000);
		lab_nap(10);
	}
}

void reg_unlock(struct reg *r)
{
	if (r->lock < 0)
		return;
	if (r->samples >= 0 && unlinkat(r->dir, "samples", AT_REMOVEDIR) == 0) {
		(void)unlinkat(r->dir, "lock", 0);
		(void)rmdir(r->path);
	}
	close_one(&r->lock);
}

static void file_of(const char *name, char ret[64])
{
	(void)snprintf(ret, 64, "%.40s.json", name);
}

int reg_read(const struct reg *r, const char *name, struct launched *ret)
{
	char file[64], text[LAUNCHED_MAX_TEXT + 1];
	struct stat st;
	struct launched l;
	file_of(name, file);
	cleanup_close int fd = openat(r->samples, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return -EINVAL;
	ssize_t n = read(fd, text, sizeof(text));
	if (n < 0 || launched_parse(text, (size_t)n, &l) < 0)
		return -EINVAL;
	if (strcmp(l.name, name) != 0) {
		launched_clear(&l);
		return -EINVAL;
	}
	*ret = l;
	return 0;
}

bool reg_has(const struct reg *r, const char *name)
{
	char file[64];
	file_of(name, file);
	return faccessat(r->samples, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int by_name(const void *a, const void *b)
{
	const struct launched *x = a, *y = b;
	return strverscmp(x->name, y->name);
}

int reg_list(const struct reg *r, launched_vec *ret, struct error *err)
{
	int fd = openat(r->samples, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return error_set(err, errno, "%s/samples: %s", r->path, strerror(errno));
	const struct dirent *e;
	while ((e = readdir(dir))) {
		char name[48] = "";
		size_t n = strlen(e->d_name);
		struct launched l;
		if (n < 6 || n > 45 || strcmp(e->d_name + n - 5, ".json") != 0)
			continue;
		memcpy(name, e->d_name, n - 5);
		if (launched_name_valid(name) && reg_read(r, name, &l) == 0)
			vec_push(ret, l);
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static char *to_text(const struct launched *l)
{
	json_t *o = json_pack("{s:s,s:s,s:s?,s:s?,s:s,s:s?,s:s?,s:f,s:I,s:i,s:I,s:i,s:I,s:i,s:I,s:I}", "name", l->name,
	                      "kind", l->kind, "backend", l->backend, "workload", l->workload, "state", l->state, "ref",
	                      l->ref, "place", l->place, "cpus", l->cpus, "memory", (json_int_t)l->memory, "pid",
	                      (int)l->pid, "pid_start", (json_int_t)l->pid_start, "starter", (int)l->starter,
	                      "starter_start", (json_int_t)l->starter_start, "owner", (int)l->owner, "owner_start",
	                      (json_int_t)l->owner_start, "started_usec", (json_int_t)l->started_usec);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}

int reg_write(const struct reg *r, const struct launched *l, struct error *err)
{
	char file[64], temp[64];
	cleanup_free char *text = to_text(l);
	file_of(l->name, file);
	(void)snprintf(temp, sizeof(temp), ".%.40s.tmp", l->name);
	(void)unlinkat(r->samples, temp, 0); /* of a writer that was killed: we hold the lock */
	cleanup_close int fd = openat(r->samples, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	size_t len = text ? strlen(text) : 0;
	if (!text || fd < 0 || write(fd, text, len) != (ssize_t)len ||
	    renameat(r->samples, temp, r->samples, file) < 0) {
		int code = text && errno ? errno : EIO;
		if (fd >= 0)
			(void)unlinkat(r->samples, temp, 0);
		return error_set(err, code, "%s/samples/%s: %s", r->path, file, strerror(code));
	}
	return 0;
}

int reg_remove(const struct reg *r, const char *name, struct error *err)
{
	char file[64];
	file_of(name, file);
	if (unlinkat(r->samples, file, 0) < 0 && errno != ENOENT)
		return error_set(err, errno, "%s/samples/%s: %s", r->path, file, strerror(errno));
	return 0;
}

static const struct {
	const char *kind, *prefix;
} leaves[] = {{"container", "ct-"}, {"vm", "vm-"}, {"process", "ps-"}, {"story", "st-"}};

void sample_leaf(const char *kind, const char *name, char ret[48])
{
	size_t i = 0;
	while (i + 1 < ARRAY_SIZE(leaves) && strcmp(leaves[i].kind, kind) != 0)
		i++;
	(void)snprintf(ret, 48, "%s%.40s", leaves[i].prefix, name);
}

const char *sample_kind(const char *leaf)
{
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++)
		if (strncmp(leaf, leaves[i].prefix, 3) == 0)
			return leaves[i].kind;
	return NULL;
}

int reg_make_dir(const struct reg *r, const char *leaf, char *path, size_t size, struct error *err)
{
	int n = snprintf(path, size, "%s/%s", r->path, leaf);
	if (n < 0 || (size_t)n >= size)
		return error_set(err, ENAMETOOLONG, "%s: name too long", leaf);
	reg_remove_dir(r, leaf);
	if (mkdirat(r->dir, leaf, 0700) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* Everything in dir, at most `depth` levels, on its own file system alone. Takes fd. */
static void remove_below(int fd, dev_t dev, unsigned depth)
{
	cleanup_dir DIR *dir = fdopendir(fd);
	const struct dirent *e;
	struct stat st;
	if (!dir)
		attr_closep(&fd);
	while (dir && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || unlinkat(fd, e->d_name, 0) == 0)
			continue;
		int below = depth ? openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (below >= 0 && fstat(below, &st) == 0 && st.st_dev == dev)
			remove_below(steal_fd(&below), dev, depth - 1);
		attr_closep(&below);
		(void)unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
}

void reg_remove_dir(const struct reg *r, const char *leaf)
{
	struct stat st;
	int fd = openat(r->dir, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && fstat(fd, &st) == 0)
		remove_below(steal_fd(&fd), st.st_dev, DIR_DEPTH);
	attr_closep(&fd);
	(void)unlinkat(r->dir, leaf, AT_REMOVEDIR);
}
