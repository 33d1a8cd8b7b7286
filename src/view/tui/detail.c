/* Everything about one instance: each field of the table with its value and source, or why it has none. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define KEY_W 27 /* "memory.pressure_some_pct" and a gap */
#define VALUE_W 14

static const struct row *find_row(const struct tui *t)
{
	for (size_t i = 0; t->frame && i < t->frame->rows.n; i++)
		if (strcmp(t->frame->rows.v[i].inst->id, t->detail_id.buf) == 0)
			return &t->frame->rows.v[i];
	return NULL;
}

static bool in_group(const struct field *f, unsigned group)
{
	static const char *const prefix[] = {"", "cpu.", "memory.", "io.", "verdict."};
	bool io = strncmp(f->key, "net.", 4) == 0 || strncmp(f->key, "disk.", 5) == 0 || strcmp(f->key, "pids") == 0;
	if (group == 3)
		return io || strncmp(f->key, prefix[3], 3) == 0;
	if (group == 0)
		return !strchr(f->key, '.') && !io;
	return strncmp(f->key, prefix[group], strlen(prefix[group])) == 0;
}

#define SOURCE_X (KEY_W + VALUE_W + 2)

/* Text too long for its column goes on below it, whole: half an id is of no use. */
static void draw_text_field(struct page *p, const struct field *f, const char *text)
{
	page_at(p, 1, KEY_W - 1, STYLE_DIM, f->key);
	if (!text)
		page_at(p, KEY_W, VALUE_W, STYLE_DIM, "-");
	else if (text_width(text) <= VALUE_W)
		page_at(p, KEY_W, VALUE_W, STYLE_NORMAL, text);
	else
		page_wrap(p, KEY_W, STYLE_NORMAL, text);
	page_wrap(p, SOURCE_X, STYLE_DIM, f->source);
}

static void draw_metric_field(struct page *p, const struct field *f, const struct row *r, bool ascii)
{
	char value[CELL_MAX], line[320];
	struct metric m = f->get(r).metric;
	bool ok = metric_is_ok(m);
	page_at(p, 1, KEY_W - 1, STYLE_DIM, f->key);
	field_format(f, r, ascii, value, sizeof(value));
	(void)snprintf(line, sizeof(line), "%s%s", value, f->unit == UNIT_CORES && ok ? " cores" : "");
	/* A date is longer than any other value: its source goes below. */
	bool fits = text_width(line) <= VALUE_W;
	page_at(p, KEY_W, p->area.w, ok ? STYLE_NORMAL : STYLE_DIM, line);
	if (!fits)
		page_next(p);
	if (ok)
		(void)snprintf(line, sizeof(line), "%s", f->source);
	else
		(void)snprintf(line, sizeof(line), "%s: %s (%s)", metric_state_name(m.st), m.why ? m.why : "no reason given",
			       f->source);
	page_wrap(p, SOURCE_X, ok ? STYLE_DIM : STYLE_NORMAL, line);
}

static void draw_group(struct page *p, const struct row *r, unsigned group, bool ascii)
{
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		if (!in_group(f, group))
			continue;
		if (f->kind == FIELD_METRIC)
			draw_metric_field(p, f, r, ascii);
		else
			draw_text_field(p, f, f->kind == FIELD_FLAG ? (f->get(r).flag ? "yes" : "no") : f->get(r).text);
	}
}

static void draw_origin(struct page *p, const struct instance *inst)
{
	char line[320];
	if (inst->name_from) {
		page_at(p, 1, KEY_W - 1, STYLE_DIM, "name read from");
		page_wrap(p, KEY_W, STYLE_NORMAL, inst->name_from);
	}
	for (size_t i = 0; i < inst->labels_n; i++) {
		page_at(p, 1, KEY_W - 1, STYLE_DIM, i ? "" : "labels");
		(void)snprintf(line, sizeof(line), "%s=%s", inst->labels[i].key,
			       inst->labels[i].value ? inst->labels[i].value : "");
		page_wrap(p, KEY_W, STYLE_NORMAL, line);
	}
}

void detail_page(struct page *p, const struct tui *t)
{
	static const char *const groups[] = {"Identity", "CPU", "Memory", "Disk, network, tasks", "Verdict"};
	const struct row *r = find_row(t);
	bool ascii = p->canvas && p->canvas->ascii;
	if (!r) {
		page_wrap(p, 0, STYLE_WARN, "It is gone: the last reading did not find it any more.");
		return;
	}
	char line[128];
	(void)snprintf(line, sizeof(line), "%s %s, %s: %s", r->inst->runtime ? r->inst->runtime : "",
		       instance_kind_name(r->inst->kind), instance_state_name(r->inst->state),
		       verdict_state_name(r->verdict.state));
	page_wrap(p, 0, STYLE_NORMAL, line);
	if (r->verdict.reason)
		page_wrap(p, 0, STYLE_NORMAL, r->verdict.reason);
	for (unsigned g = 0; g < ARRAY_SIZE(groups); g++) {
		page_head(p, groups[g]);
		draw_group(p, r, g, ascii);
		if (g == 0)
			draw_origin(p, r->inst);
	}
}
