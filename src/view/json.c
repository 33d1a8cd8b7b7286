/*
 * vctop.snapshot/1: the instance objects come from the field table, whose keys are paths ("cpu.used_cores").
 * A number that is not there is null, and `unavailable` says why.
 */
#include <string.h>

#include "vctop/base/units.h"
#include "vctop/view/views.h"
#include "view/json_make.h"
#include "view/json_row.h"

static json_t *metric(struct metric m)
{
	return metric_is_ok(m) ? json_make_number(m.v) : json_null();
}

/* Cores and shares are reals even when whole: a script's type must not change with the value. */
static json_t *metric_real(struct metric m)
{
	return metric_is_ok(m) ? json_make_real(m.v) : json_null();
}

static json_t *stores(const struct snapshot *s)
{
	json_t *a = json_array();
	for (size_t i = 0; i < s->stores.n; i++) {
		const struct store *st = &s->stores.v[i];
		/* clang-format off */
		(void)json_array_append_new(a, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"runtime", json_make_text(st->runtime), "path", json_make_text(st->path), "driver", json_make_text(st->driver),
			"images", metric(st->images), "layers", metric(st->layers), "containers", metric(st->containers),
			"images_bytes", metric(st->images_bytes), "layers_bytes", metric(st->layers_bytes),
			"writable_bytes", metric(st->writable_bytes), "reclaimable_bytes", metric(st->reclaimable_bytes)));
		/* clang-format on */
	}
	return a;
}

static json_t *daemons(const struct snapshot *s)
{
	json_t *a = json_array();
	for (size_t i = 0; i < s->daemons.n; i++) {
		const struct blast_radius *d = &s->daemons.v[i];
		json_t *running = metric_is_ok(d->running) ? json_boolean(d->running.v != 0) : json_null();
		(void)json_array_append_new(a, json_pack("{s:o, s:o, s:o, s:o, s:i, s:i}", "daemon",
		                                         json_make_text(d->daemon), "root", json_make_text(d->root),
		                                         "pid", metric(d->pid), "running", running, "instances",
		                                         (int)d->instances, "survivors", (int)d->survivors));
	}
	return a;
}

static json_t *host(const struct frame *f)
{
	const struct host_sample *s = &f->snap->host;
	const struct host_frame *h = &f->host;
	/* clang-format off */
	return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:s, s:o, s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}, s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}, s:o, s:o, s:o}",
		"hostname", json_make_text(s->hostname), "kernel", json_make_text(s->kernel), "boot_id", json_make_text(s->boot_id),
		"placement", placement_name(s->placement), "hypervisor", json_make_text(s->hypervisor),
		"placement_evidence", json_make_text(s->placement_evidence),
		"cgroup_layout", cgroup_layout_name(s->layout), "cgroup_evidence", json_make_text(s->layout_evidence),
		"cpu", "capacity_cores", metric_real(h->capacity_cores), "used_cores", metric_real(h->used_cores),
			"allocated_cores", metric_real(h->allocated_cores), "unallocated_cores", metric_real(h->unallocated_cores),
			"overcommit", metric_real(h->cpu_overcommit), "steal_cores", metric_real(h->steal_cores),
			"pressure_some_pct", metric_real(h->cpu_pressure_pct), "slack_cores", metric_real(h->slack_cores),
		"memory", "capacity_bytes", metric(h->capacity_bytes), "used_bytes", metric(h->used_bytes),
			"available_bytes", metric(h->available_bytes), "allocated_bytes", metric(h->allocated_bytes),
			"unallocated_bytes", metric(h->unallocated_bytes), "overcommit", metric_real(h->mem_overcommit),
			"pressure_some_pct", metric_real(h->mem_pressure_pct), "slack_bytes", metric(h->slack_bytes),
			"cold_bytes", metric(h->cold_bytes),
		"slack_cost_per_month", metric_real(h->slack_cost),
		"storage", stores(f->snap), "daemons", daemons(f->snap));
	/* clang-format on */
}

