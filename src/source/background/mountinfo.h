/*
 * /proc/PID/mountinfo: "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw".
 * What the mounts of a container say about its isolation.  Its text is the container's to make: as many and as odd
 * mounts as it likes.
 */
#ifndef SOURCE_MOUNTINFO_H
#define SOURCE_MOUNTINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vctop/base/vec.h"

#define MOUNT_LINES 4

struct slice {
	const char *at;
	size_t n;
};

struct mountinfo_line {
	struct slice text; /* the whole line */
	uint64_t id;
	struct slice dev, root, point, options; /* options: of this mount; the superblock's may differ */
	struct slice type, super;
};

/* Pure. false: malformed. */
bool mountinfo_parse(const char *line, size_t n, struct mountinfo_line *ret);
bool slice_is(struct slice s, const char *text);
bool slice_has_option(struct slice options, const char *name);
/* Of an overlay: the directory of its writable layer, as mounted; n 0: not said. */
struct slice mountinfo_upper(const struct mountinfo_line *m);

/* Directories of the host whose sight inside a container gives the host away: device and path in it. */
struct host_dir {
	const char *name; /* static: "/", "/etc" */
	bool harmless_ro; /* read-only it is no more than what programs need */
	char dev[24];
	char *root; /* heap; NULL: not on this host */
};

struct host_mounts {
	struct host_dir *dirs; /* heap */
	size_t dirs_n;
	char *devices;     /* mount point of the v1 devices controller, relative to the root; NULL none */
	VEC(uint64_t) ids; /* of all its mounts, ascending: a mount belongs to one namespace alone */
};

/* From PID 1's mountinfo. */
void host_mounts_parse(const char *text, size_t len, struct host_mounts *ret);
void host_mounts_release(struct host_mounts *h);
bool host_mounts_has(const struct host_mounts *h, uint64_t id);

struct mount_facts {
	bool root_seen;      /* a line for "/" was there */
	bool read_only_root; /* by the mount's own options: the superblock of an overlay stays rw */
	bool masked;         /* parts of /proc hidden or read-only, as runtimes do for all but privileged ones */
	uint64_t any_id;     /* of one of its mounts; 0 none */
	char given[200];     /* "docker.sock, /etc (ro)"; empty none */
	/* The lines that say so, in the text that was parsed; n 0: none. */
	struct slice root_line, mask_line, given_lines[MOUNT_LINES];
	unsigned given_n;
};

/* own_pid: it has a pid namespace of its own, so a sight of the host's /proc was given to it. */
void mount_facts_parse(const char *text, size_t len, const struct host_mounts *host, bool own_pid,
                       struct mount_facts *ret);

#endif
