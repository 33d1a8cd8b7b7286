/* The host at the top: what this machine is, and for CPU and memory what is used and what was given away. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tui-internal.h"
#include "vctop/base/text.h"
#include "vctop/base/units.h"

#define LABEL_W 11 /* "CPU  used  " */
#define BAR_MAX 96
#define TEXT_MAX 256

/* One resource of the host, cores or bytes. */
struct resource {
	const char *name, *noun;
	enum field_unit unit;
	struct metric capacity, used, given, left, containers, vms, pressure, steal;
	unsigned uncapped;
};

static void resources_of(const struct frame *f, struct resource *cpu, struct resource *mem)
{
	if (!f) { /* nothing was read yet */
		const struct metric none = metric_none(METRIC_FIRST, NULL);
		*cpu = (struct resource){"CPU", " cores", UNIT_CORES, none, none, none,
		                         none,  none,     none,       none, none, 0};
		*mem = (struct resource){"MEM", "", UNIT_BYTES, none, none, none, none, none, none, none, none, 0};
		return;
	}
	const struct host_frame *h = &f->host;
	const struct totals *ct = &f->totals[INSTANCE_CONTAINER], *vt = &f->totals[INSTANCE_VM];
	*cpu = (struct resource){"CPU",
	                         " cores",
	                         UNIT_CORES,
	                         h->capacity_cores,
	                         h->used_cores,
	                         h->allocated_cores,
	                         h->unallocated_cores,
	                         ct->allocated_cores,
	                         vt->allocated_cores,
	                         h->cpu_pressure_pct,
	                         h->steal_cores,
	                         ct->unlimited_cpu + vt->unlimited_cpu};
	*mem = (struct resource){"MEM",
	                         "",
	                         UNIT_BYTES,
	                         h->capacity_bytes,
	                         h->used_bytes,
	                         h->allocated_bytes,
	                         h->unallocated_bytes,
	                         ct->allocated_bytes,
	                         vt->allocated_bytes,
	                         h->mem_pressure_pct,
	                         metric_none(METRIC_ABSENT, NULL),
	                         ct->unlimited_mem + vt->unlimited_mem};
}

static double share(struct metric m, struct metric of)
{
	return metric_is_ok(m) && metric_is_ok(of) && of.v > 0 ? m.v / of.v : 0;
}

/* The widest of the wordings that fits. */
static void draw_widest(struct canvas *c, int x, int y, int w, char text[][TEXT_MAX], unsigned n)
{
	unsigned i = 0;
	while (i + 1 < n && text_width(text[i]) > w)
		i++;
	(void)canvas_text(c, x, y, w, STYLE_NORMAL, text[i]);
}

static void say_used(const struct resource *r, struct canvas *c, int x, int y, int w)
{
	char text[3][TEXT_MAX], used[CELL_MAX], cap[CELL_MAX], pct[CELL_MAX], wait[CELL_MAX], more[96] = "";
	metric_text(r->used, r->unit, c->ascii, used, sizeof(used));
	metric_text(r->capacity, r->unit, c->ascii, cap, sizeof(cap));
	metric_text(metric_pct(r->used, r->capacity), UNIT_PERCENT, c->ascii, pct, sizeof(pct));
	int at = 0;
	if (metric_is_ok(r->pressure))
		at = snprintf(more, sizeof(more), "   tasks waited %s of the time",
		              metric_text(r->pressure, UNIT_PERCENT, c->ascii, wait, sizeof(wait)));
	if (metric_is_ok(r->steal) && r->steal.v >= 0.005 && at >= 0)
		(void)snprintf(more + at, sizeof(more) - (size_t)at, "   stolen %s",
		               metric_text(r->steal, UNIT_CORES, c->ascii, wait, sizeof(wait)));
	(void)snprintf(text[0], sizeof(text[0]), "%s of %s%s (%s)%s", used, cap, r->noun, pct, more);
	(void)snprintf(text[1], sizeof(text[1]), "%s of %s%s (%s)", used, cap, r->noun, pct);
	(void)snprintf(text[2], sizeof(text[2]), "%s of %s", used, cap);
	draw_widest(c, x, y, w, text, 3);
}

