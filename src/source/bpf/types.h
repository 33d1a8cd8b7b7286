/* The kernel's own description of its types (BTF, sys/kernel/btf/vmlinux): where what is kept, by name. */
#ifndef SOURCE_BPF_TYPES_H
#define SOURCE_BPF_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "vctop/source/rootfs.h"

struct kernel_btf;
struct btf_type;

/* Got when first asked for; it is some megabytes, so given back when nobody will ask soon. */
struct kernel_types {
	struct rootfs *fs;
	struct kernel_btf *btf;
};
bool types_get(struct kernel_types *t); /* false: there are none (errno) */
void types_forget(struct kernel_types *t);
/* Byte offset of "bstat.cputime.sum_exec_runtime" in a structure, and what is there; -1 not there. */
int types_place(struct kernel_types *types, const char *type, const char *path, const struct btf_type **ret);
/* The same, and its size. */
int types_offset(struct kernel_types *types, const char *type, const char *path, size_t *ret_size);
/* A value of an enumeration, or of one without a name; -1 not there. */
int types_enum(struct kernel_types *types, const char *type, const char *name);
int types_nameless(struct kernel_types *types, const char *name);
/* The id of a function, of a structure; not above 0: there is none. */
int types_function(struct kernel_types *types, const char *name);
int types_structure(struct kernel_types *types, const char *name);

#endif
