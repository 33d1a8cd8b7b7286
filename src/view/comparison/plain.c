/*
 * A comparison on a terminal: the table in as many blocks of columns as the width asks for, bars of what each holds of
 * what it was given, what the workload can see, and the reasons of what is missing.
 */
#include <math.h>
#include <string.h>

#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/view/canvas.h"
#include "vctop/view/views.h"
#include "view/comparison/grid.h"

#define COLUMNS_MIN 72 /* narrower ones wrap */
#define GAP 2
#define TITLE_MAX 36
#define ID_MAX 18 /* of a subject */
#define CELL_MAX 48
#define BAR_MAX 60
#define WHEN 12        /* "  reporting" */
#define BAR_NUMBERS 26 /* "  uses 1023K  holds 1023K" */

struct page {
	const struct comparison *c;
	const struct comparison_view *v;
	int columns;
	struct strbuf *out;
};

/* The palette of the dashboard. */
static const char *const sgr[STYLE_MAX] = {
        [STYLE_DIM] = "38;5;245",        [STYLE_TITLE] = "1",       [STYLE_USED] = "38;5;32",
        [STYLE_HELD] = "38;5;74",        [STYLE_FREE] = "38;5;245", [STYLE_WARN] = "1;38;5;172",
        [STYLE_CONTAINER] = "1;38;5;32", [STYLE_VM] = "1;38;5;133"};

static void styled(const struct page *p, enum style style, const char *s)
{
	bool on = p->v->color && sgr[style] && *s;
	if (on)
		strbuf_fmt(p->out, "\033[%sm", sgr[style]);
	strbuf_str(p->out, s);
	if (on)
		strbuf_str(p->out, "\033[0m");
}

/* In so many columns, cut if need be; width below 0: to the left. */
static void padded(const struct page *p, enum style style, const char *s, int width)
{
	int columns = width < 0 ? -width : width;
	cleanup_free char *fit = text_ellipsize(s, columns, p->v->ascii);
	int fill = columns - text_width(fit);
	if (width > 0)
		strbuf_fmt(p->out, "%*s", fill, "");
	styled(p, style, fit);
	if (width < 0)
		strbuf_fmt(p->out, "%*s", fill, "");
}

static void end_line(const struct page *p)
{
	while (p->out->len && p->out->buf[p->out->len - 1] == ' ')
		p->out->buf[--p->out->len] = '\0';
	strbuf_char(p->out, '\n');
}

/* Words on as many lines as they need, from column `at` (which the first line has reached) on. */
static void wrapped(const struct page *p, enum style style, int at, const char *s)
{
	int room = p->columns - at, left = room;
	bool first = true;
	for (; *s; first = false) {
		size_t n = strcspn(s, " ");
		cleanup_free char *word = xstrndup(s, n);
		cleanup_free char *fit = text_ellipsize(word, room, p->v->ascii);
		int w = text_width(fit);
		if (!first && w + 1 > left) {
			end_line(p);
			strbuf_fmt(p->out, "%*s", at, "");
			left = room;
		} else if (!first) {
			strbuf_char(p->out, ' ');
			left--;
		}
		styled(p, style, fit);
		left -= w;
		s += n + (s[n] == ' ');
	}
	end_line(p);
}

static void heading(const struct page *p, const char *s)
{
	strbuf_char(p->out, '\n');
	styled(p, STYLE_TITLE, s);
}

static enum style kind_style(const struct subject *s)
{
	return strcmp(s->kind, "vm") == 0          ? STYLE_VM
	       : strcmp(s->kind, "container") == 0 ? STYLE_CONTAINER
	                                           : STYLE_TITLE;
}

static void join(struct strbuf *sb, const name_vec *names)
{
	for (size_t i = 0; i < names->n; i++)
		strbuf_fmt(sb, "%s%s", i ? ", " : "", names->v[i]);
}

