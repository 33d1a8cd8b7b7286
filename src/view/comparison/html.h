/* What the parts of the page share. */
#ifndef VIEW_COMPARISON_HTML_H
#define VIEW_COMPARISON_HTML_H

#include <stdbool.h>

#include "vctop/view/views.h"
#include "view/comparison/grid.h"

/* s as text: nothing in it is markup, in an element or in a quoted attribute. */
void html_text(struct strbuf *out, const char *s);
/* <tag attributes>text</tag>; attributes NULL: none. */
void html_element(struct strbuf *out, const char *tag, const char *attributes, const char *text);

#define CHART_COLORS 8
#define CHART_PARTS 16
#define CHART_OTHER 31 /* the colour of what the parts leave over; others are below */

/* A bar of parts, one after the other. */
struct chart_part {
	const char *name; /* borrowed */
	unsigned color;   /* of the legend; also its letter */
	double value;
};
struct chart_bar {
	const char *label; /* NULL: belongs to the bar above */
	const char *sub;   /* "under load"; NULL */
	bool emulated;     /* hatched, and labelled */
	struct chart_part part[CHART_PARTS];
	unsigned parts;
	double min, max; /* whisker; both 0: none */
	double outline;  /* a box around the bar, to here: what it was given; 0: none */
	char text[64];   /* behind the bar: its number */
};
struct chart {
	const char *title; /* for who cannot see it */
	struct chart_bar *bar;
	unsigned bars;
	bool apart; /* emulated ones on a scale of their own, below the others */
	bool small; /* lower bars, for charts of many */
};
/* The chart as inline SVG, with a legend when a bar has several parts. */
void html_chart(struct strbuf *out, const struct chart *c);

struct html_page {
	const struct comparison *c;
	const struct comparison_view *v;
	const struct grid *g;
	struct strbuf *out;
};
enum html_split {
	SPLIT_NONE,
	SPLIT_PHASES, /* the start's */
	SPLIT_PARTS   /* the figures below it in the table */
};
/* A chart of one figure over all subjects, and how it was measured. */
void html_figure(const struct html_page *p, enum figure f, enum html_split split, bool apart);
void html_memory(const struct html_page *p); /* given, used, held */
void html_disk(const struct html_page *p);
/* How a figure is measured; with anchors what others published. */
void html_caption(const struct html_page *p, enum figure f);

extern const char *const html_style[]; /* NULL-terminated pieces of the style sheet */

#endif
