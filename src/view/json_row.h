/*
 * A row's fields as JSON text, appended as they come: thousands of rows a tick are too many for a tree of values each.
 * The shape (which key lies in which object) comes from jansson once; the numbers look as jansson writes them.
 */
#ifndef VIEW_JSON_ROW_H
#define VIEW_JSON_ROW_H

#include "vctop/base/strbuf.h"
#include "vctop/model/field.h"

/* Which fields, as an object. */
struct json_shape;
const struct json_shape *json_shape_rows(void);     /* all, then labels and unavailable */
const struct json_shape *json_shape_services(void); /* those of a control group, then unavailable */
const struct json_shape *json_shape_verdict(void);  /* those of "verdict.", without it */
void json_row(const struct json_shape *shape, const struct row *r, struct strbuf *out);
/* Where a list goes that may be long: whenever enough has come together it is written and forgotten. */
struct json_page {
	struct strbuf *text;
	int (*write)(void *data, const struct strbuf *text); /* NULL: it is all kept */
	void *data;
	int failed; /* the first -errno of writing; what follows is lost */
};
void json_rows(const struct json_shape *shape, const struct row *rows, size_t n,
               struct json_page *page); /* with commas */

#endif
