/* Parts of isolation.c: pure parsers, and what all instances are compared with. */
#ifndef SOURCE_ISOLATION_H
#define SOURCE_ISOLATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "source/background/mountinfo.h"
#include "vctop/base/arena.h"
#include "vctop/model/background.h"
#include "vctop/source/rootfs.h"

/* /proc/PID/status. Readable by all, so this much is known even without privilege. */
struct status_facts {
	bool has_uid, has_caps;
	uint64_t uid; /* effective, as this reader's user namespace sees it */
	uint64_t cap_eff, cap_bnd;
	int seccomp;         /* -1 unknown, 0 off, 1 strict, 2 filter */
	int no_new_privs;    /* -1 unknown */
	unsigned pid_levels; /* numbers in NSpid: 1 is this reader's namespace; 0 unknown */
	pid_t ppid;          /* 0 unknown */
};
void status_parse(const char *buf, size_t len, struct status_facts *ret);
int status_read(struct rootfs *fs, pid_t pid, struct status_facts *ret);

/* Where a security module's label stands: see isolation.c. */
#define LABEL_FILES 2

/* /proc/PID/uid_map. */
struct uid_map {
	bool known, identity;
	bool has_root;       /* somebody inside is 0 */
	uint64_t root;       /* who that is on the host */
	uint64_t root_count; /* length of that line: 1 is a plain user's own id */
};
void uid_map_parse(const char *buf, size_t len, struct uid_map *ret);

/*
 * The host's own: PID 1's namespaces, bounding set and mounts.  Whoever shares a namespace with PID 1 would be told the
 * same by its own files: on a live host that nobody traces they are not read.
 */
struct isolation_host {
	char *ns[NS_MAX];            /* link texts; NULL unknown */
	const char *assumed[NS_MAX]; /* of these, those not read but known */
	uint64_t net_inode; /* of proc/1/net/dev: another for each network namespace; 0 unknown (or a captured tree) */
	bool has_caps;
	uint64_t cap_bnd;
	struct host_mounts mounts;
	struct uid_map map;            /* known: true of all in its user namespace */
	struct mount_facts own_mounts; /* root_seen: true of all in its mount namespace with its root */
	struct rootfs_place root;
	bool no_label[LABEL_FILES]; /* no process has a label in this one */
};
void isolation_host_read(struct rootfs *fs, struct isolation_host *ret);
void isolation_host_release(struct isolation_host *h);

/* A process, and what has been told of it; NULL: its files are read for that. */
struct process_told;
struct isolated {
	pid_t pid;
	const struct process_told *told;
};
/* Both return the parent of that process, by the way; 0 not known. */
pid_t isolation_container(struct rootfs *fs, const struct isolation_host *host, struct isolated init, struct arena *a,
                          struct isolation *ret);
pid_t isolation_vm(struct rootfs *fs, const struct isolation_host *host, struct isolated vmm, struct arena *a,
                   struct isolation *ret);
/* All unknown, for that reason. */
void isolation_none(struct isolation *ret, const char *why);

#endif
