/* The dashboard on frames made by hand: what it shows at several sizes, and what its keys do. */
#include "unit.h"

#include <malloc.h>

#include "fake-frame.h"
#include "vctop/base/text.h"
#include "vctop/derive/derive.h"
#include "vctop/view/layout.h"
#include "vctop/view/tui.h"

struct scene {
	struct fake fake;
	struct tui *tui;
	struct canvas canvas;
	struct strbuf screen;
};

static void refill(struct scene *s)
{
	struct query q = tui_query(s->tui);
	select_rows(s->fake.frame, &q, &s->fake.sel);
	tui_set_frame(s->tui, s->fake.frame, &s->fake.sel);
}

static void open_scene(struct scene *s, int columns, int rows)
{
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	fake_init(&s->fake);
	s->tui = tui_new();
	s->screen = (struct strbuf)STRBUF_INIT;
	canvas_init(&s->canvas, columns, rows, false);
}

/* Five containers, two VMs: one of each thing that looks different. */
static void fill_lab(struct scene *s)
{
	struct fake *f = &s->fake;
	struct metric first = metric_none(METRIC_FIRST, "a rate needs two readings");
	fake_add(f, INSTANCE_CONTAINER, "web", 0.25, 64 * FAKE_MIB);
	fake_add(f, INSTANCE_CONTAINER, "worker", 0.5, 256 * FAKE_MIB);
	fake_add(f, INSTANCE_CONTAINER, "open", -1, -1);
	fake_add(f, INSTANCE_CONTAINER, "fresh", 0.1, 32 * FAKE_MIB);
	struct entry *old = fake_add(f, INSTANCE_CONTAINER, "old", 1, 64 * FAKE_MIB);
	old->inst.state = INSTANCE_STOPPED;
	old->sample.disk_writable_bytes = metric_ok(12 * FAKE_MIB);
	fake_add(f, INSTANCE_VM, "debian", 1, 512 * FAKE_MIB);
	fake_add(f, INSTANCE_VM, "vm-1", 1, 128 * FAKE_MIB);
	snapshot_notice(f->snap, "podman (rootless)", "denied", "run as root");
	fake_seal(f);
	fake_use(f, "web", 0.02, 12, 40, VERDICT_OVERSIZED, 0.2, 44);
	fake_row(f, "web")->verdict.reason = "p95 0.03 of 0.25 cores over 2h05m";
	fake_use(f, "worker", 0.5, 230, 250, VERDICT_PRESSURED, 0, 0);
	fake_use(f, "open", 0, 300, 420, VERDICT_UNLIMITED, 0, 0);
	fake_use(f, "fresh", 0, 8, 10, VERDICT_LEARNING, 0, 0);
	fake_row(f, "fresh")->cpu_used_cores = first;
	fake_row(f, "fresh")->verdict.slack_cores = fake_row(f, "fresh")->verdict.slack_bytes = first;
	fake_row(f, "old")->verdict.state = VERDICT_PARKED;
	fake_use(f, "debian", 0.01, 180, 400, VERDICT_IDLE, 0.9, 300);
	fake_use(f, "vm-1", 0.31, 140, 128, VERDICT_RIGHT_SIZED, 0, 0);
	fake_sum(f);
	refill(s);
}

static const char *show(struct scene *s)
{
	tui_draw(s->tui, &s->canvas);
	strbuf_clear(&s->screen);
	canvas_dump(&s->canvas, &s->screen);
	return s->screen.buf;
}

/* Presses as the app does: after a change of the query the rows are selected again. */
static enum tui_action press(struct scene *s, uint32_t key)
{
	enum tui_action a = tui_key(s->tui, key);
	if (a == TUI_RESELECT)
		refill(s);
	(void)show(s);
	return a;
}

/* The same while there is no frame. */
static enum tui_action press_unread(struct scene *s, uint32_t key)
{
	enum tui_action a = tui_key(s->tui, key);
	(void)show(s);
	return a;
}

