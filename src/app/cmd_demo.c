/* `vctop demo daemon-down|waste`: stories for a class. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/storyteller.h"
#include "vctop/base/text.h"
#include "vctop/lab/stories.h"

static const char usage[] =
        "usage: vctop demo daemon-down [--dry-run] [--pause]\n"
        "\n"
        "Tells a story step by step, on daemons, containers and VMs of its own, and removes them at the end.\n"
        "\n"
        "  daemon-down      kill a container daemon: what runs on, what nobody can manage any more, what a\n"
        "                   restart does; dockerd without and with live-restore, and podman\n"
        "\n"
        "      --dry-run    only print what would be done, as commands a person could type\n"
        "      --pause      wait for Enter before each step\n";

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

static int show(const struct storyteller *s, int r, const struct error *err, const struct strbuf *table)
{
	if (r < 0)
		return app_failf(EXIT_FAILURE, "demo: %s", err->what[0] ? err->what : strerror(-r));
	return s->teller.dry_run ? EXIT_SUCCESS : app_print(table);
}

static int daemon_down(struct storyteller *s)
{
	cleanup_strbuf struct strbuf table = STRBUF_INIT;
	struct daemon_down d;
	struct error err = {0};
	int r = daemon_down_run(&s->teller, &d, &err);
	if (r == 0)
		daemon_down_table(&d, &table);
	return show(s, r, &err, &table);
}

static const struct {
	const char *name;
	int (*run)(struct storyteller *s);
} stories[] = {{"daemon-down", daemon_down}};

int cmd_demo(int argc, char **argv)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'},
	                                        {"pause", no_argument, NULL, 'p'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {0}};
	struct storyteller s;
	bool dry_run = false, pause = false;
	int opt;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (opt == 'h')
			return fputs(usage, stdout) < 0;
		if (opt != 'n' && opt != 'p')
			return app_failf(EXIT_BAD_USE, "demo: %s: unknown option; see vctop demo -h", app_option(argv));
		dry_run = dry_run || opt == 'n';
		pause = pause || opt == 'p';
	}
	if (argc - optind != 1)
		return app_failf(EXIT_BAD_USE, argc > optind ? "demo: one story, please" : "demo: which? daemon-down");
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		if (strcmp(argv[optind], stories[i].name) != 0)
			continue;
		storyteller_open(&s, dry_run, pause, false);
		return stories[i].run(&s);
	}
	return app_failf(EXIT_BAD_USE, "demo: '%s': no such story; see vctop demo -h", argv[optind]);
}
