/* Recordings: what goes in comes out, forward and back, from files cut, damaged, hostile, and made by others. */
#include <signal.h>
#include <sys/resource.h>
#include <zstd.h>

#include "tree.h"
#include "vctop/base/strbuf.h"
#include "vctop/source/record.h"
#include "vctop/source/snapshot_json.h"

#define T0 1795428000000000 /* 2026-11-23T10:00:00Z */

static void line_text(char *buf, size_t size, unsigned n, unsigned pad)
{
	unsigned sec = n % 60, min = n / 60 % 60, hour = 10 + n / 3600;
	(void)snprintf(buf, size,
	               "{\"schema\":\"vctop.snapshot/"
	               "1\",\"time\":\"2026-11-23T%02u:%02u:%02u.000Z\",\"n\":%u,\"pad\":\"%*s\"}\n",
	               hour, min, sec, n, (int)pad, "");
}

static unsigned number_of(const struct replay_line *l)
{
	const char *n = strstr(l->text, "\"n\":");
	return n ? (unsigned)strtoul(n + 4, NULL, 10) : 0xFFFF;
}

/* Records n lines, the first of them number `from`; a line a second. */
static void record(const char *path, unsigned from, unsigned n)
{
	struct recorder *r = NULL;
	struct error err = {0};
	char line[512];
	int e = recorder_open(path, &r, &err);
	if (e < 0)
		print_error("%s\n", err.what);
	assert_int_equal(e, 0);
	for (unsigned i = from; i < from + n; i++) {
		line_text(line, sizeof(line), i, i % 200);
		assert_int_equal(recorder_add(r, line, strlen(line), (int64_t)i * 1000000, &err), 0);
	}
	assert_int_equal(recorder_close(r, &err), 0);
}

static struct replay *open_ok(const char *path)
{
	struct replay *r = NULL;
	struct error err = {0};
	int e = replay_open(path, &r, &err);
	if (e < 0)
		print_error("%s: %d %s\n", path, e, err.what);
	assert_int_equal(e, 0);
	return r;
}

/* All lines forward, then all of them back. Returns how many. */
static unsigned both_ways(struct replay *r, unsigned first)
{
	struct replay_line l;
	struct error err = {0};
	unsigned n = 0;
	while (replay_next(r, &l, &err) == 0) {
		assert_int_equal(number_of(&l), first + n);
		n++;
	}
	for (unsigned i = n; i-- > 1;) {
		int e = replay_previous(r, &l, &err);
		if (e < 0 || number_of(&l) != first + i - 1)
			fail_row(i, "back: %d, line %u", e, number_of(&l));
	}
	assert_int_equal(replay_previous(r, &l, &err), -ENODATA);
	if (n > 1) { /* still on the first */
		assert_int_equal(replay_next(r, &l, &err), 0);
		assert_int_equal(number_of(&l), first + 1);
	}
	return n;
}

static void forward_and_back(void **state)
{
	static const unsigned sizes[] = {1, 2, 9, 10, 11, 63, 64, 65, 128, 700};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct tree t;
		tree_init(&t);
		cleanup_free char *path = tree_path(&t, "a.rec");
		record(path, 0, sizes[i]);
		struct replay *r = open_ok(path);
		int64_t first, last;
		replay_span(r, &first, &last);
		assert_int_equal(first, T0);
		assert_int_equal(last, T0 + (int64_t)(sizes[i] - 1) * 1000000);
		assert_int_equal(both_ways(r, 0), sizes[i]);
		assert_null(replay_trouble(r));
		replay_close(r);
		tree_release(&t);
	}
}

static void peeking_changes_nothing(void **state)
{
	struct tree t;
	struct replay_line l;
	int64_t usec;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	record(path, 0, 40);
	struct replay *r = open_ok(path);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(replay_peek(r, &usec, NULL), 0);
		assert_int_equal(usec, T0 + i * INT64_C(1000000));
		if (i >= 2) {
			assert_int_equal(replay_previous(r, &l, NULL), 0);
			assert_int_equal(number_of(&l), i - 2);
			assert_int_equal(replay_next(r, &l, NULL), 0);
			assert_int_equal(number_of(&l), i - 1);
		}
		assert_int_equal(replay_next(r, &l, NULL), 0);
		assert_int_equal(number_of(&l), i);
	}
	assert_int_equal(replay_peek(r, &usec, NULL), -ENODATA);
	assert_int_equal(replay_previous(r, &l, NULL), 0);
	assert_int_equal(number_of(&l), 38);
	replay_close(r);
	tree_release(&t);
}

