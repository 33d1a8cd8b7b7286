/* The charts of the page: which figures, of what parts. */
#include <string.h>

#include "vctop/base/units.h"
#include "view/comparison/html.h"

/* How the numbers of a chart were found. */
void html_caption(const struct html_page *p, enum figure f)
{
	const struct figure_info *info = &figure_table[f];
	strbuf_str(p->out, "<figcaption>");
	html_text(p->out, info->method);
	strbuf_char(p->out, '.');
	if (p->v->anchors && info->anchor) {
		strbuf_str(p->out, " <b>Published:</b> ");
		html_text(p->out, info->anchor);
		strbuf_str(p->out, " <i>(");
		html_text(p->out, info->anchor_source);
		strbuf_str(p->out, ")</i>.");
	}
	strbuf_str(p->out, "</figcaption>\n");
}

static void spread_text(char *buf, size_t size, const struct spread *s, enum field_unit unit)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	comparison_spread(&sb, s, unit, false);
	(void)snprintf(buf, size, "%.*s", (int)size - 1, sb.buf);
}

/* Containers and VMs as in the dashboard; the process stands apart. */
static unsigned kind_color(const struct subject *s)
{
	return strcmp(s->kind, "container") == 0 ? 0 : strcmp(s->kind, "vm") == 0 ? 3 : 7;
}

/* A bar of the number itself; false when there is none. */
static bool figure_bar(const struct subject *s, enum figure f, struct chart_bar *ret)
{
	const struct spread *v = &s->value[f];
	*ret = (struct chart_bar){.label = s->id, .emulated = comparison_is_emulators(s, f)};
	if (!metric_is_ok(v->median))
		return false;
	ret->part[ret->parts++] = (struct chart_part){comparison_kind(s), kind_color(s), v->median.v};
	if (v->runs > 1) {
		ret->min = v->min.v;
		ret->max = v->max.v;
	}
	spread_text(ret->text, sizeof(ret->text), v, figure_table[f].unit);
	return true;
}

/* The sum split into its parts; what the parts leave over stays the figure's own. */
static void split_bar(struct chart_bar *b, const struct chart_part *parts, unsigned n)
{
	double whole = b->part[0].value, sum = 0;
	b->parts = 0;
	for (unsigned i = 0; i < n && b->parts < CHART_PARTS - 1; i++) {
		b->part[b->parts++] = parts[i];
		sum += parts[i].value;
	}
	if (sum < whole * 0.99)
		b->part[b->parts++] = (struct chart_part){"other", CHART_OTHER, whole - sum};
}

static unsigned phase_parts(const struct html_page *p, const struct subject *s, struct chart_part ret[CHART_PARTS])
{
	name_vec names = {0};
	unsigned n = 0;
	comparison_phase_names(p->c, &names);
	for (unsigned i = 0; i < names.n && i < CHART_OTHER && n < CHART_PARTS; i++) {
		const struct spread *v = comparison_phase_of(s, names.v[i]);
		if (v && metric_is_ok(v->median))
			ret[n++] = (struct chart_part){names.v[i], i, v->median.v};
	}
	vec_free(&names);
	return n;
}

/* The figures below f in the table that are parts of it. */
static unsigned figure_parts(const struct subject *s, enum figure f, struct chart_part ret[CHART_PARTS])
{
	unsigned n = 0, color = 0;
	for (int i = (int)f + 1; i < FIGURE_MAX && figure_is_part((enum figure)i) && n < CHART_PARTS; i++, color++)
		if (metric_is_ok(s->value[i].median))
			ret[n++] = (struct chart_part){figure_title((enum figure)i), color, s->value[i].median.v};
	return n;
}

typedef VEC(struct chart_bar) bar_vec;

/* Takes the bars. */
static void print_chart(const struct html_page *p, struct chart c, bar_vec *bars)
{
	c.bar = bars->v;
	c.bars = (unsigned)bars->n;
	if (c.bars)
		html_chart(p->out, &c);
	else
		strbuf_str(p->out, "<p>Not measured.</p>\n");
	vec_free(bars);
}

void html_figure(const struct html_page *p, enum figure f, enum html_split split, bool apart)
{
	bar_vec bars = {0};
	for (size_t i = 0; i < p->g->subjects.n; i++) {
		const struct subject *s = p->g->subjects.v[i];
		struct chart_bar b;
		struct chart_part part[CHART_PARTS];
		if (!figure_bar(s, f, &b))
			continue;
		unsigned n = split == SPLIT_PHASES  ? phase_parts(p, s, part)
		             : split == SPLIT_PARTS ? figure_parts(s, f, part)
		                                    : 0;
		if (n)
			split_bar(&b, part, n);
		vec_push(&bars, b);
	}
	strbuf_str(p->out, "<figure>\n");
	print_chart(p, (struct chart){.title = figure_title(f), .apart = apart}, &bars);
	html_caption(p, f);
	strbuf_str(p->out, "</figure>\n");
}

static struct chart_bar memory_bar(const struct html_page *p, const char *label, const struct holding *h)
{
	char used[16], held[16];
	struct chart_bar b = {.label = label,
	                      .sub = h->when,
	                      .part = {{"used", 0, h->used}, {"held, not used", 1, h->held - h->used}},
	                      .parts = 2,
	                      .outline = (double)p->c->memory};
	(void)snprintf(b.text, sizeof(b.text), "uses %s, holds %s", units_bytes(used, sizeof(used), h->used),
	               units_bytes(held, sizeof(held), h->held));
	return b;
}

void html_memory(const struct html_page *p)
{
	bar_vec bars = {0};
	for (size_t i = 0; i < p->g->subjects.n; i++) {
		struct holding h[HOLDINGS_MAX];
		unsigned n = comparison_holdings(p->c, p->g->subjects.v[i], h);
		const char *label = p->g->subjects.v[i]->id;
		for (unsigned k = 0; k < n; k++) {
			if (h[k].of == FIGURE_IDLE_HELD)
				continue; /* has a chart of its own */
			vec_push(&bars, memory_bar(p, label, &h[k]));
			label = NULL;
		}
	}
	strbuf_str(p->out, "<figure>\n");
	print_chart(p,
	            (struct chart){.title = "used and held of what was given, idle, loaded and freed", .small = true},
	            &bars);
	html_caption(p, FIGURE_FREED_HELD);
	strbuf_str(p->out, "</figure>\n");
}

void html_disk(const struct html_page *p)
{
	static const enum figure f[] = {FIGURE_DISK_IMAGE, FIGURE_DISK_WRITABLE};
	bar_vec bars = {0};
	for (size_t i = 0; i < p->g->subjects.n; i++) {
		const struct subject *s = p->g->subjects.v[i];
		struct chart_bar b = {.label = s->id};
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		char number[48];
		for (unsigned k = 0; k < ARRAY_SIZE(f); k++) {
			struct metric m = s->value[f[k]].median;
			if (!metric_is_ok(m))
				continue;
			b.part[b.parts++] = (struct chart_part){figure_title(f[k]), k, m.v};
			strbuf_fmt(&text, "%s%s", text.len ? " + " : "",
			           comparison_number(number, sizeof(number), m, UNIT_BYTES, false));
		}
		(void)snprintf(b.text, sizeof(b.text), "%.60s", text.buf);
		if (b.parts)
			vec_push(&bars, b);
	}
	strbuf_str(p->out, "<figure>\n");
	print_chart(p, (struct chart){.title = "disk: image, and what was written once started"}, &bars);
	html_caption(p, FIGURE_DISK_IMAGE);
	strbuf_str(p->out, "</figure>\n");
}
