/* Lines of at most 80 columns; a command stays one that a shell takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "app/storyteller.h"
#include "vctop/base/attr.h"

#define TEN "123456789 "
#define FORTY TEN TEN TEN TEN
#define LONG "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggghhhhhhhhhhiiiiiiiiii"

struct wrapped {
	const char *text, *want;
};

static void wraps(void **state)
{
	static const struct wrapped text[] = {
	        {"", ""},
	        {"short", "1. short\n"},
	        {FORTY FORTY "end", "1. " TEN TEN TEN TEN TEN TEN "123456789\n   123456789 end\n"},
	        {LONG " end", "1. " LONG "\n   end\n"},
	        {"it's " FORTY TEN TEN TEN TEN "it's", "1. it's " FORTY TEN TEN "123456789\n   123456789 it's\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		storyteller_wrap(&out, text[i].text, "1. ", "   ", "");
		assert_string_equal(out.buf, text[i].want);
	}
}

static void commands_are_not_cut_in_quotes(void **state)
{
	static const struct wrapped text[] = {
	        {"tar -c " FORTY TEN TEN TEN "file", "$ tar -c " FORTY TEN TEN "123456789 \\\n  file\n"},
	        {"jq '" FORTY FORTY "x' file", "$ jq \\\n  '" FORTY FORTY "x' \\\n  file\n"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(text); i++) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		storyteller_wrap(&out, text[i].text, "$ ", "  ", " \\");
		assert_string_equal(out.buf, text[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(wraps),
	        cmocka_unit_test(commands_are_not_cut_in_quotes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
