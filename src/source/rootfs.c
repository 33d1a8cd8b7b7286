/*
 * The choke point of all observing: everything is opened read-only below one directory fd.
 * Of a captured tree only regular files are opened (a FIFO would hang us, opening a device may do anything), and no
 * link leads out of it.
 */
#include "vctop/source/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "source/beneath.h"
#include "vctop/base/attr.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"

struct rootfs {
	int base_fd; /* the tree given */
	int fd;      /* the moment being played */
	bool live, series;
	unsigned moment, generation;
	struct rootfs_time time; /* not live: of this moment */
	rootfs_fault fault;
	void *fault_data;
	struct rootfs_trace trace;
	const char *instance; /* whom citations are for */
	unsigned fd_budget;
	struct rootfs_stats stats;
};

static int fault_check(struct rootfs *fs, const char *op, const char *path)
{
	return fs->fault ? fs->fault(fs->fault_data, op, path) : 0;
}

/* What the process needs besides, at most: a walk's directories, the terminal, sockets, libraries. */
#define SPARE_FDS 512

/* What may still be opened under a low limit: whoever started us may have left us files of theirs. */
static rlim_t unopened(rlim_t limit)
{
	rlim_t n = 0;
	for (int fd = 0; fd < (int)limit; fd++)
		n += fcntl(fd, F_GETFD) < 0;
	return n;
}

/* Nearly all that the process may open is for kept fds; of a low limit a third of what is left. */
static unsigned fd_budget(void)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return 128;
	if (lim.rlim_cur < lim.rlim_max) {
		struct rlimit raised = {lim.rlim_max, lim.rlim_max};
		if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
			lim = raised;
	}
	rlim_t keep = lim.rlim_cur > 2 * SPARE_FDS ? lim.rlim_cur - SPARE_FDS : unopened(lim.rlim_cur) / 3;
	return keep > 1U << 20 ? 1U << 20 : (unsigned)keep;
}

/* Beyond 285 years (2^53 us) a clock is no clock, and sums of such times overflow. */
#define MAX_CLOCK ((uint64_t)1 << 53)

static void read_clock(struct rootfs *fs)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	const char *w;
	size_t n;
	uint64_t v[3] = {0, 1000000000000000ULL, 86400000000ULL}, usec;
	if (rootfs_read(fs, ".clock", 256, &sb) > 0)
		for (unsigned i = 0; i < 3; i++)
			if (parse_word(sb.buf, sb.len, i, &w, &n) && parse_u64(w, n, &usec) == 0 && usec < MAX_CLOCK)
				v[i] = usec;
	fs->time = (struct rootfs_time){(int64_t)v[0], (int64_t)v[1], (int64_t)v[2]};
}

static int open_moment(struct rootfs *fs, unsigned moment)
{
	char name[16];
	(void)snprintf(name, sizeof(name), "%u", moment);
	int fd = beneath_open(fs->base_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	if (fs->fd >= 0 && fs->fd != fs->base_fd)
		(void)close(fs->fd);
	fs->fd = fd;
	fs->moment = moment;
	fs->generation++;
	read_clock(fs);
	return 0;
}

static struct rootfs *open_root(const char *path, struct error *err)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, errno, "%s: %s", path, strerror(errno));
		return NULL;
	}
	struct rootfs *fs = xcalloc(1, sizeof(*fs));
	fs->base_fd = fs->fd = fd;
	fs->live = strcmp(path, "/") == 0;
	fs->generation = 1;
	if (fs->live) {
		if (faccessat(fd, "proc/self/stat", F_OK, 0) == 0)
			return fs;
		error_set(err, errno, "/proc is not mounted: nothing can be seen without it");
		rootfs_close(fs);
		return NULL;
	}
	fs->series = open_moment(fs, 0) == 0;
	if (!fs->series)
		read_clock(fs);
	cleanup_close int proc = beneath_open(fs->fd, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0) {
		error_set(err, -proc, "%s: no readable proc below it: %s", path, strerror(-proc));
		rootfs_close(fs);
		return NULL;
	}
	return fs;
}

struct rootfs *rootfs_open(const char *path, struct error *err)
{
	struct rootfs *fs = open_root(path, err);
	if (fs)
		fs->fd_budget = fd_budget();
	return fs;
}

struct rootfs *rootfs_open_once(struct error *err)
{
	return open_root("/", err);
}

