/* struct usage to struct verdict: state, sizes, slack, confidence. */
#include <math.h>

#include "derive/usage-internal.h"

#define UNOBSERVED_MAX 0.2
#define YOUNG_USEC ((int64_t)(DAY * 1e6))

const char *usage_resource_name(enum usage_resource r)
{
	static const char *const names[] = {"cpu", "memory", "instance"};
	return (unsigned)r < USAGE_RESOURCE_MAX ? names[r] : "invalid";
}

static unsigned week_hours(const struct usage *u)
{
	unsigned n = 0;
	for (unsigned i = 0; i < WEEK_BYTES; i++)
		n += (unsigned)__builtin_popcount(u->week[i]);
	return n;
}

/* Were both a working day and a weekend seen?  The epoch began on a Thursday: days 2 and 3 are the weekend. */
static bool whole_week(const struct usage *u)
{
	bool seen[2] = {false, false};
	for (unsigned h = 0; h < 168; h++)
		if (u->week[h / 8] & (1U << (h % 8)))
			seen[h / 24 == 2 || h / 24 == 3] = true;
	return seen[0] && seen[1];
}

static bool recent(const struct usage *u, int64_t usec)
{
	return usec > 0 && u->last_usec - usec < YOUNG_USEC;
}

/* By observed time; one level lower when something says that the time was not like others. */
static enum confidence confidence(const struct usage *u, enum usage_resource r, double sec)
{
	static const double from[] = {0, HOUR, DAY, 3 * DAY, 7 * DAY};
	unsigned level = CONFIDENCE_SNAPSHOT;
	while (level + 1 < CONFIDENCE_MAX && sec >= from[level + 1])
		level++;
	bool cpu = r != USAGE_MEMORY, mem = r != USAGE_CPU;
	bool doubt = !whole_week(u) || recent(u, u->restarted_usec) || sec < (1 - UNOBSERVED_MAX) * u->span_sec ||
	             (cpu && recent(u, u->cpu_cap.changed_usec)) || (mem && recent(u, u->mem_cap.changed_usec)) ||
	             (mem && !u->inside_known && u->all.state != VERDICT_IDLE);
	return (enum confidence)(doubt && level > CONFIDENCE_SNAPSHOT ? level - 1 : level);
}

static double seen(const struct usage *u, enum usage_resource r)
{
	if (r == USAGE_CPU || (r == USAGE_INSTANCE && u->all.state == VERDICT_IDLE))
		return u->cpu_sec;
	if (r == USAGE_MEMORY)
		return u->mem_sec;
	/* The evidence of the resource that decided. */
	if (u->cpu.state == u->all.state && u->mem.state != u->all.state)
		return u->cpu_sec;
	if (u->mem.state == u->all.state && u->cpu.state != u->all.state)
		return u->mem_sec;
	return fmin(u->cpu_sec, u->mem_sec);
}

static struct metric slack(const struct usage *u, const struct cap *c, uint8_t measured, struct metric need)
{
	if (u->life != INSTANCE_RUNNING)
		return metric_none(METRIC_ABSENT, "parked");
	if (c->st == METRIC_UNLIMITED)
		return metric_none(METRIC_ABSENT, "no cap, so no slack");
	if (c->st != METRIC_OK)
		return metric_none((enum metric_state)c->st, "its allocation is not known");
	if (c->shared)
		return metric_none(METRIC_ABSENT, "the cap is shared with others below the same level");
	if (measured == VERDICT_UNKNOWN && !metric_is_ok(need))
		return metric_none(METRIC_ABSENT, "its use is not measured");
	return metric_sub_floor0(metric_ok(c->amount), need);
}

static struct metric cold(const struct usage *u, struct metric need)
{
	if (u->held_now < 0)
		return metric_none(METRIC_ABSENT, "what it holds is not known");
	if (u->life == INSTANCE_STOPPED)
		return metric_none(METRIC_ABSENT, "parked");
	return metric_sub_floor0(metric_ok(u->held_now), need);
}

void usage_figures(const struct usage *u, enum usage_resource r, struct verdict *ret)
{
	const struct machine *m = r == USAGE_CPU ? &u->cpu : r == USAGE_MEMORY ? &u->mem : &u->all;
	struct metric other = metric_none(METRIC_ABSENT, "of another resource");
	*ret = (struct verdict){.state = u->life == INSTANCE_RUNNING ? (enum verdict_state)m->state : VERDICT_PARKED,
	                        .now = (enum verdict_now)u->now,
	                        .basis = BASIS_HISTORY,
	                        .observed_sec = seen(u, r),
	                        .week_hours = week_hours(u),
	                        .changed_usec = m->changed_usec,
	                        .recommended_cores = other,
	                        .recommended_bytes = other,
	                        .slack_cores = other,
	                        .slack_bytes = other,
	                        .cold_bytes = other,
	                        .slack_cost = metric_none(METRIC_ABSENT, "no price given")};
	ret->provisional = ret->state == VERDICT_IDLE && !usage_idle_firm(u);
	ret->confidence = confidence(u, r, ret->observed_sec);
	if (r != USAGE_MEMORY) {
		ret->recommended_cores = usage_cpu_need(u);
		ret->slack_cores = slack(u, &u->cpu_cap, u->cpu.state, ret->recommended_cores);
	}
	if (r != USAGE_CPU) {
		ret->recommended_bytes = usage_mem_need(u);
		ret->slack_bytes = slack(u, &u->mem_cap, u->mem.state, ret->recommended_bytes);
		ret->cold_bytes = cold(u, ret->recommended_bytes);
	}
}

void usage_verdict(const struct usage *u, enum usage_resource r, struct arena *a, struct verdict *ret)
{
	usage_figures(u, r, ret);
	ret->reason = usage_sentence(u, r, a, &ret->rule);
}
