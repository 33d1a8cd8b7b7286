#include "source/background/mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/parse.h"

bool slice_is(struct slice s, const char *text)
{
	return strlen(text) == s.n && memcmp(s.at, text, s.n) == 0;
}

bool slice_has_option(struct slice options, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < options.n;) {
		const char *comma = memchr(options.at + i, ',', options.n - i);
		size_t part = comma ? (size_t)(comma - options.at) - i : options.n - i;
		if (part == len && memcmp(options.at + i, name, len) == 0)
			return true;
		i += part + 1;
	}
	return false;
}

struct slice mountinfo_upper(const struct mountinfo_line *m)
{
	static const char upper[] = "upperdir=";
	const char *at = memmem(m->super.at, m->super.n, upper, sizeof(upper) - 1), *end = m->super.at + m->super.n;
	const char *from = at ? at + sizeof(upper) - 1 : end, *comma = memchr(from, ',', (size_t)(end - from));
	return (struct slice){from, (size_t)((comma ? comma : end) - from)};
}

bool mountinfo_parse(const char *line, size_t n, struct mountinfo_line *ret)
{
	struct slice id = {0};
	const char *sep = memmem(line, n, " - ", 3);
	if (!sep)
		return false;
	size_t head = (size_t)(sep - line), tail = n - head - 3;
	ret->text = (struct slice){line, n};
	return parse_word(line, head, 0, &id.at, &id.n) && parse_u64(id.at, id.n, &ret->id) == 0 &&
	       parse_word(line, head, 2, &ret->dev.at, &ret->dev.n) &&
	       parse_word(line, head, 3, &ret->root.at, &ret->root.n) &&
	       parse_word(line, head, 4, &ret->point.at, &ret->point.n) &&
	       parse_word(line, head, 5, &ret->options.at, &ret->options.n) &&
	       parse_word(sep + 3, tail, 0, &ret->type.at, &ret->type.n) &&
	       parse_word(sep + 3, tail, 2, &ret->super.at, &ret->super.n);
}

static const struct {
	const char *name;
	bool harmless_ro;
} sensitive[] = {
        {"/", false},
        {"/etc", false},
        {"/root", false},
        {"/home", false},
        {"/boot", false},
        {"/usr", true},
        {"/run", false},
        {"/var", false},
        {"/var/lib", false},
        {"/var/lib/docker", false},
        {"/var/lib/containers", false},
        {"/var/lib/containerd", false},
        {"/var/lib/kubelet", false},
        {"/proc", false},
        {"/sys", false},
        {"/dev", false},
};

/* A socket that commands a runtime is the host's root, read-only or not. */
static const char *const sockets[] = {"docker.sock", "podman.sock", "containerd.sock", "crio.sock", "libvirt-sock"};

/* How much of `dir` the mount point covers: its length, or -1 when dir is not below it. */
static ssize_t covers(struct slice point, const char *dir)
{
	size_t n = point.n == 1 ? 0 : point.n; /* "/" */
	if (n > strlen(dir) || memcmp(dir, point.at, n) != 0 || (dir[n] != '\0' && dir[n] != '/'))
		return -1;
	return (ssize_t)n;
}

