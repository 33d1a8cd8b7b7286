#include "derive/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"

#define FIRST 0.001 /* cores; a coarser first bucket could not tell 0.03 from 0.02 */
#define RATIO 1.05
#define BLOCK 8U /* buckets are there by so many; four are added at once */
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

void histogram_release(struct histogram *h)
{
	free(h->w);
	*h = (struct histogram){0};
}

double histogram_at(const struct histogram *h, unsigned bucket)
{
	return bucket >= h->from && bucket - h->from < h->n ? (double)h->w[bucket - h->from] : 0;
}

float *histogram_room(struct histogram *h, unsigned bucket)
{
	unsigned from = bucket / BLOCK * BLOCK, end = from + BLOCK;
	if (h->n) {
		from = from < h->from ? from : h->from;
		end = end > (unsigned)h->from + h->n ? end : (unsigned)h->from + h->n;
	}
	if (end - from > h->n) {
		float *w = xcalloc(end - from, sizeof(*w));
		if (h->n)
			memcpy(w + (h->from - from), h->w, h->n * sizeof(*w));
		free(h->w);
		*h = (struct histogram){w, (uint16_t)from, (uint16_t)(end - from)};
	}
	return &h->w[bucket - h->from];
}

void histogram_add(struct histogram *h, double cores, double seconds)
{
	if (seconds > 0)
		*histogram_room(h, histogram_bucket(cores)) += (float)seconds;
}

void histogram_decay(struct histogram *h, double hours)
{
	float factor = (float)exp2(-hours / HALF_LIFE_HOURS);
	for (unsigned i = 0; i < h->n; i++)
		h->w[i] *= factor;
}

double histogram_weight(const struct histogram *h)
{
	float sum[4] = {0}; /* four at once: this runs every minute for every instance */
	for (unsigned i = 0; i < h->n; i += 4)
		for (unsigned k = 0; k < 4; k++)
			sum[k] += h->w[i + k];
	return (double)sum[0] + (double)sum[1] + (double)sum[2] + (double)sum[3];
}

void histogram_percentiles(const struct histogram *h, double p, double q, double *ret_p, double *ret_q)
{
	double all = histogram_weight(h), above = 0;
	*ret_p = *ret_q = 0;
	bool found_q = false;
	/* From the top: high percentiles are a few buckets away; most of those are empty. */
	for (unsigned i = h->n; i-- > 0 && all > 0;) {
		if (h->w[i] <= 0)
			continue;
		above += (double)h->w[i];
		if (!found_q && above > all * (1 - q)) {
			*ret_q = histogram_edge(h->from + i);
			found_q = true;
		}
		if (above > all * (1 - p)) {
			*ret_p = histogram_edge(h->from + i);
			return;
		}
	}
}

#define DAY_FIRST 0.01
#define DAY_RATIO 1.16

void day_histogram_add(struct day_histogram *d, double cores, double seconds)
{
	double i = cores > DAY_FIRST ? log(cores / DAY_FIRST) / log(DAY_RATIO) + 1 : 0;
	uint16_t *m = &d->minutes[i < DAY_BUCKETS - 1 ? (unsigned)i : DAY_BUCKETS - 1];
	double sum = *m + round(seconds / 60);
	*m = sum < UINT16_MAX ? (uint16_t)sum : UINT16_MAX;
}

double day_histogram_p95(const struct day_histogram *d)
{
	unsigned all = 0, above = 0;
	for (unsigned i = 0; i < DAY_BUCKETS; i++)
		all += d->minutes[i];
	for (unsigned i = DAY_BUCKETS; i-- > 1;) {
		above += d->minutes[i];
		if (above * 20 > all)
			return DAY_FIRST * pow(DAY_RATIO, i - 1);
	}
	return 0;
}
