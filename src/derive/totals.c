/*
 * Sums by kind and for the host.  A cap that an ancestor sets is shared: it counts once for all below it, and what of
 * it is slack is what all below it together do not need.  An instance
 * inside another is counted there, so it adds nothing here.  What could not be measured is counted as unmeasured,
 * not as 0.
 */
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/map.h"
#include "vctop/derive/derive.h"

/* A sum of what could be measured, and what the first that could not be says. */
struct sum {
	double v;
	unsigned ok;
	struct metric missing; /* state OK: none was */
};

struct sums {
	struct totals *t;
	struct map cpu_levels, mem_levels; /* shared caps already counted */
	struct sum allocated_cores, used_cores, slack_cores;
	struct sum allocated_bytes, used_bytes, held_bytes, overhead_bytes, slack_bytes, cold_bytes;
};

/* One shared cap and what those below it need. */
struct level {
	double cap, need;
	bool known;   /* the need of all of them */
	bool counted; /* its cap is in the sum */
};

static void add(struct sum *s, struct metric m)
{
	if (metric_is_ok(m)) {
		s->v += m.v;
		s->ok++;
	} else if (metric_is_ok(s->missing) || m.st == METRIC_FIRST) {
		s->missing = m; /* "not yet" says more than "not here" */
	}
}

/* A sum of nothing is 0; a sum of which every part is missing is missing. */
static struct metric total(const struct sum *s)
{
	return s->ok || metric_is_ok(s->missing) ? metric_ok(s->v) : s->missing;
}

static bool is_shared(const struct allocation *a)
{
	return metric_is_ok(a->amount) && a->shared && a->at;
}

/* The first look: which levels cap several together. */
static void note_level(const struct allocation *a, struct map *shared, struct arena *arena)
{
	if (!is_shared(a) || map_get(shared, a->at))
		return;
	struct level *l = arena_alloc(arena, sizeof(*l));
	*l = (struct level){.cap = a->amount.v, .known = true};
	map_put(shared, a->at, l);
}

/* The highest shared level at or above: whatever is given below it is given out of it. NULL none. */
static struct level *level_above(const struct map *shared, const struct allocation *a)
{
	char up[4096];
	size_t n = a->at ? strnlen(a->at, sizeof(up)) : 0;
	if (!shared->live || n == 0 || n == sizeof(up))
		return NULL;
	struct level *found = is_shared(a) ? map_get(shared, a->at) : NULL;
	memcpy(up, a->at, n + 1);
	for (char *slash; (slash = strrchr(up, '/'));) {
		*slash = '\0';
		struct level *l = map_get(shared, slash == up ? "/" : up);
		found = l ? l : found;
	}
	return found;
}

/* Adds a cap, or the level's that it is part of, once; no cap adds nothing. true: it is part of a level. */
static bool add_cap(struct sum *s, unsigned *unlimited, const struct allocation *a, struct metric need,
                    const struct map *shared)
{
	if (a->amount.st == METRIC_UNLIMITED) {
		++*unlimited;
		return false;
	}
	struct level *l = metric_is_ok(a->amount) ? level_above(shared, a) : NULL;
	if (!l) {
		add(s, a->amount);
		return false;
	}
	l->known = l->known && metric_is_ok(need);
	l->need += metric_is_ok(need) ? need.v : 0;
	if (!l->counted)
		add(s, metric_ok(l->cap));
	l->counted = true;
	return true;
}

/* Slack of shared caps: one whose users are not all known has none to speak of. */
static void add_shared_slack(struct sum *s, const struct map *shared)
{
	void *v;
	for (size_t it = 0; map_next(shared, &it, NULL, &v);) {
		const struct level *l = v;
		if (l->known && l->counted)
			add(s, metric_ok(l->cap > l->need ? l->cap - l->need : 0));
	}
}

static void note_row(struct sums *u, const struct row *r, struct arena *arena)
{
	if (r->inst->state == INSTANCE_STOPPED || r->inst->parent)
		return;
	note_level(&r->sample->cpu.allocated, &u->cpu_levels, arena);
	note_level(&r->sample->mem.allocated, &u->mem_levels, arena);
}

static void add_row(struct sums *u, const struct row *r)
{
	const struct sample *s = r->sample;
	struct totals *t = u->t;
	if (r->inst->state == INSTANCE_STOPPED) {
		t->stopped++;
		if (metric_is_ok(s->mem.held_bytes) && !r->inst->parent) /* an empty group may still be charged */
			add(&u->held_bytes, s->mem.held_bytes);
		return;
	}
	t->running++;
	if (r->inst->parent) {
		t->nested++;
		return;
	}
	const struct verdict *v = &r->verdict;
	struct metric part = metric_none(METRIC_ABSENT, "part of a cap that is shared");
	bool cpu = add_cap(&u->allocated_cores, &t->unlimited_cpu, &s->cpu.allocated, v->recommended_cores,
	                   &u->cpu_levels);
	bool mem = add_cap(&u->allocated_bytes, &t->unlimited_mem, &s->mem.allocated, v->recommended_bytes,
	                   &u->mem_levels);
	add(&u->used_cores, r->cpu_used_cores);
	add(&u->used_bytes, s->mem.used_bytes);
	add(&u->held_bytes, s->mem.held_bytes);
	add(&u->overhead_bytes, s->mem.overhead_bytes);
	add(&u->slack_cores, cpu ? part : v->slack_cores);
	add(&u->slack_bytes, mem ? part : v->slack_bytes);
	add(&u->cold_bytes, v->cold_bytes);
	t->unmeasured_cpu += !metric_is_ok(r->cpu_used_cores);
	t->unmeasured_mem += !metric_is_ok(s->mem.used_bytes);
}

