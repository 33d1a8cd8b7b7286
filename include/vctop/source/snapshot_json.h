/*
 * vctop.snapshot/1 lines back into what they were made of: the other direction of view/json.
 *
 * A recording holds rates, not counters, so a line becomes a frame at once, without the frame before it: identities,
 * gauges, caps and background go into the snapshot, rates and the verdict as recorded into the frame's rows.  Sums are
 * not read but made again: call totals_fill(ret) (and usage_book_judge before it, if history is to speak).
 * Do not call frame_derive on it: it would take the missing counters for missing rates.
 *
 * A line needs schema, time, and instances with id and kind; everything else may be missing and is then absent.
 * Strings are cleaned, numbers checked, ids unique; ret_snap is sealed.
 */
#ifndef VCTOP_SOURCE_SNAPSHOT_JSON_H
#define VCTOP_SOURCE_SNAPSHOT_JSON_H

#include "vctop/base/error.h"
#include "vctop/model/frame.h"

/* The longest line read; 15,000 instances with everything known fit. */
#define SNAPSHOT_LINE_MAX ((size_t)64 * 1024 * 1024)

/* Clears and fills both; ret borrows ret_snap. 0, or -errno with err filled: the line is bad as a whole. */
int frame_from_json(const char *line, size_t len, struct snapshot *ret_snap, struct frame *ret, struct error *err);

/* The same with only what derive/usage.h looks at: identity, caps, use, pressure; ten times as fast on a full line. */
int frame_from_json_needed(const char *line, size_t len, struct snapshot *ret_snap, struct frame *ret,
                           struct error *err);

#endif
