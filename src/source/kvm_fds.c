#include "source/kvm_fds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Exact: "kvm-vcpu-stats:0" begins alike and would double the vCPUs. Before 4.16 there was no ":N". */
enum kvm_fd kvm_fd_kind(const char *link)
{
	static const char vcpu[] = "anon_inode:kvm-vcpu";
	if (strcmp(link, "anon_inode:kvm-vm") == 0)
		return KVM_FD_VM;
	if (strncmp(link, vcpu, sizeof(vcpu) - 1) != 0)
		return KVM_FD_OTHER;
	const char *rest = link + sizeof(vcpu) - 1;
	if (!*rest)
		return KVM_FD_VCPU;
	size_t digits = *rest == ':' ? strspn(rest + 1, "0123456789") : 0;
	return digits && !rest[1 + digits] ? KVM_FD_VCPU : KVM_FD_OTHER;
}

int kvm_fds_count(struct rootfs *fs, pid_t pid, unsigned *ret_vms, unsigned *ret_vcpus)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	struct rootfs_names names = {.text = STRBUF_INIT};
	char path[96];
	unsigned vms = 0, vcpus = 0;
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	int r = rootfs_list(fs, path, false, &names);
	for (size_t i = 0; r == 0 && i < names.at.n; i++) {
		(void)snprintf(path, sizeof(path), "proc/%d/fd/%.20s", (int)pid, rootfs_name(&names, i));
		int got = rootfs_readlink(fs, path, &link);
		if (got == -EACCES || got == -EPERM)
			r = got;
		enum kvm_fd kind = got == 0 ? kvm_fd_kind(link.buf) : KVM_FD_OTHER;
		vms += kind == KVM_FD_VM;
		vcpus += kind == KVM_FD_VCPU;
	}
	rootfs_names_release(&names);
	if (r < 0)
		return r;
	*ret_vms = vms;
	*ret_vcpus = vcpus;
	return 0;
}

enum kvm_fd kvm_fd_of(struct rootfs *fs, pid_t pid, uint64_t fd)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/fd/%" PRIu64, (int)pid, fd);
	return rootfs_readlink(fs, path, &link) == 0 ? kvm_fd_kind(link.buf) : KVM_FD_OTHER;
}
