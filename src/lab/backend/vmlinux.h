/* The ELF kernel inside a bzImage (x86): what VMMs without a boot loader start. */
#ifndef LAB_BACKEND_VMLINUX_H
#define LAB_BACKEND_VMLINUX_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "vctop/base/error.h"

struct packed_kernel {
	uint64_t at, len;    /* bytes of the file */
	uint64_t unpacked;   /* bytes it becomes */
	const char *program; /* that unpacks it: "gzip", "xz", "lz4", "zstd" */
	const char *suffix;  /* that it wants of a file */
};
/* head: the first bytes of a file of `size` bytes.  -EINVAL: no bzImage of 2008 (2.6.26) or later.  Pure. */
#define VMLINUX_HEAD 0x250
int vmlinux_locate(const unsigned char head[VMLINUX_HEAD], uint64_t size, struct packed_kernel *ret);

/* Can it be unpacked here?  -errno: why not, in err. */
int vmlinux_check(const char *kernel, struct error *err);
/* Writes it to path, which must not exist, by way of a file beside it. */
int vmlinux_unpack(const char *kernel, const char *path, const volatile sig_atomic_t *cancel, struct error *err);

#endif
