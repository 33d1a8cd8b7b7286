#include "vctop/base/parse.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t trimmed(const char *buf, size_t len)
{
	while (len && (is_space(buf[len - 1]) || buf[len - 1] == '\0'))
		len--;
	return len;
}

int parse_u64(const char *buf, size_t len, uint64_t *ret)
{
	uint64_t v = 0;
	len = trimmed(buf, len);
	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (buf[i] < '0' || buf[i] > '9')
			return -EINVAL;
		unsigned d = (unsigned)(buf[i] - '0');
		if (v > (UINT64_MAX - d) / 10)
			return -ERANGE;
		v = v * 10 + d;
	}
	*ret = v;
	return 0;
}

int parse_u64_or_max(const char *buf, size_t len, uint64_t *ret, bool *ret_max)
{
	if (trimmed(buf, len) == 3 && memcmp(buf, "max", 3) == 0) {
		*ret_max = true;
		return 0;
	}
	int r = parse_u64(buf, len, ret);
	if (r == 0)
		*ret_max = false;
	return r;
}

int parse_i64(const char *buf, size_t len, int64_t *ret)
{
	uint64_t v;
	bool negative = len && buf[0] == '-';
	int r = parse_u64(buf + negative, len - negative, &v);
	if (r < 0)
		return r;
	if (v > INT64_MAX)
		return -ERANGE;
	*ret = negative ? -(int64_t)v : (int64_t)v;
	return 0;
}

int parse_pid(const char *buf, size_t len, pid_t *ret)
{
	uint64_t v;
	int r = parse_u64(buf, len, &v);
	if (r < 0)
		return r;
	if (v == 0 || v > INT32_MAX)
		return -ERANGE;
	*ret = (pid_t)v;
	return 0;
}

bool parse_line(const char **cursor, const char *end, const char **ret_line, size_t *ret_len)
{
	if (*cursor >= end)
		return false;
	const char *nl = memchr(*cursor, '\n', (size_t)(end - *cursor));
	*ret_line = *cursor;
	*ret_len = (size_t)((nl ? nl : end) - *cursor);
	*cursor = nl ? nl + 1 : end;
	return true;
}

bool parse_word(const char *buf, size_t len, unsigned n, const char **ret_word, size_t *ret_len)
{
	for (size_t i = 0;;) {
		while (i < len && is_space(buf[i]))
			i++;
		size_t from = i;
		while (i < len && !is_space(buf[i]))
			i++;
		if (i == from)
			return false;
		if (n-- == 0) {
			*ret_word = buf + from;
			*ret_len = i - from;
			return true;
		}
	}
}

int parse_cpu_max(const char *buf, size_t len, double *ret_cores, bool *ret_max)
{
	const char *w;
	size_t n;
	uint64_t quota = 0, period;
	bool max = false;
	if (!parse_word(buf, len, 1, &w, &n) || parse_u64(w, n, &period) < 0 || period == 0)
		return -EINVAL;
	if (!parse_word(buf, len, 0, &w, &n) || parse_u64_or_max(w, n, &quota, &max) < 0)
		return -EINVAL;
	*ret_max = max;
	if (!max)
		*ret_cores = (double)quota / (double)period;
	return 0;
}

/* The first line whose key is followed by `sep`; the rest of that line. */
static int find_key(const char *buf, size_t len, const char *key, char sep, const char **ret, size_t *ret_len)
{
	size_t klen = strlen(key), n;
	const char *line, *cursor = buf;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (n > klen && line[klen] == sep && memcmp(line, key, klen) == 0) {
			*ret = line + klen + 1;
			*ret_len = n - klen - 1;
			return 0;
		}
	}
	return -ENOENT;
}

int parse_flat(const char *buf, size_t len, const char *key, uint64_t *ret)
{
	const char *rest;
	size_t n;
	int r = find_key(buf, len, key, ' ', &rest, &n);
	return r < 0 ? r : parse_u64(rest, n, ret);
}

void parse_flat_all(const char *buf, size_t len, const char *const keys[], size_t n, uint64_t ret[], int ret_err[])
{
	const char *line, *cursor = buf, *space;
	size_t line_len, missing = n, key_len[PARSE_KEYS];
	assert(n <= PARSE_KEYS);
	for (size_t i = 0; i < n; i++) {
		ret_err[i] = -ENOENT;
		key_len[i] = strlen(keys[i]);
	}
	while (missing && parse_line(&cursor, buf + len, &line, &line_len)) {
		if (!(space = memchr(line, ' ', line_len)))
			continue;
		size_t i = 0, klen = (size_t)(space - line);
		while (i < n && (key_len[i] != klen || memcmp(keys[i], line, klen) != 0 || ret_err[i] != -ENOENT))
			i++;
		if (i == n)
			continue;
		ret_err[i] = parse_u64(space + 1, line_len - klen - 1, &ret[i]);
		missing--;
	}
}

