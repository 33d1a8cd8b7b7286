/* Memory that processes hold, by proportional share: what several map is divided among them.  Parsers are pure. */
#ifndef LAB_TOOL_WEIGH_H
#define LAB_TOOL_WEIGH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lab/tool/proctable.h"
#include "vctop/base/error.h"

/* Pss of a process (smaps_rollup); -ESRCH it has ended. */
int weigh_process(pid_t pid, uint64_t *ret_bytes);
/* Of a VMM: the guest's memory apart, which is the smallest data mapping of at least ram_bytes; -ENOENT none. */
int weigh_vmm(pid_t pid, uint64_t ram_bytes, uint64_t *ret_vmm, uint64_t *ret_guest);
/* The text of /proc/PID/smaps. */
int weigh_smaps(const char *text, size_t len, uint64_t ram_bytes, uint64_t *ret_vmm, uint64_t *ret_guest);
/* Blocks allocated to a file, or to a directory and all below it on the same file system. */
uint64_t weigh_files(const char *path);

/* What runs beside pid for this instance alone: ancestors whose command line carries `id` (conmon, a shim). */
void weigh_helpers(pid_t pid, const char *id, pid_vec *ret);

#endif
