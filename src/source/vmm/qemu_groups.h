/*
 * What is known so far of one command line, and the options that carry facts, each a group: begin, keys, end.
 * The same groups are fed by the command line ("-smp 4,cores=2"), by JSON values and by -readconfig files
 * ([smp-opts] cpus = "4").
 */
#ifndef VCTOP_SOURCE_VMM_QEMU_GROUPS_H
#define VCTOP_SOURCE_VMM_QEMU_GROUPS_H

#include <string.h>

#include "source/vmm/qemu_args.h"

#define QEMU_NAME_MAX 256U
#define QEMU_IMAGE_MAX 1024U
#define QEMU_VCPUS_MAX 65536U
#define QEMU_BACKENDS_MAX 1024U
#define TOPOLOGY_LEVELS 8U

struct qemu_backend {
	char *id;
	uint64_t bytes;
	bool bad; /* size unreadable */
};

/* One group being read: its keys until its end. */
struct qemu_scratch {
	char *type, *id, *file;
	uint64_t bytes;
	bool bad, skip, cdrom;
};

struct qemu_args {
	const struct qemu_reader *reader;
	struct qemu_launch *launch;
	const struct qemu_group *group;
	struct qemu_scratch now;
	const char *file; /* the -readconfig file being read; NULL: the command line */
	bool hidden;      /* some option could not be read: defaults are not known to hold */

	bool smp_given, smp_bad;
	uint64_t cpus, maxcpus, extra_cpus;
	uint64_t topology[TOPOLOGY_LEVELS]; /* 0: level not given */

	bool ram_given, ram_bad;
	uint64_t ram;

	VEC(struct qemu_backend) backends;
	char *machine_backend;
	VEC(char *) node_backends;
	uint64_t node_bytes;
	char *uuid_option, *uuid_smbios, *disk, *cdrom, *kernel;
};

struct qemu_group {
	const char *option, *ini, *implied;
	void (*key)(struct qemu_args *a, const char *key, const char *value);
	void (*end)(struct qemu_args *a);
};

extern const struct qemu_group qemu_groups[];
extern const size_t qemu_groups_n;

/* The first thing that could not be read is kept, as one clean line. */
void qemu_problem(struct qemu_args *a, const char *what, const char *value, const char *why);
/* Prefers kvm or tcg as the next in order. */
void qemu_accel_asked(struct qemu_args *a, const char *name, size_t n);
/* A clean copy cut to max bytes; "" gives NULL. */
void qemu_set_text(char **dst, const char *value, size_t max);

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

#endif
