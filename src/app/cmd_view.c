/* What runs without a command: the dashboard, --json, -b; and --screen, which draws one screen as text. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/derive/derive.h"
#include "vctop/view/tui.h"
#include "vctop/view/views.h"

#define MAX_COLUMNS 64
#define MIN_DELAY 0.01
#define MAX_DELAY 86400.0

static const char usage[] =
	"usage: vctop [options]            the dashboard\n"
	"       vctop --json [options]     snapshots as JSON lines (default one, over one second)\n"
	"       vctop -b, --batch [options]  the plain table\n"
	"       vctop COMMAND [-h]         judge, sample, explain, doctor, fields\n"
	"\n"
	"  -d, --delay SECONDS    time between two readings (default 1)\n"
	"  -n, --count N          print N snapshots, then end\n"
	"  -s, --sort FIELD       order by this column (vctop fields lists them)\n"
	"  -r, --reverse          the other way round\n"
	"  -f, --filter TEXT      only rows with TEXT in name, image, runtime, id or verdict\n"
	"      --columns A,B,...  columns of the plain table\n"
	"      --running          leave stopped instances out\n"
	"      --services         with --json and -b: the host's own services and slices too\n"
	"      --root DIR         read a captured tree instead of this host\n"
	"      --qmp PATH         ask the VM behind this QEMU monitor what its guest uses (repeatable)\n"
	"      --guest-api        ask Firecracker and Cloud Hypervisor through their API sockets\n"
	"      --screen WxH       draw the dashboard once as text and print it\n"
	"      --keys KEYS        press these keys before --screen draws\n"
	"      --ascii            no characters beyond ASCII\n"
	"      --no-color         no colours (also: NO_COLOR in the environment)\n"
	"      --demo             start a sample container and VM, show them, remove them\n"
	"      --price-core-hour N, --price-gib-hour N   what slack costs\n"
	"      --never-idle A,B   names or ids (shell patterns) never to be called idle\n"
	"      --keep             samples started from the dashboard outlive it\n"
	"  -h, --help             this text\n"
	"  -V, --version          the version\n";

static int parse_columns(char *list, const struct field ***ret)
{
	const struct field **columns = xcalloc(MAX_COLUMNS + 1, sizeof(*columns));
	size_t n = 0;
	for (char *name = list, *next; name; name = next) {
		next = strchr(name, ',');
		if (next)
			*next++ = '\0';
		const struct field *f = field_by_column(name);
		if (!f || n == MAX_COLUMNS) {
			free(columns);
			return app_failf(EXIT_BAD_USE, "--columns: %s: %s", name,
					 f ? "too many columns" : "no such field; see vctop fields");
		}
		columns[n++] = f;
	}
	free(*ret);
	*ret = columns;
	return 0;
}

static int parse_screen(const char *s, struct view_options *o)
{
	const char *x = strchr(s, 'x');
	uint64_t w, h;
	if (!x || parse_u64(s, (size_t)(x - s), &w) < 0 || parse_u64(x + 1, strlen(x + 1), &h) < 0 || w < 1 || h < 1 ||
	    w > 1000 || h > 1000)
		return app_failf(EXIT_BAD_USE, "--screen: %s: not WIDTHxHEIGHT, 1 to 1000 each", s);
	o->screen_columns = (int)w;
	o->screen_rows = (int)h;
	return 0;
}

static int parse_number(int opt, const char *arg, struct view_options *o)
{
	uint64_t n;
	if (opt == 'n') {
		if (parse_u64(arg, strlen(arg), &n) < 0 || n < 1)
			return app_failf(EXIT_BAD_USE, "-n: %s: not a positive whole number", arg);
		o->count = n;
		return 0;
	}
	if (parse_double(arg, &o->delay) < 0 || o->delay < MIN_DELAY || o->delay > MAX_DELAY)
		return app_failf(EXIT_BAD_USE, "-d: %s: not a number of seconds from %.2f to %.0f", arg, MIN_DELAY,
				 MAX_DELAY);
	return 0;
}

enum { OPT_JSON = 256, OPT_COLUMNS, OPT_RUNNING, OPT_ROOT, OPT_SCREEN, OPT_KEYS, OPT_ASCII, OPT_NO_COLOR, OPT_DEMO,
       OPT_KEEP, OPT_SERVICES, OPT_QMP, OPT_GUEST_API, OPT_PRICE_CORE, OPT_PRICE_GIB, OPT_NEVER_IDLE };

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPT_JSON},
	{"batch", no_argument, NULL, 'b'},
	{"delay", required_argument, NULL, 'd'},
	{"count", required_argument, NULL, 'n'},
	{"sort", required_argument, NULL, 's'},
	{"reverse", no_argument, NULL, 'r'},
	{"filter", required_argument, NULL, 'f'},
	{"columns", required_argument, NULL, OPT_COLUMNS},
	{"running", no_argument, NULL, OPT_RUNNING},
	{"services", no_argument, NULL, OPT_SERVICES},
	{"root", required_argument, NULL, OPT_ROOT},
	{"qmp", required_argument, NULL, OPT_QMP},
	{"guest-api", no_argument, NULL, OPT_GUEST_API},
	{"screen", required_argument, NULL, OPT_SCREEN},
	{"keys", required_argument, NULL, OPT_KEYS},
	{"ascii", no_argument, NULL, OPT_ASCII},
	{"no-color", no_argument, NULL, OPT_NO_COLOR},
	{"demo", no_argument, NULL, OPT_DEMO},
	{"keep", no_argument, NULL, OPT_KEEP},
	{"price-core-hour", required_argument, NULL, OPT_PRICE_CORE},
	{"price-gib-hour", required_argument, NULL, OPT_PRICE_GIB},
	{"never-idle", required_argument, NULL, OPT_NEVER_IDLE},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{0},
};

/* The options that take a value beyond copying it. 0, or an exit status. */
static int take_value(int opt, char *arg, struct view_options *o)
{
	switch (opt) {
	case 'd':
	case 'n':
		return parse_number(opt, arg, o);
	case 's':
		o->sort = field_by_column(arg);
		return o->sort ? 0 : app_failf(EXIT_BAD_USE, "-s: %s: no such field; see vctop fields", arg);
	case OPT_COLUMNS:
		return parse_columns(arg, &o->columns);
	case OPT_SCREEN:
		return parse_screen(arg, o);
	case OPT_PRICE_CORE:
		return config_option("price-core-hour", arg);
	case OPT_PRICE_GIB:
		return config_option("price-gib-hour", arg);
	case OPT_NEVER_IDLE:
		return config_option("never-idle", arg);
	default:
		return EXIT_BAD_USE;
	}
}

