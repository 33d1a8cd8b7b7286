/* The answer of `vctop explain`: value, state, formula, and under it each file with what stands in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/explain.h"
#include "app/past.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MAX_LINES 6   /* of one file under one field */
#define MAX_FILES 12  /* of one field: a VM may have hundreds of threads */
#define LONG_LINE 160 /* where the width is not known */
#define KEY_COLUMN 31 /* where values begin */
#define FILE_INDENT 8
#define TEXT_INDENT 18

struct page {
	struct strbuf *out;
	const struct explain *x;
	int columns; /* 0: not wrapped */
};

/* Words of s, wrapped; the first line is at column `at`, the others begin at `indent`. */
static void wrap(const struct page *p, const char *s, int at, int indent)
{
	int room = p->columns - indent;
	bool fresh = true;
	for (size_t n; *s; s += n) {
		n = strcspn(s, " ");
		cleanup_free char *word = xstrndup(s, n);
		int w = text_width(word);
		if (p->columns && !fresh && at + 1 + w > p->columns && room >= 20) {
			strbuf_fmt(p->out, "\n%*s", indent, "");
			at = indent;
			fresh = true;
		}
		strbuf_fmt(p->out, "%s%s", fresh ? "" : " ", word);
		at += w + !fresh;
		fresh = false;
		n += strspn(s + n, " ");
	}
	strbuf_char(p->out, '\n');
}

/* ---- what stands in a file ---- */

/* What a line is looked for: keys of the source, else the value itself. */
struct wanted {
	const char *source, *value;
};

static const char *find_value(const struct wanted *w, const char *line, size_t n)
{
	const char *quoted;
	if (!w->value || !*w->value)
		return NULL;
	cleanup_free char *json = xasprintf("%s\"", w->value); /* as a string of JSON rather than a part of one */
	quoted = memmem(line, n, json, strlen(json));
	return quoted ? quoted : memmem(line, n, w->value, strlen(w->value));
}

/* A long line (a JSON file is one) is shown where the value is. */
static void print_line(const struct page *p, const struct wanted *w, const char *when, const char *line, size_t n)
{
	char shown[LONG_LINE * 4 + 1];
	int room = (p->columns ? p->columns : LONG_LINE) - TEXT_INDENT;
	size_t skip = 0, most = room > 20 ? (size_t)room : 20;
	const char *at = n > most ? find_value(w, line, n) : NULL;
	if (at && (size_t)(at - line) > most / 2)
		skip = (size_t)(at - line) - most / 2;
	while (skip && skip < n && ((unsigned char)line[skip] & 0xc0) == 0x80)
		skip++;
	size_t len = n - skip < sizeof(shown) - 1 ? n - skip : sizeof(shown) - 1;
	memcpy(shown, line + skip, len);
	shown[len] = '\0';
	for (size_t i = 0; i < len; i++)
		shown[i] = shown[i] == '\t' ? ' ' : shown[i];
	(void)text_clean(shown, sizeof(shown) - 1);
	cleanup_free char *whole = xasprintf("%s%s", skip ? "..." : "", shown);
	cleanup_free char *fit = text_ellipsize(whole, (int)most, 0);
	strbuf_fmt(p->out, "%*s%-7s %s\n", TEXT_INDENT - 8, "", when, fit);
}

/* Lines with a key the source names; if there are none, those with the value; if there are none, the first. */
static void print_text(const struct page *p, const struct wanted *w, const char *when, const char *text)
{
	size_t lines = 0, n;
	for (int pass = 0; pass < 3; pass++) {
		const char *cursor = text, *end = text + strlen(text), *line;
		size_t shown = 0;
		for (lines = 0; parse_line(&cursor, end, &line, &n); lines++) {
			bool mine = pass == 0   ? explain_names_line(w->source, line, n)
			            : pass == 1 ? find_value(w, line, n) != NULL
			                        : true;
			if (mine && shown++ < MAX_LINES)
				print_line(p, w, when, line, n);
		}
		if (pass == 2 && lines > MAX_LINES)
			strbuf_fmt(p->out, "%*s(%zu lines; the first are shown)\n", TEXT_INDENT, "", lines);
		if (shown)
			return;
	}
	strbuf_fmt(p->out, "%*s%-7s (empty)\n", TEXT_INDENT - 8, "", when);
}

static void print_path(const struct page *p, const char *path)
{
	cleanup_free char *clean = text_clean(xstrdup(path), 4096);
	strbuf_fmt(p->out, "%*s/%s\n", FILE_INDENT, "", clean);
}

static void print_reading(const struct page *p, const struct wanted *w, const struct reading *r)
{
	if (r->error)
		strbuf_fmt(p->out, "%*s%s\n", TEXT_INDENT - 8, "", strerror(r->error));
	bool changed = r->text[0] && r->text[1] && strcmp(r->text[0], r->text[1]) != 0;
	if (r->text[0] && (changed || !r->text[1]))
		print_text(p, w, changed ? "before" : "read", r->text[0]);
	if (r->text[1])
		print_text(p, w, changed ? "now" : "read", r->text[1]);
}

