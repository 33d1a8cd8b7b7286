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

/* What the thread is to do before its first reading; NULL nothing. Its error is that reading's. */
typedef int (*ticker_prepare)(void *data, struct error *err);
/* Signals should be blocked: the thread takes none. NULL with err. The engine is closed after the ticker. */
struct ticker *ticker_open(struct engine *e, ticker_prepare prepare, void *data, struct error *err);
int ticker_fd(const struct ticker *t);                /* readable: a reading waits to be taken; -1: of no ticker */
bool ticker_start(struct ticker *t);                  /* false: one is under way */
int ticker_take(struct ticker *t, struct error *err); /* as engine_tick; -EAGAIN: nothing to take */
bool ticker_runs(const struct ticker *t);
/*
 * Waits so long for the reading under way. false: it is still being taken, so the engine and the ticker must be left as
 * they are, and the process must end without touching either.
 */
bool ticker_close(struct ticker *t, int wait_msec);

#endif
