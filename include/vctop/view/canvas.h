/*
 * A grid of cells {code point, style} that all screens are drawn into: no terminal, no curses.
 * canvas_dump gives its text, so a golden test needs no tty; term.c puts it on a terminal; svg later.
 * Drawing outside the grid is clipped.  A wide character takes two cells; the second holds cp 0.
 */
#ifndef VCTOP_VIEW_CANVAS_H
#define VCTOP_VIEW_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/strbuf.h"

enum style {
	STYLE_NORMAL,
	STYLE_DIM,
	STYLE_TITLE,
	STYLE_HEAD,     /* column heads */
	STYLE_SELECTED, /* the row under the cursor */
	STYLE_KEY,      /* a key name in the footer */
	STYLE_USED,     /* the used part of a bar */
	STYLE_HELD,     /* held but not used */
	STYLE_FREE,     /* allocated, not held */
	STYLE_GOOD,
	STYLE_WARN,
	STYLE_CRIT,
	STYLE_CONTAINER, /* belongs to containers: title, share of the host */
	STYLE_VM,        /* belongs to VMs */
	STYLE_MAX
};

struct cell {
	uint32_t cp;
	uint32_t marks[2]; /* combining characters */
	enum style style;
};

struct rect {
	int x, y, w, h;
};

struct canvas {
	int columns, rows;
	bool ascii;       /* draw without UTF-8 */
	struct rect clip; /* nothing is drawn outside */
	struct cell *cells;
};

void canvas_init(struct canvas *c, int columns, int rows, bool ascii);
void canvas_resize(struct canvas *c, int columns, int rows);
void canvas_clear(struct canvas *c); /* the clip is the whole grid again */
void canvas_clip(struct canvas *c, struct rect r);
void canvas_release(struct canvas *c);
/* Draws s at (x, y), at most `max` columns, with an ellipsis when cut. Returns the columns drawn. */
int canvas_text(struct canvas *c, int x, int y, int max, enum style style, const char *s);
int canvas_fmt(struct canvas *c, int x, int y, int max, enum style style, const char *fmt, ...) ATTR_PRINTF(6, 7);
void canvas_fill(struct canvas *c, struct rect r, enum style style, uint32_t cp);
/* The grid's text, one line per row, trailing blanks removed. */
void canvas_dump(const struct canvas *c, struct strbuf *ret);

#endif
