/*
 * Counters to rates.  A rate needs the same incarnation, both readings OK, time between them, and a counter that did
 * not go back; otherwise it says why there is none, and is never a number.
 */
#include <math.h>
#include <string.h>

#include "derive/rates.h"
#include "vctop/derive/derive.h"

struct step {
	const struct entry *prev, *cur; /* prev NULL: not there before, or another incarnation */
	bool recreated;
	double usec;      /* between the two */
	double slow_usec; /* the same for pressure and I/O */
};

static struct metric delta(const struct step *st, struct metric before, struct metric now)
{
	if (!metric_is_ok(now))
		return now;
	if (st->recreated)
		return metric_none(METRIC_RESET, "re-created since the sample before");
	if (!st->prev || !metric_is_ok(before))
		return metric_none(METRIC_FIRST, "no earlier sample");
	if (st->usec <= 0)
		return metric_none(METRIC_FIRST, "no time has passed");
	if (now.v < before.v)
		return metric_none(METRIC_RESET, "the counter went back");
	return metric_ok(now.v - before.v);
}

static struct metric scaled(struct metric m, double factor)
{
	return metric_is_ok(m) ? metric_ok(m.v * factor) : m;
}

/* delta(field) / time * factor; the field is named once for both samples. */
#define RATE_OVER(st, field, factor, time)                                                                             \
	scaled(delta(st, (st)->prev ? (st)->prev->sample.field : metric_none(METRIC_FIRST, NULL),                      \
	             (st)->cur->sample.field),                                                                         \
	       (factor) / (time))
#define RATE(st, field, factor) RATE_OVER(st, field, factor, (st)->usec)
#define SLOW_RATE(st, field, factor) RATE_OVER(st, field, factor, (st)->slow_usec)

static struct metric throttled_pct(const struct step *st)
{
	const struct sample_cpu *c = &st->cur->sample.cpu;
	struct metric none = metric_none(METRIC_FIRST, NULL);
	struct metric periods = delta(st, st->prev ? st->prev->sample.cpu.periods : none, c->periods);
	struct metric hit = delta(st, st->prev ? st->prev->sample.cpu.throttled : none, c->throttled);
	/* No period began: nothing ran against a cap. */
	if (metric_is_ok(periods) && periods.v <= 0)
		return metric_ok(0);
	struct metric pct = metric_pct(hit, periods);
	return metric_is_ok(pct) && pct.v > 100 ? metric_ok(100) : pct;
}

struct metric rate_capped(struct metric m, double max)
{
	return metric_is_ok(m) && m.v > max ? metric_ok(max) : m;
}

static void row_fill(struct row *r, const struct step *st, const struct host_sample *h)
{
	const struct instance *i = r->inst;
	r->interval_sec = st->prev && st->usec > 0 ? st->usec / 1e6 : 0;
	r->age_sec = i->started_usec > 0 ? (double)(h->real_usec - i->started_usec) / 1e6 : -1;
	if (r->age_sec < 0 && i->started_usec > 0)
		r->age_sec = 0; /* started within a clock tick from now */
	r->cpu_used_cores = RATE(st, cpu.usage_usec, 1);
	r->guest_cores = RATE(st, cpu.guest_usec, 1);
	/* A VM's total is cut to 10 ms ticks, its vCPU threads' time is not: the total cannot be less. */
	if (metric_is_ok(r->cpu_used_cores) && metric_is_ok(r->guest_cores) && r->guest_cores.v > r->cpu_used_cores.v)
		r->cpu_used_cores = r->guest_cores;
	/* A stall between reading a counter and reading the clock makes a rate no machine can reach. */
	if (metric_is_ok(h->online_cpus)) {
		r->cpu_used_cores = rate_capped(r->cpu_used_cores, h->online_cpus.v);
		r->guest_cores = rate_capped(r->guest_cores, h->online_cpus.v);
	}
	r->cpu_used_pct = metric_pct(r->cpu_used_cores, r->sample->cpu.allocated.amount);
	r->overhead_cores = i->kind == INSTANCE_VM ? metric_sub_floor0(r->cpu_used_cores, r->guest_cores)
	                                           : metric_none(METRIC_ABSENT, "not a VM");
	r->steal_cores = RATE(st, cpu.steal_usec, 1);
	r->throttled_pct = throttled_pct(st);
	r->cpu_pressure_pct = rate_capped(SLOW_RATE(st, cpu.pressure_usec, 100), 100);
	r->mem_pressure_pct = rate_capped(SLOW_RATE(st, mem.pressure_usec, 100), 100);
	r->mem_pressure_full_pct = rate_capped(SLOW_RATE(st, mem.pressure_full_usec, 100), 100);
	r->refault_per_sec = RATE(st, mem.refault_bytes, 1e6);
	r->mem_used_pct = metric_pct(r->sample->mem.used_bytes, r->sample->mem.allocated.amount);
	r->io_read_per_sec = SLOW_RATE(st, io_read_bytes, 1e6);
	r->io_write_per_sec = SLOW_RATE(st, io_write_bytes, 1e6);
	r->net_rx_per_sec = RATE(st, net_rx_bytes, 1e6);
	r->net_tx_per_sec = RATE(st, net_tx_bytes, 1e6);
}

