/* From a vctop.snapshot/1 line to a frame: see the header.  The text is anybody's, so nothing in it is believed. */
#include "vctop/source/snapshot_json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "source/recording/json_take.h"
#include "source/recording/snapshot_slots.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define LABELS_MAX 256
#define PATH_BYTES 64 /* of the longest key of an instance, dots included */
#define SERVICES_MAX 65536
#define NUMBER_MAX 1e18 /* beyond it nothing here is a measurement */

/* Row and entry of an instance being read. */
struct reader {
	struct snapshot *snap;
	struct entry *entry;
	struct row *row;
	struct background *background;
	const json_t *unavailable;
};

static struct background *new_background(struct snapshot *s, struct entry *e)
{
	struct background *b = arena_alloc(&s->arena, sizeof(*b));
	e->background = b;
	return b;
}

const char *json_take_text(struct arena *a, const json_t *v, size_t max)
{
	const char *s = json_string_value(v);
	return s ? text_clean(arena_strdup(a, s), max) : NULL;
}

int json_take_word(const json_t *v, const char *(*name)(unsigned), unsigned max)
{
	const char *s = json_string_value(v);
	for (unsigned i = 0; s && i < max; i++) {
		const char *n = name(i);
		if (n && strcmp(n, s) == 0)
			return (int)i;
	}
	return -1;
}

#define WORD(fn, type, of)                                                                                             \
	static const char *fn(unsigned i)                                                                              \
	{                                                                                                              \
		return of((type)i);                                                                                    \
	}
WORD(kind_word, enum instance_kind, instance_kind_name)
WORD(life_word, enum instance_state, instance_state_name)
WORD(metric_word, enum metric_state, metric_state_name)
WORD(ns_word, enum ns_state, ns_state_name)
WORD(state_word, enum verdict_state, verdict_state_name)
WORD(now_word, enum verdict_now, verdict_now_name)
WORD(basis_word, enum verdict_basis, verdict_basis_name)
WORD(confidence_word, enum confidence, confidence_name)

struct metric json_take_number(const json_t *v)
{
	if (!v)
		return metric_none(METRIC_ABSENT, "not in the recording");
	if (!json_is_number(v))
		return metric_none(METRIC_ABSENT,
		                   json_is_null(v) ? "null in the recording" : "no number in the recording");
	double d = json_number_value(v);
	if (!isfinite(d) || d < 0 || d > NUMBER_MAX)
		return metric_none(METRIC_ABSENT, "out of range in the recording");
	return metric_ok(d);
}

bool json_take_reason(struct arena *a, const json_t *unavailable, const char *path, struct metric *ret)
{
	const char *s = json_string_value(json_object_get(unavailable, path));
	const char *colon = s ? strstr(s, ": ") : NULL;
	for (unsigned i = 0; colon && i < METRIC_STATE_MAX; i++) {
		const char *n = metric_word(i);
		if (i == METRIC_OK || strlen(n) != (size_t)(colon - s) || memcmp(n, s, strlen(n)) != 0)
			continue;
		*ret = metric_none((enum metric_state)i, text_clean(arena_strdup(a, colon + 2), TEXT_BYTES));
		return true;
	}
	return false;
}

static struct metric metric_of(const struct reader *r, const json_t *v, const char *path, bool cap)
{
	struct metric m = json_take_number(v);
	if (!json_is_null(v) || json_take_reason(&r->snap->arena, r->unavailable, path, &m))
		return m;
	return cap ? metric_none(METRIC_UNLIMITED, "null in the recording") : m;
}

static int64_t time_of(const json_t *v)
{
	int64_t usec;
	const char *s = json_string_value(v);
	return s && parse_rfc3339(s, strlen(s), &usec) == 0 ? usec : 0;
}

static struct metric flag_of(const struct reader *r, const json_t *v, const char *path)
{
	return json_is_boolean(v) ? metric_ok(json_is_true(v)) : metric_of(r, json_is_null(v) ? v : NULL, path, false);
}

static void put_word(void *at, int word)
{
	if (word >= 0)
		*(unsigned *)at = (unsigned)word; /* every enum here is an unsigned int */
}

