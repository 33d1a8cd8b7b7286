#include "derive/histogram.h"

#include <math.h>

#define FIRST 0.001 /* cores; a coarser first bucket could not tell 0.03 from 0.02 */
#define RATIO 1.05
#define HALF_LIFE_HOURS 24.0
#define LOG_RATIO 0.048790164169432 /* log(RATIO) */

unsigned histogram_bucket(double cores)
{
	if (!(cores >= FIRST)) /* NaN too */
		return 0;
	double i = log1p(cores * (RATIO - 1) / FIRST) / LOG_RATIO;
	return i < HISTOGRAM_BUCKETS - 1 ? (unsigned)i : HISTOGRAM_BUCKETS - 1;
}

double histogram_edge(unsigned bucket)
{
	return FIRST * expm1((bucket + 1) * LOG_RATIO) / (RATIO - 1);
}

void histogram_add(struct histogram *h, double cores, double seconds)
{
	if (seconds > 0)
		h->w[histogram_bucket(cores)] += (float)seconds;
}

void histogram_decay(struct histogram *h, double hours)
{
	float factor = (float)exp2(-hours / HALF_LIFE_HOURS);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->w[i] *= factor;
}

double histogram_weight(const struct histogram *h)
{
	float sum[4] = {0}; /* four at once: this runs every minute for every instance */
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i += 4)
		for (unsigned k = 0; k < 4; k++)
			sum[k] += h->w[i + k];
	return (double)sum[0] + (double)sum[1] + (double)sum[2] + (double)sum[3];
}

void histogram_percentiles(const struct histogram *h, double p, double q, double *ret_p, double *ret_q)
{
	double all = histogram_weight(h), above = 0, over_p = all * (1 - p), over_q = all * (1 - q);
	*ret_p = *ret_q = 0;
	bool found_p = false, found_q = false;
	/* From the top: high percentiles are a few buckets away. */
	for (unsigned i = HISTOGRAM_BUCKETS; i-- > 0 && all > 0 && !(found_p && found_q);) {
		above += (double)h->w[i];
		if (!found_q && above > over_q) {
			*ret_q = histogram_edge(i);
			found_q = true;
		}
		if (!found_p && above > over_p) {
			*ret_p = histogram_edge(i);
			found_p = true;
		}
	}
}
