/* The line that is typed: a filter or a search, which work while they are typed, or a time to go to. */
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

static enum tui_action typed(struct tui *t)
{
	if (t->editing == EDIT_SEARCH)
		return search_typed(t);
	return t->editing == EDIT_TIME ? TUI_REDRAW : TUI_RESELECT;
}

static enum tui_action edit_erase(struct tui *t)
{
	char *s = t->typed[t->editing];
	size_t n = strlen(s);
	while (n > 0 && ((unsigned char)s[n - 1] & 0xC0) == 0x80)
		n--;
	s[n ? n - 1 : 0] = '\0';
	return typed(t);
}

/* A character people can see and type; what text_clean would replace is no part of any name either. */
static enum tui_action edit_add(struct tui *t, uint32_t key)
{
	char now[5], cleaned[5], *s = t->typed[t->editing];
	size_t n, have = strlen(s);
	if (key == 0 || key > 0x10FFFF || (key >= 0xD800 && key < 0xE000))
		return TUI_NONE;
	n = text_encode(key, now);
	memcpy(cleaned, now, sizeof(cleaned));
	if (strcmp(text_clean(cleaned, 4), now) != 0 || have + n > FILTER_MAX)
		return TUI_NONE;
	memcpy(s + have, now, n + 1);
	return typed(t);
}

static enum tui_action edit_end(struct tui *t, bool keep)
{
	enum tui_action action = TUI_REDRAW;
	if (!keep && t->editing == EDIT_SEARCH)
		action = search_undo(t);
	else if (!keep)
		t->typed[t->editing][0] = '\0', action = typed(t);
	else if (t->editing == EDIT_TIME && t->typed[EDIT_TIME][0])
		action = TUI_JUMP;
	t->editing = EDIT_NONE;
	return action;
}

enum tui_action edit_key(struct tui *t, uint32_t key)
{
	if (t->pasting)
		return edit_add(t, key);
	switch (key) {
	case KEYCODE_ENTER:
		return edit_end(t, true);
	case KEYCODE_ESCAPE:
		return edit_end(t, false);
	case KEYCODE_BACKSPACE:
		return edit_erase(t);
	case CTRL('u'):
		t->typed[t->editing][0] = '\0';
		return typed(t);
	case KEYCODE_UP:
	case KEYCODE_DOWN:
		return tui_list(t) < LIST_MAX ? move_key(t, key) : TUI_NONE;
	case KEYCODE_F10:
		return TUI_QUIT;
	default:
		return edit_add(t, key);
	}
}
