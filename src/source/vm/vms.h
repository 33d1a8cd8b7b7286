/* The VMs of a host, private to vms.c, vm_entry.c and vm_pairs.c. */
#ifndef SOURCE_VMS_H
#define SOURCE_VMS_H

#include "source/live.h"
#include "source/vm/vm_names.h"
#include "vctop/source/vm.h"

struct guest_answer;

struct vm {
	pid_t pid;
	struct process_stat stat;
	const struct vmm_ops *vmm;
	struct vm_config config;
	struct vm_reader *reader;
	char *id;
	char *cgroup;              /* of the whole VM; NULL: not readable */
	struct cgroup_level *caps; /* where its caps begin: libvirt's are a level below; NULL as cgroup */
	struct cgroup_level *vcpu; /* libvirt's group of the first vCPU, which may have a cap of its own; NULL none */
	char *vcpu_path;
	const struct vm_fact *fact; /* NULL none; valid while names_generation is the table's */
	unsigned names_generation;
	double guest_usec; /* at the last tick, to see that a paused guest stands still */
	bool stands;
};

/* vm_entry.c */
void vm_entry_add(struct vm *vm, const struct tick *t, const struct containers *containers, const struct sample *s,
                  const struct guest_answer *answer);
/* Defined in libvirt's files and not running. */
void vm_entry_add_stopped(const struct vm_fact *f, const struct tick *t);

/* vm_pairs.c: after all entries are in the snapshot. */
void vm_pair_up(const struct vms *v, const struct tick *t, const struct containers *containers);
/* The container that a sandbox is; NULL: not in the snapshot. */
struct entry *vm_pair_find(const struct tick *t, const struct containers *containers, const struct vm *vm);

#endif
