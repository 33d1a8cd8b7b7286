/*
 * A saved vctop.compare/1 object back into a comparison: the other direction of view/comparison/json.c.
 * The text may be anybody's: strings are cleaned and bounded, numbers checked, lists cut where no comparison goes.
 * It needs schema, time, and subjects with id and kind; everything else may be missing and is then absent.
 */
#ifndef VCTOP_SOURCE_COMPARISON_JSON_H
#define VCTOP_SOURCE_COMPARISON_JSON_H

#include <stddef.h>

#include "vctop/base/error.h"
#include "vctop/model/comparison.h"

/* The longest text read; a comparison has some 20 KiB. */
#define COMPARISON_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* 0, or -errno with err filled and *ret empty. Release *ret with comparison_release. */
int comparison_parse(const char *text, size_t len, struct comparison *ret, struct error *err);

#endif
