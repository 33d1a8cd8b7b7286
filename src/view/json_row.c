#include "view/json_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/base/vec.h"
#include "view/json_make.h"

/* So much of a list is kept until it is written: memory not touched before costs more than writing. */
#define PAGE_BYTES (256UL << 10)

/* The text before a value, and which value. */
struct piece {
	const char *before;
	size_t len;
	unsigned value; /* an index of field_table; then: labels, unavailable, the end */
};

struct json_shape {
	VEC(struct piece) pieces;
	char *text;
};

/* ---- the shape ---- */

static bool is_any(const char *key)
{
	(void)key;
	return true;
}

static bool is_verdict(const char *key)
{
	return strncmp(key, "verdict.", strlen("verdict.")) == 0;
}

/* What a control group alone can tell, and which one it is. */
static bool is_of_group(const char *key)
{
	static const char *const parts[] = {"name", "cgroup", "cpu.", "memory.", "io.", "pids"};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		size_t n = strlen(parts[i]);
		if (strncmp(key, parts[i], n) == 0 && (parts[i][n - 1] == '.' || !key[n]))
			return true;
	}
	return false;
}

/* An object with the number of each value in its place, cut at these numbers. */
static void shape_make(struct json_shape *s, bool (*has)(const char *key), size_t cut)
{
	json_t *o = json_object();
	for (unsigned i = 0; i < field_count; i++)
		if (has(field_table[i].key))
			json_put_path(o, field_table[i].key + cut, json_integer(i));
	if (has == is_any)
		json_put_path(o, "labels", json_integer(field_count));
	if (!cut)
		json_put_path(o, "unavailable", json_integer(field_count + 1));
	s->text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	const char *from = s->text, *at;
	for (at = from; *at; at++) {
		char *end;
		if (*at != ':' || at[1] < '0' || at[1] > '9')
			continue;
		unsigned value = (unsigned)strtoul(at + 1, &end, 10);
		vec_push(&s->pieces, ((struct piece){from, (size_t)(at + 1 - from), value}));
		from = end;
	}
	vec_push(&s->pieces, ((struct piece){from, (size_t)(at - from), field_count + 2}));
}

static const struct json_shape *shape_once(struct json_shape *s, bool (*has)(const char *key), size_t cut)
{
	if (!s->text)
		shape_make(s, has, cut);
	return s;
}

const struct json_shape *json_shape_rows(void)
{
	static struct json_shape s;
	return shape_once(&s, is_any, 0);
}

const struct json_shape *json_shape_services(void)
{
	static struct json_shape s;
	return shape_once(&s, is_of_group, 0);
}

const struct json_shape *json_shape_verdict(void)
{
	static struct json_shape s;
	return shape_once(&s, is_verdict, strlen("verdict."));
}

/* ---- values ---- */

static void put_escaped(struct strbuf *out, const char *s)
{
	while (*s) {
		size_t n = 0;
		while ((unsigned char)s[n] >= ' ' && s[n] != '"' && s[n] != '\\')
			n++;
		strbuf_add(out, s, n);
		s += n;
		if (*s == '"' || *s == '\\')
			strbuf_fmt(out, "\\%c", *s++);
		else if (*s)
			strbuf_fmt(out, "\\u%04X", (unsigned)(unsigned char)*s++);
	}
}

static void put_string(struct strbuf *out, const char *s)
{
	strbuf_char(out, '"');
	put_escaped(out, s);
	strbuf_char(out, '"');
}

static void put_text(struct strbuf *out, const char *s)
{
	if (s)
		put_string(out, s);
	else
		strbuf_add(out, "null", 4);
}

static void put_integer(struct strbuf *out, double v)
{
	char buf[24], *at = buf + sizeof(buf);
	uint64_t n = (uint64_t)fabs(v);
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	if (v < 0)
		*--at = '-';
	strbuf_add(out, at, (size_t)(buf + sizeof(buf) - at));
}

/* What is not plain digits is rare, and jansson's. JSON has no infinity; none is expected, and one must not lose the
 * line. */
static void put_by_jansson(struct strbuf *out, double v)
{
	char buf[64];
	json_t *value = json_make_real(v);
	size_t n = json_dumpb(value, buf, sizeof(buf), JSON_MAKE_FLAGS | JSON_ENCODE_ANY);
	strbuf_add(out, buf, n < sizeof(buf) ? n : 0);
	json_decref(value);
}

/* Below this "%.12g" writes a whole number in digits. */
#define WHOLE_MAX 1e11

static void put_real(struct strbuf *out, double v)
{
	char buf[64];
	if (v == floor(v) && fabs(v) < WHOLE_MAX && !(v == 0 && signbit(v))) {
		put_integer(out, v);
		strbuf_add(out, ".0", 2);
		return;
	}
	int n = isfinite(v) ? snprintf(buf, sizeof(buf), "%.12g", v) : 0;
	if (n > 0 && n < (int)sizeof(buf) && strspn(buf, "-0123456789.") == (size_t)n && strchr(buf, '.'))
		strbuf_add(out, buf, (size_t)n);
	else
		put_by_jansson(out, v);
}

static void put_number(struct strbuf *out, double v)
{
	if (v == floor(v) && fabs(v) < 9007199254740992.0)
		put_integer(out, v);
	else
		put_real(out, v);
}

