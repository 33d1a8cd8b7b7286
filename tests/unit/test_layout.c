/* The layout: at every size all rectangles lie inside the screen and none overlaps another. */
#include "unit.h"

#include "vctop/view/layout.h"

#define RECTS 7

static void rects_of(const struct layout *l, struct rect r[RECTS])
{
	const struct rect all[RECTS] = {
	        l->title, l->cpu, l->memory, l->list[INSTANCE_CONTAINER], l->list[INSTANCE_VM], l->status, l->footer};
	memcpy(r, all, sizeof(all));
}

static bool apart(struct rect a, struct rect b)
{
	if (a.w <= 0 || a.h <= 0 || b.w <= 0 || b.h <= 0)
		return true;
	return a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
}

static void check(int columns, int rows, const size_t counts[INSTANCE_KIND_MAX], enum instance_kind focus)
{
	struct layout l = layout_compute(columns, rows, counts, focus);
	struct rect r[RECTS];
	rects_of(&l, r);
	for (unsigned i = 0; i < RECTS; i++) {
		bool inside = r[i].x >= 0 && r[i].y >= 0 && r[i].w >= 0 && r[i].h >= 0 && r[i].x + r[i].w <= columns &&
		              r[i].y + r[i].h <= rows;
		if (!inside)
			fail_row(i, "%dx%d: %d,%d %dx%d is outside", columns, rows, r[i].x, r[i].y, r[i].w, r[i].h);
		for (unsigned k = 0; k < i; k++)
			if (!apart(r[i], r[k]))
				fail_row(i, "%dx%d: overlaps %u", columns, rows, k);
	}
	assert_int_equal(l.too_small, columns < LAYOUT_COLUMNS_MIN || rows < LAYOUT_ROWS_MIN);
	if (l.too_small)
		return;
	/* What is in focus can be seen: title, heads and a row. */
	assert_true(l.list[focus].h >= (counts[focus] ? 3 : 2));
	assert_true(l.list[INSTANCE_CONTAINER].h >= 1 && l.list[INSTANCE_VM].h >= 1);
	assert_int_equal(l.wide, columns >= LAYOUT_COLUMNS_WIDE);
	assert_int_equal(l.list[INSTANCE_CONTAINER].w, l.list[INSTANCE_VM].w);
}

static void test_all_sizes(void **state)
{
	static const size_t counts[][INSTANCE_KIND_MAX] = {{0, 0},  {1, 1},  {3, 0},      {0, 5},
	                                                   {4, 40}, {40, 2}, {1000, 1000}};
	(void)state;
	for (int columns = 20; columns <= 260; columns++)
		for (int rows = 5; rows <= 80; rows++)
			for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
				check(columns, rows, counts[i], INSTANCE_CONTAINER);
				check(columns, rows, counts[i], INSTANCE_VM);
			}
}

static void test_absurd_sizes(void **state)
{
	static const int sizes[] = {-1, 0, 1, 2, 5000};
	static const size_t counts[INSTANCE_KIND_MAX] = {SIZE_MAX, SIZE_MAX};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
			struct layout l = layout_compute(sizes[i], sizes[k], counts, INSTANCE_VM);
			assert_int_equal(l.too_small, sizes[i] < 5000 || sizes[k] < 5000);
		}
}

/* A short list leaves its room to the long one. */
static void test_stacked_lists_share(void **state)
{
	static const size_t few_many[INSTANCE_KIND_MAX] = {2, 90}, many_few[INSTANCE_KIND_MAX] = {90, 2},
	                    both[INSTANCE_KIND_MAX] = {90, 90}, fit[INSTANCE_KIND_MAX] = {3, 3};
	(void)state;
	struct layout l = layout_compute(80, 24, few_many, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 4);
	l = layout_compute(80, 24, many_few, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].h, 4);
	l = layout_compute(80, 24, both, INSTANCE_CONTAINER);
	assert_in_range(l.list[INSTANCE_VM].h - l.list[INSTANCE_CONTAINER].h, 0, 1);
	l = layout_compute(80, 24, fit, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].y, l.list[INSTANCE_CONTAINER].y + 5 + 1);
}

/* Where two lists have no room, the one without focus keeps its title. */
static void test_small_screens_show_the_list_in_focus(void **state)
{
	static const size_t counts[INSTANCE_KIND_MAX] = {5, 5};
	(void)state;
	struct layout l = layout_compute(40, 10, counts, INSTANCE_CONTAINER);
	assert_int_equal(l.list[INSTANCE_VM].h, 1);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 5);
	l = layout_compute(40, 10, counts, INSTANCE_VM);
	assert_int_equal(l.list[INSTANCE_CONTAINER].h, 1);
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