static bool overcommitted(const struct resource *r)
{
	return share(r->given, r->capacity) > 1.0005;
}

/* What is left to give, or by how much too much was given, in a long and a short wording. */
static void make_rest(const struct resource *r, bool ascii, char full[64], char brief[64])
{
	char left[CELL_MAX];
	if (overcommitted(r)) {
		metric_text(metric_ok(r->given.v - r->capacity.v), r->unit, ascii, left, sizeof(left));
		(void)snprintf(full, 64, "overcommitted by %s", left);
		(void)snprintf(brief, 64, "over by %s", left);
		return;
	}
	metric_text(r->left, r->unit, ascii, left, sizeof(left));
	(void)snprintf(full, 64, "%s free to give", left);
	(void)snprintf(brief, 64, "%s free", left);
}

static void say_given(const struct resource *r, struct canvas *c, int x, int y, int w)
{
	char text[4][TEXT_MAX], given[CELL_MAX], ct[CELL_MAX], vm[CELL_MAX], open[32] = "", full[64], brief[64];
	metric_text(r->given, r->unit, c->ascii, given, sizeof(given));
	metric_text(r->containers, r->unit, c->ascii, ct, sizeof(ct));
	metric_text(r->vms, r->unit, c->ascii, vm, sizeof(vm));
	make_rest(r, c->ascii, full, brief);
	if (r->uncapped)
		(void)snprintf(open, sizeof(open), ", %u uncapped", r->uncapped);
	(void)snprintf(text[0], sizeof(text[0]), "%s%s (containers %s, VMs %s%s)   %s", given, r->noun, ct, vm, open,
	               full);
	(void)snprintf(text[1], sizeof(text[1]), "%s (containers %s, VMs %s), %s", given, ct, vm, brief);
	(void)snprintf(text[2], sizeof(text[2]), "%s (%s + %s), %s", given, ct, vm, brief);
	(void)snprintf(text[3], sizeof(text[3]), "%s, %s", given, brief);
	draw_widest(c, x, y, w, text, 4);
}

/* A share given to one kind: filled, with its name on it where that fits beside the bracket at `end`. */
static void draw_share(struct canvas *c, int y, int from, int to, int end, enum style style, const char *label)
{
	if (to <= from)
		return;
	uint32_t cp = style == STYLE_VM          ? (c->ascii ? '+' : 0x2592)
	              : style == STYLE_CONTAINER ? (c->ascii ? '=' : 0x2593)
	                                         : (c->ascii ? '.' : 0x2591);
	canvas_fill(c, (struct rect){from, y, to - from, 1}, style, cp);
	int w = text_width(label);
	if (from < end && end < to) {
		from = to - end > end - from ? end + 1 : from;
		to = from < end ? end : to;
	}
	if (w + 4 <= to - from)
		(void)canvas_fmt(c, from + (to - from - w - 2) / 2, y, w + 2, style, " %s ", label);
}

/*
 * Where capacity ends and how far what was given goes beyond: the bracket always closes at capacity, so both lines and
 * both resources can be compared by eye; overcommit sticks out behind it.
 */
struct scale {
	int x, w;   /* inside of the brackets */
	int beyond; /* cells behind the bracket, overcommit only */
};

static struct scale scale_of(const struct resource *r, int x, int room)
{
	struct scale s = {.x = x + 1, .w = room - 2};
	double over = share(r->given, r->capacity);
	if (!overcommitted(r))
		return s;
	s.w = (int)((room - 2) / (over < 2 ? over : 2));
	s.beyond = room - 2 - s.w;
	return s;
}

static void brackets(struct canvas *c, const struct scale *s, int y)
{
	(void)canvas_text(c, s->x - 1, y, 1, STYLE_DIM, "[");
	(void)canvas_text(c, s->x + s->w, y, 1, STYLE_DIM, "]");
}

static void draw_used(const struct resource *r, struct canvas *c, const struct scale *s, int y)
{
	struct bar b = {.used = r->used, .total = r->capacity};
	brackets(c, s, y);
	bar_draw(c, s->x, y, s->w, &b);
}

