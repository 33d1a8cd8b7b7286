/* `vctop compare`: the same program as a process, in containers and in VMs, measured now or kept in a file. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"
#include "vctop/lab/compare.h"
#include "vctop/source/comparison_json.h"
#include "vctop/view/views.h"

#define RUNS_MAX 1000
#define COLUMNS_MAX 1000

static const char usage_text[] =
        "usage: vctop compare [--runs N] [--cpus N] [--memory SIZE] [--subjects A,B,...] [--vm-image DISK]\n"
        "       vctop compare --from FILE|-\n"
        "Runs the same program as a plain process, in containers and in VMs, and prints what each costs.\n"
        "\n"
        "      --runs N           measure each so many times (default 5)\n"
        "      --cpus N           what each is given (default 1)\n"
        "      --memory SIZE      and of memory (default 256M)\n"
        "      --subjects A,B     only these: process, builtin, runc, crun, podman, docker, qemu, microvm,\n"
        "                         firecracker, cloud-hypervisor\n"
        "      --vm-image DISK    compare with a guest that boots this disk too\n"
        "      --from FILE        measure nothing, show what --json wrote earlier (- is standard input)\n"
        "      --json, --markdown, --html   one of these instead of the table\n"
        "  -o, --output FILE      write there\n"
        "      --anchors          beside the figures what others published, with its source\n"
        "      --dry-run          do nothing, print the commands a person could type\n"
        "      --ascii            no characters beyond ASCII\n"
        "      --no-color         no colours (also: NO_COLOR in the environment)\n"
        "  -h, --help             this text\n";

enum form { FORM_TABLE, FORM_JSON, FORM_MARKDOWN, FORM_HTML };

struct request {
	struct compare_options lab;
	const char *from, *to; /* files; NULL */
	enum form form;
	unsigned forms; /* how many were asked for */
	bool about_lab; /* an option that only measuring has */
	bool dry_run, no_color;
	struct comparison_view view;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* ---- where it goes ---- */

static int terminal_columns(int fd)
{
	struct winsize ws;
	return ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col ? ws.ws_col : 80;
}

static int view_columns(void)
{
	const char *given = getenv("COLUMNS");
	uint64_t n;
	if (given && parse_u64(given, strlen(given), &n) == 0 && n > 0 && n <= COLUMNS_MAX)
		return (int)n;
	return terminal_columns(STDOUT_FILENO);
}

/* Opened before minutes of measuring, emptied after: what was there stays until there is something better. */
static int open_output(const char *path, int *ret)
{
	*ret = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666) : STDOUT_FILENO;
	return *ret < 0 ? app_failf(EXIT_FAILURE, "compare: %s: %s", path, strerror(errno)) : EXIT_SUCCESS;
}

static int print_to(const struct request *q, int fd, const struct comparison *c)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	switch (q->form) {
	case FORM_TABLE:
		comparison_plain(c, &q->view, &out);
		break;
	case FORM_JSON:
		comparison_json(c, &out);
		break;
	case FORM_MARKDOWN:
		comparison_markdown(c, &q->view, &out);
		break;
	case FORM_HTML:
		comparison_html(c, &q->view, &out);
		break;
	}
	if (!q->to)
		return app_print(&out);
	int r = ftruncate(fd, 0) < 0 && errno != EINVAL ? -errno : 0; /* a pipe has no length */
	r = r < 0 ? r : app_write_to(fd, &out);
	return r < 0 ? app_failf(EXIT_FAILURE, "compare: %s: %s", q->to, strerror(-r)) : EXIT_SUCCESS;
}

/* ---- where it comes from ---- */

/* All of a file, or of standard input. 0; -E2BIG; -errno. */
static int read_file(const char *path, struct strbuf *ret)
{
	bool given = strcmp(path, "-") == 0;
	cleanup_close int opened = given ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return given || opened >= 0 ? strbuf_read(ret, given ? STDIN_FILENO : opened, COMPARISON_BYTES_MAX) : -errno;
}

static int load(const char *path, struct comparison *ret)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct error err = {0};
	int r = read_file(path, &text);
	if (r < 0 && r != -E2BIG)
		return app_failf(EXIT_FAILURE, "compare: %s: %s", name, strerror(-r));
	if (comparison_parse(text.buf, text.len, ret, &err) < 0)
		return app_failf(EXIT_FAILURE, "compare: %s: %s", name, err.what);
	return EXIT_SUCCESS;
}

/* What the lab tells: on a terminal one line that is written over; elsewhere only what could not be done. */
struct progress {
	bool terminal, shown;
};

