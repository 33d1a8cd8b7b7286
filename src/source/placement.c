/*
 * Metal, VM or container.  The initial namespaces have fixed inode numbers; being in other ones is what makes a
 * container.  /.dockerenv alone is no evidence: a VM whose disk was built from a Docker image has it too.
 */
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "source/host.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

/* include/uapi/linux/nsfs.h: enum init_ns_ino */
#define INIT_CGROUP_NS "cgroup:[4026531835]"

static bool contains_line(struct rootfs *fs, const char *path, const char *text)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	return rootfs_read(fs, path, (size_t)1 << 20, &sb) > 0 && memmem(sb.buf, sb.len, text, strlen(text));
}

static const char *brand_of(const char *text)
{
	static const struct {
		const char *has, *name;
	} brands[] = {
	        {"KVMKVMKVM", "kvm"},
	        {"Linux KVM Hv", "kvm"},
	        {"TCGTCGTCG", "qemu"},
	        {"VMwareVMware", "vmware"},
	        {"Microsoft Hv", "hyper-v"},
	        {"XenVMM", "xen"},
	        {"bhyve", "bhyve"},
	        {"Firecracker", "firecracker"},
	        {"Amazon EC2", "amazon"},
	        {"Google", "google"},
	        {"QEMU", "qemu"},
	        {"KVM", "kvm"},
	        {"VMware", "vmware"},
	        {"innotek", "virtualbox"},
	        {"VirtualBox", "virtualbox"},
	        {"Xen", "xen"},
	        {"Microsoft Corporation", "hyper-v"},
	        {"Parallels", "parallels"},
	        {"BHYVE", "bhyve"},
	        {"Apple Virt", "apple"},
	        {"kvm-clock", "kvm"},
	        {"hyperv", "hyper-v"},
	        {"xen", "xen"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(brands); i++)
		if (strstr(text, brands[i].has))
			return brands[i].name;
	return NULL;
}

#if defined(__x86_64__)
/* The hypervisor's own signature; only of the machine we run on, so not for a captured tree. */
static const char *cpuid_brand(const struct rootfs *fs)
{
	unsigned a, b, c, d;
	char sig[13] = "";
	if (!rootfs_is_live(fs) || !__get_cpuid(1, &a, &b, &c, &d) || !(c & 1U << 31))
		return NULL;
	__cpuid(0x40000000, a, b, c, d);
	memcpy(sig, &b, 4);
	memcpy(sig + 4, &c, 4);
	memcpy(sig + 8, &d, 4);
	const char *name = brand_of(sig);
	return name ? name : "unknown";
}
#else
static const char *cpuid_brand(const struct rootfs *fs)
{
	(void)fs;
	return NULL;
}
#endif

static const char *find_hypervisor(struct rootfs *fs, struct strbuf *evidence)
{
	static const char *const files[] = {
	        "sys/class/dmi/id/sys_vendor",
	        "sys/class/dmi/id/product_name",
	        "sys/hypervisor/type",
	        "sys/devices/system/clocksource/clocksource0/current_clocksource",
	};
	const char *brand = cpuid_brand(fs);
	if (brand) {
		strbuf_fmt(evidence, "cpuid: %s", brand);
		return brand;
	}
	bool flag = contains_line(fs, "proc/cpuinfo", " hypervisor");
	if (flag)
		strbuf_str(evidence, "cpuinfo flag hypervisor");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		cleanup_strbuf struct strbuf sb = STRBUF_INIT;
		if (rootfs_read(fs, files[i], 4096, &sb) <= 0 || !(brand = brand_of(sb.buf)))
			continue;
		/* Dom0 and bare Amazon or Google metal also say so there: only with the CPU flag, if x86. */
		if (!flag && contains_line(fs, "proc/cpuinfo", "flags"))
			continue;
		sb.buf[strcspn(sb.buf, "\n")] = '\0';
		strbuf_fmt(evidence, "%s/%s: %s", evidence->len ? ", " : "", files[i], sb.buf);
		return brand;
	}
	return flag ? "unknown" : NULL;
}

static bool in_container(struct rootfs *fs, const struct mounts *m, struct strbuf *evidence)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT, cgroup = STRBUF_INIT;
	int r = rootfs_readlink(fs, "proc/self/ns/pid", &link);
	if (r == 0 && strcmp(link.buf, INIT_PID_NS) != 0) {
		strbuf_fmt(evidence, "pid namespace %s is not the initial one", link.buf);
		return true;
	}
	/* The real root of cgroup2 never has a cgroup.type; the root of a cgroup namespace does. */
	struct stat st;
	if (m->v2) {
		strbuf_fmt(&cgroup, "%s/cgroup.type", m->v2);
		bool ns = rootfs_stat(fs, cgroup.buf, &st) == 0;
		if (ns && rootfs_readlink(fs, "proc/self/ns/cgroup", &link) == 0 &&
		    strcmp(link.buf, INIT_CGROUP_NS) != 0) {
			strbuf_fmt(evidence, "cgroup namespace %s, and /%s exists", link.buf, cgroup.buf);
			return true;
		}
	}
	strbuf_str(evidence, r == 0 ? "pid namespace is the initial one" : "pid namespace not readable");
	if (rootfs_stat(fs, ".dockerenv", &st) == 0)
		strbuf_str(evidence, " (/.dockerenv exists, which alone is no evidence)");
	return false;
}

enum placement placement_decide(struct rootfs *fs, const struct mounts *m, char **ret_hypervisor, char **ret_evidence)
{
	struct strbuf why = STRBUF_INIT;
	cleanup_strbuf struct strbuf vm = STRBUF_INIT;
	bool container = in_container(fs, m, &why);
	const char *hypervisor = find_hypervisor(fs, &vm);
	strbuf_fmt(&why, "; %s", vm.len ? vm.buf : "no sign of a hypervisor");
	*ret_hypervisor = hypervisor ? xstrdup(hypervisor) : NULL;
	*ret_evidence = text_clean(strbuf_detach(&why), 400);
	return container ? PLACEMENT_CONTAINER : hypervisor ? PLACEMENT_VM : PLACEMENT_METAL;
}
