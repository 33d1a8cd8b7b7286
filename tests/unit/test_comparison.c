/*
 * A comparison made by hand in every form: JSON comes back as it was, tables keep to their width, an emulator's speed
 * is labelled wherever it stands, hostile text is text.
 */
#include <errno.h>

#include "unit.h"
#include "vctop/base/text.h"
#include "vctop/source/comparison_json.h"
#include "vctop/view/views.h"

#define MIB 1048576.0

static struct spread some(double v)
{
	double values[] = {v * 1.02, v, v * 0.98};
	return spread_of(values, ARRAY_SIZE(values), NULL);
}

static struct subject *add(struct comparison *c, const char *id, const char *kind)
{
	struct subject s = {.id = xstrdup(id), .title = xasprintf("%s, for a test", kind), .kind = xstrdup(kind)};
	for (int f = 0; f < FIGURE_MAX; f++)
		s.value[f] = some(figure_table[f].unit == UNIT_BYTES ? (f + 1) * MIB : 0.001 * (f + 1));
	vec_push(&c->subjects, s);
	return &c->subjects.v[c->subjects.n - 1];
}

static void add_phase(struct subject *s, const char *name, double sec)
{
	struct comparison_phase p = {xstrdup(name), some(sec)};
	vec_push(&s->phases, p);
}

static void add_fact(struct subject *s, const char *key, const char *value)
{
	struct comparison_fact f = {xstrdup(key), xstrdup(value)};
	vec_push(&s->facts, f);
}

/* A process, a container that lacks something, an emulated VM, one that is not there. */
static struct comparison by_hand(void)
{
	struct comparison c = {.time_usec = 1795341600123000,
	                       .hostname = xstrdup("lab1"),
	                       .kernel = xstrdup("6.1"),
	                       .capacity_cores = 2,
	                       .capacity_bytes = (uint64_t)8 << 30,
	                       .cpus = 0.5,
	                       .memory = (uint64_t)256 << 20,
	                       .load_bytes = (uint64_t)192 << 20,
	                       .runs = 3,
	                       .interrupted = true};
	struct subject *s = add(&c, "process", "process");
	add_phase(s, "fork and exec", 0.001);
	add_fact(s, "kernel", "6.1");
	s = add(&c, "podman", "container");
	s->value[FIGURE_SNAPSHOT] = spread_of(NULL, 0, "no criu");
	s->value[FIGURE_IDLE_VMM].median = metric_none(METRIC_DENIED, s->why[FIGURE_IDLE_VMM] = xstrdup("smaps of 7"));
	add_phase(s, "runtime", 0.1);
	add_phase(s, "workload", 0.002);
	add_fact(s, "kernel", "6.1");
	s = add(&c, "qemu", "vm");
	s->emulated = true;
	s->remark = xstrdup("no /dev/kvm");
	add_phase(s, "VMM", 0.1);
	add_phase(s, "guest kernel", 3);
	add_phase(s, "workload", 0.03);
	add_fact(s, "kernel", "5.10");
	add_fact(s, "pid", "1");
	vec_push(&s->commands, xstrdup("qemu-system-x86_64 -kernel 'a b' | tee"));
	s = add(&c, "firecracker", "vm");
	s->skipped = xstrdup("not installed");
	for (int f = 0; f < FIGURE_MAX; f++)
		s->value[f] = spread_of(NULL, 0, NULL);
	return c;
}

static void test_spread(void **state)
{
	(void)state;
	static const struct {
		double v[4];
		size_t n;
		double median, min, max;
	} rows[] = {{{5}, 1, 5, 5, 5}, {{4, 2}, 2, 3, 2, 4}, {{9, 1, 2}, 3, 2, 1, 9}, {{8, 1, 3, 2}, 4, 2.5, 1, 8}};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double v[4];
		memcpy(v, rows[i].v, sizeof(v));
		struct spread s = spread_of(v, rows[i].n, NULL);
		if (!near(s.median.v, rows[i].median) || !near(s.min.v, rows[i].min) || !near(s.max.v, rows[i].max) ||
		    s.runs != rows[i].n)
			fail_row(i, "median %g of %g to %g", s.median.v, s.min.v, s.max.v);
	}
	struct spread none = spread_of(NULL, 0, "why");
	assert_false(metric_is_ok(none.median) || metric_is_ok(none.min) || metric_is_ok(none.max));
	assert_string_equal(none.median.why, "why");
}

