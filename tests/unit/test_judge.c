/*
 * States: each with its threshold and its dwell; the arithmetic of need and slack; and what must hold for any input:
 * unknown is never idle, more allocation never has less slack, order and cuts of the input change nothing, and a replay
 * judges as the live run did.
 */
#include <math.h>

#include "derive/usage-internal.h"
#include "usage-frames.h"
#include "vctop/source/snapshot_json.h"
#include "vctop/view/views.h"

static bool about(double a, double b, double share)
{
	return fabs(a - b) <= share * fabs(b);
}

/* 25 GiB given, 10 GiB needed: slack 0 after an hour, about 2 after a day, 11.9 after seven. */
static void test_example(void **state)
{
	(void)state;
	struct film f = film_new();
	const struct what w = {WHAT};
	film_play(&f, &w, HOURS(1), 60);
	struct verdict v = film_verdict(&f, USAGE_MEMORY);
	assert_false(metric_is_ok(v.slack_bytes));
	assert_int_equal(v.state, VERDICT_LEARNING);
	film_play(&f, &w, HOURS(23) + 120 * SECOND, 60);
	v = film_verdict(&f, USAGE_MEMORY);
	assert_true(about(v.recommended_bytes.v, 23 * GIB, 0.01));
	assert_true(about(v.slack_bytes.v, 2 * GIB, 0.1));
	film_play(&f, &w, DAYS(6), 60);
	v = film_verdict(&f, USAGE_MEMORY);
	assert_true(about(v.recommended_bytes.v, 10 * 1.15 * (1 + 1 / 7.0) * GIB, 0.002));
	assert_true(about(v.slack_bytes.v, 11.9 * GIB, 0.01));
	v = film_verdict(&f, USAGE_CPU);
	assert_true(v.recommended_cores.v >= 1 * 1.15 * (1 + 0.25 / 7) - 0.001 &&
	            v.recommended_cores.v <= 1.05 * 1.15 * (1 + 0.25 / 7));
	assert_int_equal(v.state, VERDICT_OVERSIZED);
	assert_int_equal(v.confidence, CONFIDENCE_HIGH);
	v = film_verdict(&f, USAGE_INSTANCE);
	assert_int_equal(v.state, VERDICT_OVERSIZED);
	assert_string_equal(v.reason, "used at most 1 of 8 cores in 7 days; 10 GiB of 25 GiB; monthly peaks not seen");
	film_free(&f);
}

