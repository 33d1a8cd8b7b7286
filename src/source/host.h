/* The machine itself: capacity, use, and what kind of place it is. */
#ifndef SOURCE_HOST_H
#define SOURCE_HOST_H

#include "source/cgroup/mounts.h"
#include "source/cores.h"
#include "vctop/base/arena.h"

/* What /proc/self/ns/pid says in the initial namespace (include/uapi/linux/nsfs.h). */
#define INIT_PID_NS "pid:[4026531836]"

struct host_reader {
	struct rootfs *fs;
	struct kfile stat, meminfo, online, cpu_psi, mem_psi;
	struct core_reader *cores;
	/* What does not change while we run; heap strings. */
	char *hostname, *kernel, *boot_id, *hypervisor, *evidence;
	enum placement placement;
};

void host_reader_open(struct host_reader *h, struct rootfs *fs);
void host_reader_close(struct host_reader *h);
void host_reader_sample(struct host_reader *h, const struct mounts *m, struct snapshot *snap);

/* Where we are: on metal, in a VM, in a container; and from what that was concluded. Heap strings. */
enum placement placement_decide(struct rootfs *fs, const struct mounts *m, char **ret_hypervisor, char **ret_evidence);

#endif
