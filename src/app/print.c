/* Frames as text: --json, -b, and --screen, which draws one screen of the dashboard. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "app/moment.h"
#include "vctop/base/clock.h"
#include "vctop/derive/derive.h"
#include "vctop/view/tui.h"
#include "vctop/view/views.h"

#define LEAST_LEARNED_SEC 30 /* of CPU and of memory */

static struct query query_of(const struct view_options *o)
{
	bool down = o->sort && o->sort->sort_down;
	return (struct query){.sort = o->sort,
	                      .down = o->reverse ? !down : down,
	                      .filter = o->filter,
	                      .hide_stopped = o->hide_stopped};
}

static void show_rows(struct tui *t, const struct view_options *o, const struct frame *f, struct selection *sel)
{
	struct query q = tui_query(t);
	q.hide_stopped = q.hide_stopped || o->hide_stopped;
	select_rows(f, &q, sel);
	tui_set_frame(t, f, sel);
}

/* One screen, with what it shows. */
struct screen {
	struct tui *tui;
	struct canvas canvas;
	struct selection sel;
};

static void screen_release(struct screen *s)
{
	canvas_release(&s->canvas);
	selection_release(&s->sel);
	tui_free(s->tui);
}

static void screen_fill(struct screen *s, const struct view_options *o, const struct frame *f,
                        const struct trends *trends)
{
	struct query q = query_of(o);
	struct tui *t = s->tui = tui_new();
	s->sel = (struct selection){0};
	tui_set_trends(t, trends);
	tui_set_sort(t, q.sort, q.down);
	if (o->filter)
		tui_set_filter(t, o->filter);
	tui_set_timing(t, o->delay, false);
	if (o->replay)
		tui_set_replay(t, o->speed > 0 ? o->speed : 1);
	show_rows(t, o, f, &s->sel);
	canvas_init(&s->canvas, o->screen_columns, o->screen_rows, o->ascii);
	tui_draw(t, &s->canvas); /* keys act on what was seen */
	for (const char *k = o->screen_keys; k && *k; k++) {
		(void)tui_key(t, *k == '\n' ? KEYCODE_ENTER : *k == '\t' ? KEYCODE_TAB : (unsigned char)*k);
		show_rows(t, o, f, &s->sel);
		tui_draw(t, &s->canvas);
	}
}

static void draw_screen(const struct view_options *o, const struct frame *f, const struct trends *trends,
                        struct strbuf *out)
{
	struct screen s;
	screen_fill(&s, o, f, trends);
	if (o->svg)
		svg_canvas(&s.canvas, out);
	else
		canvas_dump(&s.canvas, out);
	screen_release(&s);
}

/* Which instance the keys lead to: what runs in it must be asked for before it is read. */
static char *find_detail(const struct view_options *o)
{
	struct engine e;
	struct screen s;
	char *id = NULL;
	if (view_open(o, &e, NULL) == 0 && engine_tick(&e, NULL) == 0) {
		for (unsigned long n = o->count ? o->count : 1; !e.live && n && engine_tick(&e, NULL) == 0; n--)
			;
		screen_fill(&s, o, e.frame, NULL);
		id = tui_detail(s.tui) ? xstrdup(tui_detail(s.tui)) : NULL;
		screen_release(&s);
	}
	engine_close(&e);
	return id;
}

static int write_part(void *data, const struct strbuf *text)
{
	(void)data;
	signals_put_off(); /* who reads, however slowly, gets all */
	return app_write(text);
}

/* A screen shows the last of all frames, and in its graphs those before it. */
static int write_frame(const struct view_options *o, const struct frame *f, struct trends *trends, struct strbuf *out)
{
	strbuf_clear(out);
	if (o->screen_columns) {
		trends_add(trends, f);
	} else if (o->json) {
		return json_frame_write(f, out, write_part, NULL);
	} else {
		struct selection sel = {0};
		struct query q = query_of(o);
		select_rows(f, &q, &sel);
		plain_frame(f, &sel, o->columns, o->ascii, out);
		selection_release(&sel);
	}
	return app_write(out);
}

static int show(const struct view_options *o, const struct frame *f, struct trends *trends, struct strbuf *out)
{
	signals_put_off();
	int r = write_frame(o, f, trends, out);
	signals_let();
	return r;
}

