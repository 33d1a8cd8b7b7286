#include "view/comparison/grid.h"

#include <stdlib.h>
#include <string.h>

/* One grid being made. */
struct maker {
	struct grid *g;
	const struct comparison *c;
	bool ranges, ascii;
};

static void add_value(const struct maker *m, struct strbuf *cell, const struct spread *s, enum field_unit unit)
{
	comparison_spread(cell, s, unit, m->ascii);
	if (!metric_is_ok(s->median)) {
		strbuf_fmt(cell, " [%zu]", name_once(&m->g->reasons, comparison_why(s->median)) + 1);
	} else if (m->ranges && s->runs > 1) {
		strbuf_char(cell, ' ');
		comparison_range(cell, s, unit, m->ascii);
	}
}

static void add_ratio(const struct maker *m, struct strbuf *cell, const struct subject *s, enum figure f)
{
	char buf[32];
	double ratio;
	if (comparison_ratio(m->c, s, f, &ratio))
		strbuf_fmt(cell, "%s%s", m->ascii ? "x" : "×", comparison_ratio_text(buf, sizeof(buf), ratio));
}

static bool group_has_speed(enum figure first)
{
	for (int f = (int)first; f < FIGURE_MAX && strcmp(figure_table[f].group, figure_table[first].group) == 0; f++)
		if (figure_table[f].speed)
			return true;
	return false;
}

static char *make_cell(const struct maker *m, const struct grid_line *l, const struct subject *s)
{
	struct strbuf cell = STRBUF_INIT;
	const struct spread *phase;
	switch (l->kind) {
	case GRID_GROUP:
		strbuf_str(&cell, s->emulated && group_has_speed(l->figure) ? EMULATED : "");
		break;
	case GRID_RATIO:
		add_ratio(m, &cell, s, l->figure);
		break;
	case GRID_PHASE:
		phase = comparison_phase_of(s, l->title);
		if (phase)
			add_value(m, &cell, phase, UNIT_SECONDS);
		break;
	case GRID_FIGURE:
		add_value(m, &cell, &s->value[l->figure], figure_table[l->figure].unit);
		break;
	}
	/* On each number, for whoever quotes one line. */
	bool number = l->kind == GRID_FIGURE || (l->kind == GRID_PHASE && cell.len);
	if (number && comparison_is_emulators(s, l->figure) && metric_is_ok(s->value[l->figure].median))
		strbuf_str(&cell, " TCG");
	return strbuf_detach(&cell);
}

static void add_line(const struct maker *m, enum grid_kind kind, enum figure f, const char *title)
{
	struct grid_line l = {kind, f, title};
	for (size_t s = 0; s < m->g->subjects.n; s++)
		vec_push(&m->g->cells, make_cell(m, &l, m->g->subjects.v[s]));
	vec_push(&m->g->lines, l);
}

static void add_figure(const struct maker *m, enum figure f)
{
	name_vec phases = {0};
	double ratio;
	bool related = false;
	if (f == 0 || strcmp(figure_table[f].group, figure_table[f - 1].group) != 0)
		add_line(m, GRID_GROUP, f, figure_table[f].group);
	add_line(m, GRID_FIGURE, f, figure_table[f].title);
	for (size_t s = 0; s < m->g->subjects.n; s++)
		related = related || comparison_ratio(m->c, m->g->subjects.v[s], f, &ratio);
	if (related)
		add_line(m, GRID_RATIO, f, m->ascii ? "x plain process" : "× plain process");
	if (f == FIGURE_START)
		comparison_phase_names(m->c, &phases);
	for (size_t p = 0; p < phases.n; p++)
		add_line(m, GRID_PHASE, f, phases.v[p]);
	vec_free(&phases);
}

void grid_make(struct grid *ret, const struct comparison *c, bool ranges, bool ascii)
{
	struct maker m = {ret, c, ranges, ascii};
	*ret = (struct grid){0};
	for (size_t s = 0; s < c->subjects.n; s++)
		if (!c->subjects.v[s].skipped)
			vec_push(&ret->subjects, &c->subjects.v[s]);
	for (int f = 0; f < FIGURE_MAX; f++)
		add_figure(&m, (enum figure)f);
}

const char *grid_cell(const struct grid *g, size_t line, size_t subject)
{
	return g->cells.v[line * g->subjects.n + subject];
}

void grid_release(struct grid *g)
{
	for (size_t i = 0; i < g->cells.n; i++)
		free(g->cells.v[i]);
	vec_free(&g->cells);
	vec_free(&g->lines);
	vec_free(&g->subjects);
	vec_free(&g->reasons);
}