static void type(struct scene *s, const char *keys)
{
	for (; *keys; keys++)
		(void)press(s, (unsigned char)*keys);
}

static void close_scene(struct scene *s)
{
	tui_free(s->tui);
	canvas_release(&s->canvas);
	strbuf_release(&s->screen);
	fake_release(&s->fake);
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

/* The row the cursor is on: the first line with a selected cell. */
static void expect_cursor(struct scene *s, const char *name)
{
	(void)show(s);
	for (int y = 0; y < s->canvas.rows; y++)
		for (int x = 0; x < s->canvas.columns; x++) {
			const struct cell *cell = &s->canvas.cells[y * s->canvas.columns + x];
			if (cell->style != STYLE_SELECTED)
				continue;
			for (size_t i = 0; name[i]; i++)
				assert_int_equal(cell[i].cp, (unsigned char)name[i]);
			return;
		}
	fail_msg("no cursor, expected on %s", name);
}

static void test_screen_of_64x15(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 64, 15);
	fill_lab(&s);
	tui_set_timing(s.tui, 2, false);
	assert_string_equal(show(&s), "vctop  lab1   in a VM (kvm)   up 3h05m       every 2s   10:00:00\n"
	                              "CPU [████████▓▓▓▓▓▓▓▓▓▓▓] 0.85 of 2.00, given 2.85, over by 0.85\n"
	                              "MEM [██████░░░░░░░░░░░░░] 1.3G of 4.0G, given 992M, 3.0G free\n"
	                              "▸CONTAINERS  4 running, 1 stopped   slack 0.20 44.0M\n"
	                              "NAME▲        GIVEN   CPU         GIVEN    MEM        VERDICT\n"
	                              "fresh         0.10     …         32.0M   8.0M █▓░░░  learning\n"
	                              "open           max  0.00 ┄┄┄┄›     max   300M ┄┄┄┄›  unlimited\n"
	                              "web           0.25  0.02 ▍░░░░   64.0M  12.0M █▓▓░░  oversized\n"
	                              "worker        0.50  0.50 █████    256M   230M ████▓  pressured\n"
	                              "old          stopped, still holds 12.0M of disk      parked\n"
	                              " VMs  2 running   used 0.32 320M   slack 0.90 300M\n"
	                              "NAME▲        GIVEN   CPU         GIVEN    MEM        VERDICT\n"
	                              "debian        1.00  0.01 ▏░░░░    512M   180M ██▓▓░  idle\n"
	                              "vm-1          1.00  0.31 █▌░░░    128M   140M ████▶  right_sized\n"
	                              "? help  1-6 views  Enter open  / search  \\ filter  s sort\n");
	close_scene(&s);
}

static void test_80x24(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	expect(&s, "0.85 of 2.00 cores (42%)");
	expect(&s, "2.85 (0.85 + 2.00), over by 0.85");
	expect(&s, "992M (containers 352M, VMs 640M), 3.0G free");
	expect(&s, "CONTAINERS  4 running, 1 stopped");
	expect(&s, "used ≥0.52 550M");
	expect(&s, "! 1 notice: podman (rootless): denied");
	expect(&s, "… of a core, 5.2M");
	s.fake.snap->host.mono_usec += 2000000;
	s.fake.frame->self.cpu_sec += 0.01;
	refill(&s);
	expect(&s, "0.5% of a core, 5.2M");
	close_scene(&s);
}

static void test_200x50(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 200, 50);
	fill_lab(&s);
	expect(&s, "2.85 cores (containers 0.85, VMs 2.00, 1 uncapped)   overcommitted by 0.85");
	expect(&s, "VERDICT      NAME▲"); /* side by side */
	expect(&s, "vctop itself: … of a core, 5.2M");
	expect(&s, " containers ");
	expect(&s, "Linux 6.18.0   cgroups hybrid");
	close_scene(&s);
}

