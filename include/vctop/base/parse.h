/*
 * Parsers of kernel text.  Pure: buffer in, value out; no I/O, no allocation, no locale.
 * All return 0 on success and -errno otherwise (EINVAL malformed, ERANGE too large, ENOENT key missing);
 * ret_* is untouched on failure.  Buffers need not be NUL-terminated; `len` bounds every read.
 */
#ifndef VCTOP_BASE_PARSE_H
#define VCTOP_BASE_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* "123" or "123\n": decimal digits only, whole buffer. */
int parse_u64(const char *buf, size_t len, uint64_t *ret);
/* As parse_u64, but "max" sets *ret_max (value untouched). */
int parse_u64_or_max(const char *buf, size_t len, uint64_t *ret, bool *ret_max);
/* A signed decimal number, whole buffer ("-1\n" in cpu.cfs_quota_us). */
int parse_i64(const char *buf, size_t len, int64_t *ret);
/* The number of a process or thread: 1 to INT32_MAX. */
int parse_pid(const char *buf, size_t len, pid_t *ret);
/* v2 cpu.max: "max 100000" or "25000 100000". */
int parse_cpu_max(const char *buf, size_t len, double *ret_cores, bool *ret_max);
/* Flat keyed files (cpu.stat, memory.stat, memory.events): the value of `key`, first occurrence. */
int parse_flat(const char *buf, size_t len, const char *key, uint64_t *ret);
#define PARSE_KEYS 16
/* The same for up to so many keys in one passage; of each 0, or -errno (-ENOENT: not there). */
void parse_flat_all(const char *buf, size_t len, const char *const keys[], size_t n, uint64_t ret[], int ret_err[]);
/* "Key:   123 kB" files (/proc/meminfo, status, smaps): value in bytes when followed by kB, else plain. */
int parse_colon(const char *buf, size_t len, const char *key, uint64_t *ret);
/* PSI: total= of the "some" (or "full") line, in usec. */
int parse_psi_total(const char *buf, size_t len, const char *which, uint64_t *ret_usec);
/* "0-3,8,10-11": number of CPUs; an empty list is 0. */
int parse_cpulist(const char *buf, size_t len, unsigned *ret_count);
/* io.stat: sums rbytes= and wbytes= over all lines; malformed lines are skipped. */
int parse_io_stat(const char *buf, size_t len, uint64_t *ret_read, uint64_t *ret_write);
/* v1 blkio io_service_bytes: sums "maj:min Read N" and "maj:min Write N". */
int parse_blkio(const char *buf, size_t len, uint64_t *ret_read, uint64_t *ret_write);
/* The n-th (from 0) white-space separated word. false when there are fewer. */
bool parse_word(const char *buf, size_t len, unsigned n, const char **ret_word, size_t *ret_len);
/* Sizes as people type them: "64m", "1.5G", "512MiB", "1024" (bytes). Binary suffixes. */
int parse_size(const char *s, uint64_t *ret_bytes);
/* A finite decimal without a sign ("0.25", "0"), whole string. */
int parse_double(const char *s, double *ret);
/* "2026-11-23T10:00:00.123Z" (RFC 3339; any fraction, any offset): usec since the epoch. Whole buffer. */
int parse_rfc3339(const char *buf, size_t len, int64_t *ret_usec);
/* Splits the next line off *cursor (bounded by end). false at the end. */
bool parse_line(const char **cursor, const char *end, const char **ret_line, size_t *ret_len);

/* "HTTP/1.1 204 No Content": 100 to 599; -EPROTO. */
int parse_http_status(const char *line, size_t len);
/* Is it the header Content-Length?  *ret: its value, UINT64_MAX when that is no number. */
bool parse_http_length(const char *line, size_t len, uint64_t *ret);

#endif
