/*
 * The field table: every number and text of a row, described once.  TUI columns, --columns, sort keys, the JSON
 * object, OpenMetrics names, `vctop fields`, the help screen and the man page all come from it.
 */
#ifndef VCTOP_MODEL_FIELD_H
#define VCTOP_MODEL_FIELD_H

#include <stdbool.h>

#include "vctop/model/frame.h"

enum field_unit {
	UNIT_NONE,
	UNIT_CORES,
	UNIT_BYTES,
	UNIT_PERCENT,
	UNIT_BYTES_PER_SEC,
	UNIT_COUNT,
	UNIT_SECONDS,
	UNIT_TIME,
	UNIT_MONEY,
	UNIT_MAX
};
enum field_kind { FIELD_METRIC, FIELD_TEXT, FIELD_FLAG };

struct field_value {
	struct metric metric; /* FIELD_METRIC; FIELD_FLAG: yes is not 0 */
	const char *text;     /* FIELD_TEXT; NULL is JSON null, and metric may say why */
	const char *shown;    /* what a person reads in its place; NULL: the same */
};

struct field {
	const char *key;    /* dotted path in the JSON instance object: "cpu.used_cores"; unique */
	const char *title;  /* column head: "CPU" */
	const char *column; /* short name for --columns and sorting: "cpu"; NULL: not a column */
	enum field_unit unit;
	enum field_kind kind;
	int width;          /* column width in cells; negative: left aligned */
	bool sort_down;     /* first press of the sort key shows the largest first */
	const char *source; /* kernel file and key, or the formula */
	const char *help;   /* one sentence */
	struct field_value (*get)(const struct row *r);
};

extern const struct field field_table[];
extern const unsigned field_count;

const struct field *field_by_key(const char *key);       /* NULL unknown */
const struct field *field_by_column(const char *column); /* column or key; NULL unknown */
const char *field_unit_name(enum field_unit u);          /* "cores", "bytes", ... */
/* What a person reads of a FIELD_TEXT; NULL nothing. */
const char *field_text(const struct field *f, const struct row *r);
/* The value as a cell of text: a number with unit, or the glyph of its state. Returns buf. */
char *field_format(const struct field *f, const struct row *r, bool ascii, char *buf, size_t size);
/* Order of two rows by a field, ascending; rows without a value come last in either direction. */
int field_compare(const struct field *f, const struct row *a, const struct row *b, bool down);

#endif
