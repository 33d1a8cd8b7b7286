/* Columns appear by rank as a list grows; what is left over goes to the name, the bars and the reason. */
#include "tui-internal.h"

struct spec {
	const char *key;
	enum column_kind kind;
	int rank; /* 0 always; the first that does not fit ends the choice */
	int min, max, gap;
};

/* In the order of the screen.  A bar names the field it shows. */
static const struct spec specs[] = {
        {"name", COLUMN_FIELD, 0, 10, 32, 0},
        {"runtime", COLUMN_FIELD, 9, 8, 8, 1},
        {"age_sec", COLUMN_FIELD, 12, 6, 6, 1},
        {"cpu.allocated_cores", COLUMN_FIELD, 3, 5, 5, 2},
        {"cpu.used_cores", COLUMN_FIELD, 0, 5, 5, 1},
        {"cpu.used_cores", COLUMN_CPU_BAR, 6, 5, 20, 1},
        {"verdict.slack.cores", COLUMN_FIELD, 7, 5, 5, 1},
        {"memory.allocated_bytes", COLUMN_FIELD, 4, 6, 6, 2},
        {"memory.used_bytes", COLUMN_FIELD, 0, 6, 6, 1},
        {"memory.used_bytes", COLUMN_MEM_BAR, 5, 5, 24, 1},
        {"verdict.slack.bytes", COLUMN_FIELD, 8, 6, 6, 1},
        {"pids", COLUMN_FIELD, 13, 5, 5, 2},
        {"io.read_bytes_per_sec", COLUMN_FIELD, 14, 7, 7, 2},
        {"io.write_bytes_per_sec", COLUMN_FIELD, 15, 7, 7, 1},
        {"verdict.state", COLUMN_FIELD, 0, 11, 11, 2},
        {"verdict.now", COLUMN_FIELD, 10, 9, 9, 1},
        {"verdict.reason", COLUMN_FIELD, 11, 28, 1000, 1},
};
_Static_assert(ARRAY_SIZE(specs) <= COLUMNS_MAX, "room for all columns");

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
	grow(0, w, name, left);
	for (unsigned i = 0; i < SPECS; i++)
		if (specs[i].kind != COLUMN_FIELD)
			grow(i, w, bars, left);
}

static bool add_rank(int rank, int w[], int *left)
{
	for (unsigned i = 0; i < SPECS; i++) {
		if (specs[i].rank != rank)
			continue;
		if (rank > 0 && *left < specs[i].min + specs[i].gap)
			return false;
		w[i] = specs[i].min;
		*left -= specs[i].min + specs[i].gap;
	}
	return true;
}

/* A readable name and bars come before the columns of rank 9 and up, longer ones before those of rank 11. */
static void choose(int width, int w[])
{
	int left = width;
	for (int rank = 0; rank <= RANK_MAX; rank++) {
		if (rank == 9)
			widen(w, 16, 8, &left);
		if (rank == 11)
			widen(w, 20, 10, &left);
		if (!add_rank(rank, w, &left))
			break;
	}
	widen(w, 16, 8, &left);
	widen(w, 24, 12, &left);
	grow(SPECS - 1, w, 1000, &left); /* a sentence uses room better than a longer bar */
	widen(w, 32, 24, &left);
}

void columns_fit(int width, struct columns *ret)
{
	int w[SPECS] = {0}, x = 0;
	choose(width, w);
	ret->n = 0;
	for (unsigned i = 0; i < SPECS; i++) {
		if (!w[i])
			continue;
		x += specs[i].gap;
		ret->v[ret->n++] = (struct column){specs[i].kind, field_by_key(specs[i].key), x, w[i]};
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
