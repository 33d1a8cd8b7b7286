/* Moving: the cursor of a list or a menu, or the text of tiles. */
#include "tui-internal.h"

#define WHEEL_LINES 3

static unsigned menu_last(void)
{
	unsigned last = 0;
	while (sortable_field(last + 1))
		last++;
	return last;
}

/* Where a key leads from `at`, or -1: none that moves. */
static long target(const struct tui *t, uint32_t key, long at)
{
	switch (key) {
	case KEYCODE_UP:
	case 'k':
		return at > 0 ? at - 1 : 0;
	case KEYCODE_DOWN:
	case 'j':
		return at + 1;
	case KEYCODE_WHEEL_UP:
		return at > WHEEL_LINES ? at - WHEEL_LINES : 0;
	case KEYCODE_WHEEL_DOWN:
		return at + WHEEL_LINES;
	case KEYCODE_PAGE_UP:
	case CTRL('b'):
		return at > t->page ? at - t->page : 0;
	case KEYCODE_PAGE_DOWN:
	case CTRL('f'):
		return at + t->page;
	case KEYCODE_HOME:
	case 'g':
		return 0;
	case KEYCODE_END:
	case 'G':
		return 1 << 20;
	default:
		return -1;
	}
}

/* Stacked, the lists of the overview are walked as one. */
static bool to_next_list(struct tui *t, uint32_t key)
{
	bool up = key == KEYCODE_UP || key == 'k', down = key == KEYCODE_DOWN || key == 'j';
	enum list l = tui_list(t), end = tui_services(t) ? LIST_SERVICE : LIST_VM;
	size_t row = t->cursor[l].row;
	if (t->view != VIEW_OVERVIEW || t->layout.wide)
		return false;
	if (up && row == 0) {
		while (l > LIST_CONTAINER && !tui_count(t, l - 1))
			l--;
		if (l == LIST_CONTAINER)
			return false;
		tui_go_to(t, l - 1, tui_count(t, l - 1) - 1);
		return true;
	}
	if (!down || row + 1 < tui_count(t, l))
		return false;
	while (l < end && !tui_count(t, l + 1))
		l++;
	if (l == end)
		return false;
	tui_go_to(t, l + 1, 0);
	return true;
}

enum tui_action move_key(struct tui *t, uint32_t key)
{
	enum list l = tui_list(t);
	if (l < LIST_MAX) {
		if (!to_next_list(t, key))
			tui_cursor_to(t, l, (size_t)target(t, key, (long)t->cursor[l].row));
	} else if (view_table[t->view].take) {
		unsigned to = (unsigned)target(t, key, (long)t->choice), last = menu_last();
		t->choice = to < last ? to : last;
	} else {
		t->scroll = (int)target(t, key, t->scroll);
	}
	return TUI_REDRAW;
}

enum tui_action move_focus(struct tui *t, uint32_t key)
{
	int n = tui_services(t) ? 3 : 2, at = (int)t->focus;
	if (key == KEYCODE_LEFT || key == 'h')
		at = at > 0 ? at - 1 : 0;
	else if (key == KEYCODE_RIGHT || key == 'l')
		at = at + 1 < n ? at + 1 : at;
	else
		at = (at + (key == KEYCODE_BACKTAB ? n - 1 : 1)) % n;
	t->focus = (enum instance_kind)at;
	return TUI_REDRAW;
}
