/*
 * The first verdict: what one look can honestly say.  From the window alone only low, busy or pressured *now*; from
 * counters that cover the whole life, proofs: a mean bounds the 95th percentile (Markov: P95 <= 20 x mean), a peak
 * bounds the need.  Where nothing is proven the answer is `learning`.  Where there is history, judge.c knows better and
 * usage_book_judge puts its word in the place of this one.
 *
 * Thresholds and their evidence: each constant names its reason.
 */
#include <math.h>
#include <string.h>

#include "derive/usage-internal.h"
#include "vctop/base/attr.h"
#include "vctop/base/units.h"
#include "vctop/derive/derive.h"

#define WEEK_SEC (7 * 86400.0) /* a life shorter than a week has not seen a weekend */
#define MARGIN 1.15            /* the 10-15 % that VPA, KRR and Autopilot add */
#define MARKOV 20.0            /* P95 <= mean / 0.05 */
#define OVERSIZED_AT 0.5       /* recommended below half of the allocation */
#define MIN_CORES 0.05
#define MIN_BYTES (64.0 * 1024 * 1024)
#define LOW_CORES 0.03  /* an idle vCPU's share (GCP's idle rule) */
#define AWAKE_CORES 0.2 /* above it nobody would call it idle */
#define BUSY_PCT 70.0
#define THROTTLED_PCT 5.0 /* of periods; 25 is the usual alarm */
#define CPU_PRESSURE_PCT 10.0
#define MEM_PRESSURE_PCT 1.0
#define STEAL_PCT 10.0 /* of the vCPUs' time waiting for a CPU */
#define MEM_FULL_PCT 0.1
#define PRESSURE_PERIODS 600.0 /* a minute of 100 ms periods before a lifetime ratio means anything */
#define PRESSURE_AGE 3600.0    /* what waited while it started is soon a small part of an hour */

struct judge {
	struct frame *f;
	const struct row *row;
	const struct sample *s;
	struct verdict v;
};

static bool above(struct metric m, double limit)
{
	return metric_is_ok(m) && m.v > limit;
}

static const char *cores(struct frame *f, double v)
{
	char buf[16];
	return arena_strdup(&f->arena, units_cores(buf, sizeof(buf), v));
}

static const char *bytes(struct frame *f, double v)
{
	char buf[16];
	return arena_strdup(&f->arena, units_bytes(buf, sizeof(buf), v));
}

static const char *duration(struct frame *f, double v)
{
	char buf[24];
	return arena_strdup(&f->arena, units_duration(buf, sizeof(buf), v));
}

enum verdict_now verdict_now_of(const struct row *r)
{
	const struct metric vcpus = r->sample->cpu.vcpus;
	if (r->inst->state != INSTANCE_RUNNING)
		return NOW_UNKNOWN;
	if (above(r->throttled_pct, THROTTLED_PCT) || above(r->mem_pressure_pct, MEM_PRESSURE_PCT) ||
	    above(r->cpu_pressure_pct, CPU_PRESSURE_PCT) ||
	    (metric_is_ok(vcpus) && above(r->steal_cores, vcpus.v * STEAL_PCT / 100)))
		return NOW_PRESSURED;
	if (!metric_is_ok(r->cpu_used_cores))
		return NOW_UNKNOWN;
	if (metric_is_ok(r->cpu_used_pct) ? r->cpu_used_pct.v >= BUSY_PCT : r->cpu_used_cores.v >= AWAKE_CORES)
		return NOW_BUSY;
	return r->cpu_used_cores.v < LOW_CORES ? NOW_LOW : NOW_NORMAL;
}

static void decide(struct judge *j, enum verdict_state state, const char *rule, enum verdict_basis basis,
                   const char *reason)
{
	j->v.state = state;
	j->v.rule = rule;
	j->v.basis = basis;
	j->v.reason = reason;
	if (basis == BASIS_LIFETIME)
		j->v.observed_sec = j->row->age_sec > 0 ? j->row->age_sec : 0;
}

static bool judge_parked(struct judge *j)
{
	const struct instance *i = j->row->inst;
	const struct metric held = j->s->mem.held_bytes, disk = j->s->disk_writable_bytes;
	if (i->state == INSTANCE_RUNNING)
		return false;
	const char *what = i->state == INSTANCE_PAUSED ? "paused" : "stopped";
	const char *holds = above(held, 0) ? arena_fmt(&j->f->arena, "; still holds %s of memory", bytes(j->f, held.v))
	                                   : "; holds no memory";
	const char *layer = metric_is_ok(disk) ? arena_fmt(&j->f->arena, " and %s of disk", bytes(j->f, disk.v)) : "";
	decide(j, VERDICT_PARKED, i->state == INSTANCE_PAUSED ? "parked-paused" : "parked-stopped", BASIS_WINDOW,
	       arena_fmt(&j->f->arena, "%s%s%s", what, holds, layer));
	return true;
}

