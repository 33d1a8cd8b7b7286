/*
 * Takes the readings in a thread of its own, so that a slow source never holds up a key.  The thread has the source,
 * the spare snapshot and frame, and the past, from ticker_start until ticker_take; all else is the caller's.
 */
#ifndef APP_TICKER_H
#define APP_TICKER_H

#include <stdbool.h>

#include "vctop/base/error.h"

struct engine;
struct ticker;

/* Signals should be blocked: the thread takes none. NULL with err. The engine is closed after the ticker. */
struct ticker *ticker_open(struct engine *e, struct error *err);
int ticker_fd(const struct ticker *t);                /* readable: a reading waits to be taken; -1: of no ticker */
bool ticker_start(struct ticker *t);                  /* false: one is under way */
int ticker_take(struct ticker *t, struct error *err); /* as engine_tick; -EAGAIN: nothing to take */
bool ticker_runs(const struct ticker *t);
void ticker_close(struct ticker *t); /* waits for the reading under way */

#endif
