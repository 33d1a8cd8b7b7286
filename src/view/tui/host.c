/* The host: graphs over time, what it is, what its image stores occupy, what hangs on its daemons. */
#include <stdio.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

#define LABEL_W 12
#define CORE_W 26

static void graph(struct page *p, const struct tui *t, struct graph g, struct metric whole, int h)
{
	g.least = metric_is_ok(whole) ? whole.v : g.least;
	graph_tile(p, t, trends_find(t->trends, NULL), &g, h);
}

void host_cpu_tile(struct page *p, const struct tui *t)
{
	const struct graph g = {"CPU, cores", UNIT_CORES, TREND_CPU_USED, TREND_MAX, TREND_CPU_GIVEN, "used", NULL, 0};
	if (t->frame)
		graph(p, t, g, t->frame->host.capacity_cores, graph_height(t, 5));
}

void host_memory_tile(struct page *p, const struct tui *t)
{
	const struct graph g = {"Memory", UNIT_BYTES, TREND_MEM_USED, TREND_MAX, TREND_MEM_GIVEN, "used", NULL, 0};
	if (t->frame)
		graph(p, t, g, t->frame->host.capacity_bytes, graph_height(t, 5));
}

void host_pressure_tile(struct page *p, const struct tui *t)
{
	const struct graph g = {"Waiting (PSI)", UNIT_PERCENT, TREND_CPU_PRESSURE, TREND_MEM_PRESSURE,
	                        TREND_MAX,       "for CPU",    "for memory",       10};
	if (t->frame)
		graph(p, t, g, metric_none(METRIC_ABSENT, NULL), graph_height(t, 7));
}

static void line(struct page *p, const char *label, const char *text)
{
	page_at(p, 0, LABEL_W - 1, STYLE_DIM, label);
	page_wrap(p, LABEL_W, STYLE_NORMAL, text ? text : "-");
}

static char *amount(struct metric m, enum field_unit u, struct page *p, char *buf)
{
	return metric_text(m, u, p->canvas && p->canvas->ascii, buf, CELL_MAX);
}

static char *count(struct metric m, struct page *p, char *buf)
{
	if (metric_is_ok(m))
		(void)snprintf(buf, CELL_MAX, "%.0f", m.v);
	else
		(void)amount(m, UNIT_COUNT, p, buf);
	return buf;
}

void host_facts_tile(struct page *p, const struct tui *t)
{
	char text[320], a[CELL_MAX], b[CELL_MAX], c[CELL_MAX];
	if (!t->frame)
		return;
	const struct host_frame *h = &t->frame->host;
	const struct host_sample *s = &t->frame->snap->host;
	page_wrap(p, 0, STYLE_TITLE, s->hostname ? s->hostname : "this host");
	(void)snprintf(text, sizeof(text), "%s%s%s%s", placement_name(s->placement), s->hypervisor ? " (" : "",
	               s->hypervisor ? s->hypervisor : "", s->hypervisor ? ")" : "");
	line(p, "it is", text);
	line(p, "told by", s->placement_evidence);
	line(p, "kernel", s->kernel);
	(void)snprintf(text, sizeof(text), "%s%s%s", cgroup_layout_name(s->layout), s->layout_evidence ? ": " : "",
	               s->layout_evidence ? s->layout_evidence : "");
	line(p, "cgroups", text);
	(void)snprintf(text, sizeof(text), "%s of %s in use, %s given", amount(h->used_cores, UNIT_CORES, p, a),
	               amount(h->capacity_cores, UNIT_CORES, p, b), amount(h->allocated_cores, UNIT_CORES, p, c));
	line(p, "cores", text);
	line(p, "stolen", amount(h->steal_cores, UNIT_CORES, p, a));
	(void)snprintf(text, sizeof(text), "%s of %s in use, %s given", amount(h->used_bytes, UNIT_BYTES, p, a),
	               amount(h->capacity_bytes, UNIT_BYTES, p, b), amount(h->allocated_bytes, UNIT_BYTES, p, c));
	line(p, "memory", text);
	(void)snprintf(text, sizeof(text), "%s of %s",
	               amount(metric_sub_floor0(s->swap_total_bytes, s->swap_free_bytes), UNIT_BYTES, p, a),
	               amount(s->swap_total_bytes, UNIT_BYTES, p, b));
	line(p, "swap in use", text);
}

