/* Memory of one VM process: statm and status each tick they are needed, smaps when it pays. */
#ifndef VCTOP_SOURCE_VM_MEMORY_H
#define VCTOP_SOURCE_VM_MEMORY_H

#include "vctop/model/sample.h"
#include "vctop/source/vm.h"

struct vm_memory {
	struct rootfs *fs;
	pid_t pid;
	struct guest_ram_rules rules;
	bool hidden; /* guest RAM is not in this process */
	struct kfile statm, status;
	uint64_t page;

	bool status_read;
	int status_err;
	uint64_t status_rss; /* resident when status was read */
	int64_t status_usec; /* and the time */
	uint64_t hugetlb, swap, peak;

	bool smaps_read;
	int smaps_err;
	uint64_t smaps_resident; /* resident + hugetlb + swap when smaps was read */
	int64_t smaps_usec, smaps_cost_usec;
	struct strbuf smaps;
	struct guest_ram ram;
};

void vm_memory_init(struct vm_memory *m, struct rootfs *fs, pid_t pid, const struct vm_config *config);
void vm_memory_release(struct vm_memory *m);
void vm_memory_sample(struct vm_memory *m, struct sample_memory *ret);

#endif
