/*
 * What stands behind an instance (model/background.h), read slowly and remembered per instance: again when it was
 * re-created or BACKGROUND_USEC passed.
 */
#ifndef SOURCE_BACKGROUND_H
#define SOURCE_BACKGROUND_H

#include "source/live.h"
#include "source/storage/storage.h"

struct background_reader;

struct background_reader *background_reader_new(struct rootfs *fs);
void background_reader_free(struct background_reader *b);
/* Called for each process looked at (proctab.h): remembers the daemons. */
void background_look(struct background_reader *b, const struct process *p);
/* Fills background and network of every entry of t->snap, and its stores and daemons. */
void background_collect(struct background_reader *b, const struct tick *t);

#endif
