/* The archives that the lab writes itself, read back by hand and, where they are installed, by cpio and tar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/backend/initramfs.h"
#include "lab/backend/tar.h"

static const char program[] = "#!program\n12"; /* a length that needs padding */

static unsigned field(const char *header, unsigned n)
{
	char text[9] = "";
	memcpy(text, header + 6 + (size_t)n * 8, 8);
	return (unsigned)strtoul(text, NULL, 16);
}

static size_t up4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void entries_follow_each_other(void **state)
{
	static const char *const want[] = {"dev",  "dev/console", "dev/null", "dev/ttyS0", "dev/ttyS1",
	                                   "proc", "sys",         "init",     "TRAILER!!!"};
	struct strbuf sb = STRBUF_INIT;
	(void)state;
	initramfs_build(program, sizeof(program) - 1, NULL, 0, &sb);
	assert_int_equal(sb.len % 4, 0);
	size_t at = 0;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(at + 110 <= sb.len);
		const char *h = sb.buf + at;
		assert_memory_equal(h, "070701", 6);
		unsigned size = field(h, 6), name = field(h, 11);
		assert_string_equal(h + 110, want[i]);
		assert_int_equal(name, strlen(want[i]) + 1);
		at += up4(110 + name);
		if (strcmp(want[i], "init") == 0) {
			assert_int_equal(field(h, 1), 0100755);
			assert_int_equal(size, sizeof(program) - 1);
			assert_memory_equal(sb.buf + at, program, size);
		} else {
			assert_int_equal(size, 0);
		}
		at += up4(size);
	}
	assert_int_equal(at, sb.len);
	strbuf_release(&sb);
}

static void devices_have_their_numbers(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	(void)state;
	initramfs_build("", 0, NULL, 0, &sb);
	const char *h = sb.buf + up4(110 + 4); /* after "dev" */
	assert_string_equal(h + 110, "dev/console");
	assert_int_equal(field(h, 1), 020600);
	assert_int_equal(field(h, 9), 5);
	assert_int_equal(field(h, 10), 1);
	strbuf_release(&sb);
}

static void appends(void **state)
{
	struct strbuf alone = STRBUF_INIT, after = STRBUF_INIT;
	(void)state;
	initramfs_build(program, 3, NULL, 0, &alone);
	strbuf_str(&after, "x");
	initramfs_build(program, 3, NULL, 0, &after);
	assert_int_equal(after.len, alone.len + 1);
	assert_memory_equal(after.buf + 1, alone.buf, alone.len);
	strbuf_release(&alone);
	strbuf_release(&after);
}

/* Feeds the archive to `command` and returns what that prints; NULL: the command is not installed. */
static char *listed_by(const char *tool, const char *command, const struct strbuf *archive)
{
	char path[] = "/tmp/vctop-archive-XXXXXX", text[1024] = "";
	char *probe = xasprintf("command -v %s >/dev/null 2>&1", tool);
	int missing = system(probe);
	free(probe);
	if (missing)
		return NULL;
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, archive->buf, archive->len) == (ssize_t)archive->len);
	(void)close(fd);
	char *line = xasprintf("%s < %s 2>&1", command, path);
	FILE *f = popen(line, "re");
	assert_non_null(f);
	size_t n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	assert_int_equal(pclose(f), 0);
	(void)unlink(path);
	free(line);
	return xstrdup(text);
}

static void cpio_reads_it(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	(void)state;
	initramfs_build(program, sizeof(program) - 1, NULL, 0, &sb);
	char *text = listed_by("cpio", "cpio --quiet -t", &sb);
	if (text)
		assert_string_equal(text, "dev\ndev/console\ndev/null\ndev/ttyS0\ndev/ttyS1\nproc\nsys\ninit\n");
	free(text);
	strbuf_release(&sb);
}

static void tar_reads_it(void **state)
{
	struct strbuf sb = STRBUF_INIT;
	(void)state;
	tar_build(program, sizeof(program) - 1, &sb);
	assert_int_equal(sb.len % 512, 0);
	char *text = listed_by("tar", "tar -xOf - init", &sb);
	if (text)
		assert_string_equal(text, program);
	free(text);
	strbuf_release(&sb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entries_follow_each_other),
	        cmocka_unit_test(devices_have_their_numbers),
	        cmocka_unit_test(appends),
	        cmocka_unit_test(cpio_reads_it),
	        cmocka_unit_test(tar_reads_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
