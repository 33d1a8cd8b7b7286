#include "source/recording/recording.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "vctop/base/parse.h"

#define READ_FIRST ((size_t)256 * 1024)
#define FRAME_MAX ((size_t)256 * 1024 * 1024) /* compressed; ours are far smaller */

/* Moves what is left to the front and reads on, twice as much each time a frame does not fit. */
static int read_on(struct frame_walk *w)
{
	struct strbuf *t = &w->text;
	size_t left = t->len - w->at, want = left * 2 > READ_FIRST ? left * 2 : READ_FIRST;
	if (left)
		memmove(t->buf, t->buf + w->at, left);
	t->len = left;
	w->at = 0;
	if (left > FRAME_MAX)
		return -ENODATA;
	strbuf_room(t, want);
	ssize_t n;
	do
		n = pread(w->fd, t->buf + left, want - left, (off_t)(w->offset + left));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	t->len += (size_t)n;
	return n > 0;
}

int frame_walk_next(struct frame_walk *w, uint64_t *ret_offset)
{
	for (;;) {
		size_t left = w->text.len - w->at;
		size_t n = left ? ZSTD_findFrameCompressedSize(w->text.buf + w->at, left) : 0;
		if (left && !ZSTD_isError(n)) {
			*ret_offset = w->offset;
			w->at += n;
			w->offset += n;
			return 1;
		}
		if (left >= 4 && ZSTD_getErrorCode(n) == ZSTD_error_prefix_unknown)
			return -EPROTO;
		int r = read_on(w);
		if (r <= 0)
			return r < 0 ? r : left ? -ENODATA : 0;
	}
}

void frame_walk_release(struct frame_walk *w)
{
	strbuf_release(&w->text);
}

bool recording_is_zstd(int fd)
{
	static const unsigned char magic[] = {0x28, 0xB5, 0x2F, 0xFD};
	unsigned char head[4];
	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(head)) == 0;
}

/* As others may write it: keys in any order, blanks. */
static bool parsed_time(const char *line, size_t len, int64_t *ret_usec)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	const char *schema = json_string_value(json_object_get(o, "schema"));
	const json_t *time = json_object_get(o, "time");
	bool good = schema && strcmp(schema, "vctop.snapshot/1") == 0 && json_is_string(time) &&
	            parse_rfc3339(json_string_value(time), json_string_length(time), ret_usec) == 0;
	json_decref(o);
	return good;
}

bool recording_line_time(const char *line, size_t len, int64_t *ret_usec)
{
	static const char start[] = "{\"schema\":\"vctop.snapshot/1\",\"time\":\"";
	const size_t n = sizeof(start) - 1;
	if (len > n && memcmp(line, start, n) == 0) {
		const char *end = memchr(line + n, '"', len - n < 64 ? len - n : 64);
		return end && line[len - 1] == '}' && parse_rfc3339(line + n, (size_t)(end - line) - n, ret_usec) == 0;
	}
	return len > 1 && line[0] == '{' && parsed_time(line, len, ret_usec);
}
