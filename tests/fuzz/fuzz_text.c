/* Names from outside on their way to a terminal. */
#include "fuzz.h"
#include "vctop/base/text.h"

/* What a terminal must never get. */
static void must_be_safe(const char *s)
{
	size_t n = strlen(s), used;
	for (size_t i = 0; i < n; i += used) {
		uint32_t cp = text_decode(s + i, n - i, &used);
		must(used >= 1 && used <= 4);
		must(cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0));
		must(!(cp >= 0x202a && cp <= 0x202e) && !(cp >= 0x2066 && cp <= 0x2069));
		must(!(cp >= 0xd800 && cp < 0xe000) && cp <= 0x10ffff);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *raw = fuzz_copy(data, size);
	for (size_t i = 0, used; i < size; i += used) {
		(void)text_cp_width(text_decode(raw + i, size - i, &used));
		must(used >= 1 && used <= size - i);
	}
	for (size_t max = 0; max <= 64; max += 1 + max * 2) {
		cleanup_free char *s = fuzz_text(data, size);
		size_t before = strlen(s);
		must(text_clean(s, max) == s);
		must(strlen(s) <= max && strlen(s) <= before);
		must_be_safe(s);
		must(text_width(s) >= 0);
		cleanup_free char *again = xstrdup(s);
		must(strcmp(text_clean(again, max), s) == 0);
		for (int columns = 0; columns < 9; columns++)
			for (int ascii = 0; ascii < 2; ascii++) {
				cleanup_free char *cut = text_ellipsize(s, columns, ascii);
				must(text_width(cut) <= columns);
				must_be_safe(cut);
			}
	}
	return 0;
}
