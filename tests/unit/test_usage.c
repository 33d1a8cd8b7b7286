/*
 * What is remembered: time that was not observed does not count, whatever the clock does; storage gives back what it
 * took and nothing else; the book stays bounded.
 */
#include <errno.h>
#include <math.h>

#include "derive/usage-internal.h"
#include "usage-frames.h"

static double seen(struct film *f)
{
	return film_usage(f, "a")->cpu_sec + (double)film_usage(f, "a")->minute.cpu_sec;
}

static void test_size(void **state)
{
	(void)state;
	/* Of both resources together. */
	assert_true(sizeof(struct usage) < 2 * 1126);
}

static void test_time(void **state)
{
	(void)state;
	struct film f = film_new();
	const struct what w = {WHAT};
	film_play(&f, &w, HOURS(2), 1);
	assert_true(fabs(seen(&f) - 7199) < 1.5); /* the first frame has none before it */
	/* The same frame again adds nothing. */
	double before = seen(&f);
	usage_book_add(f.book, f.frame);
	assert_true(near(seen(&f), before));
	film_free(&f);
}

/* Pauses of each length at each interval: what counts, what not. */
static void test_gaps(void **state)
{
	(void)state;
	static const struct {
		double step, pause, said, want; /* said: interval of the frame after it; want: seconds it counts */
	} rows[] = {
	        {1, 3, 0, 3},      {1, 4.9, 0, 4.9}, {1, 6, 0, 0},       {1, 3600, 0, 0},     {1, 3600, 1, 1},
	        {60, 240, 0, 240}, {60, 360, 0, 0},  {60, 360, 60, 60},  {300, 599, 0, 599},  {300, 601, 0, 0},
	        {300, 601, 1, 1},  {1, 1e8, 0, 0},   {1, 3600, 3600, 0}, {60, 3600, 3600, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct film f = film_new();
		const struct what w = {WHAT};
		film_play(&f, &w, (int64_t)(rows[i].step * 100e6), rows[i].step);
		double before = seen(&f) - (double)film_usage(&f, "a")->minute.cpu_sec;
		before = floor(before / 60) * 60; /* a minute cut short by a gap may be dropped */
		double open = seen(&f) - before;
		f.said = rows[i].said;
		f.now += (int64_t)(rows[i].pause * 1e6);
		film_frame(&f, &w, 1);
		usage_book_add(f.book, f.frame);
		double got = seen(&f) - before;
		if (got < rows[i].want - 1e-3 || got > rows[i].want + open + 1e-3)
			fail_row(i, "a pause of %g at %g counted %g", rows[i].pause, rows[i].step, got);
		film_free(&f);
	}
}

/* A recording that says its rates cover 15 minutes each is observed all the time. */
static void test_long_intervals(void **state)
{
	(void)state;
	struct film f = film_new();
	const struct what w = {WHAT};
	f.said = 900;
	film_play(&f, &w, DAYS(2), 900);
	assert_true(seen(&f) > 1.9 * DAY);
	film_free(&f);
	f = film_new();
	film_play(&f, &w, DAYS(2), 900);
	assert_true(seen(&f) < 1);
	film_free(&f);
}

static void test_interval_changes(void **state)
{
	(void)state;
	struct film f = film_new();
	const struct what w = {WHAT};
	film_play(&f, &w, HOURS(1), 1);
	film_play(&f, &w, HOURS(10), 60);
	film_play(&f, &w, HOURS(1), 1);
	assert_true(seen(&f) > 3600 * 12 * 0.97);
	film_free(&f);
}

static void test_clock_steps(void **state)
{
	(void)state;
	static const int64_t steps[] = {-HOURS(1), HOURS(1), -DAYS(400), DAYS(400), -SECOND, 20 * SECOND};
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct film f = film_new();
		const struct what w = {WHAT, .rx = 10, .tx = 10};
		f.said = 1;
		film_play(&f, &w, HOURS(30), 1);
		f.now += steps[i];
		film_play(&f, &w, HOURS(30), 1);
		double s = seen(&f), p95 = (double)film_usage(&f, "a")->p95;
		if (s > 60 * 3600 + 1 || s < 60 * 3600 - 120 || p95 < 0.99 || p95 > 1.06)
			fail_row(i, "after a step of %g s: %g s seen, P95 %g", (double)steps[i] / 1e6, s, p95);
		assert_true(histogram_at(&film_usage(&f, "a")->cores, 0) <= 0);
		film_free(&f);
	}
}

