/* What every unit test includes: cmocka in the order it wants, and the few checks it lacks. */
#ifndef VCTOP_TESTS_UNIT_H
#define VCTOP_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vctop/base/attr.h"

/* A table's row number belongs in the message. */
#define fail_row(i, ...) (print_error("row %zu: ", (size_t)(i)), print_error(__VA_ARGS__), print_error("\n"), fail())

static inline bool near(double a, double b)
{
	double d = a - b;
	return d < 1e-9 && d > -1e-9;
}

/* A heap copy of exactly `len` bytes: reading one byte past it is an ASan report. */
static inline char *exact(const void *data, size_t len)
{
	char *p = malloc(len ? len : 1);
	assert_non_null(p);
	if (len)
		memcpy(p, data, len);
	return p;
}

#endif
