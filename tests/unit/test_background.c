/* What stands behind an instance is the same when it says the same; each member counts. */
#include <string.h>

#include "unit.h"
#include "vctop/base/text.h"
#include "vctop/model/background.h"

#define AT(member) offsetof(struct background, member)

static const size_t texts[] = {
        AT(isolation.kernel),    AT(isolation.user),      AT(isolation.capabilities), AT(isolation.seccomp),
        AT(isolation.lsm),       AT(isolation.guard),     AT(isolation.host_mounts),  AT(isolation.summary),
        AT(disk.driver),         AT(disk.detail),         AT(supervisor.daemon),      AT(supervisor.monitor),
        AT(supervisor.survives), AT(supervisor.evidence),
};
static const size_t metrics[] = {
        AT(isolation.uid),
        AT(isolation.all_capabilities),
        AT(isolation.no_new_privs),
        AT(isolation.privileged),
        AT(isolation.read_only_root),
        AT(disk.image_bytes),
        AT(disk.shared_bytes),
        AT(disk.layers),
        AT(disk.virtual_bytes),
        AT(disk.allocated_bytes),
        AT(disk.snapshots),
        AT(disk.chain),
        AT(supervisor.monitor_pid),
        AT(supervisor.daemon_running),
};

static void put(struct background *b, size_t at, const void *value, size_t size)
{
	memcpy((char *)b + at, value, size);
}

static void test_each_text_counts(void **state)
{
	(void)state;
	char one[] = "text", again[] = "text", other[] = "texts";
	const char *p = one, *q = again, *r = other;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct background a = {0}, b = {0};
		put(&a, texts[i], &p, sizeof(p));
		assert_false(background_same(&a, &b));
		put(&b, texts[i], &r, sizeof(r));
		assert_false(background_same(&a, &b));
		put(&b, texts[i], &q, sizeof(q));
		assert_true(background_same(&a, &b));
	}
}

static void test_each_number_counts_and_why_there_is_none(void **state)
{
	(void)state;
	char why[] = "not read yet";
	const struct metric zero = metric_ok(0), one = metric_ok(1), none = metric_none(METRIC_ABSENT, "not read yet"),
	                    again = metric_none(METRIC_ABSENT, why), denied = metric_none(METRIC_DENIED, why),
	                    other = metric_none(METRIC_ABSENT, "not running");
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		struct background a = {0}, b = {0};
		put(&a, metrics[i], &zero, sizeof(zero));
		assert_false(background_same(&a, &b));
		put(&b, metrics[i], &one, sizeof(one));
		assert_false(background_same(&a, &b));
		put(&b, metrics[i], &zero, sizeof(zero));
		assert_true(background_same(&a, &b));
		put(&a, metrics[i], &none, sizeof(none));
		put(&b, metrics[i], &again, sizeof(again));
		assert_true(background_same(&a, &b));
		put(&b, metrics[i], &denied, sizeof(denied));
		assert_false(background_same(&a, &b));
		put(&b, metrics[i], &other, sizeof(other));
		assert_false(background_same(&a, &b));
	}
}

static void test_each_namespace_counts(void **state)
{
	(void)state;
	for (enum ns_type n = 0; n < NS_MAX; n++) {
		struct background a = {0}, b = {0};
		a.isolation.ns[n] = NS_HOST;
		assert_false(background_same(&a, &b));
		b.isolation.ns[n] = NS_OWN;
		assert_false(background_same(&a, &b));
		b.isolation.ns[n] = NS_HOST;
		assert_true(background_same(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_text_counts),
	        cmocka_unit_test(test_each_number_counts_and_why_there_is_none),
	        cmocka_unit_test(test_each_namespace_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
