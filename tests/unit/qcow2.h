/* Hand-made qcow2 images: only what a header says. */
#ifndef VCTOP_TESTS_QCOW2_H
#define VCTOP_TESTS_QCOW2_H

#include "unit.h"

#define IMAGE_ROOM 4096U

static inline void be(uint8_t *p, uint64_t v, unsigned bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

/* A version 3 header of IMAGE_ROOM bytes; backing and data_file may be NULL. */
static inline void make_qcow2(uint8_t *b, uint64_t size, const char *backing, const char *format, const char *data_file)
{
	size_t at = 104;
	memset(b, 0, IMAGE_ROOM);
	memcpy(b, "QFI\xfb", 4);
	be(b + 4, 3, 4);
	be(b + 20, 16, 4);
	be(b + 24, size, 8);
	be(b + 100, 104, 4);
	const struct {
		uint32_t type;
		const char *text;
	} ext[] = {{0xe2792aca, format}, {0x44415441, data_file}};
	for (size_t i = 0; i < ARRAY_SIZE(ext); i++) {
		if (!ext[i].text)
			continue;
		size_t n = strlen(ext[i].text);
		be(b + at, ext[i].type, 4);
		be(b + at + 4, n, 4);
		memcpy(b + at + 8, ext[i].text, n);
		at += 8 + ((n + 7) & ~(size_t)7);
	}
	if (data_file)
		be(b + 72, 4, 8);
	at += 8;
	if (backing) {
		be(b + 8, at, 8);
		be(b + 16, strlen(backing), 4);
		memcpy(b + at, backing, strlen(backing));
	}
}

/* One entry of a snapshot table at p; returns its length. */
static inline size_t make_snapshot(uint8_t *p, const char *id, const char *name)
{
	size_t n = strlen(id), m = strlen(name);
	memset(p, 0, 40);
	be(p + 12, n, 2);
	be(p + 14, m, 2);
	be(p + 36, 24, 4);
	memset(p + 40, 0, 24);
	memcpy(p + 64, id, n);
	memcpy(p + 64 + n, name, m);
	return (64 + n + m + 7) & ~(size_t)7;
}

#endif
