#include "source/cgroup/cgroup_dirs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "source/cgroup/bulk.h"

/* A directory checked at the latest after this long. */
#define CHECK_USEC 60000000
/* In which a difference that is none has gone. */
#define LATER_USEC 5000000
/* As for the walk by listing: deeper or wider than any real tree. */
#define MAX_DEPTH 64
#define MAX_DIRS 200000
/* From so many groups on they are told of before they are looked for: most will be containers. */
#define MANY_GROUPS 512

struct dir {
	struct dir *up, *below, *last, *next, *prev;
	int wd;
	unsigned depth, children;
	uint64_t inode; /* 0 not known */
	char path[];    /* "" is the root */
};

struct cgroup_dirs {
	struct cgroup_tree *tree;
	int fd; /* -1: nothing is watched */
	struct map by_wd, by_path;
	struct dir *root;
	uint64_t changes;
	unsigned count;
	struct strbuf count_text; /* how many groups there were, where nothing is watched */
	bool lost;                /* events were, or a watch was refused */
	bool first;               /* none were known before: what is told of them in this tick is not old */
	size_t checked;           /* so many of the directories, in the order of the walk, were checked in this round */
	int64_t checked_usec, differs_usec; /* differs: from when on something else is told; 0 it is not */
};

/* ---- the tree ---- */

static const char *wd_key(int wd, char buf[16])
{
	(void)snprintf(buf, 16, "%d", wd);
	return buf;
}

static struct dir *dir_add(struct cgroup_dirs *d, struct dir *up, const char *path, uint64_t inode, int wd)
{
	char key[16];
	size_t n = strlen(path) + 1;
	struct dir *new = xcalloc(1, sizeof(*new) + n);
	memcpy(new->path, path, n);
	new->wd = wd;
	new->inode = inode;
	if (wd >= 0)
		map_put(&d->by_wd, wd_key(wd, key), new);
	map_put(&d->by_path, new->path, new);
	d->count++;
	d->changes++;
	if (!up)
		return d->root = new;
	new->up = up;
	new->depth = up->depth + 1;
	new->prev = up->last;
	*(up->last ? &up->last->next : &up->below) = new;
	up->last = new;
	up->children++;
	return new;
}

/* With all below it. A watch of what has gone has gone by itself; of what was renamed it has not. */
static void dir_drop(struct cgroup_dirs *d, struct dir *gone)
{
	char key[16];
	for (struct dir *below = gone->below, *next; below; below = next) {
		next = below->next;
		dir_drop(d, below);
	}
	struct dir *up = gone->up;
	if (up) {
		*(gone->prev ? &gone->prev->next : &up->below) = gone->next;
		*(gone->next ? &gone->next->prev : &up->last) = gone->prev;
		up->children--;
	} else {
		d->root = NULL;
	}
	if (d->fd >= 0)
		(void)inotify_rm_watch(d->fd, gone->wd);
	if (gone->wd >= 0 && map_get(&d->by_wd, wd_key(gone->wd, key)) == gone)
		(void)map_remove(&d->by_wd, key);
	(void)map_remove(&d->by_path, gone->path);
	d->count--;
	d->changes++;
	free(gone);
}

/* The next in the order of the walk; not below `at` where told so. */
static struct dir *dir_next(const struct dir *at, bool below)
{
	if (below && at->below)
		return at->below;
	while (at && !at->next)
		at = at->up;
	return at ? at->next : NULL;
}

/* ---- what is there ---- */

static void list_below(struct cgroup_dirs *d, struct dir *dir);

/* How many directories are below one: a cgroup's has a link more for each. -1: it has gone, or nobody says. */
static long count_below(const struct cgroup_dirs *d, struct dir *dir)
{
	struct stat st;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s", d->tree->mounts.walk, dir->path);
	if (n < 0 || (size_t)n >= sizeof(path) || rootfs_stat(d->tree->fs, path, &st) < 0 || st.st_nlink < 2)
		return -1;
	dir->inode = st.st_ino;
	return (long)st.st_nlink - 2;
}

/* -1: nothing is. */
static int watch(const struct cgroup_dirs *d, const char *path)
{
	cleanup_strbuf struct strbuf full = STRBUF_INIT;
	if (d->fd < 0)
		return -1;
	strbuf_fmt(&full, "%s%s", d->tree->mounts.walk, path);
	return rootfs_watch(d->tree->fs, d->fd, full.buf, IN_CREATE | IN_DELETE | IN_MOVE | IN_MODIFY | IN_ONLYDIR);
}

