/*
 * The field table: keys and columns are unique, every entry is whole, the JSON Schema and the table name the same
 * things, cells fit, and the order of rows is a total order with what is missing at the end.
 */
#include <jansson.h>

#include "unit.h"
#include "vctop/model/field.h"

#define SCHEMA SOURCE_DIR "/src/doc/vctop.snapshot-1.schema.json"

static void test_unique(void **state)
{
	(void)state;
	assert_true(field_count > 50);
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		assert_non_null(f->key);
		assert_ptr_equal(field_by_key(f->key), f); /* so the first of two equal keys would show */
		if (f->column)
			assert_ptr_equal(field_by_column(f->column), f);
		assert_ptr_equal(field_by_column(f->key), f); /* a column's name is never another field's key */
	}
	assert_null(field_by_key("no.such"));
	assert_null(field_by_key(""));
	assert_null(field_by_column("no-such"));
}

static void test_whole(void **state)
{
	(void)state;
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		if (!f->title || !*f->title || !f->source || !*f->source || !f->help || !*f->help || !f->get ||
		    f->width == 0)
			fail_row(i, "%s: title, source, help, get or width is missing", f->key);
		if (strlen(f->title) > (size_t)abs(f->width))
			fail_row(i, "%s: the title %s is wider than its column", f->key, f->title);
		if (f->help[strlen(f->help) - 1] != '.')
			fail_row(i, "%s: the help is a sentence", f->key);
		if ((f->kind == FIELD_METRIC) != (f->unit != UNIT_NONE))
			fail_row(i, "%s: numbers have units, texts have none", f->key);
	}
	for (enum field_unit u = UNIT_NONE; u < UNIT_MAX; u++)
		assert_non_null(field_unit_name(u));
	assert_string_equal(field_unit_name(UNIT_MAX), "");
}

/* A part of the schema, or what it refers to. */
static const json_t *meant(const json_t *root, const json_t *node)
{
	const char *ref = json_string_value(json_object_get(node, "$ref"));
	if (!ref)
		return node;
	assert_true(strncmp(ref, "#/$defs/", 8) == 0);
	return json_object_get(json_object_get(root, "$defs"), ref + 8);
}

/* The schema node of a dotted key below $defs/instance. */
static const json_t *schema_node(const json_t *root, const char *key)
{
	const json_t *defs = json_object_get(root, "$defs"), *node = json_object_get(defs, "instance");
	while (node && *key) {
		char part[64];
		size_t n = strcspn(key, ".");
		assert_true(n < sizeof(part));
		memcpy(part, key, n);
		part[n] = '\0';
		node = meant(root, json_object_get(json_object_get(node, "properties"), part));
		key += n + (key[n] == '.');
	}
	return node;
}

static bool schema_allows(const json_t *node, const char *type)
{
	const json_t *t = json_object_get(node, "type"), *values = json_object_get(node, "enum"), *v;
	size_t i;
	if (json_is_string(t))
		return strcmp(json_string_value(t), type) == 0;
	json_array_foreach(t, i, v) if (strcmp(json_string_value(v), type) == 0) return true;
	json_array_foreach(values, i, v) if (strcmp(type, json_is_null(v) ? "null" : "string") == 0) return true;
	return false;
}

static void test_in_schema(void **state)
{
	(void)state;
	json_error_t err;
	json_t *root = json_load_file(SCHEMA, JSON_REJECT_DUPLICATES, &err);
	if (!root)
		fail_row(err.line, "%s: %s", SCHEMA, err.text);
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		const json_t *node = schema_node(root, f->key);
		if (!node) {
			fail_row(i, "%s: not in the schema", f->key);
			continue;
		}
		bool number = schema_allows(node, "number") || schema_allows(node, "integer");
		bool text = schema_allows(node, "string"), flag = schema_allows(node, "boolean");
		if (f->kind == FIELD_METRIC && f->unit == UNIT_TIME ? !text : f->kind == FIELD_METRIC && !number)
			fail_row(i, "%s: a metric, but the schema does not take a number", f->key);
		if (f->kind == FIELD_METRIC && !schema_allows(node, "null"))
			fail_row(i, "%s: a metric can be missing, but the schema does not take null", f->key);
		if (f->kind == FIELD_TEXT && !text)
			fail_row(i, "%s: a text, but the schema does not take a string", f->key);
		if (f->kind == FIELD_FLAG && !flag)
			fail_row(i, "%s: a flag, but the schema does not take a boolean", f->key);
	}
	json_decref(root);
}

