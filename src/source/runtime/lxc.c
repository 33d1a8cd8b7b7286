/*
 * LXC and what is built on it: cgroups lxc.payload.<name> (4 and later), lxc.payload/<name> (3.1), lxc/<name> (older,
 * Proxmox); lxc.monitor and lxc.pivot are not containers.  When a group was in the way, -1, -2, ... follows the name.
 * Whether LXC, Incus or LXD made it, their files tell: <lxcpath>/<name>/config, /run/incus/<name>/lxc.conf, ...
 * /etc/pve is never read: it is a FUSE that blocks when the cluster is ill.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

extern const struct runtime_ops runtime_lxc, runtime_incus, runtime_lxd;

static bool part_is(const char *part, size_t n, const char *name)
{
	return n == strlen(name) && memcmp(part, name, n) == 0;
}

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	size_t n;
	unsigned run = 0;
	if (strncmp(leaf, "lxc.payload.", 12) == 0 && leaf[12]) {
		(void)snprintf(id, RUNTIME_ID_MAX, "%s", leaf + 12);
		return true;
	}
	const char *up = runtime_above(path, leaf, 0, &n);
	bool payload = part_is(up, n, "lxc.payload");
	/* A container may be called lxc: of lxc/lxc/x the first is the directory, the second the container. */
	while (!payload && part_is(up, n, "lxc"))
		up = runtime_above(path, leaf, ++run, &n);
	if (!payload && run % 2 == 0)
		return false;
	(void)snprintf(id, RUNTIME_ID_MAX, "%s", leaf);
	return true;
}

static const struct runtime_ops *known_as(const struct facts_table *t, const char *id)
{
	const struct runtime_ops *const all[] = {&runtime_incus, &runtime_lxd, &runtime_lxc};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (facts_get(t, all[i], id))
			return all[i];
	return NULL;
}

static const struct runtime_ops *refine(const struct facts_table *t, char id[RUNTIME_ID_MAX])
{
	const struct runtime_ops *rt = known_as(t, id);
	char base[RUNTIME_ID_MAX];
	(void)snprintf(base, sizeof(base), "%s", id);
	char *dash = strrchr(base, '-');
	if (rt || !dash || dash == base || !dash[1] || strspn(dash + 1, "0123456789") != strlen(dash + 1))
		return rt ? rt : &runtime_lxc;
	*dash = '\0';
	rt = known_as(t, base);
	if (rt)
		memcpy(id, base, sizeof(base));
	return rt ? rt : &runtime_lxc;
}

/* The value of `key = value` in a config of LXC; heap; NULL none. */
static char *config_value(const struct strbuf *text, const char *key)
{
	const char *cursor = text->buf, *line, *w;
	size_t n, wn, klen = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n)) {
		if (!parse_word(line, n, 0, &w, &wn) || wn < klen || memcmp(w, key, klen) != 0)
			continue;
		const char *end = line + n, *v = w + klen;
		while (v < end && (*v == ' ' || *v == '\t'))
			v++;
		if (v == end || *v++ != '=')
			continue;
		while (v < end && (*v == ' ' || *v == '\t'))
			v++;
		while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		if (end - v >= 2 && *v == '"' && end[-1] == '"') {
			v++;
			end--;
		}
		return xstrndup(v, (size_t)(end - v));
	}
	return NULL;
}

/* The word after -d or --dist, as lxc-create writes them down; 0: not there. */
static size_t parameter(const char *line, size_t n, const char *brief, const char *full, const char **ret)
{
	size_t got;
	for (unsigned i = 0; parse_word(line, n, i, ret, &got); i++) {
		size_t flag = part_is(*ret, got, brief) || part_is(*ret, got, full) ? 1 : 0, long_n = strlen(full);
		if (flag && parse_word(line, n, i + 1, ret, &got))
			return got;
		if (got > long_n + 1 && memcmp(*ret, full, long_n) == 0 && (*ret)[long_n] == '=') {
			*ret += long_n + 1;
			return got - long_n - 1;
		}
	}
	return 0;
}

/*
 * lxc-create leaves comments: "# Template used to create this container: /usr/share/lxc/templates/lxc-download" and
 * "# Parameters passed to the template: --dist debian --release bookworm".  "download debian/bookworm"; NULL none.
 */
