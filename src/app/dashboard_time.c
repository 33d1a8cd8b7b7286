/* Which moment the dashboard shows: readings as they come, what it remembers of the last hour, or a recording. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "app/dashboard.h"
#include "app/moment.h"
#include "vctop/base/units.h"

#define MIN_DELAY 0.1
#define MAX_DELAY 60.0
#define MIN_SPEED 0.125
#define FASTEST_USEC 40000 /* between two screens of a replay */
#define SETTLED_TICK 6     /* all that is read only once has been */
#define TRIM_TICKS 60      /* and again: each minute the sentences of verdicts are worded anew, and a moment is kept */

void time_set_timer(const struct dashboard *d, double first)
{
	struct itimerspec it = {0};
	if (!d->paused) {
		it.it_interval.tv_sec = (time_t)d->delay;
		it.it_interval.tv_nsec = (long)((d->delay - (double)it.it_interval.tv_sec) * 1e9);
		it.it_value.tv_sec = (time_t)first;
		it.it_value.tv_nsec = (long)((first - (double)it.it_value.tv_sec) * 1e9);
	}
	(void)timerfd_settime(d->timer, 0, &it, NULL);
}

/* Of a recording: the time of the next moment decides when it comes, and fast ones are passed over. */
void time_schedule_replay(struct dashboard *d)
{
	int64_t then, first, last;
	const struct frame *f = d->engine.frame;
	int64_t shown = f->snap->host.real_usec, passed = shown, skip = (int64_t)(d->speed * FASTEST_USEC);
	replay_span(d->engine.replay, &first, &last); /* the last is always shown, and so is what follows a gap */
	while (replay_peek(d->engine.replay, &then, NULL) == 0 && then > shown && then - shown < skip && then < last &&
	       moment_gap(f, passed, then) <= 0) {
		if (engine_skip(&d->engine) < 0)
			break;
		passed = then;
	}
	bool more = replay_peek(d->engine.replay, &then, NULL) == 0;
	int64_t wait = more ? moment_wait(f, passed, then, d->speed) : FASTEST_USEC;
	double gap = more ? moment_gap(f, passed, then) : 0;
	if (gap > 0) {
		char text[96], span[32];
		(void)snprintf(text, sizeof(text), "nothing was recorded for %s",
		               units_duration(span, sizeof(span), gap));
		tui_set_message(d->tui, text);
	}
	time_set_timer(d, (double)(wait < FASTEST_USEC ? FASTEST_USEC : wait) / 1e6);
}

void time_begin(struct dashboard *d)
{
	if (d->engine.replay)
		time_schedule_replay(d);
	else
		time_tick(d);
}

/* There is no time to go to. */
static bool nothing_yet(struct dashboard *d)
{
	if (!d->shown)
		tui_set_message(d->tui, "the first reading is still being taken");
	return !d->shown;
}

static int64_t now_usec(const struct dashboard *d)
{
	return d->engine.frame->snap->host.real_usec;
}

static int64_t shown_usec(const struct dashboard *d)
{
	return d->shown->snap->host.real_usec;
}

/* How far back one can go and what that costs, and how far back we are. */
static void tell_memory(struct dashboard *d)
{
	char text[48] = "", span[32], bytes[32];
	int64_t oldest = d->moments ? moments_oldest(d->moments) : 0;
	if (oldest)
		(void)snprintf(text, sizeof(text), "%s of it for the last %s",
		               units_bytes(bytes, sizeof(bytes),
		                           (double)(moments_bytes(d->moments) + trends_bytes(d->trends))),
		               units_duration(span, sizeof(span), (double)(now_usec(d) - oldest) / 1e6));
	tui_set_behind(d->tui, now_usec(d) - shown_usec(d), text);
}

/* What came of a tick, a step or a jump. */
static void took(struct dashboard *d, int r, const struct error *err)
{
	if (r == -ENODATA) {
		d->paused = true; /* no further moment: stay on the last */
		time_set_timer(d, 0);
		if (d->engine.replay)
			tui_set_message(d->tui, "there is nothing recorded beyond");
	} else if (r < 0) {
		tui_set_message(d->tui, err->what);
	}
	dashboard_trouble(d);
	trends_add(d->trends, d->engine.frame);
	if (d->moments && d->engine.ticks > 1) /* of the first there are no rates */
		moments_keep(d->moments, d->engine.frame);
	if (d->engine.replay)
		d->shown = d->engine.frame; /* it has two, in turn */
	if (d->engine.ticks % TRIM_TICKS == SETTLED_TICK)
		(void)malloc_trim(0); /* names of kernel types, what was read of each instance */
	tell_memory(d);
	dashboard_select(d);
	if (d->engine.replay && !d->paused)
		time_schedule_replay(d);
	tui_set_timing(d->tui, d->delay, d->paused);
}

