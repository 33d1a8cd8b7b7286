/* What a process's status and uid_map say about its rights. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/background/isolation.h"
#include "source/hex.h"
#include "vctop/base/parse.h"

#define STATUS_MAX 16384

/* The words after "Key:"; false: this line is another's. */
static bool value_of(const char *line, size_t n, const char *key, struct slice *ret)
{
	size_t len = strlen(key);
	if (n <= len || memcmp(line, key, len) != 0 || line[len] != ':')
		return false;
	ret->at = line + len + 1;
	ret->n = n - len - 1;
	return true;
}

static bool number_of(struct slice v, unsigned word, uint64_t *ret)
{
	const char *w;
	size_t n;
	return parse_word(v.at, v.n, word, &w, &n) && parse_u64(w, n, ret) == 0;
}

static bool hex_of(struct slice v, uint64_t *ret)
{
	const char *w;
	size_t n;
	return parse_word(v.at, v.n, 0, &w, &n) && n > 0 && hex_digits(w, n, ret) == n;
}

static void status_line(const char *line, size_t n, struct status_facts *f, bool *eff)
{
	struct slice v;
	uint64_t num;
	const char *w;
	size_t len;
	if (value_of(line, n, "Uid", &v)) {
		f->has_uid = number_of(v, 1, &f->uid);
	} else if (value_of(line, n, "PPid", &v)) {
		if (number_of(v, 0, &num) && num <= INT32_MAX)
			f->ppid = (pid_t)num;
	} else if (value_of(line, n, "NSpid", &v)) {
		while (f->pid_levels < 32 && parse_word(v.at, v.n, f->pid_levels, &w, &len))
			f->pid_levels++;
	} else if (value_of(line, n, "CapEff", &v)) {
		*eff = hex_of(v, &f->cap_eff);
	} else if (value_of(line, n, "CapBnd", &v)) {
		f->has_caps = *eff && hex_of(v, &f->cap_bnd);
	} else if (value_of(line, n, "NoNewPrivs", &v)) {
		if (number_of(v, 0, &num) && num <= 1)
			f->no_new_privs = (int)num;
	} else if (value_of(line, n, "Seccomp", &v)) {
		if (number_of(v, 0, &num) && num <= 2)
			f->seccomp = (int)num;
	}
}

void status_parse(const char *buf, size_t len, struct status_facts *ret)
{
	const char *cursor = buf, *line;
	size_t n;
	bool eff = false;
	*ret = (struct status_facts){.seccomp = -1, .no_new_privs = -1};
	while (parse_line(&cursor, buf + len, &line, &n))
		status_line(line, n, ret, &eff);
}

int status_read(struct rootfs *fs, pid_t pid, struct status_facts *ret)
{
	char path[64], buf[STATUS_MAX];
	struct kfile once = KFILE_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/status", (int)pid);
	ssize_t n = kfile_read(fs, &once, path, buf, sizeof(buf));
	kfile_close(fs, &once);
	if (n < 0)
		return (int)n;
	status_parse(buf, (size_t)n, ret);
	return 0;
}

void uid_map_parse(const char *buf, size_t len, struct uid_map *ret)
{
	const char *cursor = buf, *line;
	size_t n;
	*ret = (struct uid_map){0};
	while (parse_line(&cursor, buf + len, &line, &n)) {
		struct slice v = {line, n};
		uint64_t in, out, count;
		if (!number_of(v, 0, &in) || !number_of(v, 1, &out) || !number_of(v, 2, &count) || count == 0)
			continue;
		ret->known = true;
		ret->identity = in == 0 && out == 0 && count == UINT32_MAX;
		if (in == 0) {
			ret->has_root = true;
			ret->root = out;
			ret->root_count = count;
		}
	}
}
