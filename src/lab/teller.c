#include "vctop/lab/teller.h"

#include <stdarg.h>

#include "vctop/base/attr.h"
#include "vctop/base/strbuf.h"

void teller_say(const struct teller *t, enum tell what, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	cleanup_free char *line = xvasprintf(fmt, ap);
	va_end(ap);
	t->tell(t->data, what, line);
}