static void read_slot(struct reader *r, const struct slot *s, const json_t *v, const char *path)
{
	char *const bases[] = {
	        [OF_ENTRY] = (char *)r->entry, [OF_ROW] = (char *)r->row, [OF_BACKGROUND] = (char *)r->background};
	void *at = bases[s->of] + s->offset;
	struct metric m;
	switch (s->type) {
	case SLOT_METRIC:
	case SLOT_CAP:
		*(struct metric *)at = metric_of(r, v, path, s->type == SLOT_CAP);
		break;
	case SLOT_FLAG:
		*(struct metric *)at = flag_of(r, v, path);
		break;
	case SLOT_TEXT:
		*(const char **)at = json_take_text(&r->snap->arena, v, TEXT_BYTES);
		break;
	case SLOT_BOOL:
		*(bool *)at = json_is_true(v);
		break;
	case SLOT_TIME:
		*(int64_t *)at = time_of(v);
		break;
	case SLOT_SECONDS:
		m = json_take_number(v);
		*(double *)at = metric_is_ok(m) ? m.v : 0;
		break;
	case SLOT_COUNT:
		m = json_take_number(v);
		*(unsigned *)at = metric_is_ok(m) && m.v < 1e9 ? (unsigned)m.v : 0;
		break;
	case SLOT_NS:
		put_word(at, json_take_word(v, ns_word, NS_STATE_MAX));
		break;
	case SLOT_STATE:
		put_word(at, json_take_word(v, state_word, VERDICT_STATE_MAX));
		break;
	case SLOT_NOW:
		put_word(at, json_take_word(v, now_word, NOW_MAX));
		break;
	case SLOT_BASIS:
		put_word(at, json_take_word(v, basis_word, BASIS_MAX));
		break;
	case SLOT_CONFIDENCE:
		put_word(at, json_take_word(v, confidence_word, CONFIDENCE_MAX));
		break;
	case SLOT_GROUP:
		break;
	}
}

/* Missing keys are missing numbers, with a reason as every missing number has. */
static void read_slots(struct reader *r, const struct slot *slots, const json_t *object, const char *prefix)
{
	char path[PATH_BYTES] = "";
	for (const struct slot *s = slots; s->key; s++) {
		const json_t *v = object ? json_object_get(object, s->key) : NULL;
		if (s->type == SLOT_GROUP) {
			read_slots(r, s->group, v, s->prefix);
			continue;
		}
		if (json_is_null(v) && r->unavailable)
			(void)snprintf(path, sizeof(path), "%s%s", prefix, s->key);
		read_slot(r, s, v, path);
	}
}

static void read_labels(struct reader *r, json_t *labels)
{
	struct instance *i = &r->entry->inst;
	struct arena *a = &r->snap->arena;
	const char *key;
	json_t *v;
	size_t n = json_object_size(labels);
	if (!n)
		return;
	struct label *all = arena_alloc(a, (n < LABELS_MAX ? n : LABELS_MAX) * sizeof(*all));
	json_object_foreach(labels, key, v)
	{
		if (i->labels_n >= LABELS_MAX)
			break;
		if (json_is_string(v))
			all[i->labels_n++] = (struct label){text_clean(arena_strdup(a, key), TEXT_BYTES),
			                                    json_take_text(a, v, TEXT_BYTES)};
	}
	i->labels = all;
}

static int read_instance(struct snapshot *s, const json_t *o, struct entry *e, struct row *row, struct error *err)
{
	struct reader r = {s, e, row, new_background(s, e), json_object_get(o, "unavailable")};
	struct instance *i = &e->inst;
	int kind = json_take_word(json_object_get(o, "kind"), kind_word, INSTANCE_KIND_MAX);
	int life = json_take_word(json_object_get(o, "state"), life_word, INSTANCE_STATE_MAX);
	i->id = json_take_text(&s->arena, json_object_get(o, "id"), TEXT_BYTES);
	if (!i->id || !*i->id)
		return error_set(err, EINVAL, "an instance without id");
	if (kind < 0)
		return error_set(err, EINVAL, "%.100s: kind is neither container nor vm", i->id);
	read_slots(&r, slots_instance, o, "");
	i->kind = (enum instance_kind)kind;
	i->state = life < 0 ? INSTANCE_RUNNING : (enum instance_state)life;
	i->name = i->name && *i->name ? i->name : i->id;
	struct metric none = {0};
	if (!i->image && json_take_reason(&s->arena, r.unavailable, "image", &none))
		i->no_image = none.why;
	i->runtime = i->runtime && *i->runtime ? i->runtime : "unknown";
	struct metric pid = json_take_number(json_object_get(o, "pid")),
	              age = json_take_number(json_object_get(o, "age_sec"));
	i->pid = metric_is_ok(pid) && pid.v < 1 << 30 ? (pid_t)pid.v : 0;
	i->started_usec = time_of(json_object_get(o, "started"));
	i->incarnation = (uint64_t)i->started_usec;
	row->age_sec = metric_is_ok(age) ? age.v : -1;
	read_labels(&r, json_object_get(o, "labels"));
	return 0;
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->inst->id, ((const struct row *)b)->inst->id);
}

static void bind_row(struct row *r, const struct entry *e, double interval_sec)
{
	r->inst = &e->inst;
	r->sample = &e->sample;
	r->background = e->background;
	r->interval_sec = metric_is_ok(r->cpu_used_cores) ? interval_sec : 0;
}

