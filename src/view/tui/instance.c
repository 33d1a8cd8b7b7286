/* One instance: graphs over time, and what is known about it. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define LABEL_W 18

struct fact {
	const char *label, *key, *by;     /* by: a field that says more, in brackets; NULL none */
	enum { OF_ALL, OF_CT, OF_VM } of; /* whom it can be said of at all */
};

static bool said_of(const struct fact *f, const struct row *r)
{
	return f->of == OF_ALL || (f->of == OF_VM) == (r->inst->kind == INSTANCE_VM);
}

static void fact_lines(struct page *p, const struct row *r, const struct fact *facts, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (!said_of(&facts[i], r))
			continue;
		const struct field *f = field_by_key(facts[i].key),
		                   *by = facts[i].by ? field_by_key(facts[i].by) : NULL;
		struct field_value v = f->get(r);
		char buf[CELL_MAX], line[600];
		bool ok = f->kind == FIELD_TEXT ? v.text != NULL : metric_is_ok(v.metric);
		const char *text = f->kind == FIELD_TEXT
		                           ? v.text
		                           : field_format(f, r, p->canvas && p->canvas->ascii, buf, sizeof(buf));
		const char *more = by ? by->get(r).text : !ok && f->kind != FIELD_TEXT ? v.metric.why : NULL;
		if (!text) /* a text that is not there says nothing */
			continue;
		(void)snprintf(line, sizeof(line), "%s%s%s%s%s", text, ok && f->unit == UNIT_CORES ? " cores" : "",
		               more ? " (" : "", more ? more : "", more ? ")" : "");
		page_at(p, 0, LABEL_W - 1, STYLE_DIM, facts[i].label);
		page_wrap(p, LABEL_W, ok ? STYLE_NORMAL : STYLE_DIM, line);
	}
}

static void graph(struct page *p, const struct tui *t, const struct graph *g, int h)
{
	graph_tile(p, t, trends_find(t->trends, t->hand_id.buf), g, h);
}

/* What is not measured here gets its reason, and no empty picture. */
static void graph_or_why(struct page *p, const struct tui *t, const struct graph *g, struct metric now)
{
	char line[400];
	const struct trend *tr = trends_find(t->trends, t->hand_id.buf);
	bool never = now.st == METRIC_ABSENT || now.st == METRIC_DENIED;
	if (!tr || !never || graph_has_values(t, tr, g)) {
		graph(p, t, g, graph_height(t, 7));
		return;
	}
	(void)snprintf(line, sizeof(line), "%s (%s)", metric_state_glyph(now.st, p->canvas && p->canvas->ascii),
	               now.why ? now.why : metric_state_name(now.st));
	page_at(p, 0, p->area.w, STYLE_TITLE, g->title);
	page_wrap(p, text_width(g->title) + 2, STYLE_DIM, line);
}

void instance_cpu_tile(struct page *p, const struct tui *t)
{
	static const struct graph g = {"CPU, cores",    UNIT_CORES, TREND_CPU_USED, TREND_MAX,
	                               TREND_CPU_GIVEN, "used",     NULL,           0};
	const struct row *r = tui_in_hand(t);
	char line[256];
	if (!r) {
		page_wrap(p, 0, STYLE_WARN,
		          t->hand_id.len ? "It is gone: the last reading did not find it any more."
		                         : "Choose an instance: Enter in a list opens it here.");
		return;
	}
	(void)snprintf(line, sizeof(line), "%s %s, %s%s%s", r->inst->runtime ? r->inst->runtime : "",
	               instance_kind_name(r->inst->kind), instance_state_name(r->inst->state),
	               r->inst->kind == INSTANCE_SERVICE ? "" : ": ",
	               r->inst->kind == INSTANCE_SERVICE ? "" : verdict_word(&r->verdict));
	page_wrap(p, 0, STYLE_TITLE, line);
	if (r->verdict.reason)
		page_wrap(p, 0, STYLE_NORMAL, r->verdict.reason);
	graph(p, t, &g, graph_height(t, 5));
}

void instance_memory_tile(struct page *p, const struct tui *t)
{
	static const struct graph g = {"Memory",        UNIT_BYTES, TREND_MEM_USED, TREND_MEM_HELD,
	                               TREND_MEM_GIVEN, "used",     "held",         0};
	if (tui_in_hand(t))
		graph(p, t, &g, graph_height(t, 5));
}

