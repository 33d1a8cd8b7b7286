#include "vctop/model/sample.h"

void sample_memory_uncounted(struct sample_memory *m, const char *why)
{
	const struct metric none = metric_none(METRIC_ABSENT, why);
	m->pressure_usec = m->pressure_full_usec = m->refault_bytes = none;
	m->events_high = m->events_max = m->events_oom = m->oom_kills = none;
}

void sample_none(struct sample *s, const char *why)
{
	const struct metric none = metric_none(METRIC_ABSENT, why);
	struct sample_cpu *c = &s->cpu;
	struct sample_memory *m = &s->mem;
	c->allocated.amount = c->usage_usec = c->periods = c->throttled = c->pressure_usec = none;
	c->vcpus = c->guest_usec = c->steal_usec = none;
	m->allocated.amount = m->current_bytes = m->used_bytes = m->held_bytes = m->cache_bytes = m->swap_bytes = none;
	m->peak_bytes = m->rss_bytes = m->guest_used_bytes = m->overhead_bytes = m->balloon_bytes = none;
	sample_memory_uncounted(m, why);
	s->io_read_bytes = s->io_write_bytes = s->net_rx_bytes = s->net_tx_bytes = none;
	s->pids = s->disk_writable_bytes = none;
}
