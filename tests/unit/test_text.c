/* Text from outside: decoded, measured, cleaned and cut without trusting it. */
#include "unit.h"
#include "vctop/base/error.h"
#include "vctop/base/text.h"

static void test_decode(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t n;
		uint32_t cp;
		size_t used;
	} rows[] = {
	        {"a", 1, 'a', 1},
	        {"é", 2, 0xE9, 2},
	        {"…", 3, 0x2026, 3},
	        {"😀", 4, 0x1F600, 4},
	        {"\xC3", 1, 0xFFFD, 1},             /* cut */
	        {"\xE2\x80", 2, 0xFFFD, 1},         /* cut */
	        {"\xC0\x80", 2, 0xFFFD, 1},         /* overlong NUL */
	        {"\xE0\x80\x80", 3, 0xFFFD, 1},     /* overlong */
	        {"\xED\xA0\x80", 3, 0xFFFD, 1},     /* surrogate */
	        {"\xF4\x90\x80\x80", 4, 0xFFFD, 1}, /* past U+10FFFF */
	        {"\xFF", 1, 0xFFFD, 1},
	        {"\x80", 1, 0xFFFD, 1},
	        {"\xC3(", 2, 0xFFFD, 1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].n);
		size_t used = 99;
		uint32_t cp = text_decode(buf, rows[i].n, &used);
		if (cp != rows[i].cp || used != rows[i].used)
			fail_row(i, "U+%04X, %zu bytes", cp, used);
	}
	size_t used = 99;
	assert_int_equal(text_decode("", 0, &used), 0);
	assert_int_equal(used, 0);
}

static void test_encode_round_trip(void **state)
{
	(void)state;
	for (uint32_t cp = 1; cp <= 0x10FFFF; cp += 7) {
		char buf[5];
		size_t used;
		if (cp >= 0xD800 && cp < 0xE000)
			continue;
		size_t n = text_encode(cp, buf);
		assert_int_equal(strlen(buf), n);
		assert_int_equal(text_decode(buf, n, &used), cp);
		assert_int_equal(used, n);
	}
}

static void test_width(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int width;
	} rows[] = {
	        {"", 0},  {"abc", 3}, {"é", 1}, {"e\u0301", 1}, {"日本", 4},   {"한", 2},
	        {"😀", 2}, {"ａ", 2},  {"…", 1}, {"█", 1},       {"\u200b", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (text_width(rows[i].in) != rows[i].width)
			fail_row(i, "\"%s\": %d", rows[i].in, text_width(rows[i].in));
}

static void test_clean(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
		size_t max;
	} rows[] = {
	        {"web-1", "web-1", 64},
	        {"naïve 日本", "naïve 日本", 64},
	        {"\033[31mred\033[0m", "?[31mred?[0m", 64}, /* escape sequences lose their ESC */
	        {"a\nb\tc\rd", "a?b?c?d", 64},
	        {"del\x7f", "del?", 64},
	        {"c1\xC2\x9B"
	         "31m",
	         "c1?31m", 64},                            /* CSI as one character */
	        {"evil\u202Etxt.exe", "evil?txt.exe", 64}, /* right-to-left override */
	        {"zero\u200Bwidth", "zero?width", 64},
	        {"\uFEFFbom", "?bom", 64},
	        {"iso\u2066late", "iso?late", 64},
	        {"bad\xFF\xFEutf", "bad??utf", 64},
	        {"cut\xE2\x80", "cut??", 64},
	        {"tag\U000E0041s", "tag?s", 64},
	        {"日本語", "日本", 8}, /* never half a character */
	        {"abc", "", 0},
	        {"", "", 64},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, strlen(rows[i].in) + 1);
		assert_ptr_equal(text_clean(buf, rows[i].max), buf);
		if (strcmp(buf, rows[i].out) != 0)
			fail_row(i, "\"%s\" instead of \"%s\"", buf, rows[i].out);
	}
}

/* Whatever the bytes: nothing a terminal would act upon remains, it never grows, and cleaning twice changes nothing. */
static void test_clean_hostile(void **state)
{
	(void)state;
	unsigned seed = 20261123;
	for (int round = 0; round < 20000; round++) {
		char buf[41], again[41];
		size_t n = (size_t)(round % 40);
		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			buf[i] = (char)((seed >> 24) ? (seed >> 24) : 1);
		}
		buf[n] = '\0';
		text_clean(buf, sizeof(buf) - 1);
		assert_true(strlen(buf) <= n);
		for (const unsigned char *p = (const unsigned char *)buf; *p; p++) {
			assert_true(*p >= 0x20 && *p != 0x7F);
			assert_false(p[0] == 0xC2 && p[1] >= 0x80 && p[1] <= 0x9F);
		}
		memcpy(again, buf, sizeof(again));
		text_clean(again, sizeof(again) - 1);
		assert_string_equal(again, buf);
	}
}

static void test_ellipsize(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int columns, ascii;
		const char *out;
	} rows[] = {
	        {"abcdef", 6, 0, "abcdef"},
	        {"abcdef", 5, 0, "abcd…"},
	        {"abcdef", 5, 1, "abcd~"},
	        {"abcdef", 1, 0, "…"},
	        {"abcdef", 0, 0, ""},
	        {"abcdef", -3, 0, ""},
	        {"日本語", 5, 0, "日本…"},
	        {"日本語", 4, 0, "日…"},
	        {"日本語", 6, 0, "日本語"},
	        {"", 3, 0, ""},
	        {"e\u0301e\u0301e\u0301", 2, 0, "e\u0301…"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *s = text_ellipsize(rows[i].in, rows[i].columns, rows[i].ascii);
		if (strcmp(s, rows[i].out) != 0)
			fail_row(i, "\"%s\" instead of \"%s\"", s, rows[i].out);
	}
}

static void test_error(void **state)
{
	(void)state;
	struct error err = {0};
	assert_int_equal(error_set(&err, 2, "%s: %s", "a\nb\033", "why"), -2);
	assert_int_equal(err.code, 2);
	assert_string_equal(err.what, "a?b?: why");
	assert_int_equal(error_set(NULL, 5, "unused"), -5);
	char big[2000];
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&err, 7, "%s", big);
	assert_int_equal(strlen(err.what), sizeof(err.what) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_decode),        cmocka_unit_test(test_encode_round_trip),
	        cmocka_unit_test(test_width),         cmocka_unit_test(test_clean),
	        cmocka_unit_test(test_clean_hostile), cmocka_unit_test(test_ellipsize),
	        cmocka_unit_test(test_error),
	};
	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
