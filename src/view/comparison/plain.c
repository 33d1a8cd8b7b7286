/*
 * A comparison on a terminal: the table in as many blocks of columns as the width asks for, bars of what each holds of
 * what it was given, what the workload can see, and the reasons of what is missing.
 */
#include <string.h>

#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "view/comparison/plain.h"

#define COLUMNS_MIN 72 /* narrower ones wrap */
#define TITLE_MAX 36
#define CELL_MAX 48

/* The palette of the dashboard. */
static const char *const sgr[STYLE_MAX] = {
        [STYLE_DIM] = "38;5;245",        [STYLE_TITLE] = "1",       [STYLE_USED] = "38;5;32",
        [STYLE_HELD] = "38;5;74",        [STYLE_FREE] = "38;5;245", [STYLE_WARN] = "1;38;5;172",
        [STYLE_CONTAINER] = "1;38;5;32", [STYLE_VM] = "1;38;5;133"};

void plain_styled(const struct plain_page *p, enum style style, const char *s)
{
	bool on = p->v->color && sgr[style] && *s;
	if (on)
		strbuf_fmt(p->out, "\033[%sm", sgr[style]);
	strbuf_str(p->out, s);
	if (on)
		strbuf_str(p->out, "\033[0m");
}

void plain_padded(const struct plain_page *p, enum style style, const char *s, int width)
{
	int columns = width < 0 ? -width : width;
	cleanup_free char *fit = text_ellipsize(s, columns, p->v->ascii);
	int fill = columns - text_width(fit);
	if (width > 0)
		strbuf_fmt(p->out, "%*s", fill, "");
	plain_styled(p, style, fit);
	if (width < 0)
		strbuf_fmt(p->out, "%*s", fill, "");
}

void plain_end_line(const struct plain_page *p)
{
	while (p->out->len && p->out->buf[p->out->len - 1] == ' ')
		p->out->buf[--p->out->len] = '\0';
	strbuf_char(p->out, '\n');
}

void plain_wrapped(const struct plain_page *p, enum style style, int at, const char *s)
{
	int room = p->columns - at, left = room;
	bool first = true;
	for (; *s; first = false) {
		size_t n = strcspn(s, " ");
		cleanup_free char *word = xstrndup(s, n);
		cleanup_free char *fit = text_ellipsize(word, room, p->v->ascii);
		int w = text_width(fit);
		if (!first && w + 1 > left) {
			plain_end_line(p);
			strbuf_fmt(p->out, "%*s", at, "");
			left = room;
		} else if (!first) {
			strbuf_char(p->out, ' ');
			left--;
		}
		plain_styled(p, style, fit);
		left -= w;
		s += n + (s[n] == ' ');
	}
	plain_end_line(p);
}

void plain_heading(const struct plain_page *p, const char *s)
{
	strbuf_char(p->out, '\n');
	plain_styled(p, STYLE_TITLE, s);
}

enum style plain_kind_style(const struct subject *s)
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

static void head(const struct plain_page *p)
{
	const struct comparison *c = p->c;
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	name_vec emulated = {0};
	char time[64], memory[16];
	strbuf_fmt(&sb, "vctop compare  %s  %s  kernel %s  %s, %.0f CPUs, %s",
	           units_rfc3339(time, sizeof(time), c->time_usec), c->hostname ? c->hostname : "?",
	           c->kernel ? c->kernel : "?", c->cpu_model ? c->cpu_model : "CPU unknown", c->capacity_cores,
	           units_bytes(memory, sizeof(memory), (double)c->capacity_bytes));
	plain_wrapped(p, STYLE_NORMAL, 0, sb.buf);
	strbuf_clear(&sb);
	comparison_setting(c, &sb, p->v->ascii);
	plain_wrapped(p, STYLE_NORMAL, 0, sb.buf);
	strbuf_clear(&sb);
	comparison_emulated(c, &emulated);
	join(&sb, &emulated);
	if (emulated.n) {
		strbuf_fmt(&sb, ": %s, %s.", EMULATED, EMULATED_WHY);
		plain_wrapped(p, STYLE_WARN, 0, sb.buf);
	}
	vec_free(&emulated);
	if (c->interrupted)
		plain_wrapped(p, STYLE_WARN, 0, "Interrupted: this is what was measured until then.");
}

