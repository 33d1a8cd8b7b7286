/* What each core did, and each memory node's cores together. */
#include "derive/rates.h"
#include "vctop/derive/derive.h"

static struct metric used(const struct core *before, const struct core *now, double usec)
{
	struct metric none = {0};
	bool same = before && before->id == now->id;
	/* Ticks of 10 ms may say more than there was. */
	return rate_capped(rate_between(same ? before->busy_usec : none, now->busy_usec, usec, 1), 1);
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
