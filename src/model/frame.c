#include "vctop/model/frame.h"
#include "vctop/model/selection.h"

#include <stdlib.h>

struct frame *frame_new(void)
{
	return xcalloc(1, sizeof(struct frame));
}

void frame_clear(struct frame *f)
{
	f->rows.n = f->services.n = f->cores_used.n = f->tasks.n = 0;
	arena_clear(&f->arena);
}

void frame_free(struct frame *f)
{
	if (!f)
		return;
	vec_free(&f->rows);
	vec_free(&f->services);
	vec_free(&f->cores_used);
	vec_free(&f->tasks);
	arena_release(&f->arena);
	free(f);
}

void selection_release(struct selection *s)
{
	for (int l = 0; l < LIST_MAX; l++)
		vec_free(&s->rows[l]);
	vec_free(&s->branches);
	arena_release(&s->arena);
}
