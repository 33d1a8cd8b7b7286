#include "source/kvm_fds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* One directory opened, its links read relative to it: this runs for every process there is. */
int kvm_fds_count(struct rootfs *fs, pid_t pid, unsigned *ret_vms, unsigned *ret_vcpus)
{
	char path[64], link[64];
	unsigned vms = 0, vcpus = 0, seen = 0;
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	int fd = rootfs_openat(fs, path, O_DIRECTORY);
	if (fd < 0)
		return fd;
	cleanup_dir DIR *dir = fdopendir(fd);
	if (!dir) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	for (const struct dirent *e; seen < KVM_FDS_MAX && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		seen++;
		/* Cut at the buffer's end: no name that matters is longer. */
		ssize_t n = readlinkat(fd, e->d_name, link, sizeof(link) - 1);
		if (n < 0 && (errno == EACCES || errno == EPERM))
			return -errno;
		if (n <= 0)
			continue;
		link[n] = '\0';
		enum kvm_fd kind = kvm_fd_kind(link);
		vms += kind == KVM_FD_VM;
		vcpus += kind == KVM_FD_VCPU;
	}
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
