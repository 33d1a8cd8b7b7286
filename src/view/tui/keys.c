/* What keys and clicks do.  One table makes the keys work, is the footer, and is printed by the help. */
#include <stdlib.h>
#include <string.h>

#include "tui-internal.h"

#define IN(v) (1U << (v))
#define IN_VIEWS (IN(VIEW_COMPARE + 1) - 1U)
#define IN_LISTS (IN(VIEW_OVERVIEW) | IN(VIEW_TREE) | IN(VIEW_WASTE))
#define IN_OPENED (IN(VIEW_FIELDS) | IN(VIEW_HELP) | IN(VIEW_SORT) | IN(VIEW_COLUMNS) | IN(VIEW_NOTICES))
#define IN_ALL (~0U)

static enum tui_action press_view(struct tui *t, uint32_t key)
{
	enum view_id v = VIEW_OVERVIEW;
	for (unsigned i = 0; i < VIEW_MAX; i++)
		if (view_table[i].key == key)
			v = (enum view_id)i;
	if (key == KEYCODE_F5 || key == 't')
		v = t->view == VIEW_TREE ? VIEW_OVERVIEW : VIEW_TREE;
	tui_open(t, v);
	return TUI_RESELECT;
}

static enum tui_action press_close(struct tui *t, uint32_t key)
{
	(void)key;
	t->view = t->back[t->view];
	t->scroll = 0;
	return TUI_RESELECT;
}

static bool drop_fold(struct tui *t, const char *id)
{
	for (size_t i = 0; i < t->folded.n; i++)
		if (strcmp(t->folded.v[i], id) == 0) {
			free(t->folded.v[i]);
			t->folded.v[i] = t->folded.v[--t->folded.n];
			return true;
		}
	return false;
}

static enum tui_action press_fold(struct tui *t, uint32_t key)
{
	const struct row *r = tui_current(t);
	bool open = key == KEYCODE_RIGHT || key == 'l', shut = key == KEYCODE_LEFT || key == 'h';
	if (!r || (!drop_fold(t, r->inst->id) && open))
		return TUI_NONE;
	const struct branch *b = &t->sel->branches.v[t->cursor[LIST_TREE].row];
	if (shut || (!open && !b->folded))
		vec_push(&t->folded, xstrdup(r->inst->id));
	return TUI_RESELECT;
}

/* One instance; of a group, what is in it; in the instance, every number. */
static enum tui_action press_enter(struct tui *t, uint32_t key)
{
	const struct row *r = tui_current(t);
	if (!r)
		return TUI_NONE;
	if (t->view == VIEW_TREE && !tui_find(t, r->inst->id))
		return press_fold(t, key);
	tui_open(t, t->view == VIEW_INSTANCE ? VIEW_FIELDS : VIEW_INSTANCE);
	return TUI_RESELECT;
}

static enum tui_action press_choose(struct tui *t, uint32_t key)
{
	enum tui_action a = view_table[t->view].take(t, sortable_field(t->choice));
	if (t->view == VIEW_SORT)
		(void)press_close(t, key);
	return a;
}

/* Of the menu of columns: again whatever fits. */
static enum tui_action press_automatic(struct tui *t, uint32_t key)
{
	(void)key;
	t->chosen.n = 0;
	return TUI_KEEP;
}

static enum tui_action press_filter(struct tui *t, uint32_t key)
{
	(void)key;
	t->editing = EDIT_FILTER;
	return TUI_REDRAW;
}

static enum tui_action press_search(struct tui *t, uint32_t key)
{
	return key == '/' ? search_begin(t) : search_again(t, key == 'N');
}

static enum tui_action press_clear(struct tui *t, uint32_t key)
{
	(void)key;
	t->message[0] = '\0';
	if (t->typed[EDIT_FILTER][0]) {
		t->typed[EDIT_FILTER][0] = '\0';
		return TUI_RESELECT;
	}
	return t->behind_usec > 0 ? TUI_PRESENT : TUI_REDRAW;
}

enum tui_action tui_sort_by(struct tui *t, const struct field *f)
{
	t->down = f == tui_sort_field(t) ? !t->down : f->sort_down;
	t->sort = f;
	return TUI_RESELECT;
}

