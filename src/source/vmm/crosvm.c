/* crosvm: one process for the vCPUs, and a jailed fork of it for each device. The forks are parts of the VM. */
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/qemu_opts.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define MIB (UINT64_C(1) << 20)
#define MIB_MAX (UINT64_C(1) << 30)

/* "--cpus num-cores=2,...", "--cpus 2"; the same for --mem size=. NULL: not given. */
static char *first_or(const char *text, const char *key)
{
	char *v = vmm_suboption(text, key);
	return v ? v : vmm_suboption(text, NULL);
}

static const char *either(const struct process *p, const char *a, const char *b)
{
	const char *v = vmm_option(p, a);
	return v ? v : vmm_option(p, b);
}

static void read_machine(const struct process *p, struct vm_config *c)
{
	const char *cpus_text = either(p, "--cpus", "-c"), *mem_text = either(p, "--mem", "-m");
	cleanup_free char *cpus = first_or(cpus_text, "num-cores"), *mem = first_or(mem_text, "size");
	bool hidden = vmm_option(p, "--cfg") != NULL;
	c->vcpus_from = cpus ? "--cpus" : "default";
	c->ram_from = mem ? "--mem" : "default";
	c->vcpus = cpus ? (unsigned)vmm_count_of(cpus, VMM_VCPUS_MAX) : hidden ? 0 : 1;
	c->ram_bytes = mem ? vmm_count_of(mem, MIB_MAX) * MIB : hidden ? 0 : 256 * MIB;
}

static const char *disk_of(const struct process *p)
{
	static const char *const options[] = {"--block", "--root", "--rwroot", "--disk", "--rwdisk", "-b"};
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *v = vmm_option(p, options[i]);
		if (v)
			return v;
	}
	return NULL;
}

/* "crosvm --log-level debug run ...": the command comes after options of the program itself. */
static bool runs_vm(const struct process *p)
{
	for (size_t i = 1; i < process_argc(p) && i < 16; i++)
		if (strcmp(process_arg(p, i), "run") == 0 || strcmp(process_arg(p, i), "run-mp") == 0)
			return true;
	return false;
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	if (!vmm_program_is(p, "crosvm") || !runs_vm(p) || vmm_is_fork(fs, p))
		return false;
	*ret = (struct vm_config){.runtime = "crosvm", .children = true};
	const char *name = vmm_option(p, "--name"), *disk = disk_of(p);
	cleanup_free char *path = first_or(disk, "path");
	ret->name = vmm_text(name, VMM_NAME_MAX);
	ret->name_from = name ? "--name on the command line" : NULL;
	ret->image = vmm_text(path ? path : process_arg(p, process_argc(p) - 1), VMM_PATH_MAX);
	read_machine(p, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "crosvm_vcpu");
}

const struct vmm_ops vmm_crosvm = {
        .name = "crosvm",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