/* Watched before it is listed: what comes in between is told twice rather than never. */
static void take_in(struct cgroup_dirs *d, struct dir *up, const char *path, uint64_t inode)
{
	if (map_get(&d->by_path, path) || d->lost)
		return;
	int wd = watch(d, path);
	if (wd == -ENOENT || wd == -ENOTDIR)
		return;
	d->lost = (wd < 0 && d->fd >= 0) || d->count >= MAX_DIRS;
	if (!d->lost)
		list_below(d, dir_add(d, up, path, inode, wd));
}

static bool is_told_childless(const struct cgroup_dirs *d, const struct dir *dir)
{
	const struct bulk_record *told = d->first ? cgroup_tree_told(d->tree, dir->inode) : NULL;
	return told && told->descendants == 0;
}

static void list_below(struct cgroup_dirs *d, struct dir *dir)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	if (is_told_childless(d, dir) || count_below(d, dir) == 0)
		return; /* as most */
	strbuf_fmt(&path, "%s%s", d->tree->mounts.walk, dir->path);
	if (dir->depth < MAX_DEPTH && rootfs_list(d->tree->fs, path.buf, true, &names) == 0)
		for (size_t i = 0; i < names.at.n; i++) {
			strbuf_clear(&path);
			strbuf_fmt(&path, "%s/%s", dir->path, rootfs_name(&names, i));
			take_in(d, dir, path.buf, names.inodes.v[i]);
		}
	rootfs_names_release(&names);
}

static void start_over(struct cgroup_dirs *d)
{
	if (d->root)
		dir_drop(d, d->root);
	d->lost = false;
	d->checked_usec = rootfs_mono_usec(d->tree->fs);
	d->differs_usec = 0;
	take_in(d, NULL, "", 0);
}

/* ---- what the kernel tells ---- */

static void take_event(struct cgroup_dirs *d, const struct inotify_event *e)
{
	char key[16];
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	if (e->mask & IN_Q_OVERFLOW)
		d->lost = true;
	struct dir *dir = map_get(&d->by_wd, wd_key(e->wd, key));
	if (!dir || !e->len)
		return;
	if ((e->mask & IN_MODIFY) && cgroup_is_cap(e->name))
		cgroup_tree_stale(d->tree, dir->path);
	if (!(e->mask & IN_ISDIR))
		return;
	strbuf_fmt(&path, "%s/%s", dir->path, e->name);
	struct dir *child = map_get(&d->by_path, path.buf);
	if ((e->mask & (IN_DELETE | IN_MOVED_FROM)) && child)
		dir_drop(d, child);
	if (e->mask & (IN_CREATE | IN_MOVED_TO))
		take_in(d, dir, path.buf, 0);
}

static void take_events(struct cgroup_dirs *d)
{
	_Alignas(struct inotify_event) char buf[16384];
	for (;;) {
		ssize_t n = read(d->fd, buf, sizeof(buf));
		if (n <= 0)
			return;
		for (const char *at = buf; at < buf + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(const void *)at;
			take_event(d, e);
			at += sizeof(*e) + e->len;
		}
	}
}

static void check_dir(struct cgroup_dirs *d, struct dir *dir)
{
	long below = count_below(d, dir);
	if (below >= 0 && below != (long)dir->children)
		d->lost = true; /* what has gone shows when it is read */
}

/* Are those below it the ones that are known?  As many may be others. */
static void check_names(struct cgroup_dirs *d, const struct dir *dir)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	strbuf_fmt(&path, "%s%s", d->tree->mounts.walk, dir->path);
	if (dir->depth < MAX_DEPTH && rootfs_list(d->tree->fs, path.buf, true, &names) == 0)
		for (size_t i = 0; i < names.at.n && !d->lost; i++) {
			strbuf_clear(&path);
			strbuf_fmt(&path, "%s/%s", dir->path, rootfs_name(&names, i));
			d->lost = !map_get(&d->by_path, path.buf);
		}
	rootfs_names_release(&names);
}

/* As many groups as are known are told of, and they are the same. */
static bool are_told(const struct cgroup_dirs *d)
{
	const struct dir *dir = d->root;
	if (cgroup_tree_groups(d->tree) != d->count)
		return false;
	while (dir && cgroup_tree_told(d->tree, dir->inode))
		dir = dir_next(dir, true);
	return !dir;
}

