#include "vctop/base/json_scan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/text.h"

#define DEPTH_MAX 256
#define EXACT_DIGITS 15 /* a decimal of that many digits, times a power of ten to 22, is exact in a double */

static bool fail(struct json_scan *s)
{
	s->bad = true;
	s->p = s->end;
	return false;
}

/* The next character that is no blank; 0 at the end. */
static char peek(struct json_scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n'))
		s->p++;
	return s->p < s->end ? *s->p : '\0';
}

static bool four_hex(const char *p)
{
	for (unsigned i = 0; i < 4; i++)
		if (!p[i] || !strchr("0123456789abcdefABCDEF", p[i]))
			return false;
	return true;
}

/* An escape behind its backslash, or a sequence beyond ASCII; these are rare, so they may cost. */
static bool rare(struct json_scan *s)
{
	if (*s->p != '\\') {
		size_t used;
		uint32_t cp = text_decode(s->p, (size_t)(s->end - s->p), &used);
		if (cp == 0xFFFD && used == 1)
			return fail(s);
		s->p += used;
		return true;
	}
	if (s->end - s->p < 2)
		return fail(s);
	char c = s->p[1];
	if (c == 'u') { /* whether a surrogate has its pair is for jansson to say: such a line is read by it */
		if (s->end - s->p < 6 || !four_hex(s->p + 2) || s->p[2] == 'd' || s->p[2] == 'D' ||
		    memcmp(s->p + 2, "0000", 4) == 0)
			return fail(s);
		s->p += 6;
		return true;
	}
	if (!c || !strchr("\"\\/bfnrt", c))
		return fail(s);
	s->p += 2;
	return true;
}

/* Eight characters none of which ends or interrupts a string: no quote, backslash, control or anything beyond ASCII. */
static bool plain8(const char *p)
{
	const uint64_t ones = 0x0101010101010101U, high = 0x8080808080808080U;
	uint64_t v, quote, slash;
	memcpy(&v, p, sizeof(v));
	quote = v ^ (ones * '"');
	slash = v ^ (ones * '\\');
	return !((((v - ones * 0x20) | (quote - ones) | (slash - ones)) | v) & high);
}

/* From behind the opening quote to behind the closing one. */
static bool string(struct json_scan *s)
{
	const char *p = s->p, *end = s->end;
	for (;;) {
		while (end - p >= 8 && plain8(p))
			p += 8;
		while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
			p++;
		s->p = p;
		if (p == end)
			return fail(s);
		if (*p == '"') {
			s->p++;
			return true;
		}
		if ((unsigned char)*p < 0x20 || !rare(s))
			return fail(s);
		p = s->p;
	}
}

static bool word(struct json_scan *s, const char *w)
{
	size_t n = strlen(w);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, w, n) != 0)
		return false;
	s->p += n;
	return true;
}

static bool is_digit(const struct json_scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* One or more; the first EXACT_DIGITS+ significant ones go into m. */
static unsigned digits(struct json_scan *s, uint64_t *m, unsigned *significant)
{
	unsigned n = 0;
	for (; is_digit(s); s->p++, n++) {
		if (*significant < 18) {
			*m = *m * 10 + (uint64_t)(*s->p - '0');
			*significant += *m != 0;
		} else {
			*significant = 19; /* too many to be exact */
		}
	}
	return n;
}

/* By strtod: what is long or has an exponent. */
static bool slow_number(struct json_scan *s, const char *from, double *ret)
{
	char buf[64];
	size_t n = (size_t)(s->p - from);
	if (n >= sizeof(buf))
		return fail(s);
	memcpy(buf, from, n);
	buf[n] = '\0';
	*ret = strtod(buf, NULL);
	return isfinite(*ret) || fail(s);
}

static bool number(struct json_scan *s, double *ret)
{
	static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10,
	                              1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21};
	const char *from = s->p;
	uint64_t m = 0;
	unsigned significant = 0, after = 0;
	bool minus = *s->p == '-', zero;
	s->p += minus;
	zero = s->p < s->end && *s->p == '0';
	unsigned before = digits(s, &m, &significant);
	if (before == 0 || (zero && before > 1))
		return fail(s);
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		after = digits(s, &m, &significant);
		if (!after)
			return fail(s);
	}
	bool exponent = s->p < s->end && (*s->p == 'e' || *s->p == 'E');
	if (exponent) {
		uint64_t ignored = 0;
		unsigned n = 0;
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!digits(s, &ignored, &n))
			return fail(s);
	}
	if (exponent || significant > EXACT_DIGITS || after >= sizeof(tens) / sizeof(tens[0]))
		return slow_number(s, from, ret);
	*ret = (double)m / tens[after] * (minus ? -1 : 1);
	return true;
}

