/* `vctop demo daemon-down|waste`: stories for a class. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/storyteller.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/lab/stories.h"

static const char usage[] =
        "usage: vctop demo daemon-down [--dry-run] [--pause]\n"
        "       vctop demo waste [--memory SIZE] [--dry-run] [--pause]\n"
        "\n"
        "Tells a story step by step, on daemons, containers and VMs of its own, and removes them at the end.\n"
        "\n"
        "  daemon-down      kill a container daemon: what runs on, what nobody can manage any more, what a\n"
        "                   restart does; dockerd without and with live-restore, and podman\n"
        "  waste            four teams share this machine, one uses 40 % of its share, the others nothing:\n"
        "                   by VMs, then by containers; what is left for one more team\n"
        "\n"
        "      --memory SIZE  what the four share (default: half of what is available, at most 32G)\n"
        "      --dry-run    only print what would be done, as commands a person could type\n"
        "      --pause      wait for Enter before each step\n";

struct options {
	bool dry_run, pause;
	uint64_t memory; /* --memory; 0: not given */
};

/* A row of the table: a question, and one answer for each column. */
static void add_row(struct strbuf *out, const char *question, const char *const answers[STORY_DAEMONS])
{
	strbuf_fmt(out, "%-22s", question);
	for (size_t i = 0; i < STORY_DAEMONS; i++) {
		cleanup_free char *fit = text_ellipsize(answers[i], 17, app_ascii());
		strbuf_fmt(out, "  %s%*s", fit, i + 1 < STORY_DAEMONS ? 17 - text_width(fit) : 0, "");
	}
	strbuf_char(out, '\n');
}

static const char *count(char buf[24], double n, unsigned of)
{
	(void)snprintf(buf, 24, "%.0f of %u", n, of);
	return buf;
}

static void daemon_down_table(const struct daemon_down *d, struct strbuf *out)
{
	enum { WHO, KILLED, SAID, SURVIVED, ANSWERS, BACK, KEPT, ROWS };
	static const char *const questions[ROWS] = {"",
	                                            "killed",
	                                            "vctop said: survives?",
	                                            "containers that ran on",
	                                            "command line answers",
	                                            "restart took",
	                                            "same after restart"};
	char text[ROWS][STORY_DAEMONS][24];
	const char *cell[ROWS][STORY_DAEMONS];
	for (size_t i = 0; i < STORY_DAEMONS; i++) {
		const struct daemon_death *v = &d->death[i];
		cell[WHO][i] = i == STORY_DOCKER_RESTORE ? "with live-restore" : v->title;
		cell[KILLED][i] = v->killed;
		cell[SAID][i] = v->said;
		cell[SURVIVED][i] = count(text[SURVIVED][i], v->survived, v->containers);
		cell[ANSWERS][i] = v->answers ? "yes" : "no";
		cell[BACK][i] = cell[KEPT][i] = "nothing to";
		if (metric_is_ok(v->back_sec)) {
			(void)snprintf(text[BACK][i], 24, "%.1f s", v->back_sec.v);
			cell[BACK][i] = text[BACK][i];
			cell[KEPT][i] = count(text[KEPT][i], v->kept.v, v->containers);
		}
		for (size_t k = KILLED; v->skipped[0] && k < ROWS; k++)
			cell[k][i] = k == KILLED ? "left out" : "-";
	}
	strbuf_char(out, '\n');
	for (size_t k = 0; k < ROWS; k++)
		add_row(out, questions[k], cell[k]);
}

/* Nothing shown at all is a failure. */
static int show(const struct storyteller *s, int r, const struct error *err, bool shown, const struct strbuf *table)
{
	if (r < 0)
		return storyteller_failed("demo", r, err);
	if (s->teller.dry_run)
		return EXIT_SUCCESS;
	r = app_print(table);
	return shown ? r : EXIT_FAILURE;
}

static void waste_row(struct strbuf *out, const char *title, char *(*format)(char *buf, size_t size, double v),
                      struct metric vms, struct metric containers)
{
	const struct metric m[] = {vms, containers};
	char text[16];
	strbuf_fmt(out, "%-34s", title);
	for (size_t i = 0; i < ARRAY_SIZE(m); i++)
		strbuf_fmt(out, "  %18s", metric_is_ok(m[i]) ? format(text, sizeof(text), m[i].v) : "-");
	strbuf_char(out, '\n');
}

