/*
 * systemd-machined's register, /run/systemd/machines/NAME.  "This is private data. Do not parse": a hint for a name,
 * never evidence that something runs.
 */
#include <errno.h>
#include <string.h>

#include "source/vm/vm_names.h"
#include "source/vmm/args.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"

/* C escapes; a name needs at most \xHH, and anything else stays as it is. */
static char *value_text(const char *s, size_t n)
{
	if (n >= 2 && s[0] == '"' && s[n - 1] == '"') {
		s++;
		n -= 2;
	}
	cleanup_free char *text = xstrndup(s, n);
	return vmm_text(text, VMM_NAME_MAX);
}

static bool is_key(const char *line, size_t n, const char *key)
{
	size_t k = strlen(key);
	return n > k && memcmp(line, key, k) == 0;
}

int machined_parse(const char *buf, size_t len, struct vm_fact *ret)
{
	const char *cursor = buf, *line;
	size_t n;
	uint64_t pid = 0;
	bool vm = false;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (is_key(line, n, "NAME=") && !ret->name)
			ret->name = value_text(line + 5, n - 5);
		else if (is_key(line, n, "CLASS="))
			vm = n == 8 && memcmp(line + 6, "vm", 2) == 0;
		else if (is_key(line, n, "LEADER="))
			(void)parse_u64(line + 7, n - 7, &pid);
	}
	if (!vm || !ret->name || pid == 0 || pid > INT32_MAX)
		return -EINVAL;
	ret->pid = (pid_t)pid;
	return 0;
}
