/* What each core did, and each memory node's cores together. */
#include "vctop/derive/derive.h"

static struct metric used(const struct core *before, const struct core *now, double usec)
{
	if (!before || before->id != now->id || usec <= 0)
		return metric_none(METRIC_FIRST, "no earlier sample");
	if (now->busy_usec.v < before->busy_usec.v)
		return metric_none(METRIC_RESET, "the counter went back");
	double v = (now->busy_usec.v - before->busy_usec.v) / usec;
	return metric_ok(v > 1 ? 1 : v); /* ticks of 10 ms may say more than there was */
}

void cores_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret)
{
	size_t old = 0, n = prev ? prev->cores.n : 0;
	double usec = prev ? (double)(cur->host.mono_usec - prev->host.mono_usec) : 0;
	for (size_t i = 0; i < cur->cores.n; i++) {
		const struct core *c = &cur->cores.v[i];
		while (old < n && prev->cores.v[old].id < c->id)
			old++;
		vec_push(&ret->cores_used, used(old < n ? &prev->cores.v[old] : NULL, c, usec));
	}
}
