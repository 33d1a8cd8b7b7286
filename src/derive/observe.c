/*
 * One frame's row into what is remembered.  The only questions here are how much time the reading stands for, and
 * whether it can be believed; judge.c does the rest.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "derive/usage-internal.h"
#include "vctop/base/attr.h"
#include "vctop/base/map.h"

#define USUAL_TIMES 5.0 /* a pause of this many usual intervals is a gap */
#define LONGEST 600.0   /* as is one longer than this, unless the recording says that its rates cover it all */
#define LONGEST_SAID 3600.0
#define RESTART_USEC 2000000 /* start times are computed from boot time and wander by less */
#define QUIET_RX 2000.0      /* bytes/s, of a network nobody would miss (GCP's idle rule) */
#define QUIET_TX 1000.0
#define GAP_DECAY_HOURS 24.0 /* what was not seen is no evidence against what was */
#define SPAN_MAX (7 * DAY)   /* of one gap: a clock that was wrong must not count for years */

struct usage *usage_new(void)
{
	struct usage *u = xcalloc(1, sizeof(*u));
	struct machine *const all[] = {&u->cpu, &u->mem, &u->all};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->state = all[i]->pending = VERDICT_LEARNING;
	u->oom_kills = u->cap_hits = u->no_memory = u->mem_now = u->held_now = u->age_sec = -1;
	usage_memory_calm(u);
	return u;
}

void usage_free(struct usage *u)
{
	if (u)
		histogram_release(&u->cores);
	free(u);
}

/* Adds a value of `sec` seconds to a sum of the minute. */
static void add_mean(float *sum, float *sum_sec, struct metric m, double sec)
{
	if (!metric_is_ok(m))
		return;
	*sum += (float)(m.v * sec);
	*sum_sec += (float)sec;
}

static void window_add(struct window *w, float mean, float sec)
{
	memmove(w->sec + 1, w->sec, sizeof(w->sec) - sizeof(w->sec[0]));
	memmove(w->mean + 1, w->mean, sizeof(w->mean) - sizeof(w->mean[0]));
	w->sec[0] = sec;
	w->mean[0] = mean;
}

static void decay(struct usage *u)
{
	double hours = floor((double)(u->last_usec - u->decayed_usec) / (HOUR * 1e6));
	if (hours < 0 || u->decayed_usec == 0) {
		u->decayed_usec = u->last_usec;
		return;
	}
	if (hours < 1)
		return;
	u->decayed_usec += (int64_t)(hours * HOUR * 1e6);
	hours = fmin(hours, GAP_DECAY_HOURS);
	histogram_decay(&u->cores, hours);
	float factor = (float)exp2(-hours / 24);
	u->net_sec *= factor;
	u->net_quiet_sec *= factor;
}

/* Day slots go by observed time: a day is not over because the clock says so. */
static unsigned day_of(double before, double after, bool *ret_new)
{
	*ret_new = floor(before / DAY) != floor(after / DAY); /* NOLINT: whole numbers */
	return (unsigned)fmod(floor(after / DAY), PEAK_DAYS);
}

static float mean_of(float sum, float sec)
{
	return sec > 0 ? sum / sec : -1;
}

static void minute_end(struct usage *u)
{
	struct minute *m = &u->minute;
	decay(u);
	if (m->cpu_sec > 0) {
		float mean = m->cpu / m->cpu_sec;
		bool fresh;
		unsigned day = day_of(u->cpu_sec, u->cpu_sec + (double)m->cpu_sec, &fresh);
		if (fresh) {
			u->cpu_day_p95[(day + PEAK_DAYS - 1) % PEAK_DAYS] = (float)day_histogram_p95(&u->today);
			u->today = (struct day_histogram){0};
		}
		day_histogram_add(&u->today, (double)mean, (double)m->cpu_sec);
		histogram_add(&u->cores, (double)mean, (double)m->cpu_sec);
		u->cpu_sec += (double)m->cpu_sec;
		u->cpu_peak[day] = fresh ? mean : fmaxf(u->cpu_peak[day], mean);
		int64_t hour = u->last_usec / (int64_t)(HOUR * 1e6) % 168;
		u->week[hour / 8] |= (uint8_t)(1U << (hour % 8));
	}
	if (m->net_sec > 0) {
		bool quiet = (double)(m->rx / m->net_sec) < QUIET_RX && (double)(m->tx / m->net_sec) < QUIET_TX;
		u->net_sec += m->net_sec;
		u->net_quiet_sec += quiet ? m->net_sec : 0;
	}
	if (m->throttled_sec > 0)
		window_add(&u->throttled, m->throttled / m->throttled_sec, m->throttled_sec);
	if (m->wait_sec > 0)
		window_add(&u->wait, m->wait / m->wait_sec, m->wait_sec);
	u->mem_wait_pct = mean_of(m->mem_wait, m->mem_wait_sec);
	u->mem_full_pct = mean_of(m->mem_full, m->mem_full_sec);
	u->refault_per_sec = mean_of(m->refault, m->refault_sec);
	u->minute_hits = m->cap_hits;
	u->minute_no_memory = m->no_memory;
	double sec = (double)m->sec;
	*m = (struct minute){0};
	usage_percentiles(u);
	usage_conclude(u, sec);
}

