/* What the comparison reads and computes: the workload's answers, smaps, the phases of a start, medians. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/backend/oci.h"
#include "lab/compare/answers.h"
#include "lab/compare/criu.h"
#include "lab/compare/tally.h"
#include "lab/tool/spawn.h"
#include "lab/tool/weigh.h"

#define READY "vctop-ready first=12.5 boot=12.6 told=12.75\n"

static void reports(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
	        {READY, true},
	        {"noise\nmore noise\n" READY, true},
	        {"vctop-ready first=1 boot=2 told=3\r\n", true},
	        {"", false},
	        {"vctop-ready first=12.5 boot=12.6 told=12.75", false}, /* not whole yet */
	        {"vctop-ready first=12.5 told=12.75\n", false},
	        {"vctop-ready first=nan boot=1 told=2\n", false},
	        {"vctop-ready first=-1 boot=1 told=2\n", false},
	        {"vctop-ready first=1e300 boot=1 told=2\n", false},
	        {"vctop-ready first=1x boot=1 told=2\n", false},
	        {"vctop-ready first=5 boot=1 told=2\n", false}, /* told before it began */
	        {"vctop-ready first= boot= told=\n", false},
	        {"vctop-ready first=11111111111111111111111111111111111111111111111 boot=1 told=2\n", false},
	        {"x vctop-ready first=1 boot=2 told=3\n", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ready r = {0};
		assert_int_equal(answers_ready(cases[i].text, strlen(cases[i].text), &r), cases[i].good);
		assert_int_equal(r.known, cases[i].good);
	}
}

static void only_given_bytes_are_read(void **state)
{
	struct ready r;
	struct measured m;
	uint64_t v;
	(void)state;
	for (size_t n = 0; n < strlen(READY); n++) {
		char *exact = malloc(n ? n : 1); /* ASan watches its end */
		memcpy(exact, READY, n);
		assert_false(answers_ready(exact, n, &r));
		assert_false(answers_measured(exact, n, &m));
		assert_false(answers_held(exact, n, &v));
		assert_int_equal(answers_done(exact, n, ORDER_FREE), 0);
		free(exact);
	}
}

static void orders_are_answered_by_name(void **state)
{
	static const char text[] =
	        "vctop-order free\nvctop-done fre\nvctop-done freee\nvctop-done free\nvctop-done cpu\n";
	(void)state;
	assert_int_equal(answers_done(text, strlen(text), ORDER_FREE), strstr(text, "\nvctop-done cpu") - text);
	assert_true(answers_done(text, strlen(text), ORDER_CPU) > 0);
	assert_int_equal(answers_done(text, strlen(text), ORDER_MEMORY), 0);
	assert_int_equal(answers_done(text, 16, ORDER_FREE), 0);
}

static void figures_are_numbers(void **state)
{
	struct measured m;
	uint64_t held;
	static const char good[] =
	        "vctop-measure work=346.3 syscall=8.9e-08 switch=0 took=0.5 step=1e-7\nvctop-held 778240\n";
	(void)state;
	assert_true(answers_measured(good, strlen(good), &m));
	assert_true(m.work > 346 && m.syscall < 1e-7 && m.turn >= 0);
	assert_true(answers_held(good, strlen(good), &held));
	assert_int_equal(held, 778240);
	assert_false(answers_measured("vctop-measure work=inf syscall=1 switch=1 took=1 step=1\n", 56, &m));
	assert_false(answers_held("vctop-held -1\n", 14, &held));
	assert_false(answers_held("vctop-held 99999999999999999999999\n", 35, &held));
}