static char *template_of(const struct strbuf *text)
{
	static const char used[] = "# Template used to create this container:",
	                  passed[] = "# Parameters passed to the template:";
	static const char *const flags[][2] = {{"-d", "--dist"}, {"-r", "--release"}, {"-u", "--url"}};
	struct strbuf sb = STRBUF_INIT;
	const char *cursor = text->buf, *line, *w;
	size_t n, wn;
	bool any = false;
	while (parse_line(&cursor, text->buf + text->len, &line, &n) && sb.len < 512) {
		if (n >= sizeof(used) && memcmp(line, used, sizeof(used) - 1) == 0 && !sb.len) {
			const char *slash = memrchr(line, '/', n), *name = slash ? slash + 1 : line + sizeof(used);
			size_t len = (size_t)(line + n - name), skip = len > 4 && memcmp(name, "lxc-", 4) == 0 ? 4 : 0;
			strbuf_add(&sb, name + skip, len - skip);
		} else if (n >= sizeof(passed) && memcmp(line, passed, sizeof(passed) - 1) == 0) {
			for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
				wn = parameter(line + sizeof(passed) - 1, n - sizeof(passed) + 1, flags[i][0],
				               flags[i][1], &w);
				if (!wn)
					continue;
				strbuf_char(&sb, any ? '/' : ' ');
				strbuf_add(&sb, w, wn);
				any = true;
			}
		}
	}
	return strbuf_detach(&sb);
}

static void read_config(struct facts_table *t, const char *name, const char *id, const char *path)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	if (rootfs_read(t->fs, path, (size_t)1 << 20, &text) < 0)
		return;
	struct facts *f = facts_put(t, id, &runtime_lxc);
	cleanup_free char *host = config_value(&text, "lxc.uts.name");
	/* Proxmox calls it by a number, people by its host name. */
	bool number = strspn(name, "0123456789") == strlen(name);
	facts_set(&f->name, number && host && *host ? host : name);
	facts_set(&f->from, path);
	cleanup_free char *made_by = template_of(&text);
	facts_set(&f->image, made_by);
	f->no_image = "its config does not name a template: it was not made by lxc-create";
	if (number)
		facts_label(f, "vmid", name);
}

static void scan_lxcpath(struct facts_table *t, const char *lxcpath, const char *who)
{
	int err;
	const struct rootfs_names *names = facts_list(t, lxcpath, &err);
	if (err == -EACCES)
		facts_denied(t, "lxc", lxcpath, !who);
	for (size_t i = 0; names && i < names->at.n; i++) {
		char path[4096], id[RUNTIME_ID_MAX];
		struct stat st;
		const char *name = rootfs_name(names, i);
		int n = snprintf(path, sizeof(path), "%s/%s/config", lxcpath, name);
		if (n < 0 || (size_t)n >= sizeof(path) || strlen(name) + (who ? strlen(who) : 0) + 2 > sizeof(id) ||
		    rootfs_stat(t->fs, path, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		/* A user's own container must not hide root's of the same name. */
		const struct facts *other = facts_get(t, &runtime_lxc, name);
		bool taken = who && other && other->seen == t->refresh;
		(void)snprintf(id, sizeof(id), "%s%s%s", name, taken ? "@" : "", taken ? who : "");
		if (facts_stale(t, &runtime_lxc, id, path))
			read_config(t, name, id, path);
	}
}

static void scan_home(struct facts_table *t, const char *home, const char *who)
{
	if (*home)
		scan_lxcpath(t, arena_fmt(&t->scratch, "%s/.local/share/lxc", home), who);
}

static void refresh(struct facts_table *t)
{
	const struct strbuf *conf = facts_text(t, "etc/lxc/lxc.conf");
	cleanup_free char *own = conf ? config_value(conf, "lxc.lxcpath") : NULL;
	scan_lxcpath(t, "var/lib/lxc", NULL);
	if (own && own[0] == '/' && own[1] && strcmp(own, "/var/lib/lxc") != 0)
		scan_lxcpath(t, own + 1, NULL);
	facts_each_home(t, scan_home);
}

/* Incus and LXD put a project's name before an underscore, which no instance's name has. */
static size_t title(const char *id, const char **ret)
{
	const char *mark = strrchr(id, '_');
	*ret = mark && mark[1] ? mark + 1 : id;
	return strlen(*ret);
}

/* `    image.description: Debian bookworm amd64`, as YAML writes plain and quoted text; heap; NULL none. */
static char *yaml_value(const struct strbuf *text, const char *key)
{
	const char *cursor = text->buf, *line, *w;
	size_t n, wn, klen = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n)) {
		if (!parse_word(line, n, 0, &w, &wn) || wn != klen + 1 || memcmp(w, key, klen) != 0 || w[klen] != ':')
			continue;
		const char *v = w + wn, *end = line + n;
		while (v < end && *v == ' ')
			v++;
		if (end - v >= 2 && (*v == '"' || *v == '\'') && end[-1] == *v) {
			v++;
			end--;
		}
		if (v < end)
			return xstrndup(v, (size_t)(end - v));
	}
	return NULL;
}

