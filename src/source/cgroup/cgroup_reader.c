/* The files of one group's counters, and who the group is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/cgroup/cgroup_dirs.h"
#include "source/cgroup/cgroup_reader.h"
#include "vctop/base/parse.h"

/* NULL: not there in that version.  PSI and events are read from cgroup2 even when the controller is on v1. */
static const struct {
	enum controller controller;
	const char *v2, *v1;
	bool v2_always;
} files[] = {
        [COUNT_CPU] = {CTRL_CPUACCT, "cpu.stat", "cpuacct.usage", false},
        [COUNT_THROTTLE] = {CTRL_CPU, NULL, "cpu.stat", false},
        [COUNT_MEMORY] = {CTRL_MEMORY, "memory.current", "memory.usage_in_bytes", false},
        [COUNT_MEM_STAT] = {CTRL_MEMORY, "memory.stat", "memory.stat", false},
        [COUNT_MEM_EVENTS] = {CTRL_MEMORY, "memory.events", "memory.oom_control", false},
        [COUNT_MEM_HITS] = {CTRL_MEMORY, NULL, "memory.failcnt", false},
        [COUNT_PEAK] = {CTRL_MEMORY, "memory.peak", "memory.max_usage_in_bytes", false},
        [COUNT_SWAP] = {CTRL_MEMORY, "memory.swap.current", NULL, false},
        [COUNT_PIDS] = {CTRL_PIDS, "pids.current", "pids.current", false},
        [COUNT_IO] = {CTRL_IO, "io.stat", "blkio.throttle.io_service_bytes_recursive", false},
        [COUNT_CPU_PSI] = {CTRL_CPU, "cpu.pressure", NULL, true},
        [COUNT_MEM_PSI] = {CTRL_MEMORY, "memory.pressure", NULL, true},
        [COUNT_EVENTS] = {CTRL_MAX, "cgroup.events", NULL, true},
        [COUNT_FREEZER] = {CTRL_FREEZER, NULL, "freezer.state", false},
};
_Static_assert(ARRAY_SIZE(files) == COUNT_MAX, "a file for each counter");

static uint64_t read_incarnation(struct cgroup_tree *t, const char *path)
{
	struct stat st;
	char full[4608];
	if (!rootfs_is_live(t->fs))
		return map_hash(path); /* inodes of a captured tree mean nothing */
	(void)snprintf(full, sizeof(full), "%s%s", t->mounts.walk, path);
	return rootfs_stat(t->fs, full, &st) < 0 ? 0 : st.st_ino;
}

/* Of a group that is new here; one made anew since is found out when it is read. */
static uint64_t known_incarnation(struct cgroup_tree *t, const char *path)
{
	uint64_t inode = t->dirs ? cgroup_dirs_inode(t->dirs, path) : 0;
	return inode ? inode : read_incarnation(t, path);
}

struct cgroup_reader *cgroup_reader_new(struct cgroup_tree *t, const char *path)
{
	struct cgroup_reader *r = xcalloc(1, sizeof(*r));
	r->tree = t;
	r->path = strcmp(path, "/") == 0 ? "" : path;
	r->incarnation = known_incarnation(t, r->path);
	r->places = 1;
	return r;
}

unsigned cgroup_reader_places(const struct cgroup_reader *r)
{
	return r->places;
}

static void forget_closed(struct cgroup_reader *r)
{
	for (int i = 0; i < COUNT_MAX; i++)
		if (r->file[i].fd >= 0)
			return;
	free(r->file);
	r->file = NULL;
}

/* needed: also those that are read in every tick where nothing tells. */
static void close_files(struct cgroup_reader *r, bool needed)
{
	if (!r->file)
		return;
	for (int i = 0; i < COUNT_MAX; i++)
		if (needed || (i != COUNT_CPU && i != COUNT_MEMORY))
			kfile_close(r->tree->fs, &r->file[i]);
	forget_closed(r);
}

void cgroup_reader_close(struct cgroup_reader *r, enum counter c)
{
	kfile_close(r->tree->fs, &r->file[c]);
	forget_closed(r);
}

