/* Sums: a cap that several share counts once, and caps below it are part of it. */
#include "unit.h"
#include "vctop/derive/derive.h"

struct one {
	double cores; /* < 0: unlimited */
	const char *at;
	bool shared;
	const char *parent;
};

#define MAX_ONES 4

static void test_shared_caps(void **state)
{
	static const struct {
		struct one one[MAX_ONES];
		double sum;
	} rows[] = {
	        {{{1, "/a", false, NULL}, {2, "/b", false, NULL}}, 3},
	        {{{4, "/s", true, NULL}, {4, "/s", true, NULL}}, 4},
	        {{{4, "/s", true, NULL}, {4, "/t", true, NULL}}, 8},
	        /* its own 2 are part of the slice's 4, in whatever order they come */
	        {{{2, "/s/a", false, NULL}, {4, "/s", true, NULL}}, 4},
	        {{{4, "/s", true, NULL}, {2, "/s/a", false, NULL}}, 4},
	        {{{2, "/s/t", true, NULL}, {2, "/s/t", true, NULL}, {4, "/s", true, NULL}}, 4},
	        {{{2, "/s/t/u/a", false, NULL}, {4, "/s", true, NULL}, {1, "/sa", false, NULL}}, 5},
	        {{{2, "/s/a", false, NULL}, {8, "/", true, NULL}}, 8},
	        /* nobody is bound by the slice: each has its own */
	        {{{3, "/s/a", false, NULL}, {3, "/s/b", false, NULL}}, 6},
	        {{{-1, NULL, false, NULL}, {1, "/a", false, NULL}}, 1},
	        {{{1, "/a", false, NULL}, {1, "/a/b", false, "x:a"}}, 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct instance inst[MAX_ONES] = {0};
		struct sample sample[MAX_ONES] = {0};
		struct frame *f = frame_new();
		for (size_t k = 0; k < MAX_ONES && rows[i].one[k].cores != 0; k++) {
			const struct one *o = &rows[i].one[k];
			inst[k] = (struct instance){
			        .kind = INSTANCE_CONTAINER, .state = INSTANCE_RUNNING, .parent = o->parent};
			sample[k].cpu.allocated = (struct allocation){
			        .amount = o->cores < 0 ? metric_none(METRIC_UNLIMITED, NULL) : metric_ok(o->cores),
			        .at = o->at,
			        .shared = o->shared,
			};
			vec_push(&f->rows, ((struct row){.inst = &inst[k], .sample = &sample[k]}));
		}
		totals_fill(f);
		struct metric sum = f->totals[INSTANCE_CONTAINER].allocated_cores;
		if (!metric_is_ok(sum) || !near(sum.v, rows[i].sum))
			fail_row(i, "%g, not %g", sum.v, rows[i].sum);
		frame_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared_caps)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
