/*
 * Which files a VMM's command line names as disks, and in which format.  A format that was given binds: the owner of a
 * raw disk could write any header into it.  Pure.
 */
#ifndef STORAGE_DISK_ARGS_H
#define STORAGE_DISK_ARGS_H

#include "vctop/base/vec.h"
#include "vctop/source/process.h"

struct disk_arg {
	char *node;   /* QEMU: node-name or id; NULL none */
	char *lower;  /* QEMU: the node that holds its file; NULL none */
	char *file;   /* raw text: a path, "nbd:...", ...; NULL none */
	char *format; /* "raw", "qcow2", "file", ...; NULL not said */
	bool skip;    /* firmware, a CD: no disk */
};

struct disk_args {
	VEC(struct disk_arg) v;
	bool qemu;     /* QEMU says all it has, other VMMs need not */
	bool raw_only; /* a VMM that knows no other format */
};

void disk_args_parse(const struct process *p, struct disk_args *ret);
void disk_args_release(struct disk_args *a);

#endif
