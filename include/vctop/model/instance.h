/*
 * One container or one VM: who it is.  Strings belong to the snapshot's arena and are clean
 * (text_clean) from the moment they are read.
 */
#ifndef VCTOP_MODEL_INSTANCE_H
#define VCTOP_MODEL_INSTANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum instance_kind {
	INSTANCE_CONTAINER,
	INSTANCE_VM,
	INSTANCE_KIND_MAX, /* of these there are sums and verdicts */
	/* The host's own: a unit of systemd that is no container; its numbers hold those of the units below it. */
	INSTANCE_SERVICE = INSTANCE_KIND_MAX,
	INSTANCE_LIST_MAX
};
enum instance_state { INSTANCE_RUNNING, INSTANCE_PAUSED, INSTANCE_STOPPED, INSTANCE_STATE_MAX };

struct label {
	const char *key, *value;
};

struct instance {
	const char *id; /* unique in a snapshot and stable while it lives: "docker:<id>", "qemu:<uuid>" */
	enum instance_kind kind;
	const char *runtime;   /* "docker", "podman", "vctop", "qemu-kvm", "qemu-tcg" */
	const char *name;      /* never NULL; falls back to the short id */
	const char *image;     /* NULL unknown */
	const char *no_image;  /* why it is; NULL: no reason known */
	const char *name_from; /* the file or command line the name was read from; NULL: fallback */
	enum instance_state state;
	pid_t pid;            /* init process or VMM; 0 none */
	int64_t started_usec; /* realtime; 0 unknown */
	const char *cgroup;   /* path in the hierarchy; NULL none of its own */
	const char *parent;   /* id of the instance it runs in; NULL none */
	const char *uuid;     /* VMs; NULL none */
	const char *sample;   /* sample name if vctop launched it; NULL otherwise */
	const struct label *labels;
	size_t labels_n;
	/* Not 0: no other instance ever has this number unless all its texts but parent are the same. */
	uint64_t words;
	uint64_t incarnation; /* differs after re-creation under the same id; rates need it equal */
};

const char *instance_kind_name(enum instance_kind k);
const char *instance_state_name(enum instance_state s);

#endif
