/*
 * The comparison: the same static program with the same allocation as a plain process, in containers and in VMs.
 * Everything it starts is in the register with the caller as owner: samples_clean removes it also after a crash.
 */
#ifndef VCTOP_LAB_COMPARE_H
#define VCTOP_LAB_COMPARE_H

#include "vctop/base/error.h"
#include "vctop/lab/teller.h"
#include "vctop/model/comparison.h"

struct compare_options {
	double cpus;          /* 0: 1 */
	uint64_t memory;      /* bytes; 0: 256 MiB */
	unsigned runs;        /* 0: 5 */
	const char *subjects; /* comma-separated ids; NULL: every one present */
	const char *vm_image; /* --vm-image: a disk with a distribution; NULL */
};
/* Subjects that are not there are in *ret too, with `skipped`. -EINTR: *ret holds what was measured so far. */
int compare_run(const struct compare_options *o, const struct teller *t, struct comparison *ret, struct error *err);

#endif
