/*
 * Recorded lines: what json_frame writes comes back as it was; a line of the least there may be is read; whatever else
 * a file holds is refused with a reason, by both readers alike.
 */
#include <errno.h>
#include <math.h>

#include "usage-frames.h"
#include "vctop/base/json_scan.h"
#include "vctop/base/parse.h"
#include "vctop/model/field.h"
#include "vctop/source/snapshot_json.h"
#include "vctop/view/views.h"

struct readers {
	struct snapshot *snap;
	struct frame *frame;
};

static int setup(void **state)
{
	struct readers *r = calloc(1, sizeof(*r));
	r->snap = snapshot_new();
	r->frame = frame_new();
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct readers *r = *state;
	snapshot_free(r->snap);
	frame_free(r->frame);
	free(r);
	return 0;
}

static int full(struct readers *r, const char *line, size_t n, struct error *err)
{
	char *bytes = exact(line, n);
	int ret = frame_from_json(bytes, n, r->snap, r->frame, err);
	free(bytes);
	return ret;
}

static int needed(struct readers *r, const char *line, size_t n, struct error *err)
{
	char *bytes = exact(line, n);
	int ret = frame_from_json_needed(bytes, n, r->snap, r->frame, err);
	free(bytes);
	return ret;
}

/* An entry and a row with every field of the table set, so that a field without a way back shows. */
static void fill(struct entry *e, struct row *r)
{
	static struct background background;
	struct background *b = &background;
	double v = 1;
	e->background = r->background = b;
	struct metric *const metrics[] = {&e->sample.cpu.allocated.amount,
	                                  &e->sample.cpu.vcpus,
	                                  &r->cpu_used_cores,
	                                  &r->cpu_used_pct,
	                                  &r->guest_cores,
	                                  &r->overhead_cores,
	                                  &r->steal_cores,
	                                  &r->throttled_pct,
	                                  &r->cpu_pressure_pct,
	                                  &e->sample.mem.allocated.amount,
	                                  &e->sample.mem.used_bytes,
	                                  &r->mem_used_pct,
	                                  &e->sample.mem.held_bytes,
	                                  &e->sample.mem.cache_bytes,
	                                  &e->sample.mem.swap_bytes,
	                                  &e->sample.mem.peak_bytes,
	                                  &e->sample.mem.rss_bytes,
	                                  &e->sample.mem.guest_used_bytes,
	                                  &e->sample.mem.overhead_bytes,
	                                  &e->sample.mem.balloon_bytes,
	                                  &r->mem_pressure_pct,
	                                  &r->mem_pressure_full_pct,
	                                  &r->refault_per_sec,
	                                  &e->sample.mem.events_high,
	                                  &e->sample.mem.events_max,
	                                  &e->sample.mem.events_oom,
	                                  &e->sample.mem.oom_kills,
	                                  &r->io_read_per_sec,
	                                  &r->io_write_per_sec,
	                                  &r->net_rx_per_sec,
	                                  &r->net_tx_per_sec,
	                                  &e->sample.pids,
	                                  &e->sample.disk_writable_bytes,
	                                  &b->disk.image_bytes,
	                                  &b->disk.shared_bytes,
	                                  &b->disk.layers,
	                                  &b->disk.virtual_bytes,
	                                  &b->disk.allocated_bytes,
	                                  &b->disk.snapshots,
	                                  &b->disk.chain,
	                                  &b->isolation.uid,
	                                  &b->isolation.all_capabilities,
	                                  &b->isolation.no_new_privs,
	                                  &b->isolation.privileged,
	                                  &b->isolation.read_only_root,
	                                  &b->supervisor.daemon_running,
	                                  &b->supervisor.monitor_pid,
	                                  &r->verdict.recommended_cores,
	                                  &r->verdict.recommended_bytes,
	                                  &r->verdict.slack_cores,
	                                  &r->verdict.slack_bytes,
	                                  &r->verdict.slack_cost,
	                                  &r->verdict.cold_bytes};
	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++)
		*metrics[i] = metric_ok(v++);
	const char **const texts[] = {&e->sample.cpu.allocated.by,
	                              &e->sample.cpu.allocated.at,
	                              &e->sample.mem.allocated.by,
	                              &e->sample.mem.allocated.at,
	                              &e->sample.mem.used_by,
	                              &e->inst.image,
	                              &e->inst.cgroup,
	                              &e->inst.parent,
	                              &e->inst.uuid,
	                              &e->inst.sample,
	                              &b->disk.driver,
	                              &b->disk.detail,
	                              &b->isolation.kernel,
	                              &b->isolation.user,
	                              &b->isolation.capabilities,
	                              &b->isolation.seccomp,
	                              &b->isolation.lsm,
	                              &b->isolation.host_mounts,
	                              &b->isolation.guard,
	                              &b->isolation.summary,
	                              &b->supervisor.daemon,
	                              &b->supervisor.monitor,
	                              &b->supervisor.survives,
	                              &b->supervisor.evidence,
	                              &r->verdict.rule,
	                              &r->verdict.reason};
	static char text[ARRAY_SIZE(texts)][24];
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		(void)snprintf(text[i], sizeof(text[i]), "text \"%zu\" é", i);
		*texts[i] = text[i];
	}
	for (unsigned i = 0; i < NS_MAX; i++)
		b->isolation.ns[i] = i % 2 ? NS_HOST : NS_OWN;
	e->sample.cpu.allocated.shared = true;
	e->inst.pid = 4711;
	e->inst.started_usec = MONDAY - 5 * SECOND;
	r->age_sec = 5;
	r->verdict.state = VERDICT_IDLE;
	r->verdict.provisional = true;
	r->verdict.now = NOW_LOW;
	r->verdict.basis = BASIS_HISTORY;
	r->verdict.confidence = CONFIDENCE_GOOD;
	r->verdict.observed_sec = 86400.5;
	r->verdict.week_hours = 24;
	r->verdict.changed_usec = MONDAY - SECOND;
}

