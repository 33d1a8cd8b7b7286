/* What keys do.  One table makes them work and is printed by the help screen. */
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define CTRL(c) ((uint32_t)(c)&0x1FU)

static void open_pane(struct tui *t, enum pane pane)
{
	t->pane = pane;
	t->scroll = 0;
}

static enum tui_action press_up(struct tui *t, uint32_t key)
{
	(void)key;
	if (t->cursor[t->focus] > 0)
		tui_cursor_to(t, t->focus, t->cursor[t->focus] - 1);
	else if (!t->layout.wide && t->focus == INSTANCE_VM && tui_count(t, INSTANCE_CONTAINER)) {
		t->focus = INSTANCE_CONTAINER; /* stacked, the lists are walked as one */
		tui_cursor_to(t, t->focus, tui_count(t, t->focus) - 1);
	}
	return TUI_REDRAW;
}

static enum tui_action press_down(struct tui *t, uint32_t key)
{
	(void)key;
	if (t->cursor[t->focus] + 1 < tui_count(t, t->focus))
		tui_cursor_to(t, t->focus, t->cursor[t->focus] + 1);
	else if (!t->layout.wide && t->focus == INSTANCE_CONTAINER && tui_count(t, INSTANCE_VM)) {
		t->focus = INSTANCE_VM;
		tui_cursor_to(t, t->focus, 0);
	}
	return TUI_REDRAW;
}

static enum tui_action press_other(struct tui *t, uint32_t key)
{
	if (key == KEYCODE_LEFT || key == 'h')
		t->focus = INSTANCE_CONTAINER;
	else if (key == KEYCODE_RIGHT || key == 'l')
		t->focus = INSTANCE_VM;
	else
		t->focus = t->focus == INSTANCE_VM ? INSTANCE_CONTAINER : INSTANCE_VM;
	return TUI_REDRAW;
}

static enum tui_action press_page(struct tui *t, uint32_t key)
{
	size_t step = (size_t)t->page, cur = t->cursor[t->focus];
	bool down = key == KEYCODE_PAGE_DOWN || key == CTRL('f');
	tui_cursor_to(t, t->focus, down ? cur + step : cur > step ? cur - step : 0);
	return TUI_REDRAW;
}

static enum tui_action press_edge(struct tui *t, uint32_t key)
{
	tui_cursor_to(t, t->focus, key == KEYCODE_END || key == 'G' ? SIZE_MAX : 0);
	return TUI_REDRAW;
}

static enum tui_action press_detail(struct tui *t, uint32_t key)
{
	const struct row *r = tui_current(t);
	(void)key;
	if (!r)
		return TUI_NONE;
	strbuf_clear(&t->detail_id);
	strbuf_str(&t->detail_id, r->inst->id);
	strbuf_clear(&t->detail_name);
	strbuf_str(&t->detail_name, r->inst->name);
	open_pane(t, PANE_DETAIL);
	return TUI_REDRAW;
}

static enum tui_action press_filter(struct tui *t, uint32_t key)
{
	(void)key;
	t->editing = EDIT_FILTER;
	return TUI_REDRAW;
}

/* Of a recording only. */
static enum tui_action press_replay(struct tui *t, uint32_t key)
{
	if (t->replay_speed <= 0)
		return TUI_NONE;
	switch (key) {
	case '.':
		return TUI_FORWARD;
	case ',':
		return TUI_BACK;
	case '<':
		return TUI_SLOWER;
	case '>':
		return TUI_FASTER;
	default:
		t->jump[0] = '\0';
		t->editing = EDIT_TIME;
		return TUI_REDRAW;
	}
}

static enum tui_action press_clear(struct tui *t, uint32_t key)
{
	(void)key;
	t->message[0] = '\0';
	if (!t->filter[0])
		return TUI_REDRAW;
	t->filter[0] = '\0';
	return TUI_RESELECT;
}

static enum tui_action sort_by(struct tui *t, const struct field *f)
{
	const struct field *now = t->sort ? t->sort : field_by_key("name");
	if (f == now)
		t->down = !t->down;
	else
		t->down = f->sort_down;
	t->sort = f;
	return TUI_RESELECT;
}

static enum tui_action press_sort(struct tui *t, uint32_t key)
{
	const struct field *now = t->sort ? t->sort : field_by_key("name");
	(void)key;
	open_pane(t, PANE_SORT);
	t->choice = 0;
	for (unsigned i = 0; sortable_field(i); i++)
		if (sortable_field(i) == now)
			t->choice = i;
	return TUI_REDRAW;
}

