/* The views of the dashboard on frames made by hand: what each shows, how one gets there and back, by key and mouse. */
#include "unit.h"

#include <math.h>

#include "fake-frame.h"
#include "vctop/derive/derive.h"
#include "vctop/view/remedy.h"
#include "vctop/view/tui.h"

struct scene {
	struct fake fake;
	struct tui *tui;
	struct canvas canvas;
	struct strbuf screen;
	struct trends *trends;
};

static void refill(struct scene *s)
{
	struct query q = tui_query(s->tui);
	select_rows(s->fake.frame, &q, &s->fake.sel);
	trends_add(s->trends, s->fake.frame);
	tui_set_frame(s->tui, s->fake.frame, &s->fake.sel);
}

static const char *show(struct scene *s)
{
	tui_draw(s->tui, &s->canvas);
	strbuf_clear(&s->screen);
	canvas_dump(&s->canvas, &s->screen);
	return s->screen.buf;
}

static enum tui_action acted(struct scene *s, enum tui_action a)
{
	if (a == TUI_RESELECT)
		refill(s);
	(void)show(s);
	return a;
}

static enum tui_action press(struct scene *s, uint32_t key)
{
	return acted(s, tui_key(s->tui, key));
}

static void expect(struct scene *s, const char *text)
{
	if (!strstr(show(s), text)) {
		print_error("not on the screen: '%s'\n%s", text, s->screen.buf);
		fail();
	}
}

static void expect_not(struct scene *s, const char *text)
{
	if (strstr(show(s), text)) {
		print_error("should not be on the screen: '%s'\n%s", text, s->screen.buf);
		fail();
	}
}

/* Where a text stands on the screen; in cells, as all before it is one cell wide. */
static void click(struct scene *s, const char *text)
{
	const char *at = strstr(show(s), text);
	int x = 0, y = 0;
	assert_non_null(at);
	for (const char *p = s->screen.buf; p < at; p++) {
		x = *p == '\n' ? 0 : x + (((unsigned char)*p & 0xC0) != 0x80);
		y += *p == '\n';
	}
	(void)acted(s, tui_click(s->tui, x, y));
}

static void add_services(struct fake *f)
{
	static const char *const paths[] = {"/machine.slice", "/system.slice", "/system.slice/ssh.service"};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct entry e = {
		        .inst = {.kind = INSTANCE_SERVICE, .runtime = "systemd", .id = paths[i], .cgroup = paths[i]},
		        .background = &background_none};
		e.inst.name = strrchr(paths[i], '/') + 1;
		e.sample.mem.used_bytes = metric_ok(40 * FAKE_MIB);
		vec_push(&f->snap->services, e);
	}
	f->snap->with_services = true;
	for (size_t i = 0; i < f->snap->services.n; i++) {
		const struct entry *e = &f->snap->services.v[i];
		struct row r = {&e->inst, &e->sample, e->background, .interval_sec = 1, .age_sec = -1};
		r.cpu_used_cores = metric_ok(0.25);
		vec_push(&f->frame->services, r);
	}
}

static void open_scene(struct scene *s, int columns, int rows)
{
	struct fake *f = &s->fake;
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	fake_init(f);
	s->tui = tui_new();
	s->trends = trends_new();
	tui_set_trends(s->tui, s->trends);
	s->screen = (struct strbuf)STRBUF_INIT;
	canvas_init(&s->canvas, columns, rows, false);
	fake_add(f, INSTANCE_CONTAINER, "web", 0.25, 64 * FAKE_MIB);
	fake_add(f, INSTANCE_CONTAINER, "inner", -1, -1)->inst.parent = "podman:web";
	struct entry *ct = fake_add(f, INSTANCE_CONTAINER, "ct-1", 0.5, 128 * FAKE_MIB);
	struct entry *vm = fake_add(f, INSTANCE_VM, "vm-1", 1, 128 * FAKE_MIB);
	ct->inst.sample = "container-1";
	vm->inst.sample = "vm-1";
	vm->inst.runtime = "qemu-tcg";
	vm->inst.cgroup = NULL;
	vm->sample.mem.overhead_bytes = metric_ok(60 * FAKE_MIB);
	fake_seal(f);
	fake_use(f, "web", 0.02, 12, 40, VERDICT_OVERSIZED, 0.2, 44);
	fake_use(f, "inner", 0.01, 4, 4, VERDICT_UNLIMITED, 0, 0);
	fake_use(f, "ct-1", 0.25, 16, 20, VERDICT_RIGHT_SIZED, 0, 0);
	fake_use(f, "vm-1", 0.31, 100, 128, VERDICT_IDLE, 0.9, 90);
	fake_row(f, "web")->verdict.recommended_cores = metric_ok(0.05);
	fake_row(f, "web")->verdict.recommended_bytes = metric_ok(19.5 * FAKE_MIB);
	add_services(f);
	fake_sum(f);
	refill(s);
	(void)show(s);
}

