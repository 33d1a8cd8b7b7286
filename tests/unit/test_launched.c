/* The register's parser: files from disk, so each key good, wrong in type, wrong in value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vctop/source/launched.h"

#define GOOD "\"name\":\"a-1\",\"kind\":\"container\",\"backend\":\"podman\",\"workload\":\"cpu\",\"state\":\"running\""

static int parse(const char *text, struct launched *ret)
{
	return launched_parse(text, strlen(text), ret);
}

static void reads_every_key(void **state)
{
	struct launched l;
	(void)state;
	assert_int_equal(parse("{" GOOD ",\"ref\":\"0123456789abcdef\",\"place\":\"A=b\\u001b[2J\",\"cpus\":0.5,"
	                       "\"memory\":67108864,\"pid\":12,"
	                       "\"pid_start\":99,\"starter\":13,\"starter_start\":98,\"owner\":14,\"owner_start\":97,"
	                       "\"started_usec\":1795447241749456,\"later\":[1]}",
	                       &l),
	                 0);
	assert_string_equal(l.name, "a-1");
	assert_string_equal(l.kind, "container");
	assert_string_equal(l.backend, "podman");
	assert_string_equal(l.workload, "cpu");
	assert_string_equal(l.state, "running");
	assert_string_equal(l.ref, "0123456789abcdef");
	assert_string_equal(l.place, "A=b?[2J"); /* it is shown when it is another */
	assert_true(l.cpus > 0.499 && l.cpus < 0.501);
	assert_int_equal(l.memory, 67108864);
	assert_int_equal(l.pid, 12);
	assert_int_equal(l.pid_start, 99);
	assert_int_equal(l.starter, 13);
	assert_int_equal(l.starter_start, 98);
	assert_int_equal(l.owner, 14);
	assert_int_equal(l.owner_start, 97);
	assert_int_equal(l.started_usec, 1795447241749456);
	launched_clear(&l);
	assert_null(l.name);
}

static void a_story_has_parts_instead_of_a_backend(void **state)
{
	struct launched l;
	(void)state;
	assert_int_equal(
	        parse("{\"name\":\"waste-1\",\"kind\":\"story\",\"backend\":null,\"state\":\"running\",\"pid\":5}", &l),
	        0);
	assert_string_equal(l.kind, "story");
	assert_null(l.backend);
	assert_null(l.workload);
	assert_int_equal(l.pid, 5);
	launched_clear(&l);
	assert_int_equal(
	        parse("{\"name\":\"a\",\"kind\":\"container\",\"workload\":\"cpu\",\"state\":\"running\"}", &l),
	        -EINVAL);
	assert_int_equal(parse("{\"name\":\"a\",\"kind\":\"story\"}", &l), -EINVAL);
}

static void numbers_are_optional(void **state)
{
	struct launched l;
	(void)state;
	assert_int_equal(parse("{" GOOD ",\"ref\":null}", &l), 0);
	assert_null(l.ref);
	assert_int_equal(l.pid, 0);
	assert_int_equal(l.memory, 0);
	launched_clear(&l);
}

