/*
 * From what is remembered to states: what would do (need), what follows (candidate), and when to say so (dwell).
 * Thresholds, margins and dwell times were measured on a trace of 500 VMs; those of throttling and pressure are ours.
 */
#include <math.h>

#include "derive/usage-internal.h"

#define MARGIN 1.15 /* as VPA, KRR and Autopilot add */
#define CPU_LEARN 0.25
#define MEM_LEARN 1.0
#define MIN_CORES 0.05
#define MIN_BYTES (64.0 * 1024 * 1024)
#define CPU_SEEN HOUR /* less is no claim at all */
#define MEM_SEEN DAY
#define SIZED_SEEN DAY
#define SIZED_SURE (14 * DAY)             /* the allowance for what was not seen is small from here on */
#define BLIND_USEC ((int64_t)(DAY * 1e6)) /* not measured for that long: what was known is not known any more */

#define OVERSIZED_ENTER 0.5
#define OVERSIZED_LEAVE 0.6
#define RIGHT_LEAVE 0.45
#define SLACK_CORES 0.5 /* less is not worth anybody's time (KRR: critical) */
#define SLACK_BYTES (512.0 * 1024 * 1024)
#define DWELL_LESS (12 * HOUR)
#define DWELL_MORE (3 * HOUR)
#define DWELL_PRESSED HOUR

#define THROTTLED_ENTER 5.0
#define THROTTLED_LEAVE 1.0
#define AT_CAP_ENTER 0.9
#define AT_CAP_LEAVE 0.85
#define AT_CAP_SEEN 300.0
#define WAIT_ENTER 10.0
#define WAIT_LEAVE 5.0
#define MEM_WAIT_ENTER 1.0
#define MEM_WAIT_LEAVE 0.1 /* Senpai's healthy level */
#define MEM_FULL_ENTER 0.1
#define NEAR_CAP 0.9
#define OOM_REMEMBERED ((int64_t)(PEAK_DAYS * DAY * 1e6))

#define IDLE_SEEN HOUR
#define IDLE_P95 0.03
#define IDLE_P99 0.1
#define AWAKE_P95 0.05
#define AWAKE_P99 0.2
#define QUIET_ENTER 0.95
#define QUIET_LEAVE 0.90

double usage_cpu_days(const struct usage *u)
{
	return u->cpu_sec / DAY;
}

double usage_mem_days(const struct usage *u)
{
	return u->mem_sec / DAY;
}

double usage_cpu_peak(const struct usage *u)
{
	float max = 0;
	for (unsigned i = 0; i < PEAK_DAYS; i++)
		max = fmaxf(max, u->cpu_peak[i]);
	return (double)max;
}

double usage_mem_peak(const struct usage *u)
{
	double max = 0;
	for (unsigned i = 0; i < PEAK_DAYS; i++)
		max = fmax(max, u->mem_peak[i]);
	return max;
}

void usage_percentiles(struct usage *u)
{
	double p95, p99, peak = usage_cpu_peak(u);
	histogram_percentiles(&u->cores, 0.95, 0.99, &p95, &p99);
	/* A bucket's upper edge may be above anything that was seen. */
	u->p95 = u->size = (float)fmin(p95, peak);
	for (unsigned i = 0; i < PEAK_DAYS; i++)
		u->size = fmaxf(u->size, u->cpu_day_p95[i]);
	u->p99 = (float)fmin(p99, peak);
}

double usage_window_mean(const struct window *w, double *ret_sec)
{
	double sec = 0, sum = 0;
	for (unsigned i = 0; i < WINDOW_PARTS && sec < WINDOW_PARTS * MINUTE; i++) {
		sec += (double)w->sec[i];
		sum += (double)w->mean[i] * (double)w->sec[i];
	}
	*ret_sec = sec;
	return sec > 0 ? sum / sec : 0;
}

/* Without the allowance for what was not seen yet. */
static double cpu_base(const struct usage *u)
{
	return fmax(MIN_CORES, (double)u->size) * MARGIN;
}

static double mem_base(const struct usage *u)
{
	return fmax(MIN_BYTES, usage_mem_peak(u)) * MARGIN;
}

static double at_most(double need, const struct cap *c)
{
	return c->st == METRIC_OK ? fmin(need, c->amount) : need;
}

struct metric usage_cpu_need(const struct usage *u)
{
	if (u->cpu_sec < CPU_SEEN)
		return metric_none(METRIC_FIRST, "learning: seen for less than an hour");
	double need = at_most(cpu_base(u) * (1 + CPU_LEARN / usage_cpu_days(u)), &u->cpu_cap);
	/* What is pressed has nothing to give. */
	if (u->cpu.state == VERDICT_PRESSURED && u->cpu_cap.st == METRIC_OK)
		need = fmax(need, u->cpu_cap.amount);
	return metric_ok(need);
}

