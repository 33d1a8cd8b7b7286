/*
 * A comparison as one HTML file for a projector: no script, nothing from elsewhere, charts as inline SVG.  All text
 * goes through html_text.
 */
#include "view/comparison/html.h"

#include <string.h>

#include "vctop/base/units.h"
#include "vctop/view/views.h"
#include "view/comparison/grid.h"

void html_text(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			strbuf_str(out, "&amp;");
			break;
		case '<':
			strbuf_str(out, "&lt;");
			break;
		case '>':
			strbuf_str(out, "&gt;");
			break;
		case '"':
			strbuf_str(out, "&quot;");
			break;
		case '\'':
			strbuf_str(out, "&#39;");
			break;
		default:
			strbuf_char(out, *s);
			break;
		}
	}
}

void html_element(struct strbuf *out, const char *tag, const char *attributes, const char *text)
{
	strbuf_fmt(out, "<%s%s%s>", tag, attributes ? " " : "", attributes ? attributes : "");
	html_text(out, text);
	strbuf_fmt(out, "</%s>", tag);
}

static void section_start(const struct html_page *p, const char *id, const char *title)
{
	strbuf_fmt(p->out, "<section id=\"%s\">\n", id);
	html_element(p->out, "h2", NULL, title);
	strbuf_char(p->out, '\n');
}

static void section_end(const struct html_page *p)
{
	strbuf_str(p->out, "</section>\n");
}

/* ---- what stands above ---- */

static void head(const struct html_page *p)
{
	const char *host = p->c->hostname ? p->c->hostname : "a host";
	strbuf_str(p->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	                   "<meta http-equiv=\"Content-Security-Policy\" "
	                   "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>What a VM costs, what a "
	                   "container costs: ");
	html_text(p->out, host);
	strbuf_str(p->out, "</title>\n<style>\n");
	for (size_t i = 0; html_style[i]; i++)
		strbuf_str(p->out, html_style[i]);
	strbuf_str(p->out,
	           "</style>\n</head>\n<body>\n"
	           /* What every chart hatches with. */
	           "<svg width=\"0\" height=\"0\" style=\"position:absolute\" aria-hidden=\"true\"><defs>"
	           "<pattern id=\"hatch\" width=\"12\" height=\"12\" patternUnits=\"userSpaceOnUse\" "
	           "patternTransform=\"rotate(45)\"><path d=\"M0 0V12\" class=\"hatch\"/></pattern></defs></svg>\n");
}

static void setting(const struct html_page *p)
{
	const struct comparison *c = p->c;
	char buf[64], memory[16];
	html_element(p->out, "h1", NULL, "What does a VM cost, what does a container cost?");
	strbuf_str(p->out, "\n<p>");
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	comparison_setting(c, &sb, false);
	html_text(p->out, sb.buf);
	strbuf_str(p->out, "</p>\n<p class=\"soft small\">");
	html_text(p->out, c->hostname ? c->hostname : "host unknown");
	strbuf_str(p->out, ", ");
	html_text(p->out, c->cpu_model ? c->cpu_model : "CPU unknown");
	strbuf_fmt(p->out, ", %.0f CPUs, %s; kernel ", c->capacity_cores,
	           units_bytes(memory, sizeof(memory), (double)c->capacity_bytes));
	html_text(p->out, c->kernel ? c->kernel : "unknown");
	strbuf_fmt(p->out, "; %s; made by vctop compare.</p>\n", units_rfc3339(buf, sizeof(buf), c->time_usec));
	if (c->interrupted)
		html_element(p->out, "p", "class=\"warn\"", "Interrupted: this is what was measured until then.");
}

static void warn_of_emulation(const struct html_page *p)
{
	name_vec emulated = {0};
	comparison_emulated(p->c, &emulated);
	for (size_t i = 0; i < emulated.n; i++) {
		strbuf_str(p->out, i ? ", " : "<p class=\"warn\">");
		html_text(p->out, emulated.v[i]);
	}
	if (emulated.n)
		strbuf_str(p->out, ": " EMULATED ", " EMULATED_WHY ".</p>\n");
	vec_free(&emulated);
}

static void emulated_tag(const struct html_page *p, const struct subject *s, enum figure f)
{
	if (comparison_is_emulators(s, f) && metric_is_ok(s->value[f].median))
		strbuf_str(p->out, " <span class=\"tcg\">" EMULATED "</span>");
}