static void test_figures(void **state)
{
	(void)state;
	for (int f = 0; f < FIGURE_MAX; f++) {
		const struct figure_info *i = &figure_table[f];
		if (!i->key || !strchr(i->key, '.') || !i->title || !i->group || !i->method)
			fail_row(f, "incomplete");
		if (!i->anchor != !i->anchor_source)
			fail_row(f, "%s: an anchor has a source", i->key);
		if (figure_is_part((enum figure)f) && (f == 0 || strcmp(i->group, figure_table[f - 1].group) != 0))
			fail_row(f, "%s: a part of nothing", i->key);
		for (int g = 0; g < f; g++) {
			size_t n = strlen(figure_table[g].key);
			if (strncmp(i->key, figure_table[g].key, n) == 0 && (!i->key[n] || i->key[n] == '.'))
				fail_row(f, "%s lies on the path of another", i->key);
		}
	}
	assert_string_equal(figure_title(FIGURE_IDLE_VMM), "VMM");
}

static int parse(const char *text, size_t len, struct comparison *ret, struct error *err)
{
	char *bytes = exact(text, len);
	int r = comparison_parse(bytes, len, ret, err);
	free(bytes);
	return r;
}

static void test_there_and_back(void **state)
{
	(void)state;
	struct comparison c = by_hand(), back;
	struct error err = {0};
	cleanup_strbuf struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;
	comparison_json(&c, &first);
	assert_int_equal(parse(first.buf, first.len, &back, &err), 0);
	comparison_json(&back, &second);
	assert_string_equal(first.buf, second.buf);
	assert_int_equal(back.subjects.n, 4);
	const struct subject *s = &back.subjects.v[1];
	assert_int_equal(s->value[FIGURE_IDLE_VMM].median.st, METRIC_DENIED);
	assert_string_equal(s->value[FIGURE_IDLE_VMM].median.why, "smaps of 7");
	assert_true(near(s->value[FIGURE_START].median.v, 0.001) && s->value[FIGURE_START].runs == 3);
	assert_true(back.interrupted && back.subjects.v[2].emulated && near(back.cpus, 0.5));
	for (size_t n = 0; n < first.len - 1; n++) { /* cut anywhere */
		struct comparison cut;
		assert_true(parse(first.buf, n, &cut, &err) < 0);
		assert_int_equal(cut.subjects.n, 0);
	}
	comparison_release(&c);
	comparison_release(&back);
}

#define HEAD "{\"schema\":\"vctop.compare/1\",\"time\":\"2026-11-23T10:00:00.000Z\",\"subjects\":"

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
		int r;
	} rows[] = {
	        {"", "no JSON", -EINVAL},
	        {"[]", "not vctop.compare/1", -EPROTO},
	        {"{\"schema\":\"vctop.snapshot/1\"}", "but vctop.snapshot/1", -EPROTO},
	        {"{\"schema\":\"vctop.compare/1\",\"subjects\":[]}", "no time", -EINVAL},
	        {"{\"schema\":\"vctop.compare/1\",\"time\":7,\"subjects\":[]}", "no time", -EINVAL},
	        {HEAD "{}}", "no list of subjects", -EINVAL},
	        {HEAD "[7]}", "without id", -EINVAL},
	        {HEAD "[{\"id\":\"\",\"kind\":\"vm\"}]}", "without id", -EINVAL},
	        {HEAD "[{\"id\":\"a\"}]}", "a: its kind", -EINVAL},
	        {HEAD "[{\"id\":\"a\\u001b[2J\",\"kind\":\"pod\"}]}", "a?[2J: its kind", -EINVAL},
	        {HEAD "[{\"id\":\"a\",\"kind\":\"vm\"},{\"id\":\"a\",\"kind\":\"vm\"}]}", "two subjects", -EINVAL},
	        {HEAD "[],\"subjects\":[]}", "no JSON", -EINVAL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct comparison c;
		struct error err = {0};
		int r = parse(rows[i].text, strlen(rows[i].text), &c, &err);
		if (r != rows[i].r || !strstr(err.what, rows[i].why) || c.subjects.n)
			fail_row(i, "%d, %s", r, err.what);
	}
	cleanup_strbuf struct strbuf many = STRBUF_INIT;
	struct comparison c;
	struct error err = {0};
	strbuf_str(&many, HEAD "[");
	for (int i = 0; i < 65; i++)
		strbuf_fmt(&many, "%s{\"id\":\"s%d\",\"kind\":\"vm\"}", i ? "," : "", i);
	strbuf_str(&many, "]}");
	assert_int_equal(parse(many.buf, many.len, &c, &err), -EINVAL);
	assert_int_equal(comparison_parse(many.buf, COMPARISON_BYTES_MAX + 1, &c, &err), -E2BIG);
}

