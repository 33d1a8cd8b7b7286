#include "source/vmm/args.h"

#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

static bool take_off(const char *s, size_t *len, const char *end)
{
	size_t n = strlen(end);
	if (*len <= n || memcmp(s + *len - n, end, n) != 0)
		return false;
	*len -= n;
	return true;
}

/* A program replaced by an upgrade runs on as "... (deleted)"; NixOS runs ".NAME-wrapped". */
static const char *base_name(const char *path, size_t *len)
{
	(void)take_off(path, len, " (deleted)");
	const char *slash = memrchr(path, '/', *len), *name = slash ? slash + 1 : path;
	*len -= (size_t)(name - path);
	if (*len > 1 && *name == '.') {
		name++;
		--*len;
		(void)take_off(name, len, "-wrapped");
	}
	return name;
}

const char *vmm_program(const struct process *p, size_t *ret_len)
{
	*ret_len = 0;
	const char *path = p->exe ? p->exe : process_arg(p, 0);
	if (!path || p->stat.state == 'Z' || p->stat.state == 'X')
		return "";
	*ret_len = strlen(path);
	return base_name(path, ret_len);
}

bool vmm_program_is(const struct process *p, const char *name)
{
	size_t n;
	const char *have = vmm_program(p, &n);
	return n == strlen(name) && memcmp(have, name, n) == 0;
}

bool vmm_is_fork(struct rootfs *fs, const struct process *p)
{
	struct process up;
	size_t n, m;
	if (p->stat.ppid <= 1 || process_read(fs, p->stat.ppid, &up) < 0)
		return false;
	const char *mine = vmm_program(p, &n), *its = vmm_program(&up, &m);
	bool same = n && n == m && memcmp(mine, its, n) == 0 && (!process_exe(p)) == (!up.exe);
	process_release(&up);
	return same;
}

const char *vmm_option(const struct process *p, const char *option)
{
	size_t n = strlen(option);
	bool letter = n == 2;
	const char *found = NULL;
	for (size_t i = 1; i < process_argc(p); i++) {
		const char *arg = process_arg(p, i);
		if (strncmp(arg, option, n) != 0)
			continue;
		if (arg[n] == '\0')
			found = i + 1 < process_argc(p) && process_arg(p, i + 1)[0] != '-' ? process_arg(p, i + 1)
			                                                                   : found;
		else if (arg[n] == '=')
			found = arg + n + 1;
		else if (letter)
			found = arg + n;
	}
	return found;
}

bool vmm_flag(const struct process *p, const char *word)
{
	for (size_t i = 1; i < process_argc(p); i++)
		if (strcmp(process_arg(p, i), word) == 0)
			return true;
	return false;
}

/* Up to the next comma that stands in no quotes or brackets. */
static size_t part_length(const char *s)
{
	unsigned depth = 0;
	bool quoted = false;
	size_t n = 0;
	for (; s[n] && (s[n] != ',' || depth || quoted); n++) {
		if (s[n] == '"')
			quoted = !quoted;
		else if (s[n] == '[')
			depth++;
		else if (s[n] == ']' && depth)
			depth--;
	}
	return n;
}

char *vmm_suboption(const char *text, const char *key)
{
	size_t key_n = key ? strlen(key) : 0, n;
	for (const char *s = text; s; s = s[n] ? s + n + 1 : NULL) {
		n = part_length(s);
		if (!key)
			return n && !memchr(s, '=', n) ? xstrndup(s, n) : NULL;
		if (n > key_n && memcmp(s, key, key_n) == 0 && s[key_n] == '=')
			return xstrndup(s + key_n + 1, n - key_n - 1);
	}
	return NULL;
}

char *vmm_text(const char *s, size_t max)
{
	if (!s || !*s)
		return NULL;
	return text_clean(xstrndup(s, max * 4), max);
}

uint64_t vmm_count_of(const char *s, uint64_t max)
{
	uint64_t v = 0;
	if (!s || !*s || parse_u64(s, strlen(s), &v) < 0)
		return 0;
	return v <= max ? v : 0;
}

bool vmm_numbered(const char *comm, const char *prefix)
{
	size_t n = strlen(prefix);
	if (strncmp(comm, prefix, n) != 0)
		return false;
	size_t digits = strspn(comm + n, "0123456789");
	return digits && !comm[n + digits];
}
