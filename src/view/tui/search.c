/*
 * Searching, as in less: the cursor goes to a row that has the text in its name, image, runtime or id.  All rows stay,
 * and the lists of the screen are one, which is left at its end for its beginning.
 */
#include <string.h>

#include "tui-internal.h"

static bool has(const struct row *r, const char *text)
{
	const struct instance *i = r->inst;
	const char *const in[] = {i->name, i->image, i->runtime, i->id};
	for (size_t k = 0; k < ARRAY_SIZE(in); k++)
		if (in[k] && strcasestr(in[k], text))
			return true;
	return false;
}

static void lists_shown(const struct tui *t, enum list *ret_first, enum list *ret_last)
{
	*ret_first = *ret_last = tui_list(t);
	if (t->view == VIEW_OVERVIEW) {
		*ret_first = LIST_CONTAINER;
		*ret_last = tui_services(t) ? LIST_SERVICE : LIST_VM;
	}
}

/* The k-th place after `from`, which is the 0th. */
static struct place place_after(const struct tui *t, struct place from, size_t k)
{
	enum list first, last;
	lists_shown(t, &first, &last);
	struct place p = {from.list, from.row + k};
	while (p.row >= tui_count(t, p.list)) {
		p.row -= tui_count(t, p.list);
		p.list = p.list == last ? first : p.list + 1;
	}
	return p;
}

static size_t rows_shown(const struct tui *t)
{
	enum list first, last;
	size_t n = 0;
	lists_shown(t, &first, &last);
	for (enum list l = first; l <= last; l++)
		n += tui_count(t, l);
	return n;
}

/* Of n places the first that has the text: the one `from` itself last, or first when it counts. */
static bool find(struct tui *t, struct place from, bool back, bool itself)
{
	size_t n = rows_shown(t);
	for (size_t i = itself ? 0 : 1; i < n + (itself ? 0 : 1); i++) {
		struct place p = place_after(t, from, back ? n - i : i);
		if (!has(tui_row(t, p.list, p.row), t->typed[EDIT_SEARCH]))
			continue;
		tui_go_to(t, p.list, p.row);
		return true;
	}
	return false;
}

static struct place here(const struct tui *t)
{
	enum list l = tui_list(t);
	return (struct place){l, t->cursor[l].row};
}

enum tui_action search_begin(struct tui *t)
{
	t->typed[EDIT_SEARCH][0] = '\0';
	t->search_from = here(t);
	t->editing = EDIT_SEARCH;
	return TUI_REDRAW;
}

enum tui_action search_typed(struct tui *t)
{
	if (!t->typed[EDIT_SEARCH][0] || !find(t, t->search_from, false, true))
		tui_go_to(t, t->search_from.list, t->search_from.row);
	return TUI_REDRAW;
}

enum tui_action search_again(struct tui *t, bool back)
{
	char text[FILTER_MAX + 32];
	if (!t->typed[EDIT_SEARCH][0])
		return search_begin(t);
	if (!find(t, here(t), back, false)) {
		(void)snprintf(text, sizeof(text), "no row has \"%s\"", t->typed[EDIT_SEARCH]);
		tui_set_message(t, text);
	}
	return TUI_REDRAW;
}

enum tui_action search_undo(struct tui *t)
{
	t->typed[EDIT_SEARCH][0] = '\0';
	tui_go_to(t, t->search_from.list, t->search_from.row);
	return TUI_REDRAW;
}
