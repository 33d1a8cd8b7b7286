#include "vctop/view/layout.h"

#define ROWS_TALL 18 /* from here: two lines a resource, and a status line */
#define ROWS_AIRY 30 /* from here: an empty line around the host band */
#define LIST_LEAST 4 /* fewer lines than this for each list: those without focus show their title only */
#define LIST_FRAME 2 /* title and column heads */

static int list_need(size_t count)
{
	if (!count)
		return 2; /* title, and a line that says what to do */
	return (count > 10000 ? 10000 : (int)count) + LIST_FRAME;
}

/* Lists one above the other: each gets what it needs as long as that is no more than its part of what is left. */
static void stack(struct rect area, const struct layout_wish *w, const enum instance_kind *kinds, int n,
                  struct rect *ret)
{
	int h[INSTANCE_LIST_MAX] = {0}, left = area.h, want = n;
	for (bool settled = area.h < n * LIST_LEAST; !settled;) {
		settled = true;
		for (int i = 0; i < n; i++) {
			int need = list_need(w->counts[kinds[i]]);
			if (!h[i] && need <= left / want) {
				h[i] = need;
				left -= need;
				want--;
				settled = want == 0;
				break;
			}
		}
	}
	bool small = area.h < n * LIST_LEAST;
	for (int i = 0; i < n; i++) {
		if (small)
			h[i] = kinds[i] == w->focus ? area.h - n + 1 : 1;
		else if (!h[i]) {
			h[i] = left / want--;
			left -= h[i];
		}
	}
	int gap = !small && left >= n - 1 ? 1 : 0, y = area.y;
	for (int i = 0; i < n; i++) {
		if (i == n - 1)
			h[i] = area.y + area.h - y;
		ret[kinds[i]] = (struct rect){area.x, y, area.w, h[i]};
		y += h[i] + gap;
	}
}

static void beside(struct rect area, int n, struct rect *ret)
{
	int w = (area.w - 2 * (n - 1)) / n; /* equal, so that all show the same columns */
	for (int i = 0; i < n; i++)
		ret[i] = (struct rect){i == n - 1 ? area.x + area.w - w : area.x + i * (w + 2), area.y, w, area.h};
}

static void place_lists(struct layout *l, const struct layout_wish *w)
{
	static const enum instance_kind all[] = {INSTANCE_CONTAINER, INSTANCE_VM, INSTANCE_SERVICE};
	struct rect area = l->body;
	if (!l->wide) {
		stack(area, w, all, w->services ? 3 : 2, l->list);
		return;
	}
	if (!w->services || area.w >= LAYOUT_COLUMNS_THREE) {
		beside(area, w->services ? 3 : 2, l->list);
		return;
	}
	/* Two side by side, and the host's own below: the pair needs as much as the longer of them. */
	struct layout_wish pair = *w;
	if (pair.counts[INSTANCE_VM] > pair.counts[INSTANCE_CONTAINER])
		pair.counts[INSTANCE_CONTAINER] = pair.counts[INSTANCE_VM];
	if (pair.focus == INSTANCE_VM)
		pair.focus = INSTANCE_CONTAINER;
	static const enum instance_kind rows[] = {INSTANCE_CONTAINER, INSTANCE_SERVICE};
	stack(area, &pair, rows, 2, l->list);
	beside(l->list[INSTANCE_CONTAINER], 2, l->list);
}

struct layout layout_compute(int columns, int rows, const struct layout_wish *w)
{
	struct layout l = {0};
	if (columns < 1 || rows < 1)
		return (struct layout){.too_small = true};
	l.title = (struct rect){0, 0, columns, 1};
	l.too_small = columns < LAYOUT_COLUMNS_MIN || rows < LAYOUT_ROWS_MIN;
	if (l.too_small)
		return l;
	int each = rows >= ROWS_TALL ? 2 : 1, air = rows >= ROWS_AIRY ? 1 : 0;
	int y = 1 + air;
	if (w->band) {
		l.cpu = (struct rect){0, y, columns, each};
		y += each;
		l.memory = (struct rect){0, y, columns, each};
		y += each + air;
	}
	int bottom = rows - 1;
	l.footer = (struct rect){0, bottom, columns, 1};
	if (rows >= ROWS_TALL)
		l.status = (struct rect){0, --bottom, columns, 1};
	l.wide = columns >= LAYOUT_COLUMNS_WIDE;
	l.body = (struct rect){0, y, columns, bottom - y};
	place_lists(&l, w);
	return l;
}
