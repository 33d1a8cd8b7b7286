#include "vctop/model/metric.h"

#include <errno.h>

struct metric metric_errno(int err, const char *what)
{
	bool denied = err == EACCES || err == EPERM || err == -EACCES || err == -EPERM;
	return metric_none(denied ? METRIC_DENIED : METRIC_ABSENT, what);
}

struct metric metric_add(struct metric a, struct metric b)
{
	if (!metric_is_ok(a))
		return a;
	return metric_is_ok(b) ? metric_ok(a.v + b.v) : b;
}

struct metric metric_sub_floor0(struct metric a, struct metric b)
{
	if (!metric_is_ok(a))
		return a;
	if (!metric_is_ok(b))
		return b;
	return metric_ok(a.v > b.v ? a.v - b.v : 0);
}

struct metric metric_pct(struct metric a, struct metric b)
{
	if (!metric_is_ok(a))
		return a;
	if (!metric_is_ok(b))
		return b;
	if (b.v <= 0)
		return metric_none(METRIC_ABSENT, "the allocation is 0");
	return metric_ok(a.v / b.v * 100);
}

const char *metric_state_glyph(enum metric_state st, bool ascii)
{
	switch (st) {
	case METRIC_OK:
		return NULL;
	case METRIC_DENIED:
		return "?";
	case METRIC_UNLIMITED:
		return "max";
	case METRIC_FIRST:
	case METRIC_RESET:
		return ascii ? "..." : "…";
	case METRIC_ABSENT:
	case METRIC_STATE_MAX:
		break;
	}
	return "-";
}
