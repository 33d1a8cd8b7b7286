/* What a workload says (workload/orders.h), read back.  A guest may say anything: bounded, checked, cleaned.  Pure. */
#ifndef LAB_COMPARE_ANSWERS_H
#define LAB_COMPARE_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/workload/orders.h"

struct ready {
	bool known;
	double first, boot,
	        told; /* its clocks, in seconds: at its first instruction (monotonic, since boot); reporting */
};
struct measured {
	double work, syscall, turn; /* rounds/s, s, s; 0 unknown */
	double took, step;          /* s: all of it, by its own clock, and how fine that is */
};

/* The report, once its line is whole. */
bool answers_ready(const char *text, size_t len, struct ready *ret);
/* Has it answered this order? The place after that answer, or 0. */
size_t answers_done(const char *text, size_t len, enum order order);
bool answers_measured(const char *text, size_t len, struct measured *ret);
bool answers_held(const char *text, size_t len, uint64_t *ret_bytes);
/* The n-th (from 0) fact: cleaned heap strings, at most 32 and 160 bytes. false: no more. */
bool answers_fact(const char *text, size_t len, unsigned n, char **ret_key, char **ret_value);

#endif
