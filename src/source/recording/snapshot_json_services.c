/* The host's own services of a recorded line. */
#include <stdlib.h>
#include <string.h>

#include "source/recording/json_take.h"
#include "vctop/base/attr.h"

#define SERVICES_MAX 65536

static const char *cgroup_of(const json_t *o)
{
	return json_string_value(json_object_get(o, "cgroup"));
}

static int by_cgroup(const void *a, const void *b)
{
	return strcmp(cgroup_of(*(const json_t *const *)a), cgroup_of(*(const json_t *const *)b));
}

static void take(struct snapshot *s, struct frame *f, const json_t *o)
{
	struct arena *a = &s->arena;
	const json_t *cpu = json_object_get(o, "cpu"), *mem = json_object_get(o, "memory"),
	             *why = json_object_get(o, "unavailable");
	struct entry e = {.inst = {.kind = INSTANCE_SERVICE, .runtime = "systemd"}};
	sample_none(&e.sample, "not in the recording");
	e.inst.id = e.inst.cgroup = json_take_text(a, json_object_get(o, "cgroup"), TEXT_BYTES);
	e.inst.name = json_take_text(a, json_object_get(o, "name"), TEXT_BYTES);
	if (!e.inst.name)
		e.inst.name = e.inst.id;
	e.sample.mem.used_bytes = json_take_metric(a, json_object_get(mem, "used_bytes"), why, "memory.used_bytes");
	e.sample.mem.held_bytes = json_take_metric(a, json_object_get(mem, "held_bytes"), why, "memory.held_bytes");
	e.sample.pids = json_take_metric(a, json_object_get(o, "pids"), why, "pids");
	struct row row = {.age_sec = -1};
	row.cpu_used_cores = json_take_metric(a, json_object_get(cpu, "used_cores"), why, "cpu.used_cores");
	vec_push(&s->services, e);
	vec_push(&f->services, row);
}

/* In the order of snapshot_seal, each group once, whatever the line's order is. */
void json_take_services(struct snapshot *s, struct frame *f, const json_t *line)
{
	const json_t *all = json_object_get(line, "services"), *o;
	VEC(const json_t *) sorted = {0};
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
			take(s, f, sorted.v[i]);
	for (i = 0; i < s->services.n; i++) {
		f->services.v[i].inst = &s->services.v[i].inst;
		f->services.v[i].sample = &s->services.v[i].sample;
		f->services.v[i].background = &s->services.v[i].background;
	}
	vec_free(&sorted);
}
