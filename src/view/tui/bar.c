/* Bars of use within an allocation: used █ (#), held ▓ (=), free ░ (.): shapes first, colours second. */
#include <math.h>
#include <stdio.h>

#include "tui-internal.h"
#include "vctop/base/units.h"

#define WHOLE_CELLS 16 /* a bar this long is fine enough without the gap that a part of a cell leaves behind it */

uint32_t bar_char(const struct canvas *c, enum style style)
{
	if (style == STYLE_USED)
		return c->ascii ? '#' : 0x2588;
	if (style == STYLE_HELD)
		return c->ascii ? '=' : 0x2593;
	return c->ascii ? '.' : 0x2591;
}

char *metric_text(struct metric m, enum field_unit unit, bool ascii, char *buf, size_t size)
{
	if (!metric_is_ok(m))
		(void)snprintf(buf, size, "%s", metric_state_glyph(m.st, ascii));
	else if (unit == UNIT_BYTES)
		(void)units_bytes(buf, size, m.v);
	else if (unit == UNIT_PERCENT)
		(void)units_percent(buf, size, m.v);
	else if (unit == UNIT_BYTES_PER_SEC)
		(void)units_rate(buf, size, m.v);
	else
		(void)units_cores(buf, size, m.v);
	return buf;
}

static void run(struct canvas *c, int x, int y, int from, int to, enum style style)
{
	if (to > from)
		canvas_fill(c, (struct rect){x + from, y, to - from, 1}, style, bar_char(c, style));
}

/* Eighths of a cell; a bar that looks full is full, and one that looks empty is empty. */
static int eighths(double share, int w)
{
	if (!(share > 0))
		return 0;
	if (share >= 1)
		return w * 8;
	int n = (int)lround(share * w * 8);
	return n < 1 ? 1 : n > w * 8 - 1 ? w * 8 - 1 : n;
}

static void bounded(struct canvas *c, int x, int y, int w, double used, double held)
{
	int n = eighths(used, w);
	int full = n / 8, part = n % 8;
	if (c->ascii || w >= WHOLE_CELLS) { /* no eighths: round, but never up to full */
		full = part >= 4 && full + 1 < w ? full + 1 : full;
		part = 0;
	}
	int to_held = held > used ? (int)lround((held > 1 ? 1 : held) * w) : full;
	run(c, x, y, 0, full, STYLE_USED);
	run(c, x, y, full, to_held, STYLE_HELD);
	run(c, x, y, to_held > full ? to_held : full, w, STYLE_FREE);
	/* U+2588 is full, U+258F one eighth; over held cells only half or more counts, and never as the last cell. */
	if (part && (to_held <= full || (part >= 4 && full + 1 < w)))
		canvas_fill(c, (struct rect){x + full, y, 1, 1}, STYLE_USED,
		            to_held > full ? 0x2588 : 0x2590U - (uint32_t)part);
	if (used > 1.05) /* a VM may hold more than its RAM: a sign, no alarm; less is how caps are enforced */
		canvas_fill(c, (struct rect){x + w - 1, y, 1, 1}, STYLE_WARN, c->ascii ? '>' : 0x25B6);
}

/* No cap: the use, measured against the host, and an open end. */
static void open_ended(struct canvas *c, int x, int y, int w, double share)
{
	int n = (eighths(share, w - 1) + 4) / 8;
	run(c, x, y, 0, n, STYLE_USED);
	canvas_fill(c, (struct rect){x + n, y, w - 1 - n, 1}, STYLE_DIM, c->ascii ? '-' : 0x2504);
	canvas_fill(c, (struct rect){x + w - 1, y, 1, 1}, STYLE_DIM, c->ascii ? '>' : 0x203A);
	if (w - 1 - n >= 8)
		(void)canvas_text(c, x + w - 8, y, 6, STYLE_DIM, "no cap");
}

void bar_draw(struct canvas *c, int x, int y, int w, const struct bar *b)
{
	if (w < 2)
		return;
	if (!metric_is_ok(b->used))
		return; /* the number beside it says why */
	if (metric_is_ok(b->total) && b->total.v > 0) {
		double held = metric_is_ok(b->held) ? b->held.v / b->total.v : 0;
		bounded(c, x, y, w, b->used.v / b->total.v, held);
		return;
	}
	if (b->total.st == METRIC_UNLIMITED)
		open_ended(c, x, y, w, b->scale > 0 ? b->used.v / b->scale : 0);
}
