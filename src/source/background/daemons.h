/*
 * The daemons that manage instances: found among the processes, remembered after their end for as long as an instance
 * hangs on them.
 */
#ifndef SOURCE_DAEMONS_H
#define SOURCE_DAEMONS_H

#include "source/proctab.h"
#include "vctop/model/snapshot.h"

enum live_restore { RESTORE_NO, RESTORE_FILE, RESTORE_ARGV, RESTORE_UNKNOWN };

struct daemon {
	const char *name; /* static: "dockerd" */
	pid_t pid;        /* 0: known only by what hangs on it */
	uint64_t start_ticks, uid;
	pid_t parent;
	char *root;      /* dockerd: data root, relative ("var/lib/docker"); NULL unknown */
	char *exec_root; /* dockerd */
	char *socket;    /* containerd, or dockerd --containerd: where the shims call; NULL: the usual place */
	char *config;    /* dockerd: daemon.json, relative; NULL none to be believed */
	enum live_restore argv_restore; /* RESTORE_UNKNOWN: not on the command line */
	enum live_restore restore;
	bool running, helper; /* helper: another daemon's own (dockerd's containerd) */
	/* In this tick: who remembers it; of these, who runs; of these, who would survive it. */
	unsigned refs, instances, survivors;
	struct kfile stat;
};

/* Processes above instances, read once in a tick where several hang on them; as many as tell, whatever they call
 * themselves. */
#define PARENTS_KEPT 16
struct parents {
	struct process kept[PARENTS_KEPT];
	unsigned next;
};
void parents_forget(struct parents *k);

struct daemons {
	struct rootfs *fs;
	struct parents parents;
	VEC(struct daemon *) all;
	unsigned changes; /* counts daemons that came or went */
	int64_t checked_usec, restore_usec;
};

void daemons_look(struct daemons *d, const struct process *p);
/* Which of them still run. */
void daemons_update(struct daemons *d, const struct proctab *procs, int64_t now_usec);
/* Forgets those that ended and that nothing hangs on. */
void daemons_trim(struct daemons *d);
void daemons_release(struct daemons *d);
/* One that is not among the processes, for what hangs on it. */
struct daemon *daemons_absent(struct daemons *d, const char *name, const char *root);
/* The daemon's name when this is one's comm; NULL. */
const char *daemon_name_of(const char *comm);
/* Are they the same directory, by text or by inode?  Relative paths. */
bool daemon_same_dir(struct rootfs *fs, const char *a, const char *b);
/* Pure: is "live-restore" true in a daemon.json? */
bool daemon_json_restores(const char *text, size_t len);

#endif
