/*
 * What was said of an instance is said again while what it rests on is the same: to print a sentence costs more than
 * all else that a tick does for a row.
 */
#include "derive/said.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As finely as spans are told: in seconds, from two minutes on in minutes, of which hours and days are made. */
static double span_of(double sec)
{
	return sec < 120 ? floor(sec) : 120 + floor(sec / MINUTE);
}

/* All that usage_sentence looks at for an instance; no gaps between the members, for they are compared as bytes. */
static struct said_of rests_on(const struct usage *u)
{
	bool parked = u->life != INSTANCE_RUNNING || u->all.state == VERDICT_PARKED,
	     idle = u->all.state == VERDICT_IDLE;
	struct said_of of = {
	        .cpu_span = span_of(u->cpu_sec),
	        .mem_span = span_of(u->mem_sec),
	        .cpu_peak = usage_cpu_peak(u),
	        .mem_peak = usage_mem_peak(u),
	        .cpu_cap = u->cpu_cap.amount,
	        .mem_cap = u->mem_cap.amount,
	        .held = parked ? u->held_now : 0,
	        .oom_limit = u->oom_limit,
	        .quiet = idle && u->net_sec > 0 ? nearbyint((double)(u->net_quiet_sec / u->net_sec) * 100) : 0,
	        .size = u->size,
	        .cpu_number = u->cpu.number,
	        .mem_number = u->mem.number,
	        .bits = {u->life, u->all.state, u->cpu.state, u->mem.state, u->cpu.cause, u->mem.cause, u->cpu_cap.st,
	                 u->mem_cap.st, u->cpu_cap.shared, u->mem_cap.shared, u->inside_known, u->mem_usec != 0,
	                 idle && usage_net_known(u), idle && usage_idle_firm(u)},
	};
	return of;
}

const char *said_sentence(struct said *s, const struct usage *u, struct arena *a, const char **ret_rule)
{
	struct said_of of = rests_on(u);
	if (!s->reason || memcmp(&s->of, &of, sizeof(of)) != 0) {
		struct arena words = {0};
		const char *rule = NULL, *reason = usage_sentence(u, USAGE_INSTANCE, &words, &rule);
		said_forget(s);
		*s = (struct said){of, xstrdup(reason), xstrdup(rule)};
		arena_release(&words);
	}
	*ret_rule = arena_strdup(a, s->rule);
	return arena_strdup(a, s->reason);
}

void said_forget(struct said *s)
{
	free(s->reason);
	free(s->rule);
	s->reason = s->rule = NULL;
}