static void head(const struct page *p)
{
	const struct comparison *c = p->c;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	name_vec emulated = {0};
	char time[64], memory[16];
	strbuf_fmt(&sb, "vctop compare  %s  %s  kernel %s  %s, %.0f CPUs, %s",
	           units_rfc3339(time, sizeof(time), c->time_usec), c->hostname ? c->hostname : "?",
	           c->kernel ? c->kernel : "?", c->cpu_model ? c->cpu_model : "CPU unknown", c->capacity_cores,
	           units_bytes(memory, sizeof(memory), (double)c->capacity_bytes));
	wrapped(p, STYLE_NORMAL, 0, sb.buf);
	strbuf_clear(&sb);
	comparison_setting(c, &sb, p->v->ascii);
	wrapped(p, STYLE_NORMAL, 0, sb.buf);
	strbuf_clear(&sb);
	comparison_emulated(c, &emulated);
	join(&sb, &emulated);
	if (emulated.n) {
		strbuf_fmt(&sb, ": %s, %s.", EMULATED, EMULATED_WHY);
		wrapped(p, STYLE_WARN, 0, sb.buf);
	}
	vec_free(&emulated);
	if (c->interrupted)
		wrapped(p, STYLE_WARN, 0, "Interrupted: this is what was measured until then.");
}

/* A column as wide as what is in it. */
static int column_width(const struct page *p, const struct grid *g, size_t subject)
{
	int w = text_width(g->subjects.v[subject]->id), kind = text_width(comparison_kind(g->subjects.v[subject]));
	w = w > ID_MAX ? ID_MAX : w < kind ? kind : w;
	for (size_t l = 0; l < g->lines.n; l++) {
		int cell = text_width(grid_cell(g, l, subject));
		w = cell > w ? cell : w;
	}
	int most = p->columns - GAP - p->columns / 2;
	most = most > CELL_MAX ? CELL_MAX : most;
	return w > most ? most : w;
}

static int title_indent(const struct grid_line *l)
{
	return l->kind == GRID_PHASE ? 2 : l->kind == GRID_RATIO ? 4 : 0;
}

static int title_width(const struct page *p, const struct grid *g)
{
	int w = 0;
	for (size_t l = 0; l < g->lines.n; l++) {
		int title = title_indent(&g->lines.v[l]) + text_width(g->lines.v[l].title);
		w = title > w ? title : w;
	}
	int most = p->columns / 2 < TITLE_MAX ? p->columns / 2 : TITLE_MAX;
	return w > most ? most : w;
}

static enum style line_style(const struct grid_line *l, const struct subject *s)
{
	if (l->kind == GRID_GROUP)
		return STYLE_WARN;
	if (l->kind == GRID_RATIO)
		return STYLE_DIM;
	return comparison_is_emulators(s, l->figure) ? STYLE_WARN : STYLE_NORMAL;
}

static void anchor(const struct page *p, const struct grid_line *l)
{
	const struct figure_info *info = &figure_table[l->figure];
	if (!p->v->anchors || l->kind != GRID_FIGURE || !info->anchor)
		return;
	cleanup_free char *text = xasprintf("published: %s [%s]", info->anchor, info->anchor_source);
	strbuf_str(p->out, "    ");
	wrapped(p, STYLE_DIM, 4, text);
}

/* The columns from `from` to before `to`. */
static void block(const struct page *p, const struct grid *g, size_t from, size_t to)
{
	int titles = title_width(p, g);
	strbuf_fmt(p->out, "\n%*s", titles, "");
	for (size_t s = from; s < to; s++) {
		strbuf_fmt(p->out, "%*s", GAP, "");
		padded(p, kind_style(g->subjects.v[s]), g->subjects.v[s]->id, column_width(p, g, s));
	}
	end_line(p);
	strbuf_fmt(p->out, "%*s", titles, "");
	for (size_t s = from; s < to; s++) {
		strbuf_fmt(p->out, "%*s", GAP, "");
		padded(p, STYLE_DIM, comparison_kind(g->subjects.v[s]), column_width(p, g, s));
	}
	end_line(p);
	for (size_t l = 0; l < g->lines.n; l++) {
		const struct grid_line *line = &g->lines.v[l];
		strbuf_fmt(p->out, "%s%*s", l > 0 && line->kind == GRID_GROUP ? "\n" : "", title_indent(line), "");
		padded(p,
		       line->kind == GRID_GROUP   ? STYLE_TITLE
		       : line->kind == GRID_RATIO ? STYLE_DIM
		                                  : STYLE_NORMAL,
		       line->title, title_indent(line) - titles);
		for (size_t s = from; s < to; s++) {
			strbuf_fmt(p->out, "%*s", GAP, "");
			padded(p, line_style(line, g->subjects.v[s]), grid_cell(g, l, s), column_width(p, g, s));
		}
		end_line(p);
		anchor(p, line);
	}
}