static void close_scene(struct scene *s)
{
	tui_free(s->tui);
	trends_free(s->trends);
	canvas_release(&s->canvas);
	strbuf_release(&s->screen);
	fake_release(&s->fake);
}

static void test_third_list(void **state)
{
	static const int sizes[][2] = {{60, 20}, {80, 24}, {200, 50}, {250, 70}};
	struct scene s;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		open_scene(&s, sizes[i][0], sizes[i][1]);
		expect(&s, "HOST'S OWN");
		(void)press(&s, KEYCODE_TAB);
		(void)press(&s, KEYCODE_TAB);
		expect(&s, "ssh.service");
		(void)press(&s, 'G');
		(void)press(&s, KEYCODE_ENTER);
		expect(&s, "instance  system.slice"); /* by name, the last of three */
		expect(&s, "systemd service, running");
		(void)press(&s, KEYCODE_ESCAPE);
		(void)press(&s, '\\');
		(void)press(&s, 's');
		(void)press(&s, 's');
		(void)press(&s, 'h');
		(void)press(&s, KEYCODE_ENTER);
		expect(&s, "1 match");
		assert_int_equal(press(&s, 'H'), TUI_SERVICES);
		close_scene(&s);
	}
}

static void test_tree_counts_each_once(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 120, 40);
	(void)press(&s, '2');
	expect(&s, "lab1 (4)");
	expect(&s, "├─machine.slice (3)");
	expect(&s, "│ └─web");
	expect(&s, "│   └─inner");
	expect(&s, "├─system.slice");
	expect(&s, "└─vm-1"); /* it has no group */
	/* Folded, what is in it is gone; Enter on the group again shows it. */
	(void)press(&s, 'j');
	(void)press(&s, 'h');
	expect(&s, "├─+machine.slice (3)");
	expect_not(&s, "inner");
	(void)press(&s, 'l');
	expect(&s, "inner");
	(void)press(&s, '\\');
	(void)press(&s, 'i');
	(void)press(&s, 'n');
	(void)press(&s, 'n');
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "inner");
	expect(&s, "machine.slice");
	expect_not(&s, "vm-1");
	(void)press(&s, KEYCODE_F5);
	expect(&s, "CONTAINERS");
	close_scene(&s);
}

/* Without --services a group is the sum of the instances in it, and those inside instances are not added again. */
static void test_tree_sums(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 120, 40);
	s.fake.snap->with_services = false;
	s.fake.frame->services.n = 0;
	(void)press(&s, '2');
	const struct selection *sel = &s.fake.sel;
	bool found = false;
	for (size_t i = 0; i < sel->rows[LIST_TREE].n; i++) {
		const struct row *r = sel->rows[LIST_TREE].v[i];
		if (strcmp(r->inst->name, "machine.slice") != 0)
			continue;
		found = true;
		assert_true(sel->branches.v[i].group);
		assert_true(fabs(r->cpu_used_cores.v - 0.27) <= 1e-9);
		assert_true(fabs(r->sample->mem.used_bytes.v - 28 * FAKE_MIB) <= 1);
		assert_true(fabs(r->sample->cpu.allocated.amount.v - 0.75) <= 1e-9);
	}
	assert_true(found);
	assert_int_equal(sel->rows[LIST_TREE].n, 6);
	close_scene(&s);
}