/* What is strange about one figure costs that figure. */
static void test_strange_numbers(void **state)
{
	(void)state;
	static const char *const values[] = {"7",
	                                     "[]",
	                                     "{}",
	                                     "{\"median\":1}",
	                                     "{\"median\":1,\"min\":2,\"max\":3}",
	                                     "{\"median\":-1,\"min\":-2,\"max\":0}",
	                                     "{\"median\":1e300,\"min\":0,\"max\":1e300}",
	                                     "{\"median\":\"1\",\"min\":0,\"max\":2}",
	                                     "{\"median\":1,\"min\":0,\"max\":0.5}",
	                                     "{\"median\":1,\"min\":null,\"max\":2}"};
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		cleanup_free char *text = xasprintf(
		        HEAD "[{\"id\":\"a\",\"kind\":\"vm\",\"stop\":{\"total_sec\":%s},\"start\":{\"total_sec\":"
		             "{\"median\":1,\"min\":1,\"max\":1,\"runs\":1},\"phases\":[7,{\"median\":1}]},"
		             "\"facts\":{\"a\":7,\"b\":\"c\"},\"commands\":{}}]}",
		        values[i]);
		struct comparison c;
		struct error err = {0};
		assert_int_equal(parse(text, strlen(text), &c, &err), 0);
		const struct spread *stop = &c.subjects.v[0].value[FIGURE_STOP];
		if (metric_is_ok(stop->median) || metric_is_ok(stop->min) || metric_is_ok(stop->max) ||
		    !stop->median.why)
			fail_row(i, "%s was taken", values[i]);
		assert_true(metric_is_ok(c.subjects.v[0].value[FIGURE_START].median));
		assert_int_equal(c.subjects.v[0].phases.n, 0);
		assert_int_equal(c.subjects.v[0].facts.n, 1);
		comparison_release(&c);
	}
}

typedef void (*each_line)(const char *line, void *data);

static void lines(const struct strbuf *sb, each_line fn, void *data)
{
	for (const char *p = sb->buf; *p;) {
		size_t n = strcspn(p, "\n");
		cleanup_free char *line = xstrndup(p, n);
		fn(line, data);
		p += n + (p[n] == '\n');
	}
}

static void must_fit(const char *line, void *columns)
{
	if (text_width(line) > *(int *)columns)
		fail_row(*(int *)columns, "too wide: %s", line);
	for (const char *p = line; *p; p++)
		assert_true(*p >= ' ' && (unsigned char)*p < 0x7f);
}

static void test_table_fits(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	for (int columns = 72; columns <= 220; columns++) {
		struct comparison_view v = {.columns = columns, .ascii = true, .anchors = columns % 2};
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		comparison_plain(&c, &v, &out);
		lines(&out, must_fit, &columns);
	}
	comparison_release(&c);
}

static void test_colour_is_no_text(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	struct comparison_view v = {.columns = 100};
	cleanup_strbuf struct strbuf plain = STRBUF_INIT, colored = STRBUF_INIT, stripped = STRBUF_INIT;
	comparison_plain(&c, &v, &plain);
	v.color = true;
	comparison_plain(&c, &v, &colored);
	for (const char *p = colored.buf; *p; p++) {
		if (*p == '\033')
			p = strchr(p, 'm');
		else
			strbuf_char(&stripped, *p);
	}
	assert_null(strchr(plain.buf, '\033'));
	assert_true(colored.len > plain.len);
	assert_string_equal(stripped.buf, plain.buf);
	comparison_release(&c);
}

/* Every line of a speed says TCG, and none relates it to the process. */
static void must_label(const char *line, void *data)
{
	static const char *const speeds[] = {"launch to first", "stop ",          "CPU work",
	                                     "system call",     "context switch", "  guest kernel  "};
	unsigned *seen = data;
	for (size_t i = 0; i < ARRAY_SIZE(speeds); i++)
		if (strncmp(line, speeds[i], strlen(speeds[i])) == 0 && line[strlen(line) - 1] != ']') {
			(*seen)++;
			if (!strstr(line, " TCG"))
				fail_row(i, "no label: %s", line);
		}
}

static void test_emulation_is_labelled(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	struct comparison_view v = {.columns = 200, .ascii = true};
	unsigned seen = 0;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	comparison_plain(&c, &v, &out);
	lines(&out, must_label, &seen);
	assert_int_equal(seen, 6);
	assert_non_null(strstr(out.buf, "emulated (TCG)"));
	strbuf_clear(&out);
	c.subjects.v[2].emulated = false;
	comparison_plain(&c, &v, &out);
	assert_null(strstr(out.buf, "TCG"));
	assert_null(strstr(out.buf, "emulated"));
	comparison_release(&c);
}

