/*
 * What files say about VMs: libvirt's status of running domains and its definitions of all, machined's register.
 * Directories that only their daemons write to; looked at again when one of them changed.
 */
#ifndef SOURCE_VM_NAMES_H
#define SOURCE_VM_NAMES_H

#include <sys/types.h>

#include "vctop/base/vec.h"
#include "vctop/source/rootfs.h"

enum vm_fact_kind { VM_FACT_STATUS, VM_FACT_DOMAIN, VM_FACT_MACHINE, VM_FACT_KINDS };

/* Of one file. Heap strings, cleaned. */
struct vm_fact {
	enum vm_fact_kind kind;
	char *path; /* relative to the root */
	struct timespec mtime;
	ino_t ino;
	off_t size;
	bool seen;

	pid_t pid;   /* VMM; 0 not running */
	bool paused; /* as of the file's last writing */
	bool kvm;    /* domain type */
	char *name, *title, *uuid, *image;
	char *instance; /* OpenStack's name for it, where libvirt's is "instance-0000001a" */
	unsigned vcpus;
	uint64_t memory_bytes; /* with what was plugged in since the start */
	VEC(pid_t) vcpu_tids;
};

struct vm_names {
	struct rootfs *fs;
	VEC(struct vm_fact *) all;
	struct timespec changed[VM_FACT_KINDS]; /* the directories', when listed */
	bool recent[VM_FACT_KINDS];             /* changed so shortly before that it may have changed again unseen */
	int err[VM_FACT_KINDS];
	int64_t looked_usec;
	unsigned generation; /* counts changes */
};

void vm_names_refresh(struct vm_names *n, struct rootfs_time now);
void vm_names_release(struct vm_names *n);
/* About a running VMM; uuid (NULL unknown) guards against files that outlived their VM. NULL nothing known. */
const struct vm_fact *vm_names_of(const struct vm_names *n, pid_t pid, const char *uuid);

/* Pure parsers: libvirt's status or domain XML; machined's KEY=VALUE. -EINVAL: none of it. */
int libvirt_parse(const char *buf, size_t len, struct vm_fact *ret);
int machined_parse(const char *buf, size_t len, struct vm_fact *ret);
void vm_fact_clear(struct vm_fact *f);
/* "machine-qemu\x2d3\x2dweb.scope" anywhere in a cgroup path: "web". Heap; NULL no such thing. */
char *libvirt_scope_name(const char *cgroup);

#endif
