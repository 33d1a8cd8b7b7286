/* Below the list of what could be taken back: what to type for the row under the cursor. */
#include <stdio.h>

#include "tui-internal.h"
#include "vctop/view/remedy.h"

void waste_foot(struct page *p, const struct tui *t)
{
	const struct row *r = tui_current(t);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	const char *note;
	char line[256];
	if (!r)
		return;
	bool known = remedy_command(r, &sb, &note);
	(void)snprintf(line, sizeof(line), "To give %s what it needs%s", r->inst->name, known ? ", type:" : ":");
	page_at(p, 1, p->area.w - 2, STYLE_TITLE, line);
	page_next(p);
	if (known)
		page_wrap(p, 3, STYLE_NORMAL, sb.buf);
	page_wrap(p, 3, STYLE_DIM, note);
}
