/* Slack in money.  There is no built-in price: what a core costs is not ours to say. */
#include "vctop/derive/derive.h"

#define HOURS_A_MONTH 730.0 /* 8760 / 12 */
#define GIB (1024.0 * 1024 * 1024)

/* What is priced and known is summed; nothing known is no cost, not a cost of 0. */
struct metric slack_cost(struct metric cores, struct metric bytes, const struct prices *p)
{
	bool cpu = metric_is_ok(p->core_hour), mem = metric_is_ok(p->gib_hour);
	if (!cpu && !mem)
		return metric_none(METRIC_ABSENT, "no price given");
	bool cpu_ok = cpu && metric_is_ok(cores), mem_ok = mem && metric_is_ok(bytes);
	if (!cpu_ok && !mem_ok)
		return cpu ? cores : bytes;
	double hour = (cpu_ok ? cores.v * p->core_hour.v : 0) + (mem_ok ? bytes.v / GIB * p->gib_hour.v : 0);
	return metric_ok(hour * HOURS_A_MONTH);
}
