/* The register's files come from disk: bounded, checked value by value, and never trusted for their names. */
#include "vctop/source/launched.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define REPORT_END 1024 /* bytes: some dozens of lines */
#define MAX_FILES 4096  /* samples on one host; a directory with more is not ours */

bool launched_name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
	return n > 0 && n <= 40 && name[n] == '\0' && name[0] != '-';
}

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

static bool is_id(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");
	return n >= 12 && n <= 64 && s[n] == '\0';
}

static char *word(const json_t *o, const char *key, const char *const *list)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s && one_of(s, list) ? xstrdup(s) : NULL;
}

/* A whole number within 0..max; a missing key is 0. */
static bool whole(const json_t *o, const char *key, int64_t max, int64_t *ret)
{
	const json_t *v = json_object_get(o, key);
	if (!v)
		return true;
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < 0 || n > max)
		return false;
	*ret = n;
	return true;
}

static bool process_fields(const json_t *o, const char *pid_key, const char *start_key, pid_t *ret_pid, uint64_t *ret)
{
	int64_t pid = 0, start = 0;
	if (!whole(o, pid_key, INT_MAX, &pid) || !whole(o, start_key, INT64_MAX, &start))
		return false;
	*ret_pid = (pid_t)pid;
	*ret = (uint64_t)start;
	return true;
}

static bool fill(const json_t *o, struct launched *l)
{
	static const char *const kinds[] = {"container", "vm", "process", "story", NULL};
	static const char *const backends[] = {
	        "process", "builtin", "runc",        "crun",        "podman",           "docker", "kvm",
	        "tcg",     "microvm", "microvm-tcg", "firecracker", "cloud-hypervisor", NULL};
	static const char *const workloads[] = {"idle", "cpu", "memory", "burst", NULL};
	static const char *const states[] = {"starting", "running", "stopping", NULL};
	const char *name = json_string_value(json_object_get(o, "name"));
	const json_t *ref = json_object_get(o, "ref"), *cpus = json_object_get(o, "cpus");
	const char *place = json_string_value(json_object_get(o, "place"));
	int64_t memory = 0, started = 0;

	if (!name || !launched_name_valid(name))
		return false;
	l->name = xstrdup(name);
	l->kind = word(o, "kind", kinds);
	l->backend = word(o, "backend", backends);
	l->workload = word(o, "workload", workloads);
	l->state = word(o, "state", states);
	bool single = l->kind && strcmp(l->kind, "story") != 0;
	if (!l->kind || !l->state || (single && (!l->backend || !l->workload)))
		return false;
	if (json_is_string(ref)) {
		if (!is_id(json_string_value(ref)))
			return false;
		l->ref = xstrdup(json_string_value(ref));
	}
	l->place = place ? text_clean(xstrdup(place), LAUNCHED_MAX_PLACE) : NULL;
	l->cpus = cpus ? json_number_value(cpus) : 0;
	if ((cpus && !json_is_number(cpus)) || !isfinite(l->cpus) || l->cpus < 0 || l->cpus > 1e5)
		return false;
	if (!whole(o, "memory", INT64_MAX, &memory) || !whole(o, "started_usec", INT64_MAX, &started))
		return false;
	l->memory = (uint64_t)memory;
	l->started_usec = started;
	return process_fields(o, "pid", "pid_start", &l->pid, &l->pid_start) &&
	       process_fields(o, "starter", "starter_start", &l->starter, &l->starter_start) &&
	       process_fields(o, "owner", "owner_start", &l->owner, &l->owner_start);
}

int launched_parse(const char *buf, size_t len, struct launched *ret)
{
	struct launched l = {0};
	if (len > LAUNCHED_MAX_TEXT)
		return -EINVAL;
	json_t *o = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);
	bool good = json_is_object(o) && fill(o, &l);
	json_decref(o);
	if (!good) {
		launched_clear(&l);
		return -EINVAL;
	}
	*ret = l;
	return 0;
}

void launched_clear(struct launched *l)
{
	free(l->name);
	free(l->kind);
	free(l->backend);
	free(l->workload);
	free(l->state);
	free(l->ref);
	free(l->place);
	*l = (struct launched){0};
}

void launched_release(launched_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		launched_clear(&v->v[i]);
	vec_free(v);
}

/* A file speaks for the sample it is named after and for no other. */
static bool file_is_of(const char *file, const char *name)
{
	size_t n = strlen(name);
	return strncmp(file, name, n) == 0 && strcmp(file + n, ".json") == 0;
}

int launched_list(struct rootfs *fs, launched_vec *ret)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int r = rootfs_list(fs, LAUNCHED_DIR, false, &names);
	for (size_t i = 0; r == 0 && i < names.at.n && i < MAX_FILES; i++) {
		const char *file = rootfs_name(&names, i);
		char path[sizeof(LAUNCHED_DIR) + 64];
		int n = snprintf(path, sizeof(path), LAUNCHED_DIR "/%s", file);
		if (file[0] == '.' || n < 0 || (size_t)n >= sizeof(path))
			continue;
		struct launched l;
		if (rootfs_read(fs, path, LAUNCHED_MAX_TEXT, &text) < 0 || launched_parse(text.buf, text.len, &l) < 0)
			continue;
		if (file_is_of(file, l.name))
			vec_push(ret, l);
		else
			launched_clear(&l);
	}
	rootfs_names_release(&names);
	return r == -ENOENT || r == -EACCES ? 0 : r;
}

uint64_t launched_parse_used(const char *buf, size_t len, uint64_t memory)
{
	static const char key[] = "vctop-used ";
	const char *cursor = buf, *end = buf + len, *line;
	uint64_t used = 0, v;
	size_t n;
	while (parse_line(&cursor, end, &line, &n)) {
		if (n && line[n - 1] == '\r')
			n--;
		if (n >= sizeof(key) && memcmp(line, key, sizeof(key) - 1) == 0 &&
		    parse_u64(line + sizeof(key) - 1, n - (sizeof(key) - 1), &v) == 0 && v <= memory)
			used = v;
	}
	return used;
}

uint64_t launched_guest_used(struct rootfs *fs, const struct launched *l)
{
	char path[sizeof(LAUNCHED_DIR) + 64], end[REPORT_END];
	struct stat st;
	if (strcmp(l->kind, "vm") != 0)
		return 0;
	(void)snprintf(path, sizeof(path), "run/vctop/vm-%s/report", l->name);
	cleanup_close int fd = rootfs_openat(fs, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	ssize_t n = pread(fd, end, sizeof(end), st.st_size > REPORT_END ? st.st_size - REPORT_END : 0);
	uint64_t used = n > 0 ? launched_parse_used(end, (size_t)n, l->memory) : 0;
	if (used)
		rootfs_cite(fs, "memory.guest_used_bytes", path, "vctop-used %llu", (unsigned long long)used);
	return used;
}