/* What stays the same for so long ends in which state, of which resource, by which rule. */
static const struct ending {
	struct what w;
	double days, step;
	enum usage_resource r;
	enum verdict_state want;
	const char *rule;
} endings[] = {
        {{WHAT}, 0.02, 10, USAGE_INSTANCE, VERDICT_LEARNING, "learning"},
        {{WHAT}, 0.5, 60, USAGE_CPU, VERDICT_OVERSIZED, "cpu-p95"},
        {{WHAT}, 0.5, 60, USAGE_MEMORY, VERDICT_LEARNING, "memory-learning"},
        {{WHAT, .cpu = 5, .mem = 18 * GIB}, 2, 60, USAGE_INSTANCE, VERDICT_RIGHT_SIZED, "fits"},
        {{WHAT, .cpu = 5, .mem = 18 * GIB}, 0.9, 60, USAGE_INSTANCE, VERDICT_LEARNING, "learning"},
        {{WHAT, .cpu_cap = 0.5, .cpu = 0.1}, 3, 60, USAGE_CPU, VERDICT_RIGHT_SIZED, "cpu-fits"}, /* little to take */
        {{WHAT, .cpu = 0.01}, 2, 60, USAGE_INSTANCE, VERDICT_IDLE, "cpu-idle"},
        {{WHAT, .cpu = 0.01, .rx = 100, .tx = 100}, 2, 60, USAGE_INSTANCE, VERDICT_IDLE, "idle"},
        {{WHAT, .cpu = 0.01, .rx = 100, .tx = 100}, 0.1, 60, USAGE_INSTANCE, VERDICT_IDLE, "idle"},
        {{WHAT, .cpu = 0.01, .rx = 3000, .tx = 100}, 2, 60, USAGE_INSTANCE, VERDICT_OVERSIZED, NULL},
        {{WHAT, .cpu = 0.01, .rx = 100, .tx = 1500}, 2, 60, USAGE_INSTANCE, VERDICT_OVERSIZED, NULL},
        {{WHAT, .cpu = 0.035}, 2, 60, USAGE_INSTANCE, VERDICT_OVERSIZED, NULL},
        {{WHAT, .cpu = 0.01, .keep = "yes"}, 2, 60, USAGE_INSTANCE, VERDICT_OVERSIZED, NULL},
        {{WHAT, .cpu = 0.01, .throttled = 20}, 2, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "throttled"}, /* starved */
        {{WHAT, .throttled = 6}, 0.01, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "throttled"},
        {{WHAT, .throttled = 4}, 2, 60, USAGE_CPU, VERDICT_OVERSIZED, NULL},
        {{WHAT, .cpu = 7.8}, 0.01, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "cpu-at-cap"},
        {{WHAT, .cpu = 7}, 2, 60, USAGE_CPU, VERDICT_RIGHT_SIZED, NULL},
        {{WHAT, .wait = 12}, 0.01, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "cpu-contention"},
        {{WHAT, .wait = 8}, 2, 60, USAGE_CPU, VERDICT_OVERSIZED, NULL},
        {{WHAT, .mem_wait = 2}, 0.01, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "memory-pressure"},
        {{WHAT, .mem_full = 0.2}, 0.01, 60, USAGE_INSTANCE, VERDICT_PRESSURED, "memory-stall"},
        {{WHAT, .mem = 18 * GIB, .mem_full = 0.05, .mem_wait = 0.9}, 2, 60, USAGE_MEMORY, VERDICT_RIGHT_SIZED, NULL},
        {{WHAT, .mem = 24 * GIB, .refault = 8192}, 0.01, 60, USAGE_MEMORY, VERDICT_PRESSURED, "memory-near-cap"},
        {{WHAT, .mem = 22 * GIB, .refault = 8192}, 2, 60, USAGE_MEMORY, VERDICT_RIGHT_SIZED, NULL}, /* streams files */
        {{WHAT, .mem = 24 * GIB, .mem_wait = 0.5}, 2, 60, USAGE_MEMORY, VERDICT_RIGHT_SIZED, NULL},
        {{WHAT, .mem = 24 * GIB, .refault = 0}, 2, 60, USAGE_MEMORY, VERDICT_RIGHT_SIZED, NULL},
        {{WHAT, .mem = 24 * GIB}, 2, 60, USAGE_MEMORY, VERDICT_RIGHT_SIZED, NULL},
        {{WHAT, .cpu_cap = -1, .mem_cap = -1}, 2, 60, USAGE_INSTANCE, VERDICT_UNLIMITED, "no-cap"},
        {{WHAT, .cpu_cap = -1, .mem_cap = -1, .cpu = 0.01}, 2, 60, USAGE_INSTANCE, VERDICT_IDLE, "cpu-idle"},
        {{WHAT, .cpu_cap = -1}, 3, 60, USAGE_INSTANCE, VERDICT_LEARNING, NULL},
        {{WHAT, .shared = true}, 3, 60, USAGE_CPU, VERDICT_UNLIMITED, "cpu-shared-cap"},
        {{WHAT, .cpu = -1}, 3, 60, USAGE_CPU, VERDICT_UNKNOWN, "cpu-not-measured"},
        {{WHAT, .cpu = -1, .mem = -1}, 3, 60, USAGE_INSTANCE, VERDICT_UNKNOWN, NULL},
        {{WHAT, .kind = INSTANCE_VM, .mem = 18 * GIB, .cpu = 5},
         9,
         300,
         USAGE_MEMORY,
         VERDICT_UNKNOWN,
         "memory-inside-unknown"},
        {{WHAT, .kind = INSTANCE_VM, .mem = 18 * GIB, .cpu = 5}, 9, 300, USAGE_INSTANCE, VERDICT_UNKNOWN, NULL},
        {{WHAT, .kind = INSTANCE_VM, .mem = 4 * GIB, .cpu = 5},
         2,
         60,
         USAGE_MEMORY,
         VERDICT_OVERSIZED,
         "memory-never-touched"},
        {{WHAT, .kind = INSTANCE_VM, .mem = 18 * GIB, .guest = 18 * GIB, .cpu = 5},
         2,
         60,
         USAGE_INSTANCE,
         VERDICT_RIGHT_SIZED,
         "fits"},
        {{WHAT, .state = INSTANCE_PAUSED, .held = GIB}, 0.01, 60, USAGE_INSTANCE, VERDICT_PARKED, "parked-paused"},
        {{WHAT, .state = INSTANCE_STOPPED}, 0.01, 60, USAGE_INSTANCE, VERDICT_PARKED, "parked-stopped"},
};

static void test_endings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		const struct ending *e = &endings[i];
		struct film f = film_new();
		film_play(&f, &e->w, (int64_t)(e->days * DAY * 1e6), e->step);
		struct verdict v = film_verdict(&f, e->r);
		if (v.state != e->want || (e->rule && strcmp(v.rule, e->rule) != 0))
			fail_row(i, "%s by %s (%s), not %s by %s", verdict_state_name(v.state), v.rule, v.reason,
			         verdict_state_name(e->want), e->rule ? e->rule : "any rule");
		assert_true(v.reason && *v.reason && v.basis == BASIS_HISTORY);
		film_free(&f);
	}
}

