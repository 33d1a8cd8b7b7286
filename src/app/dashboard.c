/*
 * The dashboard's loop: ticks from a timer, keys from the terminal, signals as file descriptors, and the samples it
 * started as child processes, so that a slow VM never holds up a key.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/dashboard.h"
#include "vctop/derive/derive.h"
#include "vctop/lab/samples.h"
#include "vctop/view/term.h"

void dashboard_select(struct dashboard *d)
{
	struct query q = tui_query(d->tui);
	q.hide_stopped = q.hide_stopped || d->o->hide_stopped;
	if (d->shown)
		select_rows(d->shown, &q, &d->sel);
	tui_set_frame(d->tui, d->shown, &d->sel);
}

void dashboard_trouble(struct dashboard *d)
{
	const char *line = past_trouble(d->engine.past);
	if (line)
		tui_set_message(d->tui, line);
}

static void draw(struct dashboard *d)
{
	int w, h;
	term_size(&w, &h);
	if (w != d->canvas.columns || h != d->canvas.rows)
		canvas_resize(&d->canvas, w, h);
	tui_draw(d->tui, &d->canvas);
	term_show(&d->canvas);
}

static void start_pair(struct dashboard *d)
{
	struct error err = {0};
	if (pair_start(&d->pair, d->o->keep_samples ? 0 : getpid(), &err) < 0)
		tui_set_message(d->tui, err.what);
	else
		tui_set_message(d->tui, "starting a sample container and a sample VM ...");
	tui_set_samples(d->tui, d->pair.container, d->pair.vm);
	d->own_samples = true;
}

static void stop_samples(struct dashboard *d)
{
	struct error err = {0};
	int r = pair_end(&d->pair, &err);
	tui_set_message(d->tui, r < 0 ? err.what : "stopping the samples started here ...");
}

static void load_samples(struct dashboard *d)
{
	struct error err = {0};
	const char *names[INSTANCE_KIND_MAX];
	char text[64];
	unsigned n = tui_samples(d->tui, names);
	(void)snprintf(text, sizeof(text), "telling the samples: %s ...", tui_load(d->tui));
	if (!n)
		tui_set_message(d->tui, "no sample runs: press x to start the pair");
	else
		tui_set_message(d->tui, pair_load(&d->pair, names, n, tui_load(d->tui), &err) < 0 ? err.what : text);
}

static void toggle_services(struct dashboard *d)
{
	d->services = !d->services;
	d->again = ticker_runs(d->ticker); /* what is being read was asked without */
	time_tick(d);
}

static void copy_name(struct dashboard *d)
{
	char text[300];
	const char *name = tui_copied(d->tui);
	if (!name)
		return;
	term_copy(name);
	(void)snprintf(text, sizeof(text), "copied: %s (where the terminal allows it)", name);
	tui_set_message(d->tui, text);
}

/* What a person chose to see is there again the next time. */
static void keep_looks(struct dashboard *d)
{
	struct error err = {0};
	struct tui_looks l = tui_looks(d->tui);
	if (config_keep("columns", tui_columns(d->tui), &err) < 0 ||
	    config_keep("use", l.shares ? "share" : "amount", &err) < 0 ||
	    config_keep("graph", l.blocks ? "blocks" : "dots", &err) < 0)
		tui_set_message(d->tui, err.what);
}

static void next_theme(struct dashboard *d)
{
	struct error err = {0};
	char text[64];
	const char *name = term_theme(NULL);
	(void)snprintf(text, sizeof(text), "theme: %s", name);
	tui_set_message(d->tui, config_keep("theme", name, &err) < 0 ? err.what : text);
}

static void use_config(struct dashboard *d)
{
	const struct config *c = config();
	tui_set_columns(d->tui, c->columns);
	tui_set_looks(d->tui, (struct tui_looks){.shares = c->use && strcmp(c->use, "share") == 0,
	                                         .blocks = c->graph && strcmp(c->graph, "blocks") == 0});
	if (c->theme)
		(void)term_theme(c->theme);
}

