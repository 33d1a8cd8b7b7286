/*
 * A decaying histogram of cores used: buckets grow by 5 %, so every percentile is right to about 5 % from 0.2 cores up
 * and to about 10 % at 0.02.  Weights are seconds; old ones halve every 24 hours.
 */
#ifndef DERIVE_HISTOGRAM_H
#define DERIVE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#define HISTOGRAM_BUCKETS 224 /* 0.001 core to 1024 cores */

/* Only the buckets from the first that was used to the last: most instances use a few of them. */
struct histogram {
	float *w; /* NULL: none */
	uint16_t from, n;
};

void histogram_release(struct histogram *h);
double histogram_at(const struct histogram *h, unsigned bucket);
float *histogram_room(struct histogram *h, unsigned bucket); /* to write it; valid until the next */
void histogram_add(struct histogram *h, double cores, double seconds);
void histogram_decay(struct histogram *h, double hours);
double histogram_weight(const struct histogram *h);
/* The two values below which these shares (p < q) of the time lay: upper edges of their buckets. 0 when empty. */
void histogram_percentiles(const struct histogram *h, double p, double q, double *ret_p, double *ret_q);
double histogram_edge(unsigned bucket); /* upper */
unsigned histogram_bucket(double cores);

/*
 * One day's minutes, coarser: whose 95th percentile is kept when the day is over.  The decaying histogram forgets a
 * weekend by Thursday, and what runs at weekends only would be called too big every week.
 */
#define DAY_BUCKETS 72 /* 0.01 core to 400, by 16 % */

struct day_histogram {
	uint16_t minutes[DAY_BUCKETS];
};

void day_histogram_add(struct day_histogram *d, double cores, double seconds);
/* The lower edge of its bucket: no more than what was used. 0 when empty. */
double day_histogram_p95(const struct day_histogram *d);

#endif
