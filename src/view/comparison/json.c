/*
 * vctop.compare/1: the figures of a subject lie at the dotted paths of the figure table, each {median, min, max, runs};
 * a median that is not there is null, and the subject's `unavailable` says why.
 */
#include "vctop/base/units.h"
#include "vctop/view/views.h"
#include "view/comparison/words.h"
#include "view/json_make.h"

/* Without a median there is no range. */
static json_t *spread(const struct spread *s, enum field_unit unit)
{
	json_t *o = json_object();
	const struct metric values[] = {s->median, s->min, s->max};
	static const char *const keys[] = {"median", "min", "max"};
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *v = NULL;
		if (metric_is_ok(s->median) && metric_is_ok(values[i]))
			v = unit == UNIT_BYTES || unit == UNIT_COUNT ? json_make_number(values[i].v)
			                                             : json_make_real(values[i].v);
		(void)json_object_set_new(o, keys[i], v ? v : json_null());
	}
	(void)json_object_set_new(o, "runs", json_integer(s->runs));
	return o;
}

static json_t *phases(const struct subject *s)
{
	json_t *a = json_array();
	for (size_t i = 0; i < s->phases.n; i++) {
		json_t *o = spread(&s->phases.v[i].sec, UNIT_SECONDS);
		(void)json_object_set_new(o, "name", json_make_text(s->phases.v[i].name));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *facts(const struct subject *s)
{
	json_t *o = json_object();
	for (size_t i = 0; i < s->facts.n; i++)
		(void)json_object_set_new(o, s->facts.v[i].key, json_make_text(s->facts.v[i].value));
	return o;
}

static json_t *commands(const struct subject *s)
{
	json_t *a = json_array();
	for (size_t i = 0; i < s->commands.n; i++)
		(void)json_array_append_new(a, json_make_text(s->commands.v[i]));
	return a;
}

static json_t *subject(const struct subject *s)
{
	json_t *unavailable = json_object();
	json_t *o = json_pack("{s:o, s:o, s:o, s:b, s:o, s:o}", "id", json_make_text(s->id), "title",
	                      json_make_text(s->title), "kind", json_make_text(s->kind), "emulated", s->emulated,
	                      "remark", json_make_text(s->remark), "skipped", json_make_text(s->skipped));
	for (int f = 0; f < FIGURE_MAX; f++) {
		const struct figure_info *info = &figure_table[f];
		json_put_path(o, info->key, spread(&s->value[f], info->unit));
		struct metric m = s->value[f].median;
		json_say_why(unavailable, info->key, metric_is_ok(m) ? m : metric_none(m.st, comparison_why(m)));
	}
	json_put_path(o, "start.phases", phases(s));
	(void)json_object_set_new(o, "facts", facts(s));
	(void)json_object_set_new(o, "commands", commands(s));
	(void)json_object_set_new(o, "unavailable", unavailable);
	return o;
}

void comparison_json(const struct comparison *c, struct strbuf *out)
{
	char time[64];
	json_t *subjects = json_array();
	for (size_t i = 0; i < c->subjects.n; i++)
		(void)json_array_append_new(subjects, subject(&c->subjects.v[i]));
	/* clang-format off */
	json_print_line(json_pack("{s:s, s:s, s:{s:o, s:o, s:o, s:o, s:o}, s:{s:o, s:o, s:o}, s:i, s:b, s:o}",
		"schema", "vctop.compare/1",
		"time", units_rfc3339(time, sizeof(time), c->time_usec),
		"host", "hostname", json_make_text(c->hostname), "kernel", json_make_text(c->kernel),
			"cpu_model", json_make_text(c->cpu_model), "capacity_cores", json_make_real(c->capacity_cores),
			"capacity_bytes", json_make_number((double)c->capacity_bytes),
		"allocation", "cores", json_make_real(c->cpus), "memory_bytes", json_make_number((double)c->memory),
			"load_bytes", json_make_number((double)c->load_bytes),
		"runs", (int)c->runs, "interrupted", c->interrupted, "subjects", subjects), out);
	/* clang-format on */
}
