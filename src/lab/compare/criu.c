#include "lab/compare/criu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define CHECK_MSEC 5000

void criu_complaint(const char *text, size_t len, char *ret, size_t size)
{
	static const char mark[] = "Error (", behind[] = "): ";
	const char *cursor = text, *line;
	size_t n;
	(void)snprintf(ret, size, "it does not say why");
	while (parse_line(&cursor, text + len, &line, &n)) {
		const char *at = memmem(line, n, mark, sizeof(mark) - 1);
		const char *what = at ? memmem(at, n - (size_t)(at - line), behind, sizeof(behind) - 1) : NULL;
		if (!what)
			continue;
		what += sizeof(behind) - 1;
		(void)snprintf(ret, size, "%.*s", (int)(n - (size_t)(what - line)), what);
		(void)text_clean(ret, size - 1);
		return;
	}
}

void criu_look(char *ret, size_t size)
{
	cleanup_free char *program = spawn_find("criu");
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	char *const argv[] = {program, (char[]){"check"}, NULL};
	char why[160];
	*ret = '\0';
	if (!program) {
		(void)snprintf(ret, size, "criu is not installed");
		return;
	}
	if (spawn_run(argv, CHECK_MSEC, NULL, &res) < 0) {
		(void)snprintf(ret, size, "criu check does not end");
	} else if (res.status != 0) {
		const struct strbuf *said = res.err.len ? &res.err : &res.out;
		criu_complaint(said->buf, said->len, why, sizeof(why));
		(void)snprintf(ret, size, "criu check: %s", why);
	}
	spawn_result_release(&res);
}