static bool print_citations(const struct page *p, const struct wanted *w, const struct citations *all)
{
	for (size_t i = 0; all && i < all->v.n; i++) {
		const struct citation *c = &all->v.v[i];
		if (i >= MAX_FILES) {
			strbuf_fmt(p->out, "%*s... and %zu more\n", FILE_INDENT, "", all->v.n - i);
			break;
		}
		if (i == 0 || strcmp(c->path, all->v.v[i - 1].path) != 0)
			print_path(p, c->path);
		const struct reading *r = map_get(&p->x->readings, c->path);
		if (c->text)
			print_line(p, w, "read", c->text, strlen(c->text));
		else if (r)
			print_reading(p, w, r);
	}
	return all && all->v.n;
}

static bool is_cited(const struct citations *all, const char *path)
{
	for (size_t i = 0; all && i < all->v.n; i++)
		if (strcmp(all->v.v[i].path, path) == 0)
			return true;
	return false;
}

static void print_files(const struct page *p, const struct field *f, const struct wanted *w)
{
	const struct citations *cited = map_get(&p->x->citations, f->key);
	unsigned shown = 0;
	(void)print_citations(p, w, cited);
	for (size_t i = 0; i < p->x->ours.n; i++) {
		const char *path = p->x->ours.v[i];
		if (is_cited(cited, path) || !explain_names(p->x, w->source, path))
			continue;
		if (shown++ >= MAX_FILES) {
			strbuf_fmt(p->out, "%*s... and further files of the same kind\n", FILE_INDENT, "");
			return;
		}
		print_path(p, path);
		print_reading(p, w, map_get(&p->x->readings, path));
	}
}

/* ---- the fields ---- */

static void print_value(const struct page *p, const struct field *f, const struct row *r)
{
	char value[2048], line[2560];
	struct field_value v = f->get(r);
	const char *text = field_format(f, r, false, value, sizeof(value));
	if (f->kind == FIELD_METRIC && metric_is_ok(v.metric))
		(void)snprintf(line, sizeof(line), "%s  (%.12g)", text, v.metric.v);
	else if (f->kind == FIELD_TEXT ? !v.text && v.metric.why : !metric_is_ok(v.metric))
		(void)snprintf(line, sizeof(line), "%s  %s: %s", text, metric_state_name(v.metric.st),
		               v.metric.why ? v.metric.why : "no reason given");
	else
		(void)snprintf(line, sizeof(line), "%s", text);
	strbuf_fmt(p->out, "  %-28s ", f->key);
	wrap(p, line, KEY_COLUMN, KEY_COLUMN);
}

static void print_field(const struct page *p, const struct field *f, const struct row *r)
{
	bool vm = r->inst->kind == INSTANCE_VM;
	struct field_value v = f->get(r);
	cleanup_free char *source = explain_source(f->source, r->inst->kind);
	print_value(p, f, r);
	strbuf_str(p->out, "      = ");
	wrap(p, *source ? source : vm ? "containers only" : "VMs only", 8, 8);
	if (f->kind == FIELD_TEXT ? *source != '\0' : v.metric.st != METRIC_ABSENT)
		print_files(p, f, &(struct wanted){source, f->kind == FIELD_TEXT ? v.text : NULL});
}

/* What of the verdict each resource says for itself; `history` is what `vctop watch` or the dashboard kept. */
static void print_evidence(const struct page *p, const struct row *r, const struct past *past)
{
	struct arena a = {0};
	struct verdict v;
	for (enum usage_resource u = USAGE_CPU; u < USAGE_INSTANCE; u++) {
		if (!past_verdict(past, r->inst, u, &a, &v) || !v.reason)
			continue;
		strbuf_fmt(p->out, "    %-8s ", usage_resource_name(u));
		cleanup_free char *text = xasprintf("%s, rule %s, confidence %s: %s", verdict_word(&v), v.rule,
		                                    confidence_name(v.confidence), v.reason);
		wrap(p, text, 13, 13);
	}
	arena_release(&a);
}

void explain_print(const struct explain *x, const struct row *r, const struct past *past, int columns,
                   struct strbuf *out)
{
	const struct page p = {out, x, columns};
	const struct instance *i = r->inst;
	strbuf_fmt(out, "%s  %s %s, %s\n", i->name, i->runtime, instance_kind_name(i->kind),
	           instance_state_name(i->state));
	strbuf_fmt(out, "  verdict: %s, rule %s, over %s\n  ", verdict_word(&r->verdict), r->verdict.rule,
	           verdict_basis_name(r->verdict.basis));
	wrap(&p, r->verdict.reason, 2, 2);
	print_evidence(&p, r, past);
	if (i->name_from)
		strbuf_fmt(out, "  name read from %s\n", i->name_from);
	strbuf_fmt(out, "  rates are over %.3f s: (now - before) / interval\n\n", r->interval_sec);
	for (unsigned k = 0; k < field_count; k++)
		print_field(&p, &field_table[k], r);
}