static void test_missing_is_not_zero(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	struct host_frame *h = &s.fake.frame->host;
	h->used_cores = metric_none(METRIC_FIRST, "one reading");
	h->used_bytes = metric_none(METRIC_DENIED, "/proc/meminfo: denied");
	h->allocated_bytes = h->unallocated_bytes = metric_none(METRIC_ABSENT, "no memory controller");
	fake_row(&s.fake, "web")->cpu_used_cores = metric_none(METRIC_DENIED, "cpu.stat: denied");
	expect(&s, "… of 2.00 cores (…)");
	expect(&s, "? of 4.0G (?)");
	expect(&s, "- (containers 352M, VMs 640M), - free");
	expect(&s, "0.25     ?");
	expect_not(&s, "0.25  0.00");
	canvas_release(&s.canvas);
	canvas_init(&s.canvas, 80, 24, true);
	expect(&s, "... of 2.00 cores (...)");
	expect(&s, ">=");
	for (const char *p = show(&s); *p; p++)
		assert_true((unsigned char)*p < 0x80);
	close_scene(&s);
}

static void test_empty_lists_say_what_to_do(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	expect(&s, "Taking the first reading.");
	assert_int_equal(press(&s, KEYCODE_ENTER), TUI_NONE);
	fake_seal(&s.fake);
	fake_sum(&s.fake);
	refill(&s);
	expect(&s, "No VM is running. Press x to start a sample pair.");
	expect(&s, "No container is running. Press x to start a sample pair.");
	type(&s, "jkGgl!?");
	close_scene(&s);
}

static void test_too_small(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 39, 10);
	fill_lab(&s);
	assert_string_equal(show(&s), "too small: vctop needs 40x10\n\n\n\n\n\n\n\n\n\n");
	canvas_resize(&s.canvas, 40, 10);
	expect(&s, "NAME▲");
	close_scene(&s);
}

static void test_cursor_walks_both_lists(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	expect_cursor(&s, "fresh");
	type(&s, "jj");
	expect_cursor(&s, "web");
	type(&s, "G");
	expect_cursor(&s, "old");
	type(&s, "j");
	expect_cursor(&s, "debian");
	type(&s, "k");
	expect_cursor(&s, "old");
	type(&s, "l");
	expect_cursor(&s, "debian");
	(void)press(&s, KEYCODE_END);
	expect_cursor(&s, "vm-1");
	(void)press(&s, KEYCODE_TAB);
	expect_cursor(&s, "old");
	(void)press(&s, KEYCODE_PAGE_UP);
	expect_cursor(&s, "fresh");
	close_scene(&s);
}

/* Rows move, the cursor stays on its instance; when that is gone, on the line. */
static void test_cursor_stays_on_its_instance(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	type(&s, "jj"); /* web */
	type(&s, "m");
	expect(&s, "▼MEM");
	expect_cursor(&s, "web");
	type(&s, "m");
	expect(&s, "▲MEM");
	expect_cursor(&s, "web");
	type(&s, "\\vm"); /* no container is left */
	type(&s, "\x1b");
	(void)press(&s, KEYCODE_ESCAPE);
	expect_cursor(&s, "fresh");
	close_scene(&s);
}