/* The few numbers to remember, a line for each subject. */
static void glance(const struct html_page *p)
{
	static const struct {
		enum figure f;
		const char *head;
	} columns[] = {{FIGURE_START, "starts in"},         {FIGURE_IDLE_HELD, "idle, holds"},
	               {FIGURE_FREED_HELD, "freed, holds"}, {FIGURE_CPU_WORK, "CPU work"},
	               {FIGURE_DISK_IMAGE, "image"},        {FIGURE_FIT, "would fit here"}};
	char buf[48];
	strbuf_str(p->out, "<div class=\"wide\"><table class=\"glance\"><thead><tr><th></th><th></th>");
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		html_element(p->out, "th", "scope=\"col\"", columns[i].head);
	strbuf_str(p->out, "</tr></thead>\n<tbody>\n");
	for (size_t s = 0; s < p->g->subjects.n; s++) {
		const struct subject *subject = p->g->subjects.v[s];
		strbuf_str(p->out, "<tr>");
		html_element(p->out, "th", "scope=\"row\"", subject->id);
		html_element(p->out, "td", "class=\"what\"", subject->title);
		for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
			enum figure f = columns[i].f;
			strbuf_str(p->out, "<td>");
			html_text(p->out, comparison_number(buf, sizeof(buf), subject->value[f].median,
			                                    figure_table[f].unit, false));
			emulated_tag(p, subject, f);
			strbuf_str(p->out, "</td>");
		}
		strbuf_str(p->out, "</tr>\n");
	}
	strbuf_str(p->out, "</tbody></table></div>\n");
}

/* ---- tables ---- */

static void subject_heads(const struct html_page *p, const char *class)
{
	strbuf_fmt(p->out, "<div class=\"wide\"><table class=\"%s\"><thead><tr><th></th>", class);
	for (size_t s = 0; s < p->g->subjects.n; s++) {
		strbuf_str(p->out, "<th scope=\"col\">");
		html_text(p->out, p->g->subjects.v[s]->id);
		html_element(p->out, "small", NULL, comparison_kind(p->g->subjects.v[s]));
		strbuf_str(p->out, "</th>");
	}
	strbuf_str(p->out, "</tr></thead>\n<tbody>\n");
}

/* Neighbours that see the same share a cell: one kernel is one cell. */
static void fact_row(const struct html_page *p, const char *key)
{
	size_t n = p->g->subjects.n;
	strbuf_str(p->out, "<tr>");
	html_element(p->out, "th", "scope=\"row\"", key);
	for (size_t s = 0, next; s < n; s = next) {
		const char *value = comparison_fact_of(p->g->subjects.v[s], key);
		for (next = s + 1; next < n; next++) {
			const char *other = comparison_fact_of(p->g->subjects.v[next], key);
			if (!value || !other || strcmp(value, other) != 0)
				break;
		}
		strbuf_fmt(p->out, "<td colspan=\"%zu\">", next - s);
		html_text(p->out, value ? value : "-");
		strbuf_str(p->out, "</td>");
	}
	strbuf_str(p->out, "</tr>\n");
}

static void facts(const struct html_page *p)
{
	name_vec keys = {0};
	comparison_fact_keys(p->c, &keys);
	section_start(p, "isolation", "Isolation: what the workload itself sees");
	subject_heads(p, "facts");
	for (size_t i = 0; i < keys.n; i++)
		fact_row(p, keys.v[i]);
	strbuf_str(p->out, "</tbody></table></div>\n");
	section_end(p);
	vec_free(&keys);
}

/* The range of a figure below its median. */
static void range(const struct html_page *p, const struct grid_line *l, const struct subject *s)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	if (l->kind != GRID_FIGURE)
		return;
	comparison_range(&sb, &s->value[l->figure], figure_table[l->figure].unit, false);
	if (sb.len)
		html_element(p->out, "small", NULL, sb.buf);
}

static void all_figures(const struct html_page *p)
{
	static const char *const class[] = {
	        [GRID_GROUP] = "group", [GRID_FIGURE] = "", [GRID_PHASE] = "part", [GRID_RATIO] = "part ratio"};
	section_start(p, "all", "All figures");
	subject_heads(p, "all");
	for (size_t l = 0; l < p->g->lines.n; l++) {
		const struct grid_line *line = &p->g->lines.v[l];
		bool part = line->kind == GRID_FIGURE && figure_is_part(line->figure);
		strbuf_fmt(p->out, "<tr class=\"%s\">", part ? "part" : class[line->kind]);
		html_element(p->out, "th", "scope=\"row\"", line->title + strspn(line->title, " "));
		for (size_t s = 0; s < p->g->subjects.n; s++) {
			bool tcg = line->kind == GRID_GROUP && *grid_cell(p->g, l, s);
			strbuf_str(p->out, "<td>");
			html_element(p->out, "span", tcg ? "class=\"tcg\"" : NULL, grid_cell(p->g, l, s));
			range(p, line, p->g->subjects.v[s]);
			strbuf_str(p->out, "</td>");
		}
		strbuf_str(p->out, "</tr>\n");
	}
	strbuf_str(p->out, "</tbody></table></div>\n");
	if (p->g->reasons.n)
		strbuf_str(p->out, "<ol class=\"small\">\n");
	for (size_t i = 0; i < p->g->reasons.n; i++) {
		html_element(p->out, "li", NULL, p->g->reasons.v[i]);
		strbuf_char(p->out, '\n');
	}
	strbuf_str(p->out, p->g->reasons.n ? "</ol>\n" : "");
	section_end(p);
}