static void sums_init(struct sums *u, struct totals *t)
{
	*t = (struct totals){0};
	*u = (struct sums){.t = t};
	struct sum *const all[] = {&u->allocated_cores, &u->used_cores,  &u->slack_cores,
	                           &u->allocated_bytes, &u->used_bytes,  &u->held_bytes,
	                           &u->overhead_bytes,  &u->slack_bytes, &u->cold_bytes};
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		all[i]->missing = metric_ok(0);
}

static void sums_finish(struct sums *u)
{
	struct totals *t = u->t;
	add_shared_slack(&u->slack_cores, &u->cpu_levels);
	add_shared_slack(&u->slack_bytes, &u->mem_levels);
	t->allocated_cores = total(&u->allocated_cores);
	t->used_cores = total(&u->used_cores);
	t->slack_cores = total(&u->slack_cores);
	t->allocated_bytes = total(&u->allocated_bytes);
	t->used_bytes = total(&u->used_bytes);
	t->held_bytes = total(&u->held_bytes);
	t->overhead_bytes = total(&u->overhead_bytes);
	t->slack_bytes = total(&u->slack_bytes);
	t->cold_bytes = total(&u->cold_bytes);
	map_release(&u->cpu_levels);
	map_release(&u->mem_levels);
}

static struct metric ratio(struct metric a, struct metric b)
{
	struct metric pct = metric_pct(a, b);
	return metric_is_ok(pct) ? metric_ok(pct.v / 100) : pct;
}

/* The host's sum: what is known of either kind. A kind without instances sums to 0 and must not hide the other's "not
 * yet". */
static struct metric known_sum(struct metric a, struct metric b)
{
	if (metric_is_ok(a) && metric_is_ok(b))
		return metric_ok(a.v + b.v);
	struct metric known = metric_is_ok(a) ? a : b, other = metric_is_ok(a) ? b : a;
	return metric_is_ok(known) && known.v > 0 ? known : other;
}

static void host_wastes(struct frame *f)
{
	const struct totals *c = &f->totals[INSTANCE_CONTAINER], *v = &f->totals[INSTANCE_VM];
	struct host_frame *h = &f->host;
	h->slack_cores = known_sum(c->slack_cores, v->slack_cores);
	h->slack_bytes = known_sum(c->slack_bytes, v->slack_bytes);
	h->cold_bytes = known_sum(c->cold_bytes, v->cold_bytes);
	for (size_t i = 0; i < f->rows.n; i++) {
		struct verdict *d = &f->rows.v[i].verdict;
		d->slack_cost = slack_cost(d->slack_cores, d->slack_bytes, &f->prices);
	}
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		f->totals[k].slack_cost = slack_cost(f->totals[k].slack_cores, f->totals[k].slack_bytes, &f->prices);
	h->slack_cost = slack_cost(h->slack_cores, h->slack_bytes, &f->prices);
}

void totals_fill(struct frame *f)
{
	struct host_frame *h = &f->host;
	h->allocated_cores = h->allocated_bytes = metric_ok(0);
	struct sums sums[INSTANCE_KIND_MAX];
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		sums_init(&sums[k], &f->totals[k]);
	for (size_t i = 0; i < f->rows.n; i++)
		note_row(&sums[f->rows.v[i].inst->kind], &f->rows.v[i], &f->arena);
	for (size_t i = 0; i < f->rows.n; i++)
		add_row(&sums[f->rows.v[i].inst->kind], &f->rows.v[i]);
	for (int k = 0; k < INSTANCE_KIND_MAX; k++) {
		const struct totals *t = &f->totals[k];
		sums_finish(&sums[k]);
		h->allocated_cores = metric_add(h->allocated_cores, t->allocated_cores);
		h->allocated_bytes = metric_add(h->allocated_bytes, t->allocated_bytes);
	}
	h->unallocated_cores = metric_sub_floor0(h->capacity_cores, h->allocated_cores);
	h->unallocated_bytes = metric_sub_floor0(h->capacity_bytes, h->allocated_bytes);
	host_wastes(f);
	h->cpu_overcommit = ratio(h->allocated_cores, h->capacity_cores);
	h->mem_overcommit = ratio(h->allocated_bytes, h->capacity_bytes);
}