/* What was not seen is said so, never as a 0. */
static void test_unseen(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .cpu_cap = -1, .mem_cap = -1};
	film_frame(&f, &w, 1);
	usage_book_add(f.book, f.frame);
	assert_string_equal(film_verdict(&f, USAGE_CPU).reason, "no CPU cap; CPU not seen for a minute yet");
	assert_string_equal(film_verdict(&f, USAGE_MEMORY).reason, "no memory cap; memory not seen for a minute yet");
	w.state = INSTANCE_PAUSED;
	film_play(&f, &w, 2 * SECOND, 1);
	assert_string_equal(film_verdict(&f, USAGE_INSTANCE).reason, "paused; how much memory it holds is not known");
	verdict_fill(f.frame);
	assert_string_equal(f.frame->rows.v[0].verdict.reason, "paused; how much memory it holds is not known");
	w.held = 0;
	film_play(&f, &w, 2 * SECOND, 1);
	assert_string_equal(film_verdict(&f, USAGE_INSTANCE).reason, "paused; holds no memory");
	w.state = INSTANCE_STOPPED;
	w.held = -1;
	film_play(&f, &w, 2 * SECOND, 1);
	assert_string_equal(film_verdict(&f, USAGE_INSTANCE).reason, "stopped; holds no memory");
	film_free(&f);
}

static void test_provisional(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .cpu = 0.01, .rx = 1, .tx = 1};
	film_play(&f, &w, 50 * 60 * SECOND, 60);
	assert_state(&f, USAGE_INSTANCE, VERDICT_LEARNING);
	film_play(&f, &w, 15 * 60 * SECOND, 60);
	struct verdict v = film_verdict(&f, USAGE_INSTANCE);
	assert_true(v.state == VERDICT_IDLE && v.provisional);
	assert_non_null(strstr(v.reason, "provisional"));
	int64_t changed = v.changed_usec;
	film_play(&f, &w, DAYS(1), 60);
	v = film_verdict(&f, USAGE_INSTANCE);
	assert_true(v.state == VERDICT_IDLE && !v.provisional && v.changed_usec == changed);
	film_play(&f, &w, DAYS(14), 300);
	v = film_verdict(&f, USAGE_INSTANCE);
	assert_non_null(strstr(v.reason, "abandoned?"));
	/* Awake: low for three hours more, then not idle. */
	w.cpu = 3;
	film_play(&f, &w, HOURS(2), 60);
	assert_state(&f, USAGE_INSTANCE, VERDICT_IDLE);
	film_play(&f, &w, HOURS(4), 60);
	assert_true(film_verdict(&f, USAGE_INSTANCE).state != VERDICT_IDLE);
	film_free(&f);
}

static void test_young(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .cpu = 0.01, .started = MONDAY - DAYS(90)};
	film_play(&f, &w, DAYS(2), 60);
	assert_false(film_verdict(&f, USAGE_INSTANCE).provisional);
	w.started = f.now; /* re-created: a day old at least before it is called idle for sure */
	film_play(&f, &w, HOURS(1), 60);
	struct verdict v = film_verdict(&f, USAGE_INSTANCE);
	assert_true(v.state == VERDICT_IDLE && v.provisional);
	film_free(&f);
}

static void test_pressure_leaves(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .throttled = 0, .cpu = 3, .mem = 18 * GIB};
	film_play(&f, &w, DAYS(2), 60);
	enum verdict_state before = film_verdict(&f, USAGE_CPU).state;
	w.throttled = 30;
	film_play(&f, &w, 120 * SECOND, 60);
	assert_state(&f, USAGE_CPU, VERDICT_PRESSURED);
	struct verdict v = film_verdict(&f, USAGE_CPU);
	assert_true(v.changed_usec > f.now - 130 * SECOND && near(v.slack_cores.v, 0));
	w.throttled = 0;
	film_play(&f, &w, 55 * 60 * SECOND, 60);
	assert_state(&f, USAGE_CPU, VERDICT_PRESSURED);
	film_play(&f, &w, 15 * 60 * SECOND, 60);
	assert_state(&f, USAGE_CPU, before);
	film_free(&f);
}

static void test_oom(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .oom = 7, .mem = 5 * GIB};
	film_play(&f, &w, DAYS(8), 300);
	assert_state(&f, USAGE_MEMORY, VERDICT_OVERSIZED); /* kills before it was seen are no news */
	w.oom = 9;
	film_play(&f, &w, 60 * SECOND, 60);
	struct verdict v = film_verdict(&f, USAGE_MEMORY);
	assert_int_equal(v.state, VERDICT_PRESSURED); /* at once */
	assert_string_equal(v.rule, "oom-kill");
	assert_non_null(strstr(v.reason, "2 processes"));
	assert_true(about(v.recommended_bytes.v, 1.2 * 25 * GIB, 1e-6) && near(v.slack_bytes.v, 0));
	film_play(&f, &w, HOURS(2), 60);
	assert_state(&f, USAGE_MEMORY, VERDICT_RIGHT_SIZED);
	/* A larger allocation is judged at once, against what the kill proved. */
	w.mem_cap = 100 * GIB;
	film_play(&f, &w, 60 * SECOND, 60);
	v = film_verdict(&f, USAGE_MEMORY);
	assert_int_equal(v.state, VERDICT_OVERSIZED);
	assert_true(about(v.recommended_bytes.v, 30 * GIB, 1e-6));
	film_free(&f);
}