bool json_scan_open(struct json_scan *s, char bracket)
{
	if (s->bad || peek(s) != bracket)
		return false;
	s->p++;
	return true;
}

/* Behind the opening bracket or behind a value: is there another one? */
static bool more(struct json_scan *s, char open, char close)
{
	if (s->bad)
		return false;
	char c = peek(s);
	const char *before = s->p - 1;
	if (c == close) {
		s->p++;
		return false;
	}
	/* The first comes without a comma, the others with one. */
	while (*before == ' ' || *before == '\t' || *before == '\r' || *before == '\n')
		before--;
	if ((c == ',') == (*before == open))
		return fail(s);
	s->p += c == ',';
	return true;
}

bool json_scan_key(struct json_scan *s, const char **ret, size_t *ret_len)
{
	if (!more(s, '{', '}'))
		return false;
	if (peek(s) != '"')
		return fail(s);
	*ret = ++s->p;
	if (!string(s))
		return false;
	*ret_len = (size_t)(s->p - 1 - *ret);
	if (peek(s) != ':')
		return fail(s);
	s->p++;
	return true;
}

bool json_scan_item(struct json_scan *s)
{
	return more(s, '[', ']');
}

bool json_scan_number(struct json_scan *s, double *ret)
{
	char c = s->bad ? '\0' : peek(s);
	return (c == '-' || (c >= '0' && c <= '9')) && number(s, ret);
}

bool json_scan_null(struct json_scan *s)
{
	return !s->bad && peek(s) == 'n' && word(s, "null");
}

bool json_scan_bool(struct json_scan *s, bool *ret)
{
	if (s->bad)
		return false;
	(void)peek(s);
	*ret = word(s, "true");
	return *ret || word(s, "false");
}

bool json_scan_text(struct json_scan *s, const char **ret, size_t *ret_len)
{
	if (s->bad || peek(s) != '"')
		return false;
	*ret = ++s->p;
	if (!string(s))
		return false;
	*ret_len = (size_t)(s->p - 1 - *ret);
	return true;
}

/* A value that is no object or array. */
static bool skip_scalar(struct json_scan *s)
{
	const char *text;
	size_t n;
	double d;
	bool b;
	return json_scan_text(s, &text, &n) || json_scan_number(s, &d) || json_scan_null(s) || json_scan_bool(s, &b) ||
	       fail(s);
}

bool json_scan_skip(struct json_scan *s)
{
	bool object[DEPTH_MAX];
	unsigned depth = 0;
	const char *key;
	size_t n;
	do {
		/* At a value. */
		char c = s->bad ? '\0' : peek(s);
		if (c == '{' || c == '[') {
			if (depth == DEPTH_MAX)
				return fail(s);
			object[depth++] = c == '{';
			s->p++;
		} else if (!skip_scalar(s)) {
			return false;
		}
		/* On to the next value, out of what ends here. */
		while (depth && !(object[depth - 1] ? json_scan_key(s, &key, &n) : json_scan_item(s)))
			depth--;
	} while (depth && !s->bad);
	return !s->bad;
}

bool json_scan_end(struct json_scan *s)
{
	(void)peek(s);
	return !s->bad && s->p == s->end;
}
