/*
 * What is remembered of one instance, about 1 KiB.  observe.c feeds it, judge.c draws conclusions once a minute,
 * sentence.c puts them into words, which said.c keeps, usage_codec.c stores them.
 *
 * All spans are observed seconds, so clocks that step, gaps and suspended hosts can neither lengthen nor end them.
 */
#ifndef DERIVE_USAGE_INTERNAL_H
#define DERIVE_USAGE_INTERNAL_H

#include "derive/histogram.h"
#include "vctop/derive/usage.h"

#define HOUR 3600.0
#define DAY 86400.0
#define MINUTE 60.0
#define PEAK_DAYS 8 /* observed days whose peaks count */
#define WINDOW_PARTS 5
#define WEEK_BYTES 21 /* 168 hours, a bit each; hour 0 is Thursday 00:00 UTC, when the epoch began */

/* Means of the last minutes, at least five when there are so many. */
struct window {
	float sec[WINDOW_PARTS], mean[WINDOW_PARTS]; /* [0] the newest */
};

/* Why it is called pressured; CAUSE_NONE: it is not. */
enum cause {
	CAUSE_NONE,
	CAUSE_THROTTLED,  /* number: percent of periods */
	CAUSE_AT_CAP,     /* cores, 95 % of the time */
	CAUSE_CONTENTION, /* percent of the time, though below its cap */
	CAUSE_OOM,        /* processes killed */
	CAUSE_WAITING,    /* percent of the time, for memory */
	CAUSE_NEAR_CAP,   /* bytes */
	CAUSE_STALLED,    /* percent of the time, all of it for memory */
	CAUSE_NO_MEMORY,  /* allocations that found none, though nothing was killed */
	CAUSE_HIT_CAP,    /* times */
	CAUSE_MAX
};

struct machine {
	uint8_t state, pending; /* enum verdict_state */
	uint8_t cause;          /* enum cause, of a pressured one */
	float number;           /* of the cause, the worst of this episode */
	float pending_sec;      /* how long the pending one has been due */
	float calm_sec;         /* how long nothing pressed */
	int64_t changed_usec;
};

struct cap {
	double amount;
	uint8_t st; /* enum metric_state */
	bool shared;
	int64_t changed_usec; /* 0 never */
};

/* Sums of the minute that is not over. */
struct minute {
	float sec, cpu_sec, cpu, net_sec, rx, tx, throttled_sec, throttled, wait_sec, wait, mem_wait_sec, mem_wait;
	float mem_full_sec, mem_full, refault_sec, refault, cap_hits, no_memory;
};

struct usage {
	int64_t first_usec, last_usec, decayed_usec, cpu_usec, mem_usec; /* realtime; cpu, mem: last good reading */
	int64_t started_usec, restarted_usec, oom_usec;
	uint64_t owner;                    /* hash of the id that last wrote here */
	double cpu_sec, mem_sec, span_sec; /* observed; of these and the gaps between */
	double oom_kills, oom_limit;       /* last count (-1 none); allocation when it happened */
	double cap_hits, no_memory;        /* last counts; -1 none */
	double mem_now, held_now;          /* bytes; -1 unknown */
	double mem_peak[PEAK_DAYS];
	float cpu_peak[PEAK_DAYS];    /* of one-minute means */
	float cpu_day_p95[PEAK_DAYS]; /* of days that are over */
	float usual_sec, age_sec;     /* time between frames; < 0 unknown */
	float net_sec, net_quiet_sec; /* decayed as the histogram is */
	/* of the last whole minute; -1 unknown */
	float mem_wait_pct, mem_full_pct, refault_per_sec, minute_hits, minute_no_memory;
	uint8_t kind, life, now; /* enum instance_kind, instance_state, verdict_now */
	bool inside_known, keep; /* a VM's memory; never to be called idle */
	uint8_t cpu_st, mem_st;  /* enum metric_state of the last reading */
	struct cap cpu_cap, mem_cap;
	struct minute minute;
	struct window throttled, wait;
	struct machine cpu, mem, idle, all;
	uint8_t week[WEEK_BYTES];
	struct day_histogram today;
	struct histogram cores;
	/* not stored: follow from the above */
	float p95, p99; /* decayed: what it does now */
	float size;     /* the highest 95th percentile, decayed or of a day of the last eight: what it needs */
};

/* observe.c: one row into u, and the conclusions when it is time for them. owned: its last row had the same id. */
void usage_observe(struct usage *u, const struct row *r, const struct frame *f, bool owned);
struct usage *usage_new(void);

/* judge.c */
void usage_conclude(struct usage *u, double sec);
void usage_percentiles(struct usage *u);
void usage_memory_calm(struct usage *u);           /* what the last minute said of memory is over */
void usage_cap_changed(struct usage *u, bool cpu); /* neutral bands: what was true of the old cap says nothing */
double usage_cpu_days(const struct usage *u);
double usage_mem_days(const struct usage *u);
double usage_cpu_peak(const struct usage *u);
double usage_mem_peak(const struct usage *u);
double usage_window_mean(const struct window *w, double *ret_sec);
/* Recommended, margin included and not above the cap; METRIC_FIRST while too little was seen. */
struct metric usage_cpu_need(const struct usage *u);
struct metric usage_mem_need(const struct usage *u);
bool usage_idle_firm(const struct usage *u); /* seen for a day, and a day old */
bool usage_net_known(const struct usage *u);
enum verdict_now verdict_now_of(const struct row *r); /* verdict.c */

/* conclusion.c: a verdict without its words. */
void usage_figures(const struct usage *u, enum usage_resource r, struct verdict *ret);
/* sentence.c: what a manager reads; from the arena. What it looks at, said.c must know. */
const char *usage_sentence(const struct usage *u, enum usage_resource r, struct arena *a, const char **ret_rule);

#endif
