#include "vctop/derive/derive.h"

void frame_derive(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret)
{
	rates_fill(prev, cur, ret);
	cores_fill(prev, cur, ret);
	tasks_fill(prev, cur, ret);
	verdict_fill(ret);
}