static void seeks(void **state)
{
	static const struct {
		int64_t sec;
		unsigned want;
	} table[] = {{-5000, 0}, {0, 0},     {1, 1},     {63, 63},   {64, 64},    {65, 65},
	             {333, 333}, {498, 498}, {499, 499}, {500, 499}, {90000, 499}};
	struct tree t;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	record(path, 0, 500);
	struct replay *r = open_ok(path);
	struct replay_line l;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		size_t k = i % ARRAY_SIZE(table);
		assert_int_equal(replay_seek(r, T0 + table[k].sec * 1000000 - (i >= ARRAY_SIZE(table) ? 1 : 0), NULL),
		                 0);
		assert_int_equal(replay_next(r, &l, NULL), 0);
		if (number_of(&l) != table[k].want)
			fail_row(i, "line %u, want %u", number_of(&l), table[k].want);
		int e = replay_previous(r, &l, NULL);
		assert_int_equal(e, table[k].want ? 0 : -ENODATA);
		if (e == 0)
			assert_int_equal(number_of(&l), table[k].want - 1);
	}
	replay_close(r);
	tree_release(&t);
}

static void goes_on(void **state)
{
	struct tree t;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	tree_write(&t, "a.rec", ""); /* killed before its first line */
	record(path, 0, 10);
	record(path, 10, 1);
	record(path, 11, 80);
	struct replay *r = open_ok(path);
	assert_int_equal(both_ways(r, 0), 91);
	replay_close(r);
	tree_release(&t);
}

static char *slurp(const char *path, size_t *ret_len)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	char *p = malloc((size_t)st.st_size + 1);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	(void)close(fd);
	*ret_len = (size_t)st.st_size;
	return p;
}

/* At every length a recorder (or a disk) may have left: the whole lines are there, and recording goes on after them. */
static void cut_anywhere(void **state)
{
	struct tree t;
	size_t len;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec"), *cut = tree_path(&t, "cut.rec");
	record(path, 0, 25); /* frames of 1, 11, 11, 2 */
	cleanup_free char *all = slurp(path, &len);
	unsigned before = 0;
	for (size_t n = 1; n <= len; n++) {
		struct replay *r = NULL;
		tree_write_n(&t, "cut.rec", all, n);
		if (replay_open(cut, &r, NULL) < 0) {
			assert_int_equal(before, 0);
			continue;
		}
		unsigned lines = both_ways(r, 0);
		assert_true(lines >= before && lines <= 25);
		before = lines;
		replay_close(r);
		record(cut, lines, 3);
		r = open_ok(cut);
		if (both_ways(r, 0) != lines + 3 || replay_trouble(r))
			fail_row(n, "%u lines, then not 3 more: %s", lines, replay_trouble(r) ? replay_trouble(r) : "");
		replay_close(r);
	}
	assert_int_equal(before, 25);
	tree_release(&t);
}

static void damaged_anywhere(void **state)
{
	struct tree t;
	size_t len;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec"), *bad = tree_path(&t, "bad.rec");
	record(path, 0, 25);
	cleanup_free char *all = slurp(path, &len);
	for (size_t n = 0; n < len; n++) {
		struct replay *r = NULL;
		struct replay_line l;
		char keep = all[n];
		all[n] = (char)(all[n] ^ 0x55);
		tree_write_n(&t, "bad.rec", all, len);
		all[n] = keep;
		if (replay_open(bad, &r, NULL) < 0)
			continue;
		unsigned guard = 0;
		while (replay_next(r, &l, NULL) == 0 && guard < 1000)
			guard++;
		while (replay_previous(r, &l, NULL) == 0 && guard < 2000)
			guard++;
		(void)replay_seek(r, T0 + 12000000, NULL);
		assert_true(guard < 1000);
		replay_close(r);
	}
	tree_release(&t);
}

