/*
 * Tells on standard output what the lab does: steps, the commands one could type, what was seen.  80 columns, colours
 * on a terminal only.  Its teller's cancel is set by SIGINT, SIGTERM and SIGHUP.
 */
#ifndef APP_STORYTELLER_H
#define APP_STORYTELLER_H

#include "vctop/base/error.h"
#include "vctop/base/strbuf.h"
#include "vctop/lab/teller.h"

struct storyteller {
	struct teller teller; /* to hand to the lab */
	bool colour, pause;   /* pause: wait for Enter before each step after the first */
	bool quiet;           /* --json: the result says it all */
	unsigned steps;
};

/* Takes the signals. */
void storyteller_open(struct storyteller *s, bool dry_run, bool pause, bool quiet);
/* Says why a story did not come to its end; the exit status. */
int storyteller_failed(const char *command, int r, const struct error *err);
/* Text in lines of at most 80 columns, each after `first` or `next`; `end` stands where a line goes on. */
void storyteller_wrap(struct strbuf *out, const char *text, const char *first, const char *next, const char *end);

#endif
