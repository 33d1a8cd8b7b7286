/* The sentence about an instance, kept while it is true. */
#ifndef DERIVE_SAID_H
#define DERIVE_SAID_H

#include "derive/usage-internal.h"
#include "vctop/base/vec.h"

/* Of one row. */
struct said {
	uint64_t of; /* hash of what it rests on */
	char *rule;  /* and behind its NUL the sentence: frames point to both. NULL: nothing yet */
};

struct said_rows {
	VEC(struct said) v;    /* row by row, of any frame */
	struct arena words;    /* for making one */
	VEC(char *) no_longer; /* what the frame before said, and this one does not */
};

/* A frame begins: what only the frame before the last pointed to goes. */
void said_begin(struct said_rows *all);
/* As usage_sentence has it for the instance of that row. */
const char *said_sentence(struct said_rows *all, size_t row, const struct usage *u, const char **ret_rule);
void said_release(struct said_rows *all);

#endif
