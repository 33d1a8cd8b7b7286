/* The sentence about an instance, kept while it is true. */
#ifndef DERIVE_SAID_H
#define DERIVE_SAID_H

#include "derive/usage-internal.h"

struct said_of {
	double cpu_span, mem_span, cpu_peak, mem_peak, cpu_cap, mem_cap, held, oom_limit, quiet;
	float size, cpu_number, mem_number;
	uint8_t bits[20];
};
_Static_assert(sizeof(struct said_of) == 9 * sizeof(double) + 3 * sizeof(float) + 20, "no gaps");

struct said {
	struct said_of of;
	char *reason, *rule; /* NULL: nothing yet */
};

/* As usage_sentence has it for the instance; s: where this row's was kept, whoever's it was. */
const char *said_sentence(struct said *s, const struct usage *u, struct arena *a, const char **ret_rule);
void said_forget(struct said *s);

#endif
