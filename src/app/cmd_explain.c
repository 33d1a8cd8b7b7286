/*
 * `vctop explain INSTANCE`: every number of one instance with the files it came from, their raw text in both readings,
 * the formula and the state; then the verdict's evidence.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/explain.h"
#include "vctop/base/parse.h"

/* The row people mean: an id, a name, or the beginning of the id after its colon. NULL with err filled. */
static const struct row *find_row(const struct frame *f, const char *wanted, struct error *err)
{
	const struct row *found = NULL;
	unsigned n = 0;
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct instance *inst = f->rows.v[i].inst;
		const char *colon = strchr(inst->id, ':');
		if (strcmp(inst->id, wanted) == 0)
			return &f->rows.v[i];
		if (strcmp(inst->name, wanted) == 0 ||
		    (strlen(wanted) >= 4 && colon && strncmp(colon + 1, wanted, strlen(wanted)) == 0)) {
			found = &f->rows.v[i];
			n++;
		}
	}
	if (n > 1)
		(void)error_set(err, EINVAL,
		                "explain: %s: %u instances answer to it: give the id (vctop -b --columns name,id)",
		                wanted, n);
	else if (!found)
		(void)error_set(err, ENOENT, "explain: %s: no such instance", wanted);
	return n == 1 ? found : NULL;
}

static int two_ticks(struct explain *x, struct engine *e, double delay, struct error *err)
{
	struct timespec ts = {(time_t)delay, (long)((delay - (double)(time_t)delay) * 1e9)};
	x->tick = 0;
	engine_remember(e, PAST_READ, PAST_SAVE_SEC);
	int r = engine_tick(e, err);
	if (r < 0)
		return r;
	if (e->live)
		(void)nanosleep(&ts, NULL);
	x->tick = 1;
	r = engine_tick(e, err);
	return r == -ENODATA ? 0 : r;
}

/* The file of the name is known to the instance; the image and the rest are there too, or in another that was read. */
static void cite_names(struct explain *x, const struct instance *i)
{
	static const char *const fields[] = {"name", "image", "sample"};
	const char *const values[] = {i->name, i->image, i->sample};
	const char *from = i->name_from;
	char monitor[32];
	(void)snprintf(monitor, sizeof(monitor), "/proc/%d/cmdline", (int)x->monitor);
	if (from && *from != '/')
		from = x->monitor && i->kind == INSTANCE_CONTAINER ? monitor : NULL;
	for (size_t k = 0; from && k < ARRAY_SIZE(fields); k++) {
		const char *path = values[k] ? explain_file_with(x, from + 1, values[k]) : NULL;
		if (path || (values[k] && k == 0))
			explain_cite(x, x->id, fields[k], path ? path : from + 1, NULL);
	}
}

/* Of the terminal; 0: not one. */
static int terminal_columns(void)
{
	struct winsize ws;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 40 ? ws.ws_col : 0;
}

/* Once to find it, once more to watch its files being read, those too that are read only once. */
static int find_instance(struct explain *x, const char *wanted, const char *root, struct error *err)
{
	struct engine e;
	const struct row *r = NULL;
	if (engine_open(&e, root, err) < 0)
		return -err->code;
	if (engine_tick(&e, err) == 0 && (r = find_row(e.frame, wanted, err)))
		explain_watch(x, r);
	engine_close(&e);
	return r ? 0 : -err->code;
}

static int explain(const char *wanted, const char *root, double delay)
{
	struct explain x = {0};
	struct error err = {0};
	struct engine e;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	const struct rootfs_trace trace = {.read = explain_read, .cite = explain_cite, .data = &x};
	const struct row *r = NULL;
	int status = EXIT_FAILURE;
	if (find_instance(&x, wanted, root, &err) == 0 && engine_open_traced(&e, root, &trace, &err) == 0) {
		if (two_ticks(&x, &e, delay, &err) == 0 && (r = find_row(e.frame, x.id, &err))) {
			cite_names(&x, r->inst);
			explain_print(&x, r, e.past, terminal_columns(), &out);
			status = app_print(&out);
		}
		engine_close(&e);
	}
	if (status != EXIT_SUCCESS && err.code)
		(void)app_fail(status, &err);
	explain_release(&x);
	return status;
}

int cmd_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"root", required_argument, NULL, 'R'},
	                                      {"delay", required_argument, NULL, 'd'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {0}};
	const char *root = "/";
	double delay = 1;
	int opt;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":d:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'R':
			root = optarg;
			break;
		case 'd':
			if (parse_double(optarg, &delay) < 0 || delay < 0.01 || delay > 3600)
				return app_failf(EXIT_BAD_USE,
				                 "explain: -d: %s: not a number of seconds from 0.01 to 3600", optarg);
			break;
		case 'h':
			(void)puts("usage: vctop explain [-d SECONDS] [--root DIR] INSTANCE\n"
			           "Every number of one instance (a name, an id, or the beginning of an id): file, raw "
			           "text,\n"
			           "formula and state; and the verdict's evidence.");
			return EXIT_SUCCESS;
		case ':':
			return app_failf(EXIT_BAD_USE, "explain: %s: needs a value", argv[optind - 1]);
		default:
			return app_failf(EXIT_BAD_USE, "explain: %s: unknown option", app_option(argv));
		}
	}
	if (optind + 1 != argc)
		return app_failf(EXIT_BAD_USE, "explain: which instance? (one name or id)");
	return explain(argv[optind], root, delay);
}
