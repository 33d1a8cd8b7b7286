/* Bars as inline SVG: labels and numbers are text, emulated bars are hatched and say so. */
#include <math.h>
#include <string.h>

#include "vctop/base/text.h"
#include "view/comparison/html.h"
#include "view/comparison/words.h"

/* In units of the view box, which is as wide as the page. */
#define WIDTH 1200
#define BEHIND 12     /* between a bar and its number */
#define LETTER 16     /* a character is about so wide */
#define ON_BAR 13     /* one of a label on a part */
#define SUB 124       /* "under load" */
#define LABEL_MAX 272 /* "cloud-hypervisor" */
#define HEADING 40

struct drawing {
	struct strbuf *out;
	const struct chart *c;
	double left, width; /* of the place for bars */
	int pitch, bar;     /* from row to row; height of a bar */
};

static int row_y(int top, const struct drawing *d, unsigned row)
{
	return top + (int)row * d->pitch;
}

static double value_of(const struct chart_bar *b)
{
	double sum = 0;
	for (unsigned i = 0; i < b->parts; i++)
		sum += b->part[i].value;
	return sum;
}

static double extent(const struct chart_bar *b)
{
	return fmax(fmax(value_of(b), b->max), b->outline);
}

static bool in_group(const struct chart *c, const struct chart_bar *b, bool emulated)
{
	return !c->apart || b->emulated == emulated;
}

static double longest(const struct chart *c, bool emulated)
{
	double most = 0;
	for (unsigned i = 0; i < c->bars; i++)
		if (in_group(c, &c->bar[i], emulated))
			most = fmax(most, extent(&c->bar[i]));
	return most;
}