void rootfs_close(struct rootfs *fs)
{
	if (!fs)
		return;
	if (fs->fd != fs->base_fd)
		(void)close(fs->fd);
	(void)close(fs->base_fd);
	free(fs);
}

bool rootfs_is_live(const struct rootfs *fs)
{
	return fs->live;
}

int rootfs_advance(struct rootfs *fs)
{
	if (fs->live)
		return 0;
	return fs->series ? open_moment(fs, fs->moment + 1) : -ENOENT;
}

void rootfs_set_fault(struct rootfs *fs, rootfs_fault fn, void *data)
{
	fs->fault = fn;
	fs->fault_data = data;
}

void rootfs_set_trace(struct rootfs *fs, const struct rootfs_trace *trace)
{
	fs->trace = trace ? *trace : (struct rootfs_trace){0};
}

void rootfs_cite_for(struct rootfs *fs, const char *instance)
{
	fs->instance = instance;
}

bool rootfs_cites(const struct rootfs *fs)
{
	return fs->trace.cite && fs->instance;
}

void rootfs_cite(struct rootfs *fs, const char *field, const char *path, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;
	if (!rootfs_cites(fs) || !path)
		return;
	va_start(ap, fmt);
	strbuf_vfmt(&text, fmt, ap);
	va_end(ap);
	fs->trace.cite(fs->trace.data, fs->instance, field, path, text.buf);
}

void rootfs_cite_file(struct rootfs *fs, const char *field, const char *path)
{
	if (rootfs_cites(fs) && path)
		fs->trace.cite(fs->trace.data, fs->instance, field, path, NULL);
}

bool rootfs_is_traced(const struct rootfs *fs)
{
	return fs->trace.read != NULL;
}

static ssize_t traced(struct rootfs *fs, const char *path, const char *text, ssize_t n)
{
	if (fs->trace.read)
		fs->trace.read(fs->trace.data, path, text, n);
	return n;
}

struct rootfs_time rootfs_now(const struct rootfs *fs)
{
	if (!fs->live)
		return fs->time;
	return (struct rootfs_time){clock_mono_usec(), clock_real_usec(), clock_boot_usec()};
}

int64_t rootfs_mono_usec(const struct rootfs *fs)
{
	return fs->live ? clock_mono_usec() : fs->time.mono_usec;
}

static int open_at(const struct rootfs *fs, const char *path, int flags)
{
	if (!fs->live)
		return beneath_open(fs->fd, path, flags);
	int fd = openat(fs->fd, *path ? path : ".", flags);
	return fd < 0 ? -errno : fd;
}