/* Counts that grow between two readings: which ones press, and by which rule. */
static void test_events(void **state)
{
	(void)state;
	static const struct {
		double mem, cap_hits, no_memory, high, kills; /* what is added each minute */
		enum verdict_state want;
		const char *rule, *says;
	} rows[] = {
	        {24 * GIB, 5, 0, 0, 0, VERDICT_PRESSURED, "memory-at-cap", "ran into its memory cap 15 times"},
	        {3 * GIB, 2000, 0, 0, 0, VERDICT_OVERSIZED, NULL, NULL}, /* its page cache did */
	        {3 * GIB, 0, 1, 0, 0, VERDICT_PRESSURED, "oom", "was refused memory 3 times"},
	        {3 * GIB, 1, 1, 0, 1, VERDICT_PRESSURED, "oom-kill", "3 processes killed"},
	        {24 * GIB, 0, 0, 9, 0, VERDICT_RIGHT_SIZED, NULL, NULL}, /* slowed down is not short by itself */
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct film f = film_new();
		struct what w = {WHAT, .mem = rows[i].mem, .cap_hits = 100, .no_memory = 100, .high = 100, .oom = 100};
		film_play(&f, &w, DAYS(9), 300);
		enum verdict_state before = film_verdict(&f, USAGE_MEMORY).state;
		for (int k = 0; k < 3; k++) {
			w.cap_hits += rows[i].cap_hits;
			w.no_memory += rows[i].no_memory;
			w.high += rows[i].high;
			w.oom += rows[i].kills;
			film_play(&f, &w, 60 * SECOND, 60);
		}
		struct verdict v = film_verdict(&f, USAGE_MEMORY);
		if (v.state != rows[i].want || (rows[i].rule && strcmp(v.rule, rows[i].rule) != 0) ||
		    (rows[i].says && !strstr(v.reason, rows[i].says)))
			fail_row(i, "%s by %s: %s", verdict_state_name(v.state), v.rule, v.reason);
		film_play(&f, &w, HOURS(2), 60);
		enum verdict_state after = film_verdict(&f, USAGE_MEMORY).state;
		if (after != before && !rows[i].kills)
			fail_row(i, "%s before, %s after", verdict_state_name(before), verdict_state_name(after));
		/* Re-created: the counts begin anew. */
		w.cap_hits = w.no_memory = w.high = w.oom = 0;
		film_play(&f, &w, 120 * SECOND, 60);
		assert_true(film_verdict(&f, USAGE_MEMORY).state != VERDICT_PRESSURED);
		film_free(&f);
	}
}

static void test_dwell(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .cpu = 5, .mem = 18 * GIB};
	film_play(&f, &w, DAYS(8), 300);
	assert_state(&f, USAGE_MEMORY, VERDICT_RIGHT_SIZED);
	/* Toward less: the peaks must be gone, and then half a day. */
	w.mem = 2 * GIB;
	film_play(&f, &w, DAYS(7) + HOURS(6), 300);
	assert_state(&f, USAGE_MEMORY, VERDICT_RIGHT_SIZED);
	film_play(&f, &w, HOURS(24), 300);
	assert_state(&f, USAGE_MEMORY, VERDICT_OVERSIZED);
	/* Toward more: three hours. */
	w.mem = 18 * GIB;
	film_play(&f, &w, HOURS(2), 60);
	assert_state(&f, USAGE_MEMORY, VERDICT_OVERSIZED);
	assert_true(film_verdict(&f, USAGE_MEMORY).slack_bytes.v < 3.5 * GIB); /* the number does not wait */
	film_play(&f, &w, HOURS(2), 60);
	assert_state(&f, USAGE_MEMORY, VERDICT_RIGHT_SIZED);
	film_free(&f);
}

static void test_new_cap(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT};
	film_play(&f, &w, DAYS(8), 300);
	assert_state(&f, USAGE_CPU, VERDICT_OVERSIZED);
	assert_int_equal(film_verdict(&f, USAGE_CPU).confidence, CONFIDENCE_HIGH);
	w.cpu_cap = 2;
	film_play(&f, &w, 60 * SECOND, 60);
	struct verdict v = film_verdict(&f, USAGE_CPU);
	assert_int_equal(v.state, VERDICT_RIGHT_SIZED);
	assert_int_equal(v.confidence, CONFIDENCE_GOOD); /* one level lower for a day */
	w.cpu_cap = -1;
	film_play(&f, &w, 60 * SECOND, 60);
	assert_state(&f, USAGE_CPU, VERDICT_UNLIMITED);
	film_free(&f);
}

/* Measured no longer: what was known is not known any more after a day. */
static void test_goes_blind(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .cpu = 0.01};
	film_play(&f, &w, DAYS(2), 60);
	assert_state(&f, USAGE_INSTANCE, VERDICT_IDLE);
	w.cpu = -1;
	film_play(&f, &w, HOURS(25), 60);
	assert_state(&f, USAGE_CPU, VERDICT_UNKNOWN);
	assert_true(film_verdict(&f, USAGE_INSTANCE).state != VERDICT_IDLE);
	film_free(&f);
}