static enum tui_action press_quick_sort(struct tui *t, uint32_t key)
{
	return sort_by(t, field_by_key(key == 'c'   ? "cpu.used_cores"
	                               : key == 'm' ? "memory.used_bytes"
	                               : key == 'v' ? "verdict.state"
	                                            : "name"));
}

static enum tui_action press_reverse(struct tui *t, uint32_t key)
{
	(void)key;
	t->down = !t->down;
	return TUI_RESELECT;
}

static enum tui_action press_pane(struct tui *t, uint32_t key)
{
	open_pane(t, key == '!' ? PANE_NOTICES : PANE_HELP);
	return TUI_REDRAW;
}

static enum tui_action press_app(struct tui *t, uint32_t key)
{
	bool replay = t->replay_speed > 0;
	switch (key) {
	case 'x':
		return replay ? TUI_NONE : TUI_START_PAIR;
	case 'X':
		return replay ? TUI_NONE : TUI_STOP_SAMPLES;
	case 'p':
		return TUI_PAUSE;
	case '+':
		return TUI_SLOWER;
	case '-':
		return TUI_FASTER;
	case ' ':
		return replay ? TUI_PAUSE : TUI_REFRESH;
	case CTRL('z'):
		return TUI_SUSPEND;
	case CTRL('l'):
		return TUI_REDRAW;
	default:
		return TUI_QUIT;
	}
}

/* clang-format off */
const struct binding key_bindings[] = {
	{{KEYCODE_UP, 'k'}, "Up k", "one row up; out of the top of the lower list into the upper", press_up},
	{{KEYCODE_DOWN, 'j'}, "Down j", "one row down", press_down},
	{{KEYCODE_LEFT, KEYCODE_RIGHT, 'h', 'l'}, "Left h, Right l", "to the containers, to the VMs", press_other},
	{{KEYCODE_TAB}, "Tab", "to the other list", press_other},
	{{KEYCODE_PAGE_UP, KEYCODE_PAGE_DOWN, CTRL('b'), CTRL('f')}, "PgUp PgDn", "a page up or down", press_page},
	{{KEYCODE_HOME, 'g', KEYCODE_END, 'G'}, "Home g, End G", "first row, last row", press_edge},
	{{KEYCODE_ENTER}, "Enter", "everything about this instance: value, source, or why it is missing", press_detail},
	{{'/', '\\', KEYCODE_F4}, "/ \\ F4", "filter by name, image, runtime, id or verdict", press_filter},
	{{KEYCODE_ESCAPE}, "Esc", "show all again", press_clear},
	{{'s', KEYCODE_F6}, "s F6", "choose the column to sort by", press_sort},
	{{'c', 'm', 'n', 'v'}, "c m n v", "sort by CPU, memory, name, verdict; again: reverse", press_quick_sort},
	{{'r', 'S', 'I'}, "r S I", "reverse the order", press_reverse},
	{{'x'}, "x", "start a sample container and a sample VM", press_app},
	{{'X'}, "X", "stop the samples started here", press_app},
	{{'p'}, "p", "pause, go on", press_app},
	{{' '}, "Space", "take a reading now; replay: pause, go on", press_app},
	{{'.', ','}, ". ,", "replay: one moment on, one back", press_replay},
	{{'<', '>'}, "< >", "replay: slower, faster", press_replay},
	{{'t'}, "t", "replay: go to a time: 10:30, or the beginning of 2026-11-23T10:30:05Z", press_replay},
	{{'+', '-'}, "+ -", "slower, faster", press_app},
	{{'!'}, "!", "what could not be seen here, why, and what would change it", press_pane},
	{{'?', KEYCODE_F1}, "? F1", "this help", press_pane},
	{{CTRL('l')}, "Ctrl-L", "draw the screen anew", press_app},
	{{CTRL('z')}, "Ctrl-Z", "suspend", press_app},
	{{'q', KEYCODE_F10}, "q F10", "quit", press_app},
};
/* clang-format on */
const unsigned key_bindings_count = ARRAY_SIZE(key_bindings);

static const struct binding *find_binding(uint32_t key)
{
	for (unsigned i = 0; i < key_bindings_count; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(key_bindings[i].keys) && key_bindings[i].keys[k]; k++)
			if (key_bindings[i].keys[k] == key)
				return &key_bindings[i];
	return NULL;
}