static void tell(void *data, enum tell what, const char *text)
{
	struct progress *p = data;
	cleanup_free char *copy = xstrdup(text);
	(void)text_clean(copy, strlen(copy));
	if (p->shown)
		(void)fputs("\r\033[K", stderr);
	p->shown = false;
	if (what == TELL_WARN && !interrupted) {
		(void)app_failf(0, "compare: %s", copy);
	} else if (p->terminal && what != TELL_WARN && what != TELL_COMMAND) {
		cleanup_free char *line = text_ellipsize(copy, terminal_columns(STDERR_FILENO) - 1, app_ascii());
		(void)fputs(line, stderr);
		p->shown = true;
	}
	(void)fflush(stderr);
}

/* A script a person could run: steps are its comments. */
static void tell_commands(void *data, enum tell what, const char *text)
{
	struct strbuf *out = data;
	cleanup_free char *copy = xstrdup(text);
	(void)text_clean(copy, strlen(copy));
	if (what == TELL_STEP)
		strbuf_fmt(out, "%s# %s\n", out->len ? "\n" : "", copy);
	else if (what == TELL_COMMAND)
		strbuf_fmt(out, "%s\n", copy);
	else if (what == TELL_WARN)
		strbuf_fmt(out, "# not: %s\n", copy);
}

static int lab_failed(int r, const struct error *err)
{
	return app_failf(r == -EINVAL ? EXIT_BAD_USE : EXIT_FAILURE, "compare: %s",
	                 err->what[0] ? err->what : strerror(-r));
}

static int dry_run(const struct request *q)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct teller t = {tell_commands, &out, true, &interrupted};
	struct comparison c = {0};
	struct error err = {0};
	int r = compare_run(&q->lab, &t, &c, &err);
	comparison_release(&c);
	return r < 0 ? lab_failed(r, &err) : app_print(&out);
}

static bool some_measured(const struct comparison *c)
{
	for (size_t i = 0; i < c->subjects.n; i++)
		if (!c->subjects.v[i].skipped)
			return true;
	return false;
}

/* 0, or an exit status: EXIT_INTERRUPTED with what was measured until then, or when nothing could be, with why. */
static int measure(const struct request *q, struct comparison *ret)
{
	struct progress p = {.terminal = isatty(STDERR_FILENO)};
	struct teller t = {tell, &p, false, &interrupted};
	struct sigaction sa = {.sa_handler = on_signal};
	struct error err = {0};
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGHUP, &sa, NULL);
	int r = compare_run(&q->lab, &t, ret, &err);
	tell(&p, TELL_PROGRESS, "");
	if (r == -EINTR && !ret->subjects.n)
		return app_failf(EXIT_INTERRUPTED, "compare: interrupted before anything was measured");
	if (r < 0)
		return r == -EINTR ? EXIT_INTERRUPTED : lab_failed(r, &err);
	return some_measured(ret) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int compare(struct request *q)
{
	struct comparison c = {0};
	int fd, status = open_output(q->to, &fd);
	if (status)
		return status;
	status = q->from ? load(q->from, &c) : measure(q, &c);
	if (status == EXIT_SUCCESS || c.subjects.n) {
		int printed = print_to(q, fd, &c);
		status = printed ? printed : status;
	}
	comparison_release(&c);
	if (q->to && close(fd) < 0 && status == EXIT_SUCCESS)
		status = app_failf(EXIT_FAILURE, "compare: %s: %s", q->to, strerror(errno));
	return status;
}

/* ---- options ---- */

enum {
	OPT_RUNS = 256,
	OPT_CPUS,
	OPT_MEMORY,
	OPT_SUBJECTS,
	OPT_VM_IMAGE,
	OPT_FROM,
	OPT_JSON,
	OPT_MARKDOWN,
	OPT_HTML,
	OPT_ANCHORS,
	OPT_DRY_RUN,
	OPT_ASCII,
	OPT_NO_COLOR
};

/* Options of the lab. 0, or an exit status. */
static int take_lab(struct compare_options *o, int opt, const char *arg)
{
	uint64_t n;
	switch (opt) {
	case OPT_RUNS:
		if (parse_u64(arg, strlen(arg), &n) < 0 || n < 1 || n > RUNS_MAX)
			return app_failf(EXIT_BAD_USE, "compare: --runs: '%s': not a number from 1 to %d", arg,
			                 RUNS_MAX);
		o->runs = (unsigned)n;
		return 0;
	case OPT_CPUS:
		if (parse_double(arg, &o->cpus) < 0 || o->cpus <= 0)
			return app_failf(EXIT_BAD_USE, "compare: --cpus: '%s': a number of cores above 0, such as 0.5",
			                 arg);
		return 0;
	case OPT_MEMORY:
		if (parse_size(arg, &o->memory) < 0 || !o->memory)
			return app_failf(EXIT_BAD_USE, "compare: --memory: '%s': a size such as 256M or 1.5G", arg);
		return 0;
	case OPT_SUBJECTS:
		o->subjects = arg;
		return 0;
	default:
		o->vm_image = arg;
		return 0;
	}
}