static void test_waste_tells_what_to_type(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 100, 30);
	(void)press(&s, '4');
	expect(&s, "TO TAKE BACK");
	(void)press(&s, 'G');
	expect(&s, "podman update --cpus 0.05 --memory 20m --memory-swap 20m web");
	expect_not(&s, "ct-1");
	close_scene(&s);
}

static void test_remedy_quotes(void **state)
{
	struct scene s;
	struct strbuf sb = STRBUF_INIT;
	const char *note;
	(void)state;
	open_scene(&s, 80, 24);
	struct row r = *fake_row(&s.fake, "web");
	struct instance inst = *r.inst;
	r.inst = &inst;
	inst.name = "a'b; rm -rf $HOME";
	assert_true(remedy_command(&r, &sb, &note));
	assert_non_null(strstr(sb.buf, " 'a'\\''b; rm -rf $HOME'"));
	strbuf_clear(&sb);
	inst.name = "-rf";
	assert_true(remedy_command(&r, &sb, &note));
	assert_non_null(strstr(sb.buf, " -- '-rf'"));
	inst.runtime = "unheard-of";
	assert_false(remedy_command(&r, &sb, &note));
	assert_non_null(note);
	strbuf_release(&sb);
	close_scene(&s);
}

static void test_compare_acts_on_samples_only(void **state)
{
	static const struct {
		uint32_t key;
		const char *load;
	} keys[] = {{'i', "idle"}, {'c', "cpu"}, {'m', "memory"}, {'b', "burst"}, {'f', "free"}};
	struct scene s;
	const char *names[INSTANCE_KIND_MAX];
	(void)state;
	open_scene(&s, 130, 40);
	(void)press(&s, '6');
	/* Somebody else's samples are none of ours. */
	expect(&s, "Press x to start the pair to compare.");
	assert_int_equal(tui_samples(s.tui, names), 0);
	tui_set_samples(s.tui, "container-1", "vm-1");
	expect(&s, "CONTAINER  ct-1, podman");
	expect(&s, "VM  vm-1, qemu-tcg");
	expect(&s, "EMULATED (TCG)");
	assert_int_equal(tui_samples(s.tui, names), 2);
	assert_string_equal(names[0], "container-1");
	assert_string_equal(names[1], "vm-1");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		assert_int_equal(press(&s, keys[i].key), TUI_LOAD);
		assert_string_equal(tui_load(s.tui), keys[i].load);
	}
	assert_int_equal(press(&s, 'x'), TUI_START_PAIR);
	tui_set_replay(s.tui, 1);
	assert_int_equal(press(&s, 'm'), TUI_NONE);
	close_scene(&s);
}

/* Each view, then everything that opens over it, and back. */
static void test_ways_back(void **state)
{
	static const char *const titles[] = {"CONTAINERS", "TREE", "instance", "TO TAKE BACK", "lab1", "CONTAINER"};
	struct scene s;
	(void)state;
	open_scene(&s, 120, 40);
	for (uint32_t i = 0; i < ARRAY_SIZE(titles); i++) {
		(void)press(&s, '1' + i);
		expect(&s, titles[i]);
		(void)press(&s, '?');
		expect(&s, "HELP");
		(void)press(&s, '!');
		expect(&s, "NOT SEEN HERE");
		(void)press(&s, KEYCODE_ESCAPE);
		expect(&s, titles[i]);
	}
	(void)press(&s, '4');
	(void)press(&s, KEYCODE_ENTER);
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "EVERY NUMBER");
	(void)press(&s, 'q');
	(void)press(&s, 'q');
	expect(&s, "TO TAKE BACK");
	assert_int_equal(press(&s, 'q'), TUI_QUIT);
	close_scene(&s);
}