static enum tui_action press_quick_sort(struct tui *t, uint32_t key)
{
	return tui_sort_by(t, field_by_key(key == 'c'   ? "cpu.used_cores"
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

/* To what uses the most CPU, of the lists on the screen. */
static enum tui_action press_busiest(struct tui *t, uint32_t key)
{
	const struct field *cpu = field_by_key("cpu.used_cores");
	const struct row *most = NULL;
	enum list first = tui_list(t), last = first;
	(void)key;
	if (t->view == VIEW_OVERVIEW)
		first = LIST_CONTAINER, last = LIST_VM;
	for (enum list l = first; l <= last; l++)
		for (size_t i = 0; i < tui_count(t, l); i++) {
			const struct row *r = tui_row(t, l, i);
			if (!tui_find(t, r->inst->id) || (most && field_compare(cpu, most, r, true) <= 0))
				continue;
			most = r;
			tui_go_to(t, l, i);
		}
	return TUI_REDRAW;
}

/* The next row is at hand then, as in htop. */
static enum tui_action press_tag(struct tui *t, uint32_t key)
{
	const struct row *r = tui_current(t);
	if (key == 'U')
		tags_clear(t);
	else if (r && tui_find(t, r->inst->id))
		tags_toggle(t, r->inst->id);
	return key == 'U' ? TUI_REDRAW : move_key(t, KEYCODE_DOWN);
}

static enum tui_action press_open(struct tui *t, uint32_t key)
{
	tui_open(t, key == '!'                        ? VIEW_NOTICES
	            : key == 's' || key == KEYCODE_F6 ? VIEW_SORT
	            : key == 'C' || key == KEYCODE_F2 ? VIEW_COLUMNS
	                                              : VIEW_HELP);
	return TUI_REDRAW;
}

static enum tui_action press_look(struct tui *t, uint32_t key)
{
	switch (key) {
	case 'z':
		t->zoom = !t->zoom;
		return TUI_REDRAW;
	case '%':
		t->looks.shares = !t->looks.shares;
		return TUI_KEEP;
	case 'B':
		t->looks.blocks = !t->looks.blocks;
		return TUI_KEEP;
	default:
		return TUI_THEME;
	}
}

static enum tui_action press_time(struct tui *t, uint32_t key)
{
	switch (key) {
	case '.':
		return TUI_FORWARD;
	case ',':
		return TUI_BACK;
	case ']':
		return TUI_FORWARD_MINUTE;
	case '[':
		return TUI_BACK_MINUTE;
	default:
		t->typed[EDIT_TIME][0] = '\0';
		t->editing = EDIT_TIME;
		return TUI_REDRAW;
	}
}

/* What the samples shall do; the same letters are in the table. */
static enum tui_action press_load(struct tui *t, uint32_t key)
{
	static const char *const loads[] = {"idle", "cpu", "memory", "burst", "free"};
	for (size_t i = 0; i < ARRAY_SIZE(loads); i++)
		if ((uint32_t)loads[i][0] == key)
			t->load = loads[i];
	return TUI_LOAD;
}

static enum tui_action press_app(struct tui *t, uint32_t key)
{
	(void)t;
	switch (key) {
	case 'x':
		return TUI_START_PAIR;
	case 'X':
		return TUI_STOP_SAMPLES;
	case 'H':
		return TUI_SERVICES;
	case 'y':
		return TUI_COPY;
	case 'p':
		return TUI_PAUSE;
	case '+':
	case '<':
		return TUI_SLOWER;
	case '-':
	case '>':
		return TUI_FASTER;
	case ' ':
		return TUI_PAUSE;
	case CTRL('r'):
		return TUI_REFRESH;
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
	{{KEYCODE_ESCAPE, 'q', KEYCODE_LEFT, 'h'}, IN_OPENED | IN(VIEW_INSTANCE), "Esc q", "close", "close what was opened",
		press_close, ON_ALL},
	{{'?', KEYCODE_F1}, IN_ALL, "? F1", "help", "this help", press_open, ON_ALL},
	{{'i', 'c', 'm', 'b'}, IN(VIEW_COMPARE), "i c m b", "idle, cpu, memory, burst",
		"in compare: what both samples do from now on: nothing, CPU, memory, bursts", press_load, ON_HOST},
	{{'f'}, IN(VIEW_COMPARE), "f", "free", "in compare: both give their memory back", press_load, ON_HOST},
	{{'x'}, IN(VIEW_COMPARE), "x", "start the pair", NULL, press_app, ON_HOST},
	{{'X'}, IN(VIEW_COMPARE), "X", "stop it", NULL, press_app, ON_HOST},
	{{'1', '2', '3', '4'}, IN_ALL, "1 2 3 4", NULL, NULL, press_view, ON_ALL},
	{{'5', '6'}, IN_ALL, "5 6", NULL, NULL, press_view, ON_ALL},
	{{'t', KEYCODE_F5}, IN_ALL, "t F5", NULL, "the tree, and back to the overview", press_view, ON_ALL},
	{{'p'}, IN_ALL, "p", "pause", NULL, press_app, ON_RECORDING},
	{{' '}, IN_VIEWS & ~IN_LISTS, "Space", NULL, "replay, where there is no list whose rows it could tag: pause, go on",
		press_app, ON_RECORDING},
	{{'.', ','}, IN_ALL, ". ,", "step", "one moment on, one back: in a recording, or in the last hour of this host",
		press_time, ON_RECORDING},
	{{'<', '>', '+', '-'}, IN_ALL, "< >", "speed", "replay: slower, faster", press_app, ON_RECORDING},
	{{'@'}, IN_ALL, "@", "go to", "go to a time: 10:30, or the beginning of 2026-11-23T10:30:05Z", press_time,
		ON_RECORDING},
	{{KEYCODE_ENTER}, IN(VIEW_SORT), "Enter", "sort", NULL, press_choose, ON_ALL},
	{{KEYCODE_ENTER, ' '}, IN(VIEW_COLUMNS), "Enter", "show or not", NULL, press_choose, ON_ALL},
	{{'a'}, IN(VIEW_COLUMNS), "a", "what fits", NULL, press_automatic, ON_ALL},
	{{KEYCODE_ENTER}, IN(VIEW_INSTANCE), "Enter", "every number", NULL, press_enter, ON_ALL},
	{{KEYCODE_ENTER}, IN_LISTS, "Enter", "open",
		"one instance; there: every number with its source, or why it is missing", press_enter, ON_ALL},
	{{KEYCODE_LEFT, KEYCODE_RIGHT, 'h', 'l'}, IN(VIEW_TREE), "h l", "fold", "in the tree: fold, unfold", press_fold,
		ON_ALL},
	{{'/'}, IN_LISTS, "/", "search", "search by name, image, runtime or id: to the first row that has the text", press_search,
		ON_ALL},
	{{'n', 'N', KEYCODE_F3}, IN_LISTS, "n N F3", NULL, "to the next row that has it, to the one before", press_search, ON_ALL},
	{{'\\', KEYCODE_F4}, IN_LISTS, "\\ F4", "filter", "filter by name, image, runtime, id or verdict: leave other rows out",
		press_filter, ON_ALL},
	{{'s', KEYCODE_F6}, IN_LISTS, "s F6", "sort", "choose the column to sort by", press_open, ON_ALL},
	{{KEYCODE_TAB, KEYCODE_BACKTAB}, IN(VIEW_OVERVIEW), "Tab", "other list", "to the next list, to the one before",
		move_focus, ON_ALL},
	{{'x'}, IN_VIEWS & ~IN(VIEW_COMPARE), "x", "sample pair", "start a sample container and a sample VM", press_app, ON_HOST},
	{{'q', KEYCODE_F10}, IN_VIEWS, "q F10", "quit", "quit", press_app, ON_ALL},
	{{KEYCODE_F10}, IN_ALL, "F10", NULL, NULL, press_app, ON_ALL},
	{{'H'}, IN_VIEWS, "H", "host's own", "the host's own services and slices: collect and show them, or no longer",
		press_app, ON_HOST},
	{{'z'}, IN(VIEW_INSTANCE) | IN(VIEW_HOST) | IN(VIEW_COMPARE), "z", "zoom", "graphs: each reading, or the hour",
		press_look, ON_ALL},
	{{'p'}, IN_ALL, "p", "pause", "pause, go on", press_app, ON_HOST},
	{{'!'}, IN_ALL, "!", "notices", "what could not be seen here, why, and what would change it", press_open, ON_ALL},
	{{'X'}, IN_VIEWS & ~IN(VIEW_COMPARE), "X", "stop samples", "stop the samples started here", press_app, ON_HOST},
	{{'.', ','}, IN_ALL, ". ,", "back in time", NULL, press_time, ON_HOST},
	{{'[', ']'}, IN_ALL, "[ ]", NULL, "a minute back, a minute on", press_time, ON_ALL},
	{{'@'}, IN_ALL, "@", NULL, NULL, press_time, ON_HOST},
	{{'+', '-'}, IN_ALL, "+ -", "speed", "slower, faster", press_app, ON_HOST},
	{{'b'}, IN_LISTS, "b", "busiest", "to what uses the most CPU", press_busiest, ON_ALL},
	{{'C', KEYCODE_F2}, IN_LISTS, "C F2", "columns", "choose the columns; they are kept", press_open, ON_ALL},
	{{'%'}, IN_VIEWS, "%", NULL, "use as an amount, or as a share of what was given", press_look, ON_ALL},
	{{'B'}, IN_VIEWS, "B", NULL, "graphs of dots (braille), or of blocks", press_look, ON_ALL},
	{{'T'}, IN_ALL, "T", NULL, "the next theme: colours for any, dark or light screens, or none", press_look, ON_ALL},
	{{'y'}, IN_VIEWS, "y", "copy name", "copy the name, in lists those of all tagged, to the terminal's clipboard",
		press_app, ON_ALL},
	{{' '}, IN_LISTS, "Space", NULL, "tag the row, or no longer: the title has what all tagged use together", press_tag,
		ON_ALL},
	{{'U'}, IN_LISTS, "U", NULL, "untag all", press_tag, ON_ALL},
	{{'c', 'm', 'a', 'v'}, IN_LISTS, "c m a v", NULL, "sort by CPU, memory, name, verdict; again: reverse",
		press_quick_sort, ON_ALL},
	{{'r', 'S', 'I'}, IN_LISTS, "r S I", NULL, "reverse the order", press_reverse, ON_ALL},
	{{KEYCODE_ESCAPE}, IN_VIEWS, "Esc", NULL, "show all again; back to now", press_clear, ON_ALL},
	{{KEYCODE_UP, KEYCODE_DOWN, 'k', 'j'}, IN_ALL, "Up k, Down j", NULL,
		"one row; out of one list of the overview into the next", move_key, ON_ALL},
	{{KEYCODE_LEFT, KEYCODE_RIGHT, 'h', 'l'}, IN(VIEW_OVERVIEW), "Left h, Right l", NULL,
		"to the list before, to the next", move_focus, ON_ALL},
	{{KEYCODE_PAGE_UP, KEYCODE_PAGE_DOWN, CTRL('b'), CTRL('f')}, IN_ALL, "PgUp PgDn", NULL, "a page up or down",
		move_key, ON_ALL},
	{{KEYCODE_HOME, 'g', KEYCODE_END, 'G'}, IN_ALL, "Home g, End G", NULL, "first row, last row", move_key, ON_ALL},
	{{KEYCODE_WHEEL_UP, KEYCODE_WHEEL_DOWN}, IN_ALL, "wheel, click", NULL,
		"scroll; take a row, again: open it; sort by a heading; press a key of the footer", move_key, ON_ALL},
	{{CTRL('r')}, IN_VIEWS, "Ctrl-R", NULL, "take a reading now", press_app, ON_HOST},
	{{CTRL('l'), 0}, IN_ALL, "Ctrl-L", NULL, "draw the screen anew", press_app, ON_ALL},
	{{CTRL('z'), 0}, IN_ALL, "Ctrl-Z", NULL, "suspend", press_app, ON_ALL},
};
/* clang-format on */
const unsigned key_bindings_count = ARRAY_SIZE(key_bindings);

bool binding_works(const struct tui *t, const struct binding *b)
{
	bool recording = t->replay_speed > 0;
	return (b->where & IN(t->view)) && b->on != (recording ? ON_HOST : ON_RECORDING);
}

static const struct binding *find_binding(const struct tui *t, uint32_t key)
{
	for (unsigned i = 0; i < key_bindings_count; i++)
		for (unsigned k = 0; k < ARRAY_SIZE(key_bindings[i].keys) && key_bindings[i].keys[k]; k++)
			if (key_bindings[i].keys[k] == key && binding_works(t, &key_bindings[i]))
				return &key_bindings[i];
	return NULL;
}

static enum tui_action press(struct tui *t, uint32_t key)
{
	const struct binding *b = find_binding(t, key);
	return b ? b->press(t, key) : TUI_NONE;
}

enum tui_action tui_key(struct tui *t, uint32_t key)
{
	if (key == KEYCODE_RESIZE)
		return TUI_REDRAW;
	if (key == KEYCODE_PASTE_BEGIN || key == KEYCODE_PASTE_END) {
		t->pasting = key == KEYCODE_PASTE_BEGIN;
		return TUI_NONE;
	}
	if (t->editing)
		return edit_key(t, key);
	return t->pasting ? TUI_NONE : press(t, key);
}

static enum tui_action click_row(struct tui *t, const struct spot *s)
{
	bool again = tui_list(t) == s->list && t->cursor[s->list].row == s->row;
	if (again)
		return press(t, KEYCODE_ENTER);
	tui_go_to(t, s->list, s->row);
	return TUI_REDRAW;
}

enum tui_action tui_click(struct tui *t, int x, int y)
{
	for (size_t i = t->spots.n; i-- > 0 && !t->editing;) {
		const struct spot *s = &t->spots.v[i];
		if (x < s->area.x || x >= s->area.x + s->area.w || y < s->area.y || y >= s->area.y + s->area.h)
			continue;
		if (s->kind == SPOT_KEY)
			return press(t, s->key);
		return s->kind == SPOT_HEAD ? tui_sort_by(t, s->field) : click_row(t, s);
	}
	return TUI_NONE;
}

const char *tui_copied(struct tui *t)
{
	const struct row *r = tui_current(t);
	const char *names = tui_list(t) < LIST_MAX ? tags_names(t) : NULL;
	return names ? names : r ? r->inst->name : NULL;
}
