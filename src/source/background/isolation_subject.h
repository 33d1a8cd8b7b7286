/* Between isolation.c, which reads, and isolation_words.c, which puts it into one line. */
#ifndef SOURCE_ISOLATION_SUBJECT_H
#define SOURCE_ISOLATION_SUBJECT_H

#include "source/background/isolation.h"
#include "source/bpf/processes.h"

/* All that was read about one process. */
struct subject {
	struct rootfs *fs;
	const struct isolation_host *host;
	const struct process_told *told; /* NULL: its files are read */
	struct arena *arena;
	char pid[16];
	struct status_facts status;
	int status_err;
	struct uid_map map;
	struct mount_facts mounts;
	int mounts_err; /* -EFBIG: the beginning was read */
};

/* "own: pid mnt net; root; 14 caps; seccomp filter". */
char *isolation_summary(const struct subject *s, const struct isolation *i);
/* Fills guard and summary of a VM whose VMM is `name`. */
void isolation_guard(const struct subject *s, const char *name, struct isolation *i);

#endif
