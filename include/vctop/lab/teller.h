/*
 * How the lab tells what it does while it does it.  It prints nothing itself: whoever started it shows or keeps the
 * lines.  `cancel` is looked at between steps and while waiting: then all is undone and -EINTR returned.
 */
#ifndef VCTOP_LAB_TELLER_H
#define VCTOP_LAB_TELLER_H

#include <signal.h>
#include <stdbool.h>

#include "vctop/base/attr.h"

enum tell {
	TELL_STEP,     /* what comes now, and why: "2. kill the daemon" */
	TELL_COMMAND,  /* what a person could type for it: all that --dry-run shows besides the steps */
	TELL_SAW,      /* what was measured or seen */
	TELL_WARN,     /* what could not be done, and why; the story goes on */
	TELL_PROGRESS, /* replaces the line before on a terminal; dropped elsewhere */
	TELL_MAX
};

struct teller {
	void (*tell)(void *data, enum tell what, const char *text);
	void *data;
	bool dry_run;                        /* nothing is done */
	const volatile sig_atomic_t *cancel; /* or NULL */
};
/* One formatted line. */
void teller_say(const struct teller *t, enum tell what, const char *fmt, ...) ATTR_PRINTF(3, 4);

#endif
