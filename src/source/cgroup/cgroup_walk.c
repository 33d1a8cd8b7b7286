/* Finding groups: walking the tree, and which group a process is in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/cgroup/cgroup_dirs.h"
#include "vctop/base/parse.h"
#include "vctop/source/process.h"

/* Deeper or wider than any real tree; a hostile one ends there. */
#define MAX_DEPTH 64
#define MAX_GROUPS 200000
#define MAX_INIT_CANDIDATES 64
#define WALK_USEC 1000000

struct walk {
	struct cgroup_tree *tree;
	cgroup_visit fn;
	void *data;
	unsigned left;
};

static void walk_dir(struct walk *w, struct strbuf *path, unsigned depth)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf full = STRBUF_INIT;
	strbuf_fmt(&full, "%s%s", w->tree->mounts.walk, path->buf);
	/* A directory that vanished or may not be read costs its own subtree, never the walk. */
	if (rootfs_list(w->tree->fs, full.buf, true, &names) == 0) {
		size_t len = path->len;
		for (size_t i = 0; i < names.at.n && w->left; i++) {
			w->left--;
			strbuf_fmt(path, "/%s", rootfs_name(&names, i));
			if (w->fn(w->data, path->buf) && depth < MAX_DEPTH)
				walk_dir(w, path, depth + 1);
			path->len = len;
			path->buf[len] = '\0';
		}
	}
	rootfs_names_release(&names);
}

int cgroup_walk(struct cgroup_tree *t, cgroup_visit fn, void *data)
{
	struct walk w = {t, fn, data, MAX_GROUPS};
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	if (!t->mounts.walk)
		return -ENOENT;
	if (t->dirs) {
		cgroup_dirs_walk(t->dirs, fn, data);
		return 0;
	}
	strbuf_room(&path, 4096);
	walk_dir(&w, &path, 0);
	return w.left ? 0 : -E2BIG;
}

void cgroup_count(struct cgroup_tree *t, struct strbuf *ret)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	strbuf_fmt(&path, t->mounts.layout == CGROUP_UNIFIED ? "%s/cgroup.stat" : "proc/cgroups",
	           t->mounts.v2 ? t->mounts.v2 : "");
	if (rootfs_read(t->fs, path.buf, 65536, ret) < 0)
		strbuf_clear(ret);
}

/* proc/cgroups: "memory 6 1020 1", of each controller; cgroup.stat: "nr_descendants 1020" */
size_t cgroup_count_read(const struct cgroup_tree *t, const struct strbuf *text)
{
	const char *cursor = text->buf, *line, *word;
	size_t n, len, most = 0;
	uint64_t v;
	if (t->mounts.layout == CGROUP_UNIFIED)
		return parse_flat(text->buf, text->len, "nr_descendants", &v) == 0 ? v : 0;
	while (parse_line(&cursor, text->buf + text->len, &line, &n))
		if (parse_word(line, n, 2, &word, &len) && parse_u64(word, len, &v) == 0 && v > most)
			most = v;
	return most;
}

bool cgroup_census(struct cgroup_tree *t, struct cgroup_census *since, int64_t now_usec)
{
	bool changed;
	if (!t->dirs_tried)
		t->dirs = cgroup_dirs_new(t);
	t->dirs_tried = true;
	if (t->dirs && !cgroup_dirs_update(t->dirs, now_usec)) {
		cgroup_dirs_free(t->dirs);
		t->dirs = NULL;
		since->taken = false;
	}
	if (t->dirs) {
		changed = since->changes != cgroup_dirs_changes(t->dirs);
		since->changes = cgroup_dirs_changes(t->dirs);
	} else {
		cgroup_count(t, &since->now);
		int64_t age = now_usec - since->at_usec;
		bool same = since->text.len == since->now.len &&
		            (!since->now.len || memcmp(since->text.buf, since->now.buf, since->now.len) == 0);
		changed = age >= WALK_USEC || age < 0 || !same;
		strbuf_clear(&since->text);
		strbuf_add(&since->text, since->now.buf, since->now.len);
	}
	changed = changed || !since->taken;
	since->taken = true;
	since->at_usec = changed ? now_usec : since->at_usec;
	return changed;
}

/* Somebody is in there, whom our pid namespace does not show: the kernel lists them as 0. */
#define MEMBER_UNSEEN (-1)

/* UINT64_MAX: nobody knows it. */
static uint64_t start_of(struct cgroup_tree *t, pid_t pid)
{
	struct process_stat st;
	return process_read_stat(t->fs, pid, &st) == 0 ? st.start_ticks : UINT64_MAX;
}

/*
 * The oldest of the pids listed.  Not the lowest: pids wrap, and an exec'd shell may have a lower one than init.  One
 * alone is not looked at.
 */
