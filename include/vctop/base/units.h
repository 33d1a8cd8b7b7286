/* Quantities to text, locale-free.  All write at most `size` bytes including the NUL and return buf. */
#ifndef VCTOP_BASE_UNITS_H
#define VCTOP_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

char *units_bytes(char *buf, size_t size, double bytes);  /* "1.5G", "64.0M", "512K", "12B": binary */
char *units_cores(char *buf, size_t size, double cores);  /* "0.25", "12.0", "128" */
char *units_percent(char *buf, size_t size, double pct);  /* "7.3%", "100%" */
char *units_rate(char *buf, size_t size, double per_sec); /* bytes with "/s" */
char *units_duration(char *buf, size_t size, double sec); /* "45s", "12m", "3h05m", "6d04h" */
/* "1.24s", "12.4ms", "250µs" (ascii: "250us"), "63.0ns" */
char *units_interval(char *buf, size_t size, double sec, bool ascii);
char *units_rfc3339(char *buf, size_t size, int64_t real_usec); /* "2026-11-23T10:00:00.123Z" */

#endif
