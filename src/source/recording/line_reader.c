#include "source/recording/line_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/source/snapshot_json.h"

#define CHUNK ((size_t)128 * 1024) /* zstd's largest block */
#define PLAIN_MARK_LINES 64

int line_reader_init(struct line_reader *r, int fd, const char *path, bool zstd)
{
	*r = (struct line_reader){.path = path, .fd = fd, .text = STRBUF_INIT};
	if (!zstd)
		return 0;
	r->z = ZSTD_createDCtx();
	r->in = xmalloc(CHUNK);
	return r->z ? 0 : -ENOMEM;
}

void line_reader_release(struct line_reader *r)
{
	(void)ZSTD_freeDCtx(r->z);
	free(r->in);
	strbuf_release(&r->text);
}

void line_reader_restart(struct line_reader *r, uint64_t mark)
{
	if (r->z)
		(void)ZSTD_DCtx_reset(r->z, ZSTD_reset_session_only);
	r->in_at = r->in_len = 0;
	r->offset = r->mark = mark;
	strbuf_clear(&r->text);
	r->at = 0;
	r->count = 0;
	r->frame_open = r->more_inside = r->ended = r->skipping = false;
}

static ssize_t read_at(struct line_reader *r, char *buf, uint64_t offset, struct error *err)
{
	ssize_t n;
	do
		n = pread(r->fd, buf, CHUNK, (off_t)offset);
	while (n < 0 && errno == EINTR);
	return n < 0 ? error_set(err, errno, "%s: %s", r->path, strerror(errno)) : n;
}

static int fill_in(struct line_reader *r, struct error *err)
{
	r->offset += r->in_len;
	r->in_at = r->in_len = 0;
	ssize_t n = read_at(r, r->in, r->offset, err);
	if (n > 0) {
		r->in_len = (size_t)n;
		return 0;
	}
	r->ended = true;
	if (n == 0 && r->frame_open)
		r->trouble = "is cut off: it ends at the last whole line";
	return (int)n;
}

static int read_zstd(struct line_reader *r, struct error *err)
{
	if (r->in_at == r->in_len && !r->more_inside) {
		int n = fill_in(r, err);
		if (n < 0 || r->ended)
			return n;
	}
	strbuf_room(&r->text, CHUNK);
	ZSTD_inBuffer in = {r->in, r->in_len, r->in_at};
	ZSTD_outBuffer out = {r->text.buf + r->text.len, CHUNK, 0};
	size_t left = ZSTD_decompressStream(r->z, &out, &in);
	if (ZSTD_isError(left)) {
		r->ended = true;
		r->trouble = "is damaged: what follows cannot be read";
		return 0;
	}
	r->in_at = in.pos;
	r->text.len += out.pos;
	r->text.buf[r->text.len] = '\0';
	r->frame_open = left > 0;
	r->more_inside = left > 0 && out.pos == out.size;
	return 0;
}

static int read_plain(struct line_reader *r, struct error *err)
{
	strbuf_room(&r->text, CHUNK);
	ssize_t n = read_at(r, r->text.buf + r->text.len, r->offset + r->text.len, err);
	if (n > 0)
		r->text.len += (size_t)n;
	r->text.buf[r->text.len] = '\0';
	r->ended = n <= 0;
	return n < 0 ? (int)n : 0;
}

/* What was given out goes away before more is added; a line that is too long goes as it comes. */
static void make_room(struct line_reader *r)
{
	if (r->text.len - r->at > SNAPSHOT_LINE_MAX) {
		r->trouble = "has lines that are too long: they are left out";
		r->skipping = true;
		r->at = r->text.len;
	}
	if (!r->at)
		return;
	r->text.len -= r->at;
	memmove(r->text.buf, r->text.buf + r->at, r->text.len + 1);
	if (!r->z)
		r->offset += r->at;
	r->at = 0;
}

/* Between frames with no line under way, or after enough plain lines. */
static void pass_mark(struct line_reader *r)
{
	if (r->skipping || r->ended)
		return;
	if (r->z ? r->frame_open || r->text.len > r->at : r->count < PLAIN_MARK_LINES)
		return;
	r->mark = r->z ? r->offset + r->in_at : r->offset + r->at;
	r->count = 0;
}

static bool take(struct line_reader *r, size_t end, const char **ret_line, size_t *ret_len)
{
	bool skip = r->skipping;
	*ret_line = r->text.buf + r->at;
	*ret_len = end - r->at;
	if (end < r->text.len)
		r->text.buf[end++] = '\0';
	r->at = end;
	r->skipping = false;
	return !skip;
}

static int next(struct line_reader *r, const char **ret_line, size_t *ret_len, bool *ret_torn, struct error *err)
{
	size_t looked = 0;
	for (;;) {
		size_t from = r->at + looked;
		const char *nl = r->text.len > from ? memchr(r->text.buf + from, '\n', r->text.len - from) : NULL;
		if (nl) {
			if (take(r, (size_t)(nl - r->text.buf), ret_line, ret_len))
				return 0;
			looked = 0;
			continue;
		}
		if (r->ended) {
			*ret_torn = true;
			bool some = r->text.len > r->at && take(r, r->text.len, ret_line, ret_len);
			return some ? 0 : -ENODATA;
		}
		if (r->z)
			pass_mark(r);
		make_room(r);
		looked = r->text.len;
		int n = r->z ? read_zstd(r, err) : read_plain(r, err);
		if (n < 0)
			return n;
	}
}

int line_reader_next(struct line_reader *r, const char **ret_line, size_t *ret_len, bool *ret_torn, struct error *err)
{
	uint64_t mark = r->mark;
	unsigned count = r->count;
	*ret_torn = false;
	if (!r->z)
		pass_mark(r);
	int n = next(r, ret_line, ret_len, ret_torn, err);
	if (n < 0) {
		/* At the end the last line is still the one before: it keeps its place. */
		r->mark = mark;
		r->count = count;
	}
	return n;
}
