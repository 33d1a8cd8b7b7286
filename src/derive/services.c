/* The rates of the host's own groups; both lists are sorted by cgroup when the snapshot is sealed. */
#include <string.h>

#include "vctop/derive/derive.h"

static struct metric cores(const struct service *before, const struct service *now)
{
	struct metric a = before ? before->sample.cpu.usage_usec : metric_none(METRIC_FIRST, NULL);
	struct metric b = now->sample.cpu.usage_usec;
	if (!metric_is_ok(b))
		return b;
	if (before && before->incarnation != now->incarnation)
		return metric_none(METRIC_RESET, "re-created since the sample before");
	double usec = before ? (double)(now->sample.mono_usec - before->sample.mono_usec) : 0;
	if (!metric_is_ok(a) || usec <= 0)
		return metric_none(METRIC_FIRST, "no earlier sample");
	return b.v < a.v ? metric_none(METRIC_RESET, "the counter went back") : metric_ok((b.v - a.v) / usec);
}

void services_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret)
{
	size_t old = 0, n = prev ? prev->services.n : 0;
	for (size_t i = 0; i < cur->services.n; i++) {
		const struct service *s = &cur->services.v[i];
		while (old < n && strcmp(prev->services.v[old].cgroup, s->cgroup) < 0)
			old++;
		bool same = old < n && strcmp(prev->services.v[old].cgroup, s->cgroup) == 0;
		struct service_row row = {s, cores(same ? &prev->services.v[old] : NULL, s)};
		vec_push(&ret->services, row);
	}
}
