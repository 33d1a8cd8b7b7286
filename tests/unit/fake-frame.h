/*
 * Frames made by hand, for tests of views: no source, no derive.
 *
 *   struct fake fake;
 *   fake_init(&fake);
 *   struct entry *e = fake_container(&fake, "web", 0.25, 64 << 20);
 *   fake_use(&fake, "web", ...)   or set the row after fake_seal
 *   fake_seal(&fake);             rows and the selection exist from here on
 *   fake_release(&fake);
 */
#ifndef VCTOP_TESTS_FAKE_FRAME_H
#define VCTOP_TESTS_FAKE_FRAME_H

#include <stdlib.h>
#include <string.h>

#include "vctop/model/selection.h"

#define FAKE_MIB (1024.0 * 1024.0)

struct fake {
	struct snapshot *snap;
	struct frame *frame;
	struct selection sel;
};

static inline void fake_init(struct fake *f)
{
	f->snap = snapshot_new();
	f->frame = frame_new();
	f->frame->snap = f->snap;
	f->sel = (struct selection){0};
	struct host_sample *h = &f->snap->host;
	h->hostname = "lab1";
	h->kernel = "6.18.0";
	h->placement = PLACEMENT_VM;
	h->hypervisor = "kvm";
	h->layout = CGROUP_HYBRID;
	h->real_usec = 1795428000000000; /* 2026-11-23T10:00:00Z */
	h->boot_usec = 11100000000;      /* 3h05m */
	h->mono_usec = 1000000;
	struct host_frame *hf = &f->frame->host;
	hf->capacity_cores = metric_ok(2);
	hf->used_cores = metric_ok(0.85);
	hf->cpu_pressure_pct = metric_ok(2.1);
	hf->capacity_bytes = metric_ok(4096 * FAKE_MIB);
	hf->used_bytes = metric_ok(1300 * FAKE_MIB);
	f->frame->interval_sec = 1;
	f->frame->self = (struct self_cost){.cpu_sec = 0.5, .rss_bytes = 5.2 * FAKE_MIB};
}

/* cores or bytes < 0: no cap */
static inline struct entry *fake_add(struct fake *f, enum instance_kind kind, const char *name, double cores,
                                     double bytes)
{
	struct entry *e = snapshot_add(f->snap);
	struct arena *a = &f->snap->arena;
	e->inst.kind = kind;
	e->inst.id = arena_fmt(a, "%s:%s", kind == INSTANCE_VM ? "qemu" : "podman", name);
	e->inst.name = arena_strdup(a, name);
	e->inst.runtime = kind == INSTANCE_VM ? "qemu-kvm" : "podman";
	e->inst.state = INSTANCE_RUNNING;
	e->inst.pid = 4242;
	e->inst.cgroup = arena_fmt(a, "/machine.slice/libpod-%s.scope", name);
	struct metric none = metric_none(METRIC_UNLIMITED, "no level sets a cap");
	e->sample.cpu.allocated.amount = cores < 0 ? none : metric_ok(cores);
	e->sample.cpu.allocated.by = kind == INSTANCE_VM ? "vcpus" : cores < 0 ? NULL : "cpu.max";
	e->sample.mem.allocated.amount = bytes < 0 ? none : metric_ok(bytes);
	e->sample.mem.allocated.by = kind == INSTANCE_VM ? "ram" : bytes < 0 ? NULL : "memory.max";
	e->sample.mem.guest_used_bytes = metric_none(METRIC_ABSENT, "no balloon statistics");
	e->sample.io_read_bytes = metric_none(METRIC_DENIED, "io.stat: permission denied");
	e->sample.pids = metric_ok(3);
	return e;
}

