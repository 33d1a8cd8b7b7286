/* `vctop lifecycle`: an image from its Dockerfile to a container on another machine, timed and weighed. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/storyteller.h"
#include "vctop/base/clock.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/lab/stories.h"

static const char usage[] =
        "usage: vctop lifecycle [--dry-run] [--pause] [--json]\n"
        "\n"
        "Writes a Dockerfile for the sample program, then builds, runs, pushes, pulls and runs elsewhere with podman,\n"
        "buildah and docker (those that are here), through a registry on the loopback interface; times and weighs\n"
        "each step, shows the layers, tries the images under the other runtimes, and removes all of it.\n"
        "\n"
        "      --dry-run    only print what would be done, as commands a person could type\n"
        "      --pause      wait for Enter before each step\n"
        "      --json       the result as vctop.lifecycle/1, and nothing else\n";

#define WIDTH 17

static void add_cell(struct strbuf *out, const char *text, size_t i)
{
	cleanup_free char *fit = text_ellipsize(text, WIDTH, app_ascii());
	strbuf_fmt(out, "  %s%*s", fit, i + 1 < LIFE_BUILDERS ? WIDTH - text_width(fit) : 0, "");
}

static const char *size_or_none(struct metric m, char *buf, size_t size)
{
	return metric_is_ok(m) ? units_bytes(buf, size, m.v) : "-";
}

static void add_steps(const struct lifecycle *l, struct strbuf *out)
{
	char bytes[16], cell[48];
	strbuf_fmt(out, "%-16s", "");
	for (size_t i = 0; i < LIFE_BUILDERS; i++)
		add_cell(out, l->builder[i].id, i);
	strbuf_char(out, '\n');
	for (size_t k = 0; k < LIFE_STEPS; k++) {
		cleanup_free char *name = xstrdup(life_step_name((enum life_step)k));
		char *gap = strchr(name, '_');
		if (gap)
			*gap = ' ';
		strbuf_fmt(out, "%-16s", name);
		for (size_t i = 0; i < LIFE_BUILDERS; i++) {
			const struct life_builder *b = &l->builder[i];
			if (metric_is_ok(b->sec[k]))
				(void)snprintf(cell, sizeof(cell), "%6.2f s  %6s", b->sec[k].v,
				               size_or_none(b->bytes[k], bytes, sizeof(bytes)));
			else
				(void)snprintf(cell, sizeof(cell), "     -");
			add_cell(out, cell, i);
		}
		strbuf_char(out, '\n');
	}
}

static void add_layers(const struct lifecycle *l, struct strbuf *out)
{
	char shipped[16], unpacked[16];
	strbuf_fmt(out, "\n%-8s  %7s  %8s  %s\n", "LAYERS", "SHIPPED", "UNPACKED", "MADE BY");
	for (size_t i = 0; i < LIFE_BUILDERS; i++)
		for (size_t k = 0; k < l->builder[i].layers.n; k++) {
			const struct life_layer *y = &l->builder[i].layers.v[k];
			cleanup_free char *fit = text_ellipsize(y->made_by, 51, app_ascii());
			strbuf_fmt(out, "%-8s  %7s  %8s  %s\n", k ? "" : l->builder[i].id,
			           size_or_none(y->shipped_bytes, shipped, sizeof(shipped)),
			           size_or_none(y->unpacked_bytes, unpacked, sizeof(unpacked)), fit);
		}
}

static const struct life_run *find_run(const struct lifecycle *l, const char *from, const char *on)
{
	for (size_t i = 0; i < l->runs.n; i++)
		if (strcmp(l->runs.v[i].from, from) == 0 && strcmp(l->runs.v[i].on, on) == 0)
			return &l->runs.v[i];
	return NULL;
}

static void add_runs(const struct lifecycle *l, struct strbuf *out)
{
	static const char *const places[] = {"podman", "docker", "runc", "crun"};
	strbuf_fmt(out, "\n%-16s", "RUNS UNDER");
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		strbuf_fmt(out, "  %6s", places[i]);
	for (size_t b = 0; b < LIFE_BUILDERS; b++) {
		strbuf_fmt(out, "\nimage of %-7s", l->builder[b].id);
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			const struct life_run *r = find_run(l, l->builder[b].id, places[i]);
			strbuf_fmt(out, "  %6s", !r ? "-" : r->ok ? "yes" : "no");
		}
	}
	strbuf_char(out, '\n');
}

/* A runtime that runs none says the same of each. */
static bool told_before(const struct lifecycle *l, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(l->runs.v[i].on, l->runs.v[at].on) == 0 && strcmp(l->runs.v[i].why, l->runs.v[at].why) == 0)
			return true;
	return false;
}

