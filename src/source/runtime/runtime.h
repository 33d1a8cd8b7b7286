/*
 * A container runtime is one file in this folder with one struct runtime_ops: how it names cgroups, and what its
 * files say about its containers, running or not.  Files only; no daemon is asked.
 */
#ifndef SOURCE_RUNTIME_H
#define SOURCE_RUNTIME_H

#include <jansson.h>

#include "source/cgroup/cgroup.h"
#include "vctop/base/map.h"
#include "vctop/model/snapshot.h"
#include "vctop/source/process.h"
#include "vctop/source/rootfs.h"

/* A directory's name is at most 255 bytes, and unescaping does not make it longer. */
#define RUNTIME_ID_MAX 256

/* What files say about one container. Heap strings, cleaned but for id, cgroup, group and paths. */
struct facts {
	char *id; /* as in the cgroup path */
	char *name, *image;
	char *from;           /* file the name was read from */
	char *pod;            /* "namespace/name" of its pod, or what else groups it; NULL none */
	char *writable;       /* directory of the writable layer, relative to the root; NULL unknown */
	pid_t layer_pid;      /* init whose mounts were searched for it */
	char *image_id;       /* 64 hex digits, as the image store names it; NULL none or unknown */
	char *store;          /* data root of its image store, relative to the root; NULL none */
	const char *driver;   /* of that store: "overlay2", "overlay", "vfs"; static; NULL unknown */
	struct label *labels; /* heap, strings too */
	size_t labels_n;
	const struct runtime_ops *runtime;
	char *cgroup;       /* its own group, where its files say so: "/default/redis" */
	char *group;        /* the group its processes are in, when it has none of its own */
	char *pidfile;      /* of the container's init, relative to the root; NULL none */
	pid_t pid;          /* its init, as its files say; 0 not said */
	uint64_t pid_start; /* start_ticks of that process; 0 not said */
	bool tells_pid;     /* no pid means that it does not run: its files say so, not only its group */
	struct kfile pid_stat;
	const char *no_group; /* why it has no group when it runs; NULL: rootless on cgroup v1 */
	const char *no_layer; /* why `writable` is not known; NULL: not found */
	const char *no_image; /* why `image` is not known; NULL: its files do not say */
	bool left_out;        /* not a container to show: a pod's pause container, a machine that is a VM */
	bool group_only;      /* without a group or a process it is not there: our samples are removed, not stopped */
	unsigned seen;        /* refresh in which it was last there */
	struct {              /* of `writable`, measured slowly */
		struct metric bytes;
		int64_t at;
	} disk;
};

/* A file that was read, so that it is parsed again only when it changed; a directory with what is in it. */
struct facts_file {
	struct timespec mtime;
	ino_t ino;
	off_t size;
	unsigned seen;
	bool settled; /* directory: not changed in the second before it was listed */
	bool in_vain; /* read, and it is not for the one who read it */
	struct rootfs_names names;
	struct strbuf text; /* what facts_text read */
};

/* A container that only its processes tell of: bubblewrap, nspawn in another's unit. */
struct sighting {
	const struct runtime_ops *runtime;
	struct process_stat monitor, init;
	pid_t monitor_pid, init_pid;
	char *id, *name, *group;
	char *root; /* directory or image that it was told to run; NULL not known */
};

/* All runtimes' facts, by id. */
enum store_layout { STORE_DOCKER, STORE_CONTAINERS }; /* <root>/image, <root>/<driver>-images */

/* A data root that holds images; read by storage/. */
struct facts_store {
	const struct runtime_ops *runtime; /* whoever named it first */
	enum store_layout layout;
	unsigned seen;
};

struct facts_table {
	struct rootfs *fs;
	struct cgroup_tree *cgroups; /* NULL in tests of paths alone */
	struct map by_id;            /* facts_key -> struct facts */
	struct map by_cgroup;        /* path -> struct facts that names it as its own; borrowed */
	struct map files;            /* path -> struct facts_file */
	struct map names;            /* id -> heap name learned from a monitor's command line (conmon) */
	struct map roots;            /* docker data roots learned from dockerd's command line: path -> path */
	struct map containerds;      /* path -> "state" (a directory) or "config" (a file), of their command lines */
	struct map sightings;        /* monitor's pid -> struct sighting */
	struct map stores;           /* image stores: data root -> struct facts_store */
	unsigned refresh;            /* counts refreshes */
	unsigned changes;            /* counts entries that were put, changed or dropped, and names learned */
	int64_t refreshed_usec;
	bool due;                 /* something was learned: refresh at the next tick */
	unsigned denied_homes;    /* users whose storage may not be read, in this refresh */
	struct arena scratch;     /* paths that are made for one refresh */
	struct snapshot *notices; /* where to say what could not be read; set during a refresh */
};

