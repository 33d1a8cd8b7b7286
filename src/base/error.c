#include "vctop/base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "vctop/base/text.h"

int error_set(struct error *err, int code, const char *fmt, ...)
{
	if (err) {
		va_list ap;
		err->code = code;
		va_start(ap, fmt);
		(void)vsnprintf(err->what, sizeof(err->what), fmt, ap);
		va_end(ap);
		text_clean(err->what, sizeof(err->what) - 1);
	}
	return -code;
}
