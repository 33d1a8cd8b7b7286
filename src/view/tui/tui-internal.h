/*
 * What the files of the dashboard share.  tui.c holds the state, view.c the table of views, keys.c the table of keys;
 * the others draw.  A view shows one or more lists, or tiles: pages of text and graphs that flow into columns.
 */
#ifndef VCTOP_VIEW_TUI_INTERNAL_H
#define VCTOP_VIEW_TUI_INTERNAL_H

#include "vctop/model/trend.h"
#include "vctop/view/layout.h"
#include "vctop/view/tui.h"

#define FILTER_MAX 128 /* bytes; a paste must not grow without end */
#define CELL_MAX 32    /* bytes of one formatted number or time */
#define COLUMNS_MAX 24
#define TILES_MAX 12
#define CTRL(c) ((uint32_t)(c)&0x1FU)

enum edit { EDIT_NONE, EDIT_FILTER, EDIT_SEARCH, EDIT_TIME, EDIT_MAX };

/* The first ones have a key of their own; the others open over them and close again. */
enum view_id {
	VIEW_OVERVIEW,
	VIEW_TREE,
	VIEW_INSTANCE,
	VIEW_WASTE,
	VIEW_HOST,
	VIEW_COMPARE,
	VIEW_FIELDS,
	VIEW_HELP,
	VIEW_SORT,
	VIEW_COLUMNS,
	VIEW_NOTICES,
	VIEW_MAX
};

struct page;
typedef void (*tile_fn)(struct page *p, const struct tui *t);

struct view {
	const char *name, *help;
	uint32_t key;             /* 0: none of its own */
	bool band;                /* the host above */
	bool about;               /* about the instance in hand, whose name stands in the title */
	enum list list;           /* LIST_MAX: tiles */
	tile_fn tiles[TILES_MAX]; /* NULL ends */
	int tile_w;               /* narrowest column of tiles; 0: one column */
	tile_fn foot;             /* below the list, about the row under the cursor */
	/* Of a menu, whose tile shows lines to choose from (tui.choice): takes one. */
	enum tui_action (*take)(struct tui *t, const struct field *f);
};
extern const struct view view_table[VIEW_MAX];

/* What a place on the screen does when it is clicked; made anew by each draw. */
struct spot {
	struct rect area;
	enum { SPOT_KEY, SPOT_ROW, SPOT_HEAD } kind;
	uint32_t key;              /* SPOT_KEY: as if pressed */
	enum list list;            /* SPOT_ROW */
	size_t row;                /* SPOT_ROW */
	const struct field *field; /* SPOT_HEAD */
};

struct cursor {
	size_t row, top;
	struct strbuf at; /* id under it, so that it stays there when rows move */
};

struct tui {
	const struct frame *frame; /* borrowed; NULL before the first tick */
	const struct selection *sel;
	const struct trends *trends; /* borrowed; NULL none */
	const struct field *sort;
	bool down;
	struct place {
		enum list list;
		size_t row;
	} search_from;     /* where the cursor was when it began */
	enum edit editing; /* what is being typed */
	char typed[EDIT_MAX][FILTER_MAX + 1];
	VEC(const struct field *) chosen; /* columns; empty: what fits, by rank */
	struct strbuf chosen_text;
	struct tui_looks looks;

	enum view_id view, back[VIEW_MAX]; /* back: where an opened one goes when it closes */
	int scroll;                        /* of tiles, lines */
	int scrolled_pct;                  /* how far that is of what there is, of the last draw; -1: all is seen */
	int page;                          /* lines a page key moves, from the last draw */
	int taller;                        /* lines that each graph has beyond its least, where the screen has room */
	struct rect taller_in;             /* for which area, */
	enum view_id taller_of;            /* and of which view */
	unsigned choice;                   /* in a menu */
	unsigned zoom;                     /* of graphs: 0 each reading, 1 the hour */

	enum instance_kind focus; /* of the overview */
	struct cursor cursor[LIST_MAX];
	VEC(char *) folded, tagged; /* ids */
	struct strbuf copied;
	struct strbuf hand_id, hand_name; /* the instance in hand: the last one looked at or opened */

	struct layout layout; /* of the last draw */
	VEC(struct spot) spots;
	char message[256];
	int message_ticks;
	double delay_sec;
	bool paused;
	double replay_speed;           /* 0: no replay */
	int64_t behind_usec;           /* shown is this much before now; 0: now */
	double last_cpu_sec, self_pct; /* self_pct < 0: no two frames yet */
	int64_t last_mono_usec;
	char remembered[48];                    /* how far back one can go, for the footer */
	const char *samples[INSTANCE_KIND_MAX]; /* names of those this dashboard started; borrowed, NULL none */
	const char *load;                       /* TUI_LOAD: what the samples shall do */
	bool pasting;
};

/* tui.c */
size_t tui_count(const struct tui *t, enum list l);
const struct row *tui_row(const struct tui *t, enum list l, size_t i);
enum list tui_list(const struct tui *t);            /* the one with the cursor; LIST_MAX none */
const struct row *tui_current(const struct tui *t); /* under the cursor, or in hand; NULL none */
void tui_cursor_to(struct tui *t, enum list l, size_t i);
void tui_go_to(struct tui *t, enum list l, size_t i); /* the same, and the list is the one with the cursor */
void tui_take(struct tui *t, const struct row *r);    /* into the hand */
const struct row *tui_in_hand(const struct tui *t);   /* NULL: it is gone, or there never was one */
const char *tui_hand_name(const struct tui *t);       /* now, or when it was last seen */
const struct row *tui_find(const struct tui *t, const char *id);
bool tui_services(const struct tui *t); /* the third list is shown */
void tui_open(struct tui *t, enum view_id v);
void tui_spot(struct tui *t, struct spot s);
const char *tui_list_title(enum list l); /* "CONTAINERS", "VMs" */
const struct field *tui_sort_field(const struct tui *t);

