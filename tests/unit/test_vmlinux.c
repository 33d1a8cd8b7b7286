/* Where the kernel is in a bzImage, what unpacks it, and that nothing else is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/vmlinux.h"
#include "lab/tool/spawn.h"
#include "tree.h"
#include "vctop/base/strbuf.h"

#define AT 0x400 /* one sector of set-up code, and the header's own */

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> 8 * i);
}

static void make_head(unsigned char head[VMLINUX_HEAD], unsigned version, uint32_t offset, uint32_t len)
{
	memset(head, 0, VMLINUX_HEAD);
	head[0x1f1] = 1;
	memcpy(head + 0x202, "HdrS", 4);
	head[0x206] = (unsigned char)version;
	head[0x207] = (unsigned char)(version >> 8);
	put32(head + 0x248, offset);
	put32(head + 0x24c, len);
}

static void the_header_says_where(void **state)
{
	static const struct {
		unsigned version;
		uint32_t offset, len;
		uint64_t size;
		int r;
	} rows[] = {
	        {0x20f, 0x10, 1000, 1 << 20, 0},          {0x208, 0, 1000, AT + 1000, 0},
	        {0x207, 0x10, 1000, 1 << 20, -EINVAL}, /* does not say */
	        {0x20f, 0, 1000, AT + 999, -EINVAL},      {0x20f, UINT32_MAX, 1000, 1 << 20, -EINVAL},
	        {0x20f, 0, UINT32_MAX, 1 << 20, -EINVAL}, {0x20f, 0, 8, 1 << 20, -EINVAL},
	};
	unsigned char head[VMLINUX_HEAD];
	struct packed_kernel k = {0};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		make_head(head, rows[i].version, rows[i].offset, rows[i].len);
		assert_int_equal(vmlinux_locate(head, rows[i].size, &k), rows[i].r);
		if (rows[i].r == 0)
			assert_true(k.at == AT + rows[i].offset && k.len == rows[i].len);
	}
	head[0x202] = 'h';
	assert_int_equal(vmlinux_locate(head, 1 << 20, &k), -EINVAL);
	make_head(head, 0x20f, 0, 1000);
	head[0x1f1] = 0; /* means four */
	assert_int_equal(vmlinux_locate(head, 1 << 20, &k), 0);
	assert_int_equal(k.at, 5 * 512);
}

/* A file as the kernel's build makes it: head, packed kernel, its size but with gzip, and something behind. */
static char *make_image(struct tree *t, const char *packer, const char *what, uint32_t claimed)
{
	cleanup_free char *plain = xasprintf("%s/plain", t->root), *packed = xasprintf("%s/packed", t->root);
	char *image = xasprintf("%s/vmlinuz", t->root);
	cleanup_free char *command = xasprintf("%s <%s >%s", packer, plain, packed);
	unsigned char head[AT] = {0}, last[4];
	cleanup_strbuf struct strbuf data = STRBUF_INIT;
	FILE *f = fopen(plain, "w");
	for (int i = 0; i < 1000; i++)
		(void)fputs(what, f);
	(void)fclose(f);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
	f = fopen(packed, "r");
	assert_int_equal(strbuf_read(&data, fileno(f), 1 << 20), 0);
	(void)fclose(f);
	put32(last, claimed);
	if (strncmp(packer, "gzip", 4) != 0)
		strbuf_add(&data, last, 4);
	make_head(head, 0x20f, 0, (uint32_t)data.len);
	f = fopen(image, "w");
	assert_int_equal(fwrite(head, 1, AT, f), AT);
	assert_int_equal(fwrite(data.buf, 1, data.len, f), data.len);
	(void)fputs("what follows is none of it", f);
	(void)fclose(f);
	return image;
}

static void what_is_packed_comes_out(void **state)
{
	static const char *const packers[] = {"gzip -cn", "xz -c --check=crc32", "lz4 -lc", "zstd -qc"};
	static const char elf[] = "\177ELF and so on";
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++) {
		struct tree t;
		struct error err = {0};
		cleanup_free char *name = xstrndup(packers[i], strcspn(packers[i], " ")), *program = spawn_find(name);
		if (!program)
			continue;
		tree_init(&t);
		cleanup_free char *image = make_image(&t, packers[i], elf, (sizeof(elf) - 1) * 1000);
		cleanup_free char *out = xasprintf("%s/vmlinux", t.root),
		                  *cat = xasprintf("%s/vmlinux.%s", t.root, name);
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		assert_int_equal(vmlinux_check(image, &err), 0);
		assert_int_equal(vmlinux_unpack(image, out, NULL, &err), 0);
		FILE *f = fopen(out, "r");
		assert_int_equal(strbuf_read(&text, fileno(f), 1 << 20), 0);
		(void)fclose(f);
		assert_int_equal(text.len, (sizeof(elf) - 1) * 1000);
		assert_memory_equal(text.buf, elf, sizeof(elf) - 1);
		assert_int_equal(access(cat, F_OK), -1);
		assert_true(vmlinux_unpack(image, out, NULL, &err) < 0); /* never over something */
		tree_release(&t);
	}
}

static void what_is_no_kernel_is_refused(void **state)
{
	static const struct {
		const char *packer, *what;
		uint32_t claimed;
	} rows[] = {
	        {"xz -c", "a text, not a kernel", 20000},   /* no ELF */
	        {"xz -c", "\177ELF and so on", 15000},      /* not what it said */
	        {"xz -c", "\177ELF and so on", 12000},      /* more than it said: not written */
	        {"xz -c", "\177ELF and so on", UINT32_MAX}, /* more than any kernel */
	        {"cat", "\177ELF, not packed", 18000},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		struct error err = {0};
		struct stat st;
		tree_init(&t);
		cleanup_free char *image = make_image(&t, rows[i].packer, rows[i].what, rows[i].claimed);
		cleanup_free char *out = xasprintf("%s/vmlinux", t.root);
		assert_true(vmlinux_unpack(image, out, NULL, &err) < 0);
		assert_true(err.what[0]);
		assert_true(stat(out, &st) < 0 || st.st_size <= (off_t)rows[i].claimed);
		tree_release(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_header_says_where),
	        cmocka_unit_test(what_is_packed_comes_out),
	        cmocka_unit_test(what_is_no_kernel_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
