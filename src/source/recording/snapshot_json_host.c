/* What a recorded line says of its host. */
#include "source/recording/json_take.h"

static const char *placement_word(unsigned i)
{
	return placement_name((enum placement)i);
}

static const char *layout_word(unsigned i)
{
	return cgroup_layout_name((enum cgroup_layout)i);
}

static void read_host(struct snapshot *s, struct host_frame *h, const json_t *o)
{
	struct host_sample *d = &s->host;
	struct arena *a = &s->arena;
	const json_t *cpu = json_object_get(o, "cpu"), *mem = json_object_get(o, "memory");
	int where = json_take_word(json_object_get(o, "placement"), placement_word, PLACEMENT_MAX);
	int layout = json_take_word(json_object_get(o, "cgroup_layout"), layout_word, CGROUP_LAYOUT_MAX);
	d->hostname = json_take_text(a, json_object_get(o, "hostname"), 256);
	d->kernel = json_take_text(a, json_object_get(o, "kernel"), 256);
	d->boot_id = json_take_text(a, json_object_get(o, "boot_id"), 256);
	d->hypervisor = json_take_text(a, json_object_get(o, "hypervisor"), 256);
	d->placement_evidence = json_take_text(a, json_object_get(o, "placement_evidence"), TEXT_BYTES);
	d->layout_evidence = json_take_text(a, json_object_get(o, "cgroup_evidence"), TEXT_BYTES);
	d->placement = where < 0 ? PLACEMENT_METAL : (enum placement)where;
	d->layout = layout < 0 ? CGROUP_NONE : (enum cgroup_layout)layout;
	h->capacity_cores = d->online_cpus = json_take_number(json_object_get(cpu, "capacity_cores"));
	h->used_cores = json_take_number(json_object_get(cpu, "used_cores"));
	h->steal_cores = json_take_number(json_object_get(cpu, "steal_cores"));
	h->cpu_pressure_pct = json_take_number(json_object_get(cpu, "pressure_some_pct"));
	h->capacity_bytes = d->mem_total_bytes = json_take_number(json_object_get(mem, "capacity_bytes"));
	h->used_bytes = json_take_number(json_object_get(mem, "used_bytes"));
	h->available_bytes = d->mem_available_bytes = json_take_number(json_object_get(mem, "available_bytes"));
	h->mem_pressure_pct = json_take_number(json_object_get(mem, "pressure_some_pct"));
}

static void read_self(struct snapshot *s, struct frame *f, const json_t *o)
{
	const json_t *self = json_object_get(o, "self"), *n;
	struct arena *a = &s->arena;
	size_t i;
	struct metric m = json_take_number(json_object_get(self, "cpu_sec"));
	f->self.cpu_sec = metric_is_ok(m) ? m.v : 0;
	m = json_take_number(json_object_get(self, "rss_bytes"));
	f->self.rss_bytes = metric_is_ok(m) ? m.v : 0;
	m = json_take_number(json_object_get(self, "tick_usec"));
	f->self.tick_usec = metric_is_ok(m) ? m.v : 0;
	f->self.syscalls = json_take_number(json_object_get(self, "syscalls"));
	json_array_foreach(json_object_get(o, "notices"), i, n)
	{
		struct notice t = {json_take_text(a, json_object_get(n, "what"), TEXT_BYTES),
		                   json_take_text(a, json_object_get(n, "why"), TEXT_BYTES),
		                   json_take_text(a, json_object_get(n, "change"), TEXT_BYTES)};
		if (t.what)
			vec_push(&s->notices, t);
	}
}

static void read_stores(struct snapshot *s, const json_t *all)
{
	struct arena *a = &s->arena;
	const json_t *o;
	size_t i;
	json_array_foreach(all, i, o)
	{
		struct store st = {
		        .runtime = json_take_text(a, json_object_get(o, "runtime"), TEXT_BYTES),
		        .path = json_take_text(a, json_object_get(o, "path"), TEXT_BYTES),
		        .driver = json_take_text(a, json_object_get(o, "driver"), TEXT_BYTES),
		        .images = json_take_number(json_object_get(o, "images")),
		        .layers = json_take_number(json_object_get(o, "layers")),
		        .containers = json_take_number(json_object_get(o, "containers")),
		        .images_bytes = json_take_number(json_object_get(o, "images_bytes")),
		        .layers_bytes = json_take_number(json_object_get(o, "layers_bytes")),
		        .writable_bytes = json_take_number(json_object_get(o, "writable_bytes")),
		        .reclaimable_bytes = json_take_number(json_object_get(o, "reclaimable_bytes")),
		};
		if (st.runtime)
			vec_push(&s->stores, st);
	}
}

static unsigned count_of(const json_t *v)
{
	struct metric m = json_take_number(v);
	return metric_is_ok(m) && m.v < 1e9 ? (unsigned)m.v : 0;
}

static void read_daemons(struct snapshot *s, const json_t *all)
{
	struct arena *a = &s->arena;
	const json_t *o;
	size_t i;
	json_array_foreach(all, i, o)
	{
		const json_t *running = json_object_get(o, "running");
		struct blast_radius d = {
		        .daemon = json_take_text(a, json_object_get(o, "daemon"), TEXT_BYTES),
		        .root = json_take_text(a, json_object_get(o, "root"), TEXT_BYTES),
		        .pid = json_take_number(json_object_get(o, "pid")),
		        .running = json_is_boolean(running) ? metric_ok(json_is_true(running))
		                                            : json_take_number(json_is_null(running) ? running : NULL),
		        .instances = count_of(json_object_get(o, "instances")),
		        .survivors = count_of(json_object_get(o, "survivors")),
		};
		if (d.daemon)
			vec_push(&s->daemons, d);
	}
}

void json_take_host(struct snapshot *s, struct frame *f, const json_t *line)
{
	const json_t *o = json_object_get(line, "host");
	read_host(s, &f->host, o);
	read_self(s, f, line);
	read_stores(s, json_object_get(o, "storage"));
	read_daemons(s, json_object_get(o, "daemons"));
}
