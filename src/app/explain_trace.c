/* What was read for one instance, and which of it belongs to a field. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/explain.h"
#include "vctop/base/parse.h"

#define MAX_KERNEL_TEXT ((size_t)64 * 1024)
#define MAX_FILE_TEXT ((size_t)8 << 20)
#define CITATIONS_MAX 256U
#define SEPARATORS " ,;()|"

/* ---- collecting ---- */

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* Is `dir` (n characters, "" or "/a/b") the instance's group or one above it? */
static bool leads_to(const struct explain *x, const char *dir, size_t n)
{
	return n <= strlen(x->cgroup) && strncmp(dir, x->cgroup, n) == 0 && (x->cgroup[n] == '/' || !x->cgroup[n]);
}

/* sys/fs/cgroup/<levels>/file of one hierarchy, or sys/fs/cgroup/<hierarchy>/<levels>/file. */
static bool is_level(const struct explain *x, const char *path)
{
	static const char mount[] = "sys/fs/cgroup";
	const char *file = strrchr(path, '/');
	if (!x->cgroup || !file || !starts(path, mount))
		return false;
	const char *dir = path + sizeof(mount) - 1, *below = *dir ? strchr(dir + 1, '/') : NULL;
	return leads_to(x, dir, (size_t)(file - dir)) ||
	       (below && below <= file && leads_to(x, below, (size_t)(file - below)));
}

/* The process in "proc/123/..."; 0: no such path. */
static pid_t process_of(const char *path, const char **ret_rest)
{
	uint64_t pid;
	size_t n = starts(path, "proc/") ? strspn(path + 5, "0123456789") : 0;
	if (!n || path[5 + n] != '/' || parse_u64(path + 5, n, &pid) < 0 || pid > INT32_MAX)
		return 0;
	*ret_rest = path + 5 + n;
	return (pid_t)pid;
}