/* What a kill for lack of memory proved: that much was not enough (VPA's bump). */
static double oom_floor(const struct usage *u)
{
	if (!u->oom_usec || u->last_usec - u->oom_usec >= OOM_REMEMBERED)
		return 0;
	return fmax(1.2 * u->oom_limit, u->oom_limit + 100.0 * 1024 * 1024);
}

struct metric usage_mem_need(const struct usage *u)
{
	double floor = oom_floor(u);
	if (u->mem_sec < MEM_SEEN && floor <= 0)
		return metric_none(METRIC_FIRST, "learning: seen for less than a day");
	if (u->mem_sec <= 0)
		return metric_ok(floor);
	double need = at_most(mem_base(u) * (1 + MEM_LEARN / usage_mem_days(u)), &u->mem_cap);
	if (u->mem.state == VERDICT_PRESSURED && u->mem_cap.st == METRIC_OK)
		need = fmax(need, u->mem_cap.amount);
	return metric_ok(fmax(need, floor));
}

static enum cause cpu_pressed(const struct usage *u, float *ret_number)
{
	double sec, throttled = usage_window_mean(&u->throttled, &sec);
	bool capped = u->cpu_cap.st == METRIC_OK;
	*ret_number = (float)throttled;
	if (sec >= MINUTE - 1 && throttled > THROTTLED_ENTER)
		return CAUSE_THROTTLED;
	*ret_number = u->p95;
	if (capped && u->cpu_sec >= AT_CAP_SEEN && (double)u->p95 > AT_CAP_ENTER * u->cpu_cap.amount)
		return CAUSE_AT_CAP;
	double wait = usage_window_mean(&u->wait, &sec);
	*ret_number = (float)wait;
	return sec >= MINUTE - 1 && wait > WAIT_ENTER ? CAUSE_CONTENTION : CAUSE_NONE;
}

static bool cpu_calm(const struct usage *u)
{
	double sec;
	return usage_window_mean(&u->throttled, &sec) < THROTTLED_LEAVE &&
	       usage_window_mean(&u->wait, &sec) < WAIT_LEAVE &&
	       (u->cpu_cap.st != METRIC_OK || (double)u->p95 < AT_CAP_LEAVE * u->cpu_cap.amount);
}

/*
 * Needs nearly all it may have?  What it holds is then no cache that costs nothing to drop: a group that streams files
 * runs into its cap a thousand times a minute and lacks nothing.
 */
static bool near_cap(const struct usage *u)
{
	return u->mem_cap.st == METRIC_OK && u->inside_known && u->mem_now > NEAR_CAP * u->mem_cap.amount;
}

/* Events of a minute are summed up over the episode. */
static enum cause events(const struct usage *u, enum cause cause, float more, float *ret_number)
{
	*ret_number = (u->mem.cause == cause ? u->mem.number : 0) + more;
	return cause;
}

static enum cause mem_pressed(const struct usage *u, float *ret_number)
{
	if (u->mem.cause == CAUSE_OOM && (u->oom_usec == u->last_usec || u->minute_no_memory > 0))
		return events(u, CAUSE_OOM, 0, ret_number);
	if (u->minute_no_memory > 0)
		return events(u, CAUSE_NO_MEMORY, u->minute_no_memory, ret_number);
	*ret_number = u->mem_wait_pct;
	if ((double)u->mem_wait_pct > MEM_WAIT_ENTER)
		return CAUSE_WAITING;
	*ret_number = u->mem_full_pct;
	if ((double)u->mem_full_pct > MEM_FULL_ENTER)
		return CAUSE_STALLED;
	*ret_number = (float)u->mem_now;
	if (near_cap(u) && u->refault_per_sec > 0)
		return CAUSE_NEAR_CAP;
	if (u->minute_hits > 0 && (near_cap(u) || u->mem_now < 0))
		return events(u, CAUSE_HIT_CAP, u->minute_hits, ret_number);
	return CAUSE_NONE;
}

/*
 * Of a machine that is pressed or calm: the state pressured comes at once and goes an hour after the last cause.  That
 * something was killed outlasts what weaker causes the same episode has.
 */