/* The mount that shows dir is the one with the longest point, of these the last. */
static void place_dir(struct host_dir *d, const struct mountinfo_line *m, ssize_t *best)
{
	ssize_t n = covers(m->point, d->name);
	if (n < *best || m->dev.n >= sizeof(d->dev))
		return;
	*best = n;
	memcpy(d->dev, m->dev.at, m->dev.n);
	d->dev[m->dev.n] = '\0';
	free(d->root);
	const char *rest = d->name[1] ? d->name + n : "";
	bool at_top = m->root.n == 1;
	d->root = xasprintf("%.*s%s", at_top && *rest ? 0 : (int)m->root.n, m->root.at, rest);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

void host_mounts_parse(const char *text, size_t len, struct host_mounts *ret)
{
	ssize_t best[ARRAY_SIZE(sensitive)] = {0};
	struct mountinfo_line m;
	const char *cursor = text, *line;
	size_t n;
	*ret = (struct host_mounts){.dirs_n = ARRAY_SIZE(sensitive)};
	ret->dirs = xcalloc(ret->dirs_n, sizeof(*ret->dirs));
	for (size_t i = 0; i < ret->dirs_n; i++) {
		ret->dirs[i].name = sensitive[i].name;
		ret->dirs[i].harmless_ro = sensitive[i].harmless_ro;
	}
	while (parse_line(&cursor, text + len, &line, &n)) {
		if (!mountinfo_parse(line, n, &m) || m.root.n > 4096)
			continue;
		vec_push(&ret->ids, m.id);
		for (size_t i = 0; i < ret->dirs_n; i++)
			place_dir(&ret->dirs[i], &m, &best[i]);
		if (!ret->devices && slice_is(m.type, "cgroup") && slice_has_option(m.super, "devices") &&
		    m.point.n > 1)
			ret->devices = xstrndup(m.point.at + 1, m.point.n - 1);
	}
	if (ret->ids.n)
		qsort(ret->ids.v, ret->ids.n, sizeof(*ret->ids.v), by_id);
}

void host_mounts_release(struct host_mounts *h)
{
	for (size_t i = 0; i < h->dirs_n; i++)
		free(h->dirs[i].root);
	free(h->dirs);
	free(h->devices);
	vec_free(&h->ids);
	*h = (struct host_mounts){0};
}

bool host_mounts_has(const struct host_mounts *h, uint64_t id)
{
	return h->ids.n && bsearch(&id, h->ids.v, h->ids.n, sizeof(*h->ids.v), by_id);
}

/* Appends to the list once; what does not fit is left out with a mark. */
static void give(struct mount_facts *f, const struct mountinfo_line *m, const char *name, bool ro)
{
	char item[64], *at = f->given;
	size_t have = strlen(f->given), n;
	n = (size_t)snprintf(item, sizeof(item), "%s%s", name, ro ? " (ro)" : "");
	for (; *at; at += strcspn(at, ",") + 2) {
		if (strncmp(at, item, n) == 0 && (at[n] == '\0' || at[n] == ','))
			return;
		if (!at[strcspn(at, ",")])
			break;
	}
	if (f->given_n < MOUNT_LINES)
		f->given_lines[f->given_n++] = m->text;
	if (have + n + sizeof(", ...") + 1 < sizeof(f->given))
		(void)snprintf(f->given + have, sizeof(f->given) - have, "%s%s", have ? ", " : "", item);
	else if (have && f->given[have - 1] != '.')
		(void)snprintf(f->given + have, sizeof(f->given) - have, ", ...");
}

static const char *base_name(struct slice path, size_t *ret_n)
{
	const char *slash = memrchr(path.at, '/', path.n);
	const char *base = slash ? slash + 1 : path.at;
	*ret_n = path.n - (size_t)(base - path.at);
	return base;
}

static void find_socket(struct mount_facts *f, const struct mountinfo_line *m)
{
	struct slice base;
	base.at = base_name(m->root, &base.n);
	for (size_t i = 0; i < ARRAY_SIZE(sockets); i++)
		if (slice_is(base, sockets[i]))
			give(f, m, sockets[i], false);
}

static void find_dir(struct mount_facts *f, const struct mountinfo_line *m, const struct host_mounts *host,
                     bool own_pid)
{
	bool ro = slice_has_option(m->options, "ro");
	for (size_t i = 0; i < host->dirs_n; i++) {
		const struct host_dir *d = &host->dirs[i];
		if (!d->root || !slice_is(m->dev, d->dev) || !slice_is(m->root, d->root) || (ro && d->harmless_ro))
			continue;
		/* Without namespaces of its own, /proc and /sys in their places are the host's as a matter of course.
		 */
		if (slice_is(m->type, "proc") && !own_pid && slice_is(m->point, "/proc"))
			continue;
		if (slice_is(m->type, "sysfs") && ro && slice_is(m->point, "/sys"))
			continue;
		give(f, m, d->name, ro);
		return;
	}
	if (slice_is(m->type, "devtmpfs") && m->root.n == 1)
		give(f, m, "/dev", ro);
}

static void find_mask(struct mount_facts *f, const struct mountinfo_line *m)
{
	bool ro = slice_has_option(m->options, "ro"), before = f->masked;
	if (slice_is(m->point, "/proc/kcore") || slice_is(m->point, "/proc/keys") ||
	    slice_is(m->point, "/proc/timer_list"))
		f->masked = true;
	if (ro && (slice_is(m->point, "/proc/sys") || slice_is(m->point, "/proc")))
		f->masked = true;
	if (f->masked && !before)
		f->mask_line = m->text;
}

void mount_facts_parse(const char *text, size_t len, const struct host_mounts *host, bool own_pid,
                       struct mount_facts *ret)
{
	struct mountinfo_line m;
	const char *cursor = text, *line;
	size_t n;
	*ret = (struct mount_facts){0};
	while (parse_line(&cursor, text + len, &line, &n)) {
		if (!mountinfo_parse(line, n, &m))
			continue;
		ret->any_id = m.id;
		if (slice_is(m.point, "/")) { /* the last one lies on top */
			ret->root_seen = true;
			ret->read_only_root = slice_has_option(m.options, "ro");
			ret->root_line = m.text;
		}
		find_mask(ret, &m);
		find_socket(ret, &m);
		find_dir(ret, &m, host, own_pid);
	}
}
