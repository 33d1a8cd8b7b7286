/* The two lists: a title with counts and totals, column heads, a row for each instance. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

/* A piece of a title in a long and a short wording; pieces that do not fit are left out from the end. */
struct piece {
	char full[128], brief[128];
	enum style style;
};

static void totals_pieces(const struct totals *s, bool ascii, struct piece p[5])
{
	char a[CELL_MAX], b[CELL_MAX];
	const char *least = ascii ? ">=" : "≥";
	int stopped = s->stopped ? snprintf(p[0].brief, sizeof(p[0].brief), ", %u stopped", s->stopped) : 0;
	(void)snprintf(p[0].full, sizeof(p[0].full), "%u running%.*s", s->running, stopped, p[0].brief);
	(void)snprintf(p[0].brief, sizeof(p[0].brief), "%u+%u", s->running, s->stopped);
	metric_text(s->allocated_cores, UNIT_CORES, ascii, a, sizeof(a));
	metric_text(s->allocated_bytes, UNIT_BYTES, ascii, b, sizeof(b));
	(void)snprintf(p[1].full, sizeof(p[1].full), "given %s cores %s", a, b);
	(void)snprintf(p[1].brief, sizeof(p[1].brief), "given %s %s", a, b);
	metric_text(s->used_cores, UNIT_CORES, ascii, a, sizeof(a));
	metric_text(s->used_bytes, UNIT_BYTES, ascii, b, sizeof(b));
	/* What could not be measured is missing from the sum: then the sum is a lower bound. */
	const char *lc = s->unmeasured_cpu ? least : "", *lm = s->unmeasured_mem ? least : "";
	(void)snprintf(p[2].full, sizeof(p[2].full), "used %s%s cores %s%s", lc, a, lm, b);
	(void)snprintf(p[2].brief, sizeof(p[2].brief), "used %s%s %s%s", lc, a, lm, b);
	metric_text(s->slack_cores, UNIT_CORES, ascii, a, sizeof(a));
	metric_text(s->slack_bytes, UNIT_BYTES, ascii, b, sizeof(b));
	(void)snprintf(p[3].full, sizeof(p[3].full), "slack %s cores %s", a, b);
	(void)snprintf(p[3].brief, sizeof(p[3].brief), "slack %s %s", a, b);
	unsigned open = s->unlimited_cpu > s->unlimited_mem ? s->unlimited_cpu : s->unlimited_mem;
	p[4].full[0] = p[4].brief[0] = '\0';
	if (open) {
		(void)snprintf(p[4].full, sizeof(p[4].full), "%u without a cap", open);
		(void)snprintf(p[4].brief, sizeof(p[4].brief), "%u uncapped", open);
	}
}

static int title_width(const struct piece *p, unsigned n, bool brief)
{
	int w = 0;
	for (unsigned i = 0; i < n; i++) {
		int one = text_width(brief ? p[i].brief : p[i].full);
		w += one ? one + 3 : 0;
	}
	return w;
}

static void draw_title(const struct tui *t, struct canvas *c, enum instance_kind kind)
{
	struct rect r = t->layout.list[kind];
	struct piece p[5];
	bool focused = t->focus == kind && t->pane == PANE_LISTS;
	enum style style = kind == INSTANCE_VM ? STYLE_VM : STYLE_CONTAINER;
	const char *mark = !focused ? " " : c->ascii ? ">" : "▸";
	int x = canvas_text(c, r.x, r.y, r.w, style, mark);
	x += canvas_text(c, r.x + x, r.y, r.w - x, style, tui_kind_title(kind)) + 2;
	if (!t->frame)
		return;
	totals_pieces(&t->frame->totals[kind], c->ascii, p);
	bool brief = title_width(p, ARRAY_SIZE(p), false) > r.w - x;
	for (unsigned i = 0; i < ARRAY_SIZE(p); i++) {
		const char *s = brief && i > 0 ? p[i].brief : p[i].full;
		if (*s && text_width(s) <= r.w - x)
			x += canvas_text(c, r.x + x, r.y, r.w - x, STYLE_NORMAL, s) + 3;
	}
	size_t shown = tui_count(t, kind);
	if (t->filter[0] && r.w - x > 12)
		(void)canvas_fmt(c, r.x + x, r.y, r.w - x, STYLE_WARN, "%zu match \"%s\"", shown, t->filter);
}

