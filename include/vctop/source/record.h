/*
 * Recordings: the lines of `vctop --json` in zstd, for `zstdcat FILE | jq`.
 *
 * The writer ends a zstd frame at least every 64 lines or 10 seconds and hands it to the kernel in one write: a killed
 * recorder loses no more than that, and frames are the places where a reader can begin.
 *
 * The reader takes what others made too (plain JSON lines, one long zstd frame, files cut off or damaged): bounded in
 * memory, whole lines only, forward and back.
 */
#ifndef VCTOP_SOURCE_RECORD_H
#define VCTOP_SOURCE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vctop/base/error.h"

#define RECORD_FLUSH_LINES 64
#define RECORD_FLUSH_USEC (10 * INT64_C(1000000))

struct recorder;

/* Makes the file, or goes on in one that is a recording (its torn end is mended). -EBUSY: somebody records to it. */
int recorder_open(const char *path, struct recorder **ret, struct error *err);
/* Adds a line (with its newline); now_usec is any steady clock. The file is written when it is time. */
int recorder_add(struct recorder *r, const char *line, size_t len, int64_t now_usec, struct error *err);
/* Writes what is waiting; recorder_due says when that must be at the latest (INT64_MAX: nothing waits). */
int recorder_flush(struct recorder *r, struct error *err);
int64_t recorder_due(const struct recorder *r);
/* Flushes and closes. The recorder is gone either way. */
int recorder_close(struct recorder *r, struct error *err);

struct replay;

struct replay_line {
	const char *text; /* without the newline, NUL-terminated; borrowed until the next call */
	size_t len;
	int64_t usec; /* its time */
};

/* A file that holds no line of vctop.snapshot/1 is refused. */
int replay_open(const char *path, struct replay **ret, struct error *err);
void replay_close(struct replay *r);
/* The next line, the one before the last returned. -ENODATA: there is none. */
int replay_next(struct replay *r, struct replay_line *ret, struct error *err);
/* Its time, without taking it. */
int replay_peek(struct replay *r, int64_t *ret_usec, struct error *err);
int replay_previous(struct replay *r, struct replay_line *ret, struct error *err);
/* Goes to the first line at or after this time, or to the last line there is: replay_next returns it. */
int replay_seek(struct replay *r, int64_t usec, struct error *err);
/* Times of the first and the last line. */
void replay_span(const struct replay *r, int64_t *ret_first_usec, int64_t *ret_last_usec);
/* What of the file could not be used so far: "cut off: ends at the last whole line"; NULL: nothing. */
const char *replay_trouble(const struct replay *r);

#endif
