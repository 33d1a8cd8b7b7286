/* Help, the sort menu and the notices: made from the key table, the field table and the snapshot. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"

#define KEYS_W 17

static void legend_line(struct page *p, const char *sign, const char *what)
{
	page_at(p, 1, KEYS_W, STYLE_NORMAL, sign);
	page_wrap(p, KEYS_W, STYLE_NORMAL, what);
}

static void help_legend(struct page *p, bool ascii)
{
	page_head(p, "Signs");
	legend_line(p, ascii ? "###" : "███", "used");
	legend_line(p, ascii ? "===" : "▓▓▓", "memory held but not needed now (cache); above: given to containers");
	legend_line(p, ascii ? "..." : "░░░", "allocated and free");
	legend_line(p, ascii ? "##---->" : "██┄┄┄┄›", "no cap: its use as a share of the host");
	legend_line(p, ascii ? ">" : "▶", "more than it was given, or more given than there is");
	legend_line(p, ascii ? ">=" : "≥", "a sum that leaves out what could not be measured");
	legend_line(p, "0", "measured, and it is zero");
	legend_line(p, "-", "not offered here");
	legend_line(p, "?", "needs more rights: see ! and Enter");
	legend_line(p, "max", "no cap");
	legend_line(p, ascii ? "..." : "…", "not yet: a rate needs two readings");
}

static void help_columns(struct page *p, const struct tui *t)
{
	struct columns cols;
	char line[320];
	enum list l = view_table[t->back[VIEW_HELP]].list;
	if (l == LIST_MAX)
		return;
	columns_fit(t, l, l <= LIST_SERVICE ? t->layout.list[l].w : t->layout.body.w, &cols);
	page_head(p, "Columns on this screen");
	for (unsigned i = 0; i < cols.n; i++) {
		const struct field *f = cols.v[i].field;
		if (cols.v[i].kind != COLUMN_FIELD)
			continue;
		page_at(p, 1, KEYS_W, STYLE_NORMAL, f->title);
		(void)snprintf(line, sizeof(line), "%s", f->help);
		page_wrap(p, KEYS_W, STYLE_NORMAL, line);
		(void)snprintf(line, sizeof(line), "%s, from %s", f->key, f->source);
		page_wrap(p, KEYS_W, STYLE_DIM, line);
	}
}

void help_tile(struct page *p, const struct tui *t)
{
	page_wrap(p, 0, STYLE_NORMAL,
	          "CPU is in cores: 1.00 is one CPU fully used. GIVEN is the most an instance may take. SLACK is what "
	          "could be "
	          "taken back: given minus what it needs with a margin.");
	page_head(p, "Views");
	for (unsigned i = 0; i < VIEW_MAX && view_table[i].key; i++) {
		char line[160], key[2] = {(char)view_table[i].key, '\0'};
		page_at(p, 1, 1, STYLE_KEY, key);
		(void)snprintf(line, sizeof(line), "%s: %s", view_table[i].name, view_table[i].help);
		page_wrap(p, KEYS_W, STYLE_NORMAL, line);
	}
	page_head(p, "Keys");
	for (unsigned i = 0; i < key_bindings_count; i++) {
		if (!key_bindings[i].help)
			continue;
		page_at(p, 1, KEYS_W - 1, STYLE_KEY, key_bindings[i].shown);
		page_wrap(p, KEYS_W, STYLE_NORMAL, key_bindings[i].help);
	}
	help_legend(p, p->canvas && p->canvas->ascii);
	help_columns(p, t);
}

/* The lines are the same for all menus; the mark says what is taken. */
void menu_tile(struct page *p, const struct tui *t)
{
	const struct field *now = tui_sort_field(t), *f;
	for (unsigned i = 0; (f = sortable_field(i)); i++) {
		bool here = i == t->choice, on = t->view == VIEW_SORT ? f == now : column_chosen(t, f);
		if (here && p->canvas)
			canvas_fill(p->canvas, page_line(p), STYLE_SELECTED, ' ');
		enum style style = here ? STYLE_SELECTED : STYLE_NORMAL, dim = here ? STYLE_SELECTED : STYLE_DIM;
		page_at(p, 1, 1, style, on ? "*" : " ");
		page_at(p, 3, 13, style, f->column);
		page_at(p, 17, p->area.w - 17, dim, f->help);
		page_next(p);
	}
}

void notices_tile(struct page *p, const struct tui *t)
{
	const struct snapshot *s = t->frame ? t->frame->snap : NULL;
	if (!s || !s->notices.n) {
		page_wrap(p, 0, STYLE_NORMAL, "Nothing was kept from vctop: every source it knows of could be read.");
		return;
	}
	for (size_t i = 0; i < s->notices.n; i++) {
		const struct notice *n = &s->notices.v[i];
		page_wrap(p, 0, STYLE_TITLE, n->what);
		page_wrap(p, 2, STYLE_NORMAL, n->why ? n->why : "-");
		if (n->change) {
			page_at(p, 2, 10, STYLE_DIM, "to change:");
			page_wrap(p, 13, STYLE_NORMAL, n->change);
		}
		page_next(p);
	}
}
