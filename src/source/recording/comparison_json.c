/* From vctop.compare/1 to a comparison: see the header.  The text is anybody's, so nothing in it is believed. */
#include "vctop/source/comparison_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/recording/json_take.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define SUBJECTS_MAX 64
#define LIST_MAX 128 /* phases, facts, commands of one subject */
#define ID_BYTES 32
#define NAME_BYTES 80 /* of what becomes the head of a column or a row */
#define RUNS_MAX 1e6

static char *take_text(const json_t *v, size_t max)
{
	const char *s = json_string_value(v);
	return s ? text_clean(xstrdup(s), max) : NULL;
}

static double take_or_zero(const json_t *v)
{
	struct metric m = json_take_number(v);
	return metric_is_ok(m) ? m.v : 0;
}

static unsigned take_runs(const json_t *v)
{
	double runs = take_or_zero(v);
	return runs <= RUNS_MAX ? (unsigned)runs : 0;
}

static struct spread take_spread(const json_t *o)
{
	struct spread s = {.median = json_take_number(json_object_get(o, "median")),
	                   .min = json_take_number(json_object_get(o, "min")),
	                   .max = json_take_number(json_object_get(o, "max")),
	                   .runs = take_runs(json_object_get(o, "runs"))};
	if (!metric_is_ok(s.median))
		s.min = s.max = s.median;
	else if (!metric_is_ok(s.min) || !metric_is_ok(s.max) || s.min.v > s.median.v || s.median.v > s.max.v)
		s.median = s.min = s.max = metric_none(METRIC_ABSENT, "not between its least and greatest in the file");
	return s;
}

static const json_t *at_path(const json_t *o, const char *path)
{
	const char *dot;
	for (; o && (dot = strchr(path, '.')); path = dot + 1) {
		char key[64];
		(void)snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
		o = json_object_get(o, key);
	}
	return json_object_get(o, path);
}

static void take_figures(struct subject *s, const json_t *o)
{
	const json_t *unavailable = json_object_get(o, "unavailable");
	for (int f = 0; f < FIGURE_MAX; f++) {
		const char *key = figure_table[f].key;
		struct spread *v = &s->value[f];
		struct arena text = {0};
		struct metric missing;
		*v = take_spread(at_path(o, key));
		if (!metric_is_ok(v->median) && json_take_reason(&text, unavailable, key, &missing)) {
			s->why[f] = xstrdup(missing.why);
			v->min = v->max = v->median = metric_none(missing.st, s->why[f]);
		}
		arena_release(&text);
	}
}

static void take_phases(struct subject *s, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < LIST_MAX; i++) {
		const json_t *o = json_array_get(list, i);
		struct comparison_phase p = {take_text(json_object_get(o, "name"), NAME_BYTES), take_spread(o)};
		if (p.name)
			vec_push(&s->phases, p);
	}
}

static void take_facts(struct subject *s, json_t *facts)
{
	const char *key;
	json_t *v;
	json_object_foreach(facts, key, v)
	{
		char *value = take_text(v, TEXT_BYTES);
		if (value && s->facts.n < LIST_MAX)
			vec_push(&s->facts, ((struct comparison_fact){text_clean(xstrdup(key), NAME_BYTES), value}));
		else
			free(value);
	}
}

static void take_commands(struct subject *s, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list) && i < LIST_MAX; i++) {
		char *command = take_text(json_array_get(list, i), TEXT_BYTES);
		if (command)
			vec_push(&s->commands, command);
	}
}

static int take_subject(struct comparison *c, const json_t *o, struct error *err)
{
	static const char *const kinds[] = {"process", "container", "vm"};
	struct subject s = {.id = take_text(json_object_get(o, "id"), ID_BYTES),
	                    .title = take_text(json_object_get(o, "title"), TEXT_BYTES),
	                    .kind = take_text(json_object_get(o, "kind"), NAME_BYTES),
	                    .emulated = json_is_true(json_object_get(o, "emulated")),
	                    .remark = take_text(json_object_get(o, "remark"), TEXT_BYTES),
	                    .skipped = take_text(json_object_get(o, "skipped"), TEXT_BYTES)};
	bool known = false;
	for (size_t i = 0; s.kind && i < ARRAY_SIZE(kinds); i++)
		known = known || strcmp(s.kind, kinds[i]) == 0;
	take_figures(&s, o);
	take_phases(&s, at_path(o, "start.phases"));
	take_facts(&s, json_object_get(o, "facts"));
	take_commands(&s, json_object_get(o, "commands"));
	vec_push(&c->subjects, s); /* released with the rest, also when it is refused */
	if (!s.id || !*s.id)
		return error_set(err, EINVAL, "a subject without id");
	if (!known)
		return error_set(err, EINVAL, "%s: its kind is neither process, container nor vm", s.id);
	for (size_t i = 0; i + 1 < c->subjects.n; i++)
		if (strcmp(c->subjects.v[i].id, s.id) == 0)
			return error_set(err, EINVAL, "two subjects with the id %s", s.id);
	if (!s.title)
		c->subjects.v[c->subjects.n - 1].title = xstrdup(s.id);
	return 0;
}

static int take_all(struct comparison *c, const json_t *o, struct error *err)
{
	const char *schema = json_string_value(json_object_get(o, "schema"));
	const char *time = json_string_value(json_object_get(o, "time"));
	const json_t *host = json_object_get(o, "host"), *allocation = json_object_get(o, "allocation");
	const json_t *subjects = json_object_get(o, "subjects");
	if (!schema || strcmp(schema, "vctop.compare/1") != 0)
		return error_set(err, EPROTO, "not vctop.compare/1%s%.60s", schema ? " but " : "",
		                 schema ? schema : "");
	if (!time || parse_rfc3339(time, strlen(time), &c->time_usec) < 0)
		return error_set(err, EINVAL, "no time, or none that can be read");
	if (!json_is_array(subjects) || json_array_size(subjects) > SUBJECTS_MAX)
		return error_set(err, EINVAL, "no list of subjects, or one of more than %d", SUBJECTS_MAX);
	c->hostname = take_text(json_object_get(host, "hostname"), NAME_BYTES);
	c->kernel = take_text(json_object_get(host, "kernel"), NAME_BYTES);
	c->cpu_model = take_text(json_object_get(host, "cpu_model"), NAME_BYTES);
	c->capacity_cores = take_or_zero(json_object_get(host, "capacity_cores"));
	c->capacity_bytes = (uint64_t)take_or_zero(json_object_get(host, "capacity_bytes"));
	c->cpus = take_or_zero(json_object_get(allocation, "cores"));
	c->memory = (uint64_t)take_or_zero(json_object_get(allocation, "memory_bytes"));
	c->load_bytes = (uint64_t)take_or_zero(json_object_get(allocation, "load_bytes"));
	c->runs = take_runs(json_object_get(o, "runs"));
	c->interrupted = json_is_true(json_object_get(o, "interrupted"));
	for (size_t i = 0; i < json_array_size(subjects); i++) {
		int r = take_subject(c, json_array_get(subjects, i), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int comparison_parse(const char *text, size_t len, struct comparison *ret, struct error *err)
{
	json_error_t why;
	*ret = (struct comparison){0};
	if (len > COMPARISON_BYTES_MAX)
		return error_set(err, E2BIG, "longer than 4 MiB");
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		return error_set(err, EINVAL, "no JSON: %s", why.text);
	int r = take_all(ret, o, err);
	json_decref(o);
	if (r < 0)
		comparison_release(ret);
	return r;
}
