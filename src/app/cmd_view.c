/* The options of the views, of this host and of a recording (`vctop replay`). */
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "vctop/base/parse.h"

#define MAX_COLUMNS 64
#define MIN_SPEED 0.01
#define MAX_SPEED 100000.0

static const char usage[] =
        "usage: vctop [options]            the dashboard\n"
        "       vctop --json [options]     snapshots as JSON lines (default one, over one second)\n"
        "       vctop -b, --batch [options]  the plain table\n"
        "       vctop COMMAND [-h]         record, replay, watch, judge, sample, compare, explain, doctor,\n"
        "                                  fields\n"
        "\n"
        "  -d, --delay SECONDS    time between two readings (default 1)\n"
        "  -n, --count N          print N snapshots, then end (--screen: draw after N readings)\n"
        "  -s, --sort FIELD       order by this column (vctop fields lists them)\n"
        "  -r, --reverse          the other way round\n"
        "  -f, --filter TEXT      only rows with TEXT in name, image, runtime, id or verdict\n"
        "      --columns A,B,...  columns of the plain table\n"
        "      --running          leave stopped instances out\n"
        "      --services         the host's own services and slices too (dashboard: H)\n"
        "      --root DIR         read a captured tree instead of this host\n"
        "      --qmp PATH         ask the VM behind this QEMU monitor what its guest uses (repeatable)\n"
        "      --guest-api        ask Firecracker and Cloud Hypervisor through their API sockets\n"
        "      --no-bpf           read every counter from its file, where there are many groups too\n"
        "      --screen WxH       draw the dashboard once as text and print it\n"
        "      --keys KEYS        press these keys before --screen draws\n"
        "      --svg              as a picture (SVG)\n"
        "      --ascii            no characters beyond ASCII\n"
        "      --no-color         no colours (also: NO_COLOR in the environment)\n"
        "      --no-mouse         leave the mouse to the terminal\n"
        "      --demo             start a sample container and VM, show them, remove them\n"
        "      --keep             samples started from the dashboard outlive it\n"
        "      --price-core-hour N, --price-gib-hour N   what slack costs\n"
        "      --never-idle A,B   names or ids (shell patterns) never to be called idle\n"
        "      --no-history       neither use nor keep what earlier runs learned\n"
        "  -h, --help             this text\n"
        "  -V, --version          the version\n";

static const char replay_usage[] =
        "usage: vctop replay FILE [options]          a recording in the dashboard\n"
        "       vctop replay FILE --json | -b ...    its moments as text\n"
        "\n"
        "      --at TIME          begin there: HH:MM[:SS] as the dashboard's clock shows it, or the beginning of a\n"
        "                         time as in the recording (2026-11-23T10)\n"
        "      --speed N          so many times as fast as it was recorded (default 1; as text: max)\n"
        "  -n, --count N          print N moments, then end\n"
        "\n"
        "The options of the views (-s, -r, -f, --columns, --running, --screen, --keys, --ascii, --no-color) as in "
        "vctop -h.\n"
        "FILE is what vctop record made, or lines of vctop --json, plain or in zstd.\n"
        "In the dashboard: Space pause, . and , one moment on and back, < > speed, t go to a time.\n";

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

enum {
	OPT_JSON = 256,
	OPT_COLUMNS,
	OPT_RUNNING,
	OPT_ROOT,
	OPT_SCREEN,
	OPT_KEYS,
	OPT_SVG,
	OPT_ASCII,
	OPT_NO_COLOR,
	OPT_NO_MOUSE,
	OPT_DEMO,
	OPT_KEEP,
	OPT_SERVICES,
	OPT_PRICE_CORE,
	OPT_PRICE_GIB,
	OPT_NEVER_IDLE,
	OPT_QMP,
	OPT_GUEST_API,
	OPT_NO_BPF,
	OPT_NO_HISTORY,
	OPT_AT,
	OPT_SPEED
};

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
        {"screen", required_argument, NULL, OPT_SCREEN},
        {"keys", required_argument, NULL, OPT_KEYS},
        {"svg", no_argument, NULL, OPT_SVG},
        {"ascii", no_argument, NULL, OPT_ASCII},
        {"no-color", no_argument, NULL, OPT_NO_COLOR},
        {"no-mouse", no_argument, NULL, OPT_NO_MOUSE},
        {"demo", no_argument, NULL, OPT_DEMO},
        {"keep", no_argument, NULL, OPT_KEEP},
        {"qmp", required_argument, NULL, OPT_QMP},
        {"guest-api", no_argument, NULL, OPT_GUEST_API},
        {"no-bpf", no_argument, NULL, OPT_NO_BPF},
        {"price-core-hour", required_argument, NULL, OPT_PRICE_CORE},
        {"price-gib-hour", required_argument, NULL, OPT_PRICE_GIB},
        {"never-idle", required_argument, NULL, OPT_NEVER_IDLE},
        {"no-history", no_argument, NULL, OPT_NO_HISTORY},
        {"at", required_argument, NULL, OPT_AT},
        {"speed", required_argument, NULL, OPT_SPEED},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {0},
};

