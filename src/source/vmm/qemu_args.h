/*
 * A QEMU command line as facts: how many vCPUs, how much RAM, whose name.  Launch facts only: hot-plug and
 * ballooning change nothing here.  Pure apart from `read`, through which -readconfig files come.
 */
#ifndef VCTOP_SOURCE_VMM_QEMU_ARGS_H
#define VCTOP_SOURCE_VMM_QEMU_ARGS_H

#include "vctop/source/vmm.h"

/* The text of a -readconfig file into sb; -errno. */
struct qemu_reader {
	ssize_t (*read)(void *data, const char *path, struct strbuf *sb);
	void *data;
};

enum qemu_accel { QEMU_ACCEL_DEFAULT, QEMU_ACCEL_KVM, QEMU_ACCEL_TCG, QEMU_ACCEL_KVM_OR_TCG, QEMU_ACCEL_OTHER };

struct qemu_launch {
	struct vm_config config; /* runtime is left NULL: it takes evidence beyond the command line */
	enum qemu_accel accel;
	bool no_guest; /* -version, -machine none, a Xen device model, another accelerator's */
};

void qemu_args_parse(const struct process *p, const struct qemu_reader *reader, struct qemu_launch *ret);

#endif