static void add_remarks(const struct lifecycle *l, struct strbuf *out)
{
	for (size_t i = 0; i < LIFE_BUILDERS; i++)
		if (l->builder[i].skipped[0]) {
			cleanup_free char *line = xasprintf("%s: %s", l->builder[i].id, l->builder[i].skipped);
			storyteller_wrap(out, line, "", "  ", "");
		}
	for (size_t i = 0; i < l->runs.n; i++)
		if (!l->runs.v[i].ok && !told_before(l, i)) {
			cleanup_free char *line = xasprintf("no under %s: %s", l->runs.v[i].on, l->runs.v[i].why);
			storyteller_wrap(out, line, "", "  ", "");
		}
}

static json_t *number(struct metric m)
{
	return metric_is_ok(m) ? json_real(m.v) : json_null();
}

static json_t *builder_json(const struct life_builder *b)
{
	json_t *steps = json_object(), *layers = json_array();
	for (size_t k = 0; k < LIFE_STEPS; k++)
		(void)json_object_set_new(
		        steps, life_step_name((enum life_step)k),
		        json_pack("{s:o,s:o}", "sec", number(b->sec[k]), "bytes", number(b->bytes[k])));
	for (size_t k = 0; k < b->layers.n; k++)
		(void)json_array_append_new(layers, json_pack("{s:s,s:b,s:o,s:o}", "made_by", b->layers.v[k].made_by,
		                                              "empty", b->layers.v[k].empty, "shipped_bytes",
		                                              number(b->layers.v[k].shipped_bytes), "unpacked_bytes",
		                                              number(b->layers.v[k].unpacked_bytes)));
	return json_pack("{s:s,s:s?,s:s?,s:o,s:o}", "id", b->id, "version", b->version[0] ? b->version : NULL,
	                 "skipped", b->skipped[0] ? b->skipped : NULL, "steps", steps, "layers", layers);
}

static void add_json(const struct lifecycle *l, struct strbuf *out)
{
	char now[40];
	json_t *builders = json_array(), *runs = json_array();
	for (size_t i = 0; i < LIFE_BUILDERS; i++)
		(void)json_array_append_new(builders, builder_json(&l->builder[i]));
	for (size_t i = 0; i < l->runs.n; i++) {
		const struct life_run *r = &l->runs.v[i];
		(void)json_array_append_new(runs, json_pack("{s:s,s:s,s:b,s:s?,s:o}", "image_of", r->from, "runtime",
		                                            r->on, "runs", r->ok, "why", r->ok ? NULL : r->why, "sec",
		                                            r->ok ? json_real(r->sec) : json_null()));
	}
	json_t *o =
	        json_pack("{s:s,s:s,s:s,s:b,s:f,s:o,s:o}", "schema", "vctop.lifecycle/1", "time",
	                  units_rfc3339(now, sizeof(now), clock_real_usec()), "registry", l->registry, "has_registry",
	                  l->has_registry, "context_bytes", l->context_bytes, "builders", builders, "runs", runs);
	cleanup_free char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	json_decref(o);
	strbuf_fmt(out, "%s\n", text ? text : "null");
}

static bool shown(const struct lifecycle *l)
{
	for (size_t i = 0; i < LIFE_BUILDERS; i++)
		if (metric_is_ok(l->builder[i].sec[LIFE_BUILD]))
			return true;
	return false;
}

/* Nothing shown at all is a failure. */
static int show(const struct storyteller *s, const struct lifecycle *l, bool json)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (s->teller.dry_run)
		return EXIT_SUCCESS;
	if (json) {
		add_json(l, &out);
		int status = app_print(&out);
		return shown(l) ? status : EXIT_FAILURE;
	}
	strbuf_fmt(&out, "\nOne program and a text through %s\n\n", l->registry);
	add_steps(l, &out);
	add_layers(l, &out);
	add_runs(l, &out);
	add_remarks(l, &out);
	int status = app_print(&out);
	return shown(l) ? status : EXIT_FAILURE;
}

int cmd_lifecycle(int argc, char **argv)
{
	static const struct option options[] = {{"dry-run", no_argument, NULL, 'n'},
	                                        {"pause", no_argument, NULL, 'p'},
	                                        {"json", no_argument, NULL, 'j'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {0}};
	struct storyteller s;
	struct lifecycle l;
	struct error err = {0};
	bool given[128] = {false};
	int opt;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (opt == 'h')
			return fputs(usage, stdout) < 0;
		if (opt == '?' || opt == ':')
			return app_failf(EXIT_BAD_USE, "lifecycle: %s: unknown option; see vctop lifecycle -h",
			                 app_option(argv));
		given[opt] = true;
	}
	if (optind < argc)
		return app_failf(EXIT_BAD_USE, "lifecycle: '%s': takes no arguments", argv[optind]);
	if (given['j'] && (given['n'] || given['p']))
		return app_failf(EXIT_BAD_USE,
		                 "lifecycle: --json tells only the result: not with --dry-run or --pause");
	storyteller_open(&s, given['n'], given['p'], given['j']);
	int r = lifecycle_run(&s.teller, &l, &err);
	int status = r < 0 ? storyteller_failed("lifecycle", r, &err) : show(&s, &l, given['j']);
	lifecycle_release(&l);
	return status;
}
