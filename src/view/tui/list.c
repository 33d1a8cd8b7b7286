/* A list: a title with counts and totals, column heads, a row for each instance; in the tree with its branches. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

enum { PIECE_COUNT, PIECE_GIVEN, PIECE_USED, PIECE_SLACK, PIECE_OPEN, PIECE_MAX };

/* A piece of a title, in a long and a short wording. */
struct piece {
	char full[128], brief[128];
};

static void make_pair(struct piece *p, const char *word, struct metric cores, struct metric bytes, const char *least_c,
                      const char *least_m, bool ascii)
{
	char a[CELL_MAX], b[CELL_MAX];
	metric_text(cores, UNIT_CORES, ascii, a, sizeof(a));
	metric_text(bytes, UNIT_BYTES, ascii, b, sizeof(b));
	(void)snprintf(p->full, sizeof(p->full), "%s %s%s cores %s%s", word, least_c, a, least_m, b);
	(void)snprintf(p->brief, sizeof(p->brief), "%s %s%s %s%s", word, least_c, a, least_m, b);
}

static void make_pieces(const struct totals *s, bool ascii, struct piece p[PIECE_MAX])
{
	/* What could not be measured is missing from the sum: then the sum is a lower bound. */
	const char *least = ascii ? ">=" : "≥";
	unsigned open = s->unlimited_cpu > s->unlimited_mem ? s->unlimited_cpu : s->unlimited_mem;
	memset(p, 0, PIECE_MAX * sizeof(*p));
	(void)snprintf(p[PIECE_COUNT].full, sizeof(p->full), "%u running", s->running);
	if (s->stopped)
		(void)snprintf(p[PIECE_COUNT].full, sizeof(p->full), "%u running, %u stopped", s->running, s->stopped);
	memcpy(p[PIECE_COUNT].brief, p[PIECE_COUNT].full, sizeof(p->brief));
	make_pair(&p[PIECE_GIVEN], "given", s->allocated_cores, s->allocated_bytes, "", "", ascii);
	make_pair(&p[PIECE_USED], "used", s->used_cores, s->used_bytes, s->unmeasured_cpu ? least : "",
	          s->unmeasured_mem ? least : "", ascii);
	make_pair(&p[PIECE_SLACK], "slack", s->slack_cores, s->slack_bytes, "", "", ascii);
	if (open) {
		(void)snprintf(p[PIECE_OPEN].full, sizeof(p->full), "%u without a cap", open);
		(void)snprintf(p[PIECE_OPEN].brief, sizeof(p->brief), "%u uncapped", open);
	}
}

/* Instead of the whole list's: what is given to several may be one cap, so only use is summed. */
static void make_tagged(const struct totals *s, unsigned n, bool ascii, struct piece p[PIECE_MAX])
{
	make_pieces(s, ascii, p);
	p[PIECE_GIVEN] = p[PIECE_SLACK] = p[PIECE_OPEN] = (struct piece){0};
	(void)snprintf(p[PIECE_COUNT].full, sizeof(p->full), "%u tagged", n);
	memcpy(p[PIECE_COUNT].brief, p[PIECE_COUNT].full, sizeof(p->brief));
}

/* Chooses what fits into `room`, the most telling first; what was given is also in the host band. */
static bool choose_pieces(const struct piece p[PIECE_MAX], int room, bool on[PIECE_MAX])
{
	static const int order[PIECE_MAX] = {PIECE_COUNT, PIECE_SLACK, PIECE_USED, PIECE_GIVEN, PIECE_OPEN};
	int all = 0, left = room + 3;
	for (unsigned i = 0; i < PIECE_MAX; i++)
		all += p[i].full[0] ? text_width(p[i].full) + 3 : 0;
	bool brief = all > left;
	for (unsigned i = 0; i < PIECE_MAX; i++) {
		const char *s = brief ? p[order[i]].brief : p[order[i]].full;
		int w = text_width(s) + 3;
		on[order[i]] = *s && w <= left;
		left -= on[order[i]] ? w : 0;
	}
	return brief;
}

static enum style list_style(enum list l)
{
	return l == LIST_VM ? STYLE_VM : l == LIST_CONTAINER ? STYLE_CONTAINER : STYLE_TITLE;
}

static int draw_matches(const struct tui *t, struct canvas *c, struct rect r, int x, enum list l)
{
	char part[FILTER_MAX + 8]; /* what is typed may be long; the totals are wanted too */
	(void)snprintf(part, sizeof(part), "\"%s\"", t->typed[EDIT_FILTER]);
	x += canvas_fmt(c, r.x + x, r.y, r.w - x, STYLE_WARN, "%zu match ", tui_count(t, l));
	x += canvas_text(c, r.x + x, r.y, r.w - x < 20 ? r.w - x : 20, STYLE_WARN, part);
	return x + canvas_text(c, r.x + x, r.y, r.w - x, STYLE_WARN, " of") + 1;
}

