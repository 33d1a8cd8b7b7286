/*
 * Lines with a time, kept in memory within a bound of bytes: the oldest go first.  Neighbours are alike, so all but one
 * of a group are stored as what differs from the first (zstd with that one as prefix).
 */
#ifndef VCTOP_SOURCE_LINE_RING_H
#define VCTOP_SOURCE_LINE_RING_H

#include <stdint.h>

#include "vctop/base/strbuf.h"

struct line_ring;

struct line_ring *line_ring_new(size_t max_bytes);
void line_ring_free(struct line_ring *r);
/* Later than all before it. 0; -ENOMEM: the compressor could not work, nothing was added. */
int line_ring_add(struct line_ring *r, int64_t usec, const char *line, size_t len);
/*
 * The same of a line that is too long to be in memory whole: it is given in parts, of which those at the same place of
 * neighbours are alike.
 */
void line_ring_begin(struct line_ring *r, int64_t usec);
int line_ring_part(struct line_ring *r, const char *text, size_t len);
int line_ring_end(struct line_ring *r);
/* Drops what is older, a group of lines at a time. */
void line_ring_forget(struct line_ring *r, int64_t before_usec);
size_t line_ring_count(const struct line_ring *r);
int64_t line_ring_time(const struct line_ring *r, size_t i); /* 0 is the oldest */
/* 0; -ENOENT: no such line; -EIO: it could not be unpacked. sb is replaced. */
int line_ring_get(struct line_ring *r, size_t i, struct strbuf *sb);
size_t line_ring_bytes(const struct line_ring *r);

#endif