static void test_round_trip(void **state)
{
	struct readers *rd = *state;
	struct film f = film_new();
	struct strbuf first = STRBUF_INIT, again = STRBUF_INIT;
	struct what w[3] = {{WHAT},
	                    {WHAT, .id = "b", .kind = INSTANCE_VM},
	                    {WHAT, .id = "c", .state = INSTANCE_PAUSED, .cpu_cap = -1, .cpu = -1, .keep = "yes"}};
	f.said = 1.5;
	film_frame(&f, w, 3);
	fill(&f.snap->entries.v[1], &f.frame->rows.v[1]);
	f.frame->rows.v[0].io_read_per_sec = metric_none(METRIC_DENIED, "io.stat: permission denied");
	f.frame->rows.v[0].cpu_used_cores = metric_none(METRIC_FIRST, "no earlier sample");
	f.snap->host.kernel = "6.18";
	f.snap->host.placement = PLACEMENT_VM;
	f.snap->host.hypervisor = "kvm";
	f.frame->host.capacity_cores = metric_ok(8);
	f.frame->host.used_bytes = metric_ok(5e9);
	f.frame->self = (struct self_cost){1.5, 2e6, 300, metric_ok(77)};
	snapshot_notice(f.snap, "podman", "denied", NULL);
	vec_push(&f.snap->stores, ((struct store){.runtime = "docker", .path = "/x", .images = metric_ok(3)}));
	vec_push(&f.snap->daemons,
	         ((struct blast_radius){.daemon = "dockerd", .running = metric_ok(1), .instances = 2}));
	f.frame->prices = (struct prices){metric_ok(1), metric_ok(2)};
	rd->frame->prices = f.frame->prices;
	totals_fill(f.frame);
	json_frame(f.frame, &first);
	struct error err = {0};
	if (full(rd, first.buf, first.len, &err) < 0)
		fail_row(0, "%s", err.what);
	totals_fill(rd->frame);
	json_frame(rd->frame, &again);
	assert_string_equal(first.buf, again.buf);
	/* Every metric the table has was set in the second row, or the test would not see it lost. */
	for (unsigned i = 0; i < field_count; i++) {
		struct field_value v = field_table[i].get(&rd->frame->rows.v[1]);
		if (field_table[i].kind == FIELD_TEXT ? !v.text : !metric_is_ok(v.metric))
			fail_row(i, "%s: not set by this test, or lost", field_table[i].key);
	}
	strbuf_release(&first);
	strbuf_release(&again);
	film_free(&f);
}

#define LEAST                                                                                                          \
	"{\"schema\":\"vctop.snapshot/"                                                                                \
	"1\",\"time\":\"2026-11-23T10:00:00Z\",\"instances\":[{\"id\":\"a\",\"kind\":\"vm\","                          \
	"\"cpu\":{\"allocated_cores\":4,\"used_cores\":0.5},\"memory\":{\"allocated_bytes\":1e9,\"used_bytes\":5}}]}"

