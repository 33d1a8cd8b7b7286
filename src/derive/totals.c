/*
 * Sums by kind and for the host.  A cap that an ancestor sets is shared: it counts once for all below it.  An instance
 * inside another is counted there, so it adds nothing here.  What could not be measured is counted as unmeasured,
 * not as 0.
 */
#include <string.h>

#include "vctop/base/map.h"
#include "vctop/derive/derive.h"

static void add(struct metric *sum, struct metric m)
{
	if (metric_is_ok(m))
		*sum = metric_ok(sum->v + m.v);
}

/* Adds a cap unless a sibling under the same level already brought it. */
static void add_cap(struct metric *sum, unsigned *unlimited, const struct allocation *a, struct map *shared)
{
	if (a->amount.st == METRIC_UNLIMITED)
		++*unlimited;
	if (!metric_is_ok(a->amount))
		return;
	if (a->shared && a->at) {
		if (map_get(shared, a->at))
			return;
		map_put(shared, a->at, shared);
	}
	add(sum, a->amount);
}

static void add_row(struct totals *t, const struct row *r, struct map *cpu_levels, struct map *mem_levels)
{
	const struct sample *s = r->sample;
	if (r->inst->state == INSTANCE_STOPPED) {
		t->stopped++;
		add(&t->held_bytes, s->mem.held_bytes); /* an empty group may still be charged */
		return;
	}
	t->running++;
	if (r->inst->parent) {
		t->nested++;
		return;
	}
	add_cap(&t->allocated_cores, &t->unlimited_cpu, &s->cpu.allocated, cpu_levels);
	add_cap(&t->allocated_bytes, &t->unlimited_mem, &s->mem.allocated, mem_levels);
	add(&t->used_cores, r->cpu_used_cores);
	add(&t->used_bytes, s->mem.used_bytes);
	add(&t->held_bytes, s->mem.held_bytes);
	add(&t->overhead_bytes, s->mem.overhead_bytes);
	t->proven_cpu += metric_is_ok(r->verdict.slack_cores);
	t->proven_mem += metric_is_ok(r->verdict.slack_bytes);
	add(&t->slack_cores, r->verdict.slack_cores);
	add(&t->slack_bytes, r->verdict.slack_bytes);
	t->unmeasured_cpu += !metric_is_ok(r->cpu_used_cores);
	t->unmeasured_mem += !metric_is_ok(s->mem.used_bytes);
}

/* A sum of nothing is 0; a sum of which every part is missing is missing. */
static void settle(struct totals *t)
{
	struct metric none = metric_none(METRIC_FIRST, "no earlier sample");
	if (t->unmeasured_cpu && t->unmeasured_cpu == t->running - t->nested)
		t->used_cores = none;
	if (t->unmeasured_mem && t->unmeasured_mem == t->running - t->nested)
		t->used_bytes = t->held_bytes = metric_none(METRIC_ABSENT, "no instance's memory could be read");
	struct metric learning = metric_none(METRIC_FIRST, "learning: nothing is proven yet");
	if (t->running > t->nested && !t->proven_cpu)
		t->slack_cores = learning;
	if (t->running > t->nested && !t->proven_mem)
		t->slack_bytes = learning;
}

static struct metric ratio(struct metric a, struct metric b)
{
	struct metric pct = metric_pct(a, b);
	return metric_is_ok(pct) ? metric_ok(pct.v / 100) : pct;
}

void totals_fill(struct frame *f)
{
	struct host_frame *h = &f->host;
	h->allocated_cores = h->allocated_bytes = metric_ok(0);
	for (int k = 0; k < INSTANCE_KIND_MAX; k++) {
		struct totals *t = &f->totals[k];
		struct map cpu_levels = {0}, mem_levels = {0};
		struct metric zero = metric_ok(0);
		*t = (struct totals){.allocated_cores = zero, .used_cores = zero, .slack_cores = zero,
				     .allocated_bytes = zero, .used_bytes = zero, .held_bytes = zero,
				     .overhead_bytes = zero, .slack_bytes = zero};
		for (size_t i = 0; i < f->rows.n; i++)
			if ((int)f->rows.v[i].inst->kind == k)
				add_row(t, &f->rows.v[i], &cpu_levels, &mem_levels);
		settle(t);
		map_release(&cpu_levels);
		map_release(&mem_levels);
		h->allocated_cores = metric_add(h->allocated_cores, t->allocated_cores);
		h->allocated_bytes = metric_add(h->allocated_bytes, t->allocated_bytes);
	}
	h->unallocated_cores = metric_sub_floor0(h->capacity_cores, h->allocated_cores);
	h->unallocated_bytes = metric_sub_floor0(h->capacity_bytes, h->allocated_bytes);
	h->cpu_overcommit = ratio(h->allocated_cores, h->capacity_cores);
	h->mem_overcommit = ratio(h->allocated_bytes, h->capacity_bytes);
}
