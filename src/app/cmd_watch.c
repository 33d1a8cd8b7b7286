/* `vctop watch`: looks every few seconds, keeps what was learned, shows nothing. For a service manager. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/source/history.h"

#define SAVE_SEC 60.0

static const char usage[] =
        "usage: vctop watch [-d SECONDS]\n"
        "\n"
        "Collects history in the background, for the dashboard and --json to judge by: as root in\n"
        "/var/lib/vctop, else in $XDG_STATE_HOME/vctop (~/.local/state/vctop). Stays in the foreground; says\n"
        "nothing but trouble. SIGTERM saves and ends, SIGHUP saves. A systemd unit, vctop-watch.service, comes\n"
        "with vctop.\n"
        "\n"
        "  -d, --delay SECONDS    time between two readings (default 10)\n";

static int parse(int argc, char **argv, double *ret_delay)
{
	static const struct option options[] = {
	        {"delay", required_argument, NULL, 'd'},
	        {"help", no_argument, NULL, 'h'},
	        {0},
	};
	int opt, status = 0;
	opterr = 0;
	optind = 1;
	while (status == 0 && (opt = getopt_long(argc, argv, ":d:h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			status = option_delay(optarg, ret_delay);
			break;
		case 'h':
			(void)fputs(usage, stdout);
			return -1;
		case ':':
			status = app_failf(EXIT_BAD_USE, "%s: needs a value; see vctop watch -h", argv[optind - 1]);
			break;
		default:
			status = app_failf(EXIT_BAD_USE, "%s: unknown option; see vctop watch -h", argv[optind - 1]);
			break;
		}
	}
	if (status == 0 && optind < argc)
		status = app_failf(EXIT_BAD_USE, "watch: %s: what is that? see vctop watch -h", argv[optind]);
	return status;
}

/* The one of this directory. Its fd, held to the end; -errno told. */
static int be_alone(void)
{
	struct error err = {0};
	cleanup_free char *dir = history_dir(&err);
	int fd = dir ? history_watch_lock(dir, &err) : -err.code;
	if (fd == -EBUSY)
		(void)error_set(&err, EBUSY, "watch: %s: is being watched by another vctop watch", dir);
	if (fd < 0)
		(void)app_fail(EXIT_FAILURE, &err);
	return fd;
}

static void tell(struct engine *e)
{
	const char *line = past_trouble(e->past);
	if (line)
		(void)app_failf(0, "watch: %s", line);
}

/* Until a signal ends it. A failed reading is told once, and tried again. */
static void watch(struct engine *e, double delay)
{
	int64_t due = clock_mono_usec(), step = (int64_t)(delay * 1e6);
	int sig = 0, told = 0;
	do {
		struct error err = {0};
		if (sig == SIGHUP && e->ticks)
			past_save(e->past, e->frame);
		if (clock_mono_usec() >= due) {
			int r = engine_tick(e, &err);
			if (r < 0 && r != told)
				(void)app_fail(EXIT_FAILURE, &err);
			told = r;
			int64_t now = clock_mono_usec();
			due = due + step < now ? now + step : due + step;
			if (e->ticks == 1)
				(void)malloc_trim(0); /* the first look reads much that is not needed again */
		}
		tell(e);
		sig = signals_wait(due);
	} while (sig == 0 || sig == SIGHUP);
}

int cmd_watch(int argc, char **argv)
{
	double delay = 10;
	struct engine e;
	struct error err = {0};
	int status = parse(argc, argv, &delay);
	if (status)
		return status < 0 ? EXIT_SUCCESS : status;
	signals_hold();
	cleanup_close int lock = be_alone();
	if (lock < 0)
		return EXIT_FAILURE;
	if (engine_open(&e, "/", &err) < 0)
		return app_fail(EXIT_FAILURE, &err);
	engine_remember(&e, PAST_WRITE, SAVE_SEC);
	if (!past_writes(e.past) && !past_waits(e.past)) {
		engine_close(&e); /* why was told: without a file there is nothing to do here */
		return EXIT_FAILURE;
	}
	watch(&e, delay);
	engine_close(&e);
	return EXIT_SUCCESS;
}
