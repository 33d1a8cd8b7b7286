/*
 * The pair of samples side by side: the same allocation, the same load, and what each takes for it.  Only what vctop
 * launched is shown here.
 */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

#define NAME_W 8
#define NUMBER_W 7
#define ROOMY 58
#define TALL 34 /* lines of the body from which bars are two lines thick */

/* The one this dashboard started; of a recording, which cannot be acted on, the newest there was. */
static const struct row *sample_of(const struct tui *t, enum instance_kind kind)
{
	const struct row *best = NULL;
	const char *name = t->samples[kind];
	for (size_t i = 0; t->frame && i < t->frame->rows.n; i++) {
		const struct row *r = &t->frame->rows.v[i];
		if (r->inst->kind != kind || !r->inst->sample)
			continue;
		if (t->replay_speed > 0 ? !best || r->inst->started_usec > best->inst->started_usec
		                        : name && strcmp(r->inst->sample, name) == 0)
			best = r;
	}
	return best;
}

void tui_set_samples(struct tui *t, const char *container, const char *vm)
{
	t->samples[INSTANCE_CONTAINER] = container;
	t->samples[INSTANCE_VM] = vm;
}

unsigned tui_samples(const struct tui *t, const char *ret[INSTANCE_KIND_MAX])
{
	unsigned n = 0;
	for (enum instance_kind k = INSTANCE_CONTAINER; k < INSTANCE_KIND_MAX; k++)
		if (sample_of(t, k))
			ret[n++] = t->samples[k];
	return n;
}

/* Of a bar, in lines: what the screen allows. */
static int thickness(const struct tui *t)
{
	return t->layout.body.h >= TALL ? 2 : 1;
}

/* "uses   ####······  16.0M" */
static void amount_bar(struct page *p, const struct tui *t, const char *name, struct metric m, double whole,
                       enum field_unit unit, enum style style)
{
	char text[CELL_MAX];
	bool ascii = p->canvas && p->canvas->ascii;
	int room = p->area.w - NAME_W - NUMBER_W - 2, thick = thickness(t);
	page_at(p, 0, NAME_W, STYLE_NORMAL, name);
	(void)metric_text(m, unit, ascii, text, sizeof(text));
	page_at(p, p->area.w - text_width(text), NUMBER_W, metric_is_ok(m) ? STYLE_TITLE : STYLE_DIM, text);
	if (p->canvas && metric_is_ok(m) && whole > 0 && room > 0) {
		double share = m.v / whole > 1 ? 1 : m.v / whole;
		int w = (int)(share * room + 0.5);
		w = w < 1 && m.v > 0 ? 1 : w;
		struct rect at = page_line(p);
		canvas_fill(p->canvas, (struct rect){at.x + NAME_W, at.y, room, thick}, STYLE_DIM,
		            ascii ? ' ' : 0x00B7);
		canvas_fill(p->canvas, (struct rect){at.x + NAME_W, at.y, w, thick}, style, bar_char(p->canvas, style));
	}
	p->line += thick;
}

static double most(struct metric a, double b)
{
	return metric_is_ok(a) && a.v > b ? a.v : b;
}

/* Both are drawn to the same scale, so that the bars can be compared by eye. */
static double memory_scale(const struct tui *t)
{
	double top = 0;
	for (enum instance_kind k = INSTANCE_CONTAINER; k < INSTANCE_KIND_MAX; k++) {
		const struct row *r = sample_of(t, k);
		if (!r)
			continue;
		top = most(r->sample->mem.allocated.amount, top);
		top = most(r->sample->mem.held_bytes, top);
		top = most(r->sample->mem.rss_bytes, top);
	}
	return top;
}

static double cpu_scale(const struct tui *t)
{
	double top = 0.1;
	for (enum instance_kind k = INSTANCE_CONTAINER; k < INSTANCE_KIND_MAX; k++) {
		const struct row *r = sample_of(t, k);
		top = r ? most(r->sample->cpu.allocated.amount, most(r->cpu_used_cores, top)) : top;
	}
	return top;
}

