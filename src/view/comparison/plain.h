/* The page on a terminal: what its parts share. */
#ifndef VIEW_COMPARISON_PLAIN_H
#define VIEW_COMPARISON_PLAIN_H

#include "vctop/view/canvas.h"
#include "vctop/view/views.h"
#include "view/comparison/grid.h"

#define GAP 2
#define ID_MAX 18 /* columns of a subject's name */

struct plain_page {
	const struct comparison *c;
	const struct comparison_view *v;
	int columns;
	struct strbuf *out;
};

void plain_styled(const struct plain_page *p, enum style style, const char *s);
/* In so many columns, cut if need be; width below 0: to the left. */
void plain_padded(const struct plain_page *p, enum style style, const char *s, int width);
/* Words on as many lines as they need, from column `at` (which the first line has reached) on. */
void plain_wrapped(const struct plain_page *p, enum style style, int at, const char *s);
void plain_end_line(const struct plain_page *p);
/* An empty line, and the beginning of the next. */
void plain_heading(const struct plain_page *p, const char *s);
enum style plain_kind_style(const struct subject *s);

/* What stands below the table. */
void plain_memory(const struct plain_page *p, const struct grid *g);
void plain_facts(const struct plain_page *p, const struct grid *g);
void plain_notes(const struct plain_page *p, const struct grid *g);

#endif