/* A row without a rate (first, reset) neither counts nor spikes. */
static void test_resets(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT, .oom = 3, .started = MONDAY - DAYS(3)};
	film_play(&f, &w, HOURS(2), 10);
	double before = seen(&f);
	for (int i = 0; i < 20; i++) {
		w.cpu = -1; /* re-created: this tick has no rate, its count begins anew */
		w.oom = 0;
		w.started = f.now;
		film_play(&f, &w, 10 * SECOND, 10);
		w.cpu = 1;
		film_play(&f, &w, 50 * SECOND, 10);
	}
	assert_true(fabs(seen(&f) - before - 20 * 50) < 10.5);
	assert_true((double)film_usage(&f, "a")->p99 < 1.06);
	assert_state(&f, USAGE_MEMORY, VERDICT_LEARNING); /* no kill was invented */
	assert_true(film_usage(&f, "a")->restarted_usec > 0);
	film_free(&f);
}

static void test_stopped_time(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w = {WHAT};
	film_play(&f, &w, HOURS(2), 60);
	double before = seen(&f);
	w.state = INSTANCE_STOPPED;
	w.cpu = 0;
	film_play(&f, &w, HOURS(5), 60);
	assert_true(seen(&f) - before < 61);
	assert_state(&f, USAGE_INSTANCE, VERDICT_PARKED);
	assert_state(&f, USAGE_CPU, VERDICT_PARKED);
	w.state = INSTANCE_RUNNING;
	w.cpu = 1;
	film_play(&f, &w, HOURS(1), 60);
	assert_true(film_verdict(&f, USAGE_INSTANCE).state != VERDICT_PARKED);
	film_free(&f);
}

static void test_keys(void **state)
{
	(void)state;
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	struct instance x = {.id = "docker:1", .name = "web", .runtime = "docker", .image = "nginx", .pid = 1};
	struct instance y = x;
	usage_key(&x, &a);
	y.id = "docker:2", y.pid = 77, y.incarnation = 9, y.cgroup = "/elsewhere";
	usage_key(&y, &b);
	assert_string_equal(a.buf, b.buf);
	y.name = "db";
	usage_key(&y, &b);
	assert_string_not_equal(a.buf, b.buf);
	struct instance vm = {.id = "q:1", .kind = INSTANCE_VM, .name = "web", .runtime = "qemu-kvm", .uuid = "4-5"};
	usage_key(&vm, &b);
	assert_non_null(strstr(b.buf, "4-5"));
	vm.name = "renamed", vm.runtime = "qemu-tcg";
	usage_key(&vm, &a);
	assert_string_equal(a.buf, b.buf);
	strbuf_release(&a);
	strbuf_release(&b);
}

/* Two of one name and image in one frame are two. */
static void test_same_key(void **state)
{
	(void)state;
	struct film f = film_new();
	struct what w[2] = {{WHAT, .id = "docker:1", .cpu = 0.2}, {WHAT, .id = "docker:2", .cpu = 5}};
	for (int i = 0; i < 200; i++) {
		f.now += 60 * SECOND;
		film_frame(&f, w, 2);
		for (size_t k = 0; k < 2; k++)
			f.snap->entries.v[k].inst.name = "same";
		usage_book_add(f.book, f.frame);
	}
	size_t it = 0, n = 0;
	const struct usage *u;
	double low = 100, high = 0;
	while (usage_book_next(f.book, &it, NULL, &u)) {
		n++;
		low = fmin(low, (double)u->p95);
		high = fmax(high, (double)u->p95);
		assert_true(u->cpu_sec > 190 * 60);
	}
	assert_int_equal(n, 2);
	assert_true(low < 0.22 && high > 4.9);
	film_free(&f);
}

