/*
 * gVisor's sandbox: a kernel written in Go that runs a container's processes.  With its KVM platform it holds a
 * kvm-vm and hundreds of vCPUs, but it is no VM: there is neither guest RAM nor a guest kernel's disk.
 */
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

/* runsc sets argv[0]; the program file is a runsc wherever that lies. */
static bool is_sandbox(const struct process *p)
{
	size_t n;
	const char *name = vmm_program(p, &n);
	/* With memory sealing the link is "/memfd:runsc..."; a link that may not be read leaves the argument.  No
	 * program in Go has one thread for long, so of most others the rest of the link need not be read. */
	if (p->exe && (n < 5 || memcmp(name, "runsc", 5) != 0) &&
	    (p->stat.threads == 1 || (process_exe(p) && !strstr(process_exe(p), "runsc"))))
		return false;
	return process_argc(p) && strcmp(process_arg(p, 0), "runsc-sandbox") == 0;
}

/* runsc-sandbox [global options] boot [options] CONTAINER-ID */
static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	(void)fs;
	if (!is_sandbox(p))
		return false;
	*ret = (struct vm_config){.runtime = "gvisor", .sandbox = true};
	if (vmm_flag(p, "boot") && process_arg(p, process_argc(p) - 1)[0] != '-')
		ret->pair = vmm_text(process_arg(p, process_argc(p) - 1), VMM_NAME_MAX);
	ret->name = vmm_text(ret->pair, VMM_NAME_MAX);
	ret->name_from = ret->name ? "runsc's command line" : NULL;
	return true;
}

const struct vmm_ops vmm_gvisor = {
        .name = "gvisor",
        .recognise = recognise,
        .no_vcpu_threads = "a sandboxed container has no vCPUs",
};