static void test_confidence(void **state)
{
	(void)state;
	static const struct {
		double days;
		enum confidence want;
	} rows[] = {
	        {0.02, CONFIDENCE_SNAPSHOT}, /* */
	        {0.5, CONFIDENCE_SNAPSHOT},  /* low, but no weekend */
	        {1.5, CONFIDENCE_LOW},       /* fair, but no weekend */
	        {4, CONFIDENCE_FAIR},        /* good, but no weekend */
	        {5.5, CONFIDENCE_GOOD},      /* Saturday */
	        {7.1, CONFIDENCE_HIGH},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct film f = film_new();
		film_play(&f, &(struct what){WHAT}, (int64_t)(rows[i].days * DAY * 1e6), 60);
		struct verdict v = film_verdict(&f, USAGE_CPU);
		if (v.confidence != rows[i].want)
			fail_row(i, "after %g days %s", rows[i].days, confidence_name(v.confidence));
		assert_true(v.week_hours <= 168 && v.week_hours + 1 >= (unsigned)fmin(168, rows[i].days * 24));
		film_free(&f);
	}
	/* A third of the time unobserved. */
	struct film f = film_new();
	for (int i = 0; i < 30; i++) {
		film_play(&f, &(struct what){WHAT}, HOURS(8), 60);
		f.now += HOURS(4);
	}
	assert_int_equal(film_verdict(&f, USAGE_CPU).confidence, CONFIDENCE_GOOD);
	film_free(&f);
}

/* ---- what must hold for any input ----------------------------------------------------------------------------------
 */

static uint64_t seed;

static double uniform(void)
{
	seed = seed * 6364136223846793005U + 1442695040888963407U;
	return (double)(seed >> 11) / 9007199254740992.0;
}

/* Sometimes missing, sometimes wild. */
static double some(double typical, double missing)
{
	double u = uniform();
	return u < missing ? -1 : u < missing + 0.02 ? typical * 1000 * uniform() : typical * (0.5 + uniform());
}

static void vary(struct what *w, double missing)
{
	w->cpu = some(uniform() < 0.7 ? 0.01 : 2, missing);
	w->mem = some(4 * GIB, missing);
	w->rx = some(500, 0.3);
	w->tx = some(300, 0.3);
	w->throttled = fmin(100, some(0.2, 0.3));
	w->mem_wait = fmin(100, some(0.02, 0.3));
	w->wait = fmin(100, some(1, 0.3));
	w->mem_full = fmin(100, some(0.01, 0.3));
	w->refault = some(3000, 0.6);
	w->cap_hits = uniform() < 0.3 ? -1 : fmax(w->cap_hits, 0) + (uniform() < 0.01 ? floor(9 * uniform()) : 0);
	w->no_memory = uniform() < 0.001 ? 0 : w->no_memory + (w->no_memory >= 0 && uniform() < 0.001 ? 1 : 0);
	if (uniform() < 0.001)
		w->cpu_cap = uniform() < 0.2 ? -1 : 8 * uniform();
	if (uniform() < 0.001)
		w->oom += w->oom >= 0 ? 1 : 0;
}

static double pause_of(void)
{
	double u = uniform();
	return u < 0.01 ? 7200 : u < 0.02 ? -3600 : 300;
}

static void test_unknown_is_never_idle(void **state)
{
	(void)state;
	for (uint64_t run = 0; run < 40; run++) {
		struct film f = film_new();
		struct what w = {WHAT, .oom = 0};
		seed = run;
		for (int i = 0; i < 3000; i++) {
			vary(&w, 0);
			w.cpu = -1;
			f.now += (int64_t)(pause_of() * 1e6);
			film_frame(&f, &w, 1);
			usage_book_add(f.book, f.frame);
			enum verdict_state s = film_verdict(&f, USAGE_INSTANCE).state;
			if (s == VERDICT_IDLE || s == VERDICT_RIGHT_SIZED)
				fail_row(run, "step %d: %s without a CPU reading", i, verdict_state_name(s));
			/* An unknown cap is neither too big nor right. */
			s = film_verdict(&f, USAGE_CPU).state;
			assert_true(s != VERDICT_OVERSIZED && s != VERDICT_RIGHT_SIZED);
		}
		film_free(&f);
	}
}

/* One of four lives: anything, a VM's, hardly any, and one that fits. */
static void live(struct what *w, unsigned life, double part)
{
	if (life < 2) {
		vary(w, 0.05);
		w->guest = life == 1 && uniform() < 0.5 ? 2 * GIB * uniform() : -1;
		if (uniform() < 0.01)
			w->mem_cap = uniform() < 0.2 ? -1 : 8 * GIB * uniform();
		if (uniform() < 0.01)
			w->state = uniform() < 0.7 ? INSTANCE_RUNNING : INSTANCE_PAUSED;
		w->shared = w->shared ? uniform() < 0.99 : uniform() < 0.002;
		return;
	}
	bool idle = life == 2;
	w->cpu = idle ? 0.015 * uniform() : 4.5 + uniform();
	w->mem = idle ? GIB : (17 + part) * GIB;
	w->rx = w->tx = uniform() < part / 3 ? 3000 : 100;
	w->oom = floor(part * 4) / 2; /* sometimes one is killed */
	w->mem_cap = (part < 0.6 ? 25 : 24) * GIB;
	w->shared = part > 0.5 && part < 0.55;
}

