/*
 * The dashboard.  It holds what the person chose (sort, filter, cursor, which pane is open) and draws frames into a
 * canvas; it does no I/O but through term.h and knows no source.  app runs the loop:
 *
 *   tui_set_frame(t, frame)            after each tick
 *   while (key = term_key()) action = tui_key(t, key)
 *   tui_draw(t, canvas); term_show(canvas)
 *
 * The same tui_draw with no terminal makes the golden screens.
 */
#ifndef VCTOP_VIEW_TUI_H
#define VCTOP_VIEW_TUI_H

#include "vctop/model/selection.h"
#include "vctop/model/trend.h"
#include "vctop/view/canvas.h"

enum tui_action {
	TUI_NONE,     /* ignored */
	TUI_REDRAW,   /* state changed: draw again */
	TUI_RESELECT, /* the query changed: select again, then draw */
	TUI_QUIT,
	TUI_REFRESH, /* take a tick now */
	TUI_FASTER,
	TUI_SLOWER,
	TUI_PAUSE,
	TUI_SUSPEND,      /* Ctrl-Z */
	TUI_START_PAIR,   /* start a sample container and a sample VM */
	TUI_STOP_SAMPLES, /* stop the samples this dashboard started */
	TUI_FORWARD,      /* one moment, in a recording or in what is remembered of this host */
	TUI_BACK,
	TUI_FORWARD_MINUTE,
	TUI_BACK_MINUTE,
	TUI_JUMP,     /* to the time typed, tui_jump_text */
	TUI_PRESENT,  /* to the newest */
	TUI_SERVICES, /* the host's own: collect them, or no longer */
	TUI_LOAD,     /* make tui_samples do tui_load */
	TUI_KEEP,     /* what is shown and how has changed: keep tui_columns and the rest */
	TUI_THEME,    /* the next of term.h */
	TUI_COPY,     /* the name in hand or those tagged, tui_copied, to the terminal's clipboard */
	TUI_ACTION_MAX
};

/* Keys above the Unicode range; everything else is a code point. */
enum tui_key {
	KEYCODE_UP = 0x110001,
	KEYCODE_DOWN,
	KEYCODE_LEFT,
	KEYCODE_RIGHT,
	KEYCODE_PAGE_UP,
	KEYCODE_PAGE_DOWN,
	KEYCODE_HOME,
	KEYCODE_END,
	KEYCODE_ENTER,
	KEYCODE_ESCAPE,
	KEYCODE_BACKSPACE,
	KEYCODE_TAB,
	KEYCODE_BACKTAB,
	KEYCODE_F1,
	KEYCODE_F2,
	KEYCODE_F3,
	KEYCODE_F4,
	KEYCODE_F5,
	KEYCODE_F6,
	KEYCODE_F10,
	KEYCODE_RESIZE,
	KEYCODE_WHEEL_UP,
	KEYCODE_WHEEL_DOWN,
	KEYCODE_CLICK,       /* where: term_mouse; tui_click takes it */
	KEYCODE_PASTE_BEGIN, /* what comes until the end is text, never keys */
	KEYCODE_PASTE_END,
};

struct tui;

struct tui *tui_new(void);
void tui_free(struct tui *t);
struct query tui_query(const struct tui *t);
void tui_set_sort(struct tui *t, const struct field *f, bool down);
void tui_set_filter(struct tui *t, const char *filter);
/* The rows to show; both are borrowed until the next call. The cursor stays on the same instance. */
void tui_set_frame(struct tui *t, const struct frame *f, const struct selection *sel);
/* A line at the bottom for a few ticks: what an action did, or why it failed. NULL clears it. */
void tui_set_message(struct tui *t, const char *text);
void tui_set_timing(struct tui *t, double delay_sec, bool paused);
/* What is shown is a recording, so many times as fast as it was made: its keys work, those that act on the host do not.
 */
void tui_set_replay(struct tui *t, double speed);
const char *tui_jump_text(const struct tui *t);
const char *tui_load(const struct tui *t);
/* Names of the samples that this dashboard started: they alone are compared, and told what to do. Borrowed. */
void tui_set_samples(struct tui *t, const char *container, const char *vm);
/* Of these, the ones that run: how many. */
unsigned tui_samples(const struct tui *t, const char *ret[INSTANCE_KIND_MAX]);
/* The instance that is looked at, whose tasks should be read; NULL none. Borrowed until the next key. */
const char *tui_detail(const struct tui *t);
const char *tui_copied(struct tui *t); /* until the next call; NULL: nothing is in hand */
/* Borrowed until the next call; NULL: no graphs. */
void tui_set_trends(struct tui *t, const struct trends *trends);
/* Shown is what was so long ago (0: now); remembered says for the footer how far back one can go. */
void tui_set_behind(struct tui *t, int64_t behind_usec, const char *remembered);
/* What a person chose to see, for keeping; names of columns with commas, "" what fits. */
const char *tui_columns(struct tui *t);
void tui_set_columns(struct tui *t, const char *names);
struct tui_looks {
	bool shares; /* use as a share of what was given */
	bool blocks; /* graphs of blocks, not of braille dots */
};
struct tui_looks tui_looks(const struct tui *t);
void tui_set_looks(struct tui *t, struct tui_looks looks);
/* A click at this cell of the last draw. */
enum tui_action tui_click(struct tui *t, int x, int y);
enum tui_action tui_key(struct tui *t, uint32_t key);
void tui_draw(struct tui *t, struct canvas *c);

#endif
