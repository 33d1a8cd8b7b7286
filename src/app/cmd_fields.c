/* `vctop fields`: the field table, for people who write --columns, sort orders and scripts. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"

int cmd_fields(int argc, char **argv)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (argc > 1) {
		if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
			(void)puts("usage: vctop fields\nLists every field: JSON key, column name, unit, source, meaning.");
			return EXIT_SUCCESS;
		}
		return app_failf(EXIT_BAD_USE, "fields: %s: takes no options", argv[1]);
	}
	strbuf_fmt(&out, "%-26s %-12s %-8s %s\n", "KEY", "COLUMN", "UNIT", "MEANING  [source]");
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		const char *unit = field_unit_name(f->unit);
		strbuf_fmt(&out, "%-26s %-12s %-8s %s  [%s]\n", f->key, f->column ? f->column : "-", *unit ? unit : "-",
			   f->help, f->source);
	}
	return app_write(&out) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
