/* Frames for the verdict engine: a simulated clock and rows whose numbers a test sets. */
#ifndef VCTOP_TESTS_USAGE_FRAMES_H
#define VCTOP_TESTS_USAGE_FRAMES_H

#include "unit.h"
#include "vctop/derive/derive.h"
#include "vctop/derive/usage.h"

#define GIB (1024.0 * 1024 * 1024)
#define MIB (1024.0 * 1024)
#define MONDAY INT64_C(1794787200000000) /* 2026-11-16T00:00:00Z */
#define SECOND INT64_C(1000000)
#define HOURS(n) ((n)*3600 * SECOND)
#define DAYS(n) HOURS((n)*24)

/* What one instance is and does; negative: not measured (caps: unlimited). */
struct what {
	const char *id;
	enum instance_kind kind;
	enum instance_state state;
	double cpu_cap, cpu, mem_cap, mem, held, rx, tx, throttled, wait, mem_wait, oom, guest;
	double mem_full, refault, cap_hits, no_memory, high;
	int64_t started;
	bool shared;
	const char *keep;
};
/* What a test does not say is as in the example: {WHAT, .cpu = 5}. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define WHAT                                                                                                           \
	.id = "a", .cpu_cap = 8, .cpu = 1, .mem_cap = 25 * GIB, .mem = 10 * GIB, .held = -1, .rx = -1, .tx = -1,       \
	.throttled = -1, .wait = -1, .mem_wait = -1, .oom = -1, .guest = -1, .mem_full = -1, .refault = -1,            \
	.cap_hits = -1, .no_memory = -1, .high = -1

struct film {
	struct snapshot *snap;
	struct frame *frame;
	struct usage_book *book;
	int64_t now;
	double said; /* interval_sec of the frames */
};

static inline struct film film_new(void)
{
	struct film f = {.snap = snapshot_new(), .frame = frame_new(), .book = usage_book_new(), .now = MONDAY};
	return f;
}

static inline void film_free(struct film *f)
{
	usage_book_free(f->book);
	frame_free(f->frame);
	snapshot_free(f->snap);
}

static inline struct metric maybe(double v)
{
	return v >= 0 ? metric_ok(v) : metric_none(METRIC_ABSENT, "a test left it out");
}

static inline struct metric cap_of(double v)
{
	return v >= 0 ? metric_ok(v) : metric_none(METRIC_UNLIMITED, "no level sets a cap");
}

static inline void film_entry(struct film *f, const struct what *w)
{
	struct entry *e = snapshot_add(f->snap);
	static const struct label keep[] = {{"vctop.keep", "yes"}};
	e->inst = (struct instance){.id = w->id,
	                            .name = w->id,
	                            .runtime = w->kind == INSTANCE_VM ? "qemu-kvm" : "docker",
	                            .kind = w->kind,
	                            .state = w->state,
	                            .started_usec = w->started,
	                            .labels = w->keep ? keep : NULL,
	                            .labels_n = w->keep != NULL};
	e->sample.cpu.allocated = (struct allocation){cap_of(w->cpu_cap), w->shared, "cpu.max", "/pod"};
	e->sample.mem.allocated = (struct allocation){cap_of(w->mem_cap), w->shared, "memory.max", "/pod"};
	e->sample.mem.used_bytes = maybe(w->mem);
	e->sample.mem.held_bytes = maybe(w->held);
	e->sample.mem.oom_kills = maybe(w->oom);
	e->sample.mem.events_high = maybe(w->high);
	e->sample.mem.events_max = maybe(w->cap_hits);
	e->sample.mem.events_oom = maybe(w->no_memory);
	e->sample.mem.guest_used_bytes = maybe(w->guest);
}

/* A frame of these; f->frame and f->snap hold it until the next. */
static inline void film_frame(struct film *f, const struct what *w, size_t n)
{
	snapshot_clear(f->snap);
	frame_clear(f->frame);
	f->snap->host.real_usec = f->snap->host.mono_usec = f->now;
	f->snap->host.hostname = "lab1";
	for (size_t i = 0; i < n; i++)
		film_entry(f, &w[i]);
	f->frame->snap = f->snap;
	f->frame->interval_sec = f->said;
	for (size_t i = 0; i < n; i++) {
		const struct entry *e = &f->snap->entries.v[i];
		struct row r = {.inst = &e->inst, .sample = &e->sample, .background = e->background};
		r.age_sec = w[i].started ? (double)(f->now - w[i].started) / 1e6 : -1;
		r.cpu_used_cores = maybe(w[i].cpu);
		r.net_rx_per_sec = maybe(w[i].rx);
		r.net_tx_per_sec = maybe(w[i].tx);
		r.throttled_pct = maybe(w[i].throttled);
		r.cpu_pressure_pct = maybe(w[i].wait);
		r.mem_pressure_pct = maybe(w[i].mem_wait);
		r.mem_pressure_full_pct = maybe(w[i].mem_full);
		r.refault_per_sec = maybe(w[i].refault);
		vec_push(&f->frame->rows, r);
	}
}

/* Plays it for so long, a frame every `step` seconds. */
static inline void film_play(struct film *f, const struct what *w, int64_t usec, double step)
{
	for (int64_t end = f->now + usec; f->now < end;) {
		f->now += (int64_t)(step * 1e6);
		film_frame(f, w, 1);
		usage_book_add(f->book, f->frame);
	}
}

static inline const struct usage *film_usage(const struct film *f, const char *id)
{
	struct instance i = {.id = id, .name = id, .runtime = "docker"};
	struct strbuf key = STRBUF_INIT;
	usage_key(&i, &key);
	const struct usage *u = usage_book_find(f->book, key.buf);
	if (!u) {
		i.kind = INSTANCE_VM;
		i.runtime = "qemu-kvm";
		usage_key(&i, &key);
		u = usage_book_find(f->book, key.buf);
	}
	strbuf_release(&key);
	assert_non_null(u);
	return u;
}

/* The texts live until the film's next frame. */
static inline struct verdict film_verdict(struct film *f, enum usage_resource r)
{
	struct verdict v;
	usage_verdict(film_usage(f, "a"), r, &f->frame->arena, &v);
	return v;
}

#define assert_state(film, resource, want)                                                                             \
	do {                                                                                                           \
		struct verdict assert_v = film_verdict(film, resource);                                                \
		if (assert_v.state != (want))                                                                          \
			print_error("%s (%s): %s\n", verdict_state_name(assert_v.state), assert_v.rule,                \
			            assert_v.reason);                                                                  \
		assert_string_equal(verdict_state_name(assert_v.state), verdict_state_name(want));                     \
	} while (0)

#endif
