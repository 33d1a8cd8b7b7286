/*
 * The grid as a picture.  Blocks, shades, dots and lines are drawn as shapes, so that they look the same in every font;
 * text is set run by run to the width of its cells.
 */
#include <stdio.h>
#include <string.h>

#include "vctop/base/text.h"
#include "vctop/view/theme.h"
#include "vctop/view/views.h"

#define CELL_W 8
#define CELL_H 17
#define BASE 13 /* of text, from the top of its cell */
#define PAD 10
#define BACK "#16181c"
#define FORE "#d4d4d4"

struct svg {
	const struct canvas *c;
	struct strbuf *out;
};

static const struct cell *cell_at(const struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->columns + (size_t)x];
}

static bool reversed(enum style s)
{
	return s == STYLE_SELECTED || s == STYLE_KEY;
}

static bool bold(enum style s)
{
	return s == STYLE_TITLE || s == STYLE_WARN || s == STYLE_CRIT || s == STYLE_CONTAINER || s == STYLE_VM;
}

static void paint(struct strbuf *out, enum style s)
{
	int rgb = theme_tone(THEME_DARK, s).rgb;
	if (reversed(s))
		strbuf_str(out, BACK);
	else if (rgb < 0)
		strbuf_str(out, FORE);
	else
		strbuf_fmt(out, "#%06x", (unsigned)rgb);
}

/* A part of a cell, in its eighths and dots; opacity in per cent. */
static void box(const struct svg *s, const struct cell *cell, double x, double y, double w, double h, int opacity)
{
	strbuf_fmt(s->out, "<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"", x, y, w, h);
	paint(s->out, cell->style);
	if (opacity < 100)
		strbuf_fmt(s->out, "\" opacity=\".%02d", opacity);
	strbuf_str(s->out, "\"/>\n");
}

static void dots(const struct svg *s, const struct cell *cell, double x, double y)
{
	static const uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
	for (int row = 0; row < 4; row++)
		for (int col = 0; col < 2; col++)
			if ((cell->cp - 0x2800U) & bits[row][col])
				box(s, cell, x + col * 4 + 0.5, y + row * 4.25 + 0.5, 3, 3.25, 100);
}

/* Box drawing: which of the arms left, right, up, down there are. */
static unsigned arms(uint32_t cp)
{
	return cp == 0x2500 || cp == 0x2504 ? 3U : cp == 0x2502 ? 12U : cp == 0x251C ? 14U : cp == 0x2514 ? 6U : 0;
}

static void shape(const struct svg *s, const struct cell *cell, int cx, int cy)
{
	double x = PAD + cx * CELL_W, y = PAD + cy * CELL_H;
	uint32_t cp = cell->cp;
	unsigned a = arms(cp);
	if (cp >= 0x2581 && cp <= 0x2588) {
		double h = CELL_H * (cp - 0x2580U) / 8.0;
		box(s, cell, x, y + CELL_H - h, CELL_W, h, 100);
	} else if (cp >= 0x2589 && cp <= 0x258F) {
		box(s, cell, x, y, 0x2590U - cp, CELL_H, 100);
	} else if (cp >= 0x2591 && cp <= 0x2593) {
		box(s, cell, x, y, CELL_W, CELL_H, cp == 0x2591 ? 22 : cp == 0x2592 ? 45 : 62);
	} else if (cp > 0x2800 && cp <= 0x28FF) {
		dots(s, cell, x, y);
	} else if (a) {
		int gap = cp == 0x2504; /* dashed */
		if (a & 3U)
			box(s, cell, a & 1U ? x + gap : x + CELL_W / 2.0, y + 8,
			    a & 1U ? CELL_W - 2 * gap : CELL_W / 2.0, 1, 100);
		if (a & 12U)
			box(s, cell, x + CELL_W / 2.0 - 0.5, y, 1, a & 8U ? CELL_H : CELL_H / 2.0, 100);
	}
}

static bool is_shape(uint32_t cp)
{
	return (cp >= 0x2581 && cp <= 0x2593 && cp != 0x2590) || (cp > 0x2800 && cp <= 0x28FF) || arms(cp);
}

static void put_char(struct strbuf *out, uint32_t cp)
{
	char buf[5];
	if (cp == '<' || cp == '&' || cp == '>')
		strbuf_fmt(out, "&#%u;", cp);
	else
		strbuf_add(out, buf, text_encode(cp, buf));
}

/* Cells of one style from x on, up to `end`, without shapes and outer blanks. */
static void text_run(const struct svg *s, int x, int end, int y)
{
	while (x < end && cell_at(s->c, x, y)->cp == ' ')
		x++;
	while (end > x && cell_at(s->c, end - 1, y)->cp == ' ')
		end--;
	if (x == end)
		return;
	enum style style = cell_at(s->c, x, y)->style;
	strbuf_fmt(s->out, "<text x=\"%d\" y=\"%d\" textLength=\"%d\"%s fill=\"", PAD + x * CELL_W,
	           PAD + y * CELL_H + BASE, (end - x) * CELL_W, bold(style) ? " font-weight=\"bold\"" : "");
	paint(s->out, style);
	strbuf_str(s->out, "\">");
	for (; x < end; x++) {
		const struct cell *cell = cell_at(s->c, x, y);
		if (!cell->cp)
			continue; /* the second half of a wide one */
		put_char(s->out, cell->cp == ' ' ? 0xA0 : cell->cp);
		for (size_t i = 0; i < ARRAY_SIZE(cell->marks) && cell->marks[i]; i++)
			put_char(s->out, cell->marks[i]);
	}
	strbuf_str(s->out, "</text>\n");
}

/* What is behind n cells: reversed ones have the foreground there, heads a line below them. */
static void backdrop(const struct svg *s, enum style style, int x, int y, int n)
{
	int px = PAD + x * CELL_W, py = PAD + y * CELL_H, w = n * CELL_W;
	bool head = style == STYLE_HEAD;
	if (head || reversed(style))
		strbuf_fmt(s->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"" FORE "\"/>\n", px,
		           head ? py + CELL_H - 2 : py, w, head ? 1 : CELL_H);
}

static void row(const struct svg *s, int y)
{
	for (int x = 0, end; x < s->c->columns; x = end) {
		const struct cell *first = cell_at(s->c, x, y);
		bool drawn = is_shape(first->cp);
		for (end = x + 1; !drawn && end < s->c->columns; end++)
			if (cell_at(s->c, end, y)->style != first->style || is_shape(cell_at(s->c, end, y)->cp))
				break;
		backdrop(s, first->style, x, y, end - x);
		if (drawn)
			shape(s, first, x, y);
		else
			text_run(s, x, end, y);
	}
}

void svg_canvas(const struct canvas *c, struct strbuf *out)
{
	const struct svg s = {c, out};
	int w = c->columns * CELL_W + 2 * PAD, h = c->rows * CELL_H + 2 * PAD;
	strbuf_fmt(out,
	           "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
	           "font-family=\"DejaVu Sans Mono,Menlo,Consolas,monospace\" font-size=\"13\">\n"
	           "<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"" BACK "\"/>\n",
	           w, h, w, h, w, h);
	for (int y = 0; y < c->rows; y++)
		row(&s, y);
	strbuf_str(out, "</svg>\n");
}
