/* The table of what files and processes say about containers: entries come, are marked seen, and go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/text.h"

/* Names on screens and in JSON are cut here; the longest a runtime allows is 253. */
#define FACT_TEXT_MAX 256
#define MAX_ROOT 1024
#define MAX_ROOTS 64
#define MAX_LABELS 64

void facts_set(char **field, const char *value)
{
	free(*field);
	*field = value && *value ? text_clean(xstrndup(value, (size_t)FACT_TEXT_MAX * 4), FACT_TEXT_MAX) : NULL;
}

void facts_label(struct facts *f, const char *key, const char *value)
{
	char *k = NULL, *v = NULL;
	if (!value || f->labels_n >= MAX_LABELS)
		return;
	if (!f->labels)
		f->labels = xcalloc(MAX_LABELS, sizeof(*f->labels));
	facts_set(&k, key);
	facts_set(&v, value);
	v = v ? v : xstrdup(""); /* a label may be there and say nothing */
	k = k ? k : xstrdup("");
	f->labels[f->labels_n++] = (struct label){k, v};
}

/* Everything a file may say; what is measured over time stays. */
static void facts_empty(struct facts_table *t, struct facts *f)
{
	for (size_t i = 0; i < f->labels_n; i++) {
		free((void *)(uintptr_t)f->labels[i].key);
		free((void *)(uintptr_t)f->labels[i].value);
	}
	free(f->labels);
	f->labels = NULL;
	f->labels_n = 0;
	if (f->cgroup && map_get(&t->by_cgroup, f->cgroup) == f)
		(void)map_remove(&t->by_cgroup, f->cgroup);
	char **const strings[] = {&f->name, &f->image, &f->from, &f->pod, &f->cgroup, &f->group, &f->pidfile};
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		free(*strings[i]);
		*strings[i] = NULL;
	}
	kfile_close(t->fs, &f->pid_stat);
	f->pid = 0;
	f->pid_start = 0;
	f->no_group = f->no_layer = f->no_image = NULL;
	f->left_out = f->group_only = f->tells_pid = false;
}

static void facts_free(struct facts_table *t, struct facts *f)
{
	if (!f)
		return;
	facts_empty(t, f);
	free(f->id);
	free(f->writable);
	free(f->image_id);
	free(f->store);
	free(f);
}

/* Ids of 64 digits are nobody else's; names get their runtime in front.  NULL: too long to be one. */
static const char *facts_key(const struct runtime_ops *rt, const char *id, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s%s%s", rt->named ? rt->name : "", rt->named ? ":" : "", id);
	return n > 0 && (size_t)n < size ? buf : NULL;
}

struct facts *facts_get(const struct facts_table *t, const struct runtime_ops *rt, const char *id)
{
	char buf[RUNTIME_ID_MAX + 64];
	const char *key = facts_key(rt, id, buf, sizeof(buf));
	return key ? map_get(&t->by_id, key) : NULL;
}

struct facts *facts_put(struct facts_table *t, const char *id, const struct runtime_ops *rt)
{
	char buf[RUNTIME_ID_MAX + 64];
	cleanup_free char *cut = xstrndup(id, RUNTIME_ID_MAX - 1);
	const char *key = facts_key(rt, cut, buf, sizeof(buf));
	struct facts *f = map_get(&t->by_id, key);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->id = xstrdup(cut);
		f->pid_stat = (struct kfile)KFILE_INIT;
		f->disk.bytes = metric_none(METRIC_ABSENT, "not measured yet");
		map_put(&t->by_id, key, f);
	}
	facts_empty(t, f);
	t->changes++;
	f->runtime = rt;
	f->seen = t->refresh;
	return f;
}

bool facts_stale(struct facts_table *t, const struct runtime_ops *rt, const char *id, const char *path)
{
	int err;
	struct facts *f = facts_get(t, rt, id);
	bool changed = facts_file_changed(t, path, &err);
	if (err < 0)
		return false;
	struct facts_file *file = map_get(&t->files, path);
	if (changed)
		file->in_vain = false;
	else if (f)
		f->seen = t->refresh;
	return changed || (!f && !file->in_vain);
}

void facts_in_vain(struct facts_table *t, const char *path)
{
	struct facts_file *file = map_get(&t->files, path);
	if (file)
		file->in_vain = true;
}

