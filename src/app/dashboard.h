/*
 * The dashboard: dashboard.c is its loop, dashboard_time.c what time it shows (readings as they come, the last hour, a
 * recording), ticker.c takes the readings meanwhile.
 */
#ifndef APP_DASHBOARD_H
#define APP_DASHBOARD_H

#include "app/app.h"
#include "app/moments.h"
#include "app/pair.h"
#include "app/ticker.h"
#include "vctop/view/tui.h"

struct dashboard {
	const struct view_options *o;
	struct engine engine;
	struct ticker *ticker; /* NULL: a recording is shown */
	struct tui *tui;
	struct canvas canvas;
	struct selection sel;
	struct trends *trends;
	struct moments *moments;   /* of this host; NULL: a recording is shown */
	const struct frame *shown; /* the engine's newest, or one of the moments; NULL: nothing was read yet */
	struct pair pair;
	int timer, signals;
	double delay, speed; /* speed: of a replay */
	bool paused, quit, own_samples;
	bool services, again; /* services: what the next reading is asked for; again: it is to follow this one */
	char *detail;         /* the instance whose tasks are asked for; NULL none */
	int signal;           /* that ended it; 0 none */
	struct error failed;  /* the first reading, which ends it */
};

/* The first rates come from a short interval, so that a screen with numbers is there at once. */
#define FIRST_USEC 200000
/* What a reading under way at the end is waited for, so that what was learned can be saved. */
#define LAST_MSEC 3000
#define MINUTE_USEC INT64_C(60000000)
#define SPEED_MAX 4096.0 /* of a replay */

void time_begin(struct dashboard *d); /* takes the first reading, or goes on with the recording */
void time_set_timer(const struct dashboard *d, double first);
void time_schedule_replay(struct dashboard *d);
void time_tick(struct dashboard *d);
void time_ticked(struct dashboard *d);                  /* a reading has come */
void time_step(struct dashboard *d, bool back);         /* one moment, and stay there */
void time_move(struct dashboard *d, int64_t usec);      /* by so much */
void time_jump(struct dashboard *d);                    /* to what was typed */
void time_present(struct dashboard *d);                 /* to the newest */
void time_set_pace(struct dashboard *d, double factor); /* slower, faster */
void time_toggle_pause(struct dashboard *d);
void dashboard_select(struct dashboard *d); /* the rows of what is shown */
void time_look(struct dashboard *d);        /* a reading now, if the instance that is looked at is not asked for yet */
void dashboard_trouble(struct dashboard *d);

#endif