struct process_told;
struct runtime_ops {
	const char *name;
	/* Does the last component of a cgroup path name one of its containers?  Pure. Copies the id. */
	bool (*match)(const char *path, const char *leaf, char id[RUNTIME_ID_MAX]);
	/* Reads its files into the table. */
	void (*refresh)(struct facts_table *t);
	/* A container without facts: what does its init process tell about where its files are?  told: NULL is to be
	 * read.  NULL: nothing. */
	void (*learn)(struct facts_table *t, pid_t init, const struct process_told *told);
	/* Ids are names, which another runtime, or another host inside a container, may use as well. */
	bool named;
	/* The files may know better whose the group is; may correct the id.  NULL: its own. */
	const struct runtime_ops *(*refine)(const struct facts_table *t, char id[RUNTIME_ID_MAX]);
	/* The part of the id to show as the name; returns its length.  NULL: all of it (named), or the short id. */
	size_t (*title)(const char *id, const char **ret);
	/* Is this process one of its monitors?  Called once for each; NULL: never. */
	void (*look)(struct facts_table *t, const struct process *p);
};

extern const struct runtime_ops *const runtime_table[];
extern const unsigned runtime_count;

/* Which runtime's container a cgroup directory is; NULL none.  A bare id or name counts when the files know it. */
const struct runtime_ops *runtime_of_path(const struct facts_table *t, const char *path, char id[RUNTIME_ID_MAX]);
/* The same from the path alone. */
const struct runtime_ops *runtime_match(const char *path, char id[RUNTIME_ID_MAX]);
/* What groups the containers below this path (a pod's UID, an ECS task): cleaned heap text; NULL nothing. */
char *runtime_pod_of_path(const char *path);
/* Every process that is new passes here once. */
void runtime_look(struct facts_table *t, const struct process *p);

/* Helpers of match functions. */
bool runtime_is_hex(const char *s, size_t n); /* exactly n lower-case hex digits */
/* leaf is prefix + 64 hex digits + (suffix, or nothing where suffix_optional). */
bool runtime_hex_leaf(const char *leaf, const char *prefix, const char *suffix, bool suffix_optional,
                      char id[RUNTIME_ID_MAX]);
/* leaf is prefix + something + suffix: that something, with systemd's \xHH decoded. */
bool runtime_named_leaf(const char *leaf, const char *prefix, const char *suffix, char id[RUNTIME_ID_MAX]);
/* The n-th component above the leaf (0: its parent), and its length; "" and 0 beyond the root. */
const char *runtime_above(const char *path, const char *leaf, unsigned n, size_t *ret_len);

void facts_table_init(struct facts_table *t, struct rootfs *fs, struct cgroup_tree *cgroups);
void facts_table_release(struct facts_table *t);
void facts_forget_names(struct facts_table *t);
/* Reads what changed; drops what is gone. */
void facts_table_refresh(struct facts_table *t, struct snapshot *notices);
/* A data root ("/srv/docker") to read from the next refresh on; NULL and relative ones are ignored. */
void facts_learn_root(struct facts_table *t, const char *root);
/* The name a monitor's command line gives a container. */
void facts_learn_name(struct facts_table *t, const char *id, const char *name);
/* --state and --config of a containerd; the same. */
void facts_learn_containerd(struct facts_table *t, const char *state, const char *config);
/* NULL unknown. */
struct facts *facts_get(const struct facts_table *t, const struct runtime_ops *rt, const char *id);

