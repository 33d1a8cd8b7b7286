/* strbuf, vec, map and arena: growth, emptiness, ownership. */
#include "unit.h"
#include "vctop/base/arena.h"
#include "vctop/base/map.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"

static void test_strbuf(void **state)
{
	(void)state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	assert_string_equal(sb.buf, "");
	strbuf_clear(&sb); /* the shared empty string is never written */
	strbuf_str(&sb, "a");
	strbuf_char(&sb, 'b');
	strbuf_add(&sb, "c\0d", 3);
	strbuf_fmt(&sb, "%d", 42);
	assert_int_equal(sb.len, 7);
	assert_memory_equal(sb.buf, "abc\0d42", 8);
	strbuf_clear(&sb);
	assert_int_equal(sb.len, 0);
	assert_string_equal(sb.buf, "");
	for (int i = 0; i < 10000; i++)
		strbuf_fmt(&sb, "%d,", i % 10);
	assert_int_equal(sb.len, 20000);
	assert_int_equal(strlen(sb.buf), 20000);
	char *owned = strbuf_detach(&sb);
	assert_int_equal(strlen(owned), 20000);
	assert_int_equal(sb.len, 0);
	assert_string_equal(sb.buf, "");
	free(owned);
	cleanup_free char *nothing = strbuf_detach(&sb);
	assert_string_equal(nothing, "");
	assert_string_equal(strbuf_empty, "");
}

static void test_strbuf_long_format(void **state)
{
	(void)state;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	cleanup_free char *big = malloc(100001);
	assert_non_null(big);
	memset(big, 'x', 100000);
	big[100000] = '\0';
	strbuf_fmt(&sb, "<%s>", big);
	assert_int_equal(sb.len, 100002);
	assert_int_equal(sb.buf[100001], '>');
}

static void test_vec(void **state)
{
	(void)state;
	VEC(int) v = {0};
	vec_free(&v); /* an empty one too */
	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	assert_int_equal(v.n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(v.v[i], i);
	size_t cap = v.cap;
	v.n = 0;
	vec_push(&v, 7);
	assert_int_equal(v.cap, cap); /* storage is reused */
	vec_free(&v);
	assert_null(v.v);
	assert_int_equal(v.n + v.cap, 0);
}

static void test_map(void **state)
{
	(void)state;
	struct map m = {0};
	int values[1000];
	char key[32];
	size_t it = 0;
	void *value;
	assert_null(map_get(&m, "none"));
	assert_null(map_remove(&m, "none"));
	assert_false(map_next(&m, &it, NULL, &value));
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		map_put(&m, key, &values[i]);
	}
	assert_int_equal(m.live, 1000);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "key-%d", i);
		assert_ptr_equal(map_get(&m, key), &values[i]);
	}
	map_put(&m, "key-5", &values[6]); /* replaces */
	assert_int_equal(m.live, 1000);
	assert_ptr_equal(map_get(&m, "key-5"), &values[6]);
	assert_ptr_equal(map_remove(&m, "key-5"), &values[6]);
	assert_null(map_get(&m, "key-5"));
	map_put(&m, "key-5", &values[5]); /* over its own tombstone */
	assert_ptr_equal(map_get(&m, "key-5"), &values[5]);
	map_put(&m, "", &values[0]); /* the empty key is a key */
	assert_ptr_equal(map_remove(&m, ""), &values[0]);

	/* Every entry once, removing while walking. */
	bool seen[1000] = {false};
	const char *k;
	unsigned n = 0;
	for (it = 0; map_next(&m, &it, &k, &value); n++) {
		long i = (const int *)value - values;
		assert_false(seen[i]);
		seen[i] = true;
		if (i % 2)
			assert_ptr_equal(map_remove(&m, k), value);
	}
	assert_int_equal(n, 1000);
	assert_int_equal(m.live, 500);
	map_release(&m);
	assert_int_equal(m.cap, 0);
}

/* Instances come and go for ever: the table must not grow with what has gone. */
static void test_map_churn(void **state)
{
	(void)state;
	struct map m = {0};
	int value;
	char key[32];
	for (int i = 0; i < 100000; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		map_put(&m, key, &value);
		if (i >= 10) {
			(void)snprintf(key, sizeof(key), "%d", i - 10);
			assert_ptr_equal(map_remove(&m, key), &value);
		}
	}
	assert_int_equal(m.live, 10);
	assert_true(m.cap <= 64);
	map_release(&m);
}

static void test_arena(void **state)
{
	(void)state;
	struct arena a = {0};
	arena_clear(&a); /* an empty one too */
	assert_null(arena_strdup(&a, NULL));
	char *first = arena_strdup(&a, "first");
	char *kept[2000];
	for (int i = 0; i < 2000; i++) {
		kept[i] = arena_fmt(&a, "string number %d", i);
		assert_int_equal((uintptr_t)kept[i] % _Alignof(max_align_t), 0);
	}
	unsigned char *big = arena_alloc(&a, 1 << 20);
	for (size_t i = 0; i < 1 << 20; i += 4096)
		assert_int_equal(big[i], 0);
	memset(big, 0xAA, 1 << 20);
	for (int i = 0; i < 2000; i++) {
		char want[32];
		(void)snprintf(want, sizeof(want), "string number %d", i);
		assert_string_equal(kept[i], want);
	}
	assert_string_equal(first, "first");
	arena_clear(&a);
	unsigned char *again = arena_alloc(&a, 4096); /* reused and zeroed */
	for (size_t i = 0; i < 4096; i++)
		assert_int_equal(again[i], 0);
	assert_string_equal(arena_fmt(&a, "%s", ""), "");
	arena_release(&a);
	assert_null(a.first);
	arena_release(&a);
}

/* A steady tick allocates nothing: the same requests after a clear come from the same blocks. */
static void test_arena_steady(void **state)
{
	(void)state;
	struct arena a = {0};
	void *seen[3] = {NULL};
	for (int round = 0; round < 100; round++) {
		void *p[3] = {arena_alloc(&a, 20000), arena_alloc(&a, 100000), arena_alloc(&a, 20000)};
		for (size_t i = 0; i < 3; i++) {
			if (round > 0)
				assert_ptr_equal(p[i], seen[i]);
			seen[i] = p[i];
		}
		arena_clear(&a);
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_strbuf),       cmocka_unit_test(test_strbuf_long_format),
	        cmocka_unit_test(test_vec),          cmocka_unit_test(test_map),
	        cmocka_unit_test(test_map_churn),    cmocka_unit_test(test_arena),
	        cmocka_unit_test(test_arena_steady),
	};
	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
