#include "lab/remains.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <mntent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"

#define MAX_FDS 32

void story_data_dir(const char *name, char ret[96])
{
	(void)snprintf(ret, 96, STORY_DATA "%.40s", name);
}

void story_run_dir(const struct reg *r, const char *name, char ret[224])
{
	char leaf[48];
	sample_leaf("story", name, leaf);
	(void)snprintf(ret, 224, "%s/%s", r->path, leaf);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The last mounted first, so that none lies on another. */
static void unmount_below(const char *dir)
{
	VEC(char *) points = {0};
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char text[8192];
	while (f && getmntent_r(f, &entry, text, sizeof(text)))
		if (is_below(entry.mnt_dir, dir))
			vec_push(&points, xstrdup(entry.mnt_dir));
	if (f)
		(void)endmntent(f);
	for (size_t i = points.n; i-- > 0;) {
		(void)umount2(points.v[i], MNT_DETACH | UMOUNT_NOFOLLOW);
		free(points.v[i]);
	}
	vec_free(&points);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	(void)remove(path); /* what stays keeps its directory, and that is told */
	return 0;
}

int remains_remove_tree(const char *dir, struct error *err)
{
	struct stat st;
	if (lstat(dir, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return error_set(err, EPERM, "%s: belongs to somebody else", dir);
	(void)nftw(dir, remove_entry, MAX_FDS, FTW_DEPTH | FTW_MOUNT | FTW_PHYS);
	return lstat(dir, &st) < 0 ? 0 : error_set(err, EBUSY, "%s: cannot be removed", dir);
}

/* containerd's shims listen in one place for all containerds of a host; the bundle says where. */
static void remove_shim_sockets(const char *run)
{
	static const char place[] = "unix:///run/containerd/s/";
	cleanup_free char *pattern =
	        xasprintf("%s/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/*/address", run);
	glob_t g = {0};
	(void)glob(pattern, GLOB_NOSORT, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char text[256] = "";
		cleanup_close int fd = open(g.gl_pathv[i], O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
		const char *hash = text + sizeof(place) - 1;
		if (n == (ssize_t)sizeof(place) - 1 + 64 && strncmp(text, place, sizeof(place) - 1) == 0 &&
		    strspn(hash, "0123456789abcdef") == 64)
			(void)unlink(text + strlen("unix://"));
	}
	globfree(&g);
}

/* podman's runtime keeps the state of its containers where all containers of the host have theirs. */
static void remove_runtime_states(const char *data)
{
	static const char *const places[] = {"/run/runc", "/run/crun"};
	cleanup_free char *pattern = xasprintf("%s/*/root/*-containers/*", data);
	glob_t g = {0};
	(void)glob(pattern, GLOB_NOSORT, NULL, &g);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		const char *id = strrchr(g.gl_pathv[i], '/') + 1;
		for (size_t k = 0; k < ARRAY_SIZE(places) && strlen(id) == 64; k++) {
			cleanup_free char *state = xasprintf("%s/%s", places[k], id);
			(void)remains_remove_tree(state, NULL);
		}
	}
	globfree(&g);
}

int remains_remove(const struct reg *r, const char *name, struct error *err)
{
	char data[96], run[224];
	story_data_dir(name, data);
	story_run_dir(r, name, run);
	remove_shim_sockets(run);
	remove_runtime_states(data);
	unmount_below(run);
	unmount_below(data);
	int rc = remains_remove_tree(data, err);
	return rc < 0 ? rc : remains_remove_tree(run, err);
}