/* facts_stores.c: a data root that was found to be there, relative to the root. */
void facts_store_seen(struct facts_table *t, const char *root, enum store_layout layout, const struct runtime_ops *rt);
void facts_stores_drop(struct facts_table *t, bool all); /* those not seen in this refresh, or all */
/* What is known of its image: data root, driver (copied as one of ours; others are unknown), id ("sha256:" is cut). */
void facts_set_image(struct facts *f, const char *root, const char *driver, const char *image_id);

/* Where only containerd's database knows `writable`: from the root mount of its init, looked at once for each. */
void facts_find_layer(struct facts_table *t, struct facts *f, pid_t init);

/* For the runtimes: finds or makes the entry, empties what a file may say, and marks it seen. */
struct facts *facts_put(struct facts_table *t, const char *id, const struct runtime_ops *rt);
/* true when the file must be read: it changed, or there is no entry yet.  Otherwise the entry is marked seen. */
bool facts_stale(struct facts_table *t, const struct runtime_ops *rt, const char *id, const char *path);
/* The file was read and tells nothing of this runtime's: facts_stale says so only when it has changed. */
void facts_in_vain(struct facts_table *t, const char *path);
/* true when the file changed since it was last read (or was never); marks it seen. -errno in *ret_err if unreadable. */
bool facts_file_changed(struct facts_table *t, const char *path, int *ret_err);
/* Marks what was read from this file seen; false when there is nothing. */
bool facts_seen_from(struct facts_table *t, const char *path);
/* Its init, and the time that process started, if it is there. */
void facts_set_pid(struct facts_table *t, struct facts *f, uint64_t pid);
/* The names in a directory, listed again only when it changed; NULL with -errno.  Borrowed until the next call. */
const struct rootfs_names *facts_list(struct facts_table *t, const char *path, int *ret_err);
/* The text of a small file, read again only when it changed; NULL: not there.  Borrowed until the next refresh. */
const struct strbuf *facts_text(struct facts_table *t, const char *path);
/* Reads a JSON object; NULL: not there, too big, or not an object.  The caller owns it. */
json_t *facts_json(struct facts_table *t, const char *path);
/* The same with these members alone ("config.labels": of an inner object), as many as FACTS_MEMBERS. */
#define FACTS_MEMBERS 16
json_t *facts_json_of(struct facts_table *t, const char *path, const char *const *members, size_t n);
/* `key = "/path"` of a TOML file, relative to the root; NULL none.  Enough for storage.conf. */
char *facts_toml_path(struct arena *a, const struct strbuf *text, const char *key);
void facts_label(struct facts *f, const char *key, const char *value); /* cleaned; NULL values are left out */
/* Its own group, from a full path below a cgroup mount or a path in the hierarchy; others are ignored. */
void facts_set_cgroup(struct facts_table *t, struct facts *f, const char *path);
/* Says once that a storage directory may not be read: by name for the system's, as a count for users'. */
void facts_denied(struct facts_table *t, const char *runtime, const char *path, bool system);
/* Calls fn(t, home, who) for root ("", "root") and each user of etc/passwd with a home ("home/u", "u"). */
void facts_each_home(struct facts_table *t, void (*fn)(struct facts_table *t, const char *home, const char *who));
/* Calls fn(t, "run/user/1000") for each user that has one. */
void facts_each_run_dir(struct facts_table *t, void (*fn)(struct facts_table *t, const char *dir));
void facts_set(char **field, const char *value); /* replaces, cleaned; NULL clears */

/*
 * Sightings: takes over id, name and root (heap; root may be NULL, and becomes a label); group is found here.  What is
 * gone is dropped at the next refresh.
 */
void facts_sight(struct facts_table *t, const struct runtime_ops *rt, const struct process *monitor, pid_t init,
                 char *id, char *name, char *root);
/* Adds to the facts, or makes them, for each sighting of this runtime that is still there. */
void facts_put_sightings(struct facts_table *t, const struct runtime_ops *rt, const char *no_group);
void facts_forget_sightings(struct facts_table *t);
/* The first child of a process; 0 none or not readable. */
pid_t facts_first_child(struct facts_table *t, pid_t pid);

/* For other runtimes' containers in the store that podman.c reads: true when taken.  meta may be NULL. */
bool crio_take(struct facts_table *t, json_t *container, json_t *meta, const char *store, const char *from);
bool buildah_take(struct facts_table *t, json_t *container, const char *store, const char *from);

#endif