static struct kfile *file_of(struct cgroup_reader *r, enum counter c)
{
	if (!r->file) {
		r->file = xcalloc(COUNT_MAX, sizeof(*r->file));
		for (int i = 0; i < COUNT_MAX; i++)
			r->file[i] = (struct kfile)KFILE_INIT;
	}
	return &r->file[c];
}

void cgroup_reader_give_way(struct cgroup_reader *r)
{
	close_files(r, r->told != NULL);
}

static void forget_own_paths(struct cgroup_reader *r)
{
	for (int c = 0; r->own && c <= CTRL_MAX; c++)
		free(r->own[c]);
	free(r->own);
	r->own = NULL;
}

void cgroup_reader_free(struct cgroup_reader *r)
{
	if (!r)
		return;
	close_files(r, true);
	forget_own_paths(r);
	free(r);
}

const char *cgroup_reader_path_in(const struct cgroup_reader *r, enum controller c)
{
	return r->own && r->own[c] ? r->own[c] : cgroup_reader_path(r);
}

/*
 * On v1 each controller has a tree of its own, and a runtime that was itself in a group of one of them makes its
 * containers below that: memory:/jobs/7/web, but cpuacct:/web.  What the init process is in tells.
 */
static void find_own_paths(struct cgroup_reader *r)
{
	struct cgroup_tree *t = r->tree;
	cleanup_strbuf struct strbuf here = STRBUF_INIT, there = STRBUF_INIT, full = STRBUF_INIT;
	pid_t pid = cgroup_init_pid(t, cgroup_reader_path(r));
	r->places++;
	struct stat st;
	if (!pid || cgroup_of_pid(t, pid, &here) < 0 || strncmp(here.buf, r->path, strlen(r->path)) != 0)
		return;
	const char *below = here.buf + strlen(r->path); /* the process may be deeper in the container */
	forget_own_paths(r);
	for (int c = 0; c <= CTRL_MAX; c++) {
		const char *mount = c == CTRL_MAX ? t->mounts.v2 : t->mounts.v1[c];
		strbuf_clear(&full);
		strbuf_fmt(&full, "%s%s", mount ? mount : "", r->path);
		if (!mount || rootfs_stat(t->fs, full.buf, &st) == 0 ||
		    cgroup_of_pid_in(t, pid, (enum controller)c, &there) < 0)
			continue;
		size_t cut = strlen(below);
		if (there.len <= cut || strcmp(there.buf + there.len - cut, below) != 0)
			continue;
		r->own = r->own ? r->own : xcalloc(CTRL_MAX + 1, sizeof(*r->own));
		r->own[c] = xstrndup(there.buf, there.len - cut);
	}
}

const char *cgroup_reader_path(const struct cgroup_reader *r)
{
	return *r->path ? r->path : "/";
}

uint64_t cgroup_reader_incarnation(const struct cgroup_reader *r)
{
	return r->incarnation;
}

ssize_t cgroup_reader_read(struct cgroup_reader *r, enum counter c, char *buf, size_t size)
{
	if (r->lacks & 1U << c)
		return -ENOENT;
	struct kfile *k = file_of(r, c);
	if (kfile_is_kept(r->tree->fs, k))
		return kfile_read(r->tree->fs, k, "", buf, size);
	const struct mounts *m = &r->tree->mounts;
	const char *mount = NULL, *name = files[c].v2;
	if (files[c].v2_always) {
		mount = m->v2;
	} else if (m->v1[files[c].controller]) {
		mount = m->v1[files[c].controller];
		name = c == COUNT_IO && r->tree->blkio.file ? r->tree->blkio.file : files[c].v1;
	} else if (m->on_v2[files[c].controller]) {
		mount = m->v2;
	}
	if (!mount || !name)
		return -ENOENT;
	char full[4608];
	const char *own = r->own ? r->own[mount == m->v2 ? CTRL_MAX : files[c].controller] : NULL;
	int n = snprintf(full, sizeof(full), "%s%s/%s", mount, own ? own : r->path, name);
	if (n < 0 || (size_t)n >= sizeof(full))
		return -ENAMETOOLONG;
	ssize_t res = kfile_read(r->tree->fs, k, full, buf, size);
	/* Of one that is being made or at work the next tick may find more. */
	if (res == -ENOENT && r->quiet)
		r->lacks |= (uint16_t)(1U << c);
	return res;
}

