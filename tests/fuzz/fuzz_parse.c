/* Everything that base/parse.c takes. A failure leaves the answer as it was. */
#include <math.h>

#include "fuzz.h"
#include "vctop/base/parse.h"

#define UNTOUCHED UINT64_C(0xabcdef)

static void numbers(const char *b, size_t n)
{
	uint64_t u = UNTOUCHED, v = UNTOUCHED;
	int64_t i = 77;
	double d = 77;
	bool max = false;
	unsigned cpus = 77;
	must(parse_u64(b, n, &u) == 0 || u == UNTOUCHED);
	must(parse_u64_or_max(b, n, &v, &max) == 0 || (v == UNTOUCHED && !max));
	must(parse_i64(b, n, &i) == 0 || i == 77);
	must(parse_cpu_max(b, n, &d, &max) == 0 || (d > 76 && d < 78));
	must(isfinite(d) && d >= 0);
	must(parse_cpulist(b, n, &cpus) == 0 || cpus == 77);
}

static void files(const char *b, size_t n)
{
	static const char *const keys[] = {"usage_usec", "inactive_file", "MemTotal", "Rss", "", "a"};
	uint64_t u = UNTOUCHED, v = UNTOUCHED;
	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		u = UNTOUCHED;
		must(parse_flat(b, n, keys[k], &u) == 0 || u == UNTOUCHED);
		u = UNTOUCHED;
		must(parse_colon(b, n, keys[k], &u) == 0 || u == UNTOUCHED);
	}
	u = UNTOUCHED;
	must(parse_psi_total(b, n, "some", &u) == 0 || u == UNTOUCHED);
	u = UNTOUCHED;
	must(parse_io_stat(b, n, &u, &v) == 0 || (u == UNTOUCHED && v == UNTOUCHED));
	u = v = UNTOUCHED;
	must(parse_blkio(b, n, &u, &v) == 0 || (u == UNTOUCHED && v == UNTOUCHED));
}

static void words(const char *b, size_t n)
{
	const char *cursor = b, *line, *w, *before = b;
	size_t len, wn;
	while (parse_line(&cursor, b + n, &line, &len)) {
		must(line >= before && len <= (size_t)(b + n - line));
		must(cursor > before && cursor <= b + n);
		before = cursor;
		for (unsigned i = 0; i < 4; i++)
			if (parse_word(line, len, i, &w, &wn))
				must(w >= line && wn > 0 && wn <= len && w + wn <= line + len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_free char *b = fuzz_copy(data, size), *s = fuzz_text(data, size);
	uint64_t bytes = UNTOUCHED;
	double d = 77;
	numbers(b, size);
	files(b, size);
	words(b, size);
	must(parse_size(s, &bytes) == 0 || bytes == UNTOUCHED);
	must(parse_double(s, &d) == 0 ? isfinite(d) && d >= 0 : d > 76);
	return 0;
}