static void facts_are_clean_and_few(void **state)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	char *key, *value;
	unsigned n = 0;
	(void)state;
	strbuf_str(&sb, "vctop-fact kernel 6.1\x1b[31m\nvctop-fact lonely\nvctop-fact \n");
	for (int i = 0; i < 1000; i++)
		strbuf_fmt(&sb, "vctop-fact k%d %0500d\n", i, i);
	for (; answers_fact(sb.buf, sb.len, n, &key, &value); n++) {
		assert_true(strlen(key) <= 32 && strlen(value) <= 160);
		assert_null(strchr(value, '\x1b'));
		if (n == 0)
			assert_string_equal(value, "6.1?[31m");
		if (n == 1)
			assert_string_equal(value, "");
		free(key);
		free(value);
	}
	assert_int_equal(n, 32);
}

/* TCG's code is the largest mapping; the guest's memory is the smallest one it fits in. */
static void guest_memory_is_told_apart(void **state)
{
	static const char text[] = "55aa-55ab r-xp 00000000 fe:00 1  /usr/bin/qemu\nSize: 4 kB\nPss:  4 kB\n"
	                           "7e00-7f00 rwxp 00000000 00:00 0\nSize: 1048576 kB\nPss:  9000 kB\nPss_Dirty: 7 kB\n"
	                           "7f00-7f10 rw-p 00000000 00:00 0\nSize: 262144 kB\nPss: 100000 kB\n"
	                           "7f20-7f90 rw-p 00000000 00:00 0\nSize: 524288 kB\nPss: 50 kB\n";
	uint64_t vmm, guest;
	(void)state;
	assert_int_equal(weigh_smaps(text, strlen(text), 256ULL << 20, &vmm, &guest), 0);
	assert_int_equal(guest, 100000 * 1024);
	assert_int_equal(vmm, (4 + 9000 + 50) * 1024);
	assert_int_equal(weigh_smaps(text, strlen(text), 1ULL << 40, &vmm, &guest), -ENOENT);
	assert_int_equal(weigh_smaps("", 0, 1, &vmm, &guest), -ENOENT);
	for (size_t n = 0; n < strlen(text); n++)
		(void)weigh_smaps(text, n, 256ULL << 20, &vmm, &guest);
}

static struct launch launch_of(const char *kind, const char *backend)
{
	struct launch ln = {.asked = 100, .running = 100.25, .arrived = 103};
	ln.l.kind = strdup(kind);
	ln.l.backend = strdup(backend);
	ln.l.workload = strdup("idle");
	ln.l.name = strdup("x");
	return ln;
}

static void phases_add_up(void **state)
{
	static const struct {
		const char *kind, *backend;
		struct ready ready;
		double born;
		unsigned phases;
		double sum;
	} cases[] = {
	        {"process", "process", {true, 100.5, 100.5, 100.6}, 0, 2, 0.5},
	        {"container", "builtin", {true, 100.5, 100.5, 100.6}, 0, 2, 0.5},
	        {"container", "runc", {true, 100.5, 100.5, 100.6}, 0, 2, 0.5},
	        {"container", "podman", {true, 100.5, 100.5, 100.6}, 100.4, 2, 0.5},
	        {"container", "podman", {true, 100.5, 100.5, 100.6}, 99.995, 2, 0.5}, /* ticks of 10 ms */
	        {"container", "docker", {true, 100.5, 100.5, 100.6}, 100.51, 2, 0.5},
	        {"vm", "tcg", {true, 1.5, 1.5, 1.6}, 0, 3, 3},
	        {"vm", "tcg", {true, 1.5, 99, 1.6}, 0, 0, 0}, /* a guest that lies */
	        {"process", "process", {true, 99, 99, 99}, 0, 0, 0},
	        {"vm", "tcg", {false, 0, 0, 0}, 0, 0, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct phase p[TRIAL_PHASES];
		struct launch ln = launch_of(cases[i].kind, cases[i].backend);
		double sum = 0;
		ln.ready = cases[i].ready;
		unsigned n = trial_phases(&ln, cases[i].born, p);
		assert_int_equal(n, cases[i].phases);
		for (unsigned k = 0; k < n; k++) {
			assert_true(p[k].sec >= 0);
			sum += p[k].sec;
		}
		assert_true(sum > cases[i].sum - 1e-9 && sum < cases[i].sum + 1e-9);
		launched_clear(&ln.l);
	}
}

static void trials_become_a_spread(void **state)
{
	struct tally y = {0};
	struct subject s = {0};
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct trial t = {.phases = 1, .phase = {{"only", i}}};
		t.has[FIGURE_START] = true;
		t.value[FIGURE_START] = 3 - i;
		t.has[FIGURE_FIT] = i < 2;
		t.value[FIGURE_FIT] = i;
		t.why[FIGURE_STOP] = strdup(i == 0 ? "first" : "later");
		tally_add(&y, &t);
		trial_release(&t);
	}
	tally_finish(&y, &s);
	assert_true(s.value[FIGURE_START].median.v == 2 && s.value[FIGURE_START].min.v == 1);
	assert_int_equal(s.value[FIGURE_START].runs, 3);
	assert_true(s.value[FIGURE_FIT].median.v == 0 && s.value[FIGURE_FIT].runs == 2);
	assert_false(metric_is_ok(s.value[FIGURE_STOP].median));
	assert_string_equal(s.value[FIGURE_STOP].median.why, "first");
	assert_string_equal(s.value[FIGURE_PAUSE].median.why, "not measured");
	assert_int_equal(s.phases.n, 1);
	assert_true(s.phases.v[0].sec.median.v == 1);
	struct comparison c = {0};
	vec_push(&c.subjects, s);
	comparison_release(&c);
}