static void test_search(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	expect_cursor(&s, "fresh");
	assert_int_equal(press(&s, '/'), TUI_REDRAW);
	type(&s, "w");
	expect(&s, "Search w");
	expect_cursor(&s, "web");
	type(&s, "o");
	expect_cursor(&s, "worker");
	(void)press(&s, KEYCODE_BACKSPACE); /* back to what fewer letters find */
	expect_cursor(&s, "web");
	type(&s, "x"); /* nowhere: where it began */
	expect_cursor(&s, "fresh");
	(void)press(&s, KEYCODE_BACKSPACE);
	assert_int_equal(press(&s, KEYCODE_ENTER), TUI_REDRAW);
	expect_cursor(&s, "web");
	expect(&s, "4 running"); /* all rows stay */
	type(&s, "n");
	expect_cursor(&s, "worker");
	type(&s, "n");
	expect_cursor(&s, "web");
	type(&s, "N");
	expect_cursor(&s, "worker");
	(void)press(&s, KEYCODE_F3);
	expect_cursor(&s, "web");
	type(&s, "/vm-"); /* in the other list */
	expect_cursor(&s, "vm-1");
	(void)press(&s, KEYCODE_ESCAPE);
	expect_cursor(&s, "web");
	type(&s, "/vm-");
	(void)press(&s, KEYCODE_ENTER);
	type(&s, "n"); /* the only one */
	expect_cursor(&s, "vm-1");
	type(&s, "/zzz");
	(void)press(&s, KEYCODE_ENTER);
	type(&s, "N");
	expect(&s, "no row has \"zzz\"");
	expect_cursor(&s, "vm-1");
	close_scene(&s);
}

static void test_search_of_nothing(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fake_seal(&s.fake);
	fake_sum(&s.fake);
	refill(&s);
	type(&s, "/a");
	(void)press(&s, KEYCODE_ENTER);
	type(&s, "nN");
	expect(&s, "no row has \"a\"");
	close_scene(&s);
}

static void test_filter(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	assert_int_equal(press(&s, '\\'), TUI_REDRAW);
	assert_int_equal(press(&s, 'w'), TUI_RESELECT);
	type(&s, "e");
	expect(&s, "Filter we");
	expect(&s, "1 match \"we\" of 4 running");
	expect(&s, "No VM matches \"we\". Press Esc to show all.");
	static const uint32_t garbage[] = {0,      1,        0x1F,   0x7F,         0x85,      0x202E,
	                                   0xD800, 0x110000, 0x200B, KEYCODE_LEFT, KEYCODE_F6};
	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
		assert_int_equal(press(&s, garbage[i]), TUI_NONE);
	assert_string_equal(tui_query(s.tui).filter, "we");
	(void)press(&s, 0xE9);
	(void)press(&s, 0x754C);
	assert_string_equal(tui_query(s.tui).filter, "we\xC3\xA9\xE7\x95\x8C");
	(void)press(&s, KEYCODE_BACKSPACE);
	(void)press(&s, KEYCODE_BACKSPACE);
	assert_string_equal(tui_query(s.tui).filter, "we");
	assert_int_equal(press(&s, KEYCODE_ENTER), TUI_REDRAW);
	assert_int_equal(press(&s, 'q'), TUI_QUIT); /* keys are keys again */
	assert_string_equal(tui_query(s.tui).filter, "we");
	assert_int_equal(press(&s, KEYCODE_ESCAPE), TUI_RESELECT);
	assert_string_equal(tui_query(s.tui).filter, "");
	(void)press(&s, KEYCODE_F4);
	for (int i = 0; i < 100; i++)
		(void)press(&s, 0x754C);
	assert_int_equal(strlen(tui_query(s.tui).filter), 126); /* 128 bytes at most, whole characters */
	(void)press(&s, 'U' & 0x1F);
	(void)press(&s, KEYCODE_BACKSPACE);
	assert_string_equal(tui_query(s.tui).filter, "");
	close_scene(&s);
}

