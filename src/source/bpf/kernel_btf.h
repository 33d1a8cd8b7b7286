/*
 * The kernel's BTF (sys/kernel/btf/vmlinux) as it lies in memory, with an index of names.  libbpf copies its 5 MB and
 * goes through all of it for each name: a seventh of what one look at 1,000 containers costs.  Offsets are checked;
 * what they lead to is the kernel's word.
 */
#ifndef SOURCE_BPF_KERNEL_BTF_H
#define SOURCE_BPF_KERNEL_BTF_H

#include <stdint.h>

#include "vctop/source/rootfs.h"

struct btf_type; /* linux/btf.h */
struct kernel_btf;

struct kernel_btf *kernel_btf_open(struct rootfs *fs); /* NULL: there is none that can be read (errno) */
void kernel_btf_close(struct kernel_btf *b);           /* NULL: nothing to close */
const struct btf_type *kernel_btf_type(const struct kernel_btf *b, uint32_t id); /* NULL none */
const char *kernel_btf_text(const struct kernel_btf *b, uint32_t off);           /* "" none */
/* The first one behind `after` of a kind that is indexed (struct, enum, function); 0 none. name "": nameless ones. */
uint32_t kernel_btf_find(const struct kernel_btf *b, const char *name, unsigned kind, uint32_t after);

#endif