int parse_colon(const char *buf, size_t len, const char *key, uint64_t *ret)
{
	const char *rest, *w;
	size_t n, wn;
	uint64_t v;
	int r = find_key(buf, len, key, ':', &rest, &n);
	if (r < 0)
		return r;
	if (!parse_word(rest, n, 0, &w, &wn))
		return -EINVAL;
	r = parse_u64(w, wn, &v);
	if (r < 0)
		return r;
	if (parse_word(rest, n, 1, &w, &wn) && wn == 2 && memcmp(w, "kB", 2) == 0) {
		if (v > UINT64_MAX / 1024)
			return -ERANGE;
		v *= 1024;
	}
	*ret = v;
	return 0;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=4711" */
int parse_psi_total(const char *buf, size_t len, const char *which, uint64_t *ret_usec)
{
	static const char key[] = " total=";
	const char *rest;
	size_t n;
	int r = find_key(buf, len, which, ' ', &rest, &n);
	if (r < 0)
		return r;
	const char *at = memmem(rest - 1, n + 1, key, sizeof(key) - 1);
	if (!at)
		return -EINVAL;
	at += sizeof(key) - 1;
	size_t digits = (size_t)(rest + n - at);
	const char *more = memchr(at, ' ', digits);
	return parse_u64(at, more ? (size_t)(more - at) : digits, ret_usec);
}

int parse_cpulist(const char *buf, size_t len, unsigned *ret_count)
{
	uint64_t count = 0;
	len = trimmed(buf, len);
	for (size_t i = 0; i < len;) {
		const char *comma = memchr(buf + i, ',', len - i);
		size_t n = comma ? (size_t)(comma - buf) - i : len - i;
		const char *dash = memchr(buf + i, '-', n);
		uint64_t from, to;
		size_t first = dash ? (size_t)(dash - buf) - i : n;
		if (parse_u64(buf + i, first, &from) < 0)
			return -EINVAL;
		to = from;
		if (dash && parse_u64(dash + 1, n - first - 1, &to) < 0)
			return -EINVAL;
		if (to < from || to > 1U << 20)
			return -ERANGE;
		count += to - from + 1;
		i += n + 1;
	}
	if (count > 1U << 20)
		return -ERANGE;
	*ret_count = (unsigned)count;
	return 0;
}

int parse_io_stat(const char *buf, size_t len, uint64_t *ret_read, uint64_t *ret_write)
{
	const char *cursor = buf, *line, *w;
	size_t n, wn;
	uint64_t rd = 0, wr = 0, v;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		for (unsigned i = 1; parse_word(line, n, i, &w, &wn); i++) {
			if (wn > 7 && memcmp(w, "rbytes=", 7) == 0 && parse_u64(w + 7, wn - 7, &v) == 0)
				rd += v;
			else if (wn > 7 && memcmp(w, "wbytes=", 7) == 0 && parse_u64(w + 7, wn - 7, &v) == 0)
				wr += v;
		}
	}
	*ret_read = rd;
	*ret_write = wr;
	return 0;
}

int parse_blkio(const char *buf, size_t len, uint64_t *ret_read, uint64_t *ret_write)
{
	const char *cursor = buf, *line, *w, *num;
	size_t n, wn, nn;
	uint64_t rd = 0, wr = 0, v;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (!parse_word(line, n, 1, &w, &wn) || !parse_word(line, n, 2, &num, &nn) ||
		    parse_u64(num, nn, &v) < 0)
			continue;
		if (wn == 4 && memcmp(w, "Read", 4) == 0)
			rd += v;
		else if (wn == 5 && memcmp(w, "Write", 5) == 0)
			wr += v;
	}
	*ret_read = rd;
	*ret_write = wr;
	return 0;
}

int parse_double(const char *s, double *ret)
{
	/* Plain decimals only: strtod would also take "inf", "nan", hex and a locale's comma. */
	size_t digits = 0, dots = 0, n = strlen(s);
	double v = 0, scale = 1;
	if (n > 32)
		return -ERANGE;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.' && !dots) {
			dots = 1;
		} else if (s[i] >= '0' && s[i] <= '9') {
			digits++;
			v = v * 10 + (s[i] - '0');
			if (dots)
				scale *= 10;
		} else {
			return -EINVAL;
		}
	}
	if (!digits)
		return -EINVAL;
	*ret = v / scale;
	return 0;
}

int parse_size(const char *s, uint64_t *ret_bytes)
{
	static const char suffixes[] = "KMGTPE";
	char number[40];
	size_t n = strspn(s, "0123456789.");
	double v, unit = 1;
	if (n == 0 || n >= sizeof(number))
		return -EINVAL;
	memcpy(number, s, n);
	number[n] = '\0';
	int r = parse_double(number, &v);
	if (r < 0)
		return r;
	const char *suffix = s + n;
	if (*suffix) {
		char c = (char)(*suffix >= 'a' ? *suffix - 'a' + 'A' : *suffix);
		const char *at = strchr(suffixes, c);
		if (at && *at) {
			unit = ldexp(1.0, 10 * (int)(at - suffixes + 1));
			suffix++;
			if (*suffix == 'i')
				suffix++;
		}
		if (*suffix == 'b' || *suffix == 'B')
			suffix++;
		if (*suffix)
			return -EINVAL;
	}
	v *= unit;
	if (v >= 9007199254740992.0) /* 2^53: what a metric holds exactly */
		return -ERANGE;
	*ret_bytes = (uint64_t)v;
	return 0;
}

int parse_http_status(const char *line, size_t len)
{
	const char *word;
	uint64_t status;
	size_t n;
	if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || !parse_word(line, len, 1, &word, &n) ||
	    parse_u64(word, n, &status) < 0 || status < 100 || status > 599)
		return -EPROTO;
	return (int)status;
}

bool parse_http_length(const char *line, size_t len, uint64_t *ret)
{
	static const char key[] = "content-length:";
	size_t at = sizeof(key) - 1;
	if (len < at || strncasecmp(line, key, at) != 0)
		return false;
	while (at < len && is_space(line[at]))
		at++;
	if (parse_u64(line + at, len - at, ret) < 0)
		*ret = UINT64_MAX;
	return true;
}
