/*
 * A container runtime is one file in this folder with one struct runtime_ops: how it names cgroups, and what its
 * files say about its containers, running or not.  Files only; no daemon is asked.
 */
#ifndef SOURCE_RUNTIME_H
#define SOURCE_RUNTIME_H

#include "vctop/base/map.h"
#include "vctop/model/snapshot.h"
#include "vctop/source/rootfs.h"

#define RUNTIME_ID_MAX 128

/* What files say about one container. Heap strings, cleaned. */
struct facts {
	char *id; /* as in the cgroup path */
	char *name, *image;
	char *from;           /* file the name was read from */
	char *writable;       /* directory of the writable layer, relative to the root; NULL unknown */
	char *image_id;       /* 64 hex digits, as the image store names it; NULL none or unknown */
	char *store;          /* data root of its image store, relative to the root; NULL none */
	const char *driver;   /* of that store: "overlay2", "overlay", "vfs"; static; NULL unknown */
	struct label *labels; /* heap, strings too */
	size_t labels_n;
	const struct runtime_ops *runtime;
	char *pidfile;   /* of the container's init, relative to the root; NULL none */
	bool infra;      /* a pod's pause container: left out */
	bool group_only; /* without a cgroup it is not there: our samples are removed, not stopped */
	unsigned seen;   /* refresh in which it was last there */
	struct {         /* of `writable`, measured slowly */
		struct metric bytes;
		int64_t at;
	} disk;
};
void facts_free(struct facts *f);

/* A file that was read, so that it is parsed again only when it changed. */
struct facts_file {
	struct timespec mtime;
	ino_t ino;
	off_t size;
	unsigned seen;
};

enum store_layout { STORE_DOCKER, STORE_CONTAINERS }; /* <root>/image, <root>/<driver>-images */

/* A data root that holds images; read by storage/. */
struct facts_store {
	const struct runtime_ops *runtime; /* whoever named it first */
	enum store_layout layout;
	unsigned seen;
};

/* All runtimes' facts, by id. */
struct facts_table {
	struct rootfs *fs;
	struct map by_id;  /* id -> struct facts */
	struct map files;  /* path -> struct facts_file */
	struct map names;  /* id -> heap name learned from a monitor's command line (conmon) */
	struct map stores; /* image stores: data root -> struct facts_store */
	struct map roots;  /* docker data roots learned from dockerd's command line: path -> path */
	unsigned refresh;  /* counts refreshes */
	int64_t refreshed_usec;
	bool due;                 /* something was learned: refresh at the next tick */
	unsigned denied_homes;    /* users whose storage may not be read, in this refresh */
	struct snapshot *notices; /* where to say what could not be read; set during a refresh */
};

struct runtime_ops {
	const char *name;
	/* Does the last component of a cgroup path name one of its containers?  Pure. Copies the id. */
	bool (*match)(const char *path, const char *leaf, char id[RUNTIME_ID_MAX]);
	/* Reads its files into the table. */
	void (*refresh)(struct facts_table *t);
	/* A container without facts: what does its init process tell about where its files are?  NULL: nothing. */
	void (*learn)(struct facts_table *t, pid_t init);
};

extern const struct runtime_ops *const runtime_table[];
extern const unsigned runtime_count;

/* Which runtime's container a cgroup directory is; NULL none.  A bare id counts when the table knows it. */
const struct runtime_ops *runtime_of_path(const struct facts_table *t, const char *path, char id[RUNTIME_ID_MAX]);

void facts_table_init(struct facts_table *t, struct rootfs *fs);
void facts_table_release(struct facts_table *t);
void facts_forget_names(struct facts_table *t);
/* Reads what changed; drops what is gone. */
void facts_table_refresh(struct facts_table *t, struct snapshot *notices);
/* A data root ("/srv/docker") to read from the next refresh on; NULL and relative ones are ignored. */
void facts_learn_root(struct facts_table *t, const char *root);
/* For the runtimes: finds or makes the entry and marks it seen. */
struct facts *facts_put(struct facts_table *t, const char *id, const struct runtime_ops *rt);
/* A data root that was found to be there, relative to the root. */
void facts_store_seen(struct facts_table *t, const char *root, enum store_layout layout, const struct runtime_ops *rt);
/* What is known of its image: data root, driver (copied as one of ours; others are unknown), id ("sha256:" is cut). */
void facts_set_image(struct facts *f, const char *root, const char *driver, const char *image_id);
/* true when the file changed since it was last read (or was never); marks it seen. -errno in *ret_err if unreadable. */
bool facts_file_changed(struct facts_table *t, const char *path, int *ret_err);
/* Says once that a storage directory may not be read: by name for the system's, as a count for users'. */
void facts_denied(struct facts_table *t, const char *runtime, const char *path, bool system);
/* Calls fn(t, home, who) for root ("", "root") and each user of etc/passwd with a home ("home/u", "u"). */
void facts_each_home(struct facts_table *t, void (*fn)(struct facts_table *t, const char *home, const char *who));
void facts_set(char **field, const char *value); /* replaces, cleaned; NULL clears */
bool runtime_is_hex(const char *s, size_t n);    /* exactly n lower-case hex digits */

#endif
