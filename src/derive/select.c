/* Which rows, in what order: one answer for every view. */
#include "derive/select.h"

#include <stdlib.h>
#include <string.h>

static bool contains(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

bool query_matches(const struct query *q, const struct row *r)
{
	const struct instance *i = r->inst;
	if (q->hide_stopped && i->state == INSTANCE_STOPPED)
		return false;
	const char *filter = q->filter;
	return !filter || !*filter || contains(i->name, filter) || contains(i->image, filter) ||
	       contains(i->runtime, filter) || contains(i->id, filter) || contains(verdict_word(&r->verdict), filter) ||
	       contains(verdict_now_name(r->verdict.now), filter) || contains(instance_state_name(i->state), filter);
}

int query_compare(const void *a, const void *b, void *data)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	const struct query *q = data;
	/* Stopped ones last: nobody looks for them first. */
	int c = (x->inst->state == INSTANCE_STOPPED) - (y->inst->state == INSTANCE_STOPPED);
	if (!c && q->sort)
		c = field_compare(q->sort, x, y, q->down);
	if (!c) {
		int names = strcmp(x->inst->name, y->inst->name);
		c = !q->sort && q->down ? -names : names;
	}
	return c ? c : strcmp(x->inst->id, y->inst->id);
}

static double share(struct metric part, struct metric whole)
{
	return metric_is_ok(part) && metric_is_ok(whole) && whole.v > 0 ? part.v / whole.v : 0;
}

/* How much it would be worth to take back: comparable only among rows of one host. */
static double waste_of(const struct row *r, const struct host_frame *h)
{
	const struct verdict *v = &r->verdict;
	if (metric_is_ok(v->slack_cost))
		return v->slack_cost.v;
	return share(v->slack_cores, h->capacity_cores) + share(v->slack_bytes, h->capacity_bytes);
}

static int compare_waste(const void *a, const void *b, void *data)
{
	const struct row *x = *(const struct row *const *)a, *y = *(const struct row *const *)b;
	double wx = waste_of(x, data), wy = waste_of(y, data);
	return wx != wy ? (wx < wy ? 1 : -1) : strcmp(x->inst->id, y->inst->id);
}

static void sort_rows(struct selection *s, enum list l, int (*compare)(const void *, const void *, void *), void *data)
{
	if (s->rows[l].n)
		qsort_r(s->rows[l].v, s->rows[l].n, sizeof(*s->rows[l].v), compare, data);
}

void select_rows(const struct frame *f, const struct query *q, struct selection *ret)
{
	struct query copy = *q;
	struct host_frame host = f->host;
	ret->hidden = 0;
	ret->branches.n = 0;
	arena_clear(&ret->arena);
	for (int l = 0; l < LIST_MAX; l++)
		ret->rows[l].n = 0;
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct row *r = &f->rows.v[i];
		if (!query_matches(q, r)) {
			ret->hidden++;
			continue;
		}
		vec_push(&ret->rows[r->inst->kind], r);
		if (waste_of(r, &host) > 0)
			vec_push(&ret->rows[LIST_WASTE], r);
	}
	for (size_t i = 0; i < f->services.n; i++)
		if (query_matches(q, &f->services.v[i]))
			vec_push(&ret->rows[LIST_SERVICE], &f->services.v[i]);
	for (enum list l = LIST_CONTAINER; l <= LIST_SERVICE; l++)
		sort_rows(ret, l, query_compare, &copy);
	sort_rows(ret, LIST_WASTE, compare_waste, &host);
	if (q->tree)
		select_tree(f, q, ret);
}
