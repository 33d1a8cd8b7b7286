/* The grid: see canvas.h.  Widths come from base/text, so what is drawn here does not depend on a locale. */
#include "vctop/view/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/text.h"

#define SIDE_MAX 4096 /* no terminal is larger; a wrong ioctl must not ask for gigabytes */

static const struct cell blank = {.cp = ' ', .style = STYLE_NORMAL};

static int clamp_side(int n)
{
	return n < 0 ? 0 : n > SIDE_MAX ? SIDE_MAX : n;
}

void canvas_init(struct canvas *c, int columns, int rows, bool ascii)
{
	*c = (struct canvas){.ascii = ascii};
	canvas_resize(c, columns, rows);
}

void canvas_resize(struct canvas *c, int columns, int rows)
{
	columns = clamp_side(columns);
	rows = clamp_side(rows);
	if (columns != c->columns || rows != c->rows || !c->cells) {
		size_t n = (size_t)columns * (size_t)rows;
		c->cells = xreallocarray(c->cells, n ? n : 1, sizeof(*c->cells));
		c->columns = columns;
		c->rows = rows;
	}
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	size_t n = (size_t)c->columns * (size_t)c->rows;
	for (size_t i = 0; i < n; i++)
		c->cells[i] = blank;
	c->clip = (struct rect){0, 0, c->columns, c->rows};
}

void canvas_clip(struct canvas *c, struct rect r)
{
	int x0 = r.x < 0 ? 0 : r.x, y0 = r.y < 0 ? 0 : r.y;
	int x1 = r.x + r.w > c->columns ? c->columns : r.x + r.w, y1 = r.y + r.h > c->rows ? c->rows : r.y + r.h;
	c->clip = (struct rect){x0, y0, x1 > x0 ? x1 - x0 : 0, y1 > y0 ? y1 - y0 : 0};
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){0};
}

static struct cell *cell_at(struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->columns + (size_t)x];
}

/* A wide character that loses one half loses both: terminals do not draw halves. */
static void split_wide(struct canvas *c, int x, int w, int y)
{
	if (x > 0 && cell_at(c, x, y)->cp == 0) {
		struct cell *head = cell_at(c, x - 1, y);
		*head = (struct cell){.cp = ' ', .style = head->style};
	}
	if (x + w < c->columns && cell_at(c, x + w, y)->cp == 0) {
		struct cell *tail = cell_at(c, x + w, y);
		*tail = (struct cell){.cp = ' ', .style = tail->style};
	}
}

/* One character of w cells at (x, y), y inside the grid. Returns its cell, NULL when it is outside. */
static struct cell *put(struct canvas *c, int x, int y, uint32_t cp, int w, enum style style)
{
	const struct rect *in = &c->clip;
	if (x >= in->x + in->w || x + w <= in->x || y < in->y || y >= in->y + in->h)
		return NULL;
	if (x < in->x || x + w > in->x + in->w) { /* half of a wide one */
		x = x < in->x ? in->x : x;
		cp = ' ';
		w = 1;
	}
	split_wide(c, x, w, y);
	*cell_at(c, x, y) = (struct cell){.cp = cp, .style = style};
	if (w == 2)
		*cell_at(c, x + 1, y) = (struct cell){.cp = 0, .style = style};
	return cell_at(c, x, y);
}

/* What is drawn for a code point and how wide it is: controls become '?', and so does all but ASCII in ascii mode. */
static uint32_t visible(const struct canvas *c, uint32_t cp, int *ret_w)
{
	if (cp >= ' ' && cp <= '~') {
		*ret_w = 1;
		return cp;
	}
	if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0)) {
		*ret_w = 1;
		return '?';
	}
	*ret_w = text_cp_width(cp);
	if (c->ascii && cp >= 0x80 && *ret_w > 0) {
		*ret_w = 1;
		return '?';
	}
	return cp;
}

static long width_of(const struct canvas *c, const char *s)
{
	long total = 0;
	for (size_t n = strlen(s), used; n; s += used, n -= used) {
		int w;
		(void)visible(c, text_decode(s, n, &used), &w);
		total += w;
	}
	return total;
}

static void add_mark(const struct canvas *c, struct cell *base, uint32_t cp)
{
	if (!base || c->ascii || (cp >= 0x200B && cp <= 0x200F))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(base->marks); i++)
		if (!base->marks[i]) {
			base->marks[i] = cp;
			return;
		}
}

int canvas_text(struct canvas *c, int x, int y, int max, enum style style, const char *s)
{
	if (!s || y < 0 || y >= c->rows || x >= c->columns || x < -SIDE_MAX)
		return 0;
	if (max > c->columns - x)
		max = c->columns - x;
	if (max <= 0)
		return 0;
	bool cut = width_of(c, s) > max;
	int col = 0, limit = cut ? max - 1 : max;
	struct cell *last = NULL;
	for (size_t n = strlen(s), used; n; s += used, n -= used) {
		int w;
		uint32_t cp = visible(c, text_decode(s, n, &used), &w);
		if (w == 0) {
			add_mark(c, last, cp);
			continue;
		}
		if (col + w > limit)
			break;
		last = put(c, x + col, y, cp, w, style);
		col += w;
	}
	if (cut)
		(void)put(c, x + col++, y, c->ascii ? '~' : 0x2026, 1, style);
	return col;
}

int canvas_fmt(struct canvas *c, int x, int y, int max, enum style style, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	int drawn = 0;
	if (n >= 0 && (size_t)n < sizeof(small)) {
		drawn = canvas_text(c, x, y, max, style, small);
	} else if (n >= 0) {
		cleanup_free char *big = xmalloc((size_t)n + 1);
		(void)vsnprintf(big, (size_t)n + 1, fmt, again);
		drawn = canvas_text(c, x, y, max, style, big);
	}
	va_end(again);
	return drawn;
}

void canvas_fill(struct canvas *c, struct rect r, enum style style, uint32_t cp)
{
	int w;
	cp = visible(c, cp, &w);
	if (w != 1)
		cp = ' ';
	int x0 = r.x < 0 ? 0 : r.x, y0 = r.y < 0 ? 0 : r.y;
	long x1 = (long)r.x + r.w, y1 = (long)r.y + r.h;
	for (int y = y0; y < y1 && y < c->rows; y++)
		for (int x = x0; x < x1 && x < c->columns; x++)
			(void)put(c, x, y, cp, 1, style);
}

static void dump_cell(const struct cell *cell, struct strbuf *ret)
{
	char buf[5];
	if (!cell->cp)
		return;
	strbuf_add(ret, buf, text_encode(cell->cp, buf));
	for (size_t i = 0; i < ARRAY_SIZE(cell->marks) && cell->marks[i]; i++)
		strbuf_add(ret, buf, text_encode(cell->marks[i], buf));
}

void canvas_dump(const struct canvas *c, struct strbuf *ret)
{
	for (int y = 0; y < c->rows; y++) {
		const struct cell *row = &c->cells[(size_t)y * (size_t)c->columns];
		int end = c->columns;
		while (end > 0 && row[end - 1].cp == ' ' && !row[end - 1].marks[0])
			end--;
		for (int x = 0; x < end; x++)
			dump_cell(&row[x], ret);
		strbuf_char(ret, '\n');
	}
}