/* The evidence of the last minutes ends with them. */
static void gap(struct usage *u, double step)
{
	if ((double)u->minute.sec >= MINUTE / 2)
		minute_end(u);
	u->minute = (struct minute){0};
	u->throttled = u->wait = (struct window){0};
	usage_memory_calm(u);
	u->span_sec += fmin(step, SPAN_MAX);
}

/*
 * How many seconds this reading stands for.  `said` is the time the frame's rates cover (0 unknown); the clock says how
 * long ago the reading before was.  They differ when the host slept, the clock stepped, or a recorder looks only now
 * and then; a recorder's look stands for the time until the next, within bounds.
 */
static double observed(struct usage *u, int64_t now, double said)
{
	double step = (double)(now - u->last_usec) / 1e6, longest = LONGEST;
	bool first = u->last_usec == 0;
	if (first || step < 0) {
		if (!first)
			gap(u, 0);
		step = said <= LONGEST ? said : 0;
		u->span_sec += step;
		return step;
	}
	if (said * 1.5 >= step)
		longest = LONGEST_SAID;
	bool missed = step > longest || (u->usual_sec > 0 && step > USUAL_TIMES * (double)u->usual_sec);
	double usual = u->usual_sec > 0 ? 0.7 * (double)u->usual_sec + 0.3 * fmin(step, LONGEST_SAID) : step;
	u->usual_sec = (float)fmin(usual, LONGEST_SAID);
	if (missed) {
		gap(u, step);
		return said > 0 && said * 1.5 < step && said <= LONGEST ? said : 0;
	}
	u->span_sec += step;
	return step;
}

static bool take_cap(struct cap *c, const struct allocation *a, int64_t now)
{
	bool known = metric_is_ok(a->amount), was = c->st == METRIC_OK || c->st == METRIC_UNLIMITED;
	double amount = known ? a->amount.v : 0;
	if (c->st == a->amount.st && c->shared == a->shared && fabs(amount - c->amount) <= 1e-3 * c->amount)
		return false;
	if (was && (known || a->amount.st == METRIC_UNLIMITED))
		c->changed_usec = now;
	c->amount = amount;
	c->st = (uint8_t)a->amount.st;
	c->shared = a->shared;
	return true;
}

/* A VM that does not tell its inside: what it ever touched and still occupies, here or in swap. */
static double memory_need(struct usage *u, const struct sample_memory *m)
{
	u->inside_known = u->kind == INSTANCE_CONTAINER || metric_is_ok(m->guest_used_bytes) ||
	                  (m->used_by && strcmp(m->used_by, "guest") == 0);
	return m->used_bytes.v + (!u->inside_known && metric_is_ok(m->swap_bytes) ? m->swap_bytes.v : 0);
}

static void take_memory(struct usage *u, const struct sample *s, double sec)
{
	u->mem_st = (uint8_t)s->mem.used_bytes.st;
	u->held_now = metric_is_ok(s->mem.held_bytes) ? s->mem.held_bytes.v : -1;
	u->mem_now = -1;
	if (!metric_is_ok(s->mem.used_bytes))
		return;
	bool fresh;
	unsigned day = day_of(u->mem_sec, u->mem_sec + sec, &fresh);
	u->mem_now = memory_need(u, &s->mem);
	u->mem_peak[day] = fresh ? u->mem_now : fmax(u->mem_peak[day], u->mem_now);
	u->mem_sec += sec;
	u->mem_usec = u->last_usec;
}

/* What was counted since the reading before. A count that went back began anew, and says nothing this once. */
static float counted(double *before, struct metric now)
{
	double was = *before;
	if (!metric_is_ok(now))
		return 0;
	*before = now.v;
	return was >= 0 && now.v > was ? (float)(now.v - was) : 0;
}