/* Entries are sorted after they are read, and grow while they are: rows find theirs again by the order of ids. */
int json_bind_rows(struct snapshot *s, struct frame *f, struct error *err)
{
	bool sorted = true;
	for (size_t i = 0; i < s->entries.n; i++) {
		f->rows.v[i].inst = &s->entries.v[i].inst;
		sorted = sorted && (i == 0 || by_id(&f->rows.v[i - 1], &f->rows.v[i]) < 0);
	}
	if (!sorted) { /* ours are */
		qsort(f->rows.v, f->rows.n, sizeof(*f->rows.v), by_id);
		for (size_t i = 1; i < f->rows.n; i++)
			if (by_id(&f->rows.v[i - 1], &f->rows.v[i]) == 0)
				return error_set(err, EINVAL, "two instances with the id %.200s",
				                 f->rows.v[i].inst->id);
		snapshot_seal(s);
	}
	for (size_t i = 0; i < s->entries.n; i++)
		bind_row(&f->rows.v[i], &s->entries.v[i], f->interval_sec);
	return 0;
}

static const char *cgroup_of(const json_t *o)
{
	return json_string_value(json_object_get(o, "cgroup"));
}

static int by_cgroup(const void *a, const void *b)
{
	return strcmp(cgroup_of(*(const json_t *const *)a), cgroup_of(*(const json_t *const *)b));
}

static void read_service(struct snapshot *s, struct frame *f, const json_t *o)
{
	struct entry e = {.inst = {.kind = INSTANCE_SERVICE, .runtime = "systemd"}};
	struct row row = {.age_sec = -1};
	struct reader r = {s, &e, &row, new_background(s, &e), json_object_get(o, "unavailable")};
	read_slots(&r, slots_instance, o, "");
	e.inst.id = e.inst.cgroup;
	e.inst.name = e.inst.name && *e.inst.name ? e.inst.name : e.inst.id;
	vec_push(&s->services, e);
	vec_push(&f->services, row);
}

/* The host's own, where they were recorded: in the order of snapshot_seal, each group once, whatever the line's is. */
static void read_services(struct snapshot *s, struct frame *f, const json_t *all)
{
	VEC(const json_t *) sorted = {0};
	const json_t *o;
	size_t i;
	s->with_services = json_is_array(all);
	json_array_foreach(all, i, o)
	{
		if (cgroup_of(o) && sorted.n < SERVICES_MAX)
			vec_push(&sorted, o);
	}
	if (sorted.n)
		qsort(sorted.v, sorted.n, sizeof(*sorted.v), by_cgroup);
	for (i = 0; i < sorted.n; i++)
		if (i == 0 || by_cgroup(&sorted.v[i - 1], &sorted.v[i]) != 0)
			read_service(s, f, sorted.v[i]);
	for (i = 0; i < s->services.n; i++)
		bind_row(&f->services.v[i], &s->services.v[i], f->interval_sec);
	vec_free(&sorted);
}

static int read_line(const json_t *o, struct snapshot *s, struct frame *f, struct error *err)
{
	const char *schema = json_string_value(json_object_get(o, "schema"));
	const json_t *instances = json_object_get(o, "instances"), *inst;
	size_t i;
	if (!schema || strcmp(schema, "vctop.snapshot/1") != 0)
		return error_set(err, EPROTO, "not vctop.snapshot/1%s%.60s", schema ? " but " : "",
		                 schema ? schema : "");
	int64_t now = time_of(json_object_get(o, "time"));
	if (now <= 0)
		return error_set(err, EINVAL, "no time, or none that can be read");
	if (!json_is_array(instances))
		return error_set(err, EINVAL, "no list of instances");
	struct metric interval = json_take_number(json_object_get(o, "interval_sec"));
	s->host.real_usec = s->host.mono_usec = now;
	f->interval_sec = metric_is_ok(interval) ? interval.v : 0;
	json_take_host(s, f, o);
	json_array_foreach(instances, i, inst)
	{
		struct row row = {0};
		int r = read_instance(s, inst, snapshot_add(s), &row, err);
		if (r < 0)
			return r;
		vec_push(&f->rows, row);
	}
	int r = json_bind_rows(s, f, err);
	if (r == 0)
		read_services(s, f, json_object_get(o, "services"));
	return r;
}

int frame_from_json(const char *line, size_t len, struct snapshot *ret_snap, struct frame *ret, struct error *err)
{
	json_error_t why;
	snapshot_clear(ret_snap);
	frame_clear(ret);
	ret->snap = ret_snap;
	ret->host = (struct host_frame){0};
	if (len > SNAPSHOT_LINE_MAX)
		return error_set(err, E2BIG, "longer than 64 MiB");
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &why);
	if (!o)
		return error_set(err, EINVAL, "no JSON: %s", why.text);
	int r = read_line(o, ret_snap, ret, err);
	json_decref(o);
	if (r < 0) {
		snapshot_clear(ret_snap);
		frame_clear(ret);
	}
	return r;
}
