/*
 * A graph over time in cells: the newest reading at the right, each column of dots one reading, its height the use, a
 * line where the allocation ends.  Braille (2 x 4 dots a cell) or blocks; without UTF-8 '#' and '-'.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

#define GRAPH_POINTS 1024
#define SCALE_W 7 /* "1023M/s" */

struct plot {
	struct canvas *c;
	struct rect r;
	enum { DOTS, BLOCKS, PLAIN } kind;
	int dots_x, dots_y; /* in a cell */
	double top;
};

/* The last dot from below that a value fills; 0 none: what is not zero shows at least one. */
static int height(const struct plot *p, double v)
{
	int all = p->r.h * p->dots_y;
	if (isnan(v) || v <= 0)
		return 0;
	int n = (int)lround(v / p->top * all);
	return n < 1 ? 1 : n > all ? all : n;
}

static uint32_t braille(const int used[2], const int other[2], int below)
{
	/* Bits of a cell's dots, from the lowest up, left and right. */
	static const uint8_t bits[2][4] = {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}};
	uint32_t cp = 0;
	for (int x = 0; x < 2; x++)
		for (int y = 0; y < 4; y++)
			if (below + y < used[x] || below + y == other[x] - 1)
				cp |= bits[x][y];
	return cp ? 0x2800U + cp : 0;
}

static uint32_t sign(const struct plot *p, const int used[2], const int other[2], int below)
{
	int n = used[0] - below;
	bool line = other[0] > below && other[0] <= below + p->dots_y;
	if (p->kind == DOTS)
		return braille(used, other, below);
	if (p->kind == BLOCKS)
		return n > 0 ? 0x2580U + (uint32_t)(n > 8 ? 8 : n) : line ? 0x2500 : 0;
	return n > 0 ? '#' : line ? '-' : 0;
}

static void plot_cell(const struct plot *p, int x, int y, const double *main, const double *second, double cap)
{
	static const uint32_t base[] = {0x28C0, '_', '_'}; /* measured, and it is zero */
	int below = (p->r.h - 1 - y) * p->dots_y, used[2] = {0}, other[2] = {0};
	for (int i = 0; i < p->dots_x; i++) {
		used[i] = height(p, main[i]);
		other[i] = second ? height(p, second[i]) : 0;
	}
	int line = height(p, cap) - 1;
	uint32_t cp = sign(p, used, other, below);
	enum style style = used[0] > below || used[1] > below ? STYLE_USED : STYLE_HELD;
	if (!cp && line >= below && line < below + p->dots_y) {
		cp = p->kind == PLAIN ? '-' : 0x2500;
		style = STYLE_WARN;
	}
	if (!cp && y == p->r.h - 1 && !isnan(main[p->dots_x - 1])) {
		cp = base[p->kind];
		style = STYLE_DIM;
	}
	if (cp)
		canvas_fill(p->c, (struct rect){p->r.x + x, p->r.y + y, 1, 1}, style, cp);
}

static double largest(const double *v, size_t n)
{
	double most = (double)NAN;
	for (size_t i = 0; i < n; i++)
		most = fmax(most, v[i]);
	return most;
}

/* The last value that there is, within the newest few. */
static struct metric latest(const double *v, size_t n)
{
	return n && !isnan(v[n - 1]) ? metric_ok(v[n - 1]) : metric_none(METRIC_ABSENT, NULL);
}

static char *number(double v, enum field_unit unit, bool ascii, char *buf, size_t size)
{
	return metric_text(isnan(v) ? metric_none(METRIC_ABSENT, NULL) : metric_ok(v), unit, ascii, buf, size);
}

/* One more number, where there is room for all of it. */
static void head_part(struct page *p, int *x, const char *name, const char *number)
{
	char text[CELL_MAX + 64];
	(void)snprintf(text, sizeof(text), "%s %s", name, number);
	int w = text_width(text);
	if (*x + w > p->area.w)
		return;
	page_at(p, *x, w, STYLE_NORMAL, text);
	*x += w + 3;
}

/* "CPU  used 0.45   given 0.50   highest 0.52". */
static void head(struct page *p, const struct graph *g, const double *const v[3], size_t n)
{
	char buf[CELL_MAX];
	bool ascii = p->canvas && p->canvas->ascii;
	int x = text_width(g->title) + 2;
	page_at(p, 0, p->area.w, STYLE_TITLE, g->title);
	head_part(p, &x, g->main_name ? g->main_name : "used",
	          metric_text(latest(v[0], n), g->unit, ascii, buf, sizeof(buf)));
	if (v[1])
		head_part(p, &x, g->second_name, metric_text(latest(v[1], n), g->unit, ascii, buf, sizeof(buf)));
	if (v[2] && !isnan(v[2][n - 1]))
		head_part(p, &x, "given", number(v[2][n - 1], g->unit, ascii, buf, sizeof(buf)));
	double most = fmax(largest(v[0], n), v[1] ? largest(v[1], n) : (double)NAN);
	head_part(p, &x, "highest", number(most, g->unit, ascii, buf, sizeof(buf)));
	page_next(p);
}

