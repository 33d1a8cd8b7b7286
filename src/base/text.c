#include "vctop/base/text.h"

#include <stdbool.h>
#include <string.h>
#include <wchar.h>

#include "vctop/base/attr.h"
#include "vctop/base/strbuf.h"

#define REPLACEMENT 0xFFFDU

static unsigned sequence_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xC2 && c < 0xE0)
		return 2;
	if (c >= 0xE0 && c < 0xF0)
		return 3;
	if (c >= 0xF0 && c < 0xF5)
		return 4;
	return 0;
}

bool text_ends(const char *s, size_t n, const char *tail)
{
	size_t t = strlen(tail);
	return n >= t && memcmp(s + n - t, tail, t) == 0;
}

bool text_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

uint32_t text_decode(const char *s, size_t n, size_t *ret_used)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *u = (const unsigned char *)s;
	*ret_used = n ? 1 : 0;
	if (!n)
		return 0;
	unsigned len = sequence_length(u[0]);
	if (len == 1)
		return u[0];
	if (len == 0 || len > n)
		return REPLACEMENT;
	uint32_t cp = u[0] & (0x7FU >> len);
	for (unsigned i = 1; i < len; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return REPLACEMENT;
		cp = (cp << 6) | (u[i] & 0x3FU);
	}
	if (cp < smallest[len] || cp > 0x10FFFF || (cp >= 0xD800 && cp < 0xE000))
		return REPLACEMENT;
	*ret_used = len;
	return cp;
}

struct range {
	uint32_t from, to;
};

static bool in_ranges(uint32_t cp, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= r[i].from && cp <= r[i].to)
			return true;
	return false;
}

/* Our own width table, not wcwidth(): the same in every locale, so goldens and layouts do not depend on it. */
int text_cp_width(uint32_t cp)
{
	static const struct range zero[] = {
	        {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x0610, 0x061A},   {0x064B, 0x065F},
	        {0x06D6, 0x06DC}, {0x0900, 0x0902}, {0x093C, 0x093C}, {0x0E31, 0x0E31},   {0x0E34, 0x0E3A},
	        {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},   {0x20D0, 0x20FF},
	        {0x302A, 0x302D}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF},
	};
	static const struct range two[] = {
	        {0x1100, 0x115F},   {0x231A, 0x231B},   {0x2329, 0x232A},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
	        {0x2614, 0x2615},   {0x2648, 0x2653},   {0x2705, 0x2705},   {0x274C, 0x274C},   {0x2E80, 0x303E},
	        {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},
	        {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
	        {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD},
	};
	if (cp < 0x300)
		return cp == 0 ? 0 : 1;
	if (in_ranges(cp, zero, ARRAY_SIZE(zero)))
		return 0;
	return in_ranges(cp, two, ARRAY_SIZE(two)) ? 2 : 1;
}

int text_width(const char *s)
{
	int w = 0;
	for (size_t n = strlen(s), used; n; s += used, n -= used)
		w += text_cp_width(text_decode(s, n, &used));
	return w;
}

size_t text_encode(uint32_t cp, char buf[5])
{
	size_t n = 0;
	if (cp < 0x80) {
		buf[n++] = (char)cp;
	} else if (cp < 0x800) {
		buf[n++] = (char)(0xC0 | (cp >> 6));
		buf[n++] = (char)(0x80 | (cp & 0x3F));
	} else if (cp < 0x10000) {
		buf[n++] = (char)(0xE0 | (cp >> 12));
		buf[n++] = (char)(0x80 | ((cp >> 6) & 0x3F));
		buf[n++] = (char)(0x80 | (cp & 0x3F));
	} else {
		buf[n++] = (char)(0xF0 | (cp >> 18));
		buf[n++] = (char)(0x80 | ((cp >> 12) & 0x3F));
		buf[n++] = (char)(0x80 | ((cp >> 6) & 0x3F));
		buf[n++] = (char)(0x80 | (cp & 0x3F));
	}
	buf[n] = '\0';
	return n;
}

/* Controls, and the invisible characters that reorder or hide text on a terminal. */
static bool is_unsafe(uint32_t cp)
{
	static const struct range bad[] = {
	        {0x00, 0x1F},     {0x7F, 0x9F},       {0xAD, 0xAD},        {0x061C, 0x061C}, {0x180E, 0x180E},
	        {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},    {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFD},
	        {0xE000, 0xF8FF}, {0xE0000, 0xE007F}, {0xF0000, 0x10FFFF},
	};
	return in_ranges(cp, bad, ARRAY_SIZE(bad));
}

char *text_clean(char *s, size_t max)
{
	size_t out = 0, n;
	/* Nearly all of it is printable ASCII. */
	while (out < max && s[out] >= ' ' && s[out] <= '~')
		out++;
	n = strlen(s + out) + out;
	for (size_t in = out, used; in < n; in += used) {
		uint32_t cp = text_decode(s + in, n - in, &used);
		bool bad = is_unsafe(cp);
		size_t take = bad ? 1 : used;
		if (out + take > max)
			break;
		if (bad)
			s[out] = '?';
		else
			memmove(s + out, s + in, used);
		out += take;
	}
	s[out] = '\0';
	return s;
}

char *text_ellipsize(const char *s, int columns, int ascii)
{
	if (columns <= 0)
		return xstrdup("");
	if (text_width(s) <= columns)
		return xstrdup(s);
	size_t at = 0;
	int w = 0;
	for (size_t n = strlen(s), used; at < n; at += used) {
		int cw = text_cp_width(text_decode(s + at, n - at, &used));
		if (w + cw > columns - 1)
			break;
		w += cw;
	}
	struct strbuf sb = STRBUF_INIT;
	strbuf_add(&sb, s, at);
	strbuf_str(&sb, ascii ? "~" : "…");
	return strbuf_detach(&sb);
}