static void take_form(struct request *q, enum form form)
{
	q->form = form;
	q->forms++;
}

/* One option. 0 go on, or an exit status. */
static int take(struct request *q, int opt, char **argv)
{
	switch (opt) {
	case OPT_JSON:
	case OPT_MARKDOWN:
	case OPT_HTML:
		take_form(q, opt == OPT_JSON ? FORM_JSON : opt == OPT_HTML ? FORM_HTML : FORM_MARKDOWN);
		return 0;
	case OPT_FROM:
		q->from = optarg;
		return 0;
	case 'o':
		q->to = strcmp(optarg, "-") == 0 ? NULL : optarg;
		return 0;
	case OPT_ANCHORS:
		q->view.anchors = true;
		return 0;
	case OPT_ASCII:
		q->view.ascii = true;
		return 0;
	case OPT_NO_COLOR:
		q->no_color = true;
		return 0;
	case OPT_DRY_RUN:
		q->dry_run = q->about_lab = true;
		return 0;
	case ':':
	case '?':
		return app_failf(EXIT_BAD_USE,
		                 opt == ':' ? "compare: %s: needs a value" : "compare: %s: unknown option",
		                 app_option(argv));
	default:
		q->about_lab = true;
		return take_lab(&q->lab, opt, optarg);
	}
}

/* An option without effect is refused. 0, or an exit status. */
static int check(const struct request *q, int words, char **word)
{
	if (words > 0)
		return app_failf(EXIT_BAD_USE, "compare: '%s': takes no arguments; --subjects, --from?", word[0]);
	if (q->forms > 1)
		return app_failf(EXIT_BAD_USE, "compare: --json, --markdown and --html: choose one");
	if (q->from && q->about_lab)
		return app_failf(EXIT_BAD_USE, "compare: --from shows what was measured: no --runs, --cpus, --memory, "
		                               "--subjects, --vm-image, --dry-run");
	if (q->view.anchors && q->form == FORM_JSON)
		return app_failf(EXIT_BAD_USE, "compare: --json is what was measured here: no --anchors");
	if (q->dry_run && (q->forms || q->to || q->view.anchors))
		return app_failf(EXIT_BAD_USE,
		                 "compare: --dry-run measures nothing: no --json, --markdown, --html, -o, "
		                 "--anchors");
	return 0;
}

int cmd_compare(int argc, char **argv)
{
	static const struct option longs[] = {{"runs", required_argument, NULL, OPT_RUNS},
	                                      {"cpus", required_argument, NULL, OPT_CPUS},
	                                      {"memory", required_argument, NULL, OPT_MEMORY},
	                                      {"subjects", required_argument, NULL, OPT_SUBJECTS},
	                                      {"vm-image", required_argument, NULL, OPT_VM_IMAGE},
	                                      {"from", required_argument, NULL, OPT_FROM},
	                                      {"json", no_argument, NULL, OPT_JSON},
	                                      {"markdown", no_argument, NULL, OPT_MARKDOWN},
	                                      {"html", no_argument, NULL, OPT_HTML},
	                                      {"output", required_argument, NULL, 'o'},
	                                      {"anchors", no_argument, NULL, OPT_ANCHORS},
	                                      {"dry-run", no_argument, NULL, OPT_DRY_RUN},
	                                      {"ascii", no_argument, NULL, OPT_ASCII},
	                                      {"no-color", no_argument, NULL, OPT_NO_COLOR},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {0}};
	const char *no_color = getenv("NO_COLOR");
	struct request q = {.view = {.ascii = app_ascii()}, .no_color = no_color && *no_color};
	int opt, status = 0;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":o:h", longs, NULL)) != -1) {
		if (opt == 'h')
			return fputs(usage_text, stdout) < 0;
		status = take(&q, opt, argv);
		if (status)
			return status;
	}
	status = check(&q, argc - optind, argv + optind);
	if (status)
		return status;
	q.view.columns = view_columns();
	q.view.color = !q.no_color && !q.to && isatty(STDOUT_FILENO);
	(void)signal(SIGPIPE, SIG_IGN);
	return q.dry_run ? dry_run(&q) : compare(&q);
}