/* What the schema demands of an instance is in the table; what it merely allows may come later. */
static void walk_required(const json_t *root, const json_t *node, const char *prefix)
{
	const json_t *v, *properties = json_object_get(node, "properties");
	size_t i;
	json_array_foreach(json_object_get(node, "required"), i, v)
	{
		char key[128];
		(void)snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "", json_string_value(v));
		const json_t *child = meant(root, json_object_get(properties, json_string_value(v)));
		if (!child)
			fail_row(i, "%s: required but not described", key);
		else if (json_object_get(child, "properties"))
			walk_required(root, child, key);
		else if (strcmp(key, "unavailable") != 0 && !field_by_key(key))
			fail_row(i, "%s: the schema requires it, the table does not have it", key);
	}
}

static void test_schema_in_table(void **state)
{
	(void)state;
	json_t *root = json_load_file(SCHEMA, 0, NULL);
	assert_non_null(root);
	walk_required(root, schema_node(root, ""), "");
	json_decref(root);
}

struct made {
	struct instance inst;
	struct sample sample;
	struct background background;
	struct row row;
};

static struct row *make(struct made *m, struct metric cores, const char *name)
{
	*m = (struct made){.inst = {.id = name, .name = name, .runtime = "docker"}};
	m->row = (struct row){
	        .inst = &m->inst, .sample = &m->sample, .background = &m->background, .cpu_used_cores = cores};
	return &m->row;
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_order(void **state)
{
	(void)state;
	const struct field *cpu = field_by_key("cpu.used_cores"), *image = field_by_key("image");
	struct made m[7];
	const struct row *rows[] = {
	        make(&m[0], metric_ok(0), "a"),
	        make(&m[1], metric_ok(1), "b"),
	        make(&m[2], metric_ok(2.5), "c"),
	        make(&m[3], metric_none(METRIC_UNLIMITED, NULL), "d"),
	        make(&m[4], metric_none(METRIC_DENIED, "x"), "e"),
	        make(&m[5], metric_none(METRIC_FIRST, "x"), "f"),
	        make(&m[6], metric_none(METRIC_ABSENT, "x"), "g"),
	};
	m[1].inst.image = "debian:12";
	m[2].inst.image = "alpine:3";
	for (int down = 0; down < 2; down++) {
		for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
			for (size_t j = 0; j < ARRAY_SIZE(rows); j++) {
				int c = field_compare(cpu, rows[i], rows[j], down);
				assert_int_equal(sign(c), -sign(field_compare(cpu, rows[j], rows[i], down)));
				if (i < 4 && j >= 4)
					assert_true(c < 0); /* missing is last in both directions */
				if (i < 4 && j < 4)
					assert_int_equal(sign(c), down ? sign((int)j - (int)i) : sign((int)i - (int)j));
				if (i >= 4 && j >= 4)
					assert_int_equal(c, 0);
			}
		/* Transitive over every triple, for every field. */
		for (unsigned f = 0; f < field_count; f++)
			for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
				for (size_t j = 0; j < ARRAY_SIZE(rows); j++)
					for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
						const struct field *t = &field_table[f];
						if (field_compare(t, rows[i], rows[j], down) <= 0 &&
						    field_compare(t, rows[j], rows[k], down) <= 0 &&
						    field_compare(t, rows[i], rows[k], down) > 0)
							fail_row(f, "%s: no order of %zu %zu %zu", t->key, i, j, k);
					}
		assert_true(field_compare(image, rows[1], rows[0], down) < 0); /* no image: last */
		assert_int_equal(sign(field_compare(image, rows[1], rows[2], down)), down ? -1 : 1);
	}
}

