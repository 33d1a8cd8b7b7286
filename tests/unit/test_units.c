/* Quantities to text: the edges where a digit or a unit changes, and a width no column has to fear. */
#include "unit.h"
#include "vctop/base/units.h"

struct row {
	double v;
	const char *out;
};

static void check(const struct row *rows, size_t n, char *(*fn)(char *, size_t, double))
{
	for (size_t i = 0; i < n; i++) {
		char buf[32];
		assert_ptr_equal(fn(buf, sizeof(buf), rows[i].v), buf);
		if (strcmp(buf, rows[i].out) != 0)
			fail_row(i, "%g: \"%s\" instead of \"%s\"", rows[i].v, buf, rows[i].out);
	}
}

static void test_bytes(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {0, "0B"},
	        {12, "12B"},
	        {1023, "1023B"},
	        {1024, "1.0K"},
	        {524288, "512K"},
	        {67108864, "64.0M"},
	        {1610612736.0, "1.5G"},
	        {1048524.8, "1.0M"},
	        {102348, "99.9K"},
	        {102399, "100K"},
	        {1099511627776.0, "1.0T"},
	        {1125899906842624.0, "1.0P"},
	        {1152921504606846976.0, "1.0E"},
	        {1.8446744073709552e19, "16.0E"},
	};
	check(rows, ARRAY_SIZE(rows), units_bytes);
	for (double v = 1; v < 1e19; v *= 1.01) {
		char buf[32];
		assert_true(strlen(units_bytes(buf, sizeof(buf), v)) <= 5);
	}
}

static void test_cores(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {0, "0.00"},     {0.25, "0.25"}, {0.004, "0.00"}, {1, "1.00"},    {9.994, "9.99"},
	        {9.996, "10.0"}, {12, "12.0"},   {99.94, "99.9"}, {99.96, "100"}, {128, "128"},
	};
	check(rows, ARRAY_SIZE(rows), units_cores);
}

static void test_percent(void **state)
{
	(void)state;
	static const struct row rows[] = {{0, "0.0%"},   {7.34, "7.3%"}, {9.94, "9.9%"},
	                                  {9.96, "10%"}, {100, "100%"},  {1234.5, "1234%"}};
	check(rows, ARRAY_SIZE(rows), units_percent);
}

static void test_duration(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {0, "0s"},        {45.9, "45s"},     {59.99, "59s"},   {60, "1m"},
	        {3599, "59m"},    {3600, "1h00m"},   {11100, "3h05m"}, {86399, "23h59m"},
	        {86400, "1d00h"}, {532800, "6d04h"}, {-5, "0s"},
	};
	check(rows, ARRAY_SIZE(rows), units_duration);
	char buf[32];
	(void)units_duration(buf, sizeof(buf), 1e300); /* hostile: no undefined conversion */
}

static char *interval(char *buf, size_t size, double sec)
{
	return units_interval(buf, size, sec, true);
}

static void test_interval(void **state)
{
	(void)state;
	static const struct row rows[] = {
	        {0, "0s"},          {1.2345, "1.23s"},  {0.9996, "1.00s"},  {0.9994, "999ms"},
	        {0.0124, "12.4ms"}, {0.00025, "250us"}, {6.3e-8, "63.0ns"}, {4.4e-10, "0.44ns"},
	        {99.96, "100s"},    {4000, "4000s"},    {9.996, "10.0s"},   {-0.5, "-500ms"},
	};
	check(rows, ARRAY_SIZE(rows), interval);
	char buf[32];
	assert_string_equal(units_interval(buf, sizeof(buf), 0.00025, false), "250µs");
}

static void test_rate(void **state)
{
	(void)state;
	static const struct row rows[] = {{0, "0B/s"}, {2048, "2.0K/s"}};
	check(rows, ARRAY_SIZE(rows), units_rate);
}

static void test_time(void **state)
{
	(void)state;
	char buf[32], tiny[5];
	assert_string_equal(units_rfc3339(buf, sizeof(buf), 0), "1970-01-01T00:00:00.000Z");
	assert_string_equal(units_rfc3339(buf, sizeof(buf), 1795341600123456), "2026-11-22T10:00:00.123Z");
	assert_string_equal(units_rfc3339(buf, sizeof(buf), 4102444799999999), "2099-12-31T23:59:59.999Z");
	assert_string_equal(units_rfc3339(tiny, sizeof(tiny), 0), "1970");
	assert_string_equal(units_bytes(tiny, 3, 1023), "10"); /* cut, never past the end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_bytes),    cmocka_unit_test(test_cores), cmocka_unit_test(test_percent),
	        cmocka_unit_test(test_duration), cmocka_unit_test(test_rate),  cmocka_unit_test(test_time),
	        cmocka_unit_test(test_interval),
	};
	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