/* As many columns as fit beside the titles, at least one. */
static size_t block_end(const struct page *p, const struct grid *g, size_t from)
{
	int left = p->columns - title_width(p, g);
	size_t to = from;
	while (to < g->subjects.n && (left -= GAP + column_width(p, g, to)) >= 0)
		to++;
	return to > from ? to : from + 1;
}

/* With the ranges when all of it then still stands side by side. */
static void make_grid(const struct page *p, struct grid *g)
{
	grid_make(g, p->c, true, p->v->ascii);
	if (block_end(p, g, 0) >= g->subjects.n)
		return;
	grid_release(g);
	grid_make(g, p->c, false, p->v->ascii);
}

static void repeat(const struct page *p, enum style style, const char *s, const char *ascii, int n)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	for (int i = 0; i < n; i++)
		strbuf_str(&sb, p->v->ascii ? ascii : s);
	styled(p, style, sb.buf);
}

/* What is there is seen, however little. */
static int bar_cells(double part, double whole, int width)
{
	int n = whole > 0 ? (int)lround(part / whole * width) : 0;
	return n == 0 && part > 0 ? 1 : n > width ? width : n;
}

static void memory_bar(const struct page *p, const struct holding *h, double scale, int width)
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

static void memory_title(const struct page *p)
{
	char given[16];
	heading(p, "Memory: ");
	strbuf_fmt(p->out,
	           p->v->ascii ? "%s given to each   # used   = held, not used   . not held\n"
	                       : "%s given to each   █ used   ▓ held, not used   ░ not held\n",
	           units_bytes(given, sizeof(given), (double)p->c->memory));
}

static void memory(const struct page *p, const struct grid *g)
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
			padded(p, kind_style(g->subjects.v[i]), k ? "" : g->subjects.v[i]->id, -names);
			strbuf_fmt(p->out, "%*s%-*s%*s", GAP, "", WHEN, h[k].when, GAP, "");
			memory_bar(p, &h[k], scale, width > BAR_MAX ? BAR_MAX : width);
			strbuf_fmt(p->out, "  uses %5s  holds %5s\n", units_bytes(used, sizeof(used), h[k].used),
			           units_bytes(held, sizeof(held), h[k].held));
		}
	}
}

/* One fact: each value once, with those it holds for. */
static void fact(const struct page *p, const struct grid *g, const char *key, int keys)
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
		padded(p, STYLE_NORMAL, i ? "" : key, -keys);
		strbuf_fmt(p->out, "%*s", GAP, "");
		wrapped(p, STYLE_NORMAL, keys + GAP, line.buf);
	}
	vec_free(&values);
}

static void facts(const struct page *p, const struct grid *g)
{
	name_vec keys = {0};
	int width = 0;
	comparison_fact_keys(p->c, &keys);
	for (size_t i = 0; i < keys.n; i++) {
		int w = text_width(keys.v[i]);
		width = w > width ? w : width;
	}
	if (keys.n) {
		heading(p, "What the workload itself sees");
		strbuf_char(p->out, '\n');
	}
	for (size_t i = 0; i < keys.n; i++)
		fact(p, g, keys.v[i], width > ID_MAX ? ID_MAX : width);
	vec_free(&keys);
}

/* "qemu: no /dev/kvm here", below one title. */
static void told(const struct page *p, const char *title, const char *id, const char *what, bool *first)
{
	if (*first) {
		heading(p, title);
		strbuf_char(p->out, '\n');
	}
	*first = false;
	cleanup_free char *line = xasprintf("%s: %s", id, what);
	wrapped(p, STYLE_NORMAL, 4, line);
}

static void notes(const struct page *p, const struct grid *g)
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

void comparison_plain(const struct comparison *c, const struct comparison_view *v, struct strbuf *out)
{
	struct page p = {c, v, v->columns < COLUMNS_MIN ? COLUMNS_MIN : v->columns, out};
	struct grid g = {0};
	head(&p);
	make_grid(&p, &g);
	for (size_t from = 0, to; from < g.subjects.n; from = to) {
		to = block_end(&p, &g, from);
		block(&p, &g, from, to);
	}
	memory(&p, &g);
	facts(&p, &g);
	notes(&p, &g);
	grid_release(&g);
}
