/* The plain table: what `top -b` is for scripts and pipes, and `make demo` without a terminal. */
#include <string.h>

#include "vctop/base/text.h"
#include "vctop/base/units.h"
#include "vctop/view/views.h"

/* Text columns take what they need up to this; a name longer than that is cut. */
#define MAX_WIDTH 48
#define PLAIN_MAX_COLUMNS 64

static const char *const default_columns[] = {"name",      "runtime",   "state",   "cpu-given", "cpu",
                                              "cpu-pct",   "mem-given", "mem",     "held",      "mem-pct",
                                              "slack-cpu", "slack-mem", "verdict", "now"};
#define DEFAULT_COLUMNS (sizeof(default_columns) / sizeof(default_columns[0]))

static const char *cell(struct metric m, enum field_unit unit, bool ascii, char *buf, size_t size)
{
	if (!metric_is_ok(m)) {
		(void)snprintf(buf, size, "%s", metric_state_glyph(m.st, ascii));
		return buf;
	}
	return unit == UNIT_CORES ? units_cores(buf, size, m.v) : units_bytes(buf, size, m.v);
}

static void pad(struct strbuf *out, const char *s, int width, bool gap, bool ascii)
{
	int columns = width < 0 ? -width : width;
	cleanup_free char *fit = text_ellipsize(s, columns, ascii);
	int fill = columns - text_width(fit);
	if (gap)
		strbuf_str(out, "  ");
	if (width > 0)
		strbuf_fmt(out, "%*s", fill, "");
	strbuf_str(out, fit);
	if (width < 0)
		strbuf_fmt(out, "%*s", fill, "");
}

static void end_line(struct strbuf *out)
{
	while (out->len && out->buf[out->len - 1] == ' ')
		out->buf[--out->len] = '\0';
	strbuf_char(out, '\n');
}

/* Texts take what their rows need. */
static int column_width(const struct field *f, const struct selection *sel, enum instance_kind kind, bool ascii)
{
	char buf[512];
	int width = f->width;
	for (size_t r = 0; width < 0 && r < sel->rows[kind].n; r++) {
		int w = text_width(field_format(f, sel->rows[kind].v[r], ascii, buf, sizeof(buf)));
		if (w > -width)
			width = w > MAX_WIDTH ? -MAX_WIDTH : -w;
	}
	return width;
}

/* "cpu" of "cpu.used_cores"; "" for keys without a group. */
static size_t group_of(const struct field *f)
{
	const char *dot = strchr(f->key, '.');
	return dot ? (size_t)(dot - f->key) : 0;
}

static bool same_group(const struct field *a, const struct field *b)
{
	return group_of(a) == group_of(b) && memcmp(a->key, b->key, group_of(a)) == 0;
}

/* "----- cpu -----" over `width` columns; blanks over a column without a group. */
static void rule(const struct field *f, int width, bool gap, struct strbuf *out)
{
	int name = (int)group_of(f), left = (width - name - 2) / 2;
	if (gap)
		strbuf_str(out, "  ");
	for (int i = 0; i < width; i++) {
		if (name && i == left + 1 && left > 0) {
			strbuf_add(out, f->key, (size_t)name);
			i += name - 1;
		} else {
			strbuf_char(out, name && i != left && i != left + name + 1 ? '-' : ' ');
		}
	}
}

/* Two lines: the group ("-- cpu --") over a run of columns of one group, and the columns' titles. */
static void heads(const struct field *const *columns, const int *widths, unsigned n, struct strbuf *out)
{
	for (unsigned c = 0; c < n;) {
		unsigned last = c;
		int w = widths[c] < 0 ? -widths[c] : widths[c];
		while (last + 1 < n && same_group(columns[c], columns[last + 1])) {
			last++;
			w += 2 + (widths[last] < 0 ? -widths[last] : widths[last]);
		}
		rule(columns[c], w, c > 0, out);
		c = last + 1;
	}
	end_line(out);
	for (unsigned c = 0; c < n; c++)
		pad(out, columns[c]->title, widths[c], c > 0, true);
	end_line(out);
}

static void host_line(struct strbuf *out, const char *what, enum field_unit unit, bool ascii, const struct metric m[5])
{
	char b[5][32];
	for (int i = 0; i < 5; i++)
		(void)cell(m[i], unit, ascii, b[i], sizeof(b[i]));
	strbuf_fmt(out, "%-7s capacity %6s   used %6s   given %6s (containers %s, VMs %s)\n", what, b[0], b[1], b[2],
	           b[3], b[4]);
}

static bool some(struct metric m)
{
	return metric_is_ok(m) && m.v > 0;
}

/* What could be taken back, once somebody knows. */
static void slack_line(const struct frame *f, bool ascii, struct strbuf *out)
{
	const struct host_frame *h = &f->host;
	char c[32], m[32], cold[32];
	if (!some(h->slack_cores) && !some(h->slack_bytes) && !some(h->cold_bytes) && !metric_is_ok(h->slack_cost))
		return;
	strbuf_fmt(out, "slack   cores %6s   memory %6s   held but cold %6s",
	           cell(h->slack_cores, UNIT_CORES, ascii, c, sizeof(c)),
	           cell(h->slack_bytes, UNIT_BYTES, ascii, m, sizeof(m)),
	           cell(h->cold_bytes, UNIT_BYTES, ascii, cold, sizeof(cold)));
	if (metric_is_ok(h->slack_cost))
		strbuf_fmt(out, "   = %.2f/month", h->slack_cost.v);
	strbuf_char(out, '\n');
}