static bool press(struct machine *m, enum cause cause, float number, bool calm, double sec)
{
	bool was = m->state == VERDICT_PRESSURED;
	if (cause != CAUSE_NONE && was && m->cause == CAUSE_OOM && cause != CAUSE_OOM) {
		m->calm_sec = 0;
		return true;
	}
	if (cause != CAUSE_NONE) {
		m->number = was && m->cause == cause ? fmaxf(m->number, number) : number;
		m->cause = (uint8_t)cause;
		m->calm_sec = 0;
		return true;
	}
	if (!was) {
		m->cause = CAUSE_NONE;
		return false;
	}
	m->calm_sec = calm ? m->calm_sec + (float)sec : 0;
	return (double)m->calm_sec < DWELL_PRESSED;
}

/* Sizes of one resource as the bands see them. */
struct sizes {
	double need, base, cap, worth; /* base: need after endless observation; worth: slack that matters */
	double seen;                   /* seconds */
};

static enum verdict_state sized(const struct sizes *s, enum verdict_state state)
{
	bool worth = s->cap - s->need >= s->worth;
	double enter = state == VERDICT_RIGHT_SIZED ? RIGHT_LEAVE : OVERSIZED_ENTER;
	if (worth && s->need <= (state == VERDICT_OVERSIZED ? OVERSIZED_LEAVE : enter) * s->cap)
		return VERDICT_OVERSIZED;
	if (s->seen < SIZED_SEEN)
		return VERDICT_LEARNING;
	/* Only because too little was seen? Then it is not right-sized but not known yet. */
	if (state != VERDICT_RIGHT_SIZED && s->seen < SIZED_SURE && s->base <= enter * s->cap &&
	    s->cap - s->base >= s->worth)
		return VERDICT_LEARNING;
	return VERDICT_RIGHT_SIZED;
}

static enum verdict_state cpu_candidate(const struct usage *u)
{
	if (u->cpu_usec == 0 || u->last_usec - u->cpu_usec > BLIND_USEC)
		return u->cpu_st == METRIC_ABSENT || u->cpu_st == METRIC_DENIED || u->cpu_usec ? VERDICT_UNKNOWN
		                                                                               : VERDICT_LEARNING;
	if (u->cpu_cap.st == METRIC_UNLIMITED || u->cpu_cap.shared)
		return VERDICT_UNLIMITED;
	if (u->cpu_cap.st != METRIC_OK)
		return VERDICT_UNKNOWN;
	struct metric need = usage_cpu_need(u);
	if (!metric_is_ok(need))
		return VERDICT_LEARNING;
	struct sizes s = {.base = at_most(cpu_base(u), &u->cpu_cap),
	                  .need = at_most(cpu_base(u) * (1 + CPU_LEARN / usage_cpu_days(u)), &u->cpu_cap),
	                  .cap = u->cpu_cap.amount,
	                  .worth = SLACK_CORES,
	                  .seen = u->cpu_sec};
	return sized(&s, (enum verdict_state)u->cpu.state);
}

static enum verdict_state mem_candidate(const struct usage *u)
{
	if (u->mem_usec == 0 || u->last_usec - u->mem_usec > BLIND_USEC)
		return u->mem_st == METRIC_ABSENT || u->mem_st == METRIC_DENIED || u->mem_usec ? VERDICT_UNKNOWN
		                                                                               : VERDICT_LEARNING;
	if (u->mem_cap.st == METRIC_UNLIMITED || u->mem_cap.shared)
		return VERDICT_UNLIMITED;
	if (u->mem_cap.st != METRIC_OK)
		return VERDICT_UNKNOWN;
	if (u->mem_sec < MEM_SEEN)
		return VERDICT_LEARNING;
	double floor = oom_floor(u);
	struct sizes s = {.base = fmax(floor, at_most(mem_base(u), &u->mem_cap)),
	                  .need = fmax(floor, at_most(mem_base(u) * (1 + MEM_LEARN / usage_mem_days(u)), &u->mem_cap)),
	                  .cap = u->mem_cap.amount,
	                  .worth = SLACK_BYTES,
	                  .seen = u->mem_sec};
	enum verdict_state v = sized(&s, (enum verdict_state)u->mem.state);
	/* What a VM touched may be cache: it proves what was not needed, never what was. */
	return v == VERDICT_RIGHT_SIZED && !u->inside_known ? VERDICT_UNKNOWN : v;
}

static double dwell(enum verdict_state from, enum verdict_state to)
{
	bool sized_now = from == VERDICT_RIGHT_SIZED || from == VERDICT_OVERSIZED;
	if (!sized_now || to == VERDICT_PRESSURED || to == VERDICT_UNLIMITED || to == VERDICT_UNKNOWN)
		return 0;
	return to == VERDICT_OVERSIZED ? DWELL_LESS : DWELL_MORE;
}