static void draw_heads(const struct tui *t, struct canvas *c, struct rect r, const struct columns *cols)
{
	const struct field *sort = t->sort ? t->sort : field_by_key("name");
	canvas_fill(c, (struct rect){r.x, r.y + 1, r.w, 1}, STYLE_HEAD, ' ');
	for (unsigned i = 0; i < cols->n; i++) {
		const struct column *col = &cols->v[i];
		if (col->kind != COLUMN_FIELD)
			continue;
		const char *title = col->field->title;
		int w = text_width(title), x = r.x + col->x;
		bool left = col->field->width < 0;
		x += left || w >= col->w ? 0 : col->w - w;
		int drawn = canvas_text(c, x, r.y + 1, col->w, STYLE_HEAD, title);
		if (col->field != sort)
			continue;
		/* The mark stands in the gap beside the title, so that no title is cut for it. */
		uint32_t mark = t->down ? (c->ascii ? 'v' : 0x25BC) : (c->ascii ? '^' : 0x25B2);
		canvas_fill(c, (struct rect){left ? x + drawn : x - 1, r.y + 1, 1, 1}, STYLE_HEAD, mark);
	}
}

static enum style verdict_style(const struct row *r)
{
	switch (r->verdict.state) {
	case VERDICT_RIGHT_SIZED:
		return STYLE_GOOD;
	case VERDICT_IDLE:
	case VERDICT_OVERSIZED:
		return STYLE_WARN;
	case VERDICT_PRESSURED:
		return STYLE_CRIT;
	case VERDICT_UNLIMITED:
		return STYLE_NORMAL;
	case VERDICT_UNKNOWN:
	case VERDICT_LEARNING:
	case VERDICT_PARKED:
	case VERDICT_STATE_MAX:
		break;
	}
	return STYLE_DIM;
}

static enum style field_style(const struct field *f, const struct row *r)
{
	if (r->inst->state == INSTANCE_STOPPED)
		return STYLE_DIM;
	if (strcmp(f->key, "verdict.state") == 0)
		return verdict_style(r);
	if (f->kind == FIELD_METRIC)
		return metric_is_ok(f->get(r).metric) ? STYLE_NORMAL : STYLE_DIM;
	return strncmp(f->key, "verdict.", 8) == 0 || strcmp(f->key, "runtime") == 0 ? STYLE_DIM : STYLE_NORMAL;
}

static void draw_field(struct canvas *c, int x, int y, int w, const struct field *f, const struct row *r)
{
	char buf[CELL_MAX];
	/* Text as it is: a copy through a small buffer could end in half a character. */
	const char *s = f->kind == FIELD_TEXT ? f->get(r).text : NULL;
	if (!s)
		s = field_format(f, r, c->ascii, buf, sizeof(buf));
	if (strcmp(f->key, "verdict.now") == 0 && !f->get(r).text)
		s = "";
	int width = text_width(s);
	int pad = f->width > 0 && width < w ? w - width : 0;
	int drawn = canvas_text(c, x + pad, y, w - pad, field_style(f, r), s);
	if (strcmp(f->key, "name") == 0 && r->inst->state == INSTANCE_PAUSED)
		(void)canvas_text(c, x + drawn, y, w - drawn, STYLE_DIM, " (paused)");
}

static void draw_bar(const struct tui *t, struct canvas *c, int x, int y, const struct column *col, const struct row *r)
{
	const struct host_frame *h = &t->frame->host;
	const struct sample *s = r->sample;
	struct bar cpu = {.used = r->cpu_used_cores, .total = s->cpu.allocated.amount, .scale = h->capacity_cores.v};
	struct bar mem = {.used = s->mem.used_bytes, .held = s->mem.held_bytes, .total = s->mem.allocated.amount,
			  .scale = h->capacity_bytes.v};
	bar_draw(c, x, y, col->w, col->kind == COLUMN_CPU_BAR ? &cpu : &mem);
}