static void host_part(const struct frame *f, bool ascii, struct strbuf *out)
{
	const struct host_sample *s = &f->snap->host;
	const struct host_frame *h = &f->host;
	const struct totals *c = &f->totals[INSTANCE_CONTAINER], *v = &f->totals[INSTANCE_VM];
	char time[64];
	strbuf_fmt(out, "vctop  %s  %s  kernel %s  %s%s%s%s  cgroups %s\n",
	           units_rfc3339(time, sizeof(time), s->real_usec), s->hostname ? s->hostname : "?",
	           s->kernel ? s->kernel : "?", placement_name(s->placement), s->hypervisor ? " (" : "",
	           s->hypervisor ? s->hypervisor : "", s->hypervisor ? ")" : "", cgroup_layout_name(s->layout));
	host_line(out, "CPU", UNIT_CORES, ascii,
	          (struct metric[]){h->capacity_cores, h->used_cores, h->allocated_cores, c->allocated_cores,
	                            v->allocated_cores});
	host_line(out, "Memory", UNIT_BYTES, ascii,
	          (struct metric[]){h->capacity_bytes, h->used_bytes, h->allocated_bytes, c->allocated_bytes,
	                            v->allocated_bytes});
	slack_line(f, ascii, out);
}

static void table(const struct frame *f, const struct selection *sel, enum instance_kind kind,
                  const struct field *const *columns, bool ascii, struct strbuf *out)
{
	static const char *const titles[] = {"CONTAINERS", "VIRTUAL MACHINES"};
	const struct totals *t = &f->totals[kind];
	char buf[512], cap[32], use[32];
	strbuf_fmt(out, "\n%s  %u running, %u stopped", titles[kind], t->running, t->stopped);
	strbuf_fmt(out, "   cores: given %s, used %s", cell(t->allocated_cores, UNIT_CORES, ascii, cap, sizeof(cap)),
	           cell(t->used_cores, UNIT_CORES, ascii, use, sizeof(use)));
	strbuf_fmt(out, "   memory: given %s, used %s", cell(t->allocated_bytes, UNIT_BYTES, ascii, cap, sizeof(cap)),
	           cell(t->used_bytes, UNIT_BYTES, ascii, use, sizeof(use)));
	strbuf_fmt(out, ", held %s, overhead %s\n", cell(t->held_bytes, UNIT_BYTES, ascii, cap, sizeof(cap)),
	           cell(t->overhead_bytes, UNIT_BYTES, ascii, use, sizeof(use)));
	int widths[PLAIN_MAX_COLUMNS];
	unsigned n = 0;
	for (; n < PLAIN_MAX_COLUMNS && columns[n]; n++)
		widths[n] = column_width(columns[n], sel, kind, ascii);
	heads(columns, widths, n, out);
	for (size_t r = 0; r < sel->rows[kind].n; r++) {
		for (unsigned c = 0; c < n; c++)
			pad(out, field_format(columns[c], sel->rows[kind].v[r], ascii, buf, sizeof(buf)), widths[c],
			    c > 0, ascii);
		end_line(out);
	}
	if (!sel->rows[kind].n)
		strbuf_str(out, "(none)\n");
}

/* A slice's numbers hold those of its services: there is no sum. */
static void services(const struct frame *f, bool ascii, struct strbuf *out)
{
	char buf[32];
	strbuf_fmt(out, "\nTHE HOST'S OWN  %zu services, slices and scopes, each with all that is below it\n",
	           f->services.n);
	strbuf_str(out, "  CPU     MEM    HELD  TASKS  UNIT\n");
	for (size_t i = 0; i < f->services.n; i++) {
		const struct row *r = &f->services.v[i];
		const struct sample *s = r->sample;
		pad(out, cell(r->cpu_used_cores, UNIT_CORES, ascii, buf, sizeof(buf)), 5, false, ascii);
		pad(out, cell(s->mem.used_bytes, UNIT_BYTES, ascii, buf, sizeof(buf)), 6, true, ascii);
		pad(out, cell(s->mem.held_bytes, UNIT_BYTES, ascii, buf, sizeof(buf)), 6, true, ascii);
		if (metric_is_ok(s->pids))
			(void)snprintf(buf, sizeof(buf), "%.0f", s->pids.v);
		pad(out, metric_is_ok(s->pids) ? buf : metric_state_glyph(s->pids.st, ascii), 5, true, ascii);
		strbuf_fmt(out, "  %s\n", r->inst->cgroup);
	}
}

void plain_frame(const struct frame *f, const struct selection *sel, const struct field *const *columns, bool ascii,
                 struct strbuf *out)
{
	const struct field *defaults[DEFAULT_COLUMNS + 1] = {0};
	for (size_t i = 0; i < DEFAULT_COLUMNS; i++)
		defaults[i] = field_by_column(default_columns[i]);
	host_part(f, ascii, out);
	for (int k = 0; k < INSTANCE_KIND_MAX; k++)
		table(f, sel, (enum instance_kind)k, columns ? columns : defaults, ascii, out);
	if (f->snap->with_services)
		services(f, ascii, out);
	for (size_t i = 0; i < f->snap->notices.n; i++) {
		const struct notice *n = &f->snap->notices.v[i];
		strbuf_fmt(out, "%snotice: %s: %s%s%s\n", i ? "" : "\n", n->what, n->why, n->change ? "; " : "",
		           n->change ? n->change : "");
	}
}
