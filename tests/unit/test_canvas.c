/* The grid: text, wide and combining characters, clipping; a row is always as wide as the canvas. */
#include "unit.h"

#include "vctop/base/text.h"
#include "vctop/view/canvas.h"

static char *dump(const struct canvas *c)
{
	struct strbuf sb = STRBUF_INIT;
	canvas_dump(c, &sb);
	return strbuf_detach(&sb);
}

static void test_text(void **state)
{
	static const struct {
		int x, max;
		bool ascii;
		const char *text, *expect;
		int drawn;
	} t[] = {
	        {0, 10, false, "web", "web", 3},
	        {2, 10, false, "web", "  web", 3},
	        {0, 10, false, "0123456789", "0123456789", 10},
	        {0, 9, false, "0123456789", "01234567…", 9},
	        {0, 9, true, "0123456789", "01234567~", 9},
	        {8, 10, false, "web", "        w…", 2},
	        {-1, 10, false, "web", "eb", 3},
	        {-9, 10, false, "web", "", 3},
	        {10, 5, false, "web", "", 0},
	        {0, 0, false, "web", "", 0},
	        {0, -3, false, "web", "", 0},
	        {0, 1, false, "web", "…", 1},
	        {0, 10, false, "データ", "データ", 6},
	        {0, 5, false, "データ", "デー…", 5},
	        {0, 4, false, "データ", "デ…", 3}, /* half a character is not drawn */
	        {-1, 10, false, "データ", " ータ", 6},
	        {0, 10, false, "e\xCC\x81t\xC3\xA9", "e\xCC\x81t\xC3\xA9", 3},
	        {0, 10, false, "\xCC\x81x", "x", 1}, /* a mark with nothing to stand on */
	        {0, 10, true, "\xC3\xA9t\xC3\xA9", "?t?", 3},
	        {0, 10, true, "データ", "???", 3},
	        {0, 10, false, "a\x1b[31mb\tc", "a?[31mb?c", 9},
	        {0, 10, false, "a\xFF\xC3", "a\xEF\xBF\xBD\xEF\xBF\xBD", 3},
	        {0, 10, false, "", "", 0},
	        {0, 10, false, NULL, "", 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(t); i++) {
		struct canvas c;
		canvas_init(&c, 10, 1, t[i].ascii);
		int drawn = canvas_text(&c, t[i].x, 0, t[i].max, STYLE_NORMAL, t[i].text);
		char *got = dump(&c);
		size_t n = strlen(t[i].expect);
		if (drawn != t[i].drawn || strncmp(got, t[i].expect, n) != 0 || strcmp(got + n, "\n") != 0)
			fail_row(i, "drawn %d, '%s', expected %d, '%s'", drawn, got, t[i].drawn, t[i].expect);
		free(got);
		canvas_release(&c);
	}
}

static void test_a_wide_character_loses_both_halves(void **state)
{
	struct canvas c;
	(void)state;
	canvas_init(&c, 6, 3, false);
	for (int y = 0; y < 3; y++)
		(void)canvas_text(&c, 0, y, 6, STYLE_NORMAL, "データ");
	(void)canvas_text(&c, 1, 0, 1, STYLE_NORMAL, "x");  /* over a second half */
	(void)canvas_text(&c, 2, 1, 1, STYLE_NORMAL, "x");  /* over a first half */
	(void)canvas_text(&c, 1, 2, 2, STYLE_NORMAL, "界"); /* over one half of each of two */
	char *got = dump(&c);
	assert_string_equal(got, " xータ\nデx タ\n 界 タ\n");
	free(got);
	canvas_release(&c);
}

static void test_fill_and_resize(void **state)
{
	struct canvas c;
	(void)state;
	canvas_init(&c, 4, 2, false);
	canvas_fill(&c, (struct rect){-2, -2, 5, 3}, STYLE_USED, 0x2588);
	canvas_fill(&c, (struct rect){3, 1, 100, 100}, STYLE_FREE, '.');
	(void)canvas_fmt(&c, 0, 1, 4, STYLE_NORMAL, "%d", 42);
	char *got = dump(&c);
	assert_string_equal(got, "███\n42 .\n");
	free(got);
	assert_int_equal(c.cells[0].style, STYLE_USED);
	canvas_resize(&c, 2, 1);
	got = dump(&c);
	assert_string_equal(got, "\n");
	free(got);
	canvas_resize(&c, 0, 0);
	canvas_fill(&c, (struct rect){0, 0, 1, 1}, STYLE_NORMAL, 'x');
	assert_int_equal(canvas_text(&c, 0, 0, 9, STYLE_NORMAL, "x"), 0);
	canvas_resize(&c, -5, 7);
	got = dump(&c);
	assert_string_equal(got, "\n\n\n\n\n\n\n");
	free(got);
	canvas_release(&c);
}

static void test_long_formats_are_whole(void **state)
{
	struct canvas c;
	char longer[600], expect[602];
	(void)state;
	memset(longer, 'x', sizeof(longer));
	longer[599] = '\0';
	canvas_init(&c, 700, 1, false);
	assert_int_equal(canvas_fmt(&c, 0, 0, 700, STYLE_NORMAL, "%s", longer), 599);
	(void)snprintf(expect, sizeof(expect), "%s\n", longer);
	char *got = dump(&c);
	assert_string_equal(got, expect);
	free(got);
	canvas_release(&c);
}

static unsigned draw_number(unsigned *seed)
{
	*seed = *seed * 1103515245U + 12345U;
	return *seed >> 8;
}

static void random_text(unsigned *seed, char *buf, size_t size)
{
	static const char *const bits[] = {"a",    "界", "e\xCC\x81", "\xCC\x88",     "\xFF",
	                                   "\x1b", "█",  "😀",         "\xE2\x80\x8B", "b c"};
	size_t n = draw_number(seed) % 24;
	buf[0] = '\0';
	for (size_t i = 0; i < n; i++)
		strncat(buf, bits[draw_number(seed) % ARRAY_SIZE(bits)], size - strlen(buf) - 1);
}

/* Whatever is drawn wherever: characters and their second halves add up to the width of the row. */
static void test_rows_keep_their_width(void **state)
{
	unsigned seed = 7;
	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct canvas c;
		canvas_init(&c, 1 + (int)(draw_number(&seed) % 40), 3, round % 4 == 0);
		for (int k = 0; k < 8; k++) {
			char text[128];
			random_text(&seed, text, sizeof(text));
			int x = (int)(draw_number(&seed) % 60) - 10, max = (int)(draw_number(&seed) % 40) - 2;
			int drawn = canvas_text(&c, x, (int)(draw_number(&seed) % 5) - 1, max, STYLE_NORMAL, text);
			assert_true(drawn >= 0 && drawn <= (max > 0 ? max : 0));
		}
		for (int y = 0; y < c.rows; y++) {
			int w = 0;
			const struct cell *row = &c.cells[y * c.columns];
			for (int x = 0; x < c.columns; x++) {
				int one = text_cp_width(row[x].cp);
				assert_true(row[x].cp ? one > 0 : x > 0 && text_cp_width(row[x - 1].cp) == 2);
				assert_true(one != 2 || (x + 1 < c.columns && row[x + 1].cp == 0));
				w += one;
			}
			assert_int_equal(w, c.columns);
		}
		canvas_release(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_text),
	        cmocka_unit_test(test_a_wide_character_loses_both_halves),
	        cmocka_unit_test(test_fill_and_resize),
	        cmocka_unit_test(test_long_formats_are_whole),
	        cmocka_unit_test(test_rows_keep_their_width),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