/* The options that take a value beyond copying it. 0, or an exit status. */
static int take_value(int opt, char *arg, struct view_options *o)
{
	switch (opt) {
	case 'd':
		return option_delay(arg, &o->delay);
	case 'n':
		return option_count(arg, &o->count);
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
	case OPT_SPEED:
		if (strcmp(arg, "max") == 0)
			o->speed = 0;
		else if (parse_double(arg, &o->speed) < 0 || o->speed < MIN_SPEED || o->speed > MAX_SPEED)
			return app_failf(EXIT_BAD_USE, "--speed: %s: not a number from 0.01 to 100000, nor max", arg);
		o->speed_given = true;
		return 0;
	default:
		return EXIT_BAD_USE;
	}
}

/* An option without effect is refused: a script must not take all rows for the filtered ones. 0, or an exit status. */
static int check_together(const struct view_options *o)
{
	if (o->json + o->batch + (o->screen_columns > 0) > 1)
		return app_failf(EXIT_BAD_USE, "--json, -b and --screen: choose one");
	if (o->json && (o->filter || o->sort || o->reverse || o->hide_stopped || o->columns))
		return app_failf(EXIT_BAD_USE,
		                 "--json prints all instances and fields by id: no -f, -s, -r, --running, --columns");
	if (o->columns && !o->batch)
		return app_failf(EXIT_BAD_USE, "--columns: goes with -b");
	if ((o->screen_keys || o->svg) && !o->screen_columns)
		return app_failf(EXIT_BAD_USE, "--keys, --svg: go with --screen");
	return 0;
}

/* words: what is left beside the options. */
static int check_words(int n, char **words, struct view_options *o)
{
	if (!o->is_replay && n > 0)
		return app_failf(EXIT_BAD_USE,
		                 command_by_name(words[0]) ? "%s: a command comes first, before its options"
		                                           : "%s: unknown command; see vctop --help",
		                 words[0]);
	if (!o->is_replay && (o->at || o->speed_given))
		return app_failf(EXIT_BAD_USE, "--at, --speed: only with vctop replay FILE");
	if (!o->is_replay)
		return 0;
	if (n != 1)
		return app_failf(EXIT_BAD_USE,
		                 n ? "replay: one file, please" : "replay: which file? vctop replay FILE");
	if (o->demo || o->keep_samples || o->services || strcmp(o->root, "/") != 0)
		return app_failf(EXIT_BAD_USE,
		                 "replay: --demo, --keep, --services and --root are about a host, not a recording");
	o->replay = words[0];
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
		case OPT_JSON:
			o->json = true;
			break;
		case 'b':
			o->batch = true;
			break;
		case 'r':
			o->reverse = true;
			break;
		case 'f':
			o->filter = optarg;
			break;
		case OPT_RUNNING:
			o->hide_stopped = true;
			break;
		case OPT_SERVICES:
			o->services = true;
			break;
		case OPT_ROOT:
			o->root = optarg;
			break;
		case OPT_KEYS:
			o->screen_keys = optarg;
			break;
		case OPT_SVG:
			o->svg = true;
			break;
		case OPT_ASCII:
			o->ascii = true;
			break;
		case OPT_NO_COLOR:
			o->no_color = true;
			break;
		case OPT_NO_MOUSE:
			o->no_mouse = true;
			break;
		case OPT_DEMO:
			o->demo = true;
			break;
		case OPT_KEEP:
			o->keep_samples = true;
			break;
		case OPT_QMP:
			vec_push(&o->qmp, optarg);
			break;
		case OPT_GUEST_API:
			o->guest_api = true;
			break;
		case OPT_NO_BPF:
			o->no_bpf = true;
			break;
		case OPT_NO_HISTORY:
			o->no_history = true;
			break;
		case OPT_AT:
			o->at = optarg;
			break;
		case 'h':
			(void)fputs(o->is_replay ? replay_usage : usage, stdout);
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
	*ret_status = check_words(argc - optind, argv + optind, o);
	if (!*ret_status)
		*ret_status = check_together(o);
	return *ret_status != 0;
}

int view_main(int argc, char **argv, bool replay)
{
	struct view_options o = {.delay = 1, .root = "/", .ascii = app_ascii(), .is_replay = replay};
	int status = 0;
	const char *no_color = getenv("NO_COLOR");
	o.no_color = no_color && *no_color;
	if (parse_options(argc, argv, &o, &status)) {
		free(o.columns);
		vec_free(&o.qmp);
		return status;
	}
	o.no_history = o.no_history || o.demo; /* a show leaves nothing behind */
	bool text = o.json || o.batch || o.screen_columns;
	if (!o.speed_given)
		o.speed = text ? 0 : 1;
	(void)signal(SIGPIPE, SIG_IGN);
	status = text ? print_frames(&o) : dashboard_run(&o);
	free(o.columns);
	vec_free(&o.qmp);
	return status;
}

int cmd_view(int argc, char **argv)
{
	return view_main(argc, argv, false);
}

int cmd_replay(int argc, char **argv)
{
	return view_main(argc, argv, true);
}
