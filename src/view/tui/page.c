/* Tiles: pages of text and graphs, side by side where there is room, scrolled together. */
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define TILE_GAP 2
#define COLUMNS_OF_TILES 6
#define TALLER_MAX 8

/* Each tile goes below the shortest column; the first row is filled from the left. */
static int place(const struct tui *t, struct canvas *c, struct rect area, const tile_fn *tiles, int columns)
{
	int bottom[COLUMNS_OF_TILES] = {0}, most = 0;
	int w = (area.w - TILE_GAP * (columns - 1)) / columns;
	for (unsigned i = 0; i < TILES_MAX && tiles[i]; i++) {
		int at = 0;
		for (int k = 1; k < columns; k++)
			at = bottom[k] < bottom[at] ? k : at;
		struct page p = {.canvas = c, .area = {area.x + at * (w + TILE_GAP), area.y + bottom[at], w, area.h}};
		tiles[i](&p, t);
		bottom[at] += p.line + (p.line > 0);
		most = bottom[at] > most ? bottom[at] : most;
	}
	return most ? most - 1 : 0;
}

static bool fits(struct tui *t, struct rect area, const tile_fn *tiles, int columns, int taller)
{
	t->taller = taller;
	return place(t, NULL, area, tiles, columns) <= area.h;
}

/*
 * Graphs take the lines that would stay empty.  From one draw to the next they grow by two or not at all, so that a
 * list that comes and goes by a line does not make them dance.
 */
static void grow_graphs(struct tui *t, struct rect area, const tile_fn *tiles, int columns)
{
	bool same = t->taller_of == t->view && memcmp(&t->taller_in, &area, sizeof(area)) == 0;
	int n = same ? t->taller : 0, step = same ? 2 : 1;
	while (n > 0 && !fits(t, area, tiles, columns, n))
		n--;
	while (n + step <= TALLER_MAX && fits(t, area, tiles, columns, n + step))
		n += step;
	t->taller = n;
	t->taller_in = area;
	t->taller_of = t->view;
}

void tiles_show(struct tui *t, struct canvas *c, struct rect area, const tile_fn *tiles, int tile_w)
{
	int columns = tile_w ? (area.w + TILE_GAP) / (tile_w + TILE_GAP) : 1, most_columns = 1;
	while (most_columns < COLUMNS_OF_TILES && tiles[most_columns])
		most_columns++;
	columns = columns < 1 ? 1 : columns > most_columns ? most_columns : columns;
	grow_graphs(t, area, tiles, columns);
	int lines = place(t, NULL, area, tiles, columns), most = lines > area.h ? lines - area.h : 0;
	t->scroll = t->scroll > most ? most : t->scroll < 0 ? 0 : t->scroll;
	t->page = area.h > 1 ? area.h - 1 : 1;
	canvas_clip(c, area);
	struct rect moved = area;
	moved.y -= t->scroll;
	(void)place(t, c, moved, tiles, columns);
	canvas_clip(c, (struct rect){0, 0, c->columns, c->rows});
	t->scrolled_pct = most > 0 ? t->scroll * 100 / most : -1;
}

struct rect page_line(const struct page *p)
{
	return (struct rect){p->area.x, p->area.y + p->line, p->area.w, 1};
}

void page_at(struct page *p, int x, int max, enum style style, const char *s)
{
	if (p->canvas && x < p->area.w)
		(void)canvas_text(p->canvas, p->area.x + x, p->area.y + p->line,
		                  max < p->area.w - x ? max : p->area.w - x, style, s);
}

void page_next(struct page *p)
{
	p->line++;
}

void page_head(struct page *p, const char *s)
{
	if (p->line > 0)
		page_next(p);
	page_at(p, 0, p->area.w, STYLE_TITLE, s);
	page_next(p);
}

/* Bytes of s that fit into `columns`: up to the last blank, or in the middle of a word longer than the line. */
static size_t line_length(const char *s, int columns)
{
	size_t at = 0, blank = 0;
	int w = 0;
	for (size_t n = strlen(s), used; at < n; at += used) {
		w += text_cp_width(text_decode(s + at, n - at, &used));
		if (w > columns)
			return blank ? blank : at ? at : used;
		if (s[at] == ' ')
			blank = at + 1;
	}
	return at;
}

void page_wrap(struct page *p, int indent, enum style style, const char *s)
{
	int columns = p->area.w - indent;
	do {
		char line[512];
		size_t n = line_length(s, columns > 1 ? columns : 1);
		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, s, n);
		line[n] = '\0';
		page_at(p, indent, columns, style, line);
		page_next(p);
		s += n;
	} while (*s);
}