static inline void fake_totals(struct frame *f, const struct row *r)
{
	struct totals *t = &f->totals[r->inst->kind];
	struct metric c = r->sample->cpu.allocated.amount, m = r->sample->mem.allocated.amount;
	if (r->inst->state == INSTANCE_STOPPED) {
		t->stopped++;
		return;
	}
	t->running++;
	t->unlimited_cpu += c.st == METRIC_UNLIMITED;
	t->unlimited_mem += m.st == METRIC_UNLIMITED;
	t->allocated_cores.v += metric_is_ok(c) ? c.v : 0;
	t->allocated_bytes.v += metric_is_ok(m) ? m.v : 0;
	t->used_cores.v += metric_is_ok(r->cpu_used_cores) ? r->cpu_used_cores.v : 0;
	t->used_bytes.v += metric_is_ok(r->sample->mem.used_bytes) ? r->sample->mem.used_bytes.v : 0;
	t->slack_cores.v += metric_is_ok(r->verdict.slack_cores) ? r->verdict.slack_cores.v : 0;
	t->slack_bytes.v += metric_is_ok(r->verdict.slack_bytes) ? r->verdict.slack_bytes.v : 0;
	t->unmeasured_cpu += !metric_is_ok(r->cpu_used_cores);
	t->unmeasured_mem += !metric_is_ok(r->sample->mem.used_bytes);
}

static inline struct row *fake_row(struct fake *f, const char *name)
{
	for (size_t i = 0; i < f->frame->rows.n; i++)
		if (strcmp(f->frame->rows.v[i].inst->name, name) == 0)
			return &f->frame->rows.v[i];
	abort(); /* a test that asks for a row it did not make */
}

/* Rows in order of id; sets nothing but what is certain. Call fake_sum after the rows are filled. */
static inline void fake_seal(struct fake *f)
{
	snapshot_seal(f->snap);
	f->frame->rows.n = 0;
	for (size_t i = 0; i < f->snap->entries.n; i++) {
		const struct entry *e = &f->snap->entries.v[i];
		struct row r = {.inst = &e->inst,
		                .sample = &e->sample,
		                .background = entry_background(e),
		                .interval_sec = 1,
		                .age_sec = 7500};
		r.io_read_per_sec = r.io_write_per_sec = metric_none(METRIC_DENIED, "io.stat: permission denied");
		vec_push(&f->frame->rows, r);
	}
	for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++)
		f->sel.rows[k].n = 0;
	for (size_t i = 0; i < f->frame->rows.n; i++) {
		const struct row *r = &f->frame->rows.v[i];
		vec_push(&f->sel.rows[r->inst->kind], r);
	}
}

static inline void fake_sum(struct fake *f)
{
	struct host_frame *h = &f->frame->host;
	for (unsigned k = 0; k < INSTANCE_KIND_MAX; k++) {
		struct totals *t = &f->frame->totals[k];
		*t = (struct totals){0};
		t->allocated_cores = t->used_cores = t->slack_cores = metric_ok(0);
		t->allocated_bytes = t->used_bytes = t->held_bytes = t->slack_bytes = metric_ok(0);
	}
	for (size_t i = 0; i < f->frame->rows.n; i++)
		fake_totals(f->frame, &f->frame->rows.v[i]);
	const struct totals *c = &f->frame->totals[INSTANCE_CONTAINER], *v = &f->frame->totals[INSTANCE_VM];
	h->allocated_cores = metric_add(c->allocated_cores, v->allocated_cores);
	h->allocated_bytes = metric_add(c->allocated_bytes, v->allocated_bytes);
	h->unallocated_cores = metric_sub_floor0(h->capacity_cores, h->allocated_cores);
	h->unallocated_bytes = metric_sub_floor0(h->capacity_bytes, h->allocated_bytes);
}

static inline void fake_use(struct fake *f, const char *name, double cores, double used_mib, double held_mib,
                            enum verdict_state state, double slack_cores, double slack_mib)
{
	struct row *r = fake_row(f, name);
	for (size_t i = 0; i < f->snap->entries.n; i++) {
		struct sample *s = &f->snap->entries.v[i].sample;
		if (s != r->sample)
			continue;
		s->mem.used_bytes = metric_ok(used_mib * FAKE_MIB);
		s->mem.held_bytes = metric_ok(held_mib * FAKE_MIB);
	}
	r->cpu_used_cores = metric_ok(cores);
	r->cpu_used_pct = metric_pct(r->cpu_used_cores, r->sample->cpu.allocated.amount);
	r->mem_used_pct = metric_pct(r->sample->mem.used_bytes, r->sample->mem.allocated.amount);
	r->verdict.state = state;
	r->verdict.slack_cores = metric_ok(slack_cores);
	r->verdict.slack_bytes = metric_ok(slack_mib * FAKE_MIB);
}

static inline void fake_release(struct fake *f)
{
	selection_release(&f->sel);
	frame_free(f->frame);
	snapshot_free(f->snap);
}

#endif
