/* POSIX ustar: 512-byte headers, octal numbers, two empty blocks at the end. */
#include "lab/backend/tar.h"

#include <string.h>

#define BLOCK 512

static void pad(struct strbuf *sb, size_t start)
{
	static const char zeros[BLOCK];
	strbuf_add(sb, zeros, (BLOCK - (sb->len - start) % BLOCK) % BLOCK);
}

static void add_header(struct strbuf *sb, const char *name, unsigned mode, size_t len, char type)
{
	char h[BLOCK + 1] = {0};
	unsigned sum = 0;
	(void)snprintf(h, 100, "%s", name);
	(void)snprintf(h + 100, 8, "%07o", mode);
	(void)snprintf(h + 108, 8, "%07o", 0U);
	(void)snprintf(h + 116, 8, "%07o", 0U);
	(void)snprintf(h + 124, 12, "%011zo", len);
	(void)snprintf(h + 136, 12, "%011o", 0U); /* no time: the same program gives the same image */
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum & 0777777U);
	strbuf_add(sb, h, BLOCK);
}

void tar_build(const void *init, size_t len, struct strbuf *ret)
{
	static const char end[2 * BLOCK];
	size_t start = ret->len;
	add_header(ret, "proc/", 0755, 0, '5');
	add_header(ret, "sys/", 0755, 0, '5');
	add_header(ret, "dev/", 0755, 0, '5');
	add_header(ret, "init", 0755, len, '0');
	strbuf_add(ret, init, len);
	pad(ret, start);
	strbuf_add(ret, end, sizeof(end));
}