static pid_t oldest_pid(struct cgroup_tree *t, const struct strbuf *procs)
{
	const char *cursor = procs->buf, *line;
	size_t n;
	uint64_t pid, oldest = 0; /* 0: not looked at */
	pid_t best = 0;
	for (unsigned i = 0; i < MAX_INIT_CANDIDATES && parse_line(&cursor, procs->buf + procs->len, &line, &n); i++) {
		if (parse_u64(line, n, &pid) < 0 || pid > INT32_MAX)
			continue;
		if (best <= 0) {
			best = pid ? (pid_t)pid : MEMBER_UNSEEN;
			continue;
		}
		if (!pid)
			continue;
		oldest = oldest ? oldest : start_of(t, best);
		uint64_t start = start_of(t, (pid_t)pid);
		if (start < oldest) {
			best = (pid_t)pid;
			oldest = start;
		}
	}
	return best;
}

static pid_t init_pid(struct cgroup_tree *t, const char *path, unsigned depth)
{
	cleanup_strbuf struct strbuf full = STRBUF_INIT, text = STRBUF_INIT;
	strbuf_fmt(&full, "%s%s/cgroup.procs", t->mounts.walk, path);
	ssize_t r = rootfs_read(t->fs, full.buf, (size_t)1 << 20, &text);
	if (r < 0 && r != -EFBIG)
		strbuf_clear(&text);
	pid_t best = oldest_pid(t, &text);
	/* Not gone, not EOPNOTSUPP of a threaded group, whose members are below: what may not be read is not empty. */
	if (r == -EACCES || r == -EPERM || r == -EMFILE || r == -ENFILE)
		best = MEMBER_UNSEEN;
	/* crun and systemd put the processes in a group below the one with the limits. */
	struct rootfs_names names = {.text = STRBUF_INIT};
	full.len -= strlen("/cgroup.procs");
	full.buf[full.len] = '\0';
	if (!best && depth < MAX_DEPTH && rootfs_list(t->fs, full.buf, true, &names) == 0) {
		for (size_t i = 0; i < names.at.n && !best; i++) {
			cleanup_strbuf struct strbuf child = STRBUF_INIT;
			strbuf_fmt(&child, "%s/%s", path, rootfs_name(&names, i));
			best = init_pid(t, child.buf, depth + 1);
		}
	}
	rootfs_names_release(&names);
	return best;
}

pid_t cgroup_init_pid(struct cgroup_tree *t, const char *path)
{
	pid_t pid = t->mounts.walk ? init_pid(t, path, 0) : 0;
	return pid == MEMBER_UNSEEN ? 0 : pid;
}

bool cgroup_has_members(struct cgroup_tree *t, const char *path)
{
	return t->mounts.walk && init_pid(t, path, 0) != 0;
}

/* Is this line of proc/PID/cgroup that of a hierarchy: v2's ("0::") when c is CTRL_MAX, else the controller's on v1? */
static bool line_is_of(enum controller c, const char *controllers, size_t n)
{
	static const char *const names[] = {"cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "freezer"};
	_Static_assert(ARRAY_SIZE(names) == CTRL_MAX, "a name for each controller");
	if (c == CTRL_MAX)
		return n == 0;
	for (size_t i = 0; i < n;) {
		const char *comma = memchr(controllers + i, ',', n - i);
		size_t part = comma ? (size_t)(comma - controllers) - i : n - i;
		if (part == strlen(names[c]) && memcmp(controllers + i, names[c], part) == 0)
			return true;
		i += part + 1;
	}
	return false;
}

int cgroup_of_pid_in(struct cgroup_tree *t, pid_t pid, enum controller c, struct strbuf *ret)
{
	char path[64];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/cgroup", (int)pid);
	ssize_t r = rootfs_read(t->fs, path, 65536, &text);
	if (r < 0)
		return (int)r;
	const char *cursor = text.buf, *line;
	size_t n;
	while (parse_line(&cursor, text.buf + text.len, &line, &n)) {
		const char *first = memchr(line, ':', n);
		const char *second = first ? memchr(first + 1, ':', n - (size_t)(first + 1 - line)) : NULL;
		if (!second || !line_is_of(c, first + 1, (size_t)(second - first - 1)))
			continue;
		strbuf_clear(ret);
		strbuf_add(ret, second + 1, n - (size_t)(second + 1 - line));
		static const char deleted[] = " (deleted)";
		size_t d = sizeof(deleted) - 1;
		if (ret->len > d && strcmp(ret->buf + ret->len - d, deleted) == 0)
			ret->buf[ret->len -= d] = '\0';
		return 0;
	}
	return -ENOENT;
}

int cgroup_of_pid(struct cgroup_tree *t, pid_t pid, struct strbuf *ret)
{
	for (int c = 0; c < CTRL_MAX && t->mounts.walk != t->mounts.v2; c++)
		if (t->mounts.walk == t->mounts.v1[c])
			return cgroup_of_pid_in(t, pid, (enum controller)c, ret);
	return cgroup_of_pid_in(t, pid, CTRL_MAX, ret);
}
