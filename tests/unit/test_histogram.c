/* The histograms: errors of percentiles are what they say, weights decay, nothing falls out at either end. */
#include <math.h>

#include "derive/histogram.h"
#include "unit.h"

static void test_edges(void **state)
{
	(void)state;
	for (unsigned i = 1; i < HISTOGRAM_BUCKETS; i++)
		assert_true(histogram_edge(i) > histogram_edge(i - 1));
	assert_true(histogram_edge(HISTOGRAM_BUCKETS - 1) > 1000);
	/* A value lies in its bucket. */
	for (double v = 0.0011; v < 900; v *= 1.013) {
		unsigned b = histogram_bucket(v);
		if (v > histogram_edge(b) * (1 + 1e-12) || v < histogram_edge(b - 1) * (1 - 1e-12))
			fail_row(b, "%g is not in its bucket", v);
	}
	assert_int_equal(histogram_bucket(0), 0);
	assert_int_equal(histogram_bucket(-1), 0);
	assert_int_equal(histogram_bucket((double)NAN), 0);
	assert_int_equal(histogram_bucket(1e9), HISTOGRAM_BUCKETS - 1);
	assert_int_equal(histogram_bucket((double)INFINITY), HISTOGRAM_BUCKETS - 1);
}

static void test_errors(void **state)
{
	(void)state;
	static const struct {
		double cores, error;
	} rows[] = {{0.014, 0.13}, {0.036, 0.08}, {0.07, 0.07}, {0.22, 0.056}, {1, 0.0505}, {64, 0.0501}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct histogram h = {0};
		double p95, p99;
		histogram_add(&h, rows[i].cores, 60);
		histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
		if (p95 < rows[i].cores || p95 > rows[i].cores * (1 + rows[i].error) || !near(p95, p99))
			fail_row(i, "%g cores read as %g", rows[i].cores, p95);
		histogram_release(&h);
	}
}

static void test_percentiles(void **state)
{
	(void)state;
	struct histogram h = {0};
	double p95, p99;
	histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
	assert_true(near(p95, 0) && near(p99, 0));
	histogram_add(&h, 0.5, 9700);
	histogram_add(&h, 2, 200);
	histogram_add(&h, 8, 100);
	histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
	assert_true(p95 >= 0.5 && p95 < 0.55);
	assert_true(p99 >= 2 && p99 < 2.2);
	histogram_add(&h, 8, 1); /* now more than one in a hundred is at 8 */
	histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
	assert_true(p99 >= 8 && p99 < 8.8);
	histogram_add(&h, 4, -5);
	assert_true(fabs(histogram_weight(&h) - 10001) < 0.01);
	histogram_release(&h);
}

static void test_decay(void **state)
{
	(void)state;
	struct histogram h = {0};
	double p95, p99;
	histogram_add(&h, 4, 86400);
	for (int i = 0; i < 24; i++)
		histogram_decay(&h, 1);
	assert_true(fabs(histogram_weight(&h) - 43200) < 5);
	histogram_add(&h, 0.1, 43200 * 18);
	histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
	assert_true(p95 > 4);
	histogram_add(&h, 0.1, 43200 * 2);
	histogram_percentiles(&h, 0.95, 0.99, &p95, &p99);
	assert_true(p95 < 0.12 && p99 > 4);
	histogram_decay(&h, 1e6);
	assert_true(histogram_weight(&h) < 1e-6);
	histogram_release(&h);
}

static void test_day(void **state)
{
	(void)state;
	struct day_histogram d = {0};
	assert_true(near(day_histogram_p95(&d), 0));
	for (unsigned i = 0; i < 1440; i++)
		day_histogram_add(&d, i < 120 ? 3.0 : 0.02, 60);
	double p95 = day_histogram_p95(&d);
	assert_true(p95 <= 3 && p95 > 3 / 1.17); /* never more than was used */
	d = (struct day_histogram){0};
	for (unsigned i = 0; i < 1440; i++)
		day_histogram_add(&d, i < 60 ? 3.0 : 0.02, 60);
	assert_true(day_histogram_p95(&d) <= 0.02);
	for (unsigned i = 0; i < 70000; i++)
		day_histogram_add(&d, 1e9, 60); /* full, not around */
	assert_true(day_histogram_p95(&d) > 300);
	day_histogram_add(&d, (double)NAN, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_edges), cmocka_unit_test(test_errors), cmocka_unit_test(test_percentiles),
	        cmocka_unit_test(test_decay), cmocka_unit_test(test_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
