/* The layout: at every size all rectangles lie inside the screen and none overlaps another. */
#include "unit.h"

#include "vctop/view/layout.h"

#define RECTS 8

static void rects_of(const struct layout *l, struct rect r[RECTS])
{
	const struct rect all[RECTS] = {l->title,
	                                l->cpu,
	                                l->memory,
	                                l->list[INSTANCE_CONTAINER],
	                                l->list[INSTANCE_VM],
	                                l->list[INSTANCE_SERVICE],
	                                l->status,
	                                l->footer};
	memcpy(r, all, sizeof(all));
}

static bool inside(struct rect r, struct rect of)
{
	return r.x >= of.x && r.y >= of.y && r.w >= 0 && r.h >= 0 && r.x + r.w <= of.x + of.w &&
	       r.y + r.h <= of.y + of.h;
}

static bool apart(struct rect a, struct rect b)
{
	if (a.w <= 0 || a.h <= 0 || b.w <= 0 || b.h <= 0)
		return true;
	return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
}

static void check(int columns, int rows, const struct layout_wish *w)
{
	struct layout l = layout_compute(columns, rows, w);
	struct rect r[RECTS], screen = {0, 0, columns, rows};
	rects_of(&l, r);
	for (unsigned i = 0; i < RECTS; i++) {
		if (!inside(r[i], screen))
			fail_row(i, "%dx%d: %d,%d %dx%d is outside", columns, rows, r[i].x, r[i].y, r[i].w, r[i].h);
		for (unsigned k = 0; k < i; k++)
			if (!apart(r[i], r[k]))
				fail_row(i, "%dx%d: overlaps %u", columns, rows, k);
	}
	assert_int_equal(l.too_small, columns < LAYOUT_COLUMNS_MIN || rows < LAYOUT_ROWS_MIN);
	if (l.too_small)
		return;
	/* What is in focus can be seen: title, heads and a row. */
	if (l.list[w->focus].h < (w->counts[w->focus] ? 3 : 2))
		fail_row(w->focus, "%dx%d: the list in focus has %d lines", columns, rows, l.list[w->focus].h);
	for (unsigned k = 0; k < INSTANCE_LIST_MAX; k++) {
		assert_true(l.list[k].h == 0 || inside(l.list[k], l.body));
		assert_int_equal(l.list[k].h >= 1, k != INSTANCE_SERVICE || w->services);
	}
	assert_int_equal(l.cpu.h >= 1, w->band);
	assert_int_equal(l.wide, columns >= LAYOUT_COLUMNS_WIDE);
	assert_int_equal(l.list[INSTANCE_CONTAINER].w, l.list[INSTANCE_VM].w);
}

static void test_all_sizes(void **state)
{
	static const size_t counts[][INSTANCE_LIST_MAX] = {{0, 0, 0},  {1, 1, 90}, {3, 0, 1},         {0, 5, 0},
	                                                   {4, 40, 3}, {40, 2, 7}, {1000, 1000, 1000}};
	(void)state;
	for (int columns = 20; columns <= 260; columns++)
		for (int rows = 5; rows <= 80; rows++)
			for (size_t i = 0; i < ARRAY_SIZE(counts) * 4 * 3; i++) {
				struct layout_wish w = {.services = i & 1, .band = i & 2};
				memcpy(w.counts, counts[i / 12], sizeof(w.counts));
				w.focus = (enum instance_kind)(i / 4 % 3);
				if (w.focus != INSTANCE_SERVICE || w.services)
					check(columns, rows, &w);
			}
}

static void test_absurd_sizes(void **state)
{
	static const int sizes[] = {-1, 0, 1, 2, 5000};
	static const struct layout_wish w = {{SIZE_MAX, SIZE_MAX, SIZE_MAX}, true, true, INSTANCE_VM};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			struct layout l = layout_compute(sizes[i], sizes[k], &w);
			assert_int_equal(l.too_small, sizes[i] < 5000 || sizes[k] < 5000);
		}
}

static struct layout of(int columns, int rows, size_t containers, size_t vms, size_t services, enum instance_kind focus)
{
	return layout_compute(columns, rows,
	                      &(struct layout_wish){{containers, vms, services}, services > 0, true, focus});
}

/* A short list leaves its room to the long one. */
static void test_stacked_lists_share(void **state)
{
	(void)state;
	struct layout l = of(80, 24, 2, 90, 0, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 4);
	l = of(80, 24, 90, 2, 0, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].h, 4);
	l = of(80, 24, 90, 90, 0, INSTANCE_CONTAINER);
	assert_in_range(l.list[INSTANCE_VM].h - l.list[INSTANCE_CONTAINER].h, 0, 1);
	l = of(80, 24, 3, 3, 0, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].y, l.list[INSTANCE_CONTAINER].y + 5 + 1);
	l = of(80, 24, 2, 1, 90, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 4);
	assert_int_equal(l.list[INSTANCE_VM].h, 3);
	assert_int_equal(l.list[INSTANCE_SERVICE].h, 10);
	/* Side by side, the host's own below, or beside where there is room for three. */
	l = of(200, 50, 4, 2, 30, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].h, 6);
	assert_int_equal(l.list[INSTANCE_SERVICE].w, 200);
	l = of(240, 50, 4, 2, 30, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_SERVICE].y, l.list[INSTANCE_VM].y);
}

/* Where the lists have no room, those without focus keep their titles. */
static void test_small_screens_show_the_list_in_focus(void **state)
{
	(void)state;
	struct layout l = of(40, 10, 5, 5, 0, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].h, 1);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 5);
	l = of(40, 10, 5, 5, 0, INSTANCE_VM);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 1);
	l = of(40, 10, 5, 5, 5, INSTANCE_SERVICE);
	assert_int_equal(l.list[INSTANCE_SERVICE].h, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_all_sizes),
	        cmocka_unit_test(test_absurd_sizes),
	        cmocka_unit_test(test_stacked_lists_share),
	        cmocka_unit_test(test_small_screens_show_the_list_in_focus),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
