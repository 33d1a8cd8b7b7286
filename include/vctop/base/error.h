/*
 * An error a person must act upon: "what: why" on one line, made once, printed once by app.
 * Functions that take one return -errno and fill it; a success leaves it alone.
 */
#ifndef VCTOP_BASE_ERROR_H
#define VCTOP_BASE_ERROR_H

#include "vctop/base/attr.h"

struct error {
	int code; /* positive errno, 0 = none */
	char what[512];
};

/* Fills err (NULL allowed) with cleaned text; returns -code. */
int error_set(struct error *err, int code, const char *fmt, ...) ATTR_PRINTF(3, 4);

#endif
