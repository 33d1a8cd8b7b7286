#include "vctop/model/frame.h"

#include <stdlib.h>

struct frame *frame_new(void)
{
	return xcalloc(1, sizeof(struct frame));
}

void frame_clear(struct frame *f)
{
	f->rows.n = 0;
	arena_clear(&f->arena);
}

void frame_free(struct frame *f)
{
	if (!f)
		return;
	vec_free(&f->rows);
	arena_release(&f->arena);
	free(f);
}