/* Killed since the reading before? */
static bool take_events(struct usage *u, const struct sample_memory *m)
{
	float kills = counted(&u->oom_kills, m->oom_kills);
	u->minute.cap_hits += counted(&u->cap_hits, m->events_max);
	u->minute.no_memory += counted(&u->no_memory, m->events_oom);
	if (kills <= 0)
		return false;
	u->oom_usec = u->last_usec;
	u->oom_limit = u->mem_cap.st == METRIC_OK ? u->mem_cap.amount : fmax(u->mem_now, 0);
	u->mem.number = (u->mem.cause == CAUSE_OOM ? u->mem.number : 0) + kills;
	u->mem.cause = CAUSE_OOM;
	return true;
}

/* What waited for CPU: tasks by pressure stall, vCPUs by run delay. */
static struct metric cpu_wait(const struct row *r)
{
	struct metric steal = metric_pct(r->steal_cores, r->sample->cpu.vcpus), psi = r->cpu_pressure_pct;
	return metric_is_ok(steal) && (!metric_is_ok(psi) || steal.v > psi.v) ? steal : psi;
}

static void take_rates(struct usage *u, const struct row *r, double sec)
{
	struct minute *m = &u->minute;
	u->cpu_st = (uint8_t)r->cpu_used_cores.st;
	if (metric_is_ok(r->cpu_used_cores))
		u->cpu_usec = u->last_usec;
	if (sec <= 0)
		return;
	m->sec += (float)sec;
	add_mean(&m->cpu, &m->cpu_sec, r->cpu_used_cores, sec);
	add_mean(&m->throttled, &m->throttled_sec, r->throttled_pct, sec);
	add_mean(&m->wait, &m->wait_sec, cpu_wait(r), sec);
	add_mean(&m->mem_wait, &m->mem_wait_sec, r->mem_pressure_pct, sec);
	add_mean(&m->mem_full, &m->mem_full_sec, r->mem_pressure_full_pct, sec);
	add_mean(&m->refault, &m->refault_sec, r->refault_per_sec, sec);
	if (metric_is_ok(r->net_rx_per_sec) && metric_is_ok(r->net_tx_per_sec)) {
		add_mean(&m->rx, &m->net_sec, r->net_rx_per_sec, sec);
		m->tx += (float)(r->net_tx_per_sec.v * sec);
	}
}

static void take_life(struct usage *u, const struct row *r, int64_t now)
{
	const struct instance *i = r->inst;
	if (u->started_usec > 0 && i->started_usec > 0 && llabs(i->started_usec - u->started_usec) > RESTART_USEC)
		u->restarted_usec = now;
	if (i->started_usec > 0)
		u->started_usec = i->started_usec;
	u->kind = (uint8_t)i->kind;
	u->life = (uint8_t)i->state;
	u->age_sec = (float)r->age_sec;
	u->now = (uint8_t)verdict_now_of(r);
}

void usage_observe(struct usage *u, const struct row *r, const struct frame *f, bool owned)
{
	/* Recordings hold milliseconds; a replay must see the same times. */
	int64_t now = f->snap->host.real_usec / 1000 * 1000;
	if (now == u->last_usec || now <= 0)
		return;
	uint8_t life = u->life;
	bool first = u->last_usec == 0;
	double sec = observed(u, now, f->interval_sec);
	u->first_usec = first ? now : u->first_usec;
	u->last_usec = now;
	if (!owned)
		u->owner = map_quick_hash(r->inst->id);
	take_life(u, r, now);
	bool cpu_changed = take_cap(&u->cpu_cap, &r->sample->cpu.allocated, now);
	bool mem_changed = take_cap(&u->mem_cap, &r->sample->mem.allocated, now);
	if (u->life == INSTANCE_RUNNING) {
		take_rates(u, r, sec);
		take_memory(u, r->sample, sec);
	} else if (metric_is_ok(r->sample->mem.held_bytes)) {
		u->held_now = r->sample->mem.held_bytes.v;
	} else {
		u->held_now = -1;
	}
	bool killed = take_events(u, &r->sample->mem);
	if (cpu_changed)
		usage_cap_changed(u, true);
	if (mem_changed)
		usage_cap_changed(u, false);
	if ((double)u->minute.sec >= MINUTE - 0.5)
		minute_end(u);
	else if (first || cpu_changed || mem_changed || killed || u->life != life)
		usage_conclude(u, 0);
}
