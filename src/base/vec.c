#include "vctop/base/vec.h"

#include <stdlib.h>

#include "vctop/base/attr.h"

void *vec_room(void *v, size_t *cap, size_t need, size_t size)
{
	if (need <= *cap)
		return v;
	size_t grown = *cap ? *cap * 2 : 8;
	if (grown < need)
		grown = need;
	v = xreallocarray(v, grown, size);
	*cap = grown;
	return v;
}

void vec_release(void *v)
{
	free(v);
}