/* A path of its runtime has its id, or name, as a word. */
static bool has_word(const char *path, const char *word)
{
	size_t n = word ? strlen(word) : 0;
	for (const char *at = path; n && (at = strstr(at, word)); at++)
		if ((at == path || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
			return true;
	return false;
}

static bool is_ours(const struct explain *x, const char *path)
{
	const char *rest;
	pid_t pid = process_of(path, &rest);
	if (pid)
		return pid == 1 || pid == x->pid || pid == x->monitor;
	return is_level(x, path) || has_word(path, x->runtime_id);
}

static char *copy_text(const char *path, const char *text, size_t n)
{
	size_t max = starts(path, "proc/") || starts(path, "sys/") ? MAX_KERNEL_TEXT : MAX_FILE_TEXT;
	size_t len = n < max ? n : max;
	char *copy = xmalloc(len + 1);
	for (size_t i = 0; i < len; i++) /* argument vectors are separated by NULs */
		copy[i] = text[i] ? text[i] : ' ';
	copy[len] = '\0';
	return copy;
}

void explain_read(void *data, const char *path, const char *text, ssize_t n)
{
	struct explain *x = data;
	if (!x->id)
		return;
	struct reading *r = map_get(&x->readings, path);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		map_put(&x->readings, path, r);
		if (is_ours(x, path))
			vec_push(&x->ours, xstrdup(path));
	}
	r->error = n < 0 ? (int)-n : 0;
	free(r->text[x->tick]);
	r->text[x->tick] = n >= 0 ? copy_text(path, text, (size_t)n) : NULL;
}

static void citations_clear(struct citations *all)
{
	for (size_t i = 0; i < all->v.n; i++) {
		free(all->v.v[i].path);
		free(all->v.v[i].text);
	}
	all->v.n = 0;
}

void explain_cite(void *data, const char *instance, const char *field, const char *path, const char *text)
{
	struct explain *x = data;
	if (!x->id || strcmp(instance, x->id) != 0)
		return;
	struct citations *all = map_get(&x->citations, field);
	if (!all) {
		all = xcalloc(1, sizeof(*all));
		map_put(&x->citations, field, all);
	}
	if (all->tick != x->tick) /* said again in the second tick, it takes the place of the first */
		citations_clear(all);
	all->tick = x->tick;
	if (all->v.n < CITATIONS_MAX)
		vec_push(&all->v, ((struct citation){xstrdup(path), text ? xstrdup(text) : NULL}));
}

void explain_watch(struct explain *x, const struct row *r)
{
	const char *colon = strchr(r->inst->id, ':');
	const struct metric monitor = r->background->supervisor.monitor_pid;
	x->cgroup = r->inst->cgroup ? xstrdup(r->inst->cgroup) : NULL;
	x->runtime_id = r->inst->kind == INSTANCE_CONTAINER && colon ? xstrdup(colon + 1) : NULL;
	x->pid = r->inst->pid;
	x->monitor = metric_is_ok(monitor) ? (pid_t)monitor.v : 0;
	x->id = xstrdup(r->inst->id);
}

void explain_release(struct explain *x)
{
	void *v;
	for (size_t it = 0; map_next(&x->readings, &it, NULL, &v); free(v)) {
		free(((struct reading *)v)->text[0]);
		free(((struct reading *)v)->text[1]);
	}
	map_release(&x->readings);
	for (size_t it = 0; map_next(&x->citations, &it, NULL, &v); free(v)) {
		citations_clear(v);
		vec_free(&((struct citations *)v)->v);
	}
	map_release(&x->citations);
	for (size_t i = 0; i < x->ours.n; i++)
		free((void *)(uintptr_t)x->ours.v[i]);
	vec_free(&x->ours);
	free(x->id);
	free(x->cgroup);
	free(x->runtime_id);
}

static bool holds(const struct reading *r, const char *value)
{
	for (int i = 0; r && i < 2; i++)
		if (r->text[i] && strstr(r->text[i], value))
			return true;
	return false;
}

const char *explain_file_with(const struct explain *x, const char *path, const char *value)
{
	const char *key, *found = NULL;
	void *v;
	if (holds(map_get(&x->readings, path), value))
		return path;
	for (size_t it = 0; map_next(&x->readings, &it, &key, &v);)
		if (!starts(key, "proc/") && !starts(key, "sys/") && holds(v, value) &&
		    (!found || strcmp(key, found) < 0))
			found = key;
	return found;
}

/* ---- which file belongs to which field ---- */

/* "proc/812/task/815/schedstat" is what a source calls "/proc/PID/task/TID/schedstat"; others match by file name. */
static bool names_file(const struct explain *x, const char *token, size_t n, const char *path)
{
	char general[256];
	const char *base = strrchr(path, '/'), *rest;
	pid_t pid = process_of(path, &rest);
	base = base ? base + 1 : path;
	if (!pid)
		return strlen(base) == n && memcmp(base, token, n) == 0;
	size_t out = (size_t)snprintf(general, sizeof(general), "/proc/%s",
	                              pid == x->pid       ? "PID"
	                              : pid == x->monitor ? "MONITOR"
	                                                  : "1");
	while (*rest && out + 8 < sizeof(general)) {
		size_t part = strcspn(rest + 1, "/");
		bool number = part && strspn(rest + 1, "0123456789") == part;
		int w = snprintf(general + out, sizeof(general) - out, "/%.*s", number ? 3 : (int)part,
		                 number ? "TID" : rest + 1);
		out += w > 0 ? (size_t)w : 0;
		rest += 1 + part;
	}
	return strlen(general) == n && memcmp(general, token, n) == 0;
}

bool explain_names_line(const char *source, const char *line, size_t n)
{
	/* A key of JSON on a line of its own is quoted and indented. */
	while (n && strchr(" \t{\"", *line) && *line) {
		line++;
		n--;
	}
	for (const char *s = source; *s; s += strspn(s, SEPARATORS)) {
		size_t t = strcspn(s, SEPARATORS);
		if (t && t < n &&
		    ((memcmp(s, line, t) == 0 && strchr(" :\"", line[t]) && line[t]) ||
		     (s[t - 1] == '=' && memmem(line, n, s, t))))
			return true;
		s += t;
	}
	return false;
}

/* "nr_periods 3" */
static bool is_keyed(const char *line, size_t n)
{
	const char *w;
	size_t len;
	uint64_t number;
	return parse_word(line, n, 1, &w, &len) && parse_u64(w, len, &number) == 0 && w + len == line + n;
}

/* v1 and v2 have files of one name: a cpu.stat without usage_usec had no part in a number made of usage_usec. */
static bool took_part(const char *source, const char *path, const struct reading *r)
{
	const char *text = r->text[1] ? r->text[1] : r->text[0], *line;
	size_t n, lines = 0;
	if (!text || !starts(path, "sys/fs/cgroup"))
		return true;
	const char *cursor = text, *end = text + strlen(text);
	while (parse_line(&cursor, end, &line, &n)) {
		lines++;
		if (explain_names_line(source, line, n) || !is_keyed(line, n))
			return true;
	}
	return lines <= 1;
}

bool explain_names(const struct explain *x, const char *source, const char *path)
{
	for (const char *s = source; *s; s += strspn(s, SEPARATORS)) {
		size_t n = strcspn(s, SEPARATORS);
		if (n && names_file(x, s, n, path))
			return took_part(source, path, map_get(&x->readings, path));
		s += n;
	}
	return false;
}

char *explain_source(const char *source, enum instance_kind kind)
{
	const char *mark = kind == INSTANCE_VM ? "VM: " : "container: ",
	           *other = kind == INSTANCE_VM ? "container: " : "VM: ";
	bool marked = strstr(source, mark) != NULL;
	struct strbuf sb = STRBUF_INIT;
	for (const char *s = source; *s;) {
		size_t n = strcspn(s, ";");
		bool mine = starts(s, mark), others = starts(s, other);
		if (mine || (!others && !marked)) {
			size_t skip = mine ? strlen(mark) : 0;
			strbuf_str(&sb, sb.len ? "; " : "");
			strbuf_add(&sb, s + skip, n - skip);
		}
		s += n;
		s += strspn(s, "; ");
	}
	return strbuf_detach(&sb);
}
