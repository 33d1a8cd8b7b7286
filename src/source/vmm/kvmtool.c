/* kvmtool ("lkvm run"): no -c means as many vCPUs as the host has CPUs, no -m means 64 MiB for each and 192 more. */
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"

#define MIB (UINT64_C(1) << 20)

/* size[BKMGTP]; a bare number is MiB. */
uint64_t kvmtool_ram(const char *text)
{
	static const char units[] = "BKMGTP";
	uint64_t v = 0;
	size_t n = text ? strspn(text, "0123456789") : 0;
	if (!n || parse_u64(text, n, &v) < 0)
		return 0;
	unsigned shift = 20;
	if (text[n]) {
		const char *unit = memchr(units, text[n] & ~0x20, sizeof(units) - 1);
		if (!unit || text[n + 1])
			return 0;
		shift = 10 * (unsigned)(unit - units);
	}
	return v <= (UINT64_C(1) << 53) >> shift ? v << shift : 0;
}

static unsigned host_cpus(struct rootfs *fs)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	unsigned n = 0;
	if (rootfs_read(fs, "sys/devices/system/cpu/online", 65536, &sb) > 0)
		(void)parse_cpulist(sb.buf, sb.len, &n);
	return n;
}

/* builtin-run.c: get_ram_size. */
static uint64_t default_ram(struct rootfs *fs, unsigned vcpus)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	uint64_t ram = 64 * MIB * (vcpus + 3), host = 0;
	if (rootfs_read(fs, "proc/meminfo", 65536, &sb) > 0 && parse_colon(sb.buf, sb.len, "MemTotal", &host) == 0 &&
	    host / 5 * 4 < ram)
		ram = host / 5 * 4 / MIB * MIB;
	return ram;
}

static const char *either(const struct process *p, const char *a, const char *b)
{
	const char *v = vmm_option(p, a);
	return v ? v : vmm_option(p, b);
}

static void read_machine(struct rootfs *fs, const struct process *p, struct vm_config *c)
{
	const char *cpus = either(p, "--cpus", "-c"), *mem = either(p, "--mem", "-m");
	c->vcpus_from = cpus ? "-c" : "default";
	c->ram_from = mem ? "-m" : "default";
	c->vcpus = cpus ? (unsigned)vmm_count_of(cpus, VMM_VCPUS_MAX) : host_cpus(fs);
	if (mem)
		c->ram_bytes = kvmtool_ram(mem);
	else if (c->vcpus)
		c->ram_bytes = default_ram(fs, c->vcpus);
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	bool own = vmm_program_is(p, "lkvm") || vmm_program_is(p, "lkvm-static");
	if ((!own && !vmm_program_is(p, "vm")) || process_argc(p) < 2 || strcmp(process_arg(p, 1), "run") != 0)
		return false;
	const char *name = either(p, "--name", "-n"), *disk = either(p, "--disk", "-d");
	const char *kernel = either(p, "--kernel", "-k");
	cleanup_free char *path = disk ? xstrndup(disk, strcspn(disk, ",")) : NULL;
	/* "vm" can be anything. */
	if (!own && !kernel && !disk)
		return false;
	*ret = (struct vm_config){.runtime = "kvmtool", .ram_noreserve = true};
	ret->name = name ? vmm_text(name, VMM_NAME_MAX) : xasprintf("guest-%d", (int)p->pid);
	ret->name_from = name ? "--name on the command line" : "kvmtool's default";
	ret->image = vmm_text(path ? path : kernel, VMM_PATH_MAX);
	read_machine(fs, p, ret);
	return true;
}

static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "kvm-vcpu-");
}

const struct vmm_ops vmm_kvmtool = {
        .name = "kvmtool",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
