/* Who stands behind an instance, and what happens to it when that one dies. */
#ifndef SOURCE_SUPERVISOR_H
#define SOURCE_SUPERVISOR_H

#include "source/background/daemons.h"
#include "vctop/model/instance.h"

/* monitor.c: the monitor program found above an instance's first process. */
struct monitor {
	bool seen;        /* the first process was there */
	const char *name; /* static: "containerd-shim"; NULL none */
	pid_t pid, pgrp;
	pid_t parent; /* of the monitor, or for want of it of the first process */
	char parent_comm[64];
	bool has_uid;
	uint64_t uid;
	char *ns, *socket; /* of a shim: -namespace, -address (relative) */
	char *lxc_path;
};
/* parent: of init; 0 is to be found out. */
void monitor_find(struct rootfs *fs, struct parents *k, pid_t init, pid_t parent, struct monitor *ret);
void monitor_release(struct monitor *m);

/* Fills ret and says on which daemon it hangs (NULL none; never one that is not in d). parent: as for monitor_find. */
struct daemon *supervisor_find(struct daemons *d, const struct instance *i, pid_t parent, struct arena *a,
                               struct supervisor *ret);

/* Pure: the verdict from the process tree and live-restore.  d NULL: none stands behind it. */
void supervisor_judge(const struct monitor *m, const struct daemon *d, const char *daemon_name, struct arena *a,
                      struct supervisor *ret);

#endif
