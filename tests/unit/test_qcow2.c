/* qcow2 headers: sound ones, cut ones, and ones that lie about every length and offset they have. */
#include "qcow2.h"
#include "source/storage/qcow2.h"

static void test_sound(void **state)
{
	(void)state;
	uint8_t b[IMAGE_ROOM];
	struct qcow2 q;
	make_qcow2(b, 1 << 30, "base.qcow2", "qcow2", NULL);
	be(b + 60, 2, 4);
	be(b + 64, 1024, 8);
	assert_null(qcow2_parse(b, sizeof(b), &q));
	assert_int_equal(q.version, 3);
	assert_int_equal(q.virtual_bytes, 1 << 30);
	assert_int_equal(q.snapshots, 2);
	assert_int_equal(q.snapshots_offset, 1024);
	assert_string_equal(q.backing, "base.qcow2");
	assert_string_equal(q.backing_format, "qcow2");
	assert_string_equal(q.data_file, "");
	assert_false(q.external_data);

	make_qcow2(b, 0, NULL, NULL, "ext.raw");
	assert_null(qcow2_parse(b, sizeof(b), &q));
	assert_string_equal(q.data_file, "ext.raw");
	assert_true(q.external_data);
	assert_string_equal(q.backing, "");
}

static void test_version_2(void **state)
{
	(void)state;
	uint8_t b[512] = {0};
	struct qcow2 q;
	memcpy(b, "QFI\xfb", 4);
	be(b + 4, 2, 4);
	be(b + 20, 12, 4);
	be(b + 24, 4096, 8);
	be(b + 8, 300, 8);
	be(b + 16, 3, 4);
	memcpy(b + 300, "abcd", 4); /* the name has no end of its own */
	assert_null(qcow2_parse(b, sizeof(b), &q));
	assert_int_equal(q.version, 2);
	assert_string_equal(q.backing, "abc");
	uint8_t *cut = (uint8_t *)exact(b, 72);
	be(cut + 8, 0, 8);
	assert_null(qcow2_parse(cut, 72, &q));
	free(cut);
}

static void test_lies(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		unsigned bytes;
		uint64_t value;
		const char *why;
	} rows[] = {
	        {0, 4, 0, "no qcow2 header"},
	        {4, 4, 1, "version"},
	        {4, 4, 4, "version"},
	        {8, 8, UINT64_MAX, "outside"},
	        {8, 8, IMAGE_ROOM, "outside"},
	        {8, 8, IMAGE_ROOM - 1, "outside"},
	        {16, 4, 1024, "too long"},
	        {16, 4, UINT32_MAX, "too long"},
	        {16, 4, 1023, "NUL"},
	        {20, 4, 8, "cluster"},
	        {20, 4, 64, "cluster"},
	        {20, 4, UINT32_MAX, "cluster"},
	        {24, 8, UINT64_MAX, "virtual size"},
	        {60, 4, 65537, "snapshots"},
	        {60, 4, UINT32_MAX, "snapshots"},
	        {100, 4, 0, "length of the header"},
	        {100, 4, 103, "length of the header"},
	        {100, 4, UINT32_MAX, "length of the header"},
	        {100, 4, IMAGE_ROOM + 1, "length of the header"},
	        {108, 4, UINT32_MAX, "extension"},
	        {108, 4, IMAGE_ROOM, "extension"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint8_t b[IMAGE_ROOM];
		struct qcow2 q;
		make_qcow2(b, 1 << 20, "base", "raw", NULL);
		be(b + rows[i].at, rows[i].value, rows[i].bytes);
		uint8_t *copy = (uint8_t *)exact(b, sizeof(b));
		const char *why = qcow2_parse(copy, sizeof(b), &q);
		free(copy);
		if (!why || !strstr(why, rows[i].why))
			fail_row(i, "%s, expected '%s'", why ? why : "accepted", rows[i].why);
	}
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	uint8_t b[IMAGE_ROOM];
	struct qcow2 q;
	make_qcow2(b, 1 << 20, "a/backing/file", "qcow2", "data");
	for (size_t n = 0; n < 300; n++) {
		uint8_t *copy = (uint8_t *)exact(b, n);
		const char *why = qcow2_parse(copy, n, &q);
		if (n < 104)
			assert_non_null(why);
		free(copy);
	}
}

static void take(void *data, const char *name, size_t len)
{
	strncat(data, name, len);
	strcat(data, ";");
}

static void test_snapshots(void **state)
{
	(void)state;
	uint8_t b[512] = {0};
	char names[256] = "";
	size_t n = make_snapshot(b, "1", "before update");
	n += make_snapshot(b + n, "2", "");
	assert_int_equal(qcow2_snapshots(b, n, 2, take, names), 2);
	assert_string_equal(names, "before update;;");
	assert_int_equal(qcow2_snapshots(b, n, 0, take, names), 0);
	/* Cut anywhere, and with lengths that reach beyond. */
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *copy = (uint8_t *)exact(b, cut);
		names[0] = '\0';
		assert_true(qcow2_snapshots(copy, cut, 65536, take, names) < 2 || cut > n - 8);
		free(copy);
	}
	static const size_t fields[][2] = {{12, 2}, {14, 2}, {36, 4}};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		uint8_t *copy = (uint8_t *)exact(b, n);
		be(copy + fields[i][0], UINT64_MAX, (unsigned)fields[i][1]);
		names[0] = '\0';
		assert_int_equal(qcow2_snapshots(copy, n, 2, take, names), 0);
		free(copy);
	}
}

static void test_magic(void **state)
{
	(void)state;
	uint8_t b[512] = {0};
	assert_null(image_magic(b, 0));
	assert_null(image_magic(b, sizeof(b)));
	memcpy(b + 64, "\x7f\x10\xda\xbe", 4);
	assert_null(image_magic(b, 67));
	assert_string_equal(image_magic(b, sizeof(b)), "vdi");
	b[368 + 2] = 16; /* little-endian 1 MiB */
	assert_int_equal(image_size("vdi", b, sizeof(b)), 1 << 20);
	assert_int_equal(image_size("vdi", b, 375), 0);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(image_size("vmdk", b, sizeof(b)), 0);
	assert_int_equal(image_size("qed", b, sizeof(b)), 0);
	assert_int_equal(image_size("vhdx", b, sizeof(b)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sound),        cmocka_unit_test(test_version_2), cmocka_unit_test(test_lies),
	        cmocka_unit_test(test_cut_anywhere), cmocka_unit_test(test_snapshots), cmocka_unit_test(test_magic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