static bool is_real(enum field_unit u)
{
	return u == UNIT_CORES || u == UNIT_PERCENT || u == UNIT_BYTES_PER_SEC || u == UNIT_SECONDS || u == UNIT_MONEY;
}

static void put_field(struct strbuf *out, const struct field *f, const struct field_value *v)
{
	char buf[64];
	if (f->kind == FIELD_TEXT)
		put_text(out, v->text);
	else if (!metric_is_ok(v->metric))
		strbuf_add(out, "null", 4);
	else if (f->kind == FIELD_FLAG)
		strbuf_str(out, v->metric.v != 0 ? "true" : "false");
	else if (f->unit == UNIT_TIME)
		put_string(out, units_rfc3339(buf, sizeof(buf), (int64_t)(v->metric.v * 1e6)));
	else if (is_real(f->unit))
		put_real(out, v->metric.v);
	else
		put_number(out, v->metric.v);
}

/* Of several with one key the last counts, in the place of the first. */
static void put_labels(struct strbuf *out, const struct instance *i)
{
	const char *comma = "";
	strbuf_char(out, '{');
	for (size_t l = 0; l < i->labels_n; l++) {
		size_t first = 0, last = l;
		while (strcmp(i->labels[first].key, i->labels[l].key) != 0)
			first++;
		if (first < l)
			continue;
		for (size_t k = l + 1; k < i->labels_n; k++)
			last = strcmp(i->labels[k].key, i->labels[l].key) == 0 ? k : last;
		strbuf_str(out, comma);
		put_string(out, i->labels[l].key);
		strbuf_char(out, ':');
		put_text(out, i->labels[last].value);
		comma = ",";
	}
	strbuf_char(out, '}');
}

/* Why a value is not there: text that outlives the list. st OK: it is there. */
struct reason {
	const char *why;
	enum metric_state st;
};

static struct reason reason_of(const struct field *f, const struct field_value *v)
{
	bool there = f->kind == FIELD_TEXT ? v->text || !v->metric.why : metric_is_ok(v->metric);
	return there ? (struct reason){NULL, METRIC_OK} : (struct reason){v->metric.why, v->metric.st};
}

/* What the row before had: of a thousand rows most lack the same for the same reasons, which is half of their text. */
struct list {
	const struct json_shape *shape;
	struct strbuf *out;
	struct reason *reasons; /* one a piece */
	size_t at, len;         /* of the text about them; len 0: none yet */
};

static void put_reasons(const struct list *l)
{
	const char *comma = "{";
	for (size_t i = 0; i < l->shape->pieces.n; i++) {
		const struct reason *r = &l->reasons[i];
		unsigned field = l->shape->pieces.v[i].value;
		if (field >= field_count || r->st == METRIC_OK)
			continue;
		strbuf_str(l->out, comma);
		put_string(l->out, field_table[field].key);
		strbuf_add(l->out, ":\"", 2);
		strbuf_str(l->out, metric_state_name(r->st));
		strbuf_add(l->out, ": ", 2);
		put_escaped(l->out, r->why ? r->why : "not read");
		strbuf_char(l->out, '"');
		comma = ",";
	}
	strbuf_str(l->out, *comma == '{' ? "{}" : "}");
}

static void put_unavailable(struct list *l, bool as_before)
{
	size_t at = l->out->len;
	if (as_before && l->len) {
		strbuf_room(l->out, l->len); /* it may move what is copied */
		strbuf_add(l->out, l->out->buf + l->at, l->len);
	} else {
		put_reasons(l);
	}
	l->len = l->out->len - at;
	l->at = at;
}

static void put_row(struct list *l, const struct row *r)
{
	bool as_before = true;
	for (size_t p = 0; p < l->shape->pieces.n; p++) {
		const struct piece *piece = &l->shape->pieces.v[p];
		strbuf_add(l->out, piece->before, piece->len);
		if (piece->value < field_count) {
			const struct field *f = &field_table[piece->value];
			const struct field_value v = f->get(r);
			const struct reason now = reason_of(f, &v), was = l->reasons[p];
			put_field(l->out, f, &v);
			as_before = as_before && now.st == was.st && text_same(now.why, was.why);
			l->reasons[p] = now;
		} else if (piece->value == field_count) {
			put_labels(l->out, r->inst);
		} else if (piece->value == field_count + 1) {
			put_unavailable(l, as_before);
		}
	}
}

static bool turn_page(struct json_page *page)
{
	if (!page->write || page->text->len < PAGE_BYTES)
		return false;
	page->failed = page->failed ? page->failed : page->write(page->data, page->text);
	strbuf_clear(page->text);
	return true;
}

void json_rows(const struct json_shape *shape, const struct row *rows, size_t n, struct json_page *page)
{
	struct list l = {.shape = shape, .out = page->text, .reasons = xcalloc(shape->pieces.n, sizeof(*l.reasons))};
	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_char(page->text, ',');
		put_row(&l, &rows[i]);
		if (turn_page(page))
			l.len = 0;
	}
	free(l.reasons);
}

void json_row(const struct json_shape *shape, const struct row *r, struct strbuf *out)
{
	json_rows(shape, r, 1, &(struct json_page){.text = out});
}
