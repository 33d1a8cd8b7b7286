/* Which rows, in what order: one answer for every view. */
#include <stdlib.h>
#include <string.h>

#include "vctop/derive/derive.h"

static bool contains(const char *text, const char *part)
{
	return text && strcasestr(text, part);
}

static bool row_matches(const struct row *r, const char *filter)
{
	if (!filter || !*filter)
		return true;
	const struct instance *i = r->inst;
	return contains(i->name, filter) || contains(i->image, filter) || contains(i->runtime, filter) ||
	       contains(i->id, filter) || contains(verdict_word(&r->verdict), filter) ||
	       contains(verdict_now_name(r->verdict.now), filter) || contains(instance_state_name(i->state), filter);
}

static int compare(const void *a, const void *b, void *data)
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

void select_rows(const struct frame *f, const struct query *q, struct selection *ret)
{
	struct query copy = *q;
	ret->hidden = 0;
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		ret->rows[k].n = 0;
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct row *r = &f->rows.v[i];
		if (!row_matches(r, q->filter) || (q->hide_stopped && r->inst->state == INSTANCE_STOPPED))
			ret->hidden++;
		else
			vec_push(&ret->rows[r->inst->kind], r);
	}
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		if (ret->rows[k].n)
			qsort_r(ret->rows[k].v, ret->rows[k].n, sizeof(*ret->rows[k].v), compare, &copy);
}
