/* `vctop record FILE`: what --json would print, stored. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/view/views.h"

static const char usage[] =
        "usage: vctop record FILE [-d SECONDS] [-n COUNT] [--services] [--no-history]\n"
        "\n"
        "Stores what `vctop --json` prints, in zstd (`zstdcat FILE | jq` reads it), until it is ended by a signal\n"
        "or after COUNT frames. A FILE that is a recording is continued. See vctop replay -h.\n"
        "\n"
        "  -d, --delay SECONDS    time between two readings (default 1)\n"
        "  -n, --count N          store N frames, then end\n"
        "      --services         the host's own services and slices too, for every view of the replay\n"
        "      --no-history       do not judge by what earlier runs learned\n";

struct options {
	const char *file;
	double delay;
	unsigned long count; /* 0: until a signal */
	bool no_history, services;
};

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
	        {"delay", required_argument, NULL, 'd'}, {"count", required_argument, NULL, 'n'},
	        {"services", no_argument, NULL, 'S'},    {"no-history", no_argument, NULL, 'H'},
	        {"help", no_argument, NULL, 'h'},        {0},
	};
	int opt, status = 0;
	opterr = 0;
	optind = 1;
	while (status == 0 && (opt = getopt_long(argc, argv, ":d:n:h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			status = option_delay(optarg, &o->delay);
			break;
		case 'n':
			status = option_count(optarg, &o->count);
			break;
		case 'S':
			o->services = true;
			break;
		case 'H':
			o->no_history = true;
			break;
		case 'h':
			(void)fputs(usage, stdout);
			return -1;
		case ':':
			status = app_failf(EXIT_BAD_USE, "%s: needs a value; see vctop record -h", argv[optind - 1]);
			break;
		default:
			status = app_failf(EXIT_BAD_USE, "%s: unknown option; see vctop record -h", argv[optind - 1]);
			break;
		}
	}
	if (status)
		return status;
	if (argc - optind != 1)
		return app_failf(EXIT_BAD_USE,
		                 argc > optind ? "record: one file, please" : "record: which file? vctop record FILE");
	o->file = argv[optind];
	return 0;
}

/* Waits for the next tick, and meanwhile for the moment when the file must be written. 0, a signal, or -errno. */
static int wait_for(struct recorder *r, int64_t due, struct error *err)
{
	while (clock_mono_usec() < due) {
		int64_t flush = recorder_due(r);
		int sig = signals_wait(flush < due ? flush : due);
		if (sig)
			return sig;
		int n = clock_mono_usec() >= flush ? recorder_flush(r, err) : 0;
		if (n < 0)
			return n;
	}
	return signals_wait(0);
}

static int store(struct engine *e, const struct options *o, struct recorder *r, struct error *err)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	int64_t due = clock_mono_usec(), step = (int64_t)(o->delay * 1e6);
	int n = engine_tick(e, err);
	for (unsigned long stored = 0; n == 0 && (!o->count || stored < o->count); stored++) {
		int64_t now = clock_mono_usec();
		due = due + step < now ? now : due + step;
		n = wait_for(r, due, err);
		if (n != 0)
			return n > 0 ? 0 : n; /* a signal ends it in good order */
		n = engine_tick(e, err);
		if (n < 0)
			return n;
		strbuf_clear(&line);
		json_frame(e->frame, &line);
		n = recorder_add(r, line.buf, line.len, clock_mono_usec(), err);
	}
	return n;
}

int cmd_record(int argc, char **argv)
{
	struct options o = {.delay = 1};
	struct engine e;
	struct recorder *r = NULL;
	struct error err = {0}, at_end = {0};
	int status = parse(argc, argv, &o);
	if (status)
		return status < 0 ? EXIT_SUCCESS : status;
	(void)signal(SIGXFSZ, SIG_IGN); /* a full disk is told, not died of */
	if (recorder_open(o.file, &r, &err) < 0)
		return app_fail(EXIT_FAILURE, &err);
	if (engine_open(&e, "/", &err) < 0) {
		(void)recorder_close(r, NULL);
		return app_fail(EXIT_FAILURE, &err);
	}
	e.source->services = o.services;
	signals_hold();
	engine_remember(&e, o.no_history ? PAST_MEMORY : PAST_READ, PAST_SAVE_SEC);
	int n = store(&e, &o, r, &err);
	engine_close(&e);
	int closed = recorder_close(r, &at_end);
	if (n < 0)
		return app_fail(EXIT_FAILURE, &err);
	return closed < 0 ? app_fail(EXIT_FAILURE, &at_end) : EXIT_SUCCESS;
}