static void act(struct dashboard *d, enum tui_action action)
{
	switch (action) {
	case TUI_QUIT:
		d->quit = true;
		break;
	case TUI_RESELECT:
		dashboard_select(d);
		break;
	case TUI_REFRESH:
		time_tick(d);
		break;
	case TUI_FASTER:
		time_set_pace(d, 0.5);
		break;
	case TUI_SLOWER:
		time_set_pace(d, 2);
		break;
	case TUI_PAUSE:
		time_toggle_pause(d);
		break;
	case TUI_FORWARD:
		time_step(d, false);
		break;
	case TUI_BACK:
		time_step(d, true);
		break;
	case TUI_JUMP:
		time_jump(d);
		break;
	case TUI_SUSPEND:
		term_suspend();
		break;
	case TUI_START_PAIR:
		start_pair(d);
		break;
	case TUI_STOP_SAMPLES:
		stop_samples(d);
		break;
	case TUI_LOAD:
		load_samples(d);
		break;
	case TUI_SERVICES:
		toggle_services(d);
		break;
	case TUI_COPY:
		copy_name(d);
		break;
	case TUI_KEEP:
		keep_looks(d);
		break;
	case TUI_THEME:
		next_theme(d);
		break;
	case TUI_FORWARD_MINUTE:
		time_move(d, MINUTE_USEC);
		break;
	case TUI_BACK_MINUTE:
		time_move(d, -MINUTE_USEC);
		break;
	case TUI_PRESENT:
		time_present(d);
		break;
	case TUI_NONE:
	case TUI_REDRAW:
	case TUI_ACTION_MAX:
		break;
	}
	tui_set_timing(d->tui, d->delay, d->paused);
	time_look(d);
}

static void read_keys(struct dashboard *d)
{
	for (uint32_t key; !d->quit && (key = term_key());) {
		int x, y;
		if (key == KEYCODE_CLICK && term_mouse(&x, &y))
			act(d, tui_click(d->tui, x, y));
		else
			act(d, tui_key(d->tui, key));
	}
}

static void take_signal(struct dashboard *d)
{
	struct signalfd_siginfo si;
	while (read(d->signals, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		switch ((int)si.ssi_signo) {
		case SIGWINCH:
			term_resized();
			break;
		case SIGTSTP:
			term_suspend();
			break;
		case SIGCONT:
			term_continued();
			break;
		default:
			d->signal = (int)si.ssi_signo;
			d->quit = true;
			break;
		}
	}
}

static void loop(struct dashboard *d)
{
	bool changed = true;
	while (!d->quit) {
		struct pollfd fds[] = {{STDIN_FILENO, POLLIN, 0},
		                       {d->timer, POLLIN, 0},
		                       {d->signals, POLLIN, 0},
		                       {pair_fd(&d->pair), POLLIN, 0},
		                       {ticker_fd(d->ticker), POLLIN, 0}};
		if (changed)
			draw(d);
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[2].revents)
			take_signal(d);
		/* A terminal that has gone is readable for ever: its end comes first. */
		if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			d->quit = true;
		else if (fds[0].revents & POLLIN)
			read_keys(d);
		/* When it is time, a reading begins, which is shown when it is there; of a recording it is at once. */
		changed = d->engine.replay || fds[0].revents || fds[2].revents || fds[3].revents || fds[4].revents;
		uint64_t expired;
		if (fds[1].revents && read(d->timer, &expired, sizeof(expired)) > 0)
			time_tick(d);
		if (fds[4].revents)
			time_ticked(d);
		if (fds[3].revents) {
			char line[256];
			if (pair_read(&d->pair, line, sizeof(line)) > 0)
				tui_set_message(d->tui, line);
		}
	}
}

