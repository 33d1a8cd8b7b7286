/* Scrolled text of the panes. */
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

void page_show(struct tui *t, struct canvas *c, struct rect area, void (*fn)(struct page *, const struct tui *))
{
	struct page count = {.area = area};
	fn(&count, t);
	int most = count.line > area.h ? count.line - area.h : 0;
	if (t->scroll > most)
		t->scroll = most;
	if (t->scroll < 0)
		t->scroll = 0;
	t->page = area.h > 1 ? area.h - 1 : 1;
	struct page draw = {.canvas = c, .area = area, .scroll = t->scroll};
	fn(&draw, t);
	if (most > 0)
		(void)canvas_fmt(c, area.x + area.w - 12, area.y - 1, 12, STYLE_DIM, "%11d%%",
		                 draw.scroll * 100 / most);
}

void page_at(struct page *p, int x, int max, enum style style, const char *s)
{
	int y = p->line - p->scroll;
	if (!p->canvas || y < 0 || y >= p->area.h || x >= p->area.w)
		return;
	(void)canvas_text(p->canvas, p->area.x + x, p->area.y + y, max < p->area.w - x ? max : p->area.w - x, style, s);
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