/* Zero, absent, denied, unlimited and not-yet are five different cells. */
static void test_cells_apart(void **state)
{
	(void)state;
	const struct field *cpu = field_by_key("cpu.used_cores");
	static const struct {
		struct metric m;
		const char *cell, *ascii;
	} rows[] = {
	        {{.v = 0, .st = METRIC_OK}, "0.00", "0.00"},
	        {{.st = METRIC_ABSENT}, "-", "-"},
	        {{.st = METRIC_DENIED}, "?", "?"},
	        {{.st = METRIC_UNLIMITED}, "max", "max"},
	        {{.st = METRIC_FIRST}, "…", "..."},
	        {{.st = METRIC_RESET}, "…", "..."},
	        {{.v = 0.25, .st = METRIC_OK}, "0.25", "0.25"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct made m;
		char buf[64];
		const struct row *r = make(&m, rows[i].m, "a");
		assert_string_equal(field_format(cpu, r, false, buf, sizeof(buf)), rows[i].cell);
		assert_string_equal(field_format(cpu, r, true, buf, sizeof(buf)), rows[i].ascii);
	}
	/* A row of zero bytes formats in every field: nothing is dereferenced that may be NULL. */
	struct made m;
	const struct row *r = make(&m, metric_none(METRIC_ABSENT, NULL), "a");
	for (unsigned i = 0; i < field_count; i++) {
		char buf[64];
		assert_non_null(field_format(&field_table[i], r, true, buf, sizeof(buf)));
	}
}

/* A person reads "idle?" until it is sure; a script reads the state and a flag. */
static void test_provisional_word(void **state)
{
	(void)state;
	const struct field *f = field_by_key("verdict.state");
	for (enum verdict_state st = 0; st < VERDICT_STATE_MAX; st++)
		for (int provisional = 0; provisional < 2; provisional++) {
			const struct row r = {.verdict = {.state = st, .provisional = provisional}};
			char buf[32];
			const char *want = st == VERDICT_IDLE && provisional ? "idle?" : verdict_state_name(st);
			assert_string_equal(field_format(f, &r, true, buf, sizeof(buf)), want);
			assert_string_equal(field_text(f, &r), want);
			assert_string_equal(verdict_word(&r.verdict), want);
			assert_string_equal(f->get(&r).text, verdict_state_name(st));
		}
}

static void test_metrics(void **state)
{
	(void)state;
	struct metric ok = metric_ok(3), zero = metric_ok(0), none = metric_none(METRIC_DENIED, "why");
	struct metric unlimited = metric_none(METRIC_UNLIMITED, NULL), blank = {0};
	assert_false(metric_is_ok(blank)); /* nothing is measured by accident */
	assert_int_equal(blank.st, METRIC_ABSENT);
	assert_true(near(metric_add(ok, ok).v, 6));
	assert_int_equal(metric_add(ok, none).st, METRIC_DENIED);
	assert_string_equal(metric_add(none, ok).why, "why");
	assert_true(near(metric_sub_floor0(zero, ok).v, 0));
	assert_int_equal(metric_sub_floor0(unlimited, ok).st, METRIC_UNLIMITED);
	assert_true(near(metric_pct(ok, metric_ok(12)).v, 25));
	assert_false(metric_is_ok(metric_pct(ok, zero)));
	assert_non_null(metric_pct(ok, zero).why);
	assert_int_equal(metric_pct(ok, unlimited).st, METRIC_UNLIMITED);
	assert_int_equal(metric_errno(13, "x").st, METRIC_DENIED);  /* EACCES */
	assert_int_equal(metric_errno(-1, "x").st, METRIC_DENIED);  /* -EPERM */
	assert_int_equal(metric_errno(-19, "x").st, METRIC_ABSENT); /* -ENODEV */
	for (enum metric_state st = METRIC_ABSENT; st < METRIC_STATE_MAX; st++) {
		assert_string_not_equal(metric_state_name(st), "invalid");
		assert_int_equal(metric_state_glyph(st, true) == NULL, st == METRIC_OK);
	}
	assert_string_equal(metric_state_name(METRIC_STATE_MAX), "invalid");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_unique),    cmocka_unit_test(test_whole),
	        cmocka_unit_test(test_in_schema), cmocka_unit_test(test_schema_in_table),
	        cmocka_unit_test(test_order),     cmocka_unit_test(test_cells_apart),
	        cmocka_unit_test(test_metrics),   cmocka_unit_test(test_provisional_word),
	};
	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