static void wait_until(int64_t mono_usec)
{
	struct timespec ts = {mono_usec / 1000000, mono_usec % 1000000 * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

void view_remember(const struct view_options *o, enum past_mode mode, struct engine *e)
{
	engine_remember(e, o->no_history ? PAST_MEMORY : mode, PAST_SAVE_SEC);
}

int view_open(const struct view_options *o, struct engine *e, struct error *err)
{
	int64_t usec;
	if (!o->replay) {
		int r = engine_open(e, o->root, err);
		if (r < 0)
			return r;
		engine_ask(e, &(struct guest_questions){o->qmp.v, o->qmp.n, o->guest_api});
		e->source->services = o->services;
		e->source->no_bpf = o->no_bpf;
		return 0;
	}
	int r = engine_open_replay(e, o->replay, err);
	r = r < 0 ? r : engine_tick(e, err);
	if (r < 0 || !o->at)
		return r;
	int64_t first, last;
	replay_span(e->replay, &first, &last);
	r = moment_parse(o->at, e->frame->snap->host.real_usec, first, last, &usec);
	return r < 0 ? error_set(err, EINVAL, "--at: %s: not HH:MM[:SS] nor the beginning of an RFC 3339 time", o->at)
	             : engine_seek(e, usec, err);
}

/* Live: a second reading, a delay after the first. Recorded: the next moment, when its time has come. */
static int next_frame(const struct view_options *o, struct engine *e, int64_t *due, struct error *err)
{
	int64_t now = clock_mono_usec(), then;
	if (e->live) {
		*due += (int64_t)(o->delay * 1e6);
	} else if (e->replay && o->speed > 0) {
		int r = replay_peek(e->replay, &then, err);
		if (r < 0)
			return r;
		*due += moment_wait(e->frame, e->frame->snap->host.real_usec, then, o->speed);
	}
	if (e->live || e->replay) {
		*due = *due < now ? now : *due; /* behind: go on from now, do not catch up in a burst */
		wait_until(*due);
	}
	return engine_tick(e, err);
}

/* Of a recording every line is a frame; a host or a tree must be looked at twice for rates. */
static int print_all(const struct view_options *o, struct engine *e, struct trends *trends, struct strbuf *out,
                     struct error *err)
{
	unsigned long shown = 0, count = o->count ? o->count : o->replay && !o->screen_columns ? ULONG_MAX : 1;
	int64_t due = clock_mono_usec();
	int r = 0, w = 0;
	if (e->replay)
		w = show(o, e->frame, trends, out), shown++;
	while (r == 0 && w == 0 && shown < count) {
		r = next_frame(o, e, &due, err);
		if (r == -ENODATA && (shown > 0 || e->replay))
			break;
		if (r < 0 && r != -ENODATA)
			break;
		/* A tree of one moment has no second: show the first, its rates marked as such. */
		w = show(o, e->frame, trends, out);
		shown++;
	}
	if (o->screen_columns && (r == 0 || r == -ENODATA)) {
		draw_screen(o, e->frame, trends, out);
		w = app_write(out);
	}
	if (w < 0)
		return w == -EPIPE ? 0 : error_set(err, -w, "standard output: %s", strerror(-w));
	return r == -ENODATA ? 0 : r;
}

int print_frames(const struct view_options *o)
{
	struct engine e;
	struct error err = {0};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	cleanup_free char *detail = o->screen_keys && !o->replay ? find_detail(o) : NULL;
	int r = view_open(o, &e, &err);
	if (r == 0 && !o->replay) {
		e.source->detail = detail;
		e.source->once = o->count <= 1;
		/* Nothing is concluded from less than a minute, and of two readings nothing is kept. */
		if (!o->no_history || !e.source->once || o->delay >= LEAST_LEARNED_SEC)
			view_remember(o, PAST_READ, &e);
		r = engine_tick(&e, &err);
	}
	struct trends *trends = trends_new();
	if (r == 0)
		r = print_all(o, &e, trends, &out, &err);
	trends_free(trends);
	if (e.replay && replay_trouble(e.replay))
		(void)app_failf(0, "%s: %s", o->replay, replay_trouble(e.replay));
	engine_close(&e);
	return r < 0 ? app_fail(r == -EINVAL && o->at ? EXIT_BAD_USE : EXIT_FAILURE, &err) : EXIT_SUCCESS;
}
