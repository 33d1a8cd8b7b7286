#include "lab/compare/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void tally_add(struct tally *y, const struct trial *t)
{
	y->trials++;
	for (size_t i = 0; i < FIGURE_MAX; i++) {
		if (t->has[i])
			vec_push(&y->value[i], t->value[i]);
		else if (!y->why[i] && t->why[i])
			y->why[i] = xstrdup(t->why[i]);
	}
	for (size_t i = 0; i < t->phases; i++) {
		y->phase[i].name = t->phase[i].name;
		vec_push(&y->phase[i].sec, t->phase[i].sec);
	}
}

void tally_finish(struct tally *y, struct subject *ret)
{
	for (size_t i = 0; i < FIGURE_MAX; i++) {
		ret->why[i] = y->why[i] ? y->why[i] : xstrdup(ret->skipped ? ret->skipped : "not measured");
		ret->value[i] = spread_of(y->value[i].v, y->value[i].n, ret->why[i]);
		if (figure_table[i].unit == UNIT_COUNT && metric_is_ok(ret->value[i].median))
			ret->value[i].median.v = floor(ret->value[i].median.v); /* of two: no halves */
		vec_free(&y->value[i]);
	}
	for (size_t i = 0; i < TRIAL_PHASES; i++) {
		if (y->phase[i].name) {
			struct comparison_phase p = {xstrdup(y->phase[i].name),
			                             spread_of(y->phase[i].sec.v, y->phase[i].sec.n, NULL)};
			vec_push(&ret->phases, p);
		}
		vec_free(&y->phase[i].sec);
	}
	*y = (struct tally){0};
}