static void test_missing_is_told(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	struct comparison_view v = {.columns = 200, .ascii = true};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	comparison_plain(&c, &v, &out);
	assert_non_null(strstr(out.buf, "? [1]"));
	assert_non_null(strstr(out.buf, "[1]: smaps of 7"));
	assert_non_null(strstr(out.buf, "- [2]"));
	assert_non_null(strstr(out.buf, "[2]: no criu"));
	assert_non_null(strstr(out.buf, "firecracker: not installed"));
	assert_non_null(strstr(out.buf, "qemu: vm, for a test; no /dev/kvm"));
	assert_non_null(strstr(out.buf, "Interrupted"));
	comparison_release(&c);
}

static void test_phases_in_order(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	struct comparison_view v = {.columns = 200, .ascii = true};
	static const char *const order[] = {"\n  fork and exec ", "\n  runtime ", "\n  VMM ", "\n  guest kernel ",
	                                    "\n  workload "};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	comparison_plain(&c, &v, &out);
	const char *at = out.buf;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at);
	}
	comparison_release(&c);
}

/* As many cells in each row of a table as in its first. */
static void must_be_table(const char *line, void *data)
{
	int *width = data, bars = 0;
	if (line[0] != '|') {
		*width = 0;
		return;
	}
	for (const char *p = line; *p; p++) {
		if (*p == '\\')
			p++;
		else
			bars += *p == '|';
	}
	if (*width && bars != *width)
		fail_row(bars, "not %d: %s", *width, line);
	*width = bars;
}

static void test_markdown(void **state)
{
	(void)state;
	for (int anchors = 0; anchors < 2; anchors++) {
		struct comparison c = by_hand();
		struct comparison_view v = {.anchors = anchors};
		int width = 0;
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		free(c.subjects.v[1].facts.v[0].value);
		c.subjects.v[1].facts.v[0].value = xstrdup("a|b\\ *c* `d` [e](f) <g>");
		comparison_markdown(&c, &v, &out);
		lines(&out, must_be_table, &width);
		assert_non_null(strstr(out.buf, "a\\|b\\\\ \\*c\\* \\`d\\` \\[e\\](f) \\<g\\>"));
		assert_non_null(strstr(out.buf, "**emulated (TCG)**"));
		comparison_release(&c);
	}
}

static void test_html(void **state)
{
	(void)state;
	struct comparison c = by_hand();
	struct comparison_view v = {.anchors = true};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	static const char bad[] = "</title><script>alert(\"1\" + '2') & more</script>";
	char **const texts[] = {&c.hostname,
	                        &c.kernel,
	                        &c.subjects.v[0].id,
	                        &c.subjects.v[1].title,
	                        &c.subjects.v[2].remark,
	                        &c.subjects.v[3].skipped,
	                        &c.subjects.v[0].phases.v[0].name,
	                        &c.subjects.v[0].facts.v[0].key,
	                        &c.subjects.v[1].facts.v[0].value,
	                        &c.subjects.v[2].commands.v[0]};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		free(*texts[i]);
		*texts[i] = xstrdup(bad);
	}
	c.subjects.v[1].value[FIGURE_STOP] = spread_of(NULL, 0, bad);
	comparison_html(&c, &v, &out);
	assert_null(strstr(out.buf, "<script"));
	assert_null(strstr(out.buf, "alert(\""));
	unsigned n = 0;
	for (const char *p = out.buf; (p = strstr(p, "&lt;script&gt;alert(&quot;1&quot; + &#39;2&#39;) &amp; more"));
	     p++)
		n++;
	assert_true(n >= ARRAY_SIZE(texts) + 1);
	assert_null(strstr(out.buf, "src="));
	assert_null(strstr(out.buf, "http://"));
	assert_null(strstr(out.buf, "https://"));
	comparison_release(&c);
}

/* Nothing measured at all is a page too. */
static void test_empty(void **state)
{
	(void)state;
	struct comparison c = {0};
	struct comparison_view v = {.columns = 80, .anchors = true};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	comparison_plain(&c, &v, &out);
	comparison_json(&c, &out);
	comparison_markdown(&c, &v, &out);
	comparison_html(&c, &v, &out);
	assert_true(out.len > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_spread),
	        cmocka_unit_test(test_figures),
	        cmocka_unit_test(test_there_and_back),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_strange_numbers),
	        cmocka_unit_test(test_table_fits),
	        cmocka_unit_test(test_colour_is_no_text),
	        cmocka_unit_test(test_emulation_is_labelled),
	        cmocka_unit_test(test_missing_is_told),
	        cmocka_unit_test(test_phases_in_order),
	        cmocka_unit_test(test_markdown),
	        cmocka_unit_test(test_html),
	        cmocka_unit_test(test_empty),
	};
	return cmocka_run_group_tests_name("comparison", tests, NULL, NULL);
}