static void test_mouse(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 120, 40);
	click(&s, "vm-1");
	assert_string_equal(tui_copied(s.tui), "vm-1");
	click(&s, "vm-1");
	expect(&s, "instance  vm-1");
	click(&s, "Esc close");
	expect(&s, "CONTAINERS");
	click(&s, "VERDICT");
	assert_string_equal(tui_query(s.tui).sort->key, "verdict.state");
	click(&s, "2 tree");
	expect(&s, "machine.slice (3)");
	(void)press(&s, KEYCODE_WHEEL_DOWN);
	assert_int_equal(tui_click(s.tui, 5000, -3), TUI_NONE);
	close_scene(&s);
}

static void test_pasted_text_is_no_key(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 100, 30);
	(void)press(&s, KEYCODE_PASTE_BEGIN);
	for (const char *p = "qXx2/\x1b"; *p; p++)
		assert_int_equal(press(&s, (unsigned char)*p), TUI_NONE);
	(void)press(&s, KEYCODE_PASTE_END);
	expect(&s, "CONTAINERS");
	(void)press(&s, '\\');
	(void)press(&s, KEYCODE_PASTE_BEGIN);
	(void)press(&s, 'w');
	(void)press(&s, KEYCODE_ENTER);
	(void)press(&s, 'e');
	(void)press(&s, KEYCODE_PASTE_END);
	assert_string_equal(tui_query(s.tui).filter, "we");
	expect(&s, "Filter we");
	close_scene(&s);
}

static void test_graphs_draw_what_was(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 120, 40);
	for (int i = 1; i <= 100; i++) {
		s.fake.snap->host.real_usec += 1000000;
		fake_row(&s.fake, "web")->cpu_used_cores =
		        i == 50 ? metric_none(METRIC_RESET, "again") : metric_ok(0.2);
		refill(&s);
	}
	double v[3], span;
	const struct trend *t = trends_find(s.trends, "podman:web");
	int64_t now = s.fake.snap->host.real_usec;
	assert_int_equal(trend_values(s.trends, t, TREND_CPU_USED, false, now, v, 3, &span), 3);
	assert_true(fabs(span - 2) <= 1e-9);
	assert_true(fabs(v[2] - 0.2) <= 1e-6);
	(void)trend_values(s.trends, t, TREND_CPU_USED, false, now - 50 * 1000000LL, v, 3, &span);
	assert_true(v[2] != v[2] && v[1] == v[1]); /* no value then, and one before it */
	(void)trend_values(s.trends, t, TREND_CPU_USED, true, now, v, 3, &span);
	assert_true(fabs(v[2] - 0.2) <= 1e-6);
	(void)press(&s, KEYCODE_TAB);
	(void)press(&s, KEYCODE_TAB);
	(void)press(&s, KEYCODE_TAB);
	(void)press(&s, 'G');
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "used 0.20   given 0.25   highest 0.20");
	expect(&s, "⣿");
	canvas_release(&s.canvas);
	canvas_init(&s.canvas, 60, 15, true);
	expect(&s, "####");
	close_scene(&s);
}

/* Marked by id: they stay so when hidden; the title sums what all of them use, and they are copied together. */
static void test_tags(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 100, 30);
	expect_not(&s, "tagged");
	(void)press(&s, KEYCODE_HOME);
	assert_string_equal(tui_copied(s.tui), "ct-1");
	(void)press(&s, ' ');
	(void)press(&s, ' ');
	expect(&s, "2 tagged   used 0.26");
	expect(&s, "•");
	(void)press(&s, ' ');
	expect(&s, "3 tagged   used 0.27"); /* what is inside another is in its use */
	assert_string_equal(tui_copied(s.tui), "ct-1 inner web");
	(void)press(&s, '2');
	expect(&s, "3 tagged   used 0.27");
	(void)press(&s, '1');
	(void)press(&s, '\\');
	(void)press(&s, 'w');
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "3 tagged   used 0.27");
	assert_string_equal(tui_copied(s.tui), "ct-1 inner web");
	(void)press(&s, KEYCODE_ESCAPE);
	(void)press(&s, KEYCODE_LEFT);
	(void)press(&s, KEYCODE_HOME);
	(void)press(&s, ' ');
	expect(&s, "2 tagged   used 0.02");
	tui_set_replay(s.tui, 1); /* of a recording as well */
	(void)press(&s, ' ');
	expect(&s, "1 tagged   used 0.02");
	(void)press(&s, 'U');
	expect_not(&s, "tagged");
	close_scene(&s);
}

