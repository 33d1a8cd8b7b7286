/* Where each key of an instance object belongs: into the entry (readings), its background, or the row (rates, verdict).
 */
#ifndef SOURCE_SNAPSHOT_SLOTS_H
#define SOURCE_SNAPSHOT_SLOTS_H

#include <stddef.h>

#include "vctop/model/frame.h"

enum slot_type {
	SLOT_METRIC,
	SLOT_CAP, /* a metric of which null without a reason means unlimited */
	SLOT_TEXT,
	SLOT_BOOL,    /* false or true in a bool */
	SLOT_FLAG,    /* false, true or null in a metric */
	SLOT_NS,      /* "own", "host" or null */
	SLOT_TIME,    /* a time, in int64 usec; 0 null */
	SLOT_SECONDS, /* a double; 0 null */
	SLOT_COUNT,   /* an unsigned; 0 null */
	SLOT_GROUP,   /* an object of its own: see slot_groups */
	SLOT_STATE,
	SLOT_NOW,
	SLOT_BASIS,
	SLOT_CONFIDENCE, /* words of the verdict */
};

enum slot_place { SLOT_IN_ENTRY, SLOT_IN_ROW, SLOT_IN_BACKGROUND };

struct slot {
	const char *key;
	enum slot_type type;
	enum slot_place place;
	size_t offset;            /* in that struct */
	const struct slot *group; /* SLOT_GROUP: its keys, ended by a NULL key */
	const char *prefix;       /* SLOT_GROUP: of its keys in `unavailable` */
};

extern const struct slot slots_instance[];

#endif
