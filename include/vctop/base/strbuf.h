/*
 * A growable, always NUL-terminated string: the only string builder.
 * Start from STRBUF_INIT; buf is never NULL and buf[len] is '\0'.  strbuf_detach gives the
 * caller a heap string and leaves the strbuf empty; strbuf_clear keeps the storage.
 */
#ifndef VCTOP_BASE_STRBUF_H
#define VCTOP_BASE_STRBUF_H

#include <stdarg.h>
#include <stddef.h>

#include "vctop/base/attr.h"

struct strbuf {
	char *buf;
	size_t len, cap;
};

extern char strbuf_empty[];
#define STRBUF_INIT                                                                                                    \
	{                                                                                                              \
		.buf = strbuf_empty                                                                                    \
	}
#define cleanup_strbuf cleanup(strbuf_release)

void strbuf_release(struct strbuf *sb);
void strbuf_clear(struct strbuf *sb);
void strbuf_room(struct strbuf *sb, size_t extra);
void strbuf_add(struct strbuf *sb, const void *data, size_t n);
void strbuf_str(struct strbuf *sb, const char *s);
void strbuf_char(struct strbuf *sb, char c);
void strbuf_fmt(struct strbuf *sb, const char *fmt, ...) ATTR_PRINTF(2, 3);
void strbuf_vfmt(struct strbuf *sb, const char *fmt, va_list ap) ATTR_PRINTF(2, 0);
/* Appends what is left of fd. 0; -E2BIG: more than `max` bytes in all, the first of them read; -errno. */
int strbuf_read(struct strbuf *sb, int fd, size_t max);
char *strbuf_detach(struct strbuf *sb);

#endif
