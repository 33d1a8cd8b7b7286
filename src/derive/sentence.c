/* The evidence in one sentence that needs no manual: how much of what, over how long. */
#include <math.h>

#include "derive/usage-internal.h"

#define ABANDONED (14 * DAY)
#define MONTH (28 * DAY)

/* "8", "1.2", "0.35": as many digits as mean something. */
static const char *cores(struct arena *a, double v)
{
	if (v < 0.005)
		return v > 0 ? "less than 0.01" : "0";
	if (v < 0.995 || fabs(v - round(v)) >= 0.05)
		return arena_fmt(a, "%.*f", v < 0.995 ? 2 : 1, v);
	return arena_fmt(a, "%.0f", v);
}

static const char *bytes(struct arena *a, double v)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
	unsigned i = 0;
	while (v >= 1023.95 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1024;
		i++;
	}
	return arena_fmt(a, "%.*f %s", i == 0 || v >= 99.95 || fabs(v - round(v)) < 0.05 ? 0 : 1, v, units[i]);
}

static const char *span(struct arena *a, double sec)
{
	static const struct {
		double unit, from;
		const char *name;
	} units[] = {{DAY, 2 * DAY, "day"}, {HOUR, 2 * HOUR, "hour"}, {60, 120, "minute"}, {1, 0, "second"}};
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (sec >= units[i].from) {
			double n = floor(sec / units[i].unit);
			return arena_fmt(a, "%.0f %s%s", n, units[i].name,
			                 n == 1 ? "" : "s"); /* NOLINT: a whole number */
		}
	return "0 seconds";
}

static const char *of_cap(struct arena *a, const struct cap *c, bool cpu)
{
	if (c->st != METRIC_OK || c->shared)
		return cpu ? " cores" : "";
	return arena_fmt(a, " of %s%s", cpu ? cores(a, c->amount) : bytes(a, c->amount), cpu ? " cores" : "");
}

/* "used at most 1.2 of 8 cores", or with its rare peaks apart where they would mislead. */
static const char *cpu_use(const struct usage *u, struct arena *a)
{
	double peak = usage_cpu_peak(u), p95 = (double)u->size;
	const char *of = of_cap(a, &u->cpu_cap, true);
	if (peak <= fmax(0.05, p95 * 1.15))
		return arena_fmt(a, "used at most %s%s", cores(a, peak), of);
	return arena_fmt(a, "used at most %s%s 95%% of the time (peak %s)", cores(a, p95), of, cores(a, peak));
}

static const char *mem_use(const struct usage *u, struct arena *a)
{
	return arena_fmt(a, "%s%s", bytes(a, usage_mem_peak(u)), of_cap(a, &u->mem_cap, false));
}

/* A month's end is only in a month's history. */
static const char *month(double seen)
{
	return seen < MONTH ? "; monthly peaks not seen" : "";
}

static const char *pressed(const struct usage *u, const struct machine *m, struct arena *a, const char **ret_rule)
{
	double n = (double)m->number;
	switch ((enum cause)m->cause) {
	case CAUSE_THROTTLED:
		*ret_rule = "throttled";
		return arena_fmt(a, "stopped by its CPU cap%s in %.0f%% of periods", of_cap(a, &u->cpu_cap, true), n);
	case CAUSE_AT_CAP:
		*ret_rule = "cpu-at-cap";
		return arena_fmt(a, "at its CPU cap: used %s%s in 5%% of the time or more", cores(a, n),
		                 of_cap(a, &u->cpu_cap, true));
	case CAUSE_CONTENTION:
		*ret_rule = "cpu-contention";
		return arena_fmt(a, "waited for CPU %.0f%% of the time though below its cap: this host is short of CPU",
		                 n);
	case CAUSE_OOM:
		*ret_rule = "oom-kill";
		return arena_fmt(a, "%.0f process%s killed for lack of memory; allocation was %s", n, n > 1 ? "es" : "",
		                 bytes(a, u->oom_limit));
	case CAUSE_WAITING:
		*ret_rule = "memory-pressure";
		return arena_fmt(a, "its processes waited for memory %.1f%% of the time; needs %s", n, mem_use(u, a));
	case CAUSE_NEAR_CAP:
		*ret_rule = "memory-near-cap";
		return arena_fmt(a, "needs %s%s, and reads again what it had to give up", bytes(a, n),
		                 of_cap(a, &u->mem_cap, false));
	case CAUSE_STALLED:
		*ret_rule = "memory-stall";
		return arena_fmt(a, "all its processes stood still for memory %.1f%% of the time; needs %s", n,
		                 mem_use(u, a));
	case CAUSE_NO_MEMORY:
		*ret_rule = "oom";
		return arena_fmt(a, "was refused memory %.0f time%s; needs %s", n, n > 1 ? "s" : "", mem_use(u, a));
	case CAUSE_HIT_CAP:
		*ret_rule = "memory-at-cap";
		return arena_fmt(a, "ran into its memory cap %.0f time%s; needs %s", n, n > 1 ? "s" : "",
		                 mem_use(u, a));
	case CAUSE_NONE:
	case CAUSE_MAX:
		break;
	}
	*ret_rule = "pressured";
	return "pressed until less than an hour ago";
}