static void check_least(const struct readers *r)
{
	assert_int_equal(r->frame->rows.n, 1);
	const struct row *row = &r->frame->rows.v[0];
	assert_string_equal(row->inst->id, "a");
	assert_string_equal(row->inst->name, "a");
	assert_int_equal(row->inst->kind, INSTANCE_VM);
	assert_int_equal(row->inst->state, INSTANCE_RUNNING);
	assert_true(near(row->cpu_used_cores.v, 0.5) && near(row->sample->mem.allocated.amount.v, 1e9));
	assert_int_equal(row->net_rx_per_sec.st, METRIC_ABSENT);
	assert_int_equal(row->sample->mem.oom_kills.st, METRIC_ABSENT);
	assert_true(row->age_sec < 0);
	assert_true(r->snap->host.real_usec == INT64_C(1795428000000000));
}

static void test_least(void **state)
{
	struct readers *r = *state;
	assert_int_equal(full(r, LEAST, strlen(LEAST), NULL), 0);
	check_least(r);
	assert_int_equal(needed(r, LEAST, strlen(LEAST), NULL), 0);
	check_least(r);
}

#define LINE(instances)                                                                                                \
	"{\"schema\":\"vctop.snapshot/1\",\"time\":\"2026-11-23T10:00:00Z\",\"instances\":" instances "}"
#define A "\"id\":\"a\",\"kind\":\"container\""

/* In any order, whatever else the list holds. */
static void test_services(void **state)
{
	struct readers *r = *state;
	static const char line[] =
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":\"2026-11-23T10:00:00Z\",\"instances\":[],\"services\":["
	        "{\"name\":\"b.service\",\"cgroup\":\"/"
	        "b.service\",\"cpu\":{\"used_cores\":2},\"memory\":{\"used_bytes\":20}},"
	        "7,null,{},{\"name\":\"no group\"},{\"cgroup\":[]},"
	        "{\"cgroup\":\"/a\\u001b.slice\",\"cpu\":{\"used_cores\":null},\"pids\":-1,"
	        "\"unavailable\":{\"cpu.used_cores\":\"denied: not for you\"}},"
	        "{\"name\":\"again\",\"cgroup\":\"/b.service\"}]}";
	assert_int_equal(full(r, line, strlen(line), NULL), 0);
	assert_true(r->snap->with_services);
	assert_int_equal(r->snap->services.n, 2);
	assert_int_equal(r->frame->services.n, 2);
	const struct row *a = &r->frame->services.v[0], *b = &r->frame->services.v[1];
	assert_null(strchr(a->inst->cgroup, 27));
	assert_int_equal(a->cpu_used_cores.st, METRIC_DENIED);
	assert_string_equal(a->cpu_used_cores.why, "not for you");
	assert_int_equal(a->sample->pids.st, METRIC_ABSENT);
	assert_string_equal(b->inst->name, "b.service");
	assert_true(near(b->cpu_used_cores.v, 2) && near(b->sample->mem.used_bytes.v, 20));
	assert_int_equal(full(r, LEAST, strlen(LEAST), NULL), 0);
	assert_false(r->snap->with_services);
	assert_int_equal(r->frame->services.n, 0);
}

