/*
 * A source yields snapshots: the live host or a captured tree (live.h); later a recording or a guest agent.
 */
#ifndef VCTOP_SOURCE_SOURCE_H
#define VCTOP_SOURCE_SOURCE_H

#include <stdbool.h>

#include "vctop/base/error.h"
#include "vctop/model/snapshot.h"
#include "vctop/source/rootfs.h"

struct source;

struct source_ops {
	/* Fills an empty snapshot and seals it. 0; -ENODATA: no more moments; -errno with err filled. */
	int (*next)(struct source *s, struct snapshot *ret, struct error *err);
	/* System calls made so far, for the footer. */
	uint64_t (*syscalls)(const struct source *s);
	void (*close)(struct source *s);
};

struct source {
	const struct source_ops *ops;
	/* The reader's wishes, changed only between two readings. */
	bool services;      /* the host's own services too */
	bool no_bpf;        /* counters file by file, as where the kernel offers no iterator */
	bool once;          /* a second reading will be the last */
	const char *detail; /* what runs in the instance of this id (snapshot.tasks); NULL nobody asks; borrowed */
};

/* The host below `root` ("/" for this one). */
struct source *source_open_host(const char *root, struct error *err);
/* The same, telling of every file it reads (rootfs.h). */
struct source *source_open_traced(const char *root, const struct rootfs_trace *trace, struct error *err);

/* Sockets by which guests may be asked what they use; none by default.  Only reading requests are ever sent. */
struct guest_questions {
	const char *const *qmp; /* QEMU monitors, dedicated to this */
	size_t qmp_n;
	bool api; /* the sockets of Firecracker and Cloud Hypervisor */
};
/*
 * Of many groups on a live host, two counters are read at once by a BPF iterator (source/cgroup/bulk.h).  Why it cannot
 * be had here; NULL: it can.  Tried, then undone.
 */
const char *source_no_bulk(struct source *s);
/* The same of the iterator over processes (source/bpf/processes.h). */
const char *source_no_processes(struct source *s);
/* Of a live host's source; the strings must outlive it. */
void source_ask_guests(struct source *s, const struct guest_questions *q);

#endif
