#include "source/cgroup/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/parse.h"
#include "vctop/base/text.h"

static const char *const v1_names[] = {"cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "freezer"};
_Static_assert(ARRAY_SIZE(v1_names) == CTRL_MAX, "a v1 name for each controller");

/* Mount points are octal-escaped (\040 for a blank). Relative to the root: no leading '/'. */
static char *unescape_path(const char *s, size_t n)
{
	char *out = xmalloc(n + 1);
	size_t o = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' && i + 3 < n) {
			out[o++] = (char)(((s[i + 1] & 7) << 6) | ((s[i + 2] & 7) << 3) | (s[i + 3] & 7));
			i += 3;
		} else if (i > 0 || s[i] != '/') {
			out[o++] = s[i];
		}
	}
	out[o] = '\0';
	return out;
}

static bool has_option(const char *options, size_t n, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < n;) {
		const char *comma = memchr(options + i, ',', n - i);
		size_t part = comma ? (size_t)(comma - options) - i : n - i;
		if (part == len && memcmp(options + i, name, len) == 0)
			return true;
		i += part + 1;
	}
	return false;
}

/* "36 35 98:0 / /sys/fs/cgroup/cpu rw,... shared:1 - cgroup cgroup rw,cpu": fields 3 (root), 4 (point), after " - ". */
static void take_line(struct mounts *m, const char *line, size_t n)
{
	const char *root, *point, *type, *super;
	size_t root_n, point_n, type_n, super_n;
	const char *sep = memmem(line, n, " - ", 3);
	if (!sep)
		return;
	const char *tail = sep + 3;
	size_t tail_n = n - (size_t)(tail - line);
	if (!parse_word(line, (size_t)(sep - line), 3, &root, &root_n) ||
	    !parse_word(line, (size_t)(sep - line), 4, &point, &point_n) ||
	    !parse_word(tail, tail_n, 0, &type, &type_n) || !parse_word(tail, tail_n, 2, &super, &super_n))
		return;
	if (type_n == 7 && memcmp(type, "cgroup2", 7) == 0) {
		if (!m->v2)
			m->v2 = unescape_path(point, point_n);
		return;
	}
	if (type_n != 6 || memcmp(type, "cgroup", 6) != 0)
		return;
	for (int c = 0; c < CTRL_MAX; c++)
		if (!m->v1[c] && has_option(super, super_n, v1_names[c]))
			m->v1[c] = unescape_path(point, point_n);
}

static void read_v2_controllers(struct rootfs *fs, struct mounts *m, struct strbuf *list)
{
	static const char *const v2_names[] = {"cpu", "cpu", "cpuset", "memory", "pids", "io", ""};
	_Static_assert(ARRAY_SIZE(v2_names) == CTRL_MAX, "a v2 name for each controller");
	char path[4096];
	const char *w;
	size_t n;
	(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", m->v2);
	if (rootfs_read(fs, path, 4096, list) < 0)
		strbuf_clear(list);
	for (unsigned i = 0; parse_word(list->buf, list->len, i, &w, &n); i++)
		for (int c = 0; c < CTRL_MAX; c++)
			if (strlen(v2_names[c]) == n && memcmp(v2_names[c], w, n) == 0 && !m->v1[c])
				m->on_v2[c] = true;
	/* cpu.stat usage_usec and cgroup.freeze exist on cgroup2 whatever controllers it has. */
	m->on_v2[CTRL_CPUACCT] = !m->v1[CTRL_CPUACCT];
	m->on_v2[CTRL_FREEZER] = !m->v1[CTRL_FREEZER];
}

static void decide_layout(struct mounts *m, const char *v2_list)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned v1 = 0;
	for (int c = 0; c < CTRL_MAX; c++) {
		const char *where = m->v1[c] ? "v1" : m->on_v2[c] ? "v2" : "off";
		v1 += m->v1[c] != NULL;
		if (c != CTRL_CPUACCT && c != CTRL_FREEZER)
			strbuf_fmt(&sb, "%s%s %s", sb.len ? ", " : "", v1_names[c], where);
	}
	if (m->v2)
		strbuf_fmt(&sb, "; cgroup2 at /%s has: %s", m->v2, *v2_list ? v2_list : "no controllers");
	m->layout = v1 ? (m->v2 ? CGROUP_HYBRID : CGROUP_LEGACY) : m->v2 ? CGROUP_UNIFIED : CGROUP_NONE;
	m->evidence = text_clean(strbuf_detach(&sb), 500);
	static const enum controller order[] = {CTRL_MEMORY, CTRL_CPUACCT, CTRL_CPU, CTRL_PIDS};
	if (m->layout == CGROUP_UNIFIED)
		m->walk = m->v2;
	for (size_t i = 0; i < ARRAY_SIZE(order) && !m->walk; i++)
		m->walk = m->v1[order[i]];
	if (!m->walk)
		m->walk = m->v2;
}

int mounts_read(struct rootfs *fs, struct mounts *ret)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT, list = STRBUF_INIT;
	*ret = (struct mounts){0};
	ssize_t n = rootfs_read(fs, "proc/self/mountinfo", (size_t)8 << 20, &sb);
	if (n >= 0) {
		const char *cursor = sb.buf, *line;
		size_t len;
		while (parse_line(&cursor, sb.buf + sb.len, &line, &len))
			take_line(ret, line, len);
		if (ret->v2)
			read_v2_controllers(fs, ret, &list);
	}
	while (list.len && list.buf[list.len - 1] == '\n')
		list.buf[--list.len] = '\0';
	decide_layout(ret, list.buf);
	return n < 0 ? (int)n : 0;
}

void mounts_release(struct mounts *m)
{
	free(m->v2);
	for (int c = 0; c < CTRL_MAX; c++)
		free(m->v1[c]);
	free(m->evidence);
	*m = (struct mounts){0};
}