static void test_replay_keys(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 100, 24);
	fill_lab(&s);
	/* A host cannot be hurried, but what it was is remembered for a while. */
	assert_int_equal(press(&s, '<'), TUI_NONE);
	assert_int_equal(press(&s, '>'), TUI_NONE);
	assert_int_equal(press(&s, ','), TUI_BACK);
	assert_int_equal(press(&s, 18), TUI_REFRESH); /* Ctrl-R */
	tui_set_replay(s.tui, 16);
	expect(&s, "REPLAY x16   2026-11-23 10:00:00");
	expect(&s, "p pause  . , step");
	/* In a pane as in the lists. */
	for (int pane = 0; pane < 2; pane++) {
		if (pane)
			(void)press(&s, KEYCODE_ENTER);
		assert_int_equal(press(&s, '.'), TUI_FORWARD);
		assert_int_equal(press(&s, ','), TUI_BACK);
		assert_int_equal(press(&s, '<'), TUI_SLOWER);
		assert_int_equal(press(&s, '>'), TUI_FASTER);
		assert_int_equal(press(&s, 'p'), TUI_PAUSE);
		assert_int_equal(press(&s, ' '), pane ? TUI_PAUSE : TUI_REDRAW); /* tags, where there are rows */
		assert_int_equal(press(&s, '@'), TUI_REDRAW);
		assert_int_equal(press(&s, KEYCODE_ENTER), TUI_REDRAW); /* nothing typed */
		assert_int_equal(press(&s, '@'), TUI_REDRAW);
		type(&s, "10:3q"); /* a key is a letter here */
		expect(&s, "Go to 10:3q");
		(void)press(&s, KEYCODE_BACKSPACE);
		assert_int_equal(press(&s, '0'), TUI_REDRAW);
		assert_string_equal(tui_query(s.tui).filter, "");
		assert_int_equal(press(&s, KEYCODE_ENTER), TUI_JUMP);
		assert_string_equal(tui_jump_text(s.tui), "10:30");
		(void)press(&s, '@');
		assert_int_equal(press(&s, KEYCODE_ESCAPE), TUI_REDRAW);
	}
	(void)press(&s, KEYCODE_ESCAPE);
	assert_int_equal(press(&s, 'x'), TUI_NONE);
	assert_int_equal(press(&s, 'X'), TUI_NONE);
	close_scene(&s);
}

static void test_sort_menu(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	type(&s, "s");
	expect(&s, "SORT BY");
	expect(&s, "* name");
	type(&s, "G");
	expect(&s, "cold");
	assert_int_equal(press(&s, KEYCODE_ENTER), TUI_RESELECT);
	assert_string_equal(tui_query(s.tui).sort->key, "verdict.cold_bytes");
	assert_true(tui_query(s.tui).down);
	expect(&s, "CONTAINERS");
	type(&s, "r");
	assert_false(tui_query(s.tui).down);
	type(&s, "c");
	assert_string_equal(tui_query(s.tui).sort->key, "cpu.used_cores");
	assert_true(tui_query(s.tui).down);
	type(&s, "av");
	assert_string_equal(tui_query(s.tui).sort->key, "verdict.state");
	close_scene(&s);
}

static void test_provisional(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	assert_null(strstr(show(&s), "idle?"));
	fake_row(&s.fake, "debian")->verdict.provisional = true;
	expect(&s, "idle?");
	type(&s, "\\idle?");
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "1 match \"idle?\"");
	(void)press(&s, KEYCODE_TAB);
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "running: idle?");
	close_scene(&s);
}

/* Turns through a pane and collects all its text. */
static void read_pane(struct scene *s, struct strbuf *all)
{
	for (int i = 0; i < 300; i++) {
		strbuf_str(all, show(s));
		(void)press(s, 'j');
	}
}