static void refuses_what_is_wrong(void **state)
{
	static const char *const bad[] = {
	        "",
	        "{",
	        "[]",
	        "null",
	        "{}",
	        "{" GOOD,
	        "{" GOOD "}x",
	        "{" GOOD ",\"name\":\"b\"}", /* twice */
	        "{\"name\":\"../x\",\"kind\":\"vm\",\"backend\":\"kvm\",\"workload\":\"cpu\",\"state\":\"running\"}",
	        "{\"name\":\"a\",\"kind\":\"pod\",\"backend\":\"kvm\",\"workload\":\"cpu\",\"state\":\"running\"}",
	        "{\"name\":\"a\",\"kind\":\"vm\",\"backend\":\"xen\",\"workload\":\"cpu\",\"state\":\"running\"}",
	        "{\"name\":\"a\",\"kind\":\"vm\",\"backend\":\"kvm\",\"workload\":\"\",\"state\":\"running\"}",
	        "{\"name\":\"a\",\"kind\":\"vm\",\"backend\":\"kvm\",\"workload\":\"cpu\",\"state\":\"\\u001b[2J\"}",
	        "{\"name\":7,\"kind\":\"vm\",\"backend\":\"kvm\",\"workload\":\"cpu\",\"state\":\"running\"}",
	        "{" GOOD ",\"pid\":-1}",
	        "{" GOOD ",\"pid\":2147483648}",
	        "{" GOOD ",\"pid\":1.5}",
	        "{" GOOD ",\"pid\":\"1\"}",
	        "{" GOOD ",\"pid_start\":-1}",
	        "{" GOOD ",\"owner\":-4}",
	        "{" GOOD ",\"starter\":true}",
	        "{" GOOD ",\"memory\":-1}",
	        "{" GOOD ",\"memory\":1e300}",
	        "{" GOOD ",\"memory\":99999999999999999999}",
	        "{" GOOD ",\"cpus\":-0.5}",
	        "{" GOOD ",\"cpus\":1e300}",
	        "{" GOOD ",\"cpus\":\"1\"}",
	        "{" GOOD ",\"ref\":\"-rf\"}",
	        "{" GOOD ",\"ref\":\"0123456789abcdefg\"}",
	        "{" GOOD ",\"ref\":\"abc\"}",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct launched l = {.pid = 4711};
		if (parse(bad[i], &l) != -EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(l.pid, 4711); /* untouched */
	}
}

static void refuses_what_is_too_long(void **state)
{
	size_t len = LAUNCHED_MAX_TEXT + 1;
	char *text = xmalloc(len + 1);
	struct launched l;
	(void)state;
	memset(text, ' ', len);
	memcpy(text, "{" GOOD "}", strlen("{" GOOD "}"));
	assert_int_equal(launched_parse(text, len, &l), -EINVAL);
	assert_int_equal(launched_parse(text, len - 1, &l), 0);
	launched_clear(&l);
	free(text);
}

static void names(void **state)
{
	(void)state;
	assert_true(launched_name_valid("a"));
	assert_true(launched_name_valid("container-1"));
	assert_true(launched_name_valid("9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_false(launched_name_valid("9aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_false(launched_name_valid(""));
	assert_false(launched_name_valid("-a"));
	assert_false(launched_name_valid("A"));
	assert_false(launched_name_valid("a/b"));
	assert_false(launched_name_valid("a.b"));
	assert_false(launched_name_valid("a b"));
	assert_false(launched_name_valid("\xc3\xa4"));
}

static void put(const char *root, const char *path, const char *text)
{
	char *full = xasprintf("%s/%s", root, path);
	FILE *f = fopen(full, "we");
	assert_non_null(f);
	(void)fputs(text, f);
	(void)fclose(f);
	free(full);
}

static void dirs(const char *root, const char *const *list)
{
	for (; *list; list++) {
		char *full = xasprintf("%s/%s", root, *list);
		assert_int_equal(mkdir(full, 0755), 0);
		free(full);
	}
}

static void lists_the_good_ones(void **state)
{
	static const char *const tree[] = {"proc", "run", "run/vctop", "run/vctop/samples", NULL};
	char root[] = "/tmp/vctop-launched-XXXXXX";
	launched_vec all = {0};
	(void)state;
	assert_non_null(mkdtemp(root));
	dirs(root, tree);
	put(root, LAUNCHED_DIR "/a-1.json", "{" GOOD "}");
	put(root, LAUNCHED_DIR "/b.json", "{" GOOD "}"); /* speaks for another */
	put(root, LAUNCHED_DIR "/c.json", "nonsense");
	put(root, LAUNCHED_DIR "/.a-1.tmp", "{" GOOD "}");
	struct rootfs *fs = rootfs_open(root, NULL);
	assert_non_null(fs);
	assert_int_equal(launched_list(fs, &all), 0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.v[0].name, "a-1");
	launched_release(&all);
	rootfs_close(fs);
	char *command = xasprintf("rm -r %s", root);
	assert_int_equal(system(command), 0);
	free(command);
}

static void no_register_is_no_sample(void **state)
{
	static const char *const tree[] = {"proc", NULL};
	char root[] = "/tmp/vctop-launched-XXXXXX";
	launched_vec all = {0};
	(void)state;
	assert_non_null(mkdtemp(root));
	dirs(root, tree);
	struct rootfs *fs = rootfs_open(root, NULL);
	assert_int_equal(launched_list(fs, &all), 0);
	assert_int_equal(all.n, 0);
	rootfs_close(fs);
	char *command = xasprintf("rm -r %s", root);
	assert_int_equal(system(command), 0);
	free(command);
}

static void what_a_guest_says(void **state)
{
	static const struct {
		const char *text;
		uint64_t used;
	} cases[] = {
	        {"", 0},
	        {"vctop-ready first=1\n", 0},
	        {"vctop-used 17\n", 17},
	        {"vctop-used 17\r\nvctop-used 18\r\n", 18},
	        {"used 3\nvctop-used 17\nvctop-order idle\nvctop-us", 17},
	        {"vctop-used 1001\n", 0},
	        {"vctop-used -1\nvctop-used \nvctop-used 1e3\nvctop-used 99999999999999999999999\n", 0},
	        {"vctop-used 17 18\n", 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(launched_parse_used(cases[i].text, strlen(cases[i].text), 1000), cases[i].used);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads_every_key),          cmocka_unit_test(a_story_has_parts_instead_of_a_backend),
	        cmocka_unit_test(numbers_are_optional),     cmocka_unit_test(refuses_what_is_wrong),
	        cmocka_unit_test(refuses_what_is_too_long), cmocka_unit_test(names),
	        cmocka_unit_test(lists_the_good_ones),      cmocka_unit_test(no_register_is_no_sample),
	        cmocka_unit_test(what_a_guest_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
