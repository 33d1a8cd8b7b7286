/* Slack in money.  There is no built-in price: what a core costs is not ours to say. */
#include "vctop/derive/derive.h"

#define HOURS_A_MONTH 730.0 /* 8760 / 12 */
#define GIB (1024.0 * 1024 * 1024)

/* What is priced and known is summed; nothing known is no cost, not a cost of 0. */
static struct metric cost(struct metric cores, struct metric bytes, const struct prices *p)
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

void prices_fill(struct frame *f, const struct prices *p)
{
	for (size_t i = 0; i < f->rows.n; i++) {
		struct verdict *v = &f->rows.v[i].verdict;
		v->slack_cost = cost(v->slack_cores, v->slack_bytes, p);
	}
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		f->totals[k].slack_cost = cost(f->totals[k].slack_cores, f->totals[k].slack_bytes, p);
	f->host.slack_cost = cost(f->host.slack_cores, f->host.slack_bytes, p);
}

void verdict_price(struct verdict *v, const struct prices *p)
{
	v->slack_cost = cost(v->slack_cores, v->slack_bytes, p);
}
