/* The dashboard's state: see tui.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define MESSAGE_TICKS 5
#define FOOT_H 5

struct tui *tui_new(void)
{
	struct tui *t = xcalloc(1, sizeof(*t));
	for (unsigned l = 0; l < LIST_MAX; l++)
		t->cursor[l].at = (struct strbuf)STRBUF_INIT;
	t->hand_id = t->copied = (struct strbuf)STRBUF_INIT;
	t->hand_name = t->chosen_text = (struct strbuf)STRBUF_INIT;
	t->page = 1;
	t->self_pct = -1;
	return t;
}

void tui_free(struct tui *t)
{
	if (!t)
		return;
	for (unsigned l = 0; l < LIST_MAX; l++)
		strbuf_release(&t->cursor[l].at);
	for (size_t i = 0; i < t->folded.n; i++)
		free(t->folded.v[i]);
	vec_free(&t->folded);
	tags_clear(t);
	vec_free(&t->tagged);
	strbuf_release(&t->copied);
	vec_free(&t->spots);
	strbuf_release(&t->hand_id);
	strbuf_release(&t->hand_name);
	strbuf_release(&t->chosen_text);
	vec_free(&t->chosen);
	free(t);
}

struct query tui_query(const struct tui *t)
{
	return (struct query){.sort = t->sort,
	                      .down = t->down,
	                      .filter = t->typed[EDIT_FILTER],
	                      .tree = t->view == VIEW_TREE,
	                      .folded = (const char *const *)t->folded.v,
	                      .folded_n = t->folded.n};
}

void tui_set_sort(struct tui *t, const struct field *f, bool down)
{
	t->sort = f;
	t->down = down;
}

const struct field *tui_sort_field(const struct tui *t)
{
	return t->sort ? t->sort : field_by_key("name");
}

void tui_set_filter(struct tui *t, const char *filter)
{
	(void)snprintf(t->typed[EDIT_FILTER], sizeof(t->typed[EDIT_FILTER]), "%s", filter ? filter : "");
	(void)text_clean(t->typed[EDIT_FILTER], FILTER_MAX);
}

size_t tui_count(const struct tui *t, enum list l)
{
	return t->sel ? t->sel->rows[l].n : 0;
}

const struct row *tui_row(const struct tui *t, enum list l, size_t i)
{
	return i < tui_count(t, l) ? t->sel->rows[l].v[i] : NULL;
}

enum list tui_list(const struct tui *t)
{
	return t->view == VIEW_OVERVIEW ? (enum list)t->focus : view_table[t->view].list;
}

bool tui_services(const struct tui *t)
{
	return t->frame && t->frame->snap->with_services;
}

const struct row *tui_find(const struct tui *t, const char *id)
{
	for (size_t i = 0; t->frame && i < t->frame->rows.n; i++)
		if (strcmp(t->frame->rows.v[i].inst->id, id) == 0)
			return &t->frame->rows.v[i];
	for (size_t i = 0; t->frame && i < t->frame->services.n; i++)
		if (strcmp(t->frame->services.v[i].inst->id, id) == 0)
			return &t->frame->services.v[i];
	return NULL;
}

const struct row *tui_in_hand(const struct tui *t)
{
	return tui_find(t, t->hand_id.buf);
}

const char *tui_hand_name(const struct tui *t)
{
	const struct row *r = tui_in_hand(t);
	return r ? r->inst->name : t->hand_name.buf;
}

const struct row *tui_current(const struct tui *t)
{
	enum list l = tui_list(t);
	return l < LIST_MAX ? tui_row(t, l, t->cursor[l].row) : tui_in_hand(t);
}

void tui_take(struct tui *t, const struct row *r)
{
	strbuf_clear(&t->hand_id);
	strbuf_str(&t->hand_id, r->inst->id);
	strbuf_clear(&t->hand_name);
	strbuf_str(&t->hand_name, r->inst->name);
}

void tui_cursor_to(struct tui *t, enum list l, size_t i)
{
	size_t n = tui_count(t, l);
	struct cursor *c = &t->cursor[l];
	c->row = !n ? 0 : i < n ? i : n - 1;
	const struct row *r = tui_row(t, l, c->row);
	strbuf_clear(&c->at);
	if (r)
		strbuf_str(&c->at, r->inst->id);
}

void tui_go_to(struct tui *t, enum list l, size_t i)
{
	if (l <= LIST_SERVICE)
		t->focus = (enum instance_kind)l;
	tui_cursor_to(t, l, i);
}

/* The cursor follows its instance; when that is gone it stays on the same line. */
static void restore_cursor(struct tui *t, enum list l)
{
	for (size_t i = 0; i < tui_count(t, l); i++)
		if (strcmp(tui_row(t, l, i)->inst->id, t->cursor[l].at.buf) == 0) {
			t->cursor[l].row = i;
			return;
		}
	tui_cursor_to(t, l, t->cursor[l].row);
}

void tui_open(struct tui *t, enum view_id v)
{
	bool opens = v > VIEW_COMPARE, above = t->view > VIEW_COMPARE;
	const struct row *r = tui_current(t);
	if (!r || !tui_find(t, r->inst->id)) /* no list, or a group: as in the overview, unless one is in hand */
		r = t->hand_id.len ? NULL : tui_row(t, (enum list)t->focus, t->cursor[t->focus].row);
	if (view_table[v].about && r)
		tui_take(t, r);
	if (opens)
		t->back[v] = above ? t->back[t->view] : t->view;
	else if (v == VIEW_INSTANCE && view_table[t->view].list < LIST_MAX)
		t->back[v] = t->view;
	t->view = v;
	t->scroll = 0;
	t->choice = 0;
	for (unsigned i = 0; view_table[v].take && sortable_field(i); i++)
		if (sortable_field(i) == tui_sort_field(t))
			t->choice = i;
}

