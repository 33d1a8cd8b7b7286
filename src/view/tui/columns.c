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
	{"age_sec", COLUMN_FIELD, 11, 6, 6, 1},
	{"cpu.allocated_cores", COLUMN_FIELD, 3, 5, 5, 2},
	{"cpu.used_cores", COLUMN_FIELD, 0, 5, 5, 1},
	{"cpu.used_cores", COLUMN_CPU_BAR, 6, 5, 20, 1},
	{"verdict.slack.cores", COLUMN_FIELD, 7, 5, 5, 1},
	{"memory.allocated_bytes", COLUMN_FIELD, 4, 6, 6, 2},
	{"memory.used_bytes", COLUMN_FIELD, 0, 6, 6, 1},
	{"memory.used_bytes", COLUMN_MEM_BAR, 5, 5, 24, 1},
	{"verdict.slack.bytes", COLUMN_FIELD, 8, 6, 6, 1},
	{"pids", COLUMN_FIELD, 12, 5, 5, 2},
	{"io.read_bytes_per_sec", COLUMN_FIELD, 13, 7, 7, 2},
	{"io.write_bytes_per_sec", COLUMN_FIELD, 14, 7, 7, 1},
	{"verdict.state", COLUMN_FIELD, 0, 11, 11, 2},
	{"verdict.now", COLUMN_FIELD, 10, 9, 9, 1},
	{"verdict.reason", COLUMN_FIELD, 15, 24, 1000, 1},
};
_Static_assert(ARRAY_SIZE(specs) <= COLUMNS_MAX, "room for all columns");

#define RANK_MAX 15

static int choose(int width, bool on[])
{
	int left = width;
	for (unsigned i = 0; i < ARRAY_SIZE(specs); i++) {
		on[i] = specs[i].rank == 0;
		left -= on[i] ? specs[i].min + specs[i].gap : 0;
	}
	for (int rank = 1; rank <= RANK_MAX; rank++)
		for (unsigned i = 0; i < ARRAY_SIZE(specs); i++) {
			if (specs[i].rank != rank)
				continue;
			if (left < specs[i].min + specs[i].gap)
				return left;
			on[i] = true;
			left -= specs[i].min + specs[i].gap;
		}
	return left;
}

/* Gives column i up to `upto` cells out of *left. */
static void grow(unsigned i, int w[], int upto, int *left)
{
	int more = upto - w[i] < *left ? upto - w[i] : *left;
	if (w[i] && more > 0) {
		w[i] += more;
		*left -= more;
	}
}

static void share_rest(int w[], int left)
{
	static const int steps[][2] = {{16, 0}, {0, 8}, {20, 0}, {0, 12}, {24, 0}, {0, 24}, {32, 0}, {0, 1000}};
	bool reason = w[ARRAY_SIZE(specs) - 1] > 0;
	for (unsigned s = 0; s < ARRAY_SIZE(steps) && left > 0; s++) {
		if (reason && s == 4) /* a sentence uses room better than a longer bar */
			grow(ARRAY_SIZE(specs) - 1, w, 1000, &left);
		for (unsigned i = 0; i < ARRAY_SIZE(specs); i++) {
			int upto = specs[i].kind == COLUMN_FIELD ? (i == 0 ? steps[s][0] : 0) : steps[s][1];
			grow(i, w, upto < specs[i].max ? upto : specs[i].max, &left);
		}
	}
}

void columns_fit(int width, struct columns *ret)
{
	bool on[ARRAY_SIZE(specs)];
	int w[ARRAY_SIZE(specs)];
	int left = choose(width, on);
	for (unsigned i = 0; i < ARRAY_SIZE(specs); i++)
		w[i] = on[i] ? specs[i].min : 0;
	share_rest(w, left);
	ret->n = 0;
	for (unsigned i = 0, x = 0; i < ARRAY_SIZE(specs); i++) {
		if (!on[i])
			continue;
		x += (unsigned)specs[i].gap;
		ret->v[ret->n++] = (struct column){specs[i].kind, field_by_key(specs[i].key), (int)x, w[i]};
		x += (unsigned)w[i];
	}
}

const struct field *sortable_field(unsigned n)
{
	for (unsigned i = 0; i < field_count; i++)
		if (field_table[i].column && n-- == 0)
			return &field_table[i];
	return NULL;
}
