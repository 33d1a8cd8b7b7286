/* The trials of one subject, added up: median and range of each figure and phase.  Pure. */
#ifndef LAB_COMPARE_TALLY_H
#define LAB_COMPARE_TALLY_H

#include "lab/compare/trial.h"

struct tally {
	unsigned trials;
	VEC(double) value[FIGURE_MAX];
	char *why[FIGURE_MAX]; /* the first reason that was given */
	struct {
		const char *name;
		VEC(double) sec;
	} phase[TRIAL_PHASES];
};

void tally_add(struct tally *y, const struct trial *t);
/* Fills the subject's figures and phases, and releases the tally. */
void tally_finish(struct tally *y, struct subject *ret);

#endif