static struct usage *copy(const struct usage *u)
{
	struct strbuf sb = STRBUF_INIT;
	struct usage *ret = NULL;
	usage_encode(u, &sb);
	char *bytes = exact(sb.buf, sb.len);
	assert_int_equal(usage_decode(bytes, sb.len, &ret), 0);
	free(bytes);
	strbuf_release(&sb);
	return ret;
}

static size_t in_book(const struct film *f)
{
	const struct usage *u;
	size_t it = 0, n = 0;
	while (usage_book_next(f->book, &it, NULL, &u))
		n++;
	return n;
}

#define MANY 256

static void test_bounded(void **state)
{
	(void)state;
	struct film f = film_new();
	char id[32];
	usage_book_by_id(f.book, MANY);
	for (int i = 0; i < MANY + 10; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		struct what w = {WHAT, .id = id, .state = i == 200 ? INSTANCE_STOPPED : INSTANCE_RUNNING};
		f.now += SECOND;
		film_frame(&f, &w, 1);
		usage_book_add(f.book, f.frame);
		assert_true(in_book(&f) <= MANY);
	}
	/* The stopped one went first, then the oldest. */
	assert_null(usage_book_find(f.book, "c200"));
	assert_null(usage_book_find(f.book, "c8"));
	assert_non_null(usage_book_find(f.book, "c20"));
	assert_true(in_book(&f) > MANY - MANY / 32);
	usage_book_forget(f.book, f.now - 99 * SECOND);
	assert_int_equal(in_book(&f), 99); /* c166 and later, but for the stopped one */
	film_free(&f);
}

/* Frames of `n` of which the first `stay` are in each, the others in one only; the instance of row i has i in its name.
 */
static void crowd(struct film *f, size_t n, size_t stay, int frames, double step)
{
	struct what *w = xcalloc(n, sizeof(*w));
	char(*ids)[32] = xcalloc(n, sizeof(*ids));
	for (int t = 0; t < frames; t++) {
		for (size_t i = 0; i < n; i++) {
			(void)snprintf(ids[i], sizeof(ids[i]), i < stay ? "c%zu" : "c%zu-%lld", i, (long long)f->now);
			w[i] = (struct what){WHAT, .id = ids[i], .cpu = 0.01};
		}
		f->now += (int64_t)(step * 1e6);
		film_frame(f, w, n);
		usage_book_add(f->book, f->frame);
	}
	free(ids);
	free(w);
}

/* Ten thousand that live learn, all of them; those that come and go beside them make way, not they. */
static void test_many_live(void **state)
{
	(void)state;
	struct film f = film_new();
	crowd(&f, 10000, 10000, 8, 60);
	assert_int_equal(in_book(&f), 10000);
	for (size_t it = 0; it < 10000; it++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "c%zu", it);
		assert_true(film_usage(&f, id)->cpu_sec > 350);
	}
	usage_book_by_id(f.book, 11000);
	crowd(&f, 10900, 10000, 8, 60);
	assert_true(in_book(&f) <= 11000);
	for (size_t it = 0; it < 10000; it++) {
		char id[32];
		(void)snprintf(id, sizeof(id), "c%zu", it);
		assert_true(usage_book_find(f.book, id)->cpu_sec > 350);
	}
	film_free(&f);
}

