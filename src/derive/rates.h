/* What a counter went up by over a time: the same rule for hosts, cores and tasks. */
#ifndef DERIVE_RATES_H
#define DERIVE_RATES_H

#include "vctop/model/metric.h"

/* (now - before) / usec * factor; not OK, with why: no reading now, none before (or no time), or the counter went back.
 */
struct metric rate_between(struct metric before, struct metric now, double usec, double factor);
/* Two counters read one after the other may disagree by a scheduler tick. */
struct metric rate_capped(struct metric m, double max);

#endif
