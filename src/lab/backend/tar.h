/* A container image of one file, as `podman import` and `docker import` take it. */
#ifndef LAB_BACKEND_TAR_H
#define LAB_BACKEND_TAR_H

#include <stddef.h>

#include "vctop/base/strbuf.h"

/* Appends a ustar archive with `init` as /init, and empty /proc, /sys, /dev. Pure. */
void tar_build(const void *init, size_t len, struct strbuf *ret);

#endif