static void waste_table(const struct waste *w, struct strbuf *out)
{
	const struct waste_model *v = &w->model[WASTE_VMS], *c = &w->model[WASTE_CONTAINERS];
	char total[16], each[16];
	strbuf_fmt(out, "\nFour teams on %.3g cores and %s, %.3g cores and %s each\n\n", w->total_cores,
	           units_bytes(total, sizeof(total), (double)w->total_bytes), w->team_cores,
	           units_bytes(each, sizeof(each), (double)w->team_bytes));
	strbuf_fmt(out, "%-34s  %18s  %18s\n", "", "VIRTUAL MACHINES", "CONTAINERS");
	strbuf_fmt(out, "%-34s  %18s  %18s\n", "run by", v->skipped[0] ? "-" : v->backend,
	           c->skipped[0] ? "-" : c->backend);
	waste_row(out, "given", units_bytes, v->given_bytes, c->given_bytes);
	waste_row(out, "given to nobody", units_bytes, v->unallocated_bytes, c->unallocated_bytes);
	waste_row(out, "the work needs", units_bytes, metric_ok((double)w->work_bytes),
	          metric_ok((double)w->work_bytes));
	waste_row(out, "used", units_bytes, v->used_bytes, c->used_bytes);
	waste_row(out, "held", units_bytes, v->held_bytes, c->held_bytes);
	waste_row(out, "overhead: VMMs, helpers", units_bytes, v->overhead_bytes, c->overhead_bytes);
	waste_row(out, "slack: given and not used", units_bytes, v->slack_bytes, c->slack_bytes);
	waste_row(out, "held by nobody", units_bytes, v->unheld_bytes, c->unheld_bytes);
	waste_row(out, "one more team could get", units_bytes, v->next_bytes, c->next_bytes);
	waste_row(out, "cores used", units_cores, v->used_cores, c->used_cores);
	strbuf_char(out, '\n');
	storyteller_wrap(out,
	                 "A VM's memory is promised to it when it starts, and what its guest ever touched it holds; a "
	                 "host that promises more than it has fails when guests fill up. A container's limit promises "
	                 "nothing: what it does not hold is anybody's.",
	                 "", "", "");
	for (size_t i = 0; i < WASTE_MODELS; i++)
		if (w->model[i].skipped[0])
			storyteller_wrap(out, w->model[i].skipped, "left out: ", "  ", "");
}

static int waste(struct storyteller *s, const struct options *o)
{
	cleanup_strbuf struct strbuf table = STRBUF_INIT;
	const struct waste_options w = {.memory = o->memory};
	struct waste result;
	struct error err = {0};
	int r = waste_run(&w, &s->teller, &result, &err);
	if (r == 0)
		waste_table(&result, &table);
	bool shown = !result.model[WASTE_VMS].skipped[0] || !result.model[WASTE_CONTAINERS].skipped[0];
	return show(s, r, &err, shown, &table);
}

static int daemon_down(struct storyteller *s, const struct options *o)
{
	cleanup_strbuf struct strbuf table = STRBUF_INIT;
	struct daemon_down d;
	struct error err = {0};
	(void)o;
	int r = daemon_down_run(&s->teller, &d, &err);
	bool shown = false;
	for (size_t i = 0; i < STORY_DAEMONS; i++)
		shown = shown || !d.death[i].skipped[0];
	if (r == 0)
		daemon_down_table(&d, &table);
	return show(s, r, &err, shown, &table);
}

static const struct {
	const char *name;
	int (*run)(struct storyteller *s, const struct options *o);
	bool has_memory;
} stories[] = {{"daemon-down", daemon_down, false}, {"waste", waste, true}};

/* An exit status; -1: go on. */
static int parse(int argc, char **argv, struct options *ret)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'},
	                                        {"pause", no_argument, NULL, 'p'},
	                                        {"memory", required_argument, NULL, 'm'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {0}};
	int opt;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":hm:", options, NULL)) != -1) {
		if (opt == 'h')
			return fputs(usage, stdout) < 0;
		if (opt == ':')
			return app_failf(EXIT_BAD_USE, "demo: %s: needs a value; see vctop demo -h", app_option(argv));
		if (opt == '?')
			return app_failf(EXIT_BAD_USE, "demo: %s: unknown option; see vctop demo -h", app_option(argv));
		if (opt == 'm' && (parse_size(optarg, &ret->memory) < 0 || !ret->memory))
			return app_failf(EXIT_BAD_USE, "demo: --memory: '%s': a size such as 2G", optarg);
		ret->dry_run = ret->dry_run || opt == 'n';
		ret->pause = ret->pause || opt == 'p';
	}
	if (argc - optind != 1)
		return app_failf(EXIT_BAD_USE,
		                 argc > optind ? "demo: one story, please" : "demo: which? daemon-down or waste");
	return -1;
}

int cmd_demo(int argc, char **argv)
{
	struct storyteller s;
	struct options o = {0};
	int status = parse(argc, argv, &o);
	if (status >= 0)
		return status;
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		if (strcmp(argv[optind], stories[i].name) != 0)
			continue;
		if (o.memory && !stories[i].has_memory)
			return app_failf(EXIT_BAD_USE, "demo: --memory: only for waste");
		storyteller_open(&s, o.dry_run, o.pause, false);
		return stories[i].run(&s, &o);
	}
	return app_failf(EXIT_BAD_USE, "demo: '%s': no such story; see vctop demo -h", argv[optind]);
}
