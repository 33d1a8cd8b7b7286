#include "source/vm/kvm_fds.h"

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

/* getdents64(2) fills the buffer as far as entries fit: one that comes back with room for more was the last. */
#define ENTRY_ROOM 64

struct count {
	unsigned vms, vcpus, seen;
	bool low; /* fd 0 is no input: what was opened first may be in 1 and 2 too */
};

/* Standard output and errors are never KVM's unless the program began without any of the three. */
static bool is_worth_reading(const char *name, const struct count *c)
{
	return c->low || (strcmp(name, "1") != 0 && strcmp(name, "2") != 0);
}

static int count_links(int fd, const char *buf, size_t len, struct count *c)
{
	char link[64];
	const struct dirent64 *e;
	for (size_t at = 0; at < len && c->seen < KVM_FDS_MAX; at += e->d_reclen) {
		e = (const struct dirent64 *)(const void *)(buf + at);
		if (e->d_name[0] == '.')
			continue;
		c->seen++;
		if (!is_worth_reading(e->d_name, c))
			continue;
		/* Cut at the buffer's end: no name that matters is longer. */
		ssize_t n = readlinkat(fd, e->d_name, link, sizeof(link) - 1);
		if (n < 0 && (errno == EACCES || errno == EPERM))
			return -errno;
		if (n <= 0)
			continue;
		link[n] = '\0';
		enum kvm_fd kind = link[0] == 'a' ? kvm_fd_kind(link) : KVM_FD_OTHER;
		c->low |= kind != KVM_FD_OTHER || strcmp(link, "/dev/kvm") == 0;
		c->vms += kind == KVM_FD_VM;
		c->vcpus += kind == KVM_FD_VCPU;
	}
	return 0;
}

/* This runs for every process there is: one directory opened, its links read relative to it, nothing allocated. */
int kvm_fds_count(struct rootfs *fs, pid_t pid, unsigned *ret_vms, unsigned *ret_vcpus)
{
	_Alignas(struct dirent64) char buf[4096];
	char path[64];
	struct count c = {0};
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	cleanup_close int fd = rootfs_openat(fs, path, O_DIRECTORY);
	if (fd < 0)
		return fd;
	while (c.seen < KVM_FDS_MAX) {
		ssize_t n = getdents64(fd, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		int r = count_links(fd, buf, (size_t)n, &c);
		if (r < 0)
			return r;
		if ((size_t)n < sizeof(buf) - ENTRY_ROOM)
			break;
	}
	*ret_vms = c.vms;
	*ret_vcpus = c.vcpus;
	return 0;
}

enum kvm_fd kvm_fd_of(struct rootfs *fs, pid_t pid, uint64_t fd)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/fd/%" PRIu64, (int)pid, fd);
	return rootfs_readlink(fs, path, &link) == 0 ? kvm_fd_kind(link.buf) : KVM_FD_OTHER;
}

bool kvm_in_use(struct rootfs *fs)
{
	static const char *const modules[] = {"kvm_intel", "kvm_amd", "kvm_pvm"};
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	bool counted = false;
	struct stat st;
	char path[64];
	if (!rootfs_is_live(fs))
		return true;
	if (rootfs_stat(fs, "sys/class/misc", &st) == 0 && rootfs_stat(fs, "sys/class/misc/kvm", &st) == -ENOENT)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		(void)snprintf(path, sizeof(path), "sys/module/%s/refcnt", modules[i]);
		if (rootfs_read(fs, path, 64, &sb) <= 0)
			continue;
		counted = true;
		if (sb.buf[0] != '0')
			return true;
	}
	return !counted;
}