/* keys.c: one table makes the keys work, explains them, and is the footer */
struct binding {
	uint32_t keys[4];                /* 0 ends */
	unsigned where;                  /* bits of views; the first binding that fits is taken */
	const char *shown, *hint, *help; /* hint: in the footer; NULL not there */
	enum tui_action (*press)(struct tui *t, uint32_t key);
	enum { ON_ALL, ON_HOST, ON_RECORDING } on;
};
extern const struct binding key_bindings[];
extern const unsigned key_bindings_count;
bool binding_works(const struct tui *t, const struct binding *b);
enum tui_action tui_sort_by(struct tui *t, const struct field *f);

/* move.c: the cursor of lists and menus, the scrolling of tiles */
enum tui_action move_key(struct tui *t, uint32_t key);
enum tui_action move_focus(struct tui *t, uint32_t key);

/* search.c */
enum tui_action search_begin(struct tui *t);
enum tui_action search_typed(struct tui *t); /* to the first row that has it, from where it began */
enum tui_action search_again(struct tui *t, bool back);
enum tui_action search_undo(struct tui *t);

/* edit.c */
enum tui_action edit_key(struct tui *t, uint32_t key);

/* tags.c */
bool tags_has(const struct tui *t, const char *id);
void tags_toggle(struct tui *t, const char *id);
void tags_clear(struct tui *t);
/* Of a list's kind, seen or filtered out: how many; in ret their states and what they use together. */
unsigned tags_sum(const struct tui *t, enum list l, struct totals *ret);
const char *tags_names(struct tui *t); /* until the next call; NULL none */

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
void columns_fit(const struct tui *t, enum list l, int width, struct columns *ret);
bool column_chosen(const struct tui *t, const struct field *f);
enum tui_action columns_take(struct tui *t, const struct field *f); /* shows it, or no longer */
const struct field *sortable_field(unsigned i);                     /* NULL past the end */

/* bar.c */
struct bar {
	struct metric used, held, total; /* held may be missing; total may be unlimited */
	double scale;                    /* what the whole bar means when total is unlimited; 0 unknown */
};
void bar_draw(struct canvas *c, int x, int y, int w, const struct bar *b);
uint32_t bar_char(const struct canvas *c, enum style style);
/* A number that is no row's: formatted with its unit, or the glyph of its state. Returns buf. */
char *metric_text(struct metric m, enum field_unit unit, bool ascii, char *buf, size_t size);

/* graph.c: one or two lines over time, newest at the right, below a cap */
struct graph {
	const char *title;
	enum field_unit unit;
	enum trend_series main, second, cap; /* TREND_MAX: none */
	const char *main_name, *second_name;
	double least; /* the top is at least this */
};
/* Lines of one graph of which so many should go below each other. */
int graph_height(const struct tui *t, int of);
/* Is there anything to draw? */
bool graph_has_values(const struct tui *t, const struct trend *tr, const struct graph *g);
void graph_tile(struct page *p, const struct tui *t, const struct trend *tr, const struct graph *g, int h);

/* page.c: tiles of scrolled text.  Each is drawn twice: the first pass counts the lines. */
struct page {
	struct canvas *canvas; /* NULL: only count */
	struct rect area;      /* of the whole tile; the canvas clips what is scrolled away */
	int line;
};
void tiles_show(struct tui *t, struct canvas *c, struct rect area, const tile_fn *tiles, int tile_w);
void page_at(struct page *p, int x, int max, enum style style, const char *s); /* on the current line */
void page_next(struct page *p);
void page_head(struct page *p, const char *s);
void page_wrap(struct page *p, int indent, enum style style, const char *s); /* whole lines, broken at blanks */
struct rect page_line(const struct page *p);                                 /* the current line on the canvas */

/* one file each */
void band_draw(const struct tui *t, struct canvas *c);
void list_draw(struct tui *t, struct canvas *c, enum list l, struct rect area);
void footer_draw(struct tui *t, struct canvas *c);
void fields_tile(struct page *p, const struct tui *t);
void help_tile(struct page *p, const struct tui *t);
void menu_tile(struct page *p, const struct tui *t);
void notices_tile(struct page *p, const struct tui *t);
void waste_foot(struct page *p, const struct tui *t);
void instance_cpu_tile(struct page *p, const struct tui *t);
void instance_memory_tile(struct page *p, const struct tui *t);
void instance_tasks_tile(struct page *p, const struct tui *t);
void instance_facts_tile(struct page *p, const struct tui *t);
void instance_io_tile(struct page *p, const struct tui *t);
void instance_net_tile(struct page *p, const struct tui *t);
void instance_pressure_tile(struct page *p, const struct tui *t);
void instance_background_tile(struct page *p, const struct tui *t);
void host_cpu_tile(struct page *p, const struct tui *t);
void host_memory_tile(struct page *p, const struct tui *t);
void host_cores_tile(struct page *p, const struct tui *t);
void host_facts_tile(struct page *p, const struct tui *t);
void host_pressure_tile(struct page *p, const struct tui *t);
void host_stores_tile(struct page *p, const struct tui *t);
void host_daemons_tile(struct page *p, const struct tui *t);
void compare_container_tile(struct page *p, const struct tui *t);
void compare_vm_tile(struct page *p, const struct tui *t);
void compare_notes_tile(struct page *p, const struct tui *t);

#endif