/* A column as wide as what is in it. */
static int column_width(const struct plain_page *p, const struct grid *g, size_t subject)
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

static int title_width(const struct plain_page *p, const struct grid *g)
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

static void anchor(const struct plain_page *p, const struct grid_line *l)
{
	const struct figure_info *info = &figure_table[l->figure];
	if (!p->v->anchors || l->kind != GRID_FIGURE || !info->anchor)
		return;
	cleanup_free char *text = xasprintf("published: %s [%s]", info->anchor, info->anchor_source);
	strbuf_str(p->out, "    ");
	plain_wrapped(p, STYLE_DIM, 4, text);
}

/* Phases and relations that none of these columns has are left out. */
static bool says_something(const struct grid *g, size_t line, size_t from, size_t to)
{
	enum grid_kind kind = g->lines.v[line].kind;
	bool some = kind == GRID_GROUP || kind == GRID_FIGURE;
	for (size_t s = from; s < to; s++)
		some = some || *grid_cell(g, line, s);
	return some;
}

static void block_line(const struct plain_page *p, const struct grid *g, size_t l, size_t from, size_t to)
{
	const struct grid_line *line = &g->lines.v[l];
	int titles = title_width(p, g);
	strbuf_fmt(p->out, "%s%*s", l > 0 && line->kind == GRID_GROUP ? "\n" : "", title_indent(line), "");
	plain_padded(p,
	             line->kind == GRID_GROUP   ? STYLE_TITLE
	             : line->kind == GRID_RATIO ? STYLE_DIM
	                                        : STYLE_NORMAL,
	             line->title, title_indent(line) - titles);
	for (size_t s = from; s < to; s++) {
		strbuf_fmt(p->out, "%*s", GAP, "");
		plain_padded(p, line_style(line, g->subjects.v[s]), grid_cell(g, l, s), column_width(p, g, s));
	}
	plain_end_line(p);
	anchor(p, line);
}

/* The columns from `from` to before `to`. */
static void block(const struct plain_page *p, const struct grid *g, size_t from, size_t to)
{
	int titles = title_width(p, g);
	strbuf_fmt(p->out, "\n%*s", titles, "");
	for (size_t s = from; s < to; s++) {
		strbuf_fmt(p->out, "%*s", GAP, "");
		plain_padded(p, plain_kind_style(g->subjects.v[s]), g->subjects.v[s]->id, column_width(p, g, s));
	}
	plain_end_line(p);
	strbuf_fmt(p->out, "%*s", titles, "");
	for (size_t s = from; s < to; s++) {
		strbuf_fmt(p->out, "%*s", GAP, "");
		plain_padded(p, STYLE_DIM, comparison_kind(g->subjects.v[s]), column_width(p, g, s));
	}
	plain_end_line(p);
	for (size_t l = 0; l < g->lines.n; l++)
		if (says_something(g, l, from, to))
			block_line(p, g, l, from, to);
}

/* As many columns as fit beside the titles, at least one. */
static size_t block_end(const struct plain_page *p, const struct grid *g, size_t from)
{
	int left = p->columns - title_width(p, g);
	size_t to = from;
	while (to < g->subjects.n && (left -= GAP + column_width(p, g, to)) >= 0)
		to++;
	return to > from ? to : from + 1;
}

/* With the ranges when all of it then still stands side by side. */
static void make_grid(const struct plain_page *p, struct grid *g)
{
	grid_make(g, p->c, true, p->v->ascii);
	if (block_end(p, g, 0) >= g->subjects.n)
		return;
	grid_release(g);
	grid_make(g, p->c, false, p->v->ascii);
}

void comparison_plain(const struct comparison *c, const struct comparison_view *v, struct strbuf *out)
{
	struct plain_page p = {c, v, v->columns < COLUMNS_MIN ? COLUMNS_MIN : v->columns, out};
	struct grid g = {0};
	head(&p);
	make_grid(&p, &g);
	for (size_t from = 0, to; from < g.subjects.n; from = to) {
		to = block_end(&p, &g, from);
		block(&p, &g, from, to);
	}
	plain_memory(&p, &g);
	plain_facts(&p, &g);
	plain_notes(&p, &g);
	grid_release(&g);
}
