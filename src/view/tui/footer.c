/* The bottom: what could not be seen and what vctop costs; then the prompt, a message, or the keys. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

struct hint {
	const char *key, *what;
};

static void draw_hints(struct canvas *c, struct rect r, const struct hint *h, unsigned n)
{
	int x = r.x;
	for (unsigned i = 0; i < n; i++) {
		int w = text_width(h[i].key) + 1 + text_width(h[i].what);
		if (x + w > r.x + r.w)
			return;
		x += canvas_text(c, x, r.y, r.w, STYLE_KEY, h[i].key) + 1;
		x += canvas_text(c, x, r.y, r.w, STYLE_NORMAL, h[i].what) + 2;
	}
}

static int draw_cost(const struct tui *t, struct canvas *c, struct rect r)
{
	char text[64], pct[CELL_MAX], rss[CELL_MAX];
	struct metric m = t->self_pct >= 0 ? metric_ok(t->self_pct) : metric_none(METRIC_FIRST, "one reading so far");
	(void)snprintf(text, sizeof(text), "vctop itself: %s of a core, %s",
	               metric_text(m, UNIT_PERCENT, c->ascii, pct, sizeof(pct)),
	               units_bytes(rss, sizeof(rss), t->frame->self.rss_bytes));
	const char *s = r.w >= 100 ? text : text + strlen("vctop itself: ");
	int w = text_width(s);
	(void)canvas_text(c, r.x + r.w - w, r.y, w, STYLE_DIM, s);
	return w;
}

static void draw_status(const struct tui *t, struct canvas *c, struct rect r)
{
	if (!t->frame)
		return;
	int left = r.w - draw_cost(t, c, r) - 3;
	const struct snapshot *s = t->frame->snap;
	if (!s->notices.n)
		return;
	const struct notice *first = &s->notices.v[0];
	(void)canvas_fmt(c, r.x, r.y, left, STYLE_DIM, "! %zu notice%s: %s: %s", s->notices.n,
	                 s->notices.n > 1 ? "s" : "", first->what, first->why ? first->why : "-");
}

static void draw_prompt(const struct tui *t, struct canvas *c, struct rect r)
{
	int x = r.x + canvas_text(c, r.x, r.y, r.w, STYLE_KEY, t->editing == EDIT_TIME ? "Go to" : "Filter") + 1;
	const char *s = t->editing == EDIT_TIME ? t->jump : t->filter;
	/* Of a long text the end is shown: that is where it is typed. */
	for (size_t used; text_width(s) > r.x + r.w - x - 24 && *s; s += used)
		(void)text_decode(s, strlen(s), &used);
	x += canvas_text(c, x, r.y, r.w, STYLE_NORMAL, s);
	canvas_fill(c, (struct rect){x, r.y, 1, 1}, STYLE_SELECTED, ' ');
	(void)canvas_text(c, r.x + r.w - 22, r.y, 22, STYLE_DIM,
	                  t->editing == EDIT_TIME ? "Enter go     Esc leave" : "Enter keep   Esc clear");
}

void footer_draw(const struct tui *t, struct canvas *c)
{
	static const struct hint lists[] = {
	        {"?", "help"},         {"Enter", "detail"},   {"/", "filter"},  {"s", "sort"},
	        {"Tab", "other list"}, {"x", "sample pair"},  {"q", "quit"},    {"p", "pause"},
	        {"!", "notices"},      {"X", "stop samples"}, {"+ -", "speed"},
	};
	static const struct hint replay[] = {
	        {"Space", "pause"},    {". ,", "step"}, {"< >", "speed"}, {"t", "go to"},
	        {"Enter", "detail"},   {"?", "help"},   {"/", "filter"},  {"s", "sort"},
	        {"Tab", "other list"}, {"q", "quit"},   {"!", "notices"},
	};
	static const struct hint pane[] = {{"Esc", "close"}, {"j k", "scroll"}, {"g G", "top, end"}, {"F10", "quit"}};
	static const struct hint sort[] = {{"Enter", "sort"}, {"j k", "choose"}, {"Esc", "close"}, {"F10", "quit"}};
	struct rect r = t->layout.footer;
	if (t->layout.status.h && t->pane == PANE_LISTS)
		draw_status(t, c, t->layout.status);
	if (t->editing)
		draw_prompt(t, c, r);
	else if (t->message[0])
		(void)canvas_text(c, r.x, r.y, r.w, STYLE_WARN, t->message);
	else if (t->pane == PANE_SORT)
		draw_hints(c, r, sort, ARRAY_SIZE(sort));
	else if (t->pane != PANE_LISTS)
		draw_hints(c, r, pane, ARRAY_SIZE(pane));
	else if (t->replay_speed > 0)
		draw_hints(c, r, replay, ARRAY_SIZE(replay));
	else
		draw_hints(c, r, lists, ARRAY_SIZE(lists));
}
