/* Lines kept in memory: each comes back as it was, within the bound of bytes, the oldest gone first. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>

#include "vctop/source/line_ring.h"

static char *line_of(unsigned i, size_t *ret_len)
{
	struct strbuf sb = STRBUF_INIT;
	for (unsigned k = 0; k < 60; k++)
		strbuf_fmt(&sb, "{\"id\":\"podman:%u\",\"cpu\":{\"used_cores\":%u.%u},\"name\":\"same\"},", k, i % 7,
		           i * k % 97);
	*ret_len = sb.len;
	return strbuf_detach(&sb);
}

static void fill(struct line_ring *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		size_t len;
		cleanup_free char *line = line_of(i, &len);
		assert_int_equal(line_ring_add(r, i * 1000, line, len), 0);
	}
}

static void check_line(struct line_ring *r, size_t at, unsigned i)
{
	size_t len;
	cleanup_free char *line = line_of(i, &len);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	assert_int_equal(line_ring_time(r, at), i * 1000);
	assert_int_equal(line_ring_get(r, at, &sb), 0);
	assert_int_equal(sb.len, len);
	assert_string_equal(sb.buf, line);
}

static void test_comes_back(void **state)
{
	struct line_ring *r = line_ring_new(64 << 20);
	struct strbuf sb = STRBUF_INIT;
	size_t len;
	(void)state;
	assert_int_equal(line_ring_get(r, 0, &sb), -ENOENT);
	assert_int_equal(line_ring_count(r), 0);
	fill(r, 200);
	free(line_of(0, &len));
	assert_int_equal(line_ring_count(r), 200);
	for (unsigned i = 0; i < 200; i++) {
		check_line(r, i, i);
		check_line(r, 199 - i, 199 - i);
	}
	/* Neighbours cost a small part of what they are. */
	assert_true(line_ring_bytes(r) < 200 * len / 4);
	assert_int_equal(line_ring_get(r, 200, &sb), -ENOENT);
	strbuf_release(&sb);
	line_ring_free(r);
}

static void test_bounds(void **state)
{
	const size_t max = 100000;
	struct line_ring *r = line_ring_new(max);
	size_t len;
	(void)state;
	free(line_of(0, &len));
	fill(r, 5000);
	size_t n = line_ring_count(r);
	assert_true(n > 32 && n < 5000);
	assert_true(line_ring_bytes(r) < max + 4 * len); /* and the lines being worked on */
	check_line(r, 0, (unsigned)(5000 - n));
	check_line(r, n - 1, 4999);
	line_ring_forget(r, 4990 * 1000);
	assert_true(line_ring_count(r) <= 64);
	check_line(r, line_ring_count(r) - 1, 4999);
	line_ring_free(r);
}

static void test_empty_and_long(void **state)
{
	struct line_ring *r = line_ring_new(1 << 20);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	cleanup_free char *large = calloc(1, 3 << 20);
	(void)state;
	assert_int_equal(line_ring_add(r, 1, "", 0), 0);
	assert_int_equal(line_ring_add(r, 2, large, 3 << 20), 0);
	assert_int_equal(line_ring_get(r, 0, &sb), 0);
	assert_int_equal(sb.len, 0);
	assert_int_equal(line_ring_get(r, 1, &sb), 0);
	assert_int_equal(sb.len, 3 << 20);
	line_ring_free(r);
}

/* Rows of which each has an id like no other, and one in ten a number that moves. */
static char *long_line(unsigned moment, size_t *ret_len)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned seed = 7;
	for (unsigned row = 0; row < 5000; row++) {
		strbuf_str(&sb, "{\"id\":\"docker:");
		for (unsigned k = 0; k < 16; k++)
			strbuf_fmt(&sb, "%04x", (seed = seed * 1103515245U + 12345U) >> 16);
		strbuf_fmt(&sb, "\",\"cpu\":%u,\"why\":\"absent: nobody told, and no file says so\"},",
		           row % 10 ? 0 : moment * 7919 + row);
	}
	*ret_len = sb.len;
	return strbuf_detach(&sb);
}

/* Of a host with thousands of instances: what is alike is found though it is far away, and nothing large is kept. */
static void test_large_neighbours(void **state)
{
	struct line_ring *r = line_ring_new(64 << 20);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	size_t len, first = 0;
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		cleanup_free char *line = long_line(i, &len);
		assert_int_equal(line_ring_add(r, i, line, len), 0);
		first = i ? first : line_ring_bytes(r);
	}
	/* The ids alone are a quarter of a line, and nothing in it tells them. */
	assert_true(first > len / 5);
	assert_true(line_ring_bytes(r) - first < 3 * len / 50);
	for (unsigned i = 4; i-- > 0;) {
		cleanup_free char *line = long_line(i, &len);
		assert_int_equal(line_ring_get(r, i, &sb), 0);
		assert_int_equal(sb.len, len);
		assert_memory_equal(sb.buf, line, len);
	}
	assert_true(line_ring_bytes(r) - first < 3 * len / 50);
	line_ring_free(r);
}

/* Where a few fill the bound, the last few are kept all the same, as differences if that pays. */
static void test_few_fit(void **state)
{
	size_t len, whole;
	(void)state;
	struct line_ring *r = line_ring_new(1);
	for (unsigned i = 0; i < 40; i++) {
		cleanup_free char *line = long_line(i, &len);
		assert_int_equal(line_ring_add(r, i, line, len), 0);
		whole = i ? whole : line_ring_bytes(r);
		assert_true(line_ring_count(r) >= (i < 4 ? i + 1 : 4));
	}
	assert_true(line_ring_bytes(r) < 4 * whole);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	for (size_t at = 0, n = line_ring_count(r); at < n; at++) {
		cleanup_free char *line = long_line((unsigned)(40 - n + at), &len);
		assert_int_equal(line_ring_get(r, at, &sb), 0);
		assert_int_equal(sb.len, len);
		assert_memory_equal(sb.buf, line, len);
	}
	line_ring_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_comes_back),     cmocka_unit_test(test_bounds),
	        cmocka_unit_test(test_empty_and_long), cmocka_unit_test(test_large_neighbours),
	        cmocka_unit_test(test_few_fit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
