/* Values of a recorded line, checked: what the files that read one share. */
#ifndef SOURCE_JSON_TAKE_H
#define SOURCE_JSON_TAKE_H

#include <jansson.h>

#include "vctop/base/error.h"
#include "vctop/model/frame.h"

#define TEXT_BYTES 4096 /* of one string kept */

/* A copy, cleaned; NULL when v is no string. */
const char *json_take_text(struct arena *a, const json_t *v, size_t max);
/* Finite and not negative, or missing with the reason. */
struct metric json_take_number(const json_t *v);
/* Which of the words it is; -1 none. */
int json_take_word(const json_t *v, const char *(*name)(unsigned), unsigned max);
/* "denied: memory.stat: permission denied" of `unavailable` back into a state and its reason. */
bool json_take_reason(struct arena *a, const json_t *unavailable, const char *path, struct metric *ret);
/* All but the instances: host, self, notices, stores, daemons. */
void json_take_host(struct snapshot *s, struct frame *f, const json_t *line);

/* Entries and rows, made pairwise, are bound and sealed: both sorted by id. -EINVAL: two have one id. */
int json_bind_rows(struct snapshot *s, struct frame *f, struct error *err);

#endif
