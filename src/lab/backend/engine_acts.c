/* What is done with a running sample of podman or docker: through its own commands, as a person would. */
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "lab/backend/engine.h"
#include "lab/tool/weigh.h"

static int about(const struct launched *l, const char *words, struct strbuf *out, struct error *err)
{
	cleanup_free char *line = xasprintf("%s %s", words, l->ref);
	return command_ask(l->backend, line, out, err);
}

static int order(const struct launched *l, const char *words, struct error *err)
{
	cleanup_free char *line = xasprintf("%s %s", words, l->ref);
	return command_do(l->backend, line, ENGINE_WORK_MSEC, err);
}

static int answers_engine(const struct reg *r, const struct launched *l, struct strbuf *ret, struct error *err)
{
	(void)r;
	return about(l, "logs", ret, err);
}

static int pause_engine(const struct reg *r, const struct launched *l, bool on, struct error *err)
{
	(void)r;
	return order(l, on ? "pause" : "unpause", err);
}

static int end_engine(const struct reg *r, const struct launched *l, struct error *err)
{
	(void)r;
	return order(l, "stop -t 5", err);
}

/* The template has a tab for a blank: words are split at blanks. */
#define LAYERS "--format {{json\t.GraphDriver.Data}}"

/* The overlay directories in the answer to inspect --format {{json .GraphDriver.Data}}. */
static uint64_t weigh_overlay(const char *text, bool lower)
{
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *upper = json_string_value(json_object_get(o, "UpperDir"));
	const char *below = lower ? json_string_value(json_object_get(o, "LowerDir")) : NULL;
	uint64_t sum = upper ? weigh_files(upper) : 0;
	while (below && *below) {
		size_t n = strcspn(below, ":");
		cleanup_free char *one = xstrndup(below, n);
		sum += weigh_files(one);
		below += n + (below[n] == ':');
	}
	json_decref(o);
	return sum;
}

/* All layers of an image; 0 unknown. */
static uint64_t weigh_image(const char *engine, const char *image)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	cleanup_free char *words = xasprintf("inspect --type image " LAYERS " %s", image);
	return command_ask(engine, words, &out, NULL) < 0 ? 0 : weigh_overlay(out.buf, true);
}

/* All layers of the image it runs. */
static uint64_t weigh_base(const struct launched *l)
{
	cleanup_strbuf struct strbuf image = STRBUF_INIT;
	if (about(l, "inspect --type container --format {{.Image}}", &image, NULL) < 0)
		return 0;
	image.buf[strcspn(image.buf, "\n")] = '\0';
	return weigh_image(l->backend, image.buf);
}

/* Its size is what it adds to the image. */
static int snapshot_engine(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err)
{
	cleanup_free char *image = xasprintf(ENGINE_SNAPSHOT ":%s", l->name);
	cleanup_free char *commit = xasprintf("commit %s %s", l->ref, image), *drop = xasprintf("rmi %s", image);
	(void)r;
	double from = launch_clock();
	int rc = command_do(l->backend, commit, ENGINE_WORK_MSEC, err);
	if (rc < 0)
		return rc;
	ret->sec = launch_clock() - from;
	uint64_t all = weigh_image(l->backend, image), base = weigh_base(l);
	ret->bytes = all > base ? all - base : 0;
	rc = command_do(l->backend, drop, ENGINE_WORK_MSEC, err);
	if (rc == 0 && (!all || !base))
		rc = error_set(err, EOPNOTSUPP, "%s: its storage driver does not tell where layers are", l->backend);
	return rc;
}

static struct metric bytes_or(uint64_t bytes, const char *why)
{
	return bytes ? metric_ok((double)bytes) : metric_none(METRIC_ABSENT, why);
}

/* The layer of its own, and the directory of what the engine notes about it. */
static uint64_t weigh_writable(const struct launched *l)
{
	cleanup_strbuf struct strbuf layer = STRBUF_INIT;
	cleanup_strbuf struct strbuf file = STRBUF_INIT;
	if (about(l, "inspect --type container " LAYERS, &layer, NULL) < 0)
		return 0;
	uint64_t sum = weigh_overlay(layer.buf, false);
	if (sum && about(l, "inspect --type container --format {{.ResolvConfPath}}", &file, NULL) == 0 &&
	    file.buf[0] == '/') {
		file.buf[strcspn(file.buf, "\n")] = '\0';
		sum += weigh_files(dirname(file.buf));
	}
	return sum;
}

static void disk_engine(const struct reg *r, const struct launched *l, struct disk_use *ret)
{
	static const char why[] = "the storage driver does not tell where layers are";
	(void)r;
	ret->image = bytes_or(weigh_base(l), why);
	ret->writable = bytes_or(weigh_writable(l), why);
}

const struct acts acts_engine = {answers_engine,  pause_engine, end_engine,
                                 snapshot_engine, disk_engine,  engine_commands};
