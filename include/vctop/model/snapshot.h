/*
 * One tick of raw readings.  Built by a source, sealed (sorted by id), const from then on.
 * What it points to lives in its arena; or its source keeps it for longer than a tick, because it seldom changes: then
 * it ends with the source, or when it has changed, with the snapshot that adopted it.
 */
#ifndef VCTOP_MODEL_SNAPSHOT_H
#define VCTOP_MODEL_SNAPSHOT_H

#include "vctop/base/arena.h"
#include "vctop/base/vec.h"
#include "vctop/model/background.h"
#include "vctop/model/instance.h"
#include "vctop/model/sample.h"
#include "vctop/model/task.h"

struct entry {
	struct instance inst;
	struct sample sample;
	const struct background *background; /* never NULL */
};

/* What the source could not do, one quiet line each: "podman (root): /var/lib/containers: denied". */
struct notice {
	const char *what, *why, *change; /* change: the command or right that would mend it; NULL none */
};

struct snapshot {
	struct arena arena;
	struct host_sample host;
	VEC(struct entry) entries;
	size_t in_order; /* as many of the first ones as are said to be sorted by id already */
	VEC(struct notice) notices;
	VEC(struct entry) services;  /* INSTANCE_SERVICE, sorted by id, which is the cgroup */
	bool with_services;          /* they were asked for */
	VEC(struct core) cores;      /* by id; those /proc/stat told of */
	VEC(struct numa_node) nodes; /* empty where there is one */
	VEC(struct store) stores;
	VEC(struct blast_radius) daemons;
	struct task_list tasks; /* of the one instance that was asked for */
	VEC(struct arena) adopted;
};

extern const struct background background_none; /* nothing is known */

struct snapshot *snapshot_new(void);
void snapshot_clear(struct snapshot *s); /* empty again, storage kept */
/*
 * Takes over what earlier snapshots of this source point to and this one no longer does.  It goes when this one is
 * cleared; as snapshots are filled in turns, the earlier ones were before.
 */
void snapshot_adopt(struct snapshot *s, struct arena *a);
/* A zeroed entry to fill. The pointer is valid until the next add. */
struct entry *snapshot_add(struct snapshot *s);
void snapshot_notice(struct snapshot *s, const char *what, const char *why, const char *change); /* copies */
void snapshot_seal(struct snapshot *s);
const struct entry *snapshot_find(const struct snapshot *s, const char *id); /* sealed only; NULL not found */
const struct entry *snapshot_find_service(const struct snapshot *s, const char *id);
void snapshot_free(struct snapshot *s);

#endif
