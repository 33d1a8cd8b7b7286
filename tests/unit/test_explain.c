/* Which of the files that were read `vctop explain` shows under a field. */
#include <errno.h>

#include "app/explain.h"
#include "unit.h"

static struct explain watched(void)
{
	struct explain x = {.pid = 812, .monitor = 800};
	x.id = xstrdup("docker:web");
	x.cgroup = xstrdup("/docker/web");
	x.runtime_id = xstrdup("web");
	return x;
}

static void read_text(struct explain *x, const char *path, const char *text)
{
	explain_read(x, path, text, (ssize_t)strlen(text));
}

static void test_source(void **state)
{
	static const struct {
		const char *source, *container, *vm;
	} table[] = {
	        {"a", "a", "a"},
	        {"a; VM: b", "a", "b"},
	        {"container: a; VM: b", "a", "b"},
	        {"VM: b", "", "b"},
	        {"container: a", "a", ""},
	        {"VM: b; c; VM: d", "c", "b; d"},
	        {"", "", ""},
	        {";;", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		cleanup_free char *c = explain_source(table[i].source, INSTANCE_CONTAINER);
		cleanup_free char *v = explain_source(table[i].source, INSTANCE_VM);
		if (strcmp(c, table[i].container) != 0 || strcmp(v, table[i].vm) != 0)
			fail_row(i, "'%s' '%s'", c, v);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *source, *path, *text;
		bool ours, named;
	} table[] = {
	        {"/proc/PID/stat field 22", "proc/812/stat", "812 (web)", true, true},
	        {"/proc/PID/stat field 22", "proc/800/stat", "800 (shim)", true, false},
	        {"/proc/MONITOR/stat", "proc/800/stat", "800 (shim)", true, true},
	        {"/proc/1/ns/pid", "proc/1/ns/pid", "pid:[1]", true, true},
	        {"/proc/PID/ns/pid", "proc/1/ns/pid", "pid:[1]", true, false},
	        {"/proc/PID/task/TID/comm", "proc/812/task/815/comm", "x", true, true},
	        {"/proc/PID/stat", "proc/81/stat", "81 (other)", false, false},
	        {"/proc/PID/stat", "proc/8129999999999999999999/stat", "", false, false},
	        {"cpu.stat usage_usec", "sys/fs/cgroup/docker/web/cpu.stat", "usage_usec 3\nnr_periods 1\n", true,
	         true},
	        {"cpu.stat usage_usec", "sys/fs/cgroup/cpu/docker/web/cpu.stat", "nr_periods 1\nnr_throttled 0\n", true,
	         false},
	        {"devices.list", "sys/fs/cgroup/devices/docker/web/devices.list", "c 1:3 rwm\nc 1:5 rwm\n", true, true},
	        {"cpu.max", "sys/fs/cgroup/docker/cpu.max", "max 100000\n", true, true},
	        {"cpu.max", "sys/fs/cgroup/docker/web2/cpu.max", "max 100000\n", false, false},
	        {"mount-id", "var/lib/docker/image/overlay2/layerdb/mounts/web/mount-id", "x", true, true},
	        {"mount-id", "var/lib/docker/image/overlay2/layerdb/mounts/webber/mount-id", "x", false, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct explain x = watched();
		read_text(&x, table[i].path, table[i].text);
		bool named = x.ours.n == 1 && explain_names(&x, table[i].source, table[i].path);
		if (x.ours.n != table[i].ours || named != table[i].named)
			fail_row(i, "ours %zu, named %d", x.ours.n, named);
		explain_release(&x);
	}
}

/* Both readings are kept, the error of the last, and argument vectors as one line. */
static void test_readings(void **state)
{
	struct explain x = watched();
	(void)state;
	explain_read(&x, "proc/812/cmdline", "a\0b", 4);
	x.tick = 1;
	explain_read(&x, "proc/812/cmdline", NULL, -ESRCH);
	const struct reading *r = map_get(&x.readings, "proc/812/cmdline");
	assert_string_equal(r->text[0], "a b ");
	assert_null(r->text[1]);
	assert_int_equal(r->error, ESRCH);
	assert_int_equal(x.ours.n, 1);
	explain_release(&x);
	struct explain nobody = {0};
	explain_read(&nobody, "proc/1/stat", "x", 1);
	explain_cite(&nobody, "docker:web", "name", "x", "y");
	assert_int_equal(nobody.readings.live, 0);
	explain_release(&nobody);
}

static void test_file_with(void **state)
{
	struct explain x = watched();
	(void)state;
	read_text(&x, "proc/800/cmdline", "monitor -n web");
	read_text(&x, "srv/web/os-release", "PRETTY_NAME=\"Box 1\"");
	read_text(&x, "srv/zzz/os-release", "PRETTY_NAME=\"Box 1\"");
	assert_string_equal(explain_file_with(&x, "proc/800/cmdline", "web"), "proc/800/cmdline");
	assert_string_equal(explain_file_with(&x, "proc/800/cmdline", "Box 1"), "srv/web/os-release");
	assert_null(explain_file_with(&x, "none", "monitor"));
	explain_release(&x);
}

static void test_citations(void **state)
{
	struct explain x = watched();
	(void)state;
	explain_cite(&x, "docker:other", "disk.layers", "a", "1");
	assert_null(map_get(&x.citations, "disk.layers"));
	explain_cite(&x, "docker:web", "disk.layers", "a", "1");
	explain_cite(&x, "docker:web", "disk.layers", "b", NULL);
	x.tick = 1;
	const struct citations *all = map_get(&x.citations, "disk.layers");
	assert_int_equal(all->v.n, 2);
	for (int i = 0; i < 1000; i++) /* said again: in place of the first, and bounded */
		explain_cite(&x, "docker:web", "disk.layers", "c", "2");
	assert_int_equal(all->v.n, 256);
	assert_string_equal(all->v.v[0].path, "c");
	explain_release(&x);
}

static void test_lines(void **state)
{
	static const struct {
		const char *source, *line;
		bool named;
	} table[] = {
	        {"memory.stat inactive_file", "inactive_file 12", true},
	        {"/proc/PID/status VmHWM", "VmHWM:\t 3 kB", true},
	        {"io.stat rbytes=", "8:0 rbytes=1 wbytes=2", true},
	        {"cpu.pressure some total=", "full avg10=0 total=3", true},
	        {"memory.stat file", "inactive_file 12", false},
	        {"dockerd's live-restore", "\t\"live-restore\": true,", true},
	        {"dockerd's live-restore", "{\"live-restore\":true}", true},
	        {"dockerd's live-restore", "\"live-restored\": true", false},
	        {"x", "\t{\"", false},
	        {"", "x 1", false},
	        {"x", "x", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (explain_names_line(table[i].source, table[i].line, strlen(table[i].line)) != table[i].named)
			fail_row(i, "%s", table[i].line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_source),    cmocka_unit_test(test_names), cmocka_unit_test(test_readings),
	        cmocka_unit_test(test_citations), cmocka_unit_test(test_lines), cmocka_unit_test(test_file_with),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