static void methods(const struct html_page *p)
{
	section_start(p, "methods",
	              p->v->anchors ? "How it was measured, and what others published" : "How it was measured");
	strbuf_str(p->out, "<div class=\"wide\"><table class=\"methods\"><tbody>\n");
	for (int f = 0; f < FIGURE_MAX; f++) {
		const struct figure_info *info = &figure_table[f];
		strbuf_str(p->out, "<tr>");
		html_element(p->out, "th", "scope=\"row\"", figure_title((enum figure)f));
		html_element(p->out, "td", NULL, info->method);
		if (p->v->anchors) {
			strbuf_str(p->out, "<td>");
			html_text(p->out, info->anchor ? info->anchor : "");
			html_element(p->out, "small", NULL, info->anchor ? info->anchor_source : "");
			strbuf_str(p->out, "</td>");
		}
		strbuf_str(p->out, "</tr>\n");
	}
	strbuf_str(p->out, "</tbody></table></div>\n");
	section_end(p);
}

/* What each is, why one is not there, and how to do the same by hand. */
static void subjects(const struct html_page *p)
{
	section_start(p, "subjects", "What was compared");
	strbuf_str(p->out, "<ul>\n");
	for (size_t i = 0; i < p->c->subjects.n; i++) {
		const struct subject *s = &p->c->subjects.v[i];
		strbuf_str(p->out, "<li>");
		html_element(p->out, "b", NULL, s->id);
		strbuf_str(p->out, s->skipped ? ", not measured: " : ": ");
		html_text(p->out, s->skipped ? s->skipped : s->title);
		strbuf_str(p->out, s->remark ? "; " : "");
		html_text(p->out, s->remark ? s->remark : "");
		if (s->commands.n)
			strbuf_str(p->out, "\n<pre>");
		for (size_t k = 0; k < s->commands.n; k++) {
			html_text(p->out, s->commands.v[k]);
			strbuf_str(p->out, k + 1 < s->commands.n ? "\n" : "</pre>");
		}
		strbuf_str(p->out, "</li>\n");
	}
	strbuf_str(p->out, "</ul>\n");
	section_end(p);
}

/* ---- charts ---- */

static void charts(const struct html_page *p)
{
	static const enum figure speeds[] = {FIGURE_CPU_WORK, FIGURE_SYSCALL, FIGURE_SWITCH};
	char given[16], load[16];
	section_start(p, "start", "Start: from the launch to the first instruction");
	html_figure(p, FIGURE_START, SPLIT_PHASES, true);
	section_end(p);
	section_start(p, "idle", "Memory held while idle");
	html_figure(p, FIGURE_IDLE_HELD, SPLIT_PARTS, false);
	section_end(p);
	section_start(p, "given", "Memory: given, used, held");
	strbuf_fmt(p->out,
	           "<p>Each was given %s (the dashed box), takes %s and frees it again. Held but not used: no other "
	           "on this host can have it.</p>\n",
	           units_bytes(given, sizeof(given), (double)p->c->memory),
	           units_bytes(load, sizeof(load), (double)p->c->load_bytes));
	html_memory(p);
	section_end(p);
	section_start(p, "speed", "Speed");
	for (size_t i = 0; i < ARRAY_SIZE(speeds); i++) {
		html_element(p->out, "h3", NULL, figure_title(speeds[i]));
		html_figure(p, speeds[i], SPLIT_NONE, speeds[i] != FIGURE_CPU_WORK);
	}
	section_end(p);
	section_start(p, "disk", "Disk");
	html_disk(p);
	section_end(p);
	section_start(p, "fit", "How many idle ones would fit on this host");
	html_figure(p, FIGURE_FIT, SPLIT_NONE, false);
	section_end(p);
}

void comparison_html(const struct comparison *c, const struct comparison_view *v, struct strbuf *out)
{
	struct grid g = {0};
	struct html_page p = {c, v, &g, out};
	grid_make(&g, c, false, false);
	head(&p);
	strbuf_str(out,
	           "<nav aria-label=\"sections\"><a href=\"#glance\">At a glance</a> <a href=\"#start\">Start</a> "
	           "<a href=\"#idle\">Idle</a> <a href=\"#given\">Given, used, held</a> <a href=\"#speed\">Speed</a> "
	           "<a href=\"#disk\">Disk</a> <a href=\"#fit\">Fit</a> <a href=\"#isolation\">Isolation</a> "
	           "<a href=\"#all\">All figures</a> <a href=\"#methods\">Method</a> "
	           "<a href=\"#subjects\">By hand</a></nav>\n<section id=\"glance\">\n");
	setting(&p);
	warn_of_emulation(&p);
	glance(&p);
	section_end(&p);
	charts(&p);
	facts(&p);
	all_figures(&p);
	methods(&p);
	subjects(&p);
	strbuf_str(out, "</body>\n</html>\n");
	grid_release(&g);
}
