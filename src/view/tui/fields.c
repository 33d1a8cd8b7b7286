/* Everything about one instance: each field of the table with its value and source, or why it has none. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define KEY_W 29 /* "isolation.namespaces.cgroup" and a gap */
#define VALUE_W 14

/* The pane's sections: the first part of a field's key says which; keys of one part are its identity. */
static const struct {
	const char *title, *prefixes[4];
} sections[] = {
        {"Identity", {""}},
        {"CPU", {"cpu."}},
        {"Memory", {"memory."}},
        {"I/O, network, tasks", {"io.", "net.", "pids"}},
        {"Disk", {"disk."}},
        {"Isolation", {"isolation."}},
        {"Supervisor", {"supervisor."}},
        {"Verdict", {"verdict."}},
};

static bool in_section(const struct field *f, unsigned section)
{
	for (const char *const *p = sections[section].prefixes; *p; p++)
		if (**p ? strncmp(f->key, *p, strlen(*p)) == 0 : !strchr(f->key, '.') && strcmp(f->key, "pids") != 0)
			return true;
	return false;
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
		(void)snprintf(line, sizeof(line), "%s: %s (%s)", metric_state_name(m.st),
		               m.why ? m.why : "no reason given", f->source);
	page_wrap(p, SOURCE_X, ok ? STYLE_DIM : STYLE_NORMAL, line);
}

static void draw_section(struct page *p, const struct row *r, unsigned section, bool ascii)
{
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		if (!in_section(f, section))
			continue;
		if (f->kind == FIELD_TEXT)
			draw_text_field(p, f, field_text(f, r));
		else
			draw_metric_field(p, f, r, ascii);
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

void fields_tile(struct page *p, const struct tui *t)
{
	const struct row *r = tui_in_hand(t);
	bool ascii = p->canvas && p->canvas->ascii;
	if (!r) {
		page_wrap(p, 0, STYLE_WARN, "It is gone: the last reading did not find it any more.");
		return;
	}
	char line[128];
	(void)snprintf(line, sizeof(line), "%s %s, %s: %s", r->inst->runtime ? r->inst->runtime : "",
	               instance_kind_name(r->inst->kind), instance_state_name(r->inst->state),
	               verdict_word(&r->verdict));
	page_wrap(p, 0, STYLE_NORMAL, line);
	if (r->verdict.reason)
		page_wrap(p, 0, STYLE_NORMAL, r->verdict.reason);
	for (unsigned i = 0; i < ARRAY_SIZE(sections); i++) {
		page_head(p, sections[i].title);
		draw_section(p, r, i, ascii);
		if (i == 0)
			draw_origin(p, r->inst);
	}
}