static int open_events(struct dashboard *d)
{
	static const int taken[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGINT, SIGHUP, SIGQUIT};
	sigset_t set;
	(void)sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		(void)sigaddset(&set, taken[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	d->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return d->signals < 0 || d->timer < 0 ? -errno : 0;
}

/* false: a source keeps the thread from ending. */
static bool close_all(struct dashboard *d)
{
	struct error err = {0};
	term_close();
	pair_stop(&d->pair);
	if (d->own_samples && !d->o->keep_samples && samples_stop_owned(getpid(), &err) < 0)
		(void)app_fail(1, &err);
	/* Before anything was read there is nothing to save. */
	if (!ticker_close(d->ticker, d->shown ? LAST_MSEC : 0))
		return false;
	selection_release(&d->sel);
	canvas_release(&d->canvas);
	tui_free(d->tui);
	trends_free(d->trends);
	moments_free(d->moments);
	engine_close(&d->engine);
	free(d->detail);
	if (d->timer >= 0)
		(void)close(d->timer);
	if (d->signals >= 0)
		(void)close(d->signals);
	return true;
}

/* Dies of the signal that ended us, as whoever sent it expects to see. */
static int end_by(int sig)
{
	sigset_t set;
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, sig);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + sig;
}

/* glibc would learn from large blocks that are freed to keep such; here they are needed once a minute. */
#define GIVEN_BACK (128 * 1024)

static void set_up(struct dashboard *d)
{
	(void)mallopt(M_MMAP_THRESHOLD, GIVEN_BACK);
	const struct view_options *o = d->o;
	d->tui = tui_new();
	use_config(d);
	d->trends = trends_new();
	d->moments = d->engine.replay ? NULL : moments_new();
	if (d->engine.replay) {
		d->shown = d->engine.frame;
		trends_add(d->trends, d->shown);
	}
	tui_set_trends(d->tui, d->trends);
	canvas_init(&d->canvas, 80, 24, o->ascii || !term_utf8());
	tui_set_sort(d->tui, o->sort, o->sort ? o->sort->sort_down != o->reverse : o->reverse);
	if (o->filter)
		tui_set_filter(d->tui, o->filter);
	tui_set_timing(d->tui, d->delay, false);
	if (d->engine.replay) {
		tui_set_replay(d->tui, d->speed);
		if (replay_trouble(d->engine.replay))
			tui_set_message(d->tui, replay_trouble(d->engine.replay));
	}
	dashboard_trouble(d);
	dashboard_select(d);
}

/* In the ticker's thread, while the screen is there already. */
static int before_first(void *data, struct error *err)
{
	struct dashboard *d = data;
	(void)err;
	if (d->engine.live)
		(void)samples_clean(NULL, NULL); /* what resists now is told by the commands that are about it */
	view_remember(d->o, PAST_WRITE, &d->engine);
	return 0;
}

static int open_all(struct dashboard *d, struct error *err)
{
	const struct view_options *o = d->o;
	bool no_mouse = o->no_mouse || (config()->mouse && strcmp(config()->mouse, "no") == 0);
	int r = open_events(d);
	if (r < 0)
		return error_set(err, -r, "events: %s", strerror(-r));
	if (!d->engine.replay && !(d->ticker = ticker_open(&d->engine, before_first, d, err)))
		return -err->code;
	return term_open(!o->no_color, !no_mouse, err);
}

int dashboard_show(const struct view_options *o, const struct engine *e)
{
	struct dashboard d = {.o = o, .engine = *e, .timer = -1, .signals = -1, .delay = o->delay, .pair = PAIR_INIT};
	struct error err = {0};
	d.speed = o->speed > 0 ? o->speed : SPEED_MAX;
	d.services = o->services;
	if (open_all(&d, &err) < 0) {
		(void)ticker_close(d.ticker, 0);
		engine_close(&d.engine);
		return app_fail(EXIT_FAILURE, &err);
	}
	set_up(&d);
	draw(&d);
	if (o->demo)
		start_pair(&d);
	time_begin(&d);
	loop(&d);
	bool closed = close_all(&d);
	int status = d.failed.code ? app_fail(EXIT_FAILURE, &d.failed) : EXIT_SUCCESS;
	if (d.signal)
		status = end_by(d.signal);
	if (!closed)
		_exit(status);
	return status;
}

int dashboard_run(const struct view_options *o)
{
	struct engine e = {0};
	struct error err = {0};
	if (o->demo && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return demo_plain(o);
	if (view_open(o, &e, &err) < 0) {
		engine_close(&e);
		return app_fail(EXIT_FAILURE, &err);
	}
	return dashboard_show(o, &e);
}