/* Pressure stall totals are counted from the group's creation on, as its age is. */
static bool judge_lifetime_stall(struct judge *j)
{
	const struct sample *s = j->s;
	const struct {
		struct metric usec;
		double limit;
		const char *rule, *what;
	} stalls[] = {
	        {s->mem.pressure_full_usec, MEM_FULL_PCT, "lifetime-memory-stall",
	         "all its processes stood still for memory"},
	        {s->mem.pressure_usec, MEM_PRESSURE_PCT, "lifetime-memory-pressure", "its processes waited for memory"},
	        {s->cpu.pressure_usec, CPU_PRESSURE_PCT, "lifetime-cpu-pressure", "its processes waited for CPU"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(stalls) && j->row->age_sec >= PRESSURE_AGE; i++) {
		struct metric share = metric_pct(stalls[i].usec, metric_ok(j->row->age_sec * 1e6));
		if (!above(share, stalls[i].limit))
			continue;
		decide(j, VERDICT_PRESSURED, stalls[i].rule, BASIS_LIFETIME,
		       arena_fmt(&j->f->arena, "%s %.1f%% of the time since it was created", stalls[i].what, share.v));
		j->v.confidence = CONFIDENCE_FAIR;
		return true;
	}
	return false;
}

/* Evidence since it was created that it got less than it wanted. */
static bool judge_lifetime_pressure(struct judge *j)
{
	const struct sample *s = j->s;
	struct metric share = metric_pct(s->cpu.throttled, s->cpu.periods);
	if (above(s->mem.oom_kills, 0)) {
		decide(j, VERDICT_PRESSURED, "lifetime-oom-kill", BASIS_LIFETIME,
		       arena_fmt(&j->f->arena, "%.0f process%s killed for lack of memory since it was created",
		                 s->mem.oom_kills.v, s->mem.oom_kills.v > 1 ? "es" : ""));
		j->v.confidence = CONFIDENCE_HIGH;
		return true;
	}
	if (above(s->mem.events_oom, 0)) {
		decide(j, VERDICT_PRESSURED, "lifetime-oom", BASIS_LIFETIME,
		       arena_fmt(&j->f->arena, "found no memory below its cap %.0f times since it was created",
		                 s->mem.events_oom.v));
		j->v.confidence = CONFIDENCE_FAIR;
		return true;
	}
	if (above(s->cpu.periods, PRESSURE_PERIODS) && above(share, THROTTLED_PCT)) {
		decide(j, VERDICT_PRESSURED, "lifetime-throttled", BASIS_LIFETIME,
		       arena_fmt(&j->f->arena, "stopped by its CPU cap in %.0f%% of %.0f periods since it was created",
		                 share.v, s->cpu.periods.v));
		j->v.confidence = CONFIDENCE_FAIR;
		return true;
	}
	return judge_lifetime_stall(j);
}

/* What the peak says it can need at most: page cache is in a container's peak, so it errs high, never low. */
static struct metric peak_need(const struct judge *j)
{
	struct metric peak = j->s->mem.peak_bytes;
	if (j->row->inst->kind == INSTANCE_VM)
		peak = metric_sub_floor0(peak, j->s->mem.overhead_bytes);
	return metric_is_ok(peak) ? metric_ok(fmax(peak.v * MARGIN, MIN_BYTES)) : peak;
}

static struct metric mean_need(const struct judge *j)
{
	struct metric use = j->s->cpu.usage_usec;
	if (!metric_is_ok(use) || j->row->age_sec <= 0)
		return metric_none(METRIC_ABSENT, "its age is not known");
	return metric_ok(fmax(use.v / 1e6 / j->row->age_sec * MARKOV * MARGIN, MIN_CORES));
}

/* Is `need` proven to be less than half of a cap of its own?  Fills recommended and slack if so. */
static bool prove(struct metric need, const struct allocation *cap, struct metric *ret_need, struct metric *ret_slack)
{
	if (!metric_is_ok(need) || !metric_is_ok(cap->amount) || cap->shared || need.v >= cap->amount.v * OVERSIZED_AT)
		return false;
	*ret_need = need;
	*ret_slack = metric_sub_floor0(cap->amount, need);
	return true;
}

static bool judge_oversized(struct judge *j)
{
	struct frame *f = j->f;
	const struct sample *s = j->s;
	if (j->row->age_sec < WEEK_SEC)
		return false;
	bool cpu = prove(mean_need(j), &s->cpu.allocated, &j->v.recommended_cores, &j->v.slack_cores);
	bool mem = prove(peak_need(j), &s->mem.allocated, &j->v.recommended_bytes, &j->v.slack_bytes);
	if (!cpu && !mem)
		return false;
	const char *age = duration(f, j->row->age_sec);
	const char *c = cpu ? arena_fmt(&f->arena, "mean of %.3f cores over %s proves P95 below %s of %s cores",
	                                s->cpu.usage_usec.v / 1e6 / j->row->age_sec, age,
	                                cores(f, j->v.recommended_cores.v), cores(f, s->cpu.allocated.amount.v))
	                    : NULL;
	const char *m = mem ? arena_fmt(&f->arena, "never held more than %s of %s in %s", bytes(f, s->mem.peak_bytes.v),
	                                bytes(f, s->mem.allocated.amount.v), age)
	                    : NULL;
	decide(j, VERDICT_OVERSIZED,
	       cpu && mem ? "lifetime-cpu-markov+mem-peak"
	       : cpu      ? "lifetime-cpu-markov"
	                  : "lifetime-mem-peak",
	       BASIS_LIFETIME,
	       cpu && mem ? arena_fmt(&f->arena, "%s; %s", c, m)
	       : cpu      ? c
	                  : m);
	j->v.confidence = CONFIDENCE_HIGH;
	return true;
}

static bool judge_unlimited(struct judge *j)
{
	const struct sample *s = j->s;
	if (s->cpu.allocated.amount.st != METRIC_UNLIMITED || s->mem.allocated.amount.st != METRIC_UNLIMITED)
		return false;
	decide(j, VERDICT_UNLIMITED, "no-cap", BASIS_WINDOW,
	       "no CPU or memory cap at any level: no slack can be computed");
	return true;
}

static void judge_learning(struct judge *j)
{
	struct frame *f = j->f;
	const struct row *r = j->row;
	double mean =
	        r->age_sec > 0 && metric_is_ok(j->s->cpu.usage_usec) ? j->s->cpu.usage_usec.v / 1e6 / r->age_sec : -1;
	if (r->age_sec < 0) {
		decide(j, VERDICT_LEARNING, "age-unknown", BASIS_WINDOW,
		       "its age is not known, so its counters prove nothing");
		return;
	}
	if (r->age_sec < WEEK_SEC) {
		decide(j, VERDICT_LEARNING, "too-young", BASIS_LIFETIME,
		       arena_fmt(&f->arena, "%s old; counters prove something from 7 days on",
		                 duration(f, r->age_sec)));
		return;
	}
	bool candidate = mean >= 0 && mean < LOW_CORES && j->v.now == NOW_LOW;
	decide(j, VERDICT_LEARNING, candidate ? "lifetime-idle-candidate" : "not-proven", BASIS_LIFETIME,
	       candidate ? arena_fmt(&f->arena,
	                             "mean of %.3f cores over %s and low now: idle candidate, history would tell", mean,
	                             duration(f, r->age_sec))
	                 : arena_fmt(&f->arena, "%s of counters prove neither oversized nor right-sized",
	                             duration(f, r->age_sec)));
	j->v.confidence = CONFIDENCE_LOW;
}

/* A verdict needs its evidence: what is running but cannot be measured is unknown. */
static bool judge_unknown(struct judge *j)
{
	const struct sample *s = j->s;
	const struct metric *missing = !metric_is_ok(s->cpu.usage_usec)   ? &s->cpu.usage_usec
	                               : !metric_is_ok(s->mem.used_bytes) ? &s->mem.used_bytes
	                                                                  : NULL;
	if (!missing)
		return false;
	decide(j, VERDICT_UNKNOWN, "no-evidence", BASIS_WINDOW,
	       arena_fmt(&j->f->arena, "%s not measured: %s", missing == &s->cpu.usage_usec ? "CPU" : "memory",
	                 missing->why ? missing->why : metric_state_name(missing->st)));
	return true;
}

static struct metric no_slack(const struct judge *j, const struct allocation *cap)
{
	if (cap->amount.st == METRIC_UNLIMITED)
		return metric_none(METRIC_ABSENT, "no cap, so no slack");
	if (!metric_is_ok(cap->amount))
		return cap->amount;
	if (cap->shared)
		return metric_none(METRIC_ABSENT, "the cap is shared with others below the same level");
	if (j->v.state == VERDICT_PARKED)
		return metric_none(METRIC_ABSENT, "parked");
	return metric_none(METRIC_FIRST, "learning: nothing is proven yet");
}

static struct verdict judge_row(struct frame *f, const struct row *r)
{
	struct judge j = {.f = f, .row = r, .s = r->sample};
	struct metric none = metric_none(METRIC_FIRST, "learning: nothing is proven yet");
	j.v.observed_sec = r->interval_sec;
	j.v.recommended_cores = j.v.recommended_bytes = none;
	j.v.slack_cores = j.v.slack_bytes = j.v.cold_bytes = none;
	j.v.slack_cost = metric_none(METRIC_ABSENT, "no price given");
	j.v.now = verdict_now_of(r);
	if (!judge_parked(&j) && !judge_unknown(&j) && !judge_lifetime_pressure(&j) && !judge_oversized(&j) &&
	    !judge_unlimited(&j))
		judge_learning(&j);
	if (!metric_is_ok(j.v.slack_cores))
		j.v.slack_cores = no_slack(&j, &r->sample->cpu.allocated);
	if (!metric_is_ok(j.v.slack_bytes))
		j.v.slack_bytes = no_slack(&j, &r->sample->mem.allocated);
	return j.v;
}

void verdict_fill(struct frame *f)
{
	for (size_t i = 0; i < f->rows.n; i++)
		f->rows.v[i].verdict = judge_row(f, &f->rows.v[i]);
}