static void test_bad(void **state)
{
	struct readers *r = *state;
	static const char *const bad[] = {
	        "",
	        "null",
	        "[]",
	        "{}",
	        "x",
	        "{\"schema\":\"vctop.snapshot/1\"}",
	        "\xff\xfe",
	        "{\"schema\":\"vctop.snapshot/2\",\"time\":\"2026-11-23T10:00:00Z\",\"instances\":[]}",
	        "{\"schema\":1,\"time\":\"2026-11-23T10:00:00Z\",\"instances\":[]}",
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":\"yesterday\",\"instances\":[]}",
	        "{\"schema\":\"vctop.snapshot/1\",\"time\":12,\"instances\":[]}",
	        "{\"schema\":\"vctop.snapshot/1\",\"instances\":[]}",
	        LINE("null"),
	        LINE("{}"),
	        LINE("[1]"),
	        LINE("[null]"),
	        LINE("[{}]"),
	        LINE("[[]]"),
	        LINE("[{\"id\":\"a\"}]"),
	        LINE("[{\"id\":\"\",\"kind\":\"vm\"}]"),
	        LINE("[{\"id\":7,\"kind\":\"vm\"}]"),
	        LINE("[{\"id\":\"a\",\"kind\":\"pod\"}]"),
	        LINE("[{" A "},{" A "}]"),
	        LINE("[{" A "}"),
	        LINE("[{" A "}]]"),
	        LINE("[{" A ",}]"),
	        LINE("[{" A "},]"),
	        LINE("[,{" A "}]"),
	        LINE("[{" A " \"x\":1}]"),
	        LINE("[{" A ",\"x\":nul}]"),
	        LINE("[{" A ",\"x\":01}]"),
	        LINE("[{" A ",\"x\":1.}]"),
	        LINE("[{" A ",\"x\":+1}]"),
	        LINE("[{" A ",\"x\":1e}]"),
	        LINE("[{" A ",\"x\":NaN}]"),
	        LINE("[{" A ",\"x\":\"\\x\"}]"),
	        LINE("[{" A ",\"x\":\"\t\"}]"),
	        LINE("[{" A ",\"x\":\"\xc3\"}]"),
	        LINE("[{" A ",\"x\":\"\\u12\"}]"),
	        LINE("[{" A ",\"x\":\"}]"),
	        LINE("[{" A ",\"x\":[1 2]}]"),
	        LINE("[{" A ",\"x\":{\"y\" 1}}]"),
	        LINE("[{" A ",\"x\":{1:2}}]"),
	        LINE("[{" A ",\"x\":[}]}]"),
	        LINE("[]") "x",
	        LINE("[]") "{}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error e1 = {0}, e2 = {0};
		if (full(r, bad[i], strlen(bad[i]), &e1) >= 0 || r->frame->rows.n)
			fail_row(i, "taken: %s", bad[i]);
		if (needed(r, bad[i], strlen(bad[i]), &e2) >= 0 || r->frame->rows.n)
			fail_row(i, "taken by the quick reader: %s", bad[i]);
		assert_string_equal(e1.what, e2.what);
		assert_true(e1.what[0]);
	}
}

static void test_odd(void **state)
{
	struct readers *r = *state;
	/* Strange, but JSON: numbers that are none are missing, caps of null are unlimited. */
	static const struct {
		const char *line;
		enum metric_state cpu, cap;
	} rows[] = {
	        {LINE("[{" A "}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"cpu\":null}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"cpu\":[1]}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"cpu\":{\"used_cores\":\"1\",\"allocated_cores\":null}}]"), METRIC_ABSENT,
	         METRIC_UNLIMITED},
	        {LINE("[{" A ",\"cpu\":{\"used_cores\":-1,\"allocated_cores\":true}}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"cpu\":{\"used_cores\":1e300,\"allocated_cores\":2E0}}]"), METRIC_ABSENT, METRIC_OK},
	        {LINE("[{" A ",\"cpu\":{\"used_cores\":0.0000001,\"allocated_cores\":1e-3}}]"), METRIC_OK, METRIC_OK},
	        {LINE("[{" A
	              ",\"cpu\":{\"allocated_cores\":null},\"unavailable\":{\"cpu.allocated_cores\":\"denied: x\"}}]"),
	         METRIC_ABSENT, METRIC_DENIED},
	        {LINE("[{\"unavailable\":{\"cpu.used_cores\":\"first: x\"},\"cpu\":{\"used_cores\":null}," A "}]"),
	         METRIC_FIRST, METRIC_ABSENT},
	        {LINE(" [ { " A " , \"cpu\" : { \"used_cores\" : 1 } } ] "), METRIC_OK, METRIC_ABSENT},
	        {LINE("[{" A ",\"x\":{\"y\":[[],{},[{\"z\":[1,2]}],\"\\u00e9\\n\",-0.5e-3,true,false,null]}}]"),
	         METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"name\":\"\\u001b[31m\\u202e\"}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"name\":\"\xc3\xa9\"}]"), METRIC_ABSENT, METRIC_ABSENT},
	        {LINE("[{" A ",\"state\":\"gone\",\"started\":\"never\",\"age_sec\":-5}]"), METRIC_ABSENT,
	         METRIC_ABSENT},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (int quick = 0; quick < 2; quick++) {
			struct error err = {0};
			if ((quick ? needed : full)(r, rows[i].line, strlen(rows[i].line), &err) < 0)
				fail_row(i, "%s: %s", rows[i].line, err.what);
			const struct row *row = &r->frame->rows.v[0];
			if (row->cpu_used_cores.st != rows[i].cpu ||
			    row->sample->cpu.allocated.amount.st != rows[i].cap)
				fail_row(i, "reader %d: %s: %s and %s", quick, rows[i].line,
				         metric_state_name(row->cpu_used_cores.st),
				         metric_state_name(row->sample->cpu.allocated.amount.st));
			for (const char *s = row->inst->name; *s; s++)
				assert_true((unsigned char)*s >= ' ');
		}
}

