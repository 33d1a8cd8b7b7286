/* Times in a recording: as people type them, and how long to wait from one to the next. */
#ifndef APP_MOMENT_H
#define APP_MOMENT_H

#include "app/app.h"

/*
 * "10:30" or "10:30:05" in local time, as the dashboard's clock shows it, on the day that is shown or the one next to
 * it that is recorded; or the beginning of an RFC 3339 time ("2026-11-23", "2026-11-23T10"), UTC unless it says
 * otherwise.
 */
int moment_parse(const char *text, int64_t shown, int64_t first, int64_t last, int64_t *ret_usec);
/*
 * From the frame shown to the next recorded time: usec of real time to wait; one second where nothing was recorded for
 * long. last_usec: of the last moment before that, shown or passed over.
 */
int64_t moment_wait(const struct frame *f, int64_t last_usec, int64_t next_usec, double speed);
/* Seconds without a recording between the last and the next; 0: none to speak of. */
double moment_gap(const struct frame *f, int64_t last_usec, int64_t next_usec);

#endif
