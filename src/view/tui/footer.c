/* The bottom: what could not be seen and what vctop costs; then the prompt, a message, or the keys. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

#define TABS_FROM 110 /* columns: the views by their names; else only their keys */

/* The key as the footer names it: the first word of what the help shows; two where both do something. */
static int key_name(const struct binding *b, char *buf, size_t size)
{
	bool pair = b->keys[1] && b->keys[1] < 0x80 && b->keys[0] < 0x80 && b->keys[0] != '/' && b->press != move_focus;
	size_t n = pair ? strlen(b->shown) : strcspn(b->shown, " ");
	(void)snprintf(buf, size, "%.*s", (int)n, b->shown);
	return text_width(buf);
}

static int draw_hint(struct tui *t, struct canvas *c, struct rect r, int x, const char *key, const char *what,
                     uint32_t press, enum style style)
{
	int w = text_width(key) + 1 + text_width(what);
	if (x + w > r.x + r.w)
		return 0;
	tui_spot(t, (struct spot){.area = {x, r.y, w, 1}, .kind = SPOT_KEY, .key = press});
	int at = canvas_text(c, x, r.y, r.w, STYLE_KEY, key) + 1;
	(void)canvas_text(c, x + at, r.y, r.w, style, what);
	return w + 2;
}

static int draw_tabs(struct tui *t, struct canvas *c, struct rect r, int x)
{
	int from = x;
	if (r.w < TABS_FROM) {
		int w = draw_hint(t, c, r, x, "1-6", "views", '2', STYLE_NORMAL);
		return w;
	}
	for (unsigned i = 0; i < VIEW_MAX && view_table[i].key; i++) {
		char key[2] = {(char)view_table[i].key, '\0'};
		x += draw_hint(t, c, r, x, key, view_table[i].name, view_table[i].key,
		               i == t->view ? STYLE_TITLE : STYLE_NORMAL);
	}
	return x - from;
}

static void draw_keys(struct tui *t, struct canvas *c, struct rect r)
{
	if (t->scrolled_pct >= 0) {
		(void)canvas_fmt(c, r.x + r.w - 4, r.y, 4, STYLE_DIM, "%3d%%", t->scrolled_pct);
		r.w -= 6;
	}
	int x = r.x;
	unsigned shown = 0;
	for (unsigned i = 0; i < key_bindings_count; i++) {
		const struct binding *b = &key_bindings[i];
		char key[16];
		if (!b->hint || !binding_works(t, b))
			continue;
		(void)key_name(b, key, sizeof(key));
		int w = draw_hint(t, c, r, x, key, b->hint, b->keys[0], STYLE_NORMAL);
		if (!w)
			return;
		x += w;
		if (++shown == 1 && t->view <= VIEW_COMPARE)
			x += draw_tabs(t, c, r, x);
	}
}

static int draw_cost(const struct tui *t, struct canvas *c, struct rect r)
{
	char text[128], pct[CELL_MAX], rss[CELL_MAX];
	struct metric m = t->self_pct >= 0 ? metric_ok(t->self_pct) : metric_none(METRIC_FIRST, "one reading so far");
	(void)snprintf(text, sizeof(text), "vctop itself: %s of a core, %s",
	               metric_text(m, UNIT_PERCENT, c->ascii, pct, sizeof(pct)),
	               units_bytes(rss, sizeof(rss), t->frame->self.rss_bytes));
	const char *s = r.w >= 100 ? text : text + strlen("vctop itself: ");
	size_t n = strlen(text);
	if (r.w >= 100 && t->remembered[0] && n < sizeof(text))
		(void)snprintf(text + n, sizeof(text) - n, " (%s)", t->remembered);
	int w = text_width(s);
	(void)canvas_text(c, r.x + r.w - w, r.y, w, STYLE_DIM, s);
	return w;
}

static void draw_status(struct tui *t, struct canvas *c, struct rect r)
{
	if (!t->frame)
		return;
	/* What a recording says of it is what recording cost then. */
	int left = t->replay_speed > 0 ? r.w : r.w - draw_cost(t, c, r) - 3;
	const struct snapshot *s = t->frame->snap;
	if (!s->notices.n)
		return;
	const struct notice *first = &s->notices.v[0];
	tui_spot(t, (struct spot){.area = {r.x, r.y, left, 1}, .kind = SPOT_KEY, .key = '!'});
	(void)canvas_fmt(c, r.x, r.y, left, STYLE_DIM, "! %zu notice%s: %s: %s", s->notices.n,
	                 s->notices.n > 1 ? "s" : "", first->what, first->why ? first->why : "-");
}

static void draw_prompt(const struct tui *t, struct canvas *c, struct rect r)
{
	static const struct {
		const char *what, *ends;
	} prompts[] = {[EDIT_FILTER] = {"Filter", "Enter keep   Esc clear"},
	               [EDIT_SEARCH] = {"Search", "Enter stay   Esc back "},
	               [EDIT_TIME] = {"Go to", "Enter go     Esc leave"}};
	int x = r.x + canvas_text(c, r.x, r.y, r.w, STYLE_KEY, prompts[t->editing].what) + 1;
	const char *s = t->typed[t->editing];
	/* Of a long text the end is shown: that is where it is typed. */
	for (size_t used; text_width(s) > r.x + r.w - x - 24 && *s; s += used)
		(void)text_decode(s, strlen(s), &used);
	x += canvas_text(c, x, r.y, r.w, STYLE_NORMAL, s);
	canvas_fill(c, (struct rect){x, r.y, 1, 1}, STYLE_SELECTED, ' ');
	if (t->editing == EDIT_TIME && !*s)
		(void)canvas_text(c, x + 2, r.y, r.w - 26 - x, STYLE_DIM, "10:30, or 2026-11-23T10:30");
	(void)canvas_text(c, r.x + r.w - 22, r.y, 22, STYLE_DIM, prompts[t->editing].ends);
}

void footer_draw(struct tui *t, struct canvas *c)
{
	struct rect r = t->layout.footer;
	if (t->layout.status.h && t->view <= VIEW_COMPARE)
		draw_status(t, c, t->layout.status);
	if (t->editing)
		draw_prompt(t, c, r);
	else if (t->message[0])
		(void)canvas_text(c, r.x, r.y, r.w, STYLE_WARN, t->message);
	else
		draw_keys(t, c, r);
}
