/* `vctop fields`: the field table, and that of the figures of a comparison, for people who write --columns, sort orders
 * and scripts. */
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "vctop/model/comparison.h"

/* The FIELDS section of the manual, so that it cannot drift from the table. */
static void mdoc_fields(struct strbuf *out)
{
	strbuf_str(out, ".Bl -tag -width Ds\n");
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		strbuf_fmt(out, ".It Cm %s", f->key);
		if (f->column)
			strbuf_fmt(out, " Pq column Cm %s", f->column);
		strbuf_fmt(out, "\n%s\nSource: %s.\n", f->help, f->source);
	}
	strbuf_str(out, ".El\n");
}

/* The figures of vctop compare, in the manual. */
static void mdoc_figures(struct strbuf *out)
{
	strbuf_str(out, ".Bl -tag -width Ds\n");
	for (int f = 0; f < FIGURE_MAX; f++) {
		const struct figure_info *i = &figure_table[f];
		strbuf_fmt(out, ".It Cm %s\n%s: %s: %s.\n", i->key, i->group, figure_title((enum figure)f), i->method);
		if (i->anchor)
			strbuf_fmt(out, "Published: %s (%s).\n", i->anchor, i->anchor_source);
	}
	strbuf_str(out, ".El\n");
}

static void list_figures(struct strbuf *out)
{
	strbuf_fmt(out, "%-31s %-8s %s\n", "KEY", "UNIT", "MEANING  [how it is measured]");
	for (int f = 0; f < FIGURE_MAX; f++) {
		const struct figure_info *i = &figure_table[f];
		const char *unit = field_unit_name(i->unit);
		strbuf_fmt(out, "%-31s %-8s %s: %s  [%s]\n", i->key, *unit ? unit : "-", i->group,
		           figure_title((enum figure)f), i->method);
	}
}

static void list_fields(struct strbuf *out)
{
	strbuf_fmt(out, "%-26s %-12s %-8s %s\n", "KEY", "COLUMN", "UNIT", "MEANING  [source]");
	for (unsigned i = 0; i < field_count; i++) {
		const struct field *f = &field_table[i];
		const char *unit = field_unit_name(f->unit);
		strbuf_fmt(out, "%-26s %-12s %-8s %s  [%s]\n", f->key, f->column ? f->column : "-", *unit ? unit : "-",
		           f->help, f->source);
	}
}

int cmd_fields(int argc, char **argv)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	bool mdoc = false, figures = false;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			(void)puts("usage: vctop fields [--figures] [--mdoc]\n"
			           "Lists every field: JSON key, column name, unit, source, meaning.\n"
			           "--figures: those of vctop compare instead.");
			return EXIT_SUCCESS;
		}
		mdoc = mdoc || strcmp(argv[i], "--mdoc") == 0;
		figures = figures || strcmp(argv[i], "--figures") == 0;
		if (strcmp(argv[i], "--mdoc") != 0 && strcmp(argv[i], "--figures") != 0)
			return app_failf(EXIT_BAD_USE, "fields: %s: unknown option", argv[i]);
	}
	if (figures)
		(mdoc ? mdoc_figures : list_figures)(&out);
	else
		(mdoc ? mdoc_fields : list_fields)(&out);
	return app_print(&out);
}