/* Each line of a full frame, with one byte made another: both readers take it, or neither does. */
static void test_mutations(void **state)
{
	struct readers *r = *state;
	struct film f = film_new();
	struct strbuf line = STRBUF_INIT;
	struct what w[2] = {{WHAT, .oom = 1}, {WHAT, .id = "b", .cpu_cap = -1, .keep = "x"}};
	film_frame(&f, w, 2);
	totals_fill(f.frame);
	json_frame(f.frame, &line);
	static const char with[] = "\"{}[]:,\\0-e. x\n\x80";
	uint64_t seed = 3;
	for (int i = 0; i < 6000; i++) {
		seed = seed * 6364136223846793005U + 1442695040888963407U;
		size_t at = (size_t)(seed >> 33) % line.len;
		char was = line.buf[at];
		line.buf[at] = with[(seed >> 20) % (sizeof(with) - 1)];
		int a = full(r, line.buf, line.len, NULL), b = needed(r, line.buf, line.len, NULL);
		/* Keys that became equal are jansson's to find. */
		if (a != b && !(a < 0 && b == 0 && was != line.buf[at] && strchr("abcdefghijklmnopqrstuvwxyz_", was)))
			fail_row(at, "'%c' for '%c': %d and %d", line.buf[at], was, a, b);
		line.buf[at] = was;
	}
	for (size_t n = 0; n < line.len - 2; n += 7)
		assert_true(full(r, line.buf, n, NULL) < 0 && needed(r, line.buf, n, NULL) < 0);
	strbuf_release(&line);
	film_free(&f);
}

static void test_deep(void **state)
{
	struct readers *r = *state;
	struct strbuf sb = STRBUF_INIT;
	strbuf_str(&sb, "{\"x\":");
	for (int i = 0; i < 100000; i++)
		strbuf_char(&sb, '[');
	assert_true(full(r, sb.buf, sb.len, NULL) < 0);
	assert_true(needed(r, sb.buf, sb.len, NULL) < 0);
	strbuf_release(&sb);
}

static void test_numbers(void **state)
{
	(void)state;
	static const char *const texts[] = {"0",
	                                    "-0",
	                                    "1",
	                                    "0.1",
	                                    "0.3",
	                                    "123456789012345",
	                                    "1234567890123456789",
	                                    "0.123456789012",
	                                    "2.5e-8",
	                                    "1E5",
	                                    "9007199254740993",
	                                    "0.000000000000000000000000001",
	                                    "12345.678901"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char *bytes = exact(texts[i], strlen(texts[i]));
		struct json_scan s = {bytes, bytes + strlen(texts[i]), false};
		double d;
		if (!json_scan_number(&s, &d) || memcmp(&d, &(double){strtod(texts[i], NULL)}, sizeof(d)) != 0)
			fail_row(i, "%s read as %.17g", texts[i], d);
		free(bytes);
	}
}

static void test_times(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t usec; /* -1: none */
	} rows[] = {
	        {"2026-11-23T10:00:00Z", INT64_C(1795428000000000)},
	        {"2026-11-23T10:00:00.123Z", INT64_C(1795428000123000)},
	        {"2026-11-23T10:00:00.123456789Z", INT64_C(1795428000123456)},
	        {"2026-11-23T12:30:00+02:30", INT64_C(1795428000000000)},
	        {"2026-11-23 05:00:00-05:00", INT64_C(1795428000000000)},
	        {"1970-01-01T00:00:00Z", 0},
	        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
	        {"2023-02-29T00:00:00Z", -1},
	        {"2026-13-01T00:00:00Z", -1},
	        {"2026-11-23T24:00:00Z", -1},
	        {"2026-11-23T10:00:00", -1},
	        {"2026-11-23T10:00:00.Z", -1},
	        {"2026-11-23T10:00Z", -1},
	        {"", -1},
	        {"2026-11-23T10:00:00Z ", -1},
	        {"2026-11-23T10:00:00+2:00", -1},
	        {"20261123T100000Z", -1},
	        {"1969-12-31T23:59:59Z", -1},
	        {"2026-11-23T10:00:00+24:00", -1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t usec = -1;
		char *bytes = exact(rows[i].text, strlen(rows[i].text));
		int r = parse_rfc3339(bytes, strlen(rows[i].text), &usec);
		free(bytes);
		if ((r == 0) != (rows[i].usec >= 0) || usec != rows[i].usec)
			fail_row(i, "%s: %d, %lld", rows[i].text, r, (long long)usec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_least),     cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_odd),        cmocka_unit_test(test_mutations), cmocka_unit_test(test_deep),
	        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_times),     cmocka_unit_test(test_services),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