static void subject(struct page *p, const struct tui *t, enum instance_kind kind)
{
	static const struct graph cpu = {"CPU",           UNIT_CORES, TREND_CPU_USED, TREND_MAX,
	                                 TREND_CPU_GIVEN, "uses",     NULL,           0};
	static const struct graph mem = {"Memory",        UNIT_BYTES, TREND_MEM_HELD, TREND_MAX,
	                                 TREND_MEM_GIVEN, "holds",    NULL,           0};
	const struct row *r = sample_of(t, kind);
	bool vm = kind == INSTANCE_VM;
	char line[256], age[CELL_MAX];
	if (!r) {
		page_wrap(p, 0, vm ? STYLE_VM : STYLE_CONTAINER, vm ? "VM" : "CONTAINER");
		page_wrap(p, 0, STYLE_DIM,
		          t->replay_speed > 0 ? "No sample was seen." : "Press x to start the pair to compare.");
		return;
	}
	bool tcg = r->inst->runtime && strstr(r->inst->runtime, "tcg");
	bool roomy = p->area.w >= ROOMY;
	(void)snprintf(line, sizeof(line), "%s  %s, %s%s%s", vm ? "VM" : "CONTAINER", r->inst->name, r->inst->runtime,
	               roomy ? ", up " : "",
	               !roomy            ? ""
	               : r->age_sec >= 0 ? units_duration(age, sizeof(age), r->age_sec)
	                                 : "-");
	page_at(p, 0, p->area.w, vm ? STYLE_VM : STYLE_CONTAINER, line);
	page_next(p);
	page_at(p, 0, p->area.w, tcg ? STYLE_WARN : STYLE_DIM,
	        tcg && roomy ? "own kernel; EMULATED (TCG): its speed says nothing about VMs"
	        : tcg        ? "EMULATED (TCG): not a VM's speed"
	        : vm         ? "own kernel"
	                     : "the host's kernel");
	page_next(p);
	page_next(p);
	double whole = memory_scale(t), cores = cpu_scale(t);
	const struct sample *s = r->sample;
	page_at(p, 0, p->area.w, STYLE_TITLE, "memory");
	page_next(p);
	amount_bar(p, t, "given", s->mem.allocated.amount, whole, UNIT_BYTES, STYLE_FREE);
	amount_bar(p, t, "holds", s->mem.held_bytes, whole, UNIT_BYTES, STYLE_HELD);
	/* What a guest uses of what is held for it only the guest knows. */
	amount_bar(p, t, "uses", vm ? s->mem.guest_used_bytes : s->mem.used_bytes, whole, UNIT_BYTES, STYLE_USED);
	amount_bar(p, t, "beyond", s->mem.overhead_bytes, whole, UNIT_BYTES, STYLE_WARN);
	page_at(p, 0, p->area.w, STYLE_TITLE, "CPU, cores");
	page_next(p);
	amount_bar(p, t, "given", s->cpu.allocated.amount, cores, UNIT_CORES, STYLE_FREE);
	amount_bar(p, t, "uses", r->cpu_used_cores, cores, UNIT_CORES, STYLE_USED);
	if (vm)
		amount_bar(p, t, "VMM", r->overhead_cores, cores, UNIT_CORES, STYLE_WARN);
	else
		p->line += thickness(t); /* what is compared stands on one line */
	page_next(p);
	graph_tile(p, t, trends_find(t->trends, r->inst->id), &mem, graph_height(t, 6));
	graph_tile(p, t, trends_find(t->trends, r->inst->id), &cpu, graph_height(t, 6));
}

void compare_container_tile(struct page *p, const struct tui *t)
{
	subject(p, t, INSTANCE_CONTAINER);
}

void compare_vm_tile(struct page *p, const struct tui *t)
{
	subject(p, t, INSTANCE_VM);
}

void compare_notes_tile(struct page *p, const struct tui *t)
{
	if (!sample_of(t, INSTANCE_CONTAINER) || !sample_of(t, INSTANCE_VM))
		return;
	page_wrap(p, 0, STYLE_DIM,
	          "Press m, then f: the container gives its memory back to the host, the VM's host keeps holding it. "
	          "beyond: what the runtime's helper or the VMM takes besides the workload.");
}