/* Where more live than there is room for, those that had it keep it. */
static void test_more_than_fit(void **state)
{
	(void)state;
	struct film f = film_new();
	usage_book_by_id(f.book, MANY);
	crowd(&f, 200, 200, 5, 60);
	crowd(&f, 400, 400, 10, 60);
	assert_int_equal(in_book(&f), MANY);
	assert_true(usage_book_find(f.book, "c0")->cpu_sec > 700);
	assert_true(usage_book_find(f.book, "c255")->cpu_sec > 500);
	assert_null(usage_book_find(f.book, "c256"));
	/* Judged without a word of history, not with another's. */
	usage_book_judge(f.book, f.frame);
	assert_int_equal(f.frame->rows.v[300].verdict.state, VERDICT_UNKNOWN);
	/* What comes from storage and is older than all gets no room, and is no trouble. */
	struct film old = film_new();
	crowd(&old, 1, 1, 2, 60);
	usage_book_put(f.book, "older", copy(film_usage(&old, "c0")));
	assert_null(usage_book_find(f.book, "older"));
	assert_int_equal(in_book(&f), MANY);
	film_free(&old);
	film_free(&f);
}

static void rich(struct film *f)
{
	struct what w = {WHAT,           .rx = 100,        .tx = 5,
	                 .throttled = 8, .wait = 3,        .mem_wait = 2,
	                 .oom = 1,       .held = 12 * GIB, .started = MONDAY - 5000,
	                 .mem_full = 1,  .refault = 4096,  .cap_hits = 3,
	                 .no_memory = 2};
	film_play(f, &w, DAYS(2), 60);
	w.oom = 2;
	w.cpu_cap = 4;
	film_play(f, &w, HOURS(1) + 90 * SECOND, 60);
	for (double c = 0; c < 8; c += 0.1) {
		w.cpu = c;
		film_play(f, &w, 60 * SECOND, 30);
	}
}

static void test_codec(void **state)
{
	(void)state;
	struct film f = film_new();
	rich(&f);
	const struct usage *u = film_usage(&f, "a");
	struct usage *c = copy(u);
	struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;
	usage_encode(u, &x);
	usage_encode(c, &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.buf, y.buf, x.len);
	assert_true(x.len < 2400);
	for (unsigned r = 0; r < USAGE_RESOURCE_MAX; r++) {
		struct verdict a, b;
		usage_verdict(u, (enum usage_resource)r, &f.frame->arena, &a);
		usage_verdict(c, (enum usage_resource)r, &f.frame->arena, &b);
		assert_int_equal(a.state, b.state);
		assert_string_equal(a.reason, b.reason);
		assert_int_equal(a.changed_usec, b.changed_usec);
		assert_int_equal(a.confidence, b.confidence);
	}
	usage_free(c);
	strbuf_release(&x);
	strbuf_release(&y);
	film_free(&f);
}

/* Stored and loaded in the middle, it goes on as if nothing had been. */
static void test_codec_midway(void **state)
{
	(void)state;
	struct film one = film_new(), two = film_new();
	rich(&one);
	rich(&two);
	usage_book_put(two.book, "container|docker|a|", copy(film_usage(&two, "a")));
	struct what w = {WHAT, .rx = 100, .tx = 5};
	film_play(&one, &w, HOURS(30) + 7 * SECOND, 7);
	film_play(&two, &w, HOURS(30) + 7 * SECOND, 7);
	struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;
	usage_encode(film_usage(&one, "a"), &x);
	usage_encode(film_usage(&two, "a"), &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.buf, y.buf, x.len);
	strbuf_release(&x);
	strbuf_release(&y);
	film_free(&one);
	film_free(&two);
}

