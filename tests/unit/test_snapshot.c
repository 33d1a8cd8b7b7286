/* The snapshot: what goes in is kept, cleaned where it comes from outside. */
#include "unit.h"
#include "vctop/model/snapshot.h"

static void test_notice_is_cleaned(void **state)
{
	(void)state;
	struct snapshot *s = snapshot_new();
	/* A data root is whatever a process called dockerd has on its command line. */
	snapshot_notice(s, "/\033]0;x\a\xff\xe2\x80\xae/config.v2.json", "bad\n", NULL);
	assert_int_equal(s->notices.n, 1);
	assert_string_equal(s->notices.v[0].what, "/?]0;x?\?\?/config.v2.json");
	assert_string_equal(s->notices.v[0].why, "bad?");
	assert_null(s->notices.v[0].change);
	snapshot_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_notice_is_cleaned)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
