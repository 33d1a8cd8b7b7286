/* Below the table: bars of what each holds, what the workload sees, what the subjects are and what is missing. */
#include <math.h>
#include <string.h>

#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "view/comparison/plain.h"

#define BAR_MAX 60
#define BAR_NUMBERS 26 /* "  uses 1023K  holds 1023K" */
#define WHEN 12        /* "  reporting" */

static void repeat(const struct plain_page *p, enum style style, const char *s, const char *ascii, int n)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	for (int i = 0; i < n; i++)
		strbuf_str(&sb, p->v->ascii ? ascii : s);
	plain_styled(p, style, sb.buf);
}

/* What is there is seen, however little. */
static int bar_cells(double part, double whole, int width)
{
	int n = whole > 0 ? (int)lround(part / whole * width) : 0;
	return n == 0 && part > 0 ? 1 : n > width ? width : n;
}

static void memory_bar(const struct plain_page *p, const struct holding *h, double scale, int width)
{
	int given = bar_cells((double)p->c->memory, scale, width), used = bar_cells(h->used, scale, width);
	int held = bar_cells(h->held, scale, width);
	held = held > used ? held : used;
	given = given > held ? given : held;
	repeat(p, STYLE_USED, "█", "#", used);
	repeat(p, STYLE_HELD, "▓", "=", held - used);
	repeat(p, STYLE_FREE, "░", ".", given - held);
	strbuf_fmt(p->out, "%*s", width - given, "");
}

static int names_width(const struct grid *g)
{
	int names = 0;
	for (size_t i = 0; i < g->subjects.n; i++) {
		int w = text_width(g->subjects.v[i]->id);
		names = w > names ? w : names;
	}
	return names > ID_MAX ? ID_MAX : names;
}

static void memory_title(const struct plain_page *p)
{
	char given[16];
	plain_heading(p, "Memory: ");
	strbuf_fmt(p->out,
	           p->v->ascii ? "%s given to each   # used   = held, not used   . not held\n"
	                       : "%s given to each   █ used   ▓ held, not used   ░ not held\n",
	           units_bytes(given, sizeof(given), (double)p->c->memory));
}

void plain_memory(const struct plain_page *p, const struct grid *g)
{
	double scale = comparison_most_held(p->c);
	int names = names_width(g), width = p->columns - names - WHEN - 2 * GAP - BAR_NUMBERS;
	bool titled = false;
	char used[16], held[16];
	for (size_t i = 0; i < g->subjects.n; i++) {
		struct holding h[HOLDINGS_MAX];
		unsigned n = comparison_holdings(p->c, g->subjects.v[i], h);
		for (unsigned k = 0; k < n; k++) {
			if (!titled)
				memory_title(p);
			titled = true;
			plain_padded(p, plain_kind_style(g->subjects.v[i]), k ? "" : g->subjects.v[i]->id, -names);
			strbuf_fmt(p->out, "%*s%-*s%*s", GAP, "", WHEN, h[k].when, GAP, "");
			memory_bar(p, &h[k], scale, width > BAR_MAX ? BAR_MAX : width);
			strbuf_fmt(p->out, "  uses %5s  holds %5s\n", units_bytes(used, sizeof(used), h[k].used),
			           units_bytes(held, sizeof(held), h[k].held));
		}
	}
}

/* One fact: each value once, with those it holds for. */
static void fact(const struct plain_page *p, const struct grid *g, const char *key, int keys)
{
	name_vec values = {0};
	for (size_t s = 0; s < g->subjects.n; s++) {
		const char *value = comparison_fact_of(g->subjects.v[s], key);
		if (value)
			(void)name_once(&values, value);
	}
	for (size_t i = 0; i < values.n; i++) {
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		strbuf_fmt(&line, "%s: ", *values.v[i] ? values.v[i] : "(none)");
		const char *comma = "";
		for (size_t s = 0; s < g->subjects.n; s++) {
			const char *value = comparison_fact_of(g->subjects.v[s], key);
			if (value && strcmp(value, values.v[i]) == 0) {
				strbuf_fmt(&line, "%s%s", comma, g->subjects.v[s]->id);
				comma = ", ";
			}
		}
		plain_padded(p, STYLE_NORMAL, i ? "" : key, -keys);
		strbuf_fmt(p->out, "%*s", GAP, "");
		plain_wrapped(p, STYLE_NORMAL, keys + GAP, line.buf);
	}
	vec_free(&values);
}

void plain_facts(const struct plain_page *p, const struct grid *g)
{
	name_vec keys = {0};
	int width = 0;
	comparison_fact_keys(p->c, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		int w = text_width(keys.v[i]);
		width = w > width ? w : width;
	}
	if (keys.n) {
		plain_heading(p, "What the workload itself sees");
		strbuf_char(p->out, '\n');
	}
	for (size_t i = 0; i < keys.n; i++)
		fact(p, g, keys.v[i], width > ID_MAX ? ID_MAX : width);
	vec_free(&keys);
}

/* "qemu: no /dev/kvm here", below one title. */
static void told(const struct plain_page *p, const char *title, const char *id, const char *what, bool *first)
{
	if (*first) {
		plain_heading(p, title);
		strbuf_char(p->out, '\n');
	}
	*first = false;
	cleanup_free char *line = xasprintf("%s: %s", id, what);
	plain_wrapped(p, STYLE_NORMAL, 4, line);
}

void plain_notes(const struct plain_page *p, const struct grid *g)
{
	bool subjects = true, skipped = true, reasons = true;
	for (size_t i = 0; i < g->subjects.n; i++) {
		const struct subject *s = g->subjects.v[i];
		cleanup_free char *what =
		        xasprintf("%s%s%s", s->title, s->remark ? "; " : "", s->remark ? s->remark : "");
		told(p, "What they are", s->id, what, &subjects);
	}
	for (size_t i = 0; i < p->c->subjects.n; i++)
		if (p->c->subjects.v[i].skipped)
			told(p, "Not measured", p->c->subjects.v[i].id, p->c->subjects.v[i].skipped, &skipped);
	for (size_t i = 0; i < g->reasons.n; i++) {
		cleanup_free char *number = xasprintf("[%zu]", i + 1);
		told(p, "What is missing", number, g->reasons.v[i], &reasons);
	}
}