static char *typed_text(struct tui *t)
{
	return t->editing == EDIT_TIME ? t->jump : t->filter;
}

/* The filter works while it is typed. */
static enum tui_action typed(const struct tui *t)
{
	return t->editing == EDIT_TIME ? TUI_REDRAW : TUI_RESELECT;
}

static enum tui_action edit_erase(struct tui *t)
{
	char *s = typed_text(t);
	size_t n = strlen(s);
	while (n > 0 && ((unsigned char)s[n - 1] & 0xC0) == 0x80)
		n--;
	s[n ? n - 1 : 0] = '\0';
	return typed(t);
}

/* A character people can see and type; what text_clean would replace is no part of any name either. */
static enum tui_action edit_add(struct tui *t, uint32_t key)
{
	char now[5], cleaned[5], *s = typed_text(t);
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
	enum tui_action action = keep ? TUI_REDRAW : typed(t);
	if (!keep)
		typed_text(t)[0] = '\0';
	else if (t->editing == EDIT_TIME && t->jump[0])
		action = TUI_JUMP;
	t->editing = EDIT_NONE;
	return action;
}

static enum tui_action edit_key(struct tui *t, uint32_t key)
{
	switch (key) {
	case KEYCODE_ENTER:
		return edit_end(t, true);
	case KEYCODE_ESCAPE:
		return edit_end(t, false);
	case KEYCODE_BACKSPACE:
		return edit_erase(t);
	case CTRL('u'):
		typed_text(t)[0] = '\0';
		return typed(t);
	case KEYCODE_UP:
		return press_up(t, key);
	case KEYCODE_DOWN:
		return press_down(t, key);
	case KEYCODE_F10:
		return TUI_QUIT;
	default:
		return edit_add(t, key);
	}
}

/* Moves through a pane: in the sort menu the choice, elsewhere the text. */
static bool pane_move(struct tui *t, uint32_t key)
{
	bool menu = t->pane == PANE_SORT;
	unsigned last = 0;
	while (menu && sortable_field(last + 1))
		last++;
	int at = menu ? (int)t->choice : t->scroll, end = menu ? (int)last : 1 << 20;
	if (key == KEYCODE_UP || key == 'k')
		at--;
	else if (key == KEYCODE_DOWN || key == 'j')
		at++;
	else if (key == KEYCODE_PAGE_UP || key == CTRL('b'))
		at -= t->page;
	else if (key == KEYCODE_PAGE_DOWN || key == CTRL('f') || (key == ' ' && !menu && t->replay_speed <= 0))
		at += t->page;
	else if (key == KEYCODE_HOME || key == 'g')
		at = 0;
	else if (key == KEYCODE_END || key == 'G')
		at = end;
	else
		return false;
	at = at < 0 ? 0 : at > end ? end : at;
	if (menu)
		t->choice = (unsigned)at;
	else
		t->scroll = at;
	return true;
}

static enum tui_action pane_key(struct tui *t, uint32_t key)
{
	enum pane pane = t->pane;
	if (pane_move(t, key))
		return TUI_REDRAW;
	switch (key) {
	case KEYCODE_ENTER:
		open_pane(t, PANE_LISTS);
		return pane == PANE_SORT ? sort_by(t, sortable_field(t->choice)) : TUI_REDRAW;
	case KEYCODE_ESCAPE:
	case 'q':
	case KEYCODE_LEFT:
	case 'h':
		open_pane(t, PANE_LISTS);
		return TUI_REDRAW;
	case '?':
	case '!':
	case KEYCODE_F1:
		return press_pane(t, key);
	case '.':
	case ',':
	case '<':
	case '>':
	case 't':
		return press_replay(t, key);
	case ' ':
		return t->replay_speed > 0 ? TUI_PAUSE : TUI_NONE;
	case 'p':
	case '+':
	case '-':
	case CTRL('l'):
	case CTRL('z'):
	case KEYCODE_F10:
		return press_app(t, key);
	default:
		return TUI_NONE;
	}
}

enum tui_action tui_key(struct tui *t, uint32_t key)
{
	if (key == KEYCODE_RESIZE)
		return TUI_REDRAW;
	if (t->editing)
		return edit_key(t, key);
	if (t->pane != PANE_LISTS)
		return pane_key(t, key);
	const struct binding *b = find_binding(key);
	return b ? b->press(t, key) : TUI_NONE;
}
