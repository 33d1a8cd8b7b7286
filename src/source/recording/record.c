/* The writer of recordings: see record.h. */
#include "vctop/source/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "source/recording/recording.h"
#include "vctop/base/text.h"

#define LEVEL 3
#define TORN_MAX ((uint64_t)64 * 1024 * 1024) /* a torn end longer than this is none of ours */
#define TEXT_MAX ((size_t)256 * 1024 * 1024)  /* its text */
#define FLUSH_BYTES ((size_t)4 * 1024 * 1024) /* compressed and waiting */

struct recorder {
	char *path;
	int fd;
	ZSTD_CCtx *z;
	struct strbuf out; /* compressed, not written yet */
	unsigned lines;    /* in it */
	int64_t since_usec;
	uint64_t size; /* of the file: all frames of it are whole */
	bool empty;
};

static int fail(const struct recorder *r, int code, struct error *err)
{
	return error_set(err, code, "%s: %s", r->path, strerror(code));
}

static int refuse(const struct recorder *r, struct error *err)
{
	return error_set(err, EEXIST, "%s: exists and is no recording; not touched", r->path);
}

static int compress(struct recorder *r, const char *text, size_t len, ZSTD_EndDirective how, struct error *err)
{
	ZSTD_inBuffer in = {text, len, 0};
	size_t left;
	do {
		strbuf_room(&r->out, ZSTD_CStreamOutSize());
		ZSTD_outBuffer out = {r->out.buf + r->out.len, r->out.cap - r->out.len - 1, 0};
		left = ZSTD_compressStream2(r->z, &out, &in, how);
		if (ZSTD_isError(left))
			return error_set(err, EIO, "%s: zstd: %s", r->path, ZSTD_getErrorName(left));
		r->out.len += out.pos;
	} while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

/* All of it or nothing: a frame that did not fit on the disk is taken away again. */
static int write_frame(struct recorder *r, struct error *err)
{
	for (size_t done = 0; done < r->out.len;) {
		ssize_t n = pwrite(r->fd, r->out.buf + done, r->out.len - done, (off_t)(r->size + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int code = n < 0 ? errno : ENOSPC;
			(void)!ftruncate(r->fd, (off_t)r->size);
			return fail(r, code, err);
		}
		done += (size_t)n;
	}
	r->size += r->out.len;
	strbuf_clear(&r->out);
	r->lines = 0;
	return 0;
}

int recorder_flush(struct recorder *r, struct error *err)
{
	if (!r->lines)
		return 0;
	int ret = compress(r, "", 0, ZSTD_e_end, err);
	r->empty = false;
	return ret < 0 ? ret : write_frame(r, err);
}

int64_t recorder_due(const struct recorder *r)
{
	return r->lines ? r->since_usec + RECORD_FLUSH_USEC : INT64_MAX;
}

int recorder_add(struct recorder *r, const char *line, size_t len, int64_t now_usec, struct error *err)
{
	int ret = compress(r, line, len, ZSTD_e_continue, err);
	if (ret < 0)
		return ret;
	if (!r->lines++)
		r->since_usec = now_usec;
	/* The first line at once: from then on the file is known for what it is. */
	bool full = r->lines >= RECORD_FLUSH_LINES || r->out.len >= FLUSH_BYTES;
	return r->empty || full || now_usec >= recorder_due(r) ? recorder_flush(r, err) : 0;
}

/* The end of the last whole frame. */
static int find_end(struct recorder *r, uint64_t *ret_end, struct error *err)
{
	struct frame_walk w = FRAME_WALK_INIT(r->fd);
	uint64_t offset;
	int n;
	while ((n = frame_walk_next(&w, &offset)) > 0)
		;
	*ret_end = w.offset;
	frame_walk_release(&w);
	if (n == -EPROTO)
		return error_set(err, EEXIST, "%s: is damaged in the middle; not touched", r->path);
	return n == 0 || n == -ENODATA ? 0 : fail(r, -n, err);
}

/* What a killed recorder (or a full disk) left of its last frame: its whole lines become a frame of their own. */
static int mend(struct recorder *r, uint64_t end, uint64_t size, struct error *err)
{
	cleanup_strbuf struct strbuf torn = STRBUF_INIT, text = STRBUF_INIT;
	if (size - end > TORN_MAX)
		return error_set(err, EFBIG, "%s: cut off in a frame of %llu bytes; not touched", r->path,
		                 (unsigned long long)(size - end));
	strbuf_room(&torn, (size_t)(size - end));
	ssize_t n = pread(r->fd, torn.buf, (size_t)(size - end), (off_t)end);
	if (n < 0)
		return fail(r, errno, err);
	ZSTD_DCtx *z = ZSTD_createDCtx();
	ZSTD_inBuffer in = {torn.buf, (size_t)n, 0};
	size_t left = 1, before;
	do {
		before = text.len;
		strbuf_room(&text, ZSTD_DStreamOutSize());
		ZSTD_outBuffer out = {text.buf + text.len, text.cap - text.len - 1, 0};
		left = ZSTD_decompressStream(z, &out, &in);
		text.len += out.pos;
	} while (!ZSTD_isError(left) && text.len > before && text.len < TEXT_MAX);
	(void)ZSTD_freeDCtx(z);
	if (text.len >= TEXT_MAX)
		return error_set(err, EFBIG, "%s: cut off in a frame of more than 256 MiB; not touched", r->path);
	const char *last = text.len ? memrchr(text.buf, '\n', text.len) : NULL;
	r->size = end;
	if (last) {
		int ret = compress(r, text.buf, (size_t)(last - text.buf) + 1, ZSTD_e_end, err);
		uint64_t mended = end + r->out.len;
		ret = ret < 0 ? ret : write_frame(r, err);
		if (ret < 0 || mended >= size)
			return ret;
	}
	return ftruncate(r->fd, (off_t)r->size) < 0 ? fail(r, errno, err) : 0;
}

/* Goes on after what is there, if that is a recording. */
static int go_on(struct recorder *r, uint64_t size, struct error *err)
{
	struct replay *first = NULL;
	uint64_t end = 0;
	if (!recording_is_zstd(r->fd) || replay_open(r->path, &first, NULL) < 0)
		return refuse(r, err);
	replay_close(first);
	r->empty = false;
	int ret = find_end(r, &end, err);
	r->size = end;
	return ret < 0 || end == size ? ret : mend(r, end, size, err);
}

static int open_file(struct recorder *r, struct error *err)
{
	struct stat st;
	const int flags = O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	r->fd = open(r->path, flags);
	if (r->fd < 0 && errno == ENOENT)
		r->fd = open(r->path, flags | O_CREAT | O_EXCL,
		             0600); /* names of instances are nobody else's business */
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return fail(r, errno, err);
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: is no plain file", r->path);
	if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? error_set(err, EBUSY, "%s: another vctop records to it", r->path)
		                            : fail(r, errno, err);
	r->empty = true;
	return st.st_size ? go_on(r, (uint64_t)st.st_size, err) : 0;
}

static void recorder_free(struct recorder *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	(void)ZSTD_freeCCtx(r->z);
	strbuf_release(&r->out);
	free(r->path);
	free(r);
}

int recorder_open(const char *path, struct recorder **ret, struct error *err)
{
	struct recorder *r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->out = (struct strbuf)STRBUF_INIT;
	r->fd = -1;
	r->z = ZSTD_createCCtx();
	int n = !r->z ? fail(r, ENOMEM, err) : 0;
	if (n == 0) {
		(void)ZSTD_CCtx_setParameter(r->z, ZSTD_c_compressionLevel, LEVEL);
		n = open_file(r, err);
	}
	if (n < 0) {
		recorder_free(r);
		return n;
	}
	*ret = r;
	return 0;
}

int recorder_close(struct recorder *r, struct error *err)
{
	int ret = recorder_flush(r, err);
	if (ret == 0 && fsync(r->fd) < 0 && errno != EINVAL)
		ret = fail(r, errno, err);
	recorder_free(r);
	return ret;
}