static const char cpu_unseen[] = "CPU not seen for a minute yet", mem_unseen[] = "memory not seen for a minute yet";

/* What a state rests on is known. */
static double known(struct metric need)
{
	return metric_is_ok(need) ? need.v : 0;
}

static const char *cpu_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	const char *seen = span(a, u->cpu_sec);
	switch ((enum verdict_state)u->cpu.state) {
	case VERDICT_PRESSURED:
		return pressed(u, &u->cpu, a, ret_rule);
	case VERDICT_OVERSIZED:
		*ret_rule = "cpu-p95";
		return arena_fmt(a, "%s in %s%s", cpu_use(u, a), seen, month(u->cpu_sec));
	case VERDICT_RIGHT_SIZED:
		*ret_rule = "cpu-fits";
		return arena_fmt(a, "%s in %s: needs %s with its margin", cpu_use(u, a), seen,
		                 cores(a, known(usage_cpu_need(u))));
	case VERDICT_UNLIMITED:
		*ret_rule = u->cpu_cap.shared ? "cpu-shared-cap" : "no-cpu-cap";
		return arena_fmt(a, "%s; %s",
		                 u->cpu_cap.shared ? arena_fmt(a, "no CPU cap of its own: shares %s cores",
		                                               cores(a, u->cpu_cap.amount))
		                                   : "no CPU cap",
		                 u->cpu_sec < MINUTE ? cpu_unseen : arena_fmt(a, "%s in %s", cpu_use(u, a), seen));
	case VERDICT_UNKNOWN:
		*ret_rule = u->cpu_cap.st == METRIC_OK ? "cpu-not-measured" : "cpu-cap-unknown";
		return u->cpu_cap.st == METRIC_OK ? "CPU use is not measured" : "CPU allocation is not known";
	case VERDICT_LEARNING:
	case VERDICT_PARKED:
	case VERDICT_IDLE:
	case VERDICT_STATE_MAX:
		break;
	}
	*ret_rule = "cpu-learning";
	if (u->cpu_sec < MINUTE)
		return cpu_unseen;
	return arena_fmt(a, "%s in %s: not seen long enough to tell", cpu_use(u, a), seen);
}

static const char *mem_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	const char *seen = span(a, u->mem_sec), *verb = u->inside_known ? "used" : "touched";
	switch ((enum verdict_state)u->mem.state) {
	case VERDICT_PRESSURED:
		return pressed(u, &u->mem, a, ret_rule);
	case VERDICT_OVERSIZED:
		*ret_rule = u->inside_known ? "memory-peak" : "memory-never-touched";
		return arena_fmt(a, "%s at most %s in %s%s", verb, mem_use(u, a), seen, month(u->mem_sec));
	case VERDICT_RIGHT_SIZED:
		*ret_rule = "memory-fits";
		return arena_fmt(a, "used at most %s in %s: needs %s with its margin", mem_use(u, a), seen,
		                 bytes(a, known(usage_mem_need(u))));
	case VERDICT_UNLIMITED:
		*ret_rule = u->mem_cap.shared ? "memory-shared-cap" : "no-memory-cap";
		return arena_fmt(a, "%s; %s",
		                 u->mem_cap.shared ? arena_fmt(a, "no memory cap of its own: shares %s",
		                                               bytes(a, u->mem_cap.amount))
		                                   : "no memory cap",
		                 u->mem_sec < MINUTE ? mem_unseen
		                                     : arena_fmt(a, "%s at most %s in %s", verb, mem_use(u, a), seen));
	case VERDICT_UNKNOWN:
		if (u->mem_usec && u->mem_cap.st == METRIC_OK && !u->inside_known) {
			*ret_rule = "memory-inside-unknown";
			return arena_fmt(a, "touched %s in %s; how much of it the guest needs is not known",
			                 mem_use(u, a), seen);
		}
		*ret_rule = u->mem_cap.st == METRIC_OK ? "memory-not-measured" : "memory-cap-unknown";
		return u->mem_cap.st == METRIC_OK ? "memory use is not measured" : "memory allocation is not known";
	case VERDICT_LEARNING:
	case VERDICT_PARKED:
	case VERDICT_IDLE:
	case VERDICT_STATE_MAX:
		break;
	}
	*ret_rule = "memory-learning";
	if (u->mem_sec < MINUTE)
		return mem_unseen;
	return arena_fmt(a, "%s at most %s in %s: %s", verb, mem_use(u, a), seen,
	                 u->mem_sec < DAY ? "memory is judged after 24 hours" : "not seen long enough to tell");
}