static void made_by_others(void **state)
{
	struct tree t;
	struct strbuf text = STRBUF_INIT;
	char line[512];
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a");
	for (unsigned i = 0; i < 300; i++) {
		line_text(line, sizeof(line), i, 100);
		strbuf_str(&text, line);
	}
	/* plain lines, with and without the last newline */
	for (size_t cut = 0; cut < 2; cut++) {
		tree_write_n(&t, "a", text.buf, text.len - cut);
		struct replay *r = open_ok(path);
		assert_int_equal(both_ways(r, 0), 300);
		struct replay_line l;
		assert_int_equal(replay_seek(r, T0 + 222 * INT64_C(1000000), NULL), 0);
		assert_int_equal(replay_next(r, &l, NULL), 0);
		assert_int_equal(number_of(&l), 222);
		replay_close(r);
	}
	/* one zstd frame; frames that end within a line */
	static const size_t piece[] = {1 << 20, 1000, 77};
	for (size_t p = 0; p < ARRAY_SIZE(piece); p++) {
		struct strbuf z = STRBUF_INIT;
		for (size_t at = 0; at < text.len; at += piece[p]) {
			size_t n = text.len - at < piece[p] ? text.len - at : piece[p], bound = ZSTD_compressBound(n);
			strbuf_room(&z, bound);
			z.len += ZSTD_compress(z.buf + z.len, bound, text.buf + at, n, 1);
		}
		tree_write_n(&t, "a", z.buf, z.len);
		struct replay *r = open_ok(path);
		assert_int_equal(both_ways(r, 0), 300);
		struct replay_line l;
		assert_int_equal(replay_seek(r, T0 + 222 * INT64_C(1000000), NULL), 0);
		assert_int_equal(replay_next(r, &l, NULL), 0);
		assert_int_equal(number_of(&l), 222);
		replay_close(r);
		strbuf_release(&z);
	}
	strbuf_release(&text);
	tree_release(&t);
}

static void bad_lines_are_left_out(void **state)
{
	static const char good[] =
	        "{\"time\": \"2026-11-23T10:00:05+00:00\", \"schema\": \"vctop.snapshot/1\", \"n\":0}";
	static const char *const bad[] = {
	        "",
	        "{}",
	        "null",
	        "[]",
	        "garbage",
	        "{\"schema\":\"vctop.snapshot/1\"}",
	        "{\"schema\":\"vctop.snapshot/2\",\"time\":\"2026-11-23T10:00:00Z\"}",
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":\"yesterday\"}",
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":5}",
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":\"2026-11-23T10:00:00Z",
	        "\xff\xfe\xfd",
	        "\x1b[2J{}",
	};
	struct tree t;
	struct strbuf text = STRBUF_INIT;
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		strbuf_fmt(&text, "%s\n", bad[i]);
		tree_write(&t, "a", bad[i]);
		struct replay *r = NULL;
		struct error err = {0};
		assert_true(replay_open(path, &r, &err) < 0);
		assert_non_null(strstr(err.what, "is no recording"));
	}
	strbuf_fmt(&text, "%s\n", good);
	for (unsigned i = 0; i < 3000; i++)
		strbuf_str(&text, "[[[[[[[[[[[[[[[[[[[[[[[");
	strbuf_fmt(&text, "\n%.*s1}\n", (int)(sizeof(good) - 3), good);
	tree_write_n(&t, "a", text.buf, text.len);
	struct replay *r = open_ok(path);
	assert_int_equal(both_ways(r, 0), 2);
	assert_non_null(strstr(replay_trouble(r), "no snapshots"));
	replay_close(r);
	strbuf_release(&text);
	tree_release(&t);
}

static long peak_kib(void)
{
	struct rusage u;
	assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
	return u.ru_maxrss;
}

/* A line that never ends, a gigabyte of it in a few hundred KiB: left out, with bounded memory. */
static void endless_line(void **state)
{
	struct tree t;
	struct recorder *w = NULL;
	char line[512];
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	record(path, 0, 3);
	cleanup_free char *chunk = malloc(1 << 20);
	memset(chunk, '[', 1 << 20);
	assert_int_equal(recorder_open(path, &w, NULL), 0);
	for (unsigned i = 0; i < 256; i++)
		assert_int_equal(recorder_add(w, chunk, 1 << 20, 0, NULL), 0);
	assert_int_equal(recorder_add(w, "\n", 1, 0, NULL), 0);
	line_text(line, sizeof(line), 3, 0);
	assert_int_equal(recorder_add(w, line, strlen(line), 0, NULL), 0);
	assert_int_equal(recorder_close(w, NULL), 0);
	long before = peak_kib();
	struct replay *r = open_ok(path);
	assert_int_equal(both_ways(r, 0), 4);
	assert_non_null(strstr(replay_trouble(r), "too long"));
	replay_close(r);
	long grown = peak_kib() - before;
#ifndef __SANITIZE_ADDRESS__
	if (grown > 3 * (long)(SNAPSHOT_LINE_MAX >> 10))
		fail_row(0, "grew by %ld KiB", grown);
#endif
	(void)grown;
	tree_release(&t);
}