/* What version 1 wrote: all that version 2 writes but its table, which stands before the buckets. */
static void test_codec_version_1(void **state)
{
	(void)state;
	struct film f = film_new();
	struct strbuf now = STRBUF_INIT, again = STRBUF_INIT;
	rich(&f);
	const struct usage *was = film_usage(&f, "a");
	usage_encode(was, &now);
	size_t buckets = 0, added = (6 + 4) * sizeof(float) + 2 * sizeof(double);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		buckets += histogram_at(&was->cores, i) > 0 ? 5 : 0;
	size_t at = now.len - buckets - added, len = now.len - added;
	struct usage *u = NULL;
	memmove(now.buf + at, now.buf + at + added, buckets);
	assert_int_equal(now.buf[3], '2');
	now.buf[3] = '1';
	char *bytes = exact(now.buf, len);
	assert_int_equal(usage_decode(bytes, len, &u), 0);
	assert_true(near(u->cap_hits, -1) && near(u->no_memory, -1) && near((double)u->mem_full_pct, -1));
	assert_true(near(u->cpu_sec, was->cpu_sec) && near((double)u->p95, (double)was->p95));
	assert_true(near((double)u->minute.mem_wait, (double)was->minute.mem_wait));
	assert_int_equal(u->all.state, was->all.state);
	usage_encode(u, &again);
	assert_int_equal(again.buf[3], '2');
	assert_memory_equal(again.buf + 4, now.buf + 4, at - 4);
	usage_free(u);
	/* Bytes of one version under the number of another are nobody's. */
	bytes[3] = '2';
	assert_int_equal(usage_decode(bytes, len, &u), -EINVAL);
	free(bytes);
	strbuf_release(&now);
	strbuf_release(&again);
	film_free(&f);
}

static void test_codec_hostile(void **state)
{
	(void)state;
	struct film f = film_new();
	struct strbuf good = STRBUF_INIT;
	rich(&f);
	usage_encode(film_usage(&f, "a"), &good);
	struct usage *u = NULL;
	/* Every shorter one; the pairs of buckets may end early, nothing else. */
	for (size_t n = 0; n < good.len; n++) {
		char *bytes = exact(good.buf, n);
		if (usage_decode(bytes, n, &u) == 0) {
			usage_free(u);
			assert_true(n > good.len / 3);
		}
		free(bytes);
	}
	char *other = exact(good.buf, good.len);
	other[3]++;
	assert_int_equal(usage_decode(other, good.len, &u), -EPROTO);
	other[0] = 'x';
	assert_int_equal(usage_decode(other, good.len, &u), -EINVAL);
	/* Every byte of it made something else: refused, or a usage that can be used. */
	for (size_t n = 4; n < good.len; n++) {
		static const unsigned char with[] = {0xFF, 0x80, 0x7F, 0x01};
		for (size_t k = 0; k < sizeof(with); k++) {
			memcpy(other, good.buf, good.len);
			other[n] = (char)with[k];
			if (usage_decode(other, good.len, &u) < 0)
				continue;
			struct verdict v;
			for (unsigned r = 0; r < USAGE_RESOURCE_MAX; r++)
				usage_verdict(u, (enum usage_resource)r, &f.frame->arena, &v);
			film_play(&f, &(struct what){WHAT}, 60 * SECOND, 30);
			usage_book_put(f.book, "container|docker|a|", u);
			film_play(&f, &(struct what){WHAT}, 120 * SECOND, 30);
		}
	}
	free(other);
	strbuf_release(&good);
	film_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_size),
	        cmocka_unit_test(test_time),
	        cmocka_unit_test(test_gaps),
	        cmocka_unit_test(test_long_intervals),
	        cmocka_unit_test(test_interval_changes),
	        cmocka_unit_test(test_clock_steps),
	        cmocka_unit_test(test_resets),
	        cmocka_unit_test(test_stopped_time),
	        cmocka_unit_test(test_keys),
	        cmocka_unit_test(test_same_key),
	        cmocka_unit_test(test_bounded),
	        cmocka_unit_test(test_many_live),
	        cmocka_unit_test(test_more_than_fit),
	        cmocka_unit_test(test_codec),
	        cmocka_unit_test(test_codec_midway),
	        cmocka_unit_test(test_codec_hostile),
	        cmocka_unit_test(test_codec_version_1),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
