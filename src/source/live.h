/* The parts of the live source: what they share, and what each adds to a snapshot. */
#ifndef SOURCE_LIVE_H
#define SOURCE_LIVE_H

#include "source/cgroup/cgroup.h"
#include "source/proctab.h"
#include "source/runtime/runtime.h"
#include "source/vm/vm_names.h"
#include "vctop/source/process.h"

/* What every part needs in a tick. */
struct tick {
	struct rootfs *fs;
	struct cgroup_tree *cgroups;
	struct facts_table *facts;
	struct snapshot *snap;
	struct rootfs_time now;
	struct proctab *procs;
};

/* containers.c: groups that a runtime's container lives in, and containers known from files alone. */
struct containers {
	struct map by_path;            /* cgroup path -> struct container */
	struct map by_id;              /* instance id -> the same */
	VEC(struct container *) order; /* the same by id; NULL: dropped since it was put in order */
	bool reorder;
	struct cgroup_census census;
	unsigned facts_changes;
	bool stale; /* a group vanished: walk again */
	bool found; /* a new one came in this walk */
	unsigned walk;
};
void containers_init(struct containers *c);
void containers_collect(struct containers *c, const struct tick *t);
void containers_release(struct containers *c, struct rootfs *fs);
/* The id of the container whose group holds `path`; NULL none. Borrowed until the next collect. */
const char *containers_owner(const struct containers *c, const char *path);

/* services.c: the host's own groups that are units of systemd. */
struct services {
	struct map by_path; /* cgroup path -> struct unit */
	int64_t walked_usec;
	unsigned walk;
};
void services_collect(struct services *s, const struct containers *containers, const struct tick *t);
void services_release(struct services *s);

/* vms.c: one VM per VMM process. */
struct guest_desk;
struct guest_questions;
struct vms_vhost {
	pid_t pid, owner;
	uint64_t start_ticks;
};
struct vms {
	struct map by_pid; /* "123" -> struct vm */
	struct vm_names names;
	VEC(struct vms_vhost) vhosts; /* seen since the last collect */
	int64_t kvm_asked_usec;
	bool kvm_used;           /* by any process at all, as of kvm_asked_usec */
	struct guest_desk *desk; /* NULL: no guest is asked */
};
/* Called for each process looked at (proctab.h). */
void vms_look(struct vms *v, const struct tick *t, const struct process *p);
/* Guests are asked from the next tick on. */
void vms_ask(struct vms *v, const struct guest_questions *q);
void vms_collect(struct vms *v, const struct tick *t, const struct containers *containers);
void vms_release(struct vms *v, struct rootfs *fs);

#endif
