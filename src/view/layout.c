#include "vctop/view/layout.h"

#define ROWS_TALL 18 /* from here: two lines a resource, and a status line */
#define ROWS_AIRY 30 /* from here: an empty line around the host band */
#define LISTS_BOTH 8 /* fewer lines than this for two lists: the one without focus shows its title only */
#define LIST_FRAME 2 /* title and column heads */

static int list_need(size_t count)
{
	if (!count)
		return 2; /* title, and a line that says what to do */
	return (count > 10000 ? 10000 : (int)count) + LIST_FRAME;
}

/* Stacked: a list gets what it needs while the other has what it needs; when both want more, half each. */
static void split(int h, const size_t counts[INSTANCE_KIND_MAX], enum instance_kind focus, int *ret_first, int *ret_gap)
{
	int need0 = list_need(counts[INSTANCE_CONTAINER]), need1 = list_need(counts[INSTANCE_VM]);
	*ret_gap = 0;
	if (h < LISTS_BOTH) {
		*ret_first = focus == INSTANCE_CONTAINER ? h - 1 : 1;
	} else if (need0 + need1 < h) {
		*ret_first = need0;
		*ret_gap = 1;
	} else if (need0 <= h / 2) {
		*ret_first = need0;
	} else {
		*ret_first = need1 <= h - h / 2 ? h - need1 : h / 2;
	}
}

struct layout layout_compute(int columns, int rows, const size_t counts[INSTANCE_KIND_MAX], enum instance_kind focus)
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
	l.cpu = (struct rect){0, y, columns, each};
	y += each;
	l.memory = (struct rect){0, y, columns, each};
	y += each + air;
	int bottom = rows - 1;
	l.footer = (struct rect){0, bottom, columns, 1};
	if (rows >= ROWS_TALL)
		l.status = (struct rect){0, --bottom, columns, 1};
	int h = bottom - y;
	l.wide = columns >= LAYOUT_COLUMNS_WIDE;
	if (l.wide) {
		int w = (columns - 2) / 2; /* equal, so that both show the same columns */
		l.list[INSTANCE_CONTAINER] = (struct rect){0, y, w, h};
		l.list[INSTANCE_VM] = (struct rect){columns - w, y, w, h};
		return l;
	}
	int first, gap;
	split(h, counts, focus, &first, &gap);
	l.list[INSTANCE_CONTAINER] = (struct rect){0, y, columns, first};
	l.list[INSTANCE_VM] = (struct rect){0, y + first + gap, columns, h - first - gap};
	return l;
}