void cgroup_reader_identify(struct cgroup_reader *r)
{
	r->incarnation = read_incarnation(r->tree, r->path);
}

void cgroup_reader_reopen(struct cgroup_reader *r)
{
	close_files(r, true);
	r->lacks = 0;
	cgroup_tree_forget(r->tree, r->path);
	cgroup_reader_identify(r);
	if (r->tree->mounts.layout != CGROUP_UNIFIED)
		find_own_paths(r);
}

/* A group may lack a place in the tree that counts CPU time and still be. */
bool cgroup_reader_exists(const struct cgroup_reader *r)
{
	char full[4608];
	struct stat st;
	(void)snprintf(full, sizeof(full), "%s%s", r->tree->mounts.walk, r->path);
	return r->tree->mounts.layout != CGROUP_UNIFIED && rootfs_stat(r->tree->fs, full, &st) == 0;
}

/*
 * pids.current says at once that nobody is left.  What it counts may be zombies, which cgroup.procs leaves out; but
 * v1's also leaves out whom our pid namespace does not show.
 */
static bool has_tasks(struct cgroup_reader *r, char *buf, size_t size)
{
	uint64_t tasks;
	ssize_t n = cgroup_reader_read(r, COUNT_PIDS, buf, size);
	bool counted = n > 0 && parse_u64(buf, (size_t)n, &tasks) == 0;
	if (counted && (tasks == 0 || r->tree->pids_elsewhere))
		return tasks > 0;
	return cgroup_has_members(r->tree, r->path);
}

/* Is it frozen, and are there processes in it: of v2, from what all groups were asked or cgroup.events. */
static bool told_of_life(struct cgroup_reader *r, bool alive, char *buf, size_t size, uint64_t *ret_populated)
{
	uint64_t v;
	const struct bulk_record *told = r->tree->telling ? r->told : NULL;
	bool hybrid = r->tree->mounts.layout == CGROUP_HYBRID;
	if (told && told->life.frozen != BULK_UNKNOWN && told->life.populated != BULK_UNKNOWN) {
		r->frozen = told->life.frozen;
		*ret_populated = told->life.populated;
		return true;
	}
	if (alive && !r->seldom && hybrid)
		return false;
	ssize_t n = cgroup_reader_read(r, COUNT_EVENTS, buf, size);
	r->frozen = n > 0 && parse_flat(buf, (size_t)n, "frozen", &v) == 0 && v == 1;
	return n > 0 && parse_flat(buf, (size_t)n, "populated", ret_populated) == 0;
}

/* On its way there counts in the kernel's word, but only the file says that it has arrived. */
static bool is_frozen_v1(struct cgroup_reader *r, char *buf, size_t size)
{
	const struct bulk_record *told = r->tree->telling ? r->told : NULL;
	if (!r->tree->mounts.v1[CTRL_FREEZER] || (told && told->life.freezing == 0))
		return false;
	ssize_t n = cgroup_reader_read(r, COUNT_FREEZER, buf, size);
	return n >= 6 && memcmp(buf, "FROZEN", 6) == 0;
}

enum cgroup_life cgroup_reader_life(struct cgroup_reader *r, bool alive)
{
	char buf[512];
	uint64_t populated_by = 0;
	bool frozen = is_frozen_v1(r, buf, sizeof(buf));
	bool told = told_of_life(r, alive, buf, sizeof(buf), &populated_by);
	bool populated = alive || populated_by > 0;
	/* Only cgroup2's word that it is empty is final, and on a hybrid host its tree may not hold all. */
	if (!populated && (!told || r->tree->mounts.layout != CGROUP_UNIFIED))
		populated = has_tasks(r, buf, sizeof(buf));
	return !populated ? CGROUP_EMPTY : frozen || r->frozen ? CGROUP_FROZEN : CGROUP_POPULATED;
}
