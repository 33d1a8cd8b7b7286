/*
 * What a person could type so that an instance gets what it needs and no more.  Only told, never run.
 */
#ifndef VCTOP_VIEW_REMEDY_H
#define VCTOP_VIEW_REMEDY_H

#include "vctop/base/strbuf.h"
#include "vctop/model/frame.h"

/*
 * Appends the command for its runtime, names quoted for a shell; *ret_note is what else must be known (NULL nothing).
 * False: nothing to change, or nobody knows how; the note says why.
 */
bool remedy_command(const struct row *r, struct strbuf *sb, const char **ret_note);

#endif
