/*
 * Parsers of kernel text, by table: good, max, empty, truncated, huge, duplicated, without newline, with a NUL inside,
 * and hostile.  Every input is copied to a heap block of exactly its length, so ASan sees a read past the end.
 */
#include <errno.h>

#include "unit.h"
#include "vctop/base/parse.h"

#define IN(s) s, sizeof(s) - 1
#define UNTOUCHED 4711

static void test_u64(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		uint64_t v;
	} rows[] = {
	        {IN("0"), 0, 0},
	        {IN("123\n"), 0, 123},
	        {IN("123"), 0, 123},
	        {IN("007\n"), 0, 7},
	        {IN("18446744073709551615\n"), 0, UINT64_MAX},
	        {IN("18446744073709551616\n"), -ERANGE, 0},
	        {IN("99999999999999999999999999999999\n"), -ERANGE, 0},
	        {IN("9223372036854771712\n"), 0, 9223372036854771712ULL}, /* memory.limit_in_bytes without a limit */
	        {IN(""), -EINVAL, 0},
	        {IN("\n"), -EINVAL, 0},
	        {IN("max\n"), -EINVAL, 0},
	        {IN("-1\n"), -EINVAL, 0},
	        {IN("+1\n"), -EINVAL, 0},
	        {IN("1 2\n"), -EINVAL, 0},
	        {IN("0x10"), -EINVAL, 0},
	        {IN("1\0002"), -EINVAL, 0},
	        {IN("12\0"), 0, 12},
	        {IN("12\n34\n"), -EINVAL, 0},
	        {IN("1e3"), -EINVAL, 0},
	        {IN("\xff\xfe"), -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uint64_t v = UNTOUCHED;
		int rc = parse_u64(buf, rows[i].len, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %llu", rows[i].in, rc, (unsigned long long)v);
	}
}

static void test_u64_or_max(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		uint64_t v;
		bool max;
	} rows[] = {
	        {IN("max\n"), 0, UNTOUCHED, true},
	        {IN("max"), 0, UNTOUCHED, true},
	        {IN("67108864\n"), 0, 67108864, false},
	        {IN("maxx\n"), -EINVAL, UNTOUCHED, false},
	        {IN("ma"), -EINVAL, UNTOUCHED, false},
	        {IN(" max\n"), -EINVAL, UNTOUCHED, false},
	        {IN("MAX\n"), -EINVAL, UNTOUCHED, false},
	        {IN(""), -EINVAL, UNTOUCHED, false},
	        {IN("99999999999999999999999\n"), -ERANGE, UNTOUCHED, false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uint64_t v = UNTOUCHED;
		bool max = false;
		int rc = parse_u64_or_max(buf, rows[i].len, &v, &max);
		if (rc != rows[i].rc || v != rows[i].v || max != rows[i].max)
			fail_row(i, "\"%s\": rc %d value %llu max %d", rows[i].in, rc, (unsigned long long)v, max);
	}
}

static void test_i64(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		int64_t v;
	} rows[] = {
	        {IN("-1\n"), 0, -1}, /* cpu.cfs_quota_us without a quota */
	        {IN("25000\n"), 0, 25000},
	        {IN("9223372036854775807"), 0, INT64_MAX},
	        {IN("9223372036854775808"), -ERANGE, 0},
	        {IN("-"), -EINVAL, 0},
	        {IN("--1"), -EINVAL, 0},
	        {IN(""), -EINVAL, 0},
	        {IN("- 1"), -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		int64_t v = UNTOUCHED;
		int rc = parse_i64(buf, rows[i].len, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %lld", rows[i].in, rc, (long long)v);
	}
}

static void test_pid(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		pid_t pid;
	} rows[] = {
	        {IN("1"), 0, 1},       {IN("2147483647"), 0, INT32_MAX}, {IN("2147483648"), -ERANGE, 0},
	        {IN("0"), -ERANGE, 0}, {IN("-1"), -EINVAL, 0},           {IN("self"), -EINVAL, 0},
	        {IN(""), -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		pid_t pid = 77;
		int rc = parse_pid(buf, rows[i].len, &pid);
		if (rc != rows[i].rc || pid != (rc == 0 ? rows[i].pid : 77))
			fail_row(i, "\"%s\": rc %d pid %d", rows[i].in, rc, (int)pid);
	}
}

static void test_cpu_max(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		double cores;
		bool max;
	} rows[] = {
	        {IN("25000 100000\n"), 0, 0.25, false},
	        {IN("max 100000\n"), 0, UNTOUCHED, true},
	        {IN("max 100000"), 0, UNTOUCHED, true},
	        {IN("150000 100000\n"), 0, 1.5, false},
	        {IN("1000 1000000\n"), 0, 0.001, false},
	        {IN("25000\n"), -EINVAL, UNTOUCHED, false},
	        {IN("25000 0\n"), -EINVAL, UNTOUCHED, false},
	        {IN("25000 max\n"), -EINVAL, UNTOUCHED, false},
	        {IN("\n"), -EINVAL, UNTOUCHED, false},
	        {IN(""), -EINVAL, UNTOUCHED, false},
	        {IN("25000\00010 100000"), -EINVAL, UNTOUCHED, false},
	        {IN("-1 100000\n"), -EINVAL, UNTOUCHED, false},
	        {IN("99999999999999999999999 100000\n"), -EINVAL, UNTOUCHED, false},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		double cores = UNTOUCHED;
		bool max = false;
		int rc = parse_cpu_max(buf, rows[i].len, &cores, &max);
		if (rc != rows[i].rc || !near(cores, rows[i].cores) || max != rows[i].max)
			fail_row(i, "\"%s\": rc %d cores %g max %d", rows[i].in, rc, cores, max);
	}
}

static void test_flat(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		const char *key;
		int rc;
		uint64_t v;
	} rows[] = {
	        {IN("usage_usec 123\nuser_usec 100\n"), "usage_usec", 0, 123},
	        {IN("usage_usec 123\nuser_usec 100"), "user_usec", 0, 100},
	        {IN("anon 1\nfile 2\ninactive_file 3\nfile_mapped 4\n"), "file", 0, 2},
	        {IN("inactive_file 3\nfile 2\n"), "file", 0, 2}, /* not the tail of another key */
	        {IN("file 1\nfile 2\n"), "file", 0, 1},          /* the first wins */
	        {IN("file_mapped 4\n"), "file", -ENOENT, 0},
	        {IN(""), "file", -ENOENT, 0},
	        {IN("file"), "file", -ENOENT, 0},
	        {IN("file "), "file", -EINVAL, 0},
	        {IN("file \nanon 7\n"), "file", -EINVAL, 0},
	        {IN("file x\n"), "file", -EINVAL, 0},
	        {IN("file -3\n"), "file", -EINVAL, 0},
	        {IN("file 99999999999999999999\n"), "file", -ERANGE, 0},
	        {IN("fi\0le 3\nfile 5\n"), "file", 0, 5},
	        {IN("\n\n\nfile 5\n"), "file", 0, 5},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uint64_t v = UNTOUCHED;
		int rc = parse_flat(buf, rows[i].len, rows[i].key, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %llu", rows[i].in, rc, (unsigned long long)v);
	}
}

static void test_colon(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		const char *key;
		int rc;
		uint64_t v;
	} rows[] = {
	        {IN("MemTotal:       24622732 kB\nMemFree: 1 kB\n"), "MemTotal", 0, 24622732ULL * 1024},
	        {IN("VmSwap:\t       0 kB\n"), "VmSwap", 0, 0},
	        {IN("Threads:\t4\n"), "Threads", 0, 4},
	        {IN("Threads:\t4"), "Threads", 0, 4},
	        {IN("SwapTotal: 5 kB\n"), "Swap", -ENOENT, 0},
	        {IN("Swap:\n"), "Swap", -EINVAL, 0},
	        {IN("Swap: x kB\n"), "Swap", -EINVAL, 0},
	        {IN(""), "Swap", -ENOENT, 0},
	        {IN("Swap: 18446744073709551615 kB\n"), "Swap", -ERANGE, 0},
	        {IN("Swap: 18446744073709551615\n"), "Swap", 0, UINT64_MAX},
	        {IN("Name:\tMemTotal: 1 kB\nMemTotal: 2 kB\n"), "MemTotal", 0, 2048},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uint64_t v = UNTOUCHED;
		int rc = parse_colon(buf, rows[i].len, rows[i].key, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %llu", rows[i].in, rc, (unsigned long long)v);
	}
}

static void test_psi(void **state)
{
	(void)state;
	static const char good[] = "some avg10=0.12 avg60=0.00 avg300=0.00 total=2718\n"
	                           "full avg10=0.00 avg60=0.00 avg300=0.00 total=31\n";
	static const struct {
		const char *in;
		size_t len;
		const char *which;
		int rc;
		uint64_t v;
	} rows[] = {
	        {IN(good), "some", 0, 2718},
	        {IN(good), "full", 0, 31},
	        {IN("some avg10=0.12 avg60=0.00 avg300=0.00 total=2718"), "full", -ENOENT, 0},
	        {IN("some avg10=0.12"), "some", -EINVAL, 0},
	        {IN("some avg10=0.12 total="), "some", -EINVAL, 0},
	        {IN("some total=99999999999999999999"), "some", -ERANGE, 0},
	        {IN(""), "some", -ENOENT, 0},
	        {IN("some"), "some", -ENOENT, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uint64_t v = UNTOUCHED;
		int rc = parse_psi_total(buf, rows[i].len, rows[i].which, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %llu", rows[i].in, rc, (unsigned long long)v);
	}
}

static void test_cpulist(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		int rc;
		unsigned count;
	} rows[] = {
	        {IN("0\n"), 0, 1},
	        {IN("0-3,8,10-11\n"), 0, 7},
	        {IN("0-1"), 0, 2},
	        {IN("\n"), 0, 0},
	        {IN(""), 0, 0},
	        {IN("0-1048575\n"), 0, 1048576},
	        {IN("3-1\n"), -ERANGE, 0},
	        {IN("0-\n"), -EINVAL, 0},
	        {IN("-3\n"), -EINVAL, 0},
	        {IN(",\n"), -EINVAL, 0},
	        {IN("0,,2\n"), -EINVAL, 0},
	        {IN("a-b\n"), -EINVAL, 0},
	        {IN("0-99999999"), -ERANGE, 0},
	        {IN("0-1048575,0-1048575"), -ERANGE, 0},
	        {IN("0-18446744073709551616"), -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		unsigned n = UNTOUCHED;
		int rc = parse_cpulist(buf, rows[i].len, &n);
		if (rc != rows[i].rc || n != (rc == 0 ? rows[i].count : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d count %u", rows[i].in, rc, n);
	}
}

static void test_io(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		uint64_t rd, wr;
	} stat[] = {
	        {IN("8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n"
	            "8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 dios=3021\n"),
	         91889664, 613781504},
	        {IN(""), 0, 0},
	        {IN("8:0 \n"), 0, 0}, /* a device with nothing yet is a bare number on some kernels */
	        {IN("8:0 rbytes=5"), 5, 0},
	        {IN("8:0 rbytes=x wbytes=7\nrubbish\n"), 0, 7},
	        {IN("8:0 xrbytes=3 rbytes= wbytes=\n"), 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(stat); i++) {
		cleanup_free char *buf = exact(stat[i].in, stat[i].len);
		uint64_t rd = UNTOUCHED, wr = UNTOUCHED;
		assert_int_equal(parse_io_stat(buf, stat[i].len, &rd, &wr), 0);
		if (rd != stat[i].rd || wr != stat[i].wr)
			fail_row(i, "read %llu write %llu", (unsigned long long)rd, (unsigned long long)wr);
	}
	static const char blkio[] = "253:0 Read 4096\n253:0 Write 8192\n253:0 Sync 1\n253:0 Total 12288\n"
	                            "253:16 Read 1\n253:16 Write x\nTotal 12289\n";
	cleanup_free char *buf = exact(blkio, sizeof(blkio) - 1);
	uint64_t rd = 0, wr = 0;
	assert_int_equal(parse_blkio(buf, sizeof(blkio) - 1, &rd, &wr), 0);
	assert_int_equal(rd, 4097);
	assert_int_equal(wr, 8192);
	assert_int_equal(parse_blkio(buf, 0, &rd, &wr), 0);
	assert_int_equal(rd + wr, 0);
}

static void test_word_and_line(void **state)
{
	(void)state;
	static const char text[] = "  one two\tthree\n\nlast";
	cleanup_free char *buf = exact(text, sizeof(text) - 1);
	const char *w = NULL, *cursor = buf, *end = buf + sizeof(text) - 1;
	size_t n = 0;
	assert_true(parse_word(buf, sizeof(text) - 1, 0, &w, &n));
	assert_true(n == 3 && memcmp(w, "one", 3) == 0);
	assert_true(parse_word(buf, sizeof(text) - 1, 3, &w, &n));
	assert_true(n == 4 && memcmp(w, "last", 4) == 0);
	assert_false(parse_word(buf, sizeof(text) - 1, 4, &w, &n));
	assert_false(parse_word(buf, 0, 0, &w, &n));
	assert_true(parse_line(&cursor, end, &w, &n) && n == 15);
	assert_true(parse_line(&cursor, end, &w, &n) && n == 0);
	assert_true(parse_line(&cursor, end, &w, &n) && n == 4);
	assert_false(parse_line(&cursor, end, &w, &n));
}

static void test_size(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int rc;
		uint64_t v;
	} rows[] = {
	        {"64m", 0, 64ULL << 20},
	        {"64M", 0, 64ULL << 20},
	        {"64MiB", 0, 64ULL << 20},
	        {"64MB", 0, 64ULL << 20},
	        {"1.5G", 0, 3ULL << 29},
	        {"512MiB", 0, 512ULL << 20},
	        {"1024", 0, 1024},
	        {"1024b", 0, 1024},
	        {"0", 0, 0},
	        {".5k", 0, 512},
	        {"1T", 0, 1ULL << 40},
	        {"1P", 0, 1ULL << 50},
	        {"8P", -ERANGE, 0},
	        {"9E", -ERANGE, 0},
	        {"", -EINVAL, 0},
	        {"m", -EINVAL, 0},
	        {"-1", -EINVAL, 0},
	        {"64x", -EINVAL, 0},
	        {"64mm", -EINVAL, 0},
	        {"64 m", -EINVAL, 0},
	        {"1.2.3m", -EINVAL, 0},
	        {"nan", -EINVAL, 0},
	        {"inf", -EINVAL, 0},
	        {"0x10", -EINVAL, 0},
	        {"1e9", -EINVAL, 0},
	        {"64i", -EINVAL, 0},
	        {"1,5G", -EINVAL, 0},
	        {"99999999999999999999999999999999999999999999999999", -EINVAL, 0},
	        {"999999999999999999999999999999", -ERANGE, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t v = UNTOUCHED;
		int rc = parse_size(rows[i].in, &v);
		if (rc != rows[i].rc || v != (rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %llu", rows[i].in, rc, (unsigned long long)v);
	}
}

static void test_double(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		int rc;
		double v;
	} rows[] = {
	        {"0.25", 0, 0.25},
	        {"2", 0, 2},
	        {"2.", 0, 2},
	        {".5", 0, 0.5},
	        {"0", 0, 0},
	        {"", -EINVAL, 0},
	        {".", -EINVAL, 0},
	        {"-1", -EINVAL, 0},
	        {"+1", -EINVAL, 0},
	        {"1e3", -EINVAL, 0},
	        {"nan", -EINVAL, 0},
	        {"inf", -EINVAL, 0},
	        {"0x1p3", -EINVAL, 0},
	        {"1,5", -EINVAL, 0},
	        {" 1", -EINVAL, 0},
	        {"1.2.3", -EINVAL, 0},
	        {"111111111111111111111111111111111", -ERANGE, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double v = UNTOUCHED;
		int rc = parse_double(rows[i].in, &v);
		if (rc != rows[i].rc || !near(v, rc == 0 ? rows[i].v : UNTOUCHED))
			fail_row(i, "\"%s\": rc %d value %g", rows[i].in, rc, v);
	}
}

/* Every prefix of real files, and every file with one byte turned, into every parser: no crash, no read past the end.
 */
static void feed(const char *buf, size_t len)
{
	uint64_t a = 0, b = 0;
	int64_t i = 0;
	pid_t p = 0;
	unsigned u = 0;
	double d = 0;
	bool m = false;
	(void)parse_u64(buf, len, &a);
	(void)parse_u64_or_max(buf, len, &a, &m);
	(void)parse_i64(buf, len, &i);
	(void)parse_pid(buf, len, &p);
	(void)parse_cpu_max(buf, len, &d, &m);
	(void)parse_flat(buf, len, "nr_throttled", &a);
	(void)parse_colon(buf, len, "MemTotal", &a);
	(void)parse_psi_total(buf, len, "full", &a);
	(void)parse_cpulist(buf, len, &u);
	(void)parse_io_stat(buf, len, &a, &b);
	(void)parse_blkio(buf, len, &a, &b);
}

static void test_every_prefix_and_flip(void **state)
{
	(void)state;
	static const char *const files[] = {
	        "usage_usec 1\nnr_periods 2\nnr_throttled 3\nthrottled_usec 4\n",
	        "max 100000\n",
	        "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=2\n",
	        "MemTotal:       24622732 kB\n",
	        "0-3,8,10-11\n",
	        "8:0 rbytes=90 wbytes=29 rios=8 wios=1\n",
	        "253:0 Read 4096\n253:0 Write 8192\nTotal 1\n",
	};
	static const char turned[] = {'\0', '\n', ' ', '-', '9', '=', ':', '\x80'};
	for (size_t f = 0; f < ARRAY_SIZE(files); f++) {
		size_t len = strlen(files[f]);
		for (size_t n = 0; n <= len; n++) {
			cleanup_free char *buf = exact(files[f], n);
			feed(buf, n);
		}
		for (size_t at = 0; at < len; at++)
			for (size_t t = 0; t < ARRAY_SIZE(turned); t++) {
				cleanup_free char *buf = exact(files[f], len);
				buf[at] = turned[t];
				feed(buf, len);
			}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_u64),           cmocka_unit_test(test_u64_or_max),
	        cmocka_unit_test(test_i64),           cmocka_unit_test(test_pid),
	        cmocka_unit_test(test_cpu_max),       cmocka_unit_test(test_flat),
	        cmocka_unit_test(test_colon),         cmocka_unit_test(test_psi),
	        cmocka_unit_test(test_cpulist),       cmocka_unit_test(test_io),
	        cmocka_unit_test(test_word_and_line), cmocka_unit_test(test_size),
	        cmocka_unit_test(test_double),        cmocka_unit_test(test_every_prefix_and_flip),
	};
	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
