/* The dashboard's state: see tui.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define MESSAGE_TICKS 5

struct tui *tui_new(void)
{
	struct tui *t = xcalloc(1, sizeof(*t));
	for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++)
		t->at[k] = (struct strbuf)STRBUF_INIT;
	t->detail_id = (struct strbuf)STRBUF_INIT;
	t->detail_name = (struct strbuf)STRBUF_INIT;
	t->page = 1;
	t->self_pct = -1;
	return t;
}

void tui_free(struct tui *t)
{
	if (!t)
		return;
	for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++)
		strbuf_release(&t->at[k]);
	strbuf_release(&t->detail_id);
	strbuf_release(&t->detail_name);
	free(t);
}

struct query tui_query(const struct tui *t)
{
	return (struct query){.sort = t->sort, .down = t->down, .filter = t->filter};
}

void tui_set_sort(struct tui *t, const struct field *f, bool down)
{
	t->sort = f;
	t->down = down;
}

void tui_set_filter(struct tui *t, const char *filter)
{
	(void)snprintf(t->filter, sizeof(t->filter), "%s", filter ? filter : "");
	(void)text_clean(t->filter, FILTER_MAX);
}

size_t tui_count(const struct tui *t, enum instance_kind kind)
{
	return t->sel ? t->sel->rows[kind].n : 0;
}

const struct row *tui_row(const struct tui *t, enum instance_kind kind, size_t i)
{
	return i < tui_count(t, kind) ? t->sel->rows[kind].v[i] : NULL;
}

const struct row *tui_current(const struct tui *t)
{
	return tui_row(t, t->focus, t->cursor[t->focus]);
}

void tui_cursor_to(struct tui *t, enum instance_kind kind, size_t i)
{
	size_t n = tui_count(t, kind);
	t->cursor[kind] = !n ? 0 : i < n ? i : n - 1;
	const struct row *r = tui_row(t, kind, t->cursor[kind]);
	strbuf_clear(&t->at[kind]);
	if (r)
		strbuf_str(&t->at[kind], r->inst->id);
}

/* The cursor follows its instance; when that is gone it stays on the same line. */
static void restore_cursor(struct tui *t, enum instance_kind kind)
{
	for (size_t i = 0; i < tui_count(t, kind); i++)
		if (strcmp(tui_row(t, kind, i)->inst->id, t->at[kind].buf) == 0) {
			t->cursor[kind] = i;
			return;
		}
	tui_cursor_to(t, kind, t->cursor[kind]);
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
	for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++)
		restore_cursor(t, (enum instance_kind)k);
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

const char *tui_jump_text(const struct tui *t)
{
	return t->jump;
}

const char *tui_kind_title(enum instance_kind kind)
{
	return kind == INSTANCE_VM ? "VMs" : "CONTAINERS";
}

static void draw_pane(struct tui *t, struct canvas *c)
{
	static const struct {
		const char *title;
		void (*page)(struct page *, const struct tui *);
	} panes[PANE_MAX] = {
	        [PANE_DETAIL] = {"DETAIL", detail_page},
	        [PANE_HELP] = {"HELP", help_page},
	        [PANE_SORT] = {"SORT BY", sort_page},
	        [PANE_NOTICES] = {"NOT SEEN HERE, AND WHY", notices_page},
	};
	struct rect area = {1, 1, c->columns - 2, c->rows - 2};
	int x = canvas_text(c, 0, 0, c->columns, STYLE_TITLE, panes[t->pane].title);
	if (t->pane == PANE_DETAIL)
		(void)canvas_text(c, x + 2, 0, c->columns - x - 16, STYLE_TITLE, t->detail_name.buf);
	page_show(t, c, area, panes[t->pane].page);
}

void tui_draw(struct tui *t, struct canvas *c)
{
	const size_t counts[INSTANCE_KIND_MAX] = {tui_count(t, INSTANCE_CONTAINER), tui_count(t, INSTANCE_VM)};
	canvas_clear(c);
	t->layout = layout_compute(c->columns, c->rows, counts, t->focus);
	if (t->layout.too_small) {
		(void)canvas_fmt(c, 0, 0, c->columns, STYLE_WARN, "too small: vctop needs %dx%d", LAYOUT_COLUMNS_MIN,
		                 LAYOUT_ROWS_MIN);
		return;
	}
	if (t->pane != PANE_LISTS) {
		draw_pane(t, c);
	} else {
		band_draw(t, c);
		for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++)
			list_draw(t, c, (enum instance_kind)k);
	}
	footer_draw(t, c);
}