/* An hour and more of readings of an instance that comes and goes: bounded, and what was is told as it was. */
static void test_trends_are_bounded(void **state)
{
	struct scene s;
	double v[600], span;
	(void)state;
	open_scene(&s, 80, 24);
	struct row *web = fake_row(&s.fake, "web");
	size_t full = 0;
	for (int i = 1; i <= 9000; i++) {
		s.fake.snap->host.real_usec += 1000000;
		web->cpu_used_cores = i / 500 % 2 ? metric_none(METRIC_FIRST, "") : metric_ok(i);
		trends_add(s.trends, s.fake.frame);
		if (i == 4500)
			full = trends_bytes(s.trends);
	}
	assert_int_equal(trends_bytes(s.trends), full);
	assert_true(full < 8 * 60000);
	const struct trend *t = trends_find(s.trends, "podman:web");
	int64_t now = s.fake.snap->host.real_usec;
	assert_int_equal(trend_values(s.trends, t, TREND_CPU_USED, false, now, v, 600, &span), 600);
	for (int k = 0; k < 600; k++) {
		int i = 8401 + k;
		assert_true(i / 500 % 2 ? isnan(v[k]) : v[k] == i);
	}
	assert_int_equal(trend_values(s.trends, t, TREND_CPU_USED, true, now, v, 600, &span), 450);
	assert_true(span >= 448 * 8 && span <= 450 * 8);
	/* A jump back in a recording begins anew. */
	s.fake.snap->host.real_usec -= 50000000;
	trends_add(s.trends, s.fake.frame);
	assert_int_equal(
	        trend_values(s.trends, trends_find(s.trends, "podman:web"), TREND_CPU_USED, false, now, v, 600, &span),
	        1);
	close_scene(&s);
}

static void test_a_trend_that_stands_is_small(void **state)
{
	struct scene s;
	double v[8], span;
	(void)state;
	open_scene(&s, 80, 24);
	struct row *web = fake_row(&s.fake, "web");
	struct trends *b = trends_new();
	size_t begun = 0;
	for (int i = 1; i <= 700; i++) {
		bool known = i >= 3 && i != 698;
		s.fake.snap->host.real_usec += 1000000;
		web->cpu_used_cores = known ? metric_ok(2) : metric_none(METRIC_FIRST, "");
		trends_add(b, s.fake.frame);
		const struct trend *t = trends_find(b, "podman:web");
		(void)trend_values(b, t, TREND_CPU_USED, false, s.fake.snap->host.real_usec, v, 8, &span);
		assert_true(known ? v[7] == 2 : isnan(v[7]));
		if (i == 9)
			assert_true(isnan(v[0]) && v[1] == 2);
		if (i == 10)
			begun = trends_bytes(b);
		if (i == 697)
			assert_int_equal(trends_bytes(b), begun);
	}
	assert_true(v[4] == 2 && isnan(v[5]) && v[6] == 2);
	assert_true(trends_bytes(b) > begun);
	trends_free(b);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_third_list),
	        cmocka_unit_test(test_tree_counts_each_once),
	        cmocka_unit_test(test_tree_sums),
	        cmocka_unit_test(test_waste_tells_what_to_type),
	        cmocka_unit_test(test_remedy_quotes),
	        cmocka_unit_test(test_compare_acts_on_samples_only),
	        cmocka_unit_test(test_ways_back),
	        cmocka_unit_test(test_mouse),
	        cmocka_unit_test(test_pasted_text_is_no_key),
	        cmocka_unit_test(test_graphs_draw_what_was),
	        cmocka_unit_test(test_tags),
	        cmocka_unit_test(test_trends_are_bounded),
	        cmocka_unit_test(test_a_trend_that_stands_is_small),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
