#ifndef VCTOP_SOURCE_VMM_QEMU_H
#define VCTOP_SOURCE_VMM_QEMU_H

#include "vctop/source/vmm.h"

extern const struct vmm_ops vmm_qemu;

#endif