static void test_detail_has_every_field(void **state)
{
	struct scene s;
	struct strbuf all = STRBUF_INIT;
	(void)state;
	open_scene(&s, 120, 24);
	fill_lab(&s);
	type(&s, "jj");
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "vctop  instance  web");
	expect(&s, "0.25 cores (cpu.max)");
	(void)press(&s, KEYCODE_ENTER);
	expect(&s, "EVERY NUMBER  web");
	expect(&s, "podman container, running: oversized");
	expect(&s, "p95 0.03 of 0.25 cores over 2h05m");
	read_pane(&s, &all);
	for (unsigned i = 0; i < field_count; i++)
		if (!strstr(all.buf, field_table[i].key))
			fail_row(i, "%s is not in the detail pane", field_table[i].key);
	assert_non_null(strstr(all.buf, "absent: no balloon statistics (balloon statistics"));
	assert_non_null(strstr(all.buf, "denied: io.stat: permission denied"));
	assert_non_null(strstr(all.buf, "0.25 cores"));
	strbuf_release(&all);
	/* It ends while we look at it. */
	s.fake.frame->rows.n = 0;
	refill(&s);
	expect(&s, "It is gone");
	(void)press(&s, 'q');
	expect(&s, "It is gone");
	(void)press(&s, KEYCODE_ESCAPE);
	expect(&s, "CONTAINERS");
	close_scene(&s);
}

static void test_help_explains_what_is_shown(void **state)
{
	static const char *const columns[] = {"cpu.allocated_cores",    "cpu.used_cores",    "verdict.slack.cores",
	                                      "memory.allocated_bytes", "memory.used_bytes", "verdict.state"};
	struct scene s;
	struct strbuf all = STRBUF_INIT;
	(void)state;
	open_scene(&s, 250, 40);
	fill_lab(&s);
	(void)show(&s);
	(void)press(&s, KEYCODE_F1);
	read_pane(&s, &all);
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		const struct field *f = field_by_key(columns[i]);
		if (!strstr(all.buf, f->help) || !strstr(all.buf, f->source))
			fail_row(i, "%s is not explained", columns[i]);
	}
	assert_non_null(strstr(all.buf, "Ctrl-Z"));
	assert_non_null(strstr(all.buf, "not yet: a rate needs two readings"));
	strbuf_release(&all);
	close_scene(&s);
}

static void test_notices_and_messages(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	type(&s, "!");
	expect(&s, "podman (rootless)");
	expect(&s, "to change: run as root");
	(void)press(&s, KEYCODE_ESCAPE);
	tui_set_message(s.tui, "vm-1 started\x1b[31m");
	expect(&s, "vm-1 started?[31m");
	for (int i = 0; i < 5; i++) {
		expect(&s, "vm-1 started");
		s.fake.snap->host.mono_usec += 1000000;
		refill(&s);
	}
	expect(&s, "? help");
	tui_set_message(s.tui, "x");
	tui_set_message(s.tui, NULL);
	expect(&s, "? help");
	tui_set_timing(s.tui, 0.5, true);
	expect(&s, "PAUSED");
	close_scene(&s);
}

static void test_keys_of_the_app(void **state)
{
	static const struct {
		uint32_t key;
		enum tui_action action;
	} t[] = {
	        {'x', TUI_START_PAIR},
	        {'X', TUI_STOP_SAMPLES},
	        {'p', TUI_PAUSE},
	        {'+', TUI_SLOWER},
	        {'-', TUI_FASTER},
	        {18, TUI_REFRESH},
	        {26, TUI_SUSPEND},
	        {12, TUI_REDRAW},
	        {'q', TUI_QUIT},
	        {KEYCODE_F10, TUI_QUIT},
	        {KEYCODE_RESIZE, TUI_REDRAW},
	        {'~', TUI_NONE},
	        {0, TUI_NONE},
	        {UINT32_MAX, TUI_NONE},
	};
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		if (press(&s, t[i].key) != t[i].action)
			fail_row(i, "key %#x", t[i].key);
	close_scene(&s);
}

static void check_rows(const struct canvas *c)
{
	for (int y = 0; y < c->rows; y++) {
		int w = 0;
		for (int x = 0; x < c->columns; x++)
			w += text_cp_width(c->cells[y * c->columns + x].cp);
		assert_int_equal(w, c->columns);
	}
}