/* An option without effect is refused: a script must not take all rows for the filtered ones. */
static int check_together(const struct view_options *o)
{
	if (o->json + o->batch + (o->screen_columns > 0) > 1)
		return app_failf(EXIT_BAD_USE, "--json, -b and --screen: choose one");
	if (o->json && (o->filter || o->sort || o->reverse || o->hide_stopped || o->columns))
		return app_failf(EXIT_BAD_USE, "--json prints all instances and fields by id: no -f, -s, -r, --running, --columns");
	if (o->columns && !o->batch)
		return app_failf(EXIT_BAD_USE, "--columns: goes with -b");
	if (o->screen_keys && !o->screen_columns)
		return app_failf(EXIT_BAD_USE, "--keys: goes with --screen");
	return 0;
}

/* 0 go on; otherwise *ret_status is the exit status. */
static int parse_options(int argc, char **argv, struct view_options *o, int *ret_status)
{
	int opt, status = 0;
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":bd:n:s:rf:hV", long_options, NULL)) != -1) {
		switch (opt) {
		case OPT_JSON: o->json = true; break;
		case 'b': o->batch = true; break;
		case 'r': o->reverse = true; break;
		case 'f': o->filter = optarg; break;
		case OPT_RUNNING: o->hide_stopped = true; break;
		case OPT_SERVICES: o->services = true; break;
		case OPT_ROOT: o->root = optarg; break;
		case OPT_KEYS: o->screen_keys = optarg; break;
		case OPT_ASCII: o->ascii = true; break;
		case OPT_NO_COLOR: o->no_color = true; break;
		case OPT_DEMO: o->demo = true; break;
		case OPT_KEEP: o->keep_samples = true; break;
		case OPT_QMP: vec_push(&o->qmp, optarg); break;
		case OPT_GUEST_API: o->guest_api = true; break;
		case 'h':
			(void)fputs(usage, stdout);
			*ret_status = 0;
			return 1;
		case 'V':
			(void)puts("vctop " VCTOP_VERSION);
			*ret_status = 0;
			return 1;
		case ':':
			status = app_failf(EXIT_BAD_USE, "%s: needs a value; see vctop --help", app_option(argv));
			break;
		case '?':
			status = app_failf(EXIT_BAD_USE, "%s: unknown option; see vctop --help", app_option(argv));
			break;
		default:
			status = take_value(opt, optarg, o);
			break;
		}
		if (status) {
			*ret_status = status;
			return 1;
		}
	}
	if (optind < argc) {
		*ret_status = app_failf(EXIT_BAD_USE, "%s: unknown command; see vctop --help", argv[optind]);
		return 1;
	}
	*ret_status = check_together(o);
	return *ret_status != 0;
}