/* Incus and LXD keep a copy of what their database has beside each container. */
static void read_backup(struct facts_table *t, const struct runtime_ops *rt, struct facts *f)
{
	static const char *const keys[] = {"image.description", "volatile.base_image"};
	static const char *const incus[] = {"var/lib/incus/containers", NULL},
	                         *const lxd[] = {"var/snap/lxd/common/lxd/containers", "var/lib/lxd/containers", NULL};
	const struct strbuf *text = NULL;
	for (const char *const *dir = rt == &runtime_incus ? incus : lxd; *dir && !text; dir++) {
		cleanup_free char *path = xasprintf("%s/%s/backup.yaml", *dir, f->id);
		text = facts_text(t, path);
		if (text)
			facts_set(&f->from, path);
	}
	f->no_image = text ? "its backup.yaml has no image" : "its backup.yaml may not be read, or is not there";
	for (size_t i = 0; text && !f->image && i < ARRAY_SIZE(keys); i++) {
		cleanup_free char *value = yaml_value(text, keys[i]);
		facts_set(&f->image, value);
		t->changes++;
	}
}

static void put_instance(struct facts_table *t, const struct runtime_ops *rt, const char *id, const char *from)
{
	const char *name;
	(void)title(id, &name);
	struct facts *f = facts_put(t, id, rt);
	facts_set(&f->name, name);
	facts_set(&f->from, from);
	if (name > id) {
		cleanup_free char *project = xstrndup(id, (size_t)(name - id) - 1);
		facts_label(f, "project", project);
	}
	read_backup(t, rt, f);
}

/* Each container has an entry in DIR; below a run or log directory, VMs do too, but without lxc.conf. */
static void scan_instances(struct facts_table *t, const struct runtime_ops *rt, const char *dir, bool check)
{
	int err;
	const struct rootfs_names *names = facts_list(t, dir, &err);
	if (err == -EACCES)
		facts_denied(t, rt->name, dir, true);
	for (size_t i = 0; names && i < names->at.n; i++) {
		const char *id = rootfs_name(names, i);
		struct facts *f = facts_get(t, rt, id);
		struct stat st;
		char path[4096];
		int n = snprintf(path, sizeof(path), "%s/%s/lxc.conf", dir, id);
		if (n < 0 || (size_t)n >= sizeof(path) || (check && rootfs_stat(t->fs, path, &st) < 0))
			continue;
		if (f)
			f->seen = t->refresh;
		if (f && !f->image)
			read_backup(t, rt, f); /* written after the container was made */
		else if (!f)
			put_instance(t, rt, id, dir);
	}
}

static void refresh_incus(struct facts_table *t)
{
	scan_instances(t, &runtime_incus, "var/lib/incus/containers", false);
	scan_instances(t, &runtime_incus, "run/incus", true);
}

static void refresh_lxd(struct facts_table *t)
{
	scan_instances(t, &runtime_lxd, "var/lib/lxd/containers", false);
	scan_instances(t, &runtime_lxd, "var/snap/lxd/common/lxd/containers", false);
	scan_instances(t, &runtime_lxd, "var/snap/lxd/common/lxd/logs", true);
	scan_instances(t, &runtime_lxd, "var/log/lxd", true);
}

const struct runtime_ops runtime_lxc = {
        .name = "lxc", .match = match, .refresh = refresh, .named = true, .refine = refine};
const struct runtime_ops runtime_incus = {.name = "incus", .refresh = refresh_incus, .named = true, .title = title};
const struct runtime_ops runtime_lxd = {.name = "lxd", .refresh = refresh_lxd, .named = true, .title = title};