/* What stands in the title of a list that has no sums of its own. */
static void describe(const struct tui *t, struct canvas *c, enum list l, char *buf, size_t size)
{
	const struct host_frame *h = &t->frame->host;
	char a[CELL_MAX], b[CELL_MAX];
	buf[0] = '\0';
	metric_text(h->slack_cores, UNIT_CORES, c->ascii, a, sizeof(a));
	metric_text(h->slack_bytes, UNIT_BYTES, c->ascii, b, sizeof(b));
	if (l == LIST_SERVICE)
		(void)snprintf(buf, size, "%zu units, each with all below it", t->frame->services.n);
	else if (l == LIST_WASTE && metric_is_ok(h->slack_cost))
		(void)snprintf(buf, size, "%s cores %s = %.2f a month, the most first", a, b, h->slack_cost.v);
	else if (l == LIST_WASTE)
		(void)snprintf(buf, size, "%s cores %s, the most first", a, b);
}

static void draw_title(const struct tui *t, struct canvas *c, enum list l, struct rect r)
{
	struct piece p[PIECE_MAX];
	bool on[PIECE_MAX], focused = tui_list(t) == l, sums = l < (enum list)INSTANCE_KIND_MAX;
	const char *mark = !focused ? " " : c->ascii ? ">" : "▸";
	char text[128];
	int x = canvas_text(c, r.x, r.y, r.w, list_style(l), mark);
	x += canvas_text(c, r.x + x, r.y, r.w - x, list_style(l), tui_list_title(l)) + 2;
	if (!t->frame)
		(void)canvas_text(c, r.x + x, r.y, r.w - x, STYLE_DIM, metric_state_glyph(METRIC_FIRST, c->ascii));
	if (!t->frame || (sums && t->frame->totals[l].running + t->frame->totals[l].stopped == 0))
		return;
	if (t->typed[EDIT_FILTER][0])
		x = draw_matches(t, c, r, x, l);
	struct totals tagged;
	unsigned tags = tags_sum(t, l, &tagged);
	if (!sums && !tags) {
		describe(t, c, l, text, sizeof(text));
		(void)canvas_text(c, r.x + x, r.y, r.w - x, STYLE_NORMAL, text);
		return;
	}
	if (tags)
		make_tagged(&tagged, tags, c->ascii, p);
	else
		make_pieces(&t->frame->totals[l], c->ascii, p);
	bool brief = choose_pieces(p, r.w - x, on);
	for (unsigned i = 0; i < PIECE_MAX; i++)
		if (on[i])
			x += canvas_text(c, r.x + x, r.y, r.w - x, STYLE_NORMAL, brief ? p[i].brief : p[i].full) + 3;
}

static void draw_heads(struct tui *t, struct canvas *c, enum list l, struct rect r, const struct columns *cols)
{
	const struct field *sort = l == LIST_WASTE ? NULL : tui_sort_field(t);
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
		tui_spot(t, (struct spot){.area = {r.x + col->x, r.y + 1, col->w, 1},
		                          .kind = SPOT_HEAD,
		                          .field = col->field});
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
	const char *s = f->kind == FIELD_TEXT ? field_text(f, r) : NULL;
	if (!s)
		s = field_format(f, r, c->ascii, buf, sizeof(buf));
	if (strcmp(f->key, "verdict.now") == 0 && !field_text(f, r))
		s = "";
	int width = text_width(s);
	int pad = f->width > 0 && width < w ? w - width : 0;
	int drawn = canvas_text(c, x + pad, y, w - pad, field_style(f, r), s);
	if (strcmp(f->key, "name") == 0 && r->inst->state == INSTANCE_PAUSED)
		(void)canvas_text(c, x + drawn, y, w - drawn, STYLE_DIM, " (paused)");
}

/* The host's size, to measure by; 0: nobody knows it. */
static double known(struct metric m)
{
	return metric_is_ok(m) ? m.v : 0;
}