/*
 * Of a look that is soon over, in which nothing is watched: how many groups there are, and of all that had others below
 * them whether these are the same.
 */
static void check_all(struct cgroup_dirs *d)
{
	cleanup_strbuf struct strbuf now = STRBUF_INIT;
	if (d->count >= MANY_GROUPS)
		cgroup_tree_tick(d->tree, d->count);
	if (are_told(d))
		return;
	cgroup_count(d->tree, &now);
	d->lost |= strcmp(now.buf, d->count_text.buf) != 0;
	strbuf_clear(&d->count_text);
	strbuf_add(&d->count_text, now.buf, now.len);
	for (struct dir *dir = d->root; dir && !d->lost; dir = dir_next(dir, true)) {
		if (!dir->children)
			continue;
		check_dir(d, dir);
		check_names(d, dir);
	}
}

/* Where they are told of: all at once. A group that has come since the events were read is known in the next tick. */
static void check_told(struct cgroup_dirs *d, int64_t now, int64_t age)
{
	if (age >= 0 && age < CHECK_USEC)
		return;
	cgroup_tree_tick(d->tree, d->count);
	if (are_told(d)) {
		d->checked_usec = now;
		d->differs_usec = 0;
	} else if (!d->differs_usec) {
		d->differs_usec = now;
	} else {
		d->lost |= now < d->differs_usec || now - d->differs_usec >= LATER_USEC;
	}
}

static void check_some(struct cgroup_dirs *d, int64_t now)
{
	int64_t age = now - d->checked_usec;
	if (d->tree->bulk) {
		check_told(d, now, age);
		return;
	}
	d->checked_usec = now;
	if (age < 0 || age > CHECK_USEC)
		age = CHECK_USEC;
	size_t n = (size_t)((double)d->count * (double)age / CHECK_USEC) + 1, i = 0;
	struct dir *dir = d->root;
	for (; dir && i < d->checked; i++)
		dir = dir_next(dir, true);
	for (; dir && n && !d->lost; n--, i++) {
		check_dir(d, dir);
		dir = dir_next(dir, true);
	}
	d->checked = dir ? i : 0;
}

/* ---- for others ---- */

struct cgroup_dirs *cgroup_dirs_new(struct cgroup_tree *t)
{
	if (!t->may_rest || !t->mounts.walk)
		return NULL;
	int fd = t->once ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0 && !t->once)
		return NULL;
	struct cgroup_dirs *d = xcalloc(1, sizeof(*d));
	d->tree = t;
	d->fd = fd;
	d->by_path.borrows = true;
	d->count_text = (struct strbuf)STRBUF_INIT;
	if (t->once) {
		cgroup_count(t, &d->count_text);
		size_t about = cgroup_count_read(t, &d->count_text);
		if (about >= MANY_GROUPS)
			cgroup_tree_tick(t, about);
		d->first = true;
	}
	start_over(d);
	d->first = false;
	if (!d->lost && d->root)
		return d;
	cgroup_dirs_free(d);
	return NULL;
}

void cgroup_dirs_free(struct cgroup_dirs *d)
{
	if (!d)
		return;
	if (d->fd >= 0)
		(void)close(d->fd);
	d->fd = -1;
	if (d->root)
		dir_drop(d, d->root);
	map_release(&d->by_wd);
	strbuf_release(&d->count_text);
	map_release(&d->by_path);
	free(d);
}

bool cgroup_dirs_update(struct cgroup_dirs *d, int64_t now_usec)
{
	if (d->fd >= 0) {
		take_events(d);
		check_some(d, now_usec);
	} else {
		check_all(d);
	}
	if (d->lost)
		start_over(d);
	return !d->lost && d->root;
}

uint64_t cgroup_dirs_changes(const struct cgroup_dirs *d)
{
	return d->changes;
}

uint64_t cgroup_dirs_inode(const struct cgroup_dirs *d, const char *path)
{
	const struct dir *dir = map_get(&d->by_path, path);
	return dir ? dir->inode : 0;
}

void cgroup_dirs_walk(const struct cgroup_dirs *d, cgroup_visit fn, void *data)
{
	const struct dir *dir = dir_next(d->root, true);
	while (dir) {
		bool below = fn(data, dir->path);
		dir = dir_next(dir, below);
	}
}
