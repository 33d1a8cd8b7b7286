/*
 * What changes of a background between two readings of it.  Snapshots may have it, and to them it is const: these take
 * a reference and give one, to the same if nothing has changed.
 */
#ifndef SOURCE_BACKGROUND_RENEW_H
#define SOURCE_BACKGROUND_RENEW_H

#include "vctop/model/background.h"

struct background *background_with_disk(struct background *b, const struct disk *d);
struct background *background_with_daemon(struct background *b, bool running);

#endif