static struct query query_of(const struct view_options *o)
{
	bool down = o->sort && o->sort->sort_down;
	return (struct query){o->sort, o->reverse ? !down : down, o->filter, o->hide_stopped};
}

static void show_rows(struct tui *t, const struct view_options *o, const struct frame *f, struct selection *sel)
{
	struct query q = tui_query(t);
	q.hide_stopped = q.hide_stopped || o->hide_stopped;
	select_rows(f, &q, sel);
	tui_set_frame(t, f, sel);
}

static void draw_screen(const struct view_options *o, const struct frame *f, struct strbuf *out)
{
	struct tui *t = tui_new();
	struct canvas c;
	struct selection sel = {0};
	struct query q = query_of(o);
	tui_set_sort(t, q.sort, q.down);
	if (o->filter)
		tui_set_filter(t, o->filter);
	tui_set_timing(t, o->delay, false);
	show_rows(t, o, f, &sel);
	canvas_init(&c, o->screen_columns, o->screen_rows, o->ascii);
	tui_draw(t, &c); /* keys act on what was seen */
	for (const char *k = o->screen_keys; k && *k; k++) {
		(void)tui_key(t, *k == '\n' ? KEYCODE_ENTER : *k == '\t' ? KEYCODE_TAB : (unsigned char)*k);
		show_rows(t, o, f, &sel);
		tui_draw(t, &c);
	}
	canvas_dump(&c, out);
	canvas_release(&c);
	selection_release(&sel);
	tui_free(t);
}

static int show(const struct view_options *o, const struct frame *f, struct strbuf *out)
{
	strbuf_clear(out);
	if (o->json) {
		json_frame(f, out);
	} else if (o->screen_columns) {
		draw_screen(o, f, out);
	} else {
		struct selection sel = {0};
		struct query q = query_of(o);
		select_rows(f, &q, &sel);
		plain_frame(f, &sel, o->columns, o->ascii, out);
		selection_release(&sel);
	}
	return app_write(out);
}

static void wait_until(int64_t mono_usec)
{
	struct timespec ts = {mono_usec / 1000000, mono_usec % 1000000 * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* A baseline tick, then `count` frames, each over `delay`. */
static int print_frames(const struct view_options *o)
{
	struct engine e;
	struct error err = {0};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (engine_open(&e, o->root, &err) < 0)
		return app_fail(EXIT_FAILURE, &err);
	engine_ask(&e, &(struct guest_questions){o->qmp.v, o->qmp.n, o->guest_api});
	e.source->services = o->services;
	int64_t due = clock_mono_usec(), step = (int64_t)(o->delay * 1e6);
	unsigned long shown = 0, count = o->count ? o->count : 1;
	int r = engine_tick(&e, &err), status = EXIT_SUCCESS;
	while (r == 0 && shown < count) {
		due += step;
		if (e.live) {
			int64_t now = clock_mono_usec();
			due = due < now ? now : due; /* behind: go on from now, do not catch up in a burst */
			wait_until(due);
		}
		r = engine_tick(&e, &err);
		if (r == -ENODATA && shown > 0)
			break;
		if (r < 0 && r != -ENODATA)
			break;
		/* A tree of one moment has no second: show the first, its rates marked as such. */
		int w = show(o, e.frame, &out);
		if (w < 0) {
			if (w != -EPIPE)
				status = app_failf(EXIT_FAILURE, "standard output: %s", strerror(-w));
			engine_close(&e);
			return status;
		}
		shown++;
	}
	if (r < 0 && r != -ENODATA)
		status = app_fail(EXIT_FAILURE, &err);
	engine_close(&e);
	return status;
}

int cmd_view(int argc, char **argv)
{
	struct view_options o = {.delay = 1, .root = "/", .ascii = app_ascii()};
	int status = 0;
	const char *no_color = getenv("NO_COLOR");
	o.no_color = no_color && *no_color;
	if (parse_options(argc, argv, &o, &status)) {
		free(o.columns);
		vec_free(&o.qmp);
		return status;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	status = o.json || o.batch || o.screen_columns ? print_frames(&o) : dashboard_run(&o);
	free(o.columns);
	vec_free(&o.qmp);
	return status;
}
