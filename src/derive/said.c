/*
 * What was said of an instance is said again while what it rests on is the same: to print a sentence costs more than
 * all else that a tick does for a row.
 */
#include "derive/said.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/map.h"

/* As finely as spans are told: in seconds, from two minutes on in minutes, and so on. */
static double span_of(double sec)
{
	double unit = sec < 2 * MINUTE ? 1 : sec < 2 * HOUR ? MINUTE : sec < 2 * DAY ? HOUR : DAY;
	return floor(sec / unit) * unit;
}

/* All that usage_sentence looks at for an instance; without gaps, for it is hashed as bytes. */
struct said_of {
	double cpu_span, mem_span, cpu_peak, mem_peak, cpu_cap, mem_cap, held, oom_limit, quiet;
	float size, cpu_number, mem_number;
	uint8_t bits[20];
};
_Static_assert(sizeof(struct said_of) == 9 * sizeof(double) + 3 * sizeof(float) + 20, "no gaps");

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

/* In one piece: most are short. */
static char *print(struct arena *words, const struct usage *u)
{
	arena_clear(words);
	const char *rule = NULL, *reason = usage_sentence(u, USAGE_INSTANCE, words, &rule);
	size_t n = strlen(rule) + 1, m = strlen(reason) + 1;
	char *text = memcpy(xmalloc(n + m), rule, n);
	memcpy(text + n, reason, m);
	return text;
}

void said_begin(struct said_rows *all)
{
	for (size_t i = 0; i < all->no_longer.n; i++)
		free(all->no_longer.v[i]);
	all->no_longer.n = 0;
}

const char *said_sentence(struct said_rows *all, size_t row, const struct usage *u, const char **ret_rule)
{
	struct said_of of = rests_on(u);
	uint64_t hash = map_quick_hash_of(&of, sizeof(of));
	while (all->v.n <= row)
		vec_push(&all->v, (struct said){0});
	struct said *s = &all->v.v[row]; /* whoever's it was */
	if (!s->rule || s->of != hash) {
		if (s->rule)
			vec_push(&all->no_longer, s->rule);
		*s = (struct said){hash, print(&all->words, u)};
	}
	*ret_rule = s->rule;
	return s->rule + strlen(s->rule) + 1;
}

void said_release(struct said_rows *all)
{
	said_begin(all);
	for (size_t i = 0; i < all->v.n; i++)
		free(all->v.v[i].rule);
	vec_free(&all->v);
	vec_free(&all->no_longer);
	arena_release(&all->words);
}
