/* From a VMM's open files to its disks: tops, backing chains, sums. */
#ifndef STORAGE_VM_DISKS_H
#define STORAGE_VM_DISKS_H

#include "source/storage/vm_files.h"
#include "vctop/base/arena.h"
#include "vctop/model/background.h"

#define CHAIN_MAX 32U

/* Fills the VM's part of *ret; strings into the arena. */
void vm_disks_sum(struct rootfs *fs, struct vm_files *files, struct arena *a, struct disk *ret);

#endif
