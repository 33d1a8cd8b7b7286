/* Columns appear by rank as a list grows; what is left over goes to the name, the bars and the reason. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define ON(l) (1U << (l))
#define JUDGED (ON(LIST_CONTAINER) | ON(LIST_VM))
#define NOW (JUDGED | ON(LIST_SERVICE) | ON(LIST_TREE))

struct spec {
	const char *key;
	enum column_kind kind;
	unsigned on; /* bits of lists */
	int rank;    /* 0 always; the first that does not fit ends the choice */
	int min, max, gap;
};

/* In the order of the screen.  A bar names the field it shows. */
static const struct spec specs[] = {
        {"name", COLUMN_FIELD, ~ON(LIST_TREE), 0, 10, 32, 0},
        {"name", COLUMN_FIELD, ON(LIST_TREE), 0, 18, 48, 0},
        {"runtime", COLUMN_FIELD, ~ON(LIST_SERVICE), 9, 8, 8, 1},
        {"age_sec", COLUMN_FIELD, JUDGED, 12, 6, 6, 1},
        {"cpu.allocated_cores", COLUMN_FIELD, ~0U, 3, 5, 5, 2},
        {"verdict.recommended.cores", COLUMN_FIELD, ON(LIST_WASTE), 2, 5, 5, 1},
        {"cpu.used_cores", COLUMN_FIELD, NOW, 0, 5, 5, 1},
        {"cpu.used_cores", COLUMN_CPU_BAR, NOW, 6, 5, 20, 1},
        {"verdict.slack.cores", COLUMN_FIELD, JUDGED | ON(LIST_TREE), 7, 5, 5, 1},
        {"verdict.slack.cores", COLUMN_FIELD, ON(LIST_WASTE), 0, 5, 5, 1},
        {"memory.allocated_bytes", COLUMN_FIELD, ~0U, 4, 6, 6, 2},
        {"verdict.recommended.bytes", COLUMN_FIELD, ON(LIST_WASTE), 2, 6, 6, 1},
        {"memory.used_bytes", COLUMN_FIELD, NOW, 0, 6, 6, 1},
        {"memory.used_bytes", COLUMN_MEM_BAR, NOW, 5, 5, 24, 1},
        {"memory.held_bytes", COLUMN_FIELD, ON(LIST_SERVICE), 7, 6, 6, 1},
        {"verdict.slack.bytes", COLUMN_FIELD, JUDGED | ON(LIST_TREE), 8, 6, 6, 1},
        {"verdict.slack.bytes", COLUMN_FIELD, ON(LIST_WASTE), 0, 6, 6, 1},
        {"verdict.slack.cost_per_month", COLUMN_FIELD, ON(LIST_WASTE), 7, 9, 9, 1},
        {"pids", COLUMN_FIELD, NOW, 13, 5, 5, 2},
        {"io.read_bytes_per_sec", COLUMN_FIELD, NOW, 14, 7, 7, 2},
        {"io.write_bytes_per_sec", COLUMN_FIELD, NOW, 15, 7, 7, 1},
        {"verdict.state", COLUMN_FIELD, ~ON(LIST_SERVICE), 0, 11, 11, 2},
        {"verdict.now", COLUMN_FIELD, JUDGED, 10, 9, 9, 1},
        {"verdict.reason", COLUMN_FIELD, JUDGED | ON(LIST_WASTE), 11, 28, 1000, 1},
};

#define RANK_MAX 15
#define SPECS ARRAY_SIZE(specs)

/* Gives column i up to `upto` cells out of *left. */
static void grow(unsigned i, int w[], int upto, int *left)
{
	upto = upto < specs[i].max ? upto : specs[i].max;
	int more = upto - w[i] < *left ? upto - w[i] : *left;
	if (w[i] && more > 0) {
		w[i] += more;
		*left -= more;
	}
}

static void widen(int w[], int name, int bars, int *left)
{
	for (unsigned i = 0; i < SPECS && specs[i].max < 1000; i++)
		if (i < 2) /* the tree's names have its lines before them */
			grow(i, w, i == 1 ? name + 8 : name, left);
		else if (specs[i].kind != COLUMN_FIELD)
			grow(i, w, bars, left);
}

static int width_of(const struct field *f)
{
	int w = f->width < 0 ? -f->width : f->width, title = text_width(f->title);
	return w > title ? w : title;
}

/* Use is shown as a share of what was given, where somebody prefers that. */
static const struct field *field_of(const struct tui *t, const struct spec *s)
{
	if (t->looks.shares && s->kind == COLUMN_FIELD && strcmp(s->key, "cpu.used_cores") == 0)
		return field_by_key("cpu.used_pct");
	if (t->looks.shares && s->kind == COLUMN_FIELD && strcmp(s->key, "memory.used_bytes") == 0)
		return field_by_key("memory.used_pct");
	return field_by_key(s->key);
}

