/* What the forms of a comparison share: numbers as words, what relates to what, what must be labelled. */
#ifndef VIEW_COMPARISON_WORDS_H
#define VIEW_COMPARISON_WORDS_H

#include "vctop/base/strbuf.h"
#include "vctop/model/comparison.h"

/* Beside every speed of an emulated subject: it is the emulator's, not the price of virtualisation. */
#define EMULATED "emulated (TCG)"
#define EMULATED_WHY                                                                                                   \
	"without hardware virtualisation (KVM): the emulator sets their speeds, which say nothing of what "            \
	"virtualisation costs, and its translated code is part of the VMM's memory"

/* "1.24s", "16.0M", "0.98", "12"; the glyph of its state when it is not OK. */
char *comparison_number(char *buf, size_t size, struct metric m, enum field_unit unit, bool ascii);
const char *comparison_why(struct metric m); /* it is not OK; never NULL */
/* "1.24s ±3%": the median, and half the range as a share of it when there were several runs. */
void comparison_spread(struct strbuf *out, const struct spread *s, enum field_unit unit, bool ascii);
/* "1.21s..1.29s" of several runs, else nothing. */
void comparison_range(struct strbuf *out, const struct spread *s, enum field_unit unit, bool ascii);
/* "0.98", "1.3", "310". */
char *comparison_ratio_text(char *buf, size_t size, double ratio);

/* Is this number a speed of an emulator? */
bool comparison_is_emulators(const struct subject *s, enum figure f);
/* How many times the plain process' figure. false: neither has it, it is the process itself, or an emulator's speed. */
bool comparison_ratio(const struct comparison *c, const struct subject *s, enum figure f, double *ret);
const char *comparison_kind(const struct subject *s); /* "VM" */
/* "1.00 cores, 256M of memory each; ...": what is the same for all. */
void comparison_setting(const struct comparison *c, struct strbuf *out, bool ascii);

typedef VEC(const char *) name_vec;
size_t name_once(name_vec *v, const char *name); /* its index; appended when it is new */
/* The phases and facts of all subjects, each once, in the order they have there; borrowed. */
void comparison_phase_names(const struct comparison *c, name_vec *ret);
void comparison_fact_keys(const struct comparison *c, name_vec *ret);
void comparison_emulated(const struct comparison *c, name_vec *ret); /* ids */
/* A NULL phase or fact: the subject has none of that name. */
const struct spread *comparison_phase_of(const struct subject *s, const char *name);
const char *comparison_fact_of(const struct subject *s, const char *key);

/* What a subject uses and holds of what it was given, from the load to when it was given back. */
struct holding {
	enum figure of;   /* what is held */
	const char *when; /* "under load" */
	double used, held;
};
#define HOLDINGS_MAX 5
unsigned comparison_holdings(const struct comparison *c, const struct subject *s, struct holding ret[HOLDINGS_MAX]);
double comparison_most_held(const struct comparison *c); /* by any, or given if that is more: the scale of bars */

#endif
