/* `vctop fields`: the field table, for people who write --columns, sort orders and scripts. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

/* The FIELDS section of the manual, so that it cannot drift from the table. */
static int print_mdoc(void)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	strbuf_str(&out, ".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		strbuf_fmt(&out, ".It Cm %s", f->key);
		if (f->column)
			strbuf_fmt(&out, " Pq column Cm %s", f->column);
		strbuf_fmt(&out, "\n%s\nSource: %s.\n", f->help, f->source);
	}
	strbuf_str(&out, ".El\n");
	return app_print(&out);
}

int cmd_fields(int argc, char **argv)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (argc > 1) {
		if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
			(void)puts("usage: vctop fields [--mdoc]\n"
			           "Lists every field: JSON key, column name, unit, source, meaning.");
			return EXIT_SUCCESS;
		}
		if (strcmp(argv[1], "--mdoc") == 0)
			return print_mdoc();
		return app_failf(EXIT_BAD_USE, "fields: %s: unknown option", argv[1]);
	}
	strbuf_fmt(&out, "%-26s %-12s %-8s %s\n", "KEY", "COLUMN", "UNIT", "MEANING  [source]");
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		const char *unit = field_unit_name(f->unit);
		strbuf_fmt(&out, "%-26s %-12s %-8s %s  [%s]\n", f->key, f->column ? f->column : "-", *unit ? unit : "-",
		           f->help, f->source);
	}
	return app_print(&out);
}