static void bundles_say_the_limits(void **state)
{
	struct launch ln = launch_of("container", "runc");
	(void)state;
	ln.l.cpus = 0.5;
	ln.l.memory = 64 << 20;
	ln.load_bytes = 1000;
	(void)snprintf(ln.leaf, sizeof(ln.leaf), "ct-x");
	char *text = oci_config(&ln);
	json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL), *linux_part = json_object_get(o, "linux");
	json_t *resources = json_object_get(linux_part, "resources");
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(linux_part, "cgroupsPath")), "/vctop/ct-x");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(resources, "cpu"), "quota")), 50000);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(resources, "memory"), "limit")), 64 << 20);
	assert_int_equal(json_array_size(json_object_get(linux_part, "namespaces")), 5);
	json_decref(o);
	free(text);
	launched_clear(&ln.l);
}

static void commands_are_quoted(void **state)
{
	char *const argv[] = {(char[]){"a"}, (char[]){"b c"}, (char[]){"it's"}, (char[]){""}, (char[]){"x=$y"}, NULL};
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	(void)state;
	spawn_quote(argv, &sb);
	assert_string_equal(sb.buf, "a 'b c' 'it'\\''s' '' 'x=$y'");
}

static void what_criu_complains_of(void **state)
{
	static const char *const rows[][2] = {
	        {"Warn  (criu/kerndat.c:1): so\nError (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds\nError "
	         "(x): y\n",
	         "vdso: Unexpected rt vDSO area bounds"},
	        {"(00.03) Error (criu/x.c:1): a\033[1mb\n", "a?[1mb"},
	        {"Error (criu/x.c:1) no end\n", "it does not say why"},
	        {"Looks good.\n", "it does not say why"},
	        {"", "it does not say why"},
	};
	char why[160];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		criu_complaint(rows[i][0], strlen(rows[i][0]), why, sizeof(why));
		assert_string_equal(why, rows[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_criu_complains_of),     cmocka_unit_test(reports),
	        cmocka_unit_test(only_given_bytes_are_read),  cmocka_unit_test(orders_are_answered_by_name),
	        cmocka_unit_test(figures_are_numbers),        cmocka_unit_test(facts_are_clean_and_few),
	        cmocka_unit_test(guest_memory_is_told_apart), cmocka_unit_test(phases_add_up),
	        cmocka_unit_test(trials_become_a_spread),     cmocka_unit_test(bundles_say_the_limits),
	        cmocka_unit_test(commands_are_quoted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