/* What is kept of sentences is what would be said anew, whatever changes. */
static void test_words_are_of_now(void **state)
{
	(void)state;
	for (uint64_t run = 0; run < 40; run++) {
		struct film f = film_new();
		unsigned life = run % 4;
		struct what w = {WHAT, .oom = 0, .kind = life == 1 ? INSTANCE_VM : INSTANCE_CONTAINER};
		seed = run + 5;
		for (int i = 0; i < 3000; i++) {
			live(&w, life, i / 3000.0);
			/* Long steps make days, short ones say the same again. */
			double step = uniform() < 0.5 ? 7 : life >= 2 ? 1200 : 300;
			f.now += (int64_t)((uniform() < 0.002 ? pause_of() : step) * 1e6);
			film_frame(&f, &w, 1);
			usage_book_add(f.book, f.frame);
			struct row *r = &f.frame->rows.v[0];
			r->verdict = (struct verdict){.state = VERDICT_LEARNING};
			usage_book_judge(f.book, f.frame);
			struct verdict v = film_verdict(&f, USAGE_INSTANCE);
			if (r->verdict.reason &&
			    (strcmp(r->verdict.reason, v.reason) != 0 || strcmp(r->verdict.rule, v.rule) != 0))
				fail_row(run, "step %d: '%s' (%s) is kept, '%s' (%s) is true", i, r->verdict.reason,
				         r->verdict.rule, v.reason, v.rule);
		}
		film_free(&f);
	}
}

static void test_more_allocation_never_less_slack(void **state)
{
	(void)state;
	for (uint64_t run = 0; run < 12; run++) {
		double last_cpu = 0, last_mem = 0;
		for (double factor = 0.3; factor < 6; factor *= 1.3) {
			struct film f = film_new();
			struct what w = {WHAT};
			seed = run + 77;
			for (int i = 0; i < 1500; i++) {
				vary(&w, 0.05);
				w.cpu_cap = 3 * factor;
				w.mem_cap = 6 * GIB * factor;
				f.now += 300 * SECOND;
				film_frame(&f, &w, 1);
				usage_book_add(f.book, f.frame);
			}
			struct verdict v = film_verdict(&f, USAGE_INSTANCE);
			double cpu = metric_is_ok(v.slack_cores) ? v.slack_cores.v : 0;
			double mem = metric_is_ok(v.slack_bytes) ? v.slack_bytes.v : 0;
			if (cpu < last_cpu - 1e-9 || mem < last_mem - 1)
				fail_row(run, "x %g: slack fell to %g cores, %g bytes", factor, cpu, mem);
			last_cpu = cpu;
			last_mem = mem;
			film_free(&f);
		}
	}
}

#define CROWD 7

/* The same week of a crowd: in one frame each time, or the other way round in frames of two. */
static void play_crowd(struct film *f, bool split)
{
	static const char *const ids[CROWD] = {"a", "b", "c", "d", "e", "f", "g"};
	struct what w[CROWD];
	for (size_t i = 0; i < CROWD; i++)
		w[i] = (struct what){WHAT, .id = ids[i], .oom = 0, .cpu_cap = 1 + (double)i,
		                     .started = MONDAY - DAYS(10)};
	seed = 5;
	for (int n = 0; n < 2500; n++) {
		for (size_t i = 0; i < CROWD; i++)
			vary(&w[i], 0.02);
		f->now += (int64_t)(pause_of() * 1e6);
		if (!split) {
			film_frame(f, w, CROWD);
			usage_book_add(f->book, f->frame);
			continue;
		}
		for (size_t i = CROWD; i > 0; i -= i < 2 ? 1 : 2) {
			film_frame(f, &w[i - (i < 2 ? 1 : 2)], i < 2 ? 1 : 2);
			usage_book_add(f->book, f->frame);
		}
	}
}

static void assert_same_book(const struct usage_book *a, const struct usage_book *b)
{
	size_t it = 0, n = 0;
	const char *key;
	const struct usage *u;
	struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;
	while (usage_book_next(a, &it, &key, &u)) {
		const struct usage *other = usage_book_find(b, key);
		assert_non_null(other);
		strbuf_clear(&x);
		strbuf_clear(&y);
		usage_encode(u, &x);
		usage_encode(other, &y);
		assert_int_equal(x.len, y.len);
		assert_memory_equal(x.buf, y.buf, x.len);
		n++;
	}
	assert_true(n > 0);
	strbuf_release(&x);
	strbuf_release(&y);
}

static void test_order_and_cuts(void **state)
{
	(void)state;
	struct film one = film_new(), two = film_new();
	play_crowd(&one, false);
	play_crowd(&two, true);
	assert_same_book(one.book, two.book);
	film_free(&one);
	film_free(&two);
}