void instance_io_tile(struct page *p, const struct tui *t)
{
	static const struct graph g = {
	        "Disk", UNIT_BYTES_PER_SEC, TREND_IO_READ, TREND_IO_WRITE, TREND_MAX, "read", "written", 0};
	const struct row *r = tui_in_hand(t);
	if (r)
		graph_or_why(p, t, &g, r->io_read_per_sec);
}

void instance_net_tile(struct page *p, const struct tui *t)
{
	static const struct graph g = {"Network", UNIT_BYTES_PER_SEC, TREND_NET_RX, TREND_NET_TX,
	                               TREND_MAX, "received",         "sent",       0};
	const struct row *r = tui_in_hand(t);
	if (r)
		graph_or_why(p, t, &g, r->net_rx_per_sec);
}

void instance_pressure_tile(struct page *p, const struct tui *t)
{
	static const struct graph g = {"Waiting (PSI)", UNIT_PERCENT, TREND_CPU_PRESSURE, TREND_MEM_PRESSURE,
	                               TREND_MAX,       "for CPU",    "for memory",       10};
	const struct row *r = tui_in_hand(t);
	if (r)
		graph_or_why(p, t, &g, r->cpu_pressure_pct);
}

void instance_facts_tile(struct page *p, const struct tui *t)
{
	static const struct fact facts[] = {
	        {"image", "image", NULL, OF_ALL},
	        {"age", "age_sec", NULL, OF_ALL},
	        {"CPU given", "cpu.allocated_cores", "cpu.allocated_by", OF_ALL},
	        {"vCPUs", "cpu.vcpus", NULL, OF_VM},
	        {"vCPUs ran", "cpu.guest_cores", NULL, OF_VM},
	        {"VMM beside them", "cpu.overhead_cores", NULL, OF_VM},
	        {"vCPUs waited", "cpu.steal_cores", NULL, OF_VM},
	        {"throttled", "cpu.throttled_pct", NULL, OF_CT},
	        {"tasks", "pids", NULL, OF_ALL},
	        {"memory given", "memory.allocated_bytes", "memory.allocated_by", OF_ALL},
	        {"used", "memory.used_bytes", "memory.used_by", OF_ALL},
	        {"held", "memory.held_bytes", NULL, OF_ALL},
	        {"page cache", "memory.cache_bytes", NULL, OF_CT},
	        {"swapped out", "memory.swap_bytes", NULL, OF_ALL},
	        {"peak", "memory.peak_bytes", NULL, OF_ALL},
	        {"beyond workload", "memory.overhead_bytes", NULL, OF_ALL},
	        {"killed for memory", "memory.oom_kills", NULL, OF_CT},
	        {"needs", "verdict.recommended.cores", NULL, OF_ALL},
	        {"", "verdict.recommended.bytes", NULL, OF_ALL},
	};
	const struct row *r = tui_in_hand(t);
	if (!r)
		return;
	page_at(p, 0, p->area.w, STYLE_TITLE, "Numbers");
	page_next(p);
	fact_lines(p, r, facts, ARRAY_SIZE(facts));
}

void instance_background_tile(struct page *p, const struct tui *t)
{
	static const struct fact facts[] = {
	        {"isolation", "isolation.summary", NULL, OF_ALL},
	        {"kernel", "isolation.kernel", NULL, OF_ALL},
	        {"runs as", "isolation.user", NULL, OF_ALL},
	        {"seccomp", "isolation.seccomp", NULL, OF_ALL},
	        {"LSM", "isolation.lsm", NULL, OF_ALL},
	        {"gives the host away", "isolation.host_mounts", NULL, OF_ALL},
	        {"guard", "isolation.guard", NULL, OF_ALL},
	        {"image", "disk.image_bytes", NULL, OF_CT},
	        {"of it shared", "disk.shared_bytes", NULL, OF_CT},
	        {"writable layer", "disk.writable_bytes", NULL, OF_CT},
	        {"disks, seen inside", "disk.virtual_bytes", NULL, OF_VM},
	        {"disks, occupied", "disk.allocated_bytes", NULL, OF_VM},
	        {"disk", "disk.detail", NULL, OF_ALL},
	        {"daemon", "supervisor.daemon", NULL, OF_ALL},
	        {"monitor", "supervisor.monitor", NULL, OF_ALL},
	        {"survives daemon", "supervisor.survives_daemon", "supervisor.evidence", OF_ALL},
	};
	const struct row *r = tui_in_hand(t);
	if (!r)
		return;
	page_at(p, 0, p->area.w, STYLE_TITLE, "Isolation, disk, supervisor");
	page_next(p);
	fact_lines(p, r, facts, ARRAY_SIZE(facts));
}
