/*
 * The use of one VM process, whatever its VMM: CPU by thread, guest RAM by mapping.
 * /proc/PID/stat (all), task/TID/schedstat (vCPU run time and run delay), smaps (who holds what), status.
 * Needs CAP_SYS_PTRACE or the same user for smaps; without it those metrics are `denied` and the rest is read.
 */
#ifndef VCTOP_SOURCE_VM_H
#define VCTOP_SOURCE_VM_H

#include "vctop/model/sample.h"
#include "vctop/source/vmm.h"

struct vm_reader; /* kept fds of one VM */

struct vm_reader *vm_reader_new(struct rootfs *fs, pid_t pid, const struct vmm_ops *vmm,
                                const struct vm_config *config);
void vm_reader_free(struct vm_reader *v);
/*
 * Fills s->mono_usec, s->cpu (except allocated), s->mem (except allocated), s->pids.
 * -ESRCH when the process is gone (or its pid belongs to another).  smaps is dear (33 ms for 4 GiB): it is read
 * again when the process's resident size moved and at most a hundredth of the time goes into it.
 */
int vm_reader_sample(struct vm_reader *v, struct sample *s);
/* Which threads are its vCPUs, as of the last sample (source/vm/vm_threads.h). */
struct vm_threads;
const struct vm_threads *vm_reader_threads(const struct vm_reader *v);
/* Bytes mapped as guest RAM, as of the last look at smaps; 0 unknown. */
uint64_t vm_reader_ram_mapped(const struct vm_reader *v);
/* Which threads are vCPUs, from someone who should know: believed where the threads exist and their names say nothing.
 */
void vm_reader_hint(struct vm_reader *v, const pid_t *tids, size_t n);
/* A kernel thread that works for this VM (vhost): its CPU time is the VM's. */
void vm_reader_helper(struct vm_reader *v, pid_t pid, uint64_t start_ticks);

/* Pure parser of /proc/PID/smaps: sums the guest RAM mappings and the rest. */
struct guest_ram {
	uint64_t guest_resident; /* Rss + hugetlb of guest RAM mappings */
	uint64_t guest_swap;
	uint64_t guest_size; /* sum of Size: should equal the allocation */
	uint64_t other_resident;
	unsigned mappings; /* recognised as guest RAM; 0: not found */
};
void guest_ram_parse(const char *buf, size_t len, uint64_t ram_bytes, struct guest_ram *ret);

/* What else marks guest RAM of this VMM. */
struct guest_ram_rules {
	uint64_t bytes; /* allocation; 0 unknown */
	bool noreserve; /* pieces mapped with MAP_NORESERVE count as those with MADV_DONTFORK do */
	bool tmpfile;   /* an unlinked file in /dev/shm, executable or not: user-mode Linux */
};
void guest_ram_find(const char *buf, size_t len, const struct guest_ram_rules *rules, struct guest_ram *ret);

#endif