static void draw_given(const struct resource *r, struct canvas *c, const struct scale *s, int y)
{
	int end = s->x + s->w, all = end + (s->beyond ? s->beyond + 1 : 0);
	if (!metric_is_ok(r->given) || !metric_is_ok(r->capacity)) {
		brackets(c, s, y);
		(void)canvas_text(c, s->x, y, s->w, STYLE_DIM, metric_state_glyph(r->given.st, c->ascii));
		return;
	}
	int ct = s->x + (int)lround(share(r->containers, r->capacity) * s->w);
	int vm = s->x + (int)lround((share(r->containers, r->capacity) + share(r->vms, r->capacity)) * s->w);
	if (s->beyond)
		vm = all;
	ct = ct > all ? all : ct;
	draw_share(c, y, s->x, ct, end, STYLE_CONTAINER, "containers");
	draw_share(c, y, ct, vm > all ? all : vm, end, STYLE_VM, "VMs");
	draw_share(c, y, vm, end, end, STYLE_FREE, "free");
	brackets(c, s, y);
	if (s->beyond && share(r->given, r->capacity) > 2) /* drawn up to twice the capacity */
		canvas_fill(c, (struct rect){all - 1, y, 1, 1}, STYLE_CRIT, c->ascii ? '>' : 0x25B6);
}

/* One line only: use, and what was given beyond it. */
static void draw_short(const struct resource *r, struct canvas *c, struct rect area)
{
	char text[3][TEXT_MAX], used[CELL_MAX], cap[CELL_MAX], given[CELL_MAX], full[64], brief[64];
	metric_text(r->used, r->unit, c->ascii, used, sizeof(used));
	metric_text(r->capacity, r->unit, c->ascii, cap, sizeof(cap));
	metric_text(r->given, r->unit, c->ascii, given, sizeof(given));
	make_rest(r, c->ascii, full, brief);
	(void)snprintf(text[0], sizeof(text[0]), "used %s of %s%s   given %s   %s", used, cap, r->noun, given, full);
	(void)snprintf(text[1], sizeof(text[1]), "%s of %s, given %s, %s", used, cap, given, brief);
	(void)snprintf(text[2], sizeof(text[2]), "%s of %s, given %s", used, cap, given);
	int bar_w = area.w / 3 < 10 ? 10 : area.w / 3;
	(void)canvas_text(c, area.x, area.y, 3, STYLE_TITLE, r->name);
	struct scale s = {.x = area.x + 5, .w = bar_w - 2};
	struct bar b = {.used = r->used, .held = r->given, .total = r->capacity};
	brackets(c, &s, area.y);
	bar_draw(c, s.x, area.y, s.w, &b);
	draw_widest(c, area.x + 4 + bar_w + 1, area.y, area.w - 5 - bar_w, text, 3);
}

static void draw_resource(const struct resource *r, struct canvas *c, struct rect area)
{
	if (area.h < 2) {
		draw_short(r, c, area);
		return;
	}
	int words = area.w >= 118 ? 70 : area.w >= 76 ? 43 : 24;
	int room = area.w - LABEL_W - words - 1;
	room = room > BAR_MAX ? BAR_MAX : room < 8 ? 8 : room;
	struct scale s = scale_of(r, area.x + LABEL_W - 1, room);
	int x = area.x + LABEL_W + room + 1, w = area.x + area.w - x;
	(void)canvas_text(c, area.x, area.y, 3, STYLE_TITLE, r->name);
	(void)canvas_text(c, area.x + 4, area.y, 5, STYLE_DIM, "used");
	(void)canvas_text(c, area.x + 4, area.y + 1, 5, STYLE_DIM, "given");
	draw_used(r, c, &s, area.y);
	draw_given(r, c, &s, area.y + 1);
	say_used(r, c, x, area.y, w);
	say_given(r, c, x, area.y + 1, w);
}

