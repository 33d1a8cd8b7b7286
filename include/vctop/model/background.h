/*
 * What stands behind an instance: how isolated it is, what it occupies on disk, what would take it down.
 * Read slowly (these change seldom and cost more); strings belong to the snapshot.  NULL and non-OK metrics are
 * unknown, never "no".
 */
#ifndef VCTOP_MODEL_BACKGROUND_H
#define VCTOP_MODEL_BACKGROUND_H

#include <stdbool.h>
#include <stddef.h>

#include "vctop/model/metric.h"

enum ns_type { NS_PID, NS_MNT, NS_NET, NS_IPC, NS_UTS, NS_USER, NS_CGROUP, NS_TIME, NS_MAX };
enum ns_state { NS_UNKNOWN, NS_OWN, NS_HOST, NS_STATE_MAX };
const char *ns_type_name(enum ns_type t);   /* "pid", "mnt", ... */
const char *ns_state_name(enum ns_state s); /* NULL for unknown, "own", "host" */

/* Yes/no facts are metrics of 1 or 0. */
struct isolation {
	const char *kernel;       /* "shared" or "own" */
	enum ns_state ns[NS_MAX]; /* /proc/PID/ns/X against PID 1's */
	/* "root": host root; "user": another uid, no user namespace; "rootless": a plain user's; "userns": root only
	 * inside */
	const char *user;
	struct metric uid;              /* host uid of its first process */
	const char *capabilities;       /* CapEff, 16 hex digits */
	struct metric all_capabilities; /* CapEff covers PID 1's CapBnd */
	const char *seccomp;            /* "off", "strict", "filter" */
	const char *lsm;                /* "docker-default (enforce)", "unconfined"; NULL none or unknown */
	struct metric no_new_privs, privileged, read_only_root;
	const char *host_mounts; /* what gives the host away: "docker.sock, /"; NULL none */
	const char *guard;   /* VM: which process guards it with what: "qemu-system-x86, seccomp filter, uid 64055" */
	const char *summary; /* one short line */
};

struct disk {
	struct metric image_bytes;  /* all layers of its image */
	struct metric shared_bytes; /* of these, in layers that other images also use */
	struct metric layers;
	struct metric virtual_bytes;   /* VM: size the guest sees, all its disks */
	struct metric allocated_bytes; /* VM: blocks on the host, whole backing chains, each file once */
	struct metric snapshots;       /* VM: internal snapshots of its qcow2 images */
	struct metric chain;           /* VM: longest backing chain, files */
	const char *driver;            /* "overlay2", "overlay", "vfs", "qcow2", "raw", "qcow2+raw" */
	const char *detail;            /* VM: its disks and their snapshots by name, one line; NULL none */
	                               /* the writable layer is sample.disk_writable_bytes */
};

struct supervisor {
	const char *daemon;  /* "dockerd", "containerd", "libvirtd"; NULL: none stands behind it */
	const char *monitor; /* its own monitor process: "conmon", "containerd-shim", "lxc monitor"; NULL none */
	struct metric monitor_pid;
	struct metric daemon_running; /* 1 or 0 */
	const char *survives;         /* does it survive the daemon's death: "yes", "no", "configured", "unknown" */
	const char *evidence; /* one line: "shim's parent is 1, own process group; live-restore not configured" */
};

struct background {
	struct isolation isolation;
	struct disk disk;
	struct supervisor supervisor;
};
/* By what they say, not by where their strings are. */
bool background_same(const struct background *a, const struct background *b);
bool disk_same(const struct disk *a, const struct disk *b);

/* All images and layers of one image store on the host. */
struct store {
	const char *runtime; /* "docker", "podman" */
	const char *path;
	const char *driver;                       /* "overlay2", "overlay", ...; NULL unknown */
	struct metric images, layers, containers; /* counts */
	struct metric images_bytes;               /* what images use, each layer once: SIZE of `system df` */
	struct metric layers_bytes;               /* all layers, build cache and leftovers too */
	struct metric writable_bytes;             /* blocks of the containers' own layers */
	struct metric reclaimable_bytes;          /* images no container uses, as `system df` counts it */
};

/* How many hang on one daemon. */
struct blast_radius {
	const char *daemon;
	const char *root;      /* dockerd: its data root; NULL else */
	struct metric running; /* is the daemon there */
	struct metric pid;
	unsigned instances, survivors;
};

#endif