static bool add_rank(const struct tui *t, enum list l, int rank, int w[], int *left)
{
	for (unsigned i = 0; i < SPECS; i++) {
		if (specs[i].rank != rank || !(specs[i].on & ON(l)))
			continue;
		int need = specs[i].min;
		if (specs[i].kind == COLUMN_FIELD && specs[i].min == specs[i].max) /* a number: its title too */
			need = width_of(field_of(t, &specs[i])) > need ? width_of(field_of(t, &specs[i])) : need;
		if (rank > 0 && *left < need + specs[i].gap)
			return false;
		w[i] = need;
		*left -= need + specs[i].gap;
	}
	return true;
}

/* A readable name and bars come before the columns of rank 9 and up, longer ones before those of rank 11. */
static void choose(const struct tui *t, enum list l, int width, int w[])
{
	int left = width;
	for (int rank = 0; rank <= RANK_MAX; rank++) {
		if (rank == 9)
			widen(w, 16, 8, &left);
		if (rank == 11)
			widen(w, 20, 10, &left);
		if (!add_rank(t, l, rank, w, &left))
			break;
	}
	widen(w, 16, 8, &left);
	widen(w, 24, 12, &left);
	grow(SPECS - 1, w, 1000, &left); /* a sentence uses room better than a longer bar */
	widen(w, 40, 24, &left);
}

bool column_chosen(const struct tui *t, const struct field *f)
{
	for (size_t i = 0; i < t->chosen.n; i++)
		if (t->chosen.v[i] == f)
			return true;
	return false;
}

enum tui_action columns_take(struct tui *t, const struct field *f)
{
	size_t kept = 0;
	bool had = column_chosen(t, f);
	for (size_t i = 0; i < t->chosen.n; i++)
		if (t->chosen.v[i] != f)
			t->chosen.v[kept++] = t->chosen.v[i];
	t->chosen.n = kept;
	if (!had && kept < COLUMNS_MAX)
		vec_push(&t->chosen, f);
	return TUI_KEEP;
}

const char *tui_columns(struct tui *t)
{
	strbuf_clear(&t->chosen_text);
	for (size_t i = 0; i < t->chosen.n; i++)
		strbuf_fmt(&t->chosen_text, "%s%s", i ? "," : "", t->chosen.v[i]->column);
	return t->chosen_text.buf;
}

void tui_set_columns(struct tui *t, const char *names)
{
	t->chosen.n = 0;
	for (const char *s = names; s && *s; s += strcspn(s, ",") + (s[strcspn(s, ",")] == ',')) {
		char name[64];
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(s, ","), s);
		const struct field *f = field_by_column(name);
		if (f && f->column && t->chosen.n < COLUMNS_MAX)
			vec_push(&t->chosen, f);
	}
}

/* What somebody chose, in that order, as far as it fits; the name is always there, and takes what is left. */
static void fit_chosen(const struct tui *t, int width, struct columns *ret)
{
	const struct field *name = field_by_key("name");
	int left = width - 10, x;
	ret->v[0] = (struct column){COLUMN_FIELD, name, 0, 10};
	ret->n = 1;
	for (size_t i = 0; i < t->chosen.n && ret->n < COLUMNS_MAX; i++) {
		const struct field *f = t->chosen.v[i];
		int w = width_of(f);
		if (f == name || left < w + 2)
			continue;
		ret->v[ret->n++] = (struct column){COLUMN_FIELD, f, 0, w};
		left -= w + 2;
	}
	ret->v[0].w += left > 22 ? 22 : left;
	x = ret->v[0].w;
	for (unsigned i = 1; i < ret->n; i++) {
		ret->v[i].x = x + 2;
		x += 2 + ret->v[i].w;
	}
}

void columns_fit(const struct tui *t, enum list l, int width, struct columns *ret)
{
	int w[SPECS] = {0}, x = 0;
	if (t->chosen.n && l != LIST_WASTE) {
		fit_chosen(t, width, ret);
		return;
	}
	choose(t, l, width, w);
	ret->n = 0;
	for (unsigned i = 0; i < SPECS && ret->n < COLUMNS_MAX; i++) {
		if (!w[i])
			continue;
		x += ret->n ? specs[i].gap : 0;
		ret->v[ret->n++] = (struct column){specs[i].kind, field_of(t, &specs[i]), x, w[i]};
		x += w[i];
	}
}

const struct field *sortable_field(unsigned n)
{
	for (unsigned i = 0; i < field_count; i++)
		if (field_table[i].column && n-- == 0)
			return &field_table[i];
	return NULL;
}
