/* The initramfs of a sample VM: one static program, and what it needs to speak. */
#ifndef LAB_BACKEND_INITRAMFS_H
#define LAB_BACKEND_INITRAMFS_H

#include <stddef.h>

#include "vctop/base/strbuf.h"

/*
 * Appends a "newc" cpio archive with `init` as /init, /dev/{console,null,ttyS0,ttyS1}, /proc and /sys, and the n <= 10
 * modules as /modules/0, 1, ...  Pure.
 */
void initramfs_build(const void *init, size_t len, const struct strbuf *modules, size_t n, struct strbuf *ret);

#endif