static int draw_clock(const struct tui *t, struct canvas *c, struct rect area)
{
	char text[96];
	time_t sec = (time_t)(t->frame->snap->host.real_usec / 1000000);
	struct tm tm;
	if (!localtime_r(&sec, &tm))
		return 0;
	const char *paused = t->paused ? "PAUSED   " : "";
	char span[CELL_MAX];
	if (t->behind_usec > 0) {
		(void)snprintf(text, sizeof(text), "%s AGO   %02d:%02d:%02d",
		               units_duration(span, sizeof(span), (double)t->behind_usec / 1e6), tm.tm_hour, tm.tm_min,
		               tm.tm_sec);
		int n = text_width(text);
		(void)canvas_text(c, area.x + area.w - n, area.y, n, STYLE_WARN, text);
		return n;
	}
	if (t->replay_speed > 0)
		(void)snprintf(text, sizeof(text), "%sREPLAY x%.4g   %04d-%02d-%02d %02d:%02d:%02d", paused,
		               t->replay_speed, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		               tm.tm_sec);
	else if (t->delay_sec > 0)
		(void)snprintf(text, sizeof(text), "%severy %.3gs   %02d:%02d:%02d", paused, t->delay_sec, tm.tm_hour,
		               tm.tm_min, tm.tm_sec);
	else
		(void)snprintf(text, sizeof(text), "%s%02d:%02d:%02d", paused, tm.tm_hour, tm.tm_min, tm.tm_sec);
	int w = text_width(text);
	(void)canvas_text(c, area.x + area.w - w, area.y, w, t->paused || t->replay_speed > 0 ? STYLE_WARN : STYLE_DIM,
	                  text);
	return w;
}

/* What the machine is, the most telling first; what does not fit is left out whole. */
static void draw_machine(const struct host_sample *h, struct canvas *c, int x, int y, int end)
{
	char part[4][128], up[CELL_MAX];
	(void)snprintf(part[0], sizeof(part[0]), "%s", h->hostname ? h->hostname : "-");
	if (h->placement == PLACEMENT_METAL)
		(void)snprintf(part[1], sizeof(part[1]), "bare metal");
	else
		(void)snprintf(part[1], sizeof(part[1]), "in a %s (%s)",
		               h->placement == PLACEMENT_VM ? "VM" : "container", h->hypervisor ? h->hypervisor : "-");
	(void)snprintf(part[2], sizeof(part[2]), "up %s", units_duration(up, sizeof(up), (double)h->boot_usec / 1e6));
	(void)snprintf(part[3], sizeof(part[3]), "Linux %s   cgroups %s", h->kernel ? h->kernel : "-",
	               cgroup_layout_name(h->layout));
	for (unsigned i = 0; i < ARRAY_SIZE(part); i++) {
		if (i == 2 && h->boot_usec <= 0)
			continue; /* not known of a recording */
		if (text_width(part[i]) > end - x && i > 0)
			continue;
		x += canvas_text(c, x, y, end - x, i == 0 ? STYLE_NORMAL : STYLE_DIM, part[i]) + 3;
	}
}

void band_draw(const struct tui *t, struct canvas *c)
{
	const struct layout *l = &t->layout;
	struct resource cpu, mem;
	(void)canvas_text(c, l->title.x, l->title.y, 5, STYLE_TITLE, "vctop");
	int right = t->frame ? draw_clock(t, c, l->title) : 0, x = l->title.x + 7, end = l->title.w - right - 2;
	if (t->view != VIEW_OVERVIEW)
		x += canvas_text(c, x, l->title.y, end - x, STYLE_KEY, view_table[t->view].name) + 2;
	if (view_table[t->view].about)
		x += canvas_text(c, x, l->title.y, end - x, STYLE_TITLE, tui_hand_name(t)) + 2;
	if (t->frame)
		draw_machine(&t->frame->snap->host, c, x, l->title.y, end);
	else
		(void)canvas_text(c, x, l->title.y, end - x, STYLE_DIM,
		                  c->ascii ? "reading this host ..." : "reading this host …");
	if (!l->cpu.h)
		return;
	resources_of(t->frame, &cpu, &mem);
	draw_resource(&cpu, c, l->cpu);
	draw_resource(&mem, c, l->memory);
}
