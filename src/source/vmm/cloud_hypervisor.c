/* Cloud Hypervisor: the machine is on the command line, or came through the API. */
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/qemu_opts.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define RAM_DEFAULT (UINT64_C(512) << 20)

static uint64_t size_of(const char *option)
{
	cleanup_free char *size = vmm_suboption(option, "size");
	uint64_t bytes = 0;
	return size && qemu_parse_size(size, false, &bytes) == 0 ? bytes : 0;
}

/* --memory size=0 --memory-zone size=1G,id=a size=1G,id=b: the zones are the RAM. */
static uint64_t zones(const struct process *p)
{
	uint64_t sum = 0;
	bool in_zones = false;
	for (size_t i = 1; i < process_argc(p); i++) {
		const char *arg = process_arg(p, i);
		if (arg[0] == '-')
			in_zones = strncmp(arg, "--memory-zone", 13) == 0;
		if (in_zones && strchr(arg, '='))
			sum += size_of(strncmp(arg, "--memory-zone=", 14) == 0 ? arg + 14 : arg);
	}
	return sum;
}

static void read_machine(const struct process *p, struct vm_config *c)
{
	const char *cpus = vmm_option(p, "--cpus"), *memory = vmm_option(p, "--memory");
	cleanup_free char *boot = vmm_suboption(cpus, "boot");
	c->vcpus = cpus && boot ? (unsigned)vmm_count_of(boot, VMM_VCPUS_MAX) : 1;
	c->vcpus_from = cpus && boot ? "--cpus" : "default";
	c->ram_bytes = memory ? size_of(memory) : RAM_DEFAULT;
	c->ram_from = memory ? "--memory" : "default";
	uint64_t zoned = zones(p);
	if (zoned && c->ram_bytes < UINT64_MAX - zoned) {
		c->ram_bytes = (memory ? c->ram_bytes : 0) + zoned;
		c->ram_from = "--memory-zone";
	}
}

/* The last part of a socket's path, without its ending, is the only name it can have. */
static void name_by_socket(struct vm_config *c)
{
	if (!c->api_socket)
		return;
	const char *slash = strrchr(c->api_socket, '/'), *base = slash ? slash + 1 : c->api_socket;
	const char *dot = strrchr(base, '.');
	cleanup_free char *name = xstrndup(base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
	c->name = vmm_text(name, VMM_NAME_MAX);
	c->name_from = c->name ? "--api-socket on the command line" : NULL;
}

static void read_socket(const struct process *p, struct vm_config *c)
{
	const char *socket = vmm_option(p, "--api-socket");
	c->api_socket = vmm_suboption(socket, "path");
	cleanup_free char *fd = vmm_suboption(socket, "fd");
	if (!c->api_socket && !fd)
		c->api_socket = vmm_suboption(socket, NULL);
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	(void)fs;
	if ((!vmm_program_is(p, "cloud-hypervisor") && !vmm_program_is(p, "cloud-hypervisor-static")) ||
	    vmm_flag(p, "--version") || vmm_flag(p, "-V") || vmm_flag(p, "--help"))
		return false;
	*ret = (struct vm_config){.runtime = "cloud-hypervisor", .ram_noreserve = true};
	const char *platform = vmm_option(p, "--platform"), *disk = vmm_option(p, "--disk");
	const char *kernel = vmm_option(p, "--kernel"), *firmware = vmm_option(p, "--firmware");
	cleanup_free char *uuid = vmm_suboption(platform, "uuid"), *path = vmm_suboption(disk, "path");
	read_socket(p, ret);
	name_by_socket(ret);
	ret->uuid = vmm_text(uuid, VMM_NAME_MAX);
	ret->image = vmm_text(path ? path : kernel ? kernel : firmware, VMM_PATH_MAX);
	if (kernel || firmware)
		read_machine(p, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "vcpu");
}

const struct vmm_ops vmm_cloud_hypervisor = {
        .name = "cloud-hypervisor",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
