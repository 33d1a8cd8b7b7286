/*
 * What this host was in the last hour, in memory: the frames of the dashboard as the lines a recording has, so that
 * going back shows what a replay would.  Bounded in bytes, and in what keeping may cost.
 */
#ifndef APP_MOMENTS_H
#define APP_MOMENTS_H

#include "app/app.h"

struct moments;

struct moments *moments_new(void);
void moments_free(struct moments *m);
/* Keeps a frame, unless that would cost more than its share of the time. */
void moments_keep(struct moments *m, const struct frame *f);
/*
 * The moment `steps` before (negative) or after the one at usec; the first at or after it when steps is 0.  NULL: there
 * is none.  Borrowed until the next call.
 */
const struct frame *moments_at(struct moments *m, int64_t usec, int steps);
int64_t moments_oldest(const struct moments *m); /* realtime; 0 none */
size_t moments_bytes(const struct moments *m);

#endif
