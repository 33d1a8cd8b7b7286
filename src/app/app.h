/* What the commands share.  Only this layer prints errors: one line, `vctop: what: why`. */
#ifndef APP_APP_H
#define APP_APP_H

#include "app/past.h"
#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"
#include "vctop/model/frame.h"
#include "vctop/model/selection.h"
#include "vctop/source/record.h"
#include "vctop/source/rootfs.h"
#include "vctop/source/source.h"

#define EXIT_BAD_USE 2
#define EXIT_INTERRUPTED 130 /* as a shell says of what Ctrl-C ended */
#define PAST_SAVE_SEC 600.0

struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit status */
};

const struct command *command_by_name(const char *name); /* NULL unknown */

int cmd_view(int argc, char **argv); /* the dashboard, --json and -b: what runs without a command */
int cmd_sample(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_fields(int argc, char **argv);
int cmd_watch(int argc, char **argv);
int cmd_record(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_judge(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_lifecycle(int argc, char **argv);
int cmd_compare(int argc, char **argv);

/* Prints the error; returns `status` for the caller to return. */
int app_fail(int status, const struct error *err);
int app_failf(int status, const char *fmt, ...) ATTR_PRINTF(2, 3);
/* Writes all of sb to standard output. 0; -EPIPE: the reader left (end quietly); -errno. */
int app_write(const struct strbuf *sb);
int app_write_to(int fd, const struct strbuf *sb); /* the same, anywhere */
int app_print(
        const struct strbuf *sb); /* the same; tells why not; returns the exit status. A closed pipe is no failure */
/* The option getopt stopped at, as it was typed: -Z of -bZ. */
const char *app_option(char *const *argv);
bool app_ascii(void); /* the locale is not UTF-8 */

/*
 * Settings: /etc/vctop.conf, then $XDG_CONFIG_HOME/vctop/config (~/.config), then options of the same names.
 * config() reads the files the first time and tells of lines it cannot use.
 */
struct config {
	struct prices prices;
	char *never_idle;
	char *columns, *theme, *graph, *use, *mouse; /* of the dashboard, config.c says which values; NULL not set */
};
const struct config *config(void);
/* Puts `key = value` into the user's own file, and leaves the rest of it. */
int config_keep(const char *key, const char *value, struct error *err);
int config_option(const char *key, const char *value); /* 0, or an exit status */

/*
 * The engine: snapshots of a source and the frame of the newest, or the frames of a recording.  A recording's verdicts
 * are those of its time; what this host remembers has no part in it.
 */
struct engine {
	struct source *source; /* NULL: replay */
	struct replay *replay;
	struct past *past;           /* NULL: nothing is remembered */
	struct snapshot *snap[2];    /* [0] the newest */
	struct frame *frame, *spare; /* spare: the next is made in it and in snap[1]; what is shown stays as it is */
	bool live;
	unsigned ticks;
	struct rootfs *self_fs; /* for our own statm, also when --root shows another host */
	struct kfile statm;
};

int engine_open(struct engine *e, const char *root, struct error *err);
int engine_open_traced(struct engine *e, const char *root, const struct rootfs_trace *trace, struct error *err);
/* From the next tick on; q's strings must outlive the engine. */
void engine_ask(struct engine *e, const struct guest_questions *q);
int engine_open_replay(struct engine *e, const char *path, struct error *err);
/* Of this host only: remembers, and judges by it. What trouble there is the dashboard shows, others say at the end. */
void engine_remember(struct engine *e, enum past_mode mode, double save_sec);
/* Takes a tick. 0; -ENODATA: a captured tree or a recording has no further moment; -errno with err. */
int engine_tick(struct engine *e, struct error *err);
/*
 * The same in two halves, of a source: the first may run in another thread (ticker.h), while frame and snap[0] are
 * looked at; the second, after its success, makes what it read the newest.
 */
int engine_read(struct engine *e, struct error *err);
void engine_show(struct engine *e);
/* Replay: the moment before; the first at or after a time (the last there is, beyond the end). As engine_tick. */
int engine_skip(struct engine *e); /* the next moment, unseen */
int engine_back(struct engine *e, struct error *err);
int engine_seek(struct engine *e, int64_t usec, struct error *err);
void engine_close(struct engine *e);

/* Options of the views. */
struct view_options {
	bool services; /* --services: the host's own too */
	bool json, batch, reverse, ascii, no_color, no_mouse, svg, demo, keep_samples, hide_stopped;
	int screen_columns, screen_rows; /* --screen: draw once, print, exit */
	const char *screen_keys;         /* --keys: pressed before the screen is drawn */
	unsigned long count;             /* 0: not given */
	double delay;
	const struct field *sort;
	const char *filter, *root;
	bool no_history, is_replay, speed_given;
	const char *replay;           /* a recording to show instead of a host */
	const char *at;               /* --at: where to begin in it */
	double speed;                 /* --speed; 0: as fast as it goes */
	const struct field **columns; /* NULL-terminated; NULL default */
	VEC(const char *) qmp;        /* --qmp */
	bool guest_api, no_bpf;
};

int dashboard_run(const struct view_options *o); /* dashboard.c */
/* On an engine as view_open leaves it; it is closed at the end. The exit status. */
int dashboard_show(const struct view_options *o, const struct engine *e);
int print_frames(const struct view_options *o); /* print.c: --json, -b, --screen */
/*
 * Opens what the options name: this host or a captured tree, of which nothing is read yet, or a recording, at the
 * first moment or --at.
 */
int view_open(const struct view_options *o, struct engine *e, struct error *err);
/* Before the first reading: what this host remembers, which may take a while to load. */
void view_remember(const struct view_options *o, enum past_mode mode, struct engine *e);
int view_main(int argc, char **argv, bool replay); /* cmd_view and cmd_replay */

/* -d SECONDS, -n COUNT of commands without other options. 0, or an exit status. */
int option_delay(const char *arg, double *ret);
int option_count(const char *arg, unsigned long *ret);

/* Waits until then; SIGINT, SIGTERM and SIGHUP, which must be blocked (signals_hold), end the wait. The signal, or 0.
 */
void signals_hold(void);
int signals_wait(int64_t mono_usec);
/* Between these, a signal of those ends the program only after signals_let, so that a line is whole; but two seconds
 * after the last signals_put_off, for nobody may be reading, or by a second signal. */
void signals_put_off(void);
void signals_let(void);

#endif
