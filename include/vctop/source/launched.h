/*
 * The register of samples that vctop launched: one small JSON file each in run/vctop/samples/NAME.json,
 * written by the lab, read by the source to mark instances.  The file exists before anything else of the
 * sample does, so a crash at any point leaves something to clean up by.
 *
 * A story (lab/stories.h) is a sample of many parts, which all carry its name: what it starts runs below its cgroup
 * /vctop/st-NAME, its files are below run/vctop/st-NAME and /var/tmp/vctop-NAME.
 */
#ifndef VCTOP_SOURCE_LAUNCHED_H
#define VCTOP_SOURCE_LAUNCHED_H

#include <sys/types.h>

#include "vctop/source/rootfs.h"

#define LAUNCHED_DIR "run/vctop/samples"
#define LAUNCHED_MAX_TEXT 16384 /* bytes of one file: far more than one needs */
#define LAUNCHED_MAX_PLACE 1024

struct launched {
	char *name;         /* also the file's name: [a-z0-9][a-z0-9-]{0,39} */
	char *kind;         /* "container", "vm", "process" (of the comparison) or "story" */
	char *backend;      /* "builtin", "runc", "crun", "podman", "docker"; "kvm", "tcg", "microvm", "microvm-tcg",
	                       "firecracker", "cloud-hypervisor" */
	char *workload;     /* "idle", "cpu", "memory", "burst"; a story has neither: NULL */
	char *state;        /* "starting", "running", "stopping" */
	char *ref;          /* container id for podman and docker; NULL else */
	char *place;        /* podman, docker: the environment that said which store or host; cleaned; NULL not known */
	double cpus;        /* 0: unlimited */
	uint64_t memory;    /* bytes; 0: unlimited */
	pid_t pid;          /* init or VMM as seen from the host, vctop that tells the story; 0 not yet */
	uint64_t pid_start; /* its start_ticks */
	pid_t starter;      /* process now making or removing it, also a story's own; 0 none */
	uint64_t starter_start;
	pid_t owner; /* dashboard whose end ends it; 0: it stays until stopped */
	uint64_t owner_start;
	int64_t started_usec; /* realtime of the launch */
};

typedef VEC(struct launched) launched_vec;

/* All readable register files; malformed ones are skipped. 0 also when there is no register. */
int launched_list(struct rootfs *fs, launched_vec *ret);
void launched_release(launched_vec *v);
/* A sample VM's used memory as its guest said last in run/vctop/vm-NAME/report; bytes, 0 unknown. */
uint64_t launched_guest_used(struct rootfs *fs, const struct launched *l);
/* The last such line of that report's end. Anything but a number that fits the memory it was given is 0. */
uint64_t launched_parse_used(const char *buf, size_t len, uint64_t memory);
/* Parses one file's text. -EINVAL malformed. */
int launched_parse(const char *buf, size_t len, struct launched *ret);
void launched_clear(struct launched *l);
bool launched_name_valid(const char *name);

#endif
