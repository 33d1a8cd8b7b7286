/*
 * A decaying histogram of cores used: buckets grow by 5 %, so every percentile is right to about 5 % from 0.2 cores up
 * and to about 10 % at 0.02.  Weights are seconds; old ones halve every 24 hours.
 */
#ifndef DERIVE_HISTOGRAM_H
#define DERIVE_HISTOGRAM_H

#include <stdbool.h>

#define HISTOGRAM_BUCKETS 224 /* 0.001 core to 1024 cores */

struct histogram {
	float w[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, double cores, double seconds);
void histogram_decay(struct histogram *h, double hours);
double histogram_weight(const struct histogram *h);
/* The two values below which these shares (0..1) of the time lay: upper edges of their buckets. 0 when empty. */
void histogram_percentiles(const struct histogram *h, double p, double q, double *ret_p, double *ret_q);
double histogram_edge(unsigned bucket); /* upper */
unsigned histogram_bucket(double cores);

#endif
