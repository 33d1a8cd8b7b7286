/* Which image stores there are, and which image of which store a container was made from; read by storage/. */
#include <stdlib.h>
#include <string.h>

#include "source/background/mountinfo.h"
#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

void facts_store_seen(struct facts_table *t, const char *root, enum store_layout layout, const struct runtime_ops *rt)
{
	struct facts_store *s = map_get(&t->stores, root);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		*s = (struct facts_store){.runtime = rt, .layout = layout};
		map_put(&t->stores, root, s);
	}
	s->seen = t->refresh;
}

void facts_stores_drop(struct facts_table *t, bool all)
{
	const char *root;
	void *v;
	for (size_t it = 0; map_next(&t->stores, &it, &root, &v);)
		if (all || ((struct facts_store *)v)->seen != t->refresh)
			free(map_remove(&t->stores, root));
	if (all)
		map_release(&t->stores);
}

static const char *known_driver(const char *driver)
{
	static const char *const drivers[] = {"overlay2", "overlay",        "overlayfs",    "vfs", "btrfs",
	                                      "zfs",      "fuse-overlayfs", "devicemapper", "aufs"};
	for (size_t i = 0; driver && i < ARRAY_SIZE(drivers); i++)
		if (strcmp(drivers[i], driver) == 0)
			return drivers[i];
	return NULL;
}

void facts_set_image(struct facts *f, const char *root, const char *driver, const char *image_id)
{
	static const char sha256[] = "sha256:";
	if (image_id && strncmp(image_id, sha256, sizeof(sha256) - 1) == 0)
		image_id += sizeof(sha256) - 1;
	free(f->store);
	free(f->image_id);
	f->store = xstrdup(root);
	f->image_id = image_id && runtime_is_hex(image_id, 64) ? xstrdup(image_id) : NULL;
	f->driver = known_driver(driver);
}

#define MAX_MOUNTINFO ((size_t)256 << 10)

/* <root>/io.containerd.snapshotter.v1.overlayfs/snapshots/N/fs, without the slash before. */
static bool is_snapshot(const char *path, size_t n, const char *root)
{
	static const char in[] = "/io.containerd.snapshotter.v1.", below[] = "/snapshots/", last[] = "/fs";
	size_t r = root ? strlen(root) : 0;
	const char *name = r && n > r && memcmp(path, root, r) == 0 ? path + r : NULL, *end = path + n;
	if (!name || (size_t)(end - name) < sizeof(in) || memcmp(name, in, sizeof(in) - 1) != 0)
		return false;
	name += sizeof(in) - 1;
	name += strspn(name, "abcdefghijklmnopqrstuvwxyz-");
	if ((size_t)(end - name) < sizeof(below) || memcmp(name, below, sizeof(below) - 1) != 0)
		return false;
	name += sizeof(below) - 1;
	name += strspn(name, "0123456789");
	return (size_t)(end - name) == sizeof(last) - 1 && memcmp(name, last, sizeof(last) - 1) == 0;
}

/*
 * Who may mount in a container may have any text in its mountinfo: only what has the form of a snapshot, in a
 * directory that belongs to a containerd here, is followed.
 */
static bool is_ours(struct facts_table *t, const struct facts *f, const char *path, size_t n)
{
	static const char *const usual[] = {"var/lib/containerd", "var/lib/rancher/k3s/agent/containerd"};
	const char *dockers = f->store ? arena_fmt(&t->scratch, "%s/containerd/daemon", f->store) : NULL;
	const char *file;
	void *kind;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (is_snapshot(path, n, usual[i]))
			return true;
	for (size_t it = 0; map_next(&t->containerds, &it, &file, &kind);) {
		const struct strbuf *text = strcmp(kind, "config") == 0 ? facts_text(t, file) : NULL;
		const char *root = text ? facts_toml_path(&t->scratch, text, "root") : NULL;
		if (is_snapshot(path, n, root))
			return true;
	}
	return is_snapshot(path, n, dockers);
}

void facts_find_layer(struct facts_table *t, struct facts *f, pid_t init)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct mountinfo_line m;
	struct slice found = {0};
	const char *cursor, *line;
	size_t n;
	char path[64];
	if (init <= 0 || f->layer_pid == init || (f->writable && !f->layer_pid))
		return;
	f->layer_pid = init;
	free(f->writable);
	f->writable = NULL;
	(void)snprintf(path, sizeof(path), "proc/%d/mountinfo", (int)init);
	if (rootfs_read(t->fs, path, MAX_MOUNTINFO, &text) <= 0)
		return;
	for (cursor = text.buf; parse_line(&cursor, text.buf + text.len, &line, &n);) {
		if (!mountinfo_parse(line, n, &m) || !slice_is(m.point, "/") || !slice_is(m.type, "overlay"))
			continue;
		found = mountinfo_upper(&m);
		bool whole = found.n && *found.at == '/';
		found = whole ? (struct slice){found.at + 1, found.n - 1} : (struct slice){0};
	}
	if (!found.n || !is_ours(t, f, found.at, found.n))
		return;
	f->writable = xstrndup(found.at, found.n);
	f->disk.at = 0;
	rootfs_cite(t->fs, "disk.writable_bytes", path, "upperdir=/%s", f->writable);
}