static void text_at(struct strbuf *out, double x, double y, const char *class, const char *s)
{
	strbuf_fmt(out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	html_text(out, s);
	strbuf_str(out, "</text>");
}

static char letter_of(unsigned color)
{
	return color == CHART_OTHER ? '?' : (char)('A' + color % 26);
}

/* A part's name where there is room for it, else its letter, else nothing: the legend has it. */
static void part_label(const struct drawing *d, const struct chart_part *p, bool hatched, double x, double w, int y)
{
	char letter[2] = {letter_of(p->color), '\0'}, class[16];
	int name = text_width(p->name) * ON_BAR;
	const char *s = name + 12 <= w ? p->name : w >= 24 ? letter : NULL;
	if (!s)
		return;
	if (hatched)
		strbuf_fmt(d->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%d\" height=\"%d\" class=\"k%u\"/>", x + 3, y + 6,
		           s == letter ? 18 : name, d->bar - 12, p->color % CHART_COLORS);
	(void)snprintf(class, sizeof(class), "on on%u", p->color % CHART_COLORS);
	text_at(d->out, x + 6, y + d->bar / 2.0 + 6, class, s);
}

static void bar_parts(const struct drawing *d, const struct chart_bar *b, double scale, int y)
{
	double x = d->left;
	for (unsigned i = 0; i < b->parts; i++) {
		const struct chart_part *p = &b->part[i];
		double w = p->value * scale;
		if (!(w > 0))
			continue;
		strbuf_fmt(d->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"seg k%u\"><title>",
		           x, y, fmax(w, 3), d->bar, p->color % CHART_COLORS);
		html_text(d->out, p->name);
		strbuf_str(d->out, "</title></rect>");
		if (b->emulated)
			strbuf_fmt(d->out,
			           "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"url(#hatch)\"/>", x,
			           y, fmax(w, 3), d->bar);
		if (b->parts > 1)
			part_label(d, p, b->emulated, x, w, y);
		x += w;
	}
}

static void whisker(const struct drawing *d, const struct chart_bar *b, double scale, int y)
{
	double from = d->left + b->min * scale, to = d->left + b->max * scale, mid = y + d->bar - 6; /* below labels */
	if (to - from < 6)
		return;
	strbuf_fmt(d->out, "<path d=\"M%.1f %.1fH%.1fM%.1f %.1fv10M%.1f %.1fv10\" class=\"whisker\"/>", from, mid, to,
	           from, mid - 5, to, mid - 5);
}

static void bar(const struct drawing *d, const struct chart_bar *b, double scale, int y)
{
	double end = d->left + fmax(extent(b) * scale, 3) + BEHIND, base = y + d->bar / 2.0 + 7;
	if (b->label) {
		cleanup_free char *label = text_ellipsize(b->label, LABEL_MAX / LETTER - 1, 0);
		text_at(d->out, 0, base, "id", label);
	}
	if (b->sub)
		text_at(d->out, d->left - SUB, base, "sub", b->sub);
	bar_parts(d, b, scale, y);
	if (b->outline > 0)
		strbuf_fmt(d->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"box\"/>", d->left, y,
		           b->outline * scale, d->bar);
	whisker(d, b, scale, y);
	strbuf_fmt(d->out, "<text x=\"%.1f\" y=\"%.1f\">", end, base);
	html_text(d->out, b->text);
	if (b->emulated)
		strbuf_str(d->out, " <tspan class=\"emu\">" EMULATED "</tspan>");
	strbuf_str(d->out, "</text>\n");
}

/* Those that share a scale, below one another. Returns where the next thing goes. */
static int group(const struct drawing *d, int y, bool emulated, const char *heading)
{
	double most = longest(d->c, emulated);
	unsigned row = 0;
	if (heading) {
		text_at(d->out, 0, y + 26, "soft", heading);
		y += HEADING;
	}
	int top = y;
	for (unsigned i = 0; i < d->c->bars; i++) {
		const struct chart_bar *b = &d->c->bar[i];
		if (!in_group(d->c, b, emulated))
			continue;
		if (row > 0 && b->label && d->c->small)
			y += 8; /* bars of one subject stand together */
		bar(d, b, most > 0 ? d->width / most : 0, row_y(y, d, row++));
	}
	y = row_y(y, d, row);
	strbuf_fmt(d->out, "<path d=\"M%.1f %dV%d\" class=\"axis\"/>\n", d->left, top - 2, y - (d->pitch - d->bar) + 2);
	return y;
}

static double label_room(const struct chart *c)
{
	int widest = 0;
	bool sub = false;
	for (unsigned i = 0; i < c->bars; i++) {
		int w = c->bar[i].label ? text_width(c->bar[i].label) : 0;
		widest = w > widest ? w : widest;
		sub = sub || c->bar[i].sub;
	}
	return fmin((widest + 1) * LETTER, LABEL_MAX) + (sub ? SUB : 0);
}

static double number_room(const struct chart *c)
{
	int widest = 0;
	for (unsigned i = 0; i < c->bars; i++) {
		int w = text_width(c->bar[i].text) + (c->bar[i].emulated ? (int)sizeof(EMULATED) : 0);
		widest = w > widest ? w : widest;
	}
	return widest * LETTER + BEHIND;
}

static unsigned bars_in(const struct chart *c, bool emulated)
{
	unsigned n = 0;
	for (unsigned i = 0; i < c->bars; i++)
		n += in_group(c, &c->bar[i], emulated);
	return n;
}

/* Each name once, in the order of the letters. */
static void legend(struct strbuf *out, const struct chart *c)
{
	const char *name[CHART_OTHER + 1] = {0};
	bool several = false;
	for (unsigned i = 0; i < c->bars; i++) {
		several = several || c->bar[i].parts > 1;
		for (unsigned p = 0; p < c->bar[i].parts; p++)
			if (c->bar[i].part[p].color < ARRAY_SIZE(name))
				name[c->bar[i].part[p].color] = c->bar[i].part[p].name;
	}
	if (!several)
		return;
	strbuf_str(out, "<ul class=\"legend\">");
	for (unsigned k = 0; k < ARRAY_SIZE(name); k++) {
		if (!name[k])
			continue;
		strbuf_fmt(out,
		           "<li><svg viewBox=\"0 0 30 24\" aria-hidden=\"true\"><rect width=\"30\" height=\"24\" "
		           "class=\"k%u\"/><text x=\"9\" y=\"18\" class=\"on on%u\">%c</text></svg>",
		           k % CHART_COLORS, k % CHART_COLORS, letter_of(k));
		html_text(out, name[k]);
		strbuf_str(out, "</li>");
	}
	strbuf_str(out, "</ul>\n");
}

void html_chart(struct strbuf *out, const struct chart *c)
{
	struct drawing d = {
	        .out = out, .c = c, .left = label_room(c), .pitch = c->small ? 30 : 46, .bar = c->small ? 24 : 34};
	unsigned emulated = c->apart ? bars_in(c, true) : 0, rest = bars_in(c, false);
	struct strbuf body = STRBUF_INIT;
	int y = 4;
	d.width = WIDTH - d.left - number_room(c);
	d.out = &body;
	if (rest)
		y = group(&d, y, false, NULL);
	if (emulated)
		y = group(&d, y, true,
		          EMULATED ", on a scale of its own: an emulator's speed, not the cost of virtualisation");
	legend(out, c);
	strbuf_fmt(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" class=\"%s\" aria-label=\"", WIDTH, y + 2,
	           c->small ? "low" : "high");
	html_text(out, c->title);
	strbuf_fmt(out, "\">\n%s</svg>\n", body.buf);
	strbuf_release(&body);
}
