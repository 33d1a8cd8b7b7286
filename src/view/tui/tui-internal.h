/* What the files of the dashboard share.  tui.c holds the state, keys.c changes it, the others draw it. */
#ifndef VCTOP_VIEW_TUI_INTERNAL_H
#define VCTOP_VIEW_TUI_INTERNAL_H

#include "vctop/view/layout.h"
#include "vctop/view/tui.h"

#define FILTER_MAX 128 /* bytes; a paste must not grow without end */
#define CELL_MAX 32    /* bytes of one formatted number or time */
#define COLUMNS_MAX 24

enum edit { EDIT_NONE, EDIT_FILTER, EDIT_TIME };
enum pane { PANE_LISTS, PANE_DETAIL, PANE_HELP, PANE_SORT, PANE_NOTICES, PANE_MAX };

struct tui {
	const struct frame *frame; /* borrowed; NULL before the first tick */
	const struct selection *sel;
	const struct field *sort;
	bool down;
	char filter[FILTER_MAX + 1];
	char jump[FILTER_MAX + 1];
	enum edit editing; /* what is being typed */

	enum pane pane;
	int scroll;      /* of the open pane, lines */
	int page;        /* lines a page key moves, from the last draw */
	unsigned choice; /* in the sort menu: index among the sortable fields */

	enum instance_kind focus;
	size_t cursor[INSTANCE_KIND_MAX], top[INSTANCE_KIND_MAX];
	struct strbuf at[INSTANCE_KIND_MAX]; /* id under the cursor, so that it stays there when rows move */
	struct strbuf detail_id, detail_name;

	struct layout layout; /* of the last draw */
	char message[256];
	int message_ticks;
	double delay_sec;
	bool paused;
	double replay_speed;           /* 0: no replay */
	double last_cpu_sec, self_pct; /* self_pct < 0: no two frames yet */
	int64_t last_mono_usec;
};

/* tui.c */
size_t tui_count(const struct tui *t, enum instance_kind kind);
const struct row *tui_row(const struct tui *t, enum instance_kind kind, size_t i);
const struct row *tui_current(const struct tui *t); /* under the cursor; NULL when the list is empty */
void tui_cursor_to(struct tui *t, enum instance_kind kind, size_t i);
const char *tui_kind_title(enum instance_kind kind); /* "CONTAINERS", "VMs" */

/* keys.c: one table makes the keys work and explains them */
struct binding {
	uint32_t keys[4]; /* 0 ends */
	const char *shown, *help;
	enum tui_action (*press)(struct tui *t, uint32_t key);
};
extern const struct binding key_bindings[];
extern const unsigned key_bindings_count;

/* columns.c: which columns a list of this width has */
enum column_kind { COLUMN_FIELD, COLUMN_CPU_BAR, COLUMN_MEM_BAR };
struct column {
	enum column_kind kind;
	const struct field *field; /* of a bar: what it shows */
	int x, w;
};
struct columns {
	struct column v[COLUMNS_MAX];
	unsigned n;
};
void columns_fit(int width, struct columns *ret);
const struct field *sortable_field(unsigned i); /* NULL past the end */

/* bar.c */
struct bar {
	struct metric used, held, total; /* held may be missing; total may be unlimited */
	double scale;                    /* what the whole bar means when total is unlimited; 0 unknown */
};
void bar_draw(struct canvas *c, int x, int y, int w, const struct bar *b);
uint32_t bar_char(const struct canvas *c, enum style style);
/* A number that is no row's: formatted with its unit, or the glyph of its state. Returns buf. */
char *metric_text(struct metric m, enum field_unit unit, bool ascii, char *buf, size_t size);

/* page.c: scrolled text.  A page is drawn twice: the first pass counts the lines. */
struct page {
	struct canvas *canvas; /* NULL: only count */
	struct rect area;
	int scroll, line;
};
void page_show(struct tui *t, struct canvas *c, struct rect area, void (*fn)(struct page *, const struct tui *));
void page_at(struct page *p, int x, int max, enum style style, const char *s); /* on the current line */
void page_next(struct page *p);
void page_head(struct page *p, const char *s);
void page_wrap(struct page *p, int indent, enum style style, const char *s); /* whole lines, broken at blanks */

/* one file each */
void band_draw(const struct tui *t, struct canvas *c);
void list_draw(struct tui *t, struct canvas *c, enum instance_kind kind);
void footer_draw(const struct tui *t, struct canvas *c);
void detail_page(struct page *p, const struct tui *t);
void help_page(struct page *p, const struct tui *t);
void sort_page(struct page *p, const struct tui *t);
void notices_page(struct page *p, const struct tui *t);

#endif