/* Through json_frame and back, by either reader, the book is the same; so are the verdicts. */
static void test_replay_is_live(void **state)
{
	(void)state;
	struct film live = film_new();
	struct usage_book *replay = usage_book_new(), *quick = usage_book_new();
	struct snapshot *snap = snapshot_new();
	struct frame *frame = frame_new();
	struct strbuf line = STRBUF_INIT;
	struct error err = {0};
	struct what w[2] = {{WHAT, .oom = 0, .no_memory = 0, .held = 11 * GIB, .started = MONDAY - DAYS(2)},
	                    {WHAT, .id = "b", .kind = INSTANCE_VM, .cpu_cap = 3, .keep = "yes"}};
	seed = 9;
	for (int i = 0; i < 3000; i++) {
		vary(&w[0], 0.02);
		vary(&w[1], 0.02);
		/* Microseconds, which a recording does not keep. */
		live.now += (int64_t)(pause_of() * 1e6) + (int64_t)(uniform() * 999);
		film_frame(&live, w, 2);
		usage_book_add(live.book, live.frame);
		strbuf_clear(&line);
		json_frame(live.frame, &line);
		if (frame_from_json(line.buf, line.len, snap, frame, &err) < 0)
			fail_row(i, "%s", err.what);
		usage_book_add(replay, frame);
		assert_int_equal(frame_from_json_needed(line.buf, line.len, snap, frame, &err), 0);
		usage_book_add(quick, frame);
	}
	assert_same_book(replay, quick);
	size_t it = 0;
	const char *key;
	const struct usage *u;
	while (usage_book_next(live.book, &it, &key, &u)) {
		const struct usage *r = usage_book_find(replay, key);
		assert_non_null(r);
		for (unsigned res = 0; res < USAGE_RESOURCE_MAX; res++) {
			struct verdict a, b;
			usage_verdict(u, (enum usage_resource)res, &live.frame->arena, &a);
			usage_verdict(r, (enum usage_resource)res, &live.frame->arena, &b);
			assert_int_equal(a.state, b.state);
			assert_string_equal(a.rule, b.rule);
			assert_string_equal(a.reason, b.reason);
			assert_int_equal(a.changed_usec, b.changed_usec);
			assert_int_equal(a.confidence, b.confidence);
			assert_int_equal(a.recommended_cores.st, b.recommended_cores.st);
			assert_true(about(a.recommended_cores.v, b.recommended_cores.v, 1e-6));
			assert_true(about(a.slack_bytes.v, b.slack_bytes.v, 1e-6));
		}
	}
	usage_book_free(replay);
	usage_book_free(quick);
	snapshot_free(snap);
	frame_free(frame);
	strbuf_release(&line);
	film_free(&live);
}

/* ---- rows, sums, money ---------------------------------------------------------------------------------------------
 */

static void test_first_look_stays(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT};
	film_play(&f, &w, 120 * SECOND, 60);
	struct row *r = &f.frame->rows.v[0];
	r->verdict = (struct verdict){.state = VERDICT_OVERSIZED, .rule = "lifetime-mem-peak", .now = NOW_BUSY};
	usage_book_judge(f.book, f.frame);
	assert_string_equal(r->verdict.rule, "lifetime-mem-peak");
	film_play(&f, &w, DAYS(2), 60);
	r = &f.frame->rows.v[0];
	r->verdict = (struct verdict){.state = VERDICT_LEARNING, .rule = "too-young", .now = NOW_BUSY};
	usage_book_judge(f.book, f.frame);
	assert_int_equal(r->verdict.basis, BASIS_HISTORY);
	assert_int_equal(r->verdict.state, VERDICT_OVERSIZED);
	assert_int_equal(r->verdict.now, NOW_BUSY);
	film_free(&f);
}

/* What one look proves by counters of a whole life. */
static void test_lifetime_pressure(void **state)
{
	(void)state;
	static const struct {
		double age, cpu_wait, mem_wait, mem_full, oom_events; /* hours; percent of them; times */
		const char *rule;
	} rows[] = {
	        {48, 9, 0.9, 0.09, 0, "too-young"},
	        {48, 11, 0, 0, 0, "lifetime-cpu-pressure"},
	        {48, 11, 1.1, 0, 0, "lifetime-memory-pressure"},
	        {48, 0, 0.5, 0.2, 0, "lifetime-memory-stall"},
	        {48, 0, 0, 0, 2, "lifetime-oom"},
	        {0.5, 50, 50, 50, 0, "too-young"}, /* it was starting */
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct film f = film_new();
		double usec = rows[i].age * 3600e6 / 100;
		struct what w = {WHAT, .no_memory = rows[i].oom_events, .started = MONDAY - (int64_t)(100 * usec)};
		film_frame(&f, &w, 1);
		struct sample *s = &f.snap->entries.v[0].sample;
		s->cpu.usage_usec = metric_ok(1e9);
		s->cpu.pressure_usec = metric_ok(rows[i].cpu_wait * usec);
		s->mem.pressure_usec = metric_ok(rows[i].mem_wait * usec);
		s->mem.pressure_full_usec = metric_ok(rows[i].mem_full * usec);
		verdict_fill(f.frame);
		const struct verdict *v = &f.frame->rows.v[0].verdict;
		if (strcmp(v->rule, rows[i].rule) != 0)
			fail_row(i, "%s: %s", v->rule, v->reason);
		film_free(&f);
	}
}

