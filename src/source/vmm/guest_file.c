/*
 * Files that a process's command line names.  The path is whatever the process says, and whoever owns it may have
 * mounted something there that never answers: so each step of the way is looked up in its mount table before it is
 * taken, and symbolic links are followed by hand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "vctop/base/parse.h"

#define MOUNTS_MAX (4U << 20)
#define LINKS_MAX 8
#define PATH_TEXT_MAX 4096U

struct walk {
	struct rootfs *fs;
	pid_t pid;
	char base[64];        /* the process's root: "proc/PID/root"; "" in a captured tree */
	struct strbuf mounts; /* its mountinfo */
	struct strbuf path;   /* absolute, as the process sees it */
	struct strbuf full, link;
};

static bool answers_by_itself(const char *type, size_t n)
{
	static const char *const bad[] = {"fuse",     "nfs",  "cifs",     "smb",    "9p",   "afs",
	                                  "autofs",   "ceph", "gluster",  "gfs",    "ocfs", "lustre",
	                                  "virtiofs", "coda", "orangefs", "beegfs", "gpfs", "vboxsf"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (n >= strlen(bad[i]) && memcmp(type, bad[i], strlen(bad[i])) == 0)
			return false;
	return true;
}

/* mountinfo writes space, tab, newline and backslash as \040 and the like. */
static bool same_path(const char *field, size_t n, const char *path, size_t path_n)
{
	size_t i = 0, j = 0;
	while (i < n && j < path_n) {
		char c = field[i];
		if (c == '\\' && n - i >= 4) {
			c = (char)((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 + (field[i + 3] - '0'));
			i += 3;
		}
		if (c != path[j])
			return false;
		i++;
		j++;
	}
	return i == n && j == path_n;
}

/* Is something mounted just there that may keep us waiting?  The last line of a place is the one on top. */
static bool is_slow_mount(const struct walk *w, const char *path, size_t path_n)
{
	const char *cursor = w->mounts.buf, *line, *at, *type;
	size_t n, at_n, type_n;
	bool slow = false;
	while (parse_line(&cursor, w->mounts.buf + w->mounts.len, &line, &n)) {
		const char *dash = memmem(line, n, " - ", 3);
		if (!dash || !parse_word(line, n, 4, &at, &at_n) || !same_path(at, at_n, path, path_n))
			continue;
		dash += 3;
		if (parse_word(dash, n - (size_t)(dash - line), 0, &type, &type_n))
			slow = !answers_by_itself(type, type_n);
	}
	return slow;
}

/* A tree has proc/PID/root as a directory where the process has a root of its own. */
static void find_base(struct walk *w)
{
	(void)snprintf(w->base, sizeof(w->base), "proc/%d/root", (int)w->pid);
	if (!rootfs_is_live(w->fs) && rootfs_readlink(w->fs, w->base, &w->link) != -EINVAL)
		w->base[0] = '\0';
}

static int make_absolute(struct walk *w, const char *path)
{
	char cwd[64];
	if (*path != '/') {
		(void)snprintf(cwd, sizeof(cwd), "proc/%d/cwd", (int)w->pid);
		int r = rootfs_readlink(w->fs, cwd, &w->path);
		if (r < 0)
			return r;
		if (w->path.buf[0] != '/')
			return -EINVAL;
		strbuf_char(&w->path, '/');
	}
	strbuf_str(&w->path, path);
	return 0;
}

/* Puts the link's text in the place of the component that ends at `end`. */
static int follow(struct walk *w, size_t start, size_t end)
{
	cleanup_strbuf struct strbuf next = STRBUF_INIT;
	if (w->link.buf[0] != '/')
		strbuf_add(&next, w->path.buf, start);
	strbuf_str(&next, w->link.buf);
	strbuf_str(&next, w->path.buf + end);
	strbuf_clear(&w->path);
	strbuf_add(&w->path, next.buf, next.len);
	return w->path.len > PATH_TEXT_MAX ? -ENAMETOOLONG : 0;
}

/* Steps down the path; 0 when every component is a plain name on a mount that answers; 1: a link was followed. */
static int step(struct walk *w)
{
	const char *p = w->path.buf;
	if (is_slow_mount(w, "/", 1))
		return -EREMOTE;
	for (size_t start = 1, end; start < w->path.len; start = end + 1) {
		end = start + strcspn(p + start, "/");
		size_t n = end - start;
		if (n == 0 || (n == 1 && p[start] == '.'))
			continue;
		if (n == 2 && p[start] == '.' && p[start + 1] == '.')
			return -EINVAL;
		if (is_slow_mount(w, p, end))
			return -EREMOTE;
		strbuf_clear(&w->full);
		strbuf_fmt(&w->full, "%s%.*s", w->base, (int)end, p);
		int r = rootfs_readlink(w->fs, w->full.buf + (*w->base ? 0 : 1), &w->link);
		if (r == 0)
			return follow(w, start, end) < 0 ? -ENAMETOOLONG : 1;
		if (r != -EINVAL)
			return r;
	}
	return 0;
}

static ssize_t read_regular(struct walk *w, size_t max, struct strbuf *sb)
{
	struct stat st;
	strbuf_clear(&w->full);
	strbuf_fmt(&w->full, "%s%s", w->base, w->path.buf);
	const char *full = w->full.buf + strspn(w->full.buf, "/");
	int r = rootfs_stat(w->fs, full, &st);
	if (r < 0)
		return r;
	return S_ISREG(st.st_mode) ? rootfs_read(w->fs, full, max, sb) : -EINVAL;
}

ssize_t vmm_read_file(struct rootfs *fs, pid_t pid, const char *path, size_t max, struct strbuf *sb)
{
	struct walk w = {fs, pid, "", STRBUF_INIT, STRBUF_INIT, STRBUF_INIT, STRBUF_INIT};
	char mounts[64];
	ssize_t r = -EINVAL;
	(void)snprintf(mounts, sizeof(mounts), "proc/%d/mountinfo", (int)pid);
	if (!path || !*path || strlen(path) > PATH_TEXT_MAX)
		return -EINVAL;
	find_base(&w);
	/* Without its mount table nothing below a live process's root is safe to touch. */
	ssize_t got = rootfs_read(fs, mounts, MOUNTS_MAX, &w.mounts);
	if (got < 0 && rootfs_is_live(fs))
		r = got;
	else
		r = make_absolute(&w, path);
	for (int links = 0; r == 0; links++) {
		r = step(&w);
		if (r != 1)
			break;
		r = links < LINKS_MAX ? 0 : -ELOOP;
	}
	if (r == 0)
		r = read_regular(&w, max, sb);
	strbuf_release(&w.mounts);
	strbuf_release(&w.path);
	strbuf_release(&w.full);
	strbuf_release(&w.link);
	return r;
}