static void draw_bar(const struct tui *t, struct canvas *c, int x, int y, const struct column *col, const struct row *r)
{
	const struct host_frame *h = &t->frame->host;
	const struct sample *s = r->sample;
	struct bar cpu = {
	        .used = r->cpu_used_cores, .total = s->cpu.allocated.amount, .scale = known(h->capacity_cores)};
	struct bar mem = {.used = s->mem.used_bytes,
	                  .held = s->mem.held_bytes,
	                  .total = s->mem.allocated.amount,
	                  .scale = known(h->capacity_bytes)};
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

/* Nobody judged a group, and it has no age. */
static bool has_field(const struct branch *b, const struct field *f)
{
	return !b || !b->group || f->kind == FIELD_METRIC || strcmp(f->key, "name") == 0;
}

/* "│ ├─", and what is folded. Returns the columns drawn. */
static int draw_branch(struct canvas *c, int x, int y, int w, const struct branch *b)
{
	static const char *const utf8[] = {"│ ", "  ", "├─", "└─"}, *const plain[] = {"| ", "  ", "|-", "`-"};
	const char *const *sign = c->ascii ? plain : utf8;
	int at = 0;
	for (unsigned d = 1; d <= b->depth; d++) {
		unsigned last = b->ends >> d & 1U;
		at += canvas_text(c, x + at, y, w - at, STYLE_DIM, sign[d == b->depth ? 2 + last : last]);
	}
	if (b->folded)
		at += canvas_text(c, x + at, y, w - at, STYLE_WARN, "+");
	return at;
}

static void draw_name(struct canvas *c, int x, int y, int w, const struct row *r, const struct branch *b)
{
	const struct field *f = field_by_key("name");
	int at = draw_branch(c, x, y, w, b);
	if (!b->group) {
		draw_field(c, x + at, y, w - at, f, r);
		return;
	}
	at += canvas_text(c, x + at, y, w - at, STYLE_TITLE, r->inst->name);
	if (b->members)
		(void)canvas_fmt(c, x + at + 1, y, w - at - 1, STYLE_DIM, "(%u)", b->members);
}

static void draw_row(const struct tui *t, struct canvas *c, struct rect line, const struct columns *cols,
                     const struct row *r, const struct branch *b)
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
		if (b && i == 0)
			draw_name(c, line.x, line.y, col->w, r, b);
		else if (col->kind != COLUMN_FIELD)
			draw_bar(t, c, line.x + col->x, line.y, col, r);
		else if (has_field(b, col->field))
			draw_field(c, line.x + col->x, line.y, col->w, col->field, r);
	}
	if (stopped)
		draw_stopped(c, line.x + from, line.y, to - from, r);
}

/* In the gap beside the name, so that it shows without colours. */
static void mark_tagged(struct canvas *c, struct rect line, int w)
{
	for (int x = line.x; x < line.x + w && x < c->columns; x++)
		c->cells[(size_t)line.y * (size_t)c->columns + (size_t)x].style = STYLE_WARN;
	canvas_fill(c, (struct rect){line.x + w, line.y, 1, 1}, STYLE_WARN, c->ascii ? '*' : 0x2022);
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

static void draw_empty(const struct tui *t, struct canvas *c, struct rect r, enum list l)
{
	static const char *const whats[] = {"container", "VM", "unit of systemd", "instance", "instance"};
	const char *what = whats[l];
	if (r.h < 2)
		return;
	struct rect at = {r.x + 1, r.y + 1, r.w - 1, 1};
	if (!t->frame)
		(void)canvas_text(c, at.x, at.y, at.w, STYLE_DIM, "Taking the first reading.");
	else if (t->typed[EDIT_FILTER][0])
		(void)canvas_fmt(c, at.x, at.y, at.w, STYLE_DIM, "No %s matches \"%s\". Press Esc to show all.", what,
		                 t->typed[EDIT_FILTER]);
	else if (l == LIST_WASTE)
		(void)canvas_text(c, at.x, at.y, at.w, STYLE_DIM,
		                  "Nothing is known that could be taken back: judging an instance takes a while.");
	else if (t->replay_speed > 0 || l == LIST_SERVICE)
		(void)canvas_fmt(c, at.x, at.y, at.w, STYLE_DIM, "No %s was seen.", what);
	else
		(void)canvas_fmt(c, at.x, at.y, at.w, STYLE_DIM, "No %s is running. Press x to start a sample pair.",
		                 what);
}

void list_draw(struct tui *t, struct canvas *c, enum list l, struct rect r)
{
	size_t n = tui_count(t, l);
	struct cursor *cur = &t->cursor[l];
	struct columns cols;
	if (r.h < 1)
		return;
	draw_title(t, c, l, r);
	if (!n) {
		draw_empty(t, c, r, l);
		return;
	}
	if (r.h < 3)
		return;
	columns_fit(t, l, r.w, &cols);
	draw_heads(t, c, l, r, &cols);
	size_t h = (size_t)r.h - 2;
	if (cur->row < cur->top)
		cur->top = cur->row;
	if (cur->row >= cur->top + h)
		cur->top = cur->row - h + 1;
	if (cur->top + h > n)
		cur->top = n > h ? n - h : 0;
	for (size_t i = 0; i < h && cur->top + i < n; i++) {
		struct rect line = {r.x, r.y + 2 + (int)i, r.w, 1};
		size_t at = cur->top + i;
		draw_row(t, c, line, &cols, tui_row(t, l, at), l == LIST_TREE ? &t->sel->branches.v[at] : NULL);
		tui_spot(t, (struct spot){.area = line, .kind = SPOT_ROW, .list = l, .row = at});
		if (tags_has(t, tui_row(t, l, at)->inst->id))
			mark_tagged(c, line, cols.v[0].w);
		if (at == cur->row && tui_list(t) == l)
			highlight(c, line);
	}
	if (tui_list(t) == l)
		t->page = h > 1 ? (int)h - 1 : 1;
}
