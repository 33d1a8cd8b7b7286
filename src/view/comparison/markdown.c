/* A comparison as Markdown that GitHub renders: tables, and lists of what does not fit into them. */
#include <string.h>

#include "vctop/base/units.h"
#include "vctop/view/views.h"
#include "view/comparison/grid.h"

/* Text as text: whatever would be markup or the end of a cell is escaped. */
static void add(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("\\`*_[]<>|~&$", *s))
			strbuf_char(out, '\\');
		strbuf_char(out, *s);
	}
}

static void row_start(struct strbuf *out, const char *title)
{
	strbuf_str(out, "| ");
	add(out, title);
	strbuf_str(out, " |");
}

static void cell(struct strbuf *out, const char *s)
{
	strbuf_char(out, ' ');
	add(out, s);
	strbuf_str(out, " |");
}

/* Titles of columns: the subjects; the first column is for those of rows. */
static void table_head(struct strbuf *out, const struct grid *g, const char *align, const char *last)
{
	row_start(out, "");
	for (size_t s = 0; s < g->subjects.n; s++)
		cell(out, g->subjects.v[s]->id);
	strbuf_fmt(out, "%s%s\n|---|", last ? last : "", last ? " |" : "");
	for (size_t s = 0; s < g->subjects.n; s++)
		strbuf_fmt(out, "%s|", align);
	strbuf_str(out, last ? "---|\n" : "\n");
}

static void anchor(struct strbuf *out, const struct grid_line *l)
{
	const struct figure_info *info = &figure_table[l->figure];
	strbuf_char(out, ' ');
	if (l->kind == GRID_FIGURE && info->anchor) {
		add(out, info->anchor);
		strbuf_str(out, " (");
		add(out, info->anchor_source);
		strbuf_str(out, ") ");
	}
	strbuf_char(out, '|');
}

static void figures(struct strbuf *out, const struct grid *g, bool anchors)
{
	table_head(out, g, "--:", anchors ? " published" : NULL);
	for (size_t l = 0; l < g->lines.n; l++) {
		const struct grid_line *line = &g->lines.v[l];
		bool group = line->kind == GRID_GROUP;
		bool part = line->kind == GRID_PHASE || line->kind == GRID_RATIO || figure_is_part(line->figure);
		strbuf_fmt(out, "| %s", group ? "**" : part ? "&emsp;" : "");
		add(out, line->title + strspn(line->title, " "));
		strbuf_str(out, group ? "** |" : " |");
		for (size_t s = 0; s < g->subjects.n; s++)
			cell(out, grid_cell(g, l, s));
		if (anchors)
			anchor(out, line);
		strbuf_char(out, '\n');
	}
}

static void memory(const struct comparison *c, struct strbuf *out, const struct grid *g)
{
	char used[16], held[16], given[16];
	strbuf_fmt(out,
	           "\n### Memory: %s given to each\n\n| | | uses | holds | of what it was given "
	           "|\n|---|---|--:|--:|--:|\n",
	           units_bytes(given, sizeof(given), (double)c->memory));
	for (size_t s = 0; s < g->subjects.n; s++) {
		struct holding h[HOLDINGS_MAX];
		unsigned n = comparison_holdings(c, g->subjects.v[s], h);
		for (unsigned i = 0; i < n; i++) {
			row_start(out, i ? "" : g->subjects.v[s]->id);
			strbuf_fmt(out, " %s | %s | %s |", h[i].when + strspn(h[i].when, " "),
			           units_bytes(used, sizeof(used), h[i].used),
			           units_bytes(held, sizeof(held), h[i].held));
			if (c->memory)
				strbuf_fmt(out, " %.0f%%", h[i].held / (double)c->memory * 100);
			strbuf_str(out, " |\n");
		}
	}
}

static void facts(const struct comparison *c, struct strbuf *out, const struct grid *g)
{
	name_vec keys = {0};
	comparison_fact_keys(c, &keys);
	if (keys.n) {
		strbuf_str(out, "\n### What the workload itself sees\n\n");
		table_head(out, g, "---", NULL);
	}
	for (size_t i = 0; i < keys.n; i++) {
		row_start(out, keys.v[i]);
		for (size_t s = 0; s < g->subjects.n; s++) {
			const char *value = comparison_fact_of(g->subjects.v[s], keys.v[i]);
			cell(out, value ? value : "");
		}
		strbuf_char(out, '\n');
	}
	vec_free(&keys);
}

static void item(struct strbuf *out, const char *id, const char *what, const char *more)
{
	strbuf_str(out, "- **");
	add(out, id);
	strbuf_str(out, "**: ");
	add(out, what);
	if (more) {
		strbuf_str(out, "; ");
		add(out, more);
	}
	strbuf_char(out, '\n');
}

static void notes(const struct comparison *c, struct strbuf *out, const struct grid *g)
{
	strbuf_str(out, "\n### Notes\n\n");
	for (size_t i = 0; i < c->subjects.n; i++) {
		const struct subject *s = &c->subjects.v[i];
		if (s->skipped)
			item(out, s->id, "not measured", s->skipped);
		else
			item(out, s->id, s->title, s->remark);
	}
	for (size_t i = 0; i < g->reasons.n; i++) {
		char number[24];
		(void)snprintf(number, sizeof(number), "[%zu]", i + 1);
		item(out, number, g->reasons.v[i], NULL);
	}
	for (size_t i = 0; i < g->subjects.n; i++)
		for (size_t k = 0; k < g->subjects.v[i]->commands.n; k++) {
			if (k == 0) {
				strbuf_str(out, "\nThe same by hand, ");
				add(out, g->subjects.v[i]->id);
				strbuf_str(out, ":\n\n");
			}
			strbuf_fmt(out, "    %s\n",
			           g->subjects.v[i]->commands.v[k]); /* code: nothing is markup there */
		}
}

static void head(const struct comparison *c, const struct comparison_view *v, struct strbuf *out)
{
	char time[64], memory_size[16];
	name_vec emulated = {0};
	strbuf_str(out, "## What a VM costs, what a container costs\n\n");
	add(out, c->hostname ? c->hostname : "a host");
	strbuf_str(out, ", kernel ");
	add(out, c->kernel ? c->kernel : "unknown");
	strbuf_str(out, ", ");
	add(out, c->cpu_model ? c->cpu_model : "CPU unknown");
	strbuf_fmt(out, ", %.0f CPUs, %s; %s.\n\n", c->capacity_cores,
	           units_bytes(memory_size, sizeof(memory_size), (double)c->capacity_bytes),
	           units_rfc3339(time, sizeof(time), c->time_usec));
	comparison_setting(c, out, v->ascii);
	strbuf_str(out, "\n\n");
	if (c->interrupted)
		strbuf_str(out, "> Interrupted: this is what was measured until then.\n\n");
	comparison_emulated(c, &emulated);
	for (size_t i = 0; i < emulated.n; i++) {
		strbuf_str(out, i ? ", " : "> ");
		add(out, emulated.v[i]);
	}
	if (emulated.n)
		strbuf_fmt(out, ": **%s**, %s.\n\n", EMULATED, EMULATED_WHY);
	vec_free(&emulated);
}

void comparison_markdown(const struct comparison *c, const struct comparison_view *v, struct strbuf *out)
{
	struct grid g = {0};
	grid_make(&g, c, false, v->ascii);
	head(c, v, out);
	if (g.subjects.n) {
		figures(out, &g, v->anchors);
		memory(c, out, &g);
		facts(c, out, &g);
	}
	notes(c, out, &g);
	grid_release(&g);
}