static int stat_at(const struct rootfs *fs, const char *path, struct stat *ret)
{
	if (fs->live)
		return fstatat(fs->fd, path, ret, 0) < 0 ? -errno : 0;
	cleanup_close int fd = beneath_open(fs->fd, path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fd;
	return fstat(fd, ret) < 0 ? -errno : 0;
}

static int counted_open(struct rootfs *fs, const char *path, int flags)
{
	int r = fault_check(fs, "open", path);
	if (r < 0)
		return r;
	fs->stats.opens++;
	fs->stats.syscalls++;
	return open_at(fs, path, flags);
}

int rootfs_openat(struct rootfs *fs, const char *path, int flags)
{
	int how = flags & O_PATH ? 0 : O_RDONLY | O_NONBLOCK | O_NOCTTY;
	return counted_open(fs, path, how | O_CLOEXEC | flags);
}

/* Of proc and sysfs, where files are regular, unless the path leaves them again. */
static bool is_kernels(const char *path)
{
	static const char *const ways_out[] = {"/../", "/root/", "/cwd/", "/fd/"};
	for (size_t i = 0; i < ARRAY_SIZE(ways_out); i++)
		if (strstr(path, ways_out[i]))
			return false;
	return strncmp(path, "proc/", 5) == 0 || strncmp(path, "sys/", 4) == 0;
}

/*
 * What is no regular file is not even opened: a tree is somebody else's, and on a live host users name files (their
 * Podman's, a daemon's configuration) that may be links to a device, of which the opening alone may do anything.
 */
static int open_regular(struct rootfs *fs, const char *path)
{
	if (fs->live && is_kernels(path))
		return rootfs_openat(fs, path, 0);
	cleanup_close int at = counted_open(fs, path, O_PATH | O_CLOEXEC);
	if (at < 0)
		return at;
	fs->stats.syscalls += 3;
	return beneath_reopen_file(at);
}

/* Takes the fd, or what it is for want of one. */
static ssize_t read_all(struct rootfs *fs, int opened, const char *path, size_t max, struct strbuf *sb)
{
	cleanup_close int fd = opened;
	strbuf_clear(sb);
	if (fd < 0)
		return fd;
	int fault = fault_check(fs, "read", path);
	if (fault < 0)
		return fault;
	for (;;) {
		if (sb->len > max)
			return -EFBIG;
		strbuf_room(sb, 4096);
		ssize_t n = read(fd, sb->buf + sb->len, sb->cap - sb->len - 1);
		fs->stats.reads++;
		fs->stats.syscalls++;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		sb->len += (size_t)n;
		sb->buf[sb->len] = '\0';
	}
	fs->stats.syscalls++; /* close */
	return sb->len > max ? -EFBIG : (ssize_t)sb->len;
}

ssize_t rootfs_read(struct rootfs *fs, const char *path, size_t max, struct strbuf *sb)
{
	ssize_t n = read_all(fs, open_regular(fs, path), path, max, sb);
	return traced(fs, path, sb->buf, n);
}

ssize_t rootfs_read_in(struct rootfs *fs, int dir, const char *path, size_t max, struct strbuf *sb)
{
	if (dir < 0 || !fs->live || !is_kernels(path))
		return rootfs_read(fs, path, max, sb);
	int fault = fault_check(fs, "open", path);
	fs->stats.opens++;
	fs->stats.syscalls++;
	int fd = fault ? fault : openat(dir, strrchr(path, '/') + 1, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = read_all(fs, fd < 0 && !fault ? -errno : fd, path, max, sb);
	return traced(fs, path, sb->buf, n);
}

ssize_t rootfs_read_below(struct rootfs *fs, const char *dir, const char *path, size_t max, struct strbuf *sb)
{
	cleanup_free char *full = xasprintf("%s/%s", dir, path);
	cleanup_close int root = rootfs_openat(fs, dir, O_DIRECTORY);
	ssize_t n = read_all(fs, root < 0 ? root : beneath_open_file(root, path), full, max, sb);
	return traced(fs, full, sb->buf, n);
}

static int read_link(struct rootfs *fs, int dir, const char *path, struct strbuf *sb)
{
	const char *name = dir >= 0 ? strrchr(path, '/') + 1 : path;
	int r = fault_check(fs, "readlink", path);
	strbuf_clear(sb);
	if (r < 0)
		return r;
	strbuf_room(sb, 4096);
	fs->stats.syscalls++;
	cleanup_close int link = fs->live ? -1 : beneath_open(fs->fd, path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (!fs->live && link < 0)
		return link;
	ssize_t n = fs->live ? readlinkat(dir >= 0 ? dir : fs->fd, name, sb->buf, 4096)
	                     : readlinkat(link, "", sb->buf, 4096);
	if (n < 0) /* what was opened and has no target is no link */
		return !fs->live && errno == ENOENT ? -EINVAL : -errno;
	sb->len = (size_t)n;
	sb->buf[n] = '\0';
	return 0;
}

int rootfs_readlink(struct rootfs *fs, const char *path, struct strbuf *sb)
{
	return rootfs_readlink_in(fs, -1, path, sb);
}

int rootfs_readlink_in(struct rootfs *fs, int dir, const char *path, struct strbuf *sb)
{
	int r = read_link(fs, dir, path, sb);
	(void)traced(fs, path, sb->buf, r < 0 ? r : (ssize_t)sb->len);
	return r;
}

int rootfs_stat(struct rootfs *fs, const char *path, struct stat *ret)
{
	int r = fault_check(fs, "stat", path);
	if (r < 0)
		return r;
	fs->stats.syscalls++;
	return stat_at(fs, path, ret);
}

bool rootfs_place(struct rootfs *fs, const char *path, struct rootfs_place *ret)
{
	struct statx st;
	fs->stats.syscalls++;
	if (!fs->live || statx(fs->fd, path, 0, STATX_INO | STATX_MNT_ID, &st) < 0 || !(st.stx_mask & STATX_MNT_ID))
		return false;
	*ret = (struct rootfs_place){st.stx_mnt_id, st.stx_ino};
	return true;
}

int rootfs_watch(struct rootfs *fs, int inotify, const char *path, uint32_t mask)
{
	char full[PATH_MAX];
	int n = snprintf(full, sizeof(full), "/%s", path);
	if (!fs->live)
		return -EOPNOTSUPP;
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	fs->stats.syscalls++;
	int wd = inotify_add_watch(inotify, full, mask);
	return wd < 0 ? -errno : wd;
}

int rootfs_list(struct rootfs *fs, const char *path, bool dirs_only, struct rootfs_names *ret)
{
	strbuf_clear(&ret->text);
	ret->at.n = ret->inodes.n = 0;
	int fd = rootfs_openat(fs, path, O_DIRECTORY);
	if (fd < 0)
		return fd;
	cleanup_dir DIR *dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	fs->stats.syscalls += 4; /* fstat, two getdents64, close */
	for (;;) {
		errno = 0;
		const struct dirent *e = readdir(dir);
		if (!e)
			return errno ? -errno : 0;
		if (dirs_only && e->d_type != DT_DIR && e->d_type != DT_UNKNOWN)
			continue;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		vec_push(&ret->at, ret->text.len);
		vec_push(&ret->inodes, (uint64_t)e->d_ino);
		strbuf_add(&ret->text, e->d_name, strlen(e->d_name) + 1);
	}
}

const char *rootfs_name(const struct rootfs_names *names, size_t i)
{
	return names->text.buf + names->at.v[i];
}

void rootfs_names_release(struct rootfs_names *names)
{
	strbuf_release(&names->text);
	vec_free(&names->at);
	vec_free(&names->inodes);
}

void kfile_close(struct rootfs *fs, struct kfile *k)
{
	if (k->fd < 0)
		return;
	(void)close(k->fd);
	k->fd = -1;
	fs->stats.kept_fds--;
}

bool rootfs_fds_are_short(const struct rootfs *fs)
{
	return fs->stats.kept_fds >= fs->fd_budget - fs->fd_budget / 8;
}

bool kfile_is_kept(const struct rootfs *fs, const struct kfile *k)
{
	return k->fd >= 0 && k->generation == fs->generation && !fs->trace.read && !fs->fault;
}

static int kfile_open(struct rootfs *fs, struct kfile *k, const char *path, bool *ret_keep)
{
	int fd = open_regular(fs, path);
	*ret_keep = fd >= 0 && fs->stats.kept_fds < fs->fd_budget;
	if (*ret_keep) {
		k->fd = fd;
		k->generation = fs->generation;
		fs->stats.kept_fds++;
	}
	return fd;
}

static ssize_t pread_at(struct rootfs *fs, int fd, char *buf, size_t size, ssize_t at)
{
	ssize_t n;
	do {
		n = pread(fd, buf + at, size - 1 - (size_t)at, at);
		fs->stats.reads++;
		fs->stats.syscalls++;
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* Files of many records come a page at a time: what ends this much before a page's end is whole. */
#define RECORDS_MORE 3584

static ssize_t kfile_pread(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size, bool records)
{
	bool keep = true;
	if (k->fd >= 0 && k->generation != fs->generation)
		kfile_close(fs, k);
	int fd = k->fd >= 0 ? k->fd : kfile_open(fs, k, path, &keep);
	if (fd < 0)
		return fd;
	ssize_t n = fault_check(fs, "read", path);
	if (n == 0)
		n = pread_at(fs, fd, buf, size, 0);
	for (ssize_t more = n; records && more > 0 && n >= RECORDS_MORE && (size_t)n < size - 1;) {
		more = pread_at(fs, fd, buf, size, n);
		n = more < 0 ? more : n + more;
	}
	if (!keep)
		(void)close(fd);
	else if (n < 0)
		kfile_close(fs, k); /* a dead cgroup's fd never comes back to life */
	if (n < 0)
		return n;
	buf[n] = '\0';
	return (size_t)n == size - 1 ? -EFBIG : n;
}

ssize_t kfile_read(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size)
{
	ssize_t n = kfile_pread(fs, k, path, buf, size, false);
	return traced(fs, path, buf, n);
}

ssize_t kfile_read_records(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size)
{
	ssize_t n = kfile_pread(fs, k, path, buf, size, true);
	return traced(fs, path, buf, n);
}

struct rootfs_stats rootfs_stats(const struct rootfs *fs)
{
	return fs->stats;
}

void rootfs_spent(struct rootfs *fs, unsigned syscalls)
{
	fs->stats.syscalls += syscalls;
}
