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

/* A row, and the first letters of its name: most are idle, so names decide, and to go to each for it is slow. */
struct keyed {
	const struct row *row;
	uint64_t name;
};

static uint64_t first_letters(const char *s)
{
	uint64_t v = 0;
	for (int i = 0; i < 8; i++)
		v = v << 8 | (unsigned char)(*s ? *s++ : 0);
	return v;
}

static int compare_keyed(const void *a, const void *b, void *data)
{
	const struct keyed *x = a, *y = b;
	const struct instance *i = x->row->inst, *j = y->row->inst;
	const struct query *q = data;
	/* Stopped ones last: nobody looks for them first. */
	int c = (i->state == INSTANCE_STOPPED) - (j->state == INSTANCE_STOPPED);
	if (!c && q->sort)
		c = field_compare(q->sort, x->row, y->row, q->down);
	if (c)
		return c;
	c = x->name != y->name ? (x->name < y->name ? -1 : 1) : strcmp(i->name, j->name);
	if (c)
		return !q->sort && q->down ? -c : c;
	return strcmp(i->id, j->id);
}

int query_compare(const void *a, const void *b, void *data)
{
	const struct keyed x = {*(const struct row *const *)a, 0}, y = {*(const struct row *const *)b, 0};
	return compare_keyed(&x, &y, data);
}

static void sort_rows(const struct row **rows, size_t n, const struct query *q, struct arena *a)
{
	struct query copy = *q;
	if (n < 2)
		return;
	struct keyed *keyed = arena_alloc(a, n * sizeof(*keyed));
	for (size_t i = 0; i < n; i++)
		keyed[i] = (struct keyed){rows[i], first_letters(rows[i]->inst->name)};
	qsort_r(keyed, n, sizeof(*keyed), compare_keyed, &copy);
	for (size_t i = 0; i < n; i++)
		rows[i] = keyed[i].row;
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

void select_rows(const struct frame *f, const struct query *q, struct selection *ret)
{
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
		sort_rows(ret->rows[l].v, ret->rows[l].n, q, &ret->arena);
	if (ret->rows[LIST_WASTE].n)
		qsort_r(ret->rows[LIST_WASTE].v, ret->rows[LIST_WASTE].n, sizeof(*ret->rows[0].v), compare_waste,
		        &host);
	if (q->tree)
		select_tree(f, q, ret);
}
