/*
 * Applications in a sandbox of their own: Flatpak (app-flatpak-<app>-<pid>.scope) and Snap
 * (snap.<snap>.<app>-<uuid>.scope, snap.<snap>.<app>.service, hooks).  Flatpak's instances are in
 * $XDG_RUNTIME_DIR/.flatpak/<instance>/{info,pid}.
 */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

extern const struct runtime_ops runtime_flatpak, runtime_snap;

static bool match_flatpak(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	if (!runtime_named_leaf(leaf, "app-flatpak-", ".scope", id))
		return false;
	const char *dash = strrchr(id, '-');
	return dash && dash > id && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1);
}

/* "org.gnome.Maps-1234": without the pid. */
static size_t title_flatpak(const char *id, const char **ret)
{
	const char *dash = strrchr(id, '-');
	*ret = id;
	return dash ? (size_t)(dash - id) : strlen(id);
}

static bool is_uuid(const char *s)
{
	static const unsigned char dashes[] = {8, 13, 18, 23};
	if (strlen(s) != 36 || strspn(s, "0123456789abcdef-") != 36)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(dashes); i++)
		if (s[dashes[i]] != '-')
			return false;
	return true;
}

static bool match_snap(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	(void)path;
	if (!runtime_named_leaf(leaf, "snap.", ".service", id) && !runtime_named_leaf(leaf, "snap.", ".scope", id))
		return false;
	/* SNAP.APP at least; snapd's own helpers have no dot. */
	const char *dot = strchr(id, '.');
	return dot && dot > id && dot[1];
}

/* "firefox.firefox-<uuid>": without the uuid. */
static size_t title_snap(const char *id, const char **ret)
{
	size_t n = strlen(id);
	*ret = id;
	return n > 37 && id[n - 37] == '-' && is_uuid(id + n - 36) ? n - 37 : n;
}

/* key= of an INI file, whatever the section; heap; NULL none. */
static char *ini_value(const struct strbuf *text, const char *key)
{
	const char *cursor = text->buf, *line;
	size_t n, klen = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n))
		if (n > klen + 1 && memcmp(line, key, klen) == 0 && line[klen] == '=')
			return xstrndup(line + klen + 1, n - klen - 1);
	return NULL;
}

static void read_instance(struct facts_table *t, const char *dir, const char *instance)
{
	char path[4096];
	cleanup_strbuf struct strbuf info = STRBUF_INIT, text = STRBUF_INIT;
	uint64_t pid;
	int err;
	(void)snprintf(path, sizeof(path), "%s/.flatpak/%s/pid", dir, instance);
	if (rootfs_read(t->fs, path, 64, &text) <= 0 || parse_u64(text.buf, text.len, &pid) < 0)
		return;
	(void)snprintf(path, sizeof(path), "%s/.flatpak/%s/info", dir, instance);
	if ((!facts_file_changed(t, path, &err) && facts_seen_from(t, path)) ||
	    rootfs_read(t->fs, path, 65536, &info) <= 0)
		return;
	cleanup_free char *name = ini_value(&info, "name"), *runtime = ini_value(&info, "runtime");
	if (!name || strlen(name) + 12 > RUNTIME_ID_MAX)
		return;
	cleanup_free char *id = xasprintf("%s-%u", name, (unsigned)pid);
	struct facts *f = facts_put(t, id, &runtime_flatpak);
	facts_set(&f->name, name);
	facts_set(&f->image, runtime);
	facts_set(&f->from, path);
	facts_set_pid(t, f, pid);
	f->no_group = "no scope of its own (no systemd of the user)";
	f->group_only = true;
	facts_label(f, "flatpak.instance", instance);
}

static void scan_run_dir(struct facts_table *t, const char *dir)
{
	int err;
	const struct rootfs_names *names = facts_list(t, arena_fmt(&t->scratch, "%s/.flatpak", dir), &err);
	for (size_t i = 0; names && i < names->at.n; i++) {
		const char *instance = rootfs_name(names, i);
		if (strspn(instance, "0123456789") == strlen(instance) && strlen(instance) < 32)
			read_instance(t, dir, instance);
	}
}

static void refresh_flatpak(struct facts_table *t)
{
	facts_each_run_dir(t, scan_run_dir);
}

const struct runtime_ops runtime_flatpak = {
        .name = "flatpak", .match = match_flatpak, .refresh = refresh_flatpak, .named = true, .title = title_flatpak};
const struct runtime_ops runtime_snap = {.name = "snap", .match = match_snap, .named = true, .title = title_snap};
