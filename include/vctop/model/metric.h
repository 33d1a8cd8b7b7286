/*
 * A number together with whether it could be measured.  Missing is not zero: the state says which of the two there
 * is, and is looked at first: `v` in state OK, `why` in all others (they share their bytes: a row has fifty of these).
 * A double holds every count here exactly up to 2^53 (9 PB; 285 years of CPU in usec).
 * `why` is a static or snapshot-owned string; NULL: no reason is known.
 */
#ifndef VCTOP_MODEL_METRIC_H
#define VCTOP_MODEL_METRIC_H

#include <stdbool.h>
#include <stddef.h>

enum metric_state {
	METRIC_ABSENT, /* the kernel does not offer it here; also the zero value: nothing is OK by accident */
	METRIC_OK,
	METRIC_DENIED,    /* needs privilege */
	METRIC_UNLIMITED, /* no cap: cpu.max "max" at every level */
	METRIC_FIRST,     /* a rate with no earlier sample */
	METRIC_RESET,     /* the counter went back or the instance was re-created */
	METRIC_STATE_MAX
} __attribute__((packed)); /* one byte */

struct metric {
	union {
		double v;
		const char *why;
	};
	enum metric_state st;
} __attribute__((packed)); /* nine bytes: nearly half of each row would be padding */

/* In the header, for each tick asks a hundred times an instance. */
static inline struct metric metric_ok(double v)
{
	return (struct metric){.v = v, .st = METRIC_OK};
}

static inline struct metric metric_none(enum metric_state st, const char *why)
{
	return (struct metric){.st = st, .why = why};
}

static inline bool metric_is_ok(struct metric m)
{
	return m.st == METRIC_OK;
}

/* The same number, or the same lack of one. */
static inline bool metric_same(struct metric a, struct metric b)
{
	return a.st == b.st && (!metric_is_ok(a) || (!(a.v < b.v) && !(a.v > b.v)));
}

/* From a failed read: ENOENT, ENODEV, EOPNOTSUPP -> absent; EACCES, EPERM -> denied; others absent. */
struct metric metric_errno(int err, const char *what);
/* OK if both are; else the first that is not. */
struct metric metric_add(struct metric a, struct metric b);
struct metric metric_sub_floor0(struct metric a, struct metric b);
/* a / b * 100; not OK when either is not or b is 0. */
struct metric metric_pct(struct metric a, struct metric b);
const char *metric_state_name(enum metric_state st); /* "ok", "absent", ... */
/* What a person sees instead of a number: "-", "?", "max", "…" (ASCII: "..."); NULL for OK. */
const char *metric_state_glyph(enum metric_state st, bool ascii);

#endif