void time_tick(struct dashboard *d)
{
	struct error err = {0};
	if (d->engine.replay) {
		took(d, engine_tick(&d->engine, &err), &err);
		return;
	}
	if (ticker_runs(d->ticker))
		return;
	const char *id = tui_detail(d->tui);
	free(d->detail);
	d->engine.source->detail = d->detail = id ? xstrdup(id) : NULL;
	d->engine.source->services = d->services;
	(void)ticker_start(d->ticker);
}

void time_look(struct dashboard *d)
{
	const char *id = d->engine.replay || d->paused || !d->shown ? NULL : tui_detail(d->tui);
	if (!id || (d->detail && strcmp(id, d->detail) == 0))
		return;
	d->again = ticker_runs(d->ticker);
	time_tick(d);
}

void time_ticked(struct dashboard *d)
{
	struct error err = {0};
	bool first = !d->shown, newest = first || d->shown == d->engine.frame;
	int r = ticker_take(d->ticker, &err);
	if (r == -EAGAIN && ticker_runs(d->ticker))
		return;
	if (first && r < 0) {
		d->failed = err;
		d->quit = true;
		return;
	}
	if (newest)
		d->shown = d->engine.frame;
	if (first)
		time_set_timer(d, d->engine.live ? FIRST_USEC / 1e6 : d->delay);
	took(d, r, &err);
	if (d->again) {
		d->again = false;
		time_tick(d);
	}
}

/* Shows another moment of this host; readings go on meanwhile. */
static void show_moment(struct dashboard *d, const struct frame *f)
{
	d->shown = f ? f : d->engine.frame;
	tell_memory(d);
	dashboard_select(d);
}

void time_present(struct dashboard *d)
{
	if (!nothing_yet(d))
		show_moment(d, NULL);
}

static void stay(struct dashboard *d)
{
	d->paused = true;
	time_set_timer(d, 0);
}

void time_step(struct dashboard *d, bool back)
{
	struct error err = {0};
	if (nothing_yet(d))
		return;
	if (d->engine.replay) {
		stay(d);
		took(d, back ? engine_back(&d->engine, &err) : engine_tick(&d->engine, &err), &err);
		return;
	}
	const struct frame *f = moments_at(d->moments, shown_usec(d), back ? -1 : 1);
	if (f || !back)
		show_moment(d, f);
	else
		tui_set_message(d->tui, "nothing is remembered of before");
}

static void go(struct dashboard *d, int64_t usec)
{
	struct error err = {0};
	if (d->engine.replay)
		took(d, engine_seek(&d->engine, usec, &err), &err);
	else
		show_moment(d, moments_at(d->moments, usec, 0));
}

void time_move(struct dashboard *d, int64_t usec)
{
	if (nothing_yet(d))
		return;
	if (d->engine.replay)
		stay(d);
	go(d, shown_usec(d) + usec);
}

void time_jump(struct dashboard *d)
{
	int64_t usec, first, last;
	if (nothing_yet(d))
		return;
	last = now_usec(d);
	if (d->engine.replay)
		replay_span(d->engine.replay, &first, &last);
	else
		first = moments_oldest(d->moments);
	if (moment_parse(tui_jump_text(d->tui), shown_usec(d), first, last, &usec) < 0)
		tui_set_message(d->tui, "no time: 10:30, 10:30:05, or the beginning of 2026-11-23T10:30:05Z");
	else
		go(d, usec);
}

static void set_delay(struct dashboard *d, double factor)
{
	d->delay *= factor;
	if (d->delay < MIN_DELAY)
		d->delay = MIN_DELAY;
	if (d->delay > MAX_DELAY)
		d->delay = MAX_DELAY;
	time_set_timer(d, d->delay);
}

/* Slower and faster: the time between two readings, or the speed of a replay. */
void time_set_pace(struct dashboard *d, double factor)
{
	if (!d->engine.replay) {
		set_delay(d, factor);
		return;
	}
	d->speed /= factor;
	d->speed = d->speed < MIN_SPEED ? MIN_SPEED : d->speed > SPEED_MAX ? SPEED_MAX : d->speed;
	tui_set_replay(d->tui, d->speed);
	if (!d->paused)
		time_schedule_replay(d);
}

void time_toggle_pause(struct dashboard *d)
{
	d->paused = !d->paused;
	if (d->engine.replay && !d->paused)
		time_schedule_replay(d);
	else
		time_set_timer(d, d->delay);
}