/* The screen before the first reading: its shape, and no number. */
static void test_nothing_read_yet(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	tui_set_timing(s.tui, 1, false);
	expect(&s, "reading this host …");
	expect(&s, "CPU used  [                       ]  … of … cores (…)");
	expect(&s, "▸CONTAINERS  …\n Taking the first reading.");
	expect(&s, " VMs  …");
	expect(&s, "? help");
	expect_not(&s, "0");
	for (const char *k = "2345"; *k; k++) {
		(void)press_unread(&s, (uint32_t)*k);
		expect(&s, "reading this host …");
	}
	close_scene(&s);
}

static void test_any_key_before_the_first_reading(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	for (int columns = 20; columns < 260; columns += 37)
		for (uint32_t key = 1; key < 128; key++) {
			canvas_release(&s.canvas);
			canvas_init(&s.canvas, columns, 5 + (int)key % 60, key % 7 == 0);
			(void)press_unread(&s, key);
			check_rows(&s.canvas);
		}
	close_scene(&s);
}

/* Any key at any size: no crash (under ASan), and rows stay as wide as the screen. */
static void test_any_key_at_any_size(void **state)
{
	static const uint32_t special[] = {KEYCODE_ENTER, KEYCODE_ESCAPE, KEYCODE_TAB, KEYCODE_PAGE_DOWN,
	                                   KEYCODE_END,   0x754C,         '/',         KEYCODE_WHEEL_DOWN,
	                                   KEYCODE_LEFT,  KEYCODE_F5,     '5',         KEYCODE_CLICK};
	unsigned seed = 11;
	struct scene s;
	(void)state;
	open_scene(&s, 80, 24);
	fill_lab(&s);
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245U + 12345U;
		unsigned r = seed >> 8;
		if (i % 40 == 0) {
			canvas_release(&s.canvas);
			canvas_init(&s.canvas, 20 + (int)(r % 240), 5 + (int)(r / 240 % 75), r % 7 == 0);
		}
		uint32_t key = r % 3 ? 32 + r % 95 : special[r % ARRAY_SIZE(special)];
		enum tui_action a = key == KEYCODE_CLICK ? tui_click(s.tui, (int)(r % 100), (int)(r / 100 % 40))
		                                         : tui_key(s.tui, key);
		if (a == TUI_RESELECT)
			refill(&s);
		tui_draw(s.tui, &s.canvas);
		check_rows(&s.canvas);
	}
	close_scene(&s);
}

static void test_draws_do_not_grow(void **state)
{
	struct scene s;
	(void)state;
	open_scene(&s, 160, 40);
	fill_lab(&s);
	(void)show(&s);
	size_t before = mallinfo2().uordblks;
	for (int i = 0; i < 200; i++) {
		refill(&s);
		tui_draw(s.tui, &s.canvas);
	}
	assert_int_equal(mallinfo2().uordblks, before);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_screen_of_64x15),
	        cmocka_unit_test(test_80x24),
	        cmocka_unit_test(test_200x50),
	        cmocka_unit_test(test_missing_is_not_zero),
	        cmocka_unit_test(test_empty_lists_say_what_to_do),
	        cmocka_unit_test(test_too_small),
	        cmocka_unit_test(test_cursor_walks_both_lists),
	        cmocka_unit_test(test_cursor_stays_on_its_instance),
	        cmocka_unit_test(test_search),
	        cmocka_unit_test(test_search_of_nothing),
	        cmocka_unit_test(test_filter),
	        cmocka_unit_test(test_provisional),
	        cmocka_unit_test(test_replay_keys),
	        cmocka_unit_test(test_sort_menu),
	        cmocka_unit_test(test_detail_has_every_field),
	        cmocka_unit_test(test_help_explains_what_is_shown),
	        cmocka_unit_test(test_notices_and_messages),
	        cmocka_unit_test(test_keys_of_the_app),
	        cmocka_unit_test(test_nothing_read_yet),
	        cmocka_unit_test(test_any_key_before_the_first_reading),
	        cmocka_unit_test(test_any_key_at_any_size),
	        cmocka_unit_test(test_draws_do_not_grow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