/* As many side by side as fit: "  3 [#####     ]  52%". */
void host_cores_tile(struct page *p, const struct tui *t)
{
	const struct snapshot *s = t->frame ? t->frame->snap : NULL;
	bool several = s && s->nodes.n > 1, ascii = p->canvas && p->canvas->ascii;
	if (!s || !s->cores.n)
		return;
	int each = p->area.w / (p->area.w / CORE_W ? p->area.w / CORE_W : 1), columns = p->area.w / each;
	page_at(p, 0, p->area.w, STYLE_TITLE, several ? "Cores, with their memory node" : "Cores");
	page_next(p);
	for (size_t i = 0; i < s->cores.n; i++) {
		char name[24], pct[CELL_MAX];
		struct metric m =
		        t->frame->cores_used.n > i ? t->frame->cores_used.v[i] : metric_none(METRIC_FIRST, NULL);
		int x = (int)(i % (size_t)columns) * each, w = each - 2;
		if (i && x == 0)
			page_next(p);
		(void)snprintf(name, sizeof(name), several ? "%3u.%d" : "%3u", s->cores.v[i].id, s->cores.v[i].node);
		page_at(p, x, 7, STYLE_DIM, name);
		(void)metric_text(metric_pct(m, metric_ok(1)), UNIT_PERCENT, ascii, pct, sizeof(pct));
		page_at(p, x + w - text_width(pct), 5, STYLE_NORMAL, pct);
		struct bar bar = {.used = m, .total = metric_ok(1)};
		if (p->canvas)
			bar_draw(p->canvas, p->area.x + x + text_width(name) + 1, p->area.y + p->line,
			         w - text_width(name) - 7, &bar);
	}
	page_next(p);
	for (size_t i = 0; several && i < s->nodes.n; i++) {
		char text[128], a[CELL_MAX], b[CELL_MAX];
		const struct numa_node *n = &s->nodes.v[i];
		(void)snprintf(text, sizeof(text), "node %u: %s free of %s", n->id,
		               amount(n->free_bytes, UNIT_BYTES, p, a), amount(n->total_bytes, UNIT_BYTES, p, b));
		page_wrap(p, 0, STYLE_NORMAL, text);
	}
}

void host_stores_tile(struct page *p, const struct tui *t)
{
	char text[400], a[CELL_MAX], b[CELL_MAX], c[CELL_MAX], d[CELL_MAX], e[CELL_MAX], f[CELL_MAX];
	const struct snapshot *s = t->frame ? t->frame->snap : NULL;
	if (!s)
		return;
	page_at(p, 0, p->area.w, STYLE_TITLE, "Images and layers on disk");
	page_next(p);
	if (!s->stores.n)
		page_wrap(p, 0, STYLE_DIM, "No image store was found, or not looked at yet.");
	for (size_t i = 0; i < s->stores.n; i++) {
		const struct store *st = &s->stores.v[i];
		(void)snprintf(text, sizeof(text), "%s%s%s: %s", st->runtime, st->driver ? ", " : "",
		               st->driver ? st->driver : "", st->path);
		page_wrap(p, 0, STYLE_NORMAL, text);
		(void)snprintf(text, sizeof(text), "%s images %s; %s layers %s; writable %s; %s of no container",
		               count(st->images, p, a), amount(st->images_bytes, UNIT_BYTES, p, b),
		               count(st->layers, p, c), amount(st->layers_bytes, UNIT_BYTES, p, d),
		               amount(st->writable_bytes, UNIT_BYTES, p, e),
		               amount(st->reclaimable_bytes, UNIT_BYTES, p, f));
		page_wrap(p, 2, STYLE_NORMAL, text);
	}
}

void host_daemons_tile(struct page *p, const struct tui *t)
{
	char text[320];
	const struct snapshot *s = t->frame ? t->frame->snap : NULL;
	if (!s || !s->daemons.n)
		return;
	page_at(p, 0, p->area.w, STYLE_TITLE, "Daemons, and who would outlive them");
	page_next(p);
	for (size_t i = 0; i < s->daemons.n; i++) {
		const struct blast_radius *b = &s->daemons.v[i];
		bool up = metric_is_ok(b->running) && b->running.v != 0;
		(void)snprintf(text, sizeof(text), "%s%s%s%s: %u instance%s, %u would survive it", b->daemon,
		               b->root ? " " : "", b->root ? b->root : "", up ? "" : " (not running)", b->instances,
		               b->instances == 1 ? "" : "s", b->survivors);
		page_wrap(p, 0, up ? STYLE_NORMAL : STYLE_DIM, text);
	}
}