static const char *idle_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	bool net = usage_net_known(u);
	double quiet = u->net_sec > 0 ? (double)(u->net_quiet_sec / u->net_sec) * 100 : 0;
	const char *traffic =
	        net ? arena_fmt(a, "network quiet %.0f%% of the time", quiet) : "network use is not known";
	*ret_rule = net ? "idle" : "cpu-idle";
	const char *more = month(u->cpu_sec);
	if (!usage_idle_firm(u))
		more = u->cpu_sec < DAY ? "; provisional until it was seen for 24 hours"
		                        : "; provisional until it is a day old";
	else if (u->cpu_sec >= ABANDONED)
		more = "; abandoned?";
	return arena_fmt(a, "%s in %s; %s%s", cpu_use(u, a), span(a, u->cpu_sec), traffic, more);
}

static const char *parked_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	bool paused = u->life == INSTANCE_PAUSED;
	*ret_rule = paused ? "parked-paused" : "parked-stopped";
	const char *what = paused ? "paused" : "stopped";
	if (u->held_now > 0)
		return arena_fmt(a, "%s; still holds %s of memory", what, bytes(a, u->held_now));
	return arena_fmt(a, "%s; %s", what,
	                 paused && u->held_now < 0 ? "how much memory it holds is not known" : "holds no memory");
}

/* "used at most 1.2 of 8 cores in 6 days; 10.3 GiB of 25 GiB": both, whichever decided. */
static const char *both_uses(const struct usage *u, struct arena *a)
{
	if (u->cpu_sec < MINUTE || u->mem_sec < MINUTE)
		return u->mem_sec < MINUTE ? cpu_use(u, a) : mem_use(u, a);
	return arena_fmt(a, "%s in %s; %s%s", cpu_use(u, a), span(a, fmin(u->cpu_sec, u->mem_sec)),
	                 u->inside_known ? "" : "touched ", mem_use(u, a));
}

static const char *sized_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	const char *cpu = NULL, *mem = NULL;
	(void)cpu_sentence(u, a, &cpu);
	(void)mem_sentence(u, a, &mem);
	*ret_rule = u->cpu.state != u->all.state        ? mem
	            : u->mem.state != u->all.state      ? cpu
	            : u->all.state == VERDICT_OVERSIZED ? arena_fmt(a, "%s+%s", cpu, mem)
	                                                : "fits";
	if (u->all.state == VERDICT_OVERSIZED)
		return arena_fmt(a, "%s%s", both_uses(u, a), month(fmin(u->cpu_sec, u->mem_sec)));
	return both_uses(u, a);
}

static const char *instance_sentence(const struct usage *u, struct arena *a, const char **ret_rule)
{
	enum verdict_state s = (enum verdict_state)u->all.state;
	if (s == VERDICT_PARKED)
		return parked_sentence(u, a, ret_rule);
	if (s == VERDICT_IDLE)
		return idle_sentence(u, a, ret_rule);
	if (s == VERDICT_OVERSIZED || s == VERDICT_RIGHT_SIZED)
		return sized_sentence(u, a, ret_rule);
	if (u->cpu.state != s)
		return mem_sentence(u, a, ret_rule);
	if (u->mem.state != s)
		return cpu_sentence(u, a, ret_rule);
	const char *other = NULL, *cpu = cpu_sentence(u, a, ret_rule), *mem = mem_sentence(u, a, &other);
	*ret_rule = s == VERDICT_UNLIMITED  ? "no-cap"
	            : s == VERDICT_LEARNING ? "learning"
	                                    : arena_fmt(a, "%s+%s", *ret_rule, other);
	return arena_fmt(a, "%s; %s", cpu, mem);
}

const char *usage_sentence(const struct usage *u, enum usage_resource r, struct arena *a, const char **ret_rule)
{
	if (r != USAGE_INSTANCE && u->life != INSTANCE_RUNNING)
		return parked_sentence(u, a, ret_rule);
	return r == USAGE_CPU      ? cpu_sentence(u, a, ret_rule)
	       : r == USAGE_MEMORY ? mem_sentence(u, a, ret_rule)
	                           : instance_sentence(u, a, ret_rule);
}
