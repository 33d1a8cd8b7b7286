/* Time of one tick.  One clock is read per tick; derive and view get times from the snapshot only. */
#ifndef VCTOP_BASE_CLOCK_H
#define VCTOP_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_mono_usec(void);   /* CLOCK_MONOTONIC */
int64_t clock_boot_usec(void);   /* CLOCK_BOOTTIME: what process start times count from */
int64_t clock_real_usec(void);   /* CLOCK_REALTIME, since the epoch */
double clock_self_cpu_sec(void); /* CPU used by this process */

#endif
