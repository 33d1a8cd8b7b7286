/*
 * The views: each shows a frame and knows nothing of where it came from.
 */
#ifndef VCTOP_VIEW_VIEWS_H
#define VCTOP_VIEW_VIEWS_H

#include <stdio.h>

#include "vctop/base/strbuf.h"
#include "vctop/model/comparison.h"
#include "vctop/model/selection.h"
#include "vctop/view/canvas.h"

/* One vctop.snapshot/1 object and a newline, appended to out. */
void json_frame(const struct frame *f, struct strbuf *out);
/* Takes a part of a text: 0 or -errno. */
typedef int (*text_write)(void *data, const struct strbuf *text);
/* The same written in parts, so that it need not be in memory whole; out: room for one. The first -errno of writing. */
int json_frame_write(const struct frame *f, struct strbuf *out, text_write write, void *data);
/* What was concluded of one resource ("cpu", "memory", "instance") of one instance. */
struct verdict_line {
	int64_t time_usec;
	const char *host, *id, *name, *resource;
	enum instance_kind kind;
	struct verdict verdict;
};
/* One vctop.verdict/1 object and a newline, appended to out. */
void json_verdict(const struct verdict_line *l, struct strbuf *out);
/* The plain table, as `top -b`: host lines, then the selected rows.  columns: NULL-terminated, NULL for the default. */
void plain_frame(const struct frame *f, const struct selection *sel, const struct field *const *columns, bool ascii,
                 struct strbuf *out);

/* A grid of cells as an SVG picture, appended to out. */
void svg_canvas(const struct canvas *c, struct strbuf *out);

/* A comparison: on a terminal of so many columns, as one vctop.compare/1 object, as Markdown, as one HTML file. */
struct comparison_view {
	int columns;
	bool ascii, color;
	bool anchors; /* beside each figure what others published */
};
void comparison_plain(const struct comparison *c, const struct comparison_view *v, struct strbuf *out);
void comparison_json(const struct comparison *c, struct strbuf *out);
void comparison_markdown(const struct comparison *c, const struct comparison_view *v, struct strbuf *out);
void comparison_html(const struct comparison *c, const struct comparison_view *v, struct strbuf *out);

#endif
