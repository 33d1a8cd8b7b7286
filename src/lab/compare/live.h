/* A trial's sample while it runs: being told, answering, being weighed. */
#ifndef LAB_COMPARE_LIVE_H
#define LAB_COMPARE_LIVE_H

#include "lab/compare/trial.h"
#include "lab/tool/proctable.h"

struct live {
	struct trial *t;
	struct launch ln;
	const struct backend *b;
	bool vm;
	size_t said;        /* bytes of its answers before the last order */
	struct strbuf text; /* its answers since */
	pid_vec helpers;
};

struct held {
	double workload, helpers, vmm, guest; /* bytes; guest: all of its memory, the workload in it included */
};

/* Into the trial: a figure, why there is none, and why one that should be there is not (told as well). */
void trial_set(struct trial *t, enum figure f, double v);
void trial_lack(struct trial *t, enum figure f, const char *why);
void trial_fail(struct trial *t, enum figure f, const struct error *err);

bool live_cancelled(const struct live *s);
/* true: interrupted meanwhile. */
bool live_nap(const struct live *s, unsigned msec);
/* Until the report is there. */
int live_await_report(struct live *s, struct error *err);
/* Gives an order and waits until it is done; its answers are in s->text. */
int live_tell(struct live *s, enum order order, struct error *err);
int live_weigh(struct live *s, struct held *ret, struct error *err);
double held_total(const struct held *h);
/* Uses the load's memory and gives it back; weighs it in between when asked to. */
int live_load_and_free(struct live *s, bool weigh_it, struct error *err);

/* All figures of a sample that runs, in order. -EINTR; -ESRCH: somebody ended it. */
int live_measure(struct live *s, struct error *err);

#endif