static void refuses_to_overwrite(void **state)
{
	static const char *const table[] = {
	        "hello\n",          "{\"schema\":\"vctop.snapshot/1\",\"time\":\"2026-11-23T10:00:00Z\"}\n",
	        "\x28\xb5\x2f\xfd", "\x28\xb5\x2f\xfdgarbage of no use",
	        "PK\x03\x04",       "\n"};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table) + 2; i++) {
		struct tree t;
		struct recorder *r = NULL;
		struct error err = {0};
		struct stat st;
		char other[200];
		size_t n = i < ARRAY_SIZE(table) ? strlen(table[i])
		                                 : ZSTD_compress(other, sizeof(other), "not ours\n", 9, 1);
		tree_init(&t);
		cleanup_free char *path = tree_path(&t, "a");
		if (i <= ARRAY_SIZE(table))
			tree_write_n(&t, "a", i < ARRAY_SIZE(table) ? table[i] : other, n);
		else
			tree_mkdir(&t, "a");
		int e = recorder_open(path, &r, &err);
		if (e >= 0)
			fail_row(i, "opened");
		assert_non_null(strstr(err.what, path));
		assert_int_equal(stat(path, &st), 0);
		if (i <= ARRAY_SIZE(table))
			assert_int_equal(st.st_size, n);
		tree_release(&t);
	}
}

static void one_recorder_a_file(void **state)
{
	struct tree t;
	struct recorder *a = NULL, *b = NULL;
	struct error err = {0};
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	assert_int_equal(recorder_open(path, &a, &err), 0);
	assert_int_equal(recorder_open(path, &b, &err), -EBUSY);
	assert_int_equal(recorder_close(a, &err), 0);
	assert_int_equal(recorder_open(path, &b, &err), 0);
	assert_int_equal(recorder_close(b, &err), 0);
	/* a dangling link is not made into a file */
	cleanup_free char *link = tree_path(&t, "link.rec");
	assert_int_equal(symlink("nowhere", link), 0);
	assert_int_equal(recorder_open(link, &a, &err), -EEXIST);
	tree_release(&t);
}

static void full_disk(void **state)
{
	struct tree t;
	struct recorder *w = NULL;
	struct rlimit old, small;
	struct error err = {0};
	char line[4096];
	(void)state;
	tree_init(&t);
	cleanup_free char *path = tree_path(&t, "a.rec");
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 3000;
	assert_int_equal(recorder_open(path, &w, &err), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int e = 0;
	unsigned n = 0;
	for (; e == 0 && n < 100000; n++) {
		line_text(line, sizeof(line), n, 0);
		e = recorder_add(w, line, strlen(line), n * INT64_C(1000000), &err);
	}
	assert_true(e < 0 && err.code == EFBIG);
	(void)recorder_close(w, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	struct replay *r = open_ok(path);
	unsigned kept = both_ways(r, 0);
	assert_null(replay_trouble(r)); /* what did not fit is gone whole */
	assert_true(kept > 0 && kept < n && n - kept <= RECORD_FLUSH_LINES);
	replay_close(r);
	tree_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(forward_and_back),
	        cmocka_unit_test(peeking_changes_nothing),
	        cmocka_unit_test(seeks),
	        cmocka_unit_test(goes_on),
	        cmocka_unit_test(cut_anywhere),
	        cmocka_unit_test(damaged_anywhere),
	        cmocka_unit_test(made_by_others),
	        cmocka_unit_test(bad_lines_are_left_out),
	        cmocka_unit_test(endless_line),
	        cmocka_unit_test(refuses_to_overwrite),
	        cmocka_unit_test(one_recorder_a_file),
	        cmocka_unit_test(full_disk),
	};
	return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