static void test_never_idle_list(void **state)
{
	(void)state;
	static const struct {
		const char *patterns;
		bool idle;
	} rows[] = {{NULL, true}, {"b", true}, {"b, a", false}, {"a", false}, {"?", false}, {"standby-* , a*", false},
	            {"", true}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct film f = film_new();
		usage_book_never_idle(f.book, rows[i].patterns);
		film_play(&f, &(struct what){WHAT, .cpu = 0.001}, DAYS(1) + HOURS(1), 60);
		if ((film_verdict(&f, USAGE_INSTANCE).state == VERDICT_IDLE) != rows[i].idle)
			fail_row(i, "%s", rows[i].patterns);
		film_free(&f);
	}
}

/* Three under one cap of 8 cores and 25 GiB: counted once, and the slack is what none of them needs. */
static void test_shared_cap(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w[3] = {{WHAT, .shared = true, .mem = 2 * GIB},
	                    {WHAT, .shared = true, .id = "b", .mem = 2 * GIB},
	                    {WHAT, .shared = true, .id = "c", .mem = 2 * GIB}};
	for (int i = 0; i < 8 * 288; i++) {
		f.now += 300 * SECOND;
		film_frame(&f, w, 3);
		usage_book_add(f.book, f.frame);
	}
	f.frame->prices.core_hour = metric_ok(0.01);
	verdict_fill(f.frame);
	for (size_t i = 0; i < 3; i++) /* there are no counters here, so the first look knows nothing */
		f.frame->rows.v[i].verdict.state = VERDICT_LEARNING;
	usage_book_judge(f.book, f.frame);
	totals_fill(f.frame);
	const struct totals *t = &f.frame->totals[INSTANCE_CONTAINER];
	assert_true(near(t->allocated_cores.v, 8));
	double need = f.frame->rows.v[0].verdict.recommended_cores.v;
	assert_true(need > 1.15 && need < 1.3 && t->slack_cores.v > 4);
	assert_true(about(t->slack_cores.v, 8 - 3 * need, 1e-6));
	assert_true(about(t->slack_cost.v, (8 - 3 * need) * 7.3, 1e-6));
	assert_true(about(f.frame->host.slack_cost.v, t->slack_cost.v, 1e-9));
	assert_false(metric_is_ok(f.frame->rows.v[0].verdict.slack_cores));
	film_free(&f);
}

static void test_wastes_and_prices(void **state)
{
	(void)state;
	struct film f = film_new();
	const struct what w = {WHAT, .held = 20 * GIB};
	film_play(&f, &w, DAYS(8), 300);
	verdict_fill(f.frame);
	f.frame->rows.v[0].verdict.state = VERDICT_LEARNING;
	usage_book_judge(f.book, f.frame);
	totals_fill(f.frame);
	const struct verdict *v = &f.frame->rows.v[0].verdict;
	assert_false(metric_is_ok(v->slack_cost));
	assert_true(about(v->cold_bytes.v, 20 * GIB - v->recommended_bytes.v, 1e-9));
	assert_true(about(f.frame->host.cold_bytes.v, v->cold_bytes.v, 1e-9));
	f.frame->prices = (struct prices){metric_ok(0.03), metric_ok(0.004)};
	totals_fill(f.frame);
	double want = 730 * (v->slack_cores.v * 0.03 + v->slack_bytes.v / GIB * 0.004);
	assert_true(about(v->slack_cost.v, want, 1e-9));
	assert_true(about(f.frame->host.slack_cost.v, want, 1e-9));
	film_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_example),
	        cmocka_unit_test(test_endings),
	        cmocka_unit_test(test_unseen),
	        cmocka_unit_test(test_provisional),
	        cmocka_unit_test(test_young),
	        cmocka_unit_test(test_pressure_leaves),
	        cmocka_unit_test(test_oom),
	        cmocka_unit_test(test_events),
	        cmocka_unit_test(test_dwell),
	        cmocka_unit_test(test_new_cap),
	        cmocka_unit_test(test_goes_blind),
	        cmocka_unit_test(test_confidence),
	        cmocka_unit_test(test_unknown_is_never_idle),
	        cmocka_unit_test(test_words_are_of_now),
	        cmocka_unit_test(test_more_allocation_never_less_slack),
	        cmocka_unit_test(test_order_and_cuts),
	        cmocka_unit_test(test_replay_is_live),
	        cmocka_unit_test(test_first_look_stays),
	        cmocka_unit_test(test_never_idle_list),
	        cmocka_unit_test(test_lifetime_pressure),
	        cmocka_unit_test(test_shared_cap),
	        cmocka_unit_test(test_wastes_and_prices),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
