/* What the writer and the reader of recordings share: walking the frames of a zstd file, and the time of a line. */
#ifndef SOURCE_RECORDING_H
#define SOURCE_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/strbuf.h"

/* Steps from frame to frame without decoding: sizes are in the headers of the blocks. */
struct frame_walk {
	int fd;
	uint64_t offset; /* of text.buf[at] in the file */
	struct strbuf text;
	size_t at;
};
#define FRAME_WALK_INIT(f)                                                                                             \
	{                                                                                                              \
		.fd = (f), .text = STRBUF_INIT                                                                         \
	}
/* 1: a whole frame at *ret_offset; 0: the end; -EPROTO: no frame begins there, -ENODATA: it is cut off; -errno. */
int frame_walk_next(struct frame_walk *w, uint64_t *ret_offset);
void frame_walk_release(struct frame_walk *w);

/* The file begins as a zstd file does. */
bool recording_is_zstd(int fd);
/* The line is a vctop.snapshot/1 object as far as can be told without parsing it, or after parsing; its time. */
bool recording_line_time(const char *line, size_t len, int64_t *ret_usec);

#endif