static void note_self_cost(struct tui *t, const struct frame *f)
{
	int64_t now = f->snap->host.mono_usec, span = now - t->last_mono_usec;
	if (span == 0)
		return; /* the same tick again, after a change of the query */
	if (t->last_mono_usec && span > 0 && f->self.cpu_sec >= t->last_cpu_sec)
		t->self_pct = (f->self.cpu_sec - t->last_cpu_sec) * 1e8 / (double)span;
	t->last_mono_usec = now;
	t->last_cpu_sec = f->self.cpu_sec;
	if (t->message_ticks > 0 && --t->message_ticks == 0)
		t->message[0] = '\0';
}

void tui_set_frame(struct tui *t, const struct frame *f, const struct selection *sel)
{
	t->frame = f;
	t->sel = sel;
	if (!f)
		return;
	note_self_cost(t, f);
	if (t->focus == INSTANCE_SERVICE && !tui_services(t))
		t->focus = INSTANCE_CONTAINER;
	for (enum list l = 0; l < LIST_MAX; l++)
		restore_cursor(t, l);
}

void tui_set_trends(struct tui *t, const struct trends *trends)
{
	t->trends = trends;
}

void tui_set_message(struct tui *t, const char *text)
{
	(void)snprintf(t->message, sizeof(t->message), "%s", text ? text : "");
	(void)text_clean(t->message, sizeof(t->message) - 1);
	t->message_ticks = MESSAGE_TICKS;
}

void tui_set_timing(struct tui *t, double delay_sec, bool paused)
{
	t->delay_sec = delay_sec;
	t->paused = paused;
}

void tui_set_replay(struct tui *t, double speed)
{
	t->replay_speed = speed;
}

void tui_set_behind(struct tui *t, int64_t behind_usec, const char *remembered)
{
	t->behind_usec = behind_usec;
	(void)snprintf(t->remembered, sizeof(t->remembered), "%s", remembered ? remembered : "");
}

const char *tui_jump_text(const struct tui *t)
{
	return t->typed[EDIT_TIME];
}

struct tui_looks tui_looks(const struct tui *t)
{
	return t->looks;
}

void tui_set_looks(struct tui *t, struct tui_looks looks)
{
	t->looks = looks;
}

const char *tui_load(const struct tui *t)
{
	return t->load;
}

const char *tui_list_title(enum list l)
{
	static const char *const titles[LIST_MAX] = {"CONTAINERS", "VMs", "HOST'S OWN", "TREE", "TO TAKE BACK"};
	return titles[l];
}

void tui_spot(struct tui *t, struct spot s)
{
	vec_push(&t->spots, s);
}

static void draw_tiles(struct tui *t, struct canvas *c, const struct view *v)
{
	struct rect area = t->layout.body;
	if (t->view > VIEW_COMPARE) { /* opened over a view: a title of its own, and its text set in */
		char title[64];
		size_t n = 0;
		for (; v->name[n] && n + 1 < sizeof(title); n++)
			title[n] = v->name[n] >= 'a' && v->name[n] <= 'z' ? (char)(v->name[n] - 'a' + 'A') : v->name[n];
		title[n] = '\0';
		canvas_fill(c, t->layout.title, STYLE_NORMAL, ' ');
		int x = canvas_text(c, 0, 0, c->columns, STYLE_TITLE, title);
		if (v->about)
			(void)canvas_text(c, x + 2, 0, c->columns - x - 16, STYLE_TITLE, tui_hand_name(t));
		area = (struct rect){1, 1, c->columns - 2, c->rows - 2};
	}
	if (v->take) { /* below the menu, where the chosen field comes from */
		area.h -= 2;
		(void)canvas_fmt(c, area.x, area.y + area.h + 1, area.w, STYLE_DIM, "from: %s",
		                 sortable_field(t->choice)->source);
		/* The choice stays in view; there is nothing else to scroll. */
		t->scroll = (int)t->choice < area.h ? 0 : (int)t->choice - area.h + 1;
	}
	tiles_show(t, c, area, v->tiles, v->tile_w);
}

static void draw_lists(struct tui *t, struct canvas *c, const struct view *v)
{
	const struct layout *l = &t->layout;
	if (t->view == VIEW_OVERVIEW) {
		for (enum list k = LIST_CONTAINER; k <= LIST_SERVICE; k++)
			list_draw(t, c, k, l->list[k]);
		return;
	}
	struct rect area = l->body;
	if (v->foot && area.h > 3 * FOOT_H) {
		area.h -= FOOT_H;
		struct page p = {.canvas = c, .area = {area.x, area.y + area.h, area.w, FOOT_H}, .line = 1};
		v->foot(&p, t);
	}
	list_draw(t, c, v->list, area);
}

void tui_draw(struct tui *t, struct canvas *c)
{
	const struct view *v = &view_table[t->view];
	struct layout_wish wish = {.services = tui_services(t), .band = v->band, .focus = t->focus};
	for (enum list l = LIST_CONTAINER; l <= LIST_SERVICE; l++)
		wish.counts[l] = tui_count(t, l);
	canvas_clear(c);
	t->spots.n = 0;
	t->scrolled_pct = -1;
	t->layout = layout_compute(c->columns, c->rows, &wish);
	if (t->layout.too_small) {
		(void)canvas_fmt(c, 0, 0, c->columns, STYLE_WARN, "too small: vctop needs %dx%d", LAYOUT_COLUMNS_MIN,
		                 LAYOUT_ROWS_MIN);
		return;
	}
	band_draw(t, c);
	if (v->list < LIST_MAX)
		draw_lists(t, c, v);
	else
		draw_tiles(t, c, v);
	footer_draw(t, c);
}