static void move(struct machine *m, enum verdict_state to, double wait, double sec, int64_t now)
{
	if (to == m->state) {
		m->pending = m->state;
		m->pending_sec = 0;
		return;
	}
	m->pending_sec = m->pending == to ? m->pending_sec + (float)sec : 0;
	m->pending = (uint8_t)to;
	if ((double)m->pending_sec < wait)
		return;
	m->state = (uint8_t)to;
	m->pending_sec = m->calm_sec = 0;
	m->changed_usec = now;
}

bool usage_net_known(const struct usage *u)
{
	return (double)u->net_sec >= 0.5 * histogram_weight(&u->cores);
}

bool usage_idle_firm(const struct usage *u)
{
	return u->cpu_sec >= DAY && ((double)u->age_sec < 0 || (double)u->age_sec >= DAY);
}

/* Absolute: what hardly runs is idle whatever it was given. */
static void conclude_idle(struct usage *u, double sec)
{
	bool is = u->idle.state == VERDICT_IDLE,
	     sized_now = u->all.state == VERDICT_RIGHT_SIZED || u->all.state == VERDICT_OVERSIZED;
	bool pressed = u->cpu.state == VERDICT_PRESSURED || u->mem.state == VERDICT_PRESSURED;
	double part, throttled = usage_window_mean(&u->throttled, &part);
	if (u->keep || pressed || u->cpu_sec < IDLE_SEEN || u->last_usec - u->cpu_usec > BLIND_USEC) {
		move(&u->idle, VERDICT_UNKNOWN, 0, sec, u->last_usec);
		return;
	}
	bool quiet =
	        u->net_sec <= 0 || (double)u->net_quiet_sec >= (is ? QUIET_LEAVE : QUIET_ENTER) * (double)u->net_sec;
	bool low = is ? (double)u->p95 < AWAKE_P95 && (double)u->p99 < AWAKE_P99
	              : (double)u->p95 < IDLE_P95 && (double)u->p99 < IDLE_P99;
	bool idle = quiet && low && throttled < THROTTLED_LEAVE;
	double wait = !idle ? DWELL_MORE : sized_now && usage_idle_firm(u) ? DWELL_LESS : 0;
	move(&u->idle, idle ? VERDICT_IDLE : VERDICT_UNKNOWN, wait, sec, u->last_usec);
}

static bool either(const struct usage *u, enum verdict_state s)
{
	return u->cpu.state == s || u->mem.state == s;
}

/* The instance: what presses first, then what is wasted, and right-sized only when nothing is open. */
static enum verdict_state combined(const struct usage *u)
{
	if (u->life != INSTANCE_RUNNING)
		return VERDICT_PARKED;
	if (either(u, VERDICT_PRESSURED))
		return VERDICT_PRESSURED;
	if (u->idle.state == VERDICT_IDLE)
		return VERDICT_IDLE;
	if (either(u, VERDICT_OVERSIZED))
		return VERDICT_OVERSIZED;
	if (either(u, VERDICT_LEARNING))
		return VERDICT_LEARNING;
	if (either(u, VERDICT_UNKNOWN))
		return VERDICT_UNKNOWN;
	return either(u, VERDICT_RIGHT_SIZED) ? VERDICT_RIGHT_SIZED : VERDICT_UNLIMITED;
}

void usage_conclude(struct usage *u, double sec)
{
	float number;
	if (u->life == INSTANCE_RUNNING) {
		enum cause c = cpu_pressed(u, &number);
		enum verdict_state to =
		        press(&u->cpu, c, number, cpu_calm(u), sec) ? VERDICT_PRESSURED : cpu_candidate(u);
		move(&u->cpu, to, dwell((enum verdict_state)u->cpu.state, to), sec, u->last_usec);
		c = mem_pressed(u, &number);
		bool calm = (double)u->mem_wait_pct < MEM_WAIT_LEAVE;
		to = press(&u->mem, c, number, calm, sec) ? VERDICT_PRESSURED : mem_candidate(u);
		move(&u->mem, to, dwell((enum verdict_state)u->mem.state, to), sec, u->last_usec);
		conclude_idle(u, sec);
	}
	move(&u->all, combined(u), 0, sec, u->last_usec);
}

void usage_memory_calm(struct usage *u)
{
	u->mem_wait_pct = u->mem_full_pct = u->refault_per_sec = -1;
	u->minute_hits = u->minute_no_memory = 0;
}

void usage_cap_changed(struct usage *u, bool cpu)
{
	struct machine *m = cpu ? &u->cpu : &u->mem;
	if (m->state != VERDICT_UNKNOWN)
		m->state = m->pending = VERDICT_LEARNING;
	m->pending_sec = m->calm_sec = 0;
	if (cpu)
		u->throttled = (struct window){0};
	else
		usage_memory_calm(u);
}
