#include "vctop/base/strbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shared by every empty strbuf and never written: cap 0 says so. */
char strbuf_empty[1];

void strbuf_release(struct strbuf *sb)
{
	if (sb->cap)
		free(sb->buf);
	*sb = (struct strbuf)STRBUF_INIT;
}

void strbuf_clear(struct strbuf *sb)
{
	sb->len = 0;
	if (sb->cap)
		sb->buf[0] = '\0';
}

void strbuf_room(struct strbuf *sb, size_t extra)
{
	size_t need = sb->len + extra + 1;
	if (need <= sb->cap)
		return;
	size_t grown = sb->cap ? sb->cap * 2 : 64;
	if (grown < need)
		grown = need;
	sb->buf = xreallocarray(sb->cap ? sb->buf : NULL, grown, 1);
	sb->cap = grown;
	sb->buf[sb->len] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *data, size_t n)
{
	strbuf_room(sb, n);
	if (n) /* data may be NULL then */
		memcpy(sb->buf + sb->len, data, n);
	sb->len += n;
	sb->buf[sb->len] = '\0';
}

int strbuf_read(struct strbuf *sb, int fd, size_t max)
{
	while (sb->len <= max) {
		strbuf_room(sb, 4096);
		ssize_t n = read(fd, sb->buf + sb->len, sb->cap - sb->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		sb->len += (size_t)n;
		sb->buf[sb->len] = '\0';
	}
	return -E2BIG;
}

void strbuf_str(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_char(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_vfmt(struct strbuf *sb, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	size_t room = sb->cap ? sb->cap - sb->len : 0;
	int n = vsnprintf(room ? sb->buf + sb->len : NULL, room, fmt, ap);
	if (n > 0 && (size_t)n >= room) {
		strbuf_room(sb, (size_t)n);
		(void)vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, again);
	}
	if (n > 0)
		sb->len += (size_t)n;
	else if (room)
		sb->buf[sb->len] = '\0';
	va_end(again);
}

void strbuf_fmt(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	strbuf_vfmt(sb, fmt, ap);
	va_end(ap);
}

char *strbuf_detach(struct strbuf *sb)
{
	char *s = sb->cap ? sb->buf : xstrdup("");
	*sb = (struct strbuf)STRBUF_INIT;
	return s;
}