struct metric rate_between(struct metric before, struct metric now, double usec, double factor)
{
	if (!metric_is_ok(now))
		return now;
	if (!metric_is_ok(before) || usec <= 0)
		return metric_none(METRIC_FIRST, "no earlier sample");
	if (now.v < before.v)
		return metric_none(METRIC_RESET, "the counter went back");
	return metric_ok((now.v - before.v) / usec * factor);
}

static void host_fill(const struct host_sample *prev, const struct host_sample *cur, struct frame *f)
{
	struct host_frame *h = &f->host;
	static const struct host_sample none;
	double usec = prev ? (double)(cur->mono_usec - prev->mono_usec) : 0;
	f->interval_sec = usec > 0 ? usec / 1e6 : 0;
	if (!prev)
		prev = &none;
	h->capacity_cores = cur->online_cpus;
	h->used_cores = rate_between(prev->busy_usec, cur->busy_usec, usec, 1);
	if (metric_is_ok(h->capacity_cores)) /* ticks of 10 ms over a short interval may say more than there is */
		h->used_cores = rate_capped(h->used_cores, h->capacity_cores.v);
	h->steal_cores = rate_between(prev->steal_usec, cur->steal_usec, usec, 1);
	h->cpu_pressure_pct =
	        rate_capped(rate_between(prev->cpu_pressure_usec, cur->cpu_pressure_usec, usec, 100), 100);
	h->mem_pressure_pct =
	        rate_capped(rate_between(prev->mem_pressure_usec, cur->mem_pressure_usec, usec, 100), 100);
	h->capacity_bytes = cur->mem_total_bytes;
	h->available_bytes = cur->mem_available_bytes;
	h->used_bytes = metric_sub_floor0(cur->mem_total_bytes, cur->mem_available_bytes);
}

/* Both snapshots are sorted by id: *at goes along the n earlier ones. */
static const struct entry *before(const struct entry *v, size_t n, size_t *at, const char *id)
{
	int order = -1;
	if (*at + 1 < n && v[*at + 1].inst.id == id)
		++*at; /* as a rule: the row after the one before */
	while (*at < n && (order = v[*at].inst.id == id ? 0 : strcmp(v[*at].inst.id, id)) < 0)
		(*at)++;
	return order == 0 ? &v[*at] : NULL;
}

static struct row make_row(const struct entry *prev, const struct entry *cur, const struct host_sample *h)
{
	struct step st = {.prev = prev, .cur = cur};
	if (prev && prev->inst.incarnation != cur->inst.incarnation)
		st = (struct step){.cur = cur, .recreated = true};
	st.usec = st.prev ? (double)(cur->sample.mono_usec - st.prev->sample.mono_usec) : 0;
	/* A counter read after a long rest may have moved at any time since the reading before. */
	int64_t since = cur->sample.unread_since_usec;
	bool rested = st.prev && since && since < st.prev->sample.mono_usec;
	st.slow_usec = rested ? (double)(cur->sample.mono_usec - since) : st.usec;
	struct row r = {.inst = &cur->inst, .sample = &cur->sample, .background = cur->background};
	row_fill(&r, &st, h);
	return r;
}

void rates_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret)
{
	frame_clear(ret);
	ret->snap = cur;
	host_fill(prev ? &prev->host : NULL, &cur->host, ret);
	for (size_t i = 0, at = 0; i < cur->entries.n; i++) {
		const struct entry *e = &cur->entries.v[i];
		const struct entry *p = prev ? before(prev->entries.v, prev->entries.n, &at, e->inst.id) : NULL;
		vec_push(&ret->rows, make_row(p, e, &cur->host));
	}
	for (size_t i = 0, at = 0; i < cur->services.n; i++) {
		const struct entry *e = &cur->services.v[i];
		const struct entry *p = prev ? before(prev->services.v, prev->services.n, &at, e->inst.id) : NULL;
		vec_push(&ret->services, make_row(p, e, &cur->host));
	}
}
