/* JSON values as all our documents write them. */
#ifndef VIEW_JSON_MAKE_H
#define VIEW_JSON_MAKE_H

#include <jansson.h>

#include "vctop/base/strbuf.h"
#include "vctop/model/metric.h"

/* What a person can read back and compare; 17 digits would only show that it is binary. */
#define JSON_MAKE_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(12))

json_t *json_make_text(const char *s); /* NULL: null */
/* JSON has no infinity; none is expected, and one must not lose the line. */
json_t *json_make_real(double v);
/* Whole numbers as integers, so that bytes and counts read as such. */
json_t *json_make_number(double v);
/* Puts value at the dotted path, making the objects on the way. */
void json_put_path(json_t *object, const char *path, json_t *value);
/* Where m is not OK, its state and reason under `key`. */
void json_say_why(json_t *unavailable, const char *key, struct metric m);
/* One line appended to out; takes the reference. */
void json_print_line(json_t *o, struct strbuf *out);

#endif
