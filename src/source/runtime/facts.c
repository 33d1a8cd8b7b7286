#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

/* Names on screens and in JSON are cut here; the longest a runtime allows is 253. */
#define FACT_TEXT_MAX 256
#define MAX_USERS 2000
#define MAX_ROOT 1024
#define MAX_ROOTS 64

extern const struct runtime_ops runtime_docker, runtime_podman, runtime_vctop;
const struct runtime_ops *const runtime_table[] = {&runtime_docker, &runtime_podman, &runtime_vctop};
const unsigned runtime_count = ARRAY_SIZE(runtime_table);

bool runtime_is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") == n && s[n] == '\0';
}

const struct runtime_ops *runtime_of_path(const struct facts_table *t, const char *path, char id[RUNTIME_ID_MAX])
{
	const char *leaf = strrchr(path, '/');
	if (!leaf)
		return NULL;
	leaf++;
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->match(path, leaf, id))
			return runtime_table[i];
	/* --cgroup-parent leaves nothing but the id; it is a container's when some runtime's files know it. */
	const struct facts *f = runtime_is_hex(leaf, 64) ? map_get(&t->by_id, leaf) : NULL;
	if (!f)
		return NULL;
	memcpy(id, leaf, 65);
	return f->runtime;
}

void facts_set(char **field, const char *value)
{
	free(*field);
	*field = value ? text_clean(xstrndup(value, (size_t)FACT_TEXT_MAX * 4), FACT_TEXT_MAX) : NULL;
}

static void labels_free(struct facts *f)
{
	for (size_t i = 0; i < f->labels_n; i++) {
		free((void *)(uintptr_t)f->labels[i].key);
		free((void *)(uintptr_t)f->labels[i].value);
	}
	free(f->labels);
	f->labels = NULL;
	f->labels_n = 0;
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	free(f->id);
	free(f->name);
	free(f->image);
	free(f->from);
	free(f->writable);
	free(f->pidfile);
	free(f->image_id);
	free(f->store);
	labels_free(f);
	free(f);
}

struct facts *facts_put(struct facts_table *t, const char *id, const struct runtime_ops *rt)
{
	struct facts *f = map_get(&t->by_id, id);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->id = xstrdup(id);
		f->disk.bytes = metric_none(METRIC_ABSENT, "not measured yet");
		map_put(&t->by_id, id, f);
	}
	labels_free(f);
	f->runtime = rt;
	f->seen = t->refresh;
	return f;
}

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

bool facts_file_changed(struct facts_table *t, const char *path, int *ret_err)
{
	struct stat st;
	*ret_err = rootfs_stat(t->fs, path, &st);
	if (*ret_err < 0)
		return false;
	struct facts_file *f = map_get(&t->files, path);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		map_put(&t->files, path, f);
	} else if (f->mtime.tv_sec == st.st_mtim.tv_sec && f->mtime.tv_nsec == st.st_mtim.tv_nsec &&
	           f->ino == st.st_ino && f->size == st.st_size) {
		f->seen = t->refresh;
		return false;
	}
	*f = (struct facts_file){st.st_mtim, st.st_ino, st.st_size, t->refresh};
	return true;
}

/* "name:x:1000:1000:gecos:/home/name:/bin/sh": fields 0 and 5. */
static bool passwd_line(const char *line, size_t n, char *home, size_t size, char *who, size_t who_size)
{
	const char *field[7];
	size_t len[7], count = 0, from = 0;
	for (size_t i = 0; i <= n && count < 7; i++) {
		if (i == n || line[i] == ':') {
			field[count] = line + from;
			len[count++] = i - from;
			from = i + 1;
		}
	}
	if (count < 6 || len[5] < 2 || len[5] >= size || field[5][0] != '/' || len[0] == 0 || len[0] >= who_size)
		return false;
	memcpy(home, field[5] + 1, len[5] - 1);
	home[len[5] - 1] = '\0';
	memcpy(who, field[0], len[0]);
	who[len[0]] = '\0';
	/* Daemons' homes (/var/lib/x, /nonexistent, /) hold no rootless storage worth a look each refresh. */
	return strncmp(home, "home/", 5) == 0 || strncmp(home, "var/home/", 9) == 0;
}

void facts_each_home(struct facts_table *t, void (*fn)(struct facts_table *t, const char *home, const char *who))
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	fn(t, "", "root");
	if (rootfs_read(t->fs, "etc/passwd", (size_t)4 << 20, &text) < 0)
		return;
	const char *cursor = text.buf, *line;
	size_t n;
	unsigned users = 0;
	while (users < MAX_USERS && parse_line(&cursor, text.buf + text.len, &line, &n)) {
		char home[512], who[128];
		if (!passwd_line(line, n, home, sizeof(home), who, sizeof(who)))
			continue;
		users++;
		fn(t, home, who);
	}
}

void facts_learn_root(struct facts_table *t, const char *root)
{
	if (!root || root[0] != '/' || !root[1] || strlen(root) > MAX_ROOT || t->roots.live >= MAX_ROOTS ||
	    map_get(&t->roots, root + 1))
		return;
	map_put(&t->roots, root + 1, xstrdup(root + 1));
	t->due = true;
}

void facts_table_init(struct facts_table *t, struct rootfs *fs)
{
	*t = (struct facts_table){.fs = fs};
}

static void drop_unseen(struct facts_table *t)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&t->by_id, &it, &key, &v);)
		if (((struct facts *)v)->seen != t->refresh)
			facts_free(map_remove(&t->by_id, key));
	for (size_t it = 0; map_next(&t->files, &it, &key, &v);)
		if (((struct facts_file *)v)->seen != t->refresh)
			free(map_remove(&t->files, key));
	for (size_t it = 0; map_next(&t->stores, &it, &key, &v);)
		if (((struct facts_store *)v)->seen != t->refresh)
			free(map_remove(&t->stores, key));
}

void facts_denied(struct facts_table *t, const char *runtime, const char *path, bool system)
{
	if (!system) {
		t->denied_homes++;
		return;
	}
	cleanup_free char *what = xasprintf("%s: /%s", runtime, path);
	snapshot_notice(t->notices, what, "denied: containers are shown by their ids, stopped ones not at all",
	                "run vctop as root");
}

void facts_table_refresh(struct facts_table *t, struct snapshot *notices)
{
	t->refresh++;
	t->denied_homes = 0;
	t->notices = notices;
	for (unsigned i = 0; i < runtime_count; i++)
		runtime_table[i]->refresh(t);
	if (t->denied_homes)
		snapshot_notice(notices, "rootless containers", "the storage of other users may not be read",
		                "run vctop as root, or as the user who owns them");
	t->notices = NULL;
	drop_unseen(t);
}

void facts_forget_names(struct facts_table *t)
{
	void *v;
	for (size_t it = 0; map_next(&t->names, &it, NULL, &v);)
		free(v);
	map_release(&t->names);
}

void facts_table_release(struct facts_table *t)
{
	void *v;
	for (size_t it = 0; map_next(&t->by_id, &it, NULL, &v);)
		facts_free(v);
	for (size_t it = 0; map_next(&t->files, &it, NULL, &v);)
		free(v);
	for (size_t it = 0; map_next(&t->stores, &it, NULL, &v);)
		free(v);
	facts_forget_names(t);
	for (size_t it = 0; map_next(&t->roots, &it, NULL, &v);)
		free(v);
	map_release(&t->by_id);
	map_release(&t->files);
	map_release(&t->stores);
	map_release(&t->roots);
}
