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
	struct service row = {.cgroup = json_take_text(a, json_object_get(o, "cgroup"), TEXT_BYTES),
	                      .name = json_take_text(a, json_object_get(o, "name"), TEXT_BYTES)};
	sample_none(&row.sample, "not in the recording");
	row.sample.mem.used_bytes = json_take_metric(a, json_object_get(mem, "used_bytes"), why, "memory.used_bytes");
	row.sample.mem.held_bytes = json_take_metric(a, json_object_get(mem, "held_bytes"), why, "memory.held_bytes");
	row.sample.pids = json_take_metric(a, json_object_get(o, "pids"), why, "pids");
	vec_push(&s->services, row);
	struct metric used = json_take_metric(a, json_object_get(cpu, "used_cores"), why, "cpu.used_cores");
	vec_push(&f->services, ((struct service_row){NULL, used}));
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
	for (i = 0; i < s->services.n; i++)
		f->services.v[i].service = &s->services.v[i];
	vec_free(&sorted);
}
