#include "source/vmm/qemu_opts.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "source/hex.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define KEY_MAX 128U
/* What any QEMU object nests; a hostile document gets no deeper into our stack. */
#define JSON_DEPTH 8U
#define EXACT_MAX (UINT64_C(1) << 53)

/* Up to the next single comma, "," for ",,". Returns what follows the comma, or the end. */
static const char *take_value(const char *s, struct strbuf *value)
{
	strbuf_clear(value);
	for (;;) {
		size_t n = strcspn(s, ",");
		strbuf_add(value, s, n);
		s += n;
		if (s[0] != ',' || s[1] != ',')
			return *s ? s + 1 : s;
		strbuf_char(value, ',');
		s += 2;
	}
}

static void keyval_each(const char *s, const char *implied, qemu_opt_visit visit, void *data)
{
	cleanup_strbuf struct strbuf value = STRBUF_INIT;
	char key[KEY_MAX];
	for (bool first = true; *s; first = false) {
		size_t n = strcspn(s, "=,");
		if (first && implied && s[n] != '=') {
			s = take_value(s, &value);
			visit(data, implied, value.buf);
			continue;
		}
		size_t kept = n < KEY_MAX ? n : 0; /* no key we know is that long */
		memcpy(key, s, kept);
		key[kept] = '\0';
		bool flag = s[n] != '=';
		s = take_value(s + n + !flag, &value);
		if (kept)
			visit(data, key, flag ? "on" : value.buf);
	}
}

static void json_scalar(const json_t *j, const char *key, qemu_opt_visit visit, void *data)
{
	char number[64];
	if (json_is_string(j)) {
		visit(data, key, json_string_value(j));
	} else if (json_is_integer(j)) {
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(j));
		visit(data, key, number);
	} else if (json_is_boolean(j)) {
		visit(data, key, json_is_true(j) ? "on" : "off");
	}
}

struct json_walk {
	char path[KEY_MAX];
	qemu_opt_visit visit;
	void *data;
};

/* NOLINTNEXTLINE(misc-no-recursion): bounded by JSON_DEPTH */
static void json_each(struct json_walk *w, json_t *object, size_t at, unsigned depth)
{
	const char *key;
	json_t *j;
	json_object_foreach(object, key, j)
	{
		size_t n = strlen(key);
		if (at + n + 2 > KEY_MAX)
			continue;
		memcpy(w->path + at, key, n + 1);
		if (json_is_object(j) && depth < JSON_DEPTH) {
			memcpy(w->path + at + n, ".", 2);
			json_each(w, j, at + n + 1, depth + 1);
		} else {
			json_scalar(j, w->path, w->visit, w->data);
		}
	}
}

int qemu_opts_each(const char *text, const char *implied, qemu_opt_visit visit, void *data)
{
	if (*text != '{') {
		keyval_each(text, implied, visit, data);
		return 0;
	}
	json_t *root = json_loads(text, 0, NULL);
	struct json_walk w = {.visit = visit, .data = data};
	if (!root)
		return -EINVAL;
	json_each(&w, root, 0, 0);
	json_decref(root);
	return 0;
}

static void trim(const char **s, size_t *n)
{
	while (*n && (**s == ' ' || **s == '\t')) {
		(*s)++;
		(*n)--;
	}
	while (*n && ((*s)[*n - 1] == ' ' || (*s)[*n - 1] == '\t' || (*s)[*n - 1] == '\r'))
		(*n)--;
}

static void unquote(const char **s, size_t *n)
{
	trim(s, n);
	if (*n >= 2 && **s == '"' && (*s)[*n - 1] == '"') {
		(*s)++;
		*n -= 2;
	}
}

/* Copies at most size - 1 bytes; false when it does not fit. */
static bool copy(char *dst, size_t size, const char *s, size_t n)
{
	if (n >= size)
		return false;
	memcpy(dst, s, n);
	dst[n] = '\0';
	return true;
}

static bool ini_section(const char *s, size_t n, const struct qemu_ini_visitor *v)
{
	char group[KEY_MAX], id[KEY_MAX];
	if (n < 3 || s[n - 1] != ']')
		return false;
	s++;
	n -= 2;
	size_t name = 0;
	while (name < n && s[name] != ' ' && s[name] != '"')
		name++;
	const char *rest = s + name;
	size_t rest_n = n - name;
	unquote(&rest, &rest_n);
	if (!copy(group, sizeof(group), s, name) || !copy(id, sizeof(id), rest, rest_n))
		return false;
	v->begin(v->data, group, id);
	return true;
}

static bool ini_pair(const char *s, size_t n, struct strbuf *value, const struct qemu_ini_visitor *v)
{
	char key[KEY_MAX];
	const char *eq = memchr(s, '=', n);
	if (!eq)
		return false;
	const char *text = eq + 1;
	size_t key_n = (size_t)(eq - s), text_n = n - key_n - 1;
	trim(&s, &key_n);
	unquote(&text, &text_n);
	if (!key_n || !copy(key, sizeof(key), s, key_n))
		return false;
	strbuf_clear(value);
	strbuf_add(value, text, text_n);
	v->key(v->data, key, value->buf);
	return true;
}

unsigned qemu_ini_each(const char *buf, size_t len, const struct qemu_ini_visitor *v)
{
	cleanup_strbuf struct strbuf value = STRBUF_INIT;
	const char *cursor = buf, *line;
	size_t n;
	unsigned bad = 0;
	bool open = false;
	for (unsigned number = 1; parse_line(&cursor, buf + len, &line, &n); number++) {
		trim(&line, &n);
		if (!n || *line == '#')
			continue;
		bool good;
		if (*line == '[') {
			if (open)
				v->end(v->data);
			good = open = ini_section(line, n, v);
		} else {
			good = open && ini_pair(line, n, &value, v);
		}
		if (!good && !bad)
			bad = number;
	}
	if (open)
		v->end(v->data);
	return bad;
}

static int parse_hex(const char *s, uint64_t *ret)
{
	size_t n = strlen(s), digits = hex_digits(s, n, ret);
	if (digits && digits == n)
		return 0;
	return n && strspn(s, "0123456789abcdefABCDEF") == n ? -ERANGE : -EINVAL;
}

static bool is_hex(const char *s)
{
	return s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
}

int qemu_parse_count(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	int r = is_hex(s) ? parse_hex(s + 2, &v) : parse_u64(s, strlen(s), &v);
	if (r < 0)
		return r;
	if (v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int qemu_parse_size(const char *s, bool bare_is_mib, uint64_t *ret)
{
	size_t n = strlen(s);
	uint64_t v, unit = 1;
	int r = is_hex(s) ? parse_hex(s + 2, &v) : parse_size(s, &v);
	if (r < 0)
		return r;
	/* QEMU appends its "M" when the last character is a decimal digit, even to "1.5". */
	if (bare_is_mib && n && s[n - 1] >= '0' && s[n - 1] <= '9') {
		char text[48];
		if (is_hex(s))
			unit = UINT64_C(1) << 20;
		else if (snprintf(text, sizeof(text), "%sM", s) >= (int)sizeof(text))
			return -ERANGE;
		else if ((r = parse_size(text, &v)) < 0)
			return r;
	}
	if (v > EXACT_MAX / unit)
		return -ERANGE;
	*ret = v * unit;
	return 0;
}
