#include "lab/compare/answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MAX_KEY 32
#define MAX_VALUE 160
#define MAX_FACTS 32

/* The n-th whole line that begins with prefix, without it and without a carriage return. */
static const char *find_line(const char *text, size_t len, const char *prefix, unsigned n, size_t *ret_len)
{
	const char *at = text, *end = text + len, *stop;
	size_t skip = strlen(prefix);
	for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
		size_t line = (size_t)(stop - at);
		if (line < skip || memcmp(at, prefix, skip) != 0 || n-- > 0)
			continue;
		*ret_len = line - skip;
		if (*ret_len && at[line - 1] == '\r')
			(*ret_len)--;
		return at + skip;
	}
	return NULL;
}

/* The word "key=NUMBER" of a line: finite, not negative, nothing behind the number. */
static bool number(const char *line, size_t len, const char *key, double *ret)
{
	size_t skip = strlen(key), n;
	const char *word;
	for (unsigned i = 0; i < 16 && parse_word(line, len, i, &word, &n); i++) {
		char text[40], *end;
		if (n <= skip + 1 || n - skip > sizeof(text) || memcmp(word, key, skip) != 0 || word[skip] != '=')
			continue;
		memcpy(text, word + skip + 1, n - skip - 1);
		text[n - skip - 1] = '\0';
		double v = strtod(text, &end);
		if (*end || !isfinite(v) || v < 0 || v > 1e15)
			return false;
		*ret = v;
		return true;
	}
	return false;
}

bool answers_ready(const char *text, size_t len, struct ready *ret)
{
	struct ready r = {.known = true};
	size_t n;
	const char *line = find_line(text, len, ANSWER_READY, 0, &n);
	if (!line || !number(line, n, "first", &r.first) || !number(line, n, "boot", &r.boot) ||
	    !number(line, n, "told", &r.told) || r.told < r.first)
		return false;
	*ret = r;
	return true;
}

size_t answers_done(const char *text, size_t len, enum order order)
{
	size_t n, want = strlen(order_names[order]);
	const char *line;
	for (unsigned i = 0; (line = find_line(text, len, ANSWER_DONE, i, &n)); i++)
		if (n == want && memcmp(line, order_names[order], n) == 0)
			return (size_t)(line - text) + n;
	return 0;
}

bool answers_measured(const char *text, size_t len, struct measured *ret)
{
	struct measured m;
	size_t n;
	const char *line = find_line(text, len, ANSWER_MEASURE, 0, &n);
	if (!line || !number(line, n, "work", &m.work) || !number(line, n, "syscall", &m.syscall) ||
	    !number(line, n, "switch", &m.turn) || !number(line, n, "took", &m.took) ||
	    !number(line, n, "step", &m.step))
		return false;
	*ret = m;
	return true;
}

bool answers_held(const char *text, size_t len, uint64_t *ret_bytes)
{
	size_t n;
	const char *line = find_line(text, len, ANSWER_HELD, 0, &n);
	return line && parse_u64(line, n, ret_bytes) == 0;
}

static char *cleaned(const char *from, size_t n, size_t max)
{
	char *s = xstrndup(from, n < max ? n : max);
	return text_clean(s, max);
}

bool answers_fact(const char *text, size_t len, unsigned n, char **ret_key, char **ret_value)
{
	size_t all;
	const char *line = n < MAX_FACTS ? find_line(text, len, ANSWER_FACT, n, &all) : NULL;
	if (!line)
		return false;
	const char *space = memchr(line, ' ', all);
	size_t key = space ? (size_t)(space - line) : all, from = space ? key + 1 : key;
	*ret_key = cleaned(line, key, MAX_KEY);
	*ret_value = cleaned(line + from, all - from, MAX_VALUE);
	return true;
}