static json_t *totals(const struct totals *t)
{
	/* clang-format off */
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:o}",
		"running", t->running, "stopped", t->stopped, "nested", t->nested,
		"unlimited_cpu", t->unlimited_cpu, "unlimited_memory", t->unlimited_mem,
		"unmeasured_cpu", t->unmeasured_cpu, "unmeasured_memory", t->unmeasured_mem,
		"cpu", "allocated_cores", metric_real(t->allocated_cores), "used_cores", metric_real(t->used_cores),
			"slack_cores", metric_real(t->slack_cores),
		"memory", "allocated_bytes", metric(t->allocated_bytes), "used_bytes", metric(t->used_bytes),
			"held_bytes", metric(t->held_bytes), "overhead_bytes", metric(t->overhead_bytes),
			"slack_bytes", metric(t->slack_bytes), "cold_bytes", metric(t->cold_bytes),
		"slack_cost_per_month", metric_real(t->slack_cost));
	/* clang-format on */
}

static json_t *notices(const struct snapshot *s)
{
	json_t *a = json_array();
	for (size_t i = 0; i < s->notices.n; i++) {
		const struct notice *n = &s->notices.v[i];
		(void)json_array_append_new(a, json_pack("{s:o, s:o, s:o}", "what", json_make_text(n->what), "why",
		                                         json_make_text(n->why), "change", json_make_text(n->change)));
	}
	return a;
}

/* The line, with text in the place of the first occurrence of `mark`, which no string can contain: it has quotes. */
static void print_line(json_t *o, const char *mark, void (*put)(const void *data, struct json_page *page),
                       const void *data, struct json_page *page)
{
	char *line = o ? json_dumps(o, JSON_MAKE_FLAGS) : NULL;
	char *at = line ? strstr(line, mark) : NULL;
	if (at) {
		strbuf_add(page->text, line, (size_t)(at - line));
		put(data, page);
		strbuf_str(page->text, at + strlen(mark));
		strbuf_char(page->text, '\n');
	}
	free(line);
	json_decref(o);
}

static void put_list(const char *key, const struct json_shape *shape, const struct row *rows, size_t n,
                     struct json_page *page)
{
	strbuf_fmt(page->text, "\"%s\":[", key);
	json_rows(shape, rows, n, page);
	strbuf_char(page->text, ']');
}

static void put_rows(const void *data, struct json_page *page)
{
	const struct frame *f = data;
	put_list("instances", json_shape_rows(), f->rows.v, f->rows.n, page);
	if (!f->snap->with_services)
		return;
	strbuf_char(page->text, ',');
	put_list("services", json_shape_services(), f->services.v, f->services.n, page);
}

static void print_frame(const struct frame *f, struct json_page *page)
{
	char time[64];
	/* clang-format off */
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:[], s:{s:o, s:o}, s:o, s:{s:f, s:o, s:f, s:o}}",
		"schema", "vctop.snapshot/1",
		"time", units_rfc3339(time, sizeof(time), f->snap->host.real_usec),
		"interval_sec", f->interval_sec > 0 ? json_real(f->interval_sec) : json_null(),
		"host", host(f), "instances",
		"totals", "container", totals(&f->totals[INSTANCE_CONTAINER]), "vm", totals(&f->totals[INSTANCE_VM]),
		"notices", notices(f->snap),
		"self", "cpu_sec", f->self.cpu_sec, "rss_bytes", json_make_number(f->self.rss_bytes), "tick_usec", f->self.tick_usec,
			"syscalls", metric(f->self.syscalls));
	/* clang-format on */
	print_line(o, "\"instances\":[]", put_rows, f, page);
}

void json_frame(const struct frame *f, struct strbuf *out)
{
	print_frame(f, &(struct json_page){.text = out});
}

int json_frame_write(const struct frame *f, struct strbuf *out, text_write write, void *data)
{
	struct json_page page = {.text = out, .write = write, .data = data};
	print_frame(f, &page);
	return page.failed ? page.failed : write(data, out);
}

static void put_verdict(const void *data, struct json_page *page)
{
	const struct verdict_line *l = data;
	strbuf_str(page->text, "\"verdict\":");
	json_row(json_shape_verdict(), &(struct row){.verdict = l->verdict}, page->text);
}

void json_verdict(const struct verdict_line *l, struct strbuf *out)
{
	char time[64];
	json_t *o =
	        json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:s, s:[]}", "schema", "vctop.verdict/1", "time",
	                  units_rfc3339(time, sizeof(time), l->time_usec), "host", json_make_text(l->host), "id", l->id,
	                  "name", l->name, "kind", instance_kind_name(l->kind), "resource", l->resource, "verdict");
	print_line(o, "\"verdict\":[]", put_verdict, l, &(struct json_page){.text = out});
}
