/*
 * A process that holds anon_inode:kvm-vm and that no recogniser knows by name: libkrun, which runs the VMM inside
 * whatever called it, or anything else.
 */
#include <string.h>

#include "source/vm/kvm_fds.h"
#include "source/vmm/args.h"
#include "source/vmm/vmms.h"

/* Its sandbox and its file server may hold KVM too. */
static bool is_gvisor(const struct process *p)
{
	return strncmp(process_arg(p, 0), "runsc-", 6) == 0;
}

/* Kernel threads have neither command line nor program; what did not grow since it was looked at is left alone. */
static bool is_candidate(const struct process *p)
{
	return p->closely && p->exe && process_argc(p) && p->stat.state != 'Z' && p->stat.state != 'X' && !is_gvisor(p);
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	unsigned vms = 0, vcpus = 0;
	if (!is_candidate(p) || kvm_fds_count(fs, p->pid, &vms, &vcpus) < 0 || !vms)
		return false;
	*ret = (struct vm_config){.runtime = "kvm", .vcpus = vcpus, .vcpus_from = vcpus ? "kvm-vcpu fds" : NULL};
	ret->name = vmm_text(p->stat.comm, VMM_NAME_MAX);
	ret->name_from = ret->name ? "the program's name" : NULL;
	libkrun_mark(fs, p, ret);
	return true;
}

/* libkrun's; of others nothing is known. */
static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "fc_vcpu ");
}

const struct vmm_ops vmm_kvm = {
        .name = "kvm",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
