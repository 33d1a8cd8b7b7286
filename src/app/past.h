/*
 * What is remembered of the instances: the usage book, and the file it comes from and goes to (source/history.h).  The
 * dashboard and `watch` write; commands that look once only read.  Without a file everything goes on, from memory.
 */
#ifndef APP_PAST_H
#define APP_PAST_H

#include "vctop/base/error.h"
#include "vctop/derive/usage.h"
#include "vctop/model/frame.h"

enum past_mode {
	PAST_MEMORY, /* no file: --no-history */
	PAST_READ,
	PAST_WRITE,
};

struct past;

/* Reads what there is.  Never fails: trouble is told by past_trouble. save_sec: time between two saves. */
struct past *past_open(enum past_mode mode, double save_sec);
/* Remembers the frame, judges its rows by all that is remembered, and saves when it is time. */
void past_frame(struct past *p, struct frame *f);
/* Saves now, if this process is the writer. */
void past_save(struct past *p, const struct frame *f);
bool past_writes(const struct past *p);
bool past_waits(const struct past *p); /* another process saves; this one will when that has ended */
/* One line that was not told yet, about what happened to the file; NULL none. */
const char *past_trouble(struct past *p);
/* What history says of one resource of an instance; texts go to the arena. false: nothing is remembered of it. */
bool past_verdict(const struct past *p, const struct instance *i, enum usage_resource r, struct arena *a,
                  struct verdict *ret);
void past_close(struct past *p); /* does not save */

#endif
