#include "vctop/model/background.h"

#include <stdlib.h>

const struct background background_unknown;

struct background *background_new(void)
{
	struct background *b = xcalloc(1, sizeof(*b));
	b->refs = 1;
	return b;
}

struct background *background_ref(struct background *b)
{
	b->refs++;
	return b;
}

void background_unref(struct background *b)
{
	if (!b || --b->refs)
		return;
	arena_release(&b->text);
	free(b);
}
