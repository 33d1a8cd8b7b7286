/*
 * Fuzz targets: one LLVMFuzzerTestOneInput a file.  Built with -fsanitize=fuzzer (make fuzz) libFuzzer has the main;
 * else the main below runs every file of tests/fuzz/corpus/TARGET, or those given, and speaks TAP.
 * must() holds what is true of every answer, whatever the input.
 */
#ifndef VCTOP_TESTS_FUZZ_H
#define VCTOP_TESTS_FUZZ_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vctop/base/attr.h"
#include "vctop/base/strbuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(cond)                                                                                                     \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			(void)fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #cond);                     \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

/* A heap copy with no byte to spare, so that the sanitizer sees the first one read beyond. */
static inline char *fuzz_copy(const uint8_t *data, size_t size)
{
	char *p = xmalloc(size ? size : 1);
	if (size)
		memcpy(p, data, size);
	return p;
}

static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *p = xmalloc(size + 1);
	if (size)
		memcpy(p, data, size);
	p[size] = '\0';
	return p;
}

/* Cuts the next part off at the two bytes FF FF. */
static inline size_t fuzz_part(const uint8_t **data, size_t *size, const uint8_t **ret)
{
	static const uint8_t cut[] = {0xff, 0xff};
	const uint8_t *end = *size ? memmem(*data, *size, cut, sizeof(cut)) : NULL;
	size_t n = end ? (size_t)(end - *data) : *size;
	*ret = *data;
	*data += end ? n + sizeof(cut) : n;
	*size -= end ? n + sizeof(cut) : n;
	return n;
}

/* Text that was cleaned: no control characters, sound UTF-8. */
static inline void fuzz_must_be_clean(const char *s)
{
	for (; s && *s; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
}

#ifndef FUZZER
static bool fuzz_run(const char *path)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : 1;
	while (n > 0) {
		strbuf_room(&text, 65536);
		n = read(fd, text.buf + text.len, 65536);
		text.len += n > 0 ? (size_t)n : 0;
	}
	if (n == 0)
		(void)LLVMFuzzerTestOneInput((const uint8_t *)text.buf, text.len);
	return n == 0;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	cleanup_free char *dir =
	        xasprintf(SOURCE_DIR "/tests/fuzz/corpus/%s", (name ? name + 1 : argv[0]) + strlen("fuzz_"));
	int count = 0, bad = 0;
	struct dirent **files = NULL;
	int n = argc > 1 ? 0 : scandir(dir, &files, NULL, alphasort);
	for (int i = 1; i < argc; i++)
		bad += !fuzz_run(argv[i]);
	for (int i = 0; i < n; i++) {
		cleanup_free char *path = xasprintf("%s/%s", dir, files[i]->d_name);
		if (files[i]->d_name[0] != '.') {
			bool good = fuzz_run(path);
			bad += !good;
			printf("%sok %d - %s\n", good ? "" : "not ", ++count, files[i]->d_name);
			(void)fflush(stdout);
		}
		free(files[i]);
	}
	free(files);
	if (argc == 1)
		printf("1..%d\n", count);
	return bad || (argc == 1 && !count);
}
#endif

#endif