/* A stopped instance uses nothing; what it still costs is said where its numbers would be. */
static void draw_stopped(struct canvas *c, int x, int y, int w, const struct row *r)
{
	char disk[CELL_MAX];
	const struct field *f = field_by_key("disk.writable_bytes");
	if (metric_is_ok(f->get(r).metric))
		(void)canvas_fmt(c, x, y, w, STYLE_DIM, "stopped, still holds %s of disk",
				 field_format(f, r, c->ascii, disk, sizeof(disk)));
	else
		(void)canvas_fmt(c, x, y, w, STYLE_DIM, "stopped, disk %s",
				 field_format(f, r, c->ascii, disk, sizeof(disk)));
}

static void draw_row(const struct tui *t, struct canvas *c, struct rect line, const struct columns *cols,
		     const struct row *r)
{
	bool stopped = r->inst->state == INSTANCE_STOPPED;
	int from = 0, to = line.w;
	for (unsigned i = 0; i < cols->n; i++) {
		const struct column *col = &cols->v[i];
		bool text = col->kind == COLUMN_FIELD && col->field->kind == FIELD_TEXT;
		if (stopped && !text) {
			from = from ? from : col->x;
			continue;
		}
		if (stopped && from && to == line.w)
			to = col->x - 1;
		if (col->kind == COLUMN_FIELD)
			draw_field(c, line.x + col->x, line.y, col->w, col->field, r);
		else
			draw_bar(t, c, line.x + col->x, line.y, col, r);
	}
	if (stopped)
		draw_stopped(c, line.x + from, line.y, to - from, r);
}

/* Bars keep their shades under the cursor; all else takes its style. */
static void highlight(struct canvas *c, struct rect line)
{
	for (int x = line.x; x < line.x + line.w && x < c->columns; x++) {
		struct cell *cell = &c->cells[(size_t)line.y * (size_t)c->columns + (size_t)x];
		if (cell->style != STYLE_USED && cell->style != STYLE_HELD && cell->style != STYLE_FREE)
			cell->style = STYLE_SELECTED;
	}
}

static void draw_empty(const struct tui *t, struct canvas *c, struct rect r, enum instance_kind kind)
{
	const char *what = kind == INSTANCE_VM ? "VM" : "container";
	if (r.h < 2)
		return;
	if (!t->frame)
		(void)canvas_text(c, r.x + 1, r.y + 1, r.w - 1, STYLE_DIM, "Taking the first reading.");
	else if (t->filter[0])
		(void)canvas_fmt(c, r.x + 1, r.y + 1, r.w - 1, STYLE_DIM, "No %s matches \"%s\". Press Esc to show all.", what,
				 t->filter);
	else
		(void)canvas_fmt(c, r.x + 1, r.y + 1, r.w - 1, STYLE_DIM,
				 "No %s is running. Press x to start a sample pair.", what);
}

void list_draw(struct tui *t, struct canvas *c, enum instance_kind kind)
{
	struct rect r = t->layout.list[kind];
	size_t n = tui_count(t, kind);
	struct columns cols;
	if (r.h < 1)
		return;
	draw_title(t, c, kind);
	if (!n) {
		draw_empty(t, c, r, kind);
		return;
	}
	if (r.h < 3)
		return;
	columns_fit(r.w, &cols);
	draw_heads(t, c, r, &cols);
	size_t h = (size_t)r.h - 2, *top = &t->top[kind], cur = t->cursor[kind];
	if (cur < *top)
		*top = cur;
	if (cur >= *top + h)
		*top = cur - h + 1;
	if (*top + h > n)
		*top = n > h ? n - h : 0;
	for (size_t i = 0; i < h && *top + i < n; i++) {
		struct rect line = {r.x, r.y + 2 + (int)i, r.w, 1};
		draw_row(t, c, line, &cols, tui_row(t, kind, *top + i));
		if (*top + i == cur && t->focus == kind)
			highlight(c, line);
	}
	if (t->focus == kind)
		t->page = h > 1 ? (int)h - 1 : 1;
}
