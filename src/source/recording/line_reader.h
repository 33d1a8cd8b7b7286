/*
 * Lines of a file, plain or in zstd, from any place where both a line and decoding can begin: a mark.  The reader knows
 * the last mark it passed and how many lines it gave out since, so that going back is going to a mark and on again.
 */
#ifndef SOURCE_LINE_READER_H
#define SOURCE_LINE_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <zstd.h>

#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"

struct line_reader {
	const char *path; /* borrowed, for errors */
	int fd;           /* borrowed */
	ZSTD_DCtx *z;     /* NULL: plain text */
	char *in;
	size_t in_at, in_len;
	uint64_t offset;    /* in the file, of in[0]; plain: of text.buf[0] */
	struct strbuf text; /* decoded; at: what was not given out yet */
	size_t at;
	bool frame_open, more_inside, ended, skipping; /* skipping: the rest of a line that was too long */
	uint64_t mark;                                 /* the last one passed */
	unsigned count;                                /* lines since; the owner counts (it may leave some out) */
	const char *trouble;                           /* what could not be used; NULL: nothing */
};

int line_reader_init(struct line_reader *r, int fd, const char *path, bool zstd);
void line_reader_release(struct line_reader *r);
void line_reader_restart(struct line_reader *r, uint64_t mark);
/*
 * The next line, NUL-terminated, without its newline; borrowed until the next call.  *ret_torn: the file ended without
 * that newline. -ENODATA: the end.
 */
int line_reader_next(struct line_reader *r, const char **ret_line, size_t *ret_len, bool *ret_torn, struct error *err);

#endif