bool facts_seen_from(struct facts_table *t, const char *path)
{
	void *v;
	bool any = false;
	for (size_t it = 0; map_next(&t->by_id, &it, NULL, &v);) {
		struct facts *f = v;
		if (!f->from || strcmp(f->from, path) != 0)
			continue;
		f->seen = t->refresh;
		any = true;
	}
	return any;
}

void facts_set_pid(struct facts_table *t, struct facts *f, uint64_t pid)
{
	struct process_stat st;
	f->tells_pid = true;
	if (pid == 0 || pid > INT32_MAX)
		return;
	f->pid = (pid_t)pid;
	f->pid_start = process_read_stat(t->fs, f->pid, &st) == 0 ? st.start_ticks : 0;
}

void facts_set_cgroup(struct facts_table *t, struct facts *f, const char *path)
{
	const struct mounts *m = t->cgroups ? &t->cgroups->mounts : NULL;
	const char *const mounts[] = {m ? m->walk : NULL, m ? m->v2 : NULL};
	if (!path || path[0] != '/')
		return;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		size_t n = mounts[i] ? strlen(mounts[i]) : 0;
		if (n && strncmp(path + 1, mounts[i], n) == 0 && path[1 + n] == '/') {
			path += 1 + n;
			break;
		}
	}
	/* The root is nobody's own, nor is a path that climbs. */
	if (!path[1] || strstr(path, "/../") || strlen(path) >= 4096)
		return;
	if (f->cgroup && map_get(&t->by_cgroup, f->cgroup) == f)
		(void)map_remove(&t->by_cgroup, f->cgroup);
	free(f->cgroup);
	f->cgroup = xstrdup(path);
	t->changes++;
	map_put(&t->by_cgroup, f->cgroup, f);
}

/* An absolute path that is not among those known. */
static bool is_news(const struct map *known, const char *path)
{
	return path && path[0] == '/' && path[1] && strlen(path) <= MAX_ROOT && known->live < MAX_ROOTS &&
	       !map_get(known, path + 1);
}

void facts_learn_name(struct facts_table *t, const char *id, const char *name)
{
	const char *known = map_get(&t->names, id);
	char *clean = NULL;
	facts_set(&clean, name);
	if (!clean || (known && strcmp(known, clean) == 0)) {
		free(clean);
		return;
	}
	free(map_remove(&t->names, id));
	map_put(&t->names, id, clean);
	t->changes++;
}

void facts_learn_root(struct facts_table *t, const char *root)
{
	if (!is_news(&t->roots, root))
		return;
	map_put(&t->roots, root + 1, xstrdup(root + 1));
	t->due = true;
}

void facts_learn_containerd(struct facts_table *t, const char *state, const char *config)
{
	static char kinds[][8] = {"state", "config"};
	const char *const paths[] = {state, config};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		if (is_news(&t->containerds, paths[i])) {
			map_put(&t->containerds, paths[i] + 1, kinds[i]);
			t->due = true;
		}
}

void facts_table_init(struct facts_table *t, struct rootfs *fs, struct cgroup_tree *cgroups)
{
	*t = (struct facts_table){.fs = fs, .cgroups = cgroups};
}

static void file_free(struct facts_file *f)
{
	rootfs_names_release(&f->names);
	strbuf_release(&f->text);
	free(f);
}

static void drop_unseen(struct facts_table *t)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&t->by_id, &it, &key, &v);)
		if (((struct facts *)v)->seen != t->refresh) {
			facts_free(t, map_remove(&t->by_id, key));
			t->changes++;
		}
	for (size_t it = 0; map_next(&t->files, &it, &key, &v);)
		if (((struct facts_file *)v)->seen != t->refresh)
			file_free(map_remove(&t->files, key));
	facts_stores_drop(t, false);
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
	arena_clear(&t->scratch);
	t->notices = notices;
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->refresh)
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
	t->changes++;
}

void facts_table_release(struct facts_table *t)
{
	void *v;
	facts_stores_drop(t, true);
	arena_release(&t->scratch);
	for (size_t it = 0; map_next(&t->by_id, &it, NULL, &v);)
		facts_free(t, v);
	for (size_t it = 0; map_next(&t->files, &it, NULL, &v);)
		file_free(v);
	facts_forget_names(t);
	for (size_t it = 0; map_next(&t->roots, &it, NULL, &v);)
		free(v);
	map_release(&t->by_id);
	map_release(&t->by_cgroup);
	map_release(&t->files);
	facts_forget_sightings(t);
	map_release(&t->roots);
	map_release(&t->containerds);
}