/* Below the first reading how long ago it was, where there is room. */
static void time_axis(struct page *p, const struct plot *plot, size_t known, double span_sec)
{
	char span[CELL_MAX], text[64];
	int x = SCALE_W + 1 + plot->r.w - (int)(known + 1) / plot->dots_x;
	(void)snprintf(text, sizeof(text), "%s ago", units_duration(span, sizeof(span), span_sec));
	if (span_sec > 0 && x + text_width(text) + 4 < p->area.w)
		page_at(p, x, 20, STYLE_DIM, text);
	page_at(p, p->area.w - 3, 3, STYLE_DIM, "now");
}

int graph_height(const struct tui *t, int of)
{
	int h = t->layout.body.h / of - 2;
	return (h < 4 ? 4 : h > 12 ? 12 : h) + t->taller;
}

bool graph_has_values(const struct tui *t, const struct trend *tr, const struct graph *g)
{
	static double data[GRAPH_POINTS];
	const enum trend_series series[2] = {g->main, g->second};
	double span;
	for (int i = 0; tr && i < 2; i++) {
		for (size_t k = 0; k < GRAPH_POINTS; k++)
			data[k] = (double)NAN;
		if (series[i] == TREND_MAX)
			continue;
		(void)trend_values(t->trends, tr, series[i], t->zoom > 0, t->frame->snap->host.real_usec, data,
		                   GRAPH_POINTS, &span);
		if (!isnan(largest(data, GRAPH_POINTS)))
			return true;
	}
	return false;
}

void graph_tile(struct page *p, const struct tui *t, const struct trend *tr, const struct graph *g, int h)
{
	static double data[3][GRAPH_POINTS];
	bool ascii = p->canvas && p->canvas->ascii;
	const enum trend_series series[3] = {g->main, g->second, g->cap};
	const double *v[3] = {NULL};
	int cells = p->area.w - SCALE_W - 1,
	    kind = ascii             ? PLAIN
	           : t->looks.blocks ? BLOCKS
	                             : DOTS,
	    dots_x = kind == DOTS ? 2 : 1;
	if (!p->canvas) {
		p->line += h + 2;
		return;
	}
	size_t n = (size_t)(cells < 1 ? 1 : cells) * (size_t)dots_x;
	n = n > GRAPH_POINTS ? GRAPH_POINTS : n;
	double span = 0;
	size_t known = 0;
	for (int i = 0; i < 3; i++) {
		if (series[i] == TREND_MAX || (!tr && i > 0))
			continue;
		for (size_t k = 0; k < n; k++)
			data[i][k] = (double)NAN;
		if (tr)
			known = trend_values(t->trends, tr, series[i], t->zoom > 0, t->frame->snap->host.real_usec,
			                     data[i], n, &span);
		v[i] = data[i];
	}
	if (!v[0])
		return;
	head(p, g, v, n);
	if (t->trends && !tr)
		page_at(p, SCALE_W + 1, p->area.w, STYLE_DIM, "nothing was kept of it: there are too many others");
	/* The cap belongs into the picture, unless the use would be a line on the floor for it. */
	double most = fmax(fmax(largest(v[0], n), v[1] ? largest(v[1], n) : (double)NAN), g->least);
	double cap = v[2] ? v[2][n - 1] : (double)NAN;
	bool shown = !isnan(cap) && cap > 0 && (isnan(most) || most <= 0 || cap <= most * 12);
	double top = shown ? fmax(most, cap) : most;
	struct plot plot = {.c = p->canvas,
	                    .r = {p->area.x + SCALE_W + 1, p->area.y + p->line, (int)n / dots_x, h},
	                    .kind = kind,
	                    .dots_x = dots_x,
	                    .dots_y = kind == DOTS     ? 4
	                              : kind == BLOCKS ? 8
	                                               : 1,
	                    .top = isnan(top) || top <= 0 ? 1 : top * 1.02};
	char text[CELL_MAX];
	page_at(p, 0, SCALE_W, STYLE_DIM, number(top, g->unit, ascii, text, sizeof(text)));
	for (int y = 0; y < h; y++)
		for (int x = 0; x < plot.r.w; x++)
			plot_cell(&plot, x, y, v[0] + x * dots_x, v[1] ? v[1] + x * dots_x : NULL,
			          shown ? cap : (double)NAN);
	if (!isnan(cap) && !shown) /* above the picture */
		page_at(p, p->area.w - 14, 14, STYLE_WARN, ascii ? "^ given above" : "▲ given above");
	p->line += h;
	time_axis(p, &plot, known, span);
	page_next(p);
}
