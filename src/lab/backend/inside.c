/*
 * Inside a builtin container, between clone and exec.  Every mount is made in the container's own mount namespace:
 * when its last process ends, the kernel takes them away and nothing is left on the host.
 */
#include "lab/backend/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lab/tool/spawn.h"
#include "vctop/base/attr.h"

#define SAFE (MS_NOSUID | MS_NODEV)

/* What docker leaves to a container. */
static const int kept_caps[] = {
        CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FSETID,  CAP_FOWNER, CAP_MKNOD,      CAP_NET_RAW,          CAP_SETGID,
        CAP_SETUID, CAP_SETFCAP,      CAP_SETPCAP, CAP_KILL,   CAP_SYS_CHROOT, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE,
};

static ATTR_NORETURN void fail(int report, const char *what)
{
	dprintf(report, "%s: %s\n", what, strerror(errno));
	_exit(1);
}

static void make_file(int report, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0555);
	if (fd < 0)
		fail(report, path);
	(void)close(fd);
}

static void fill_root(const struct inside *in, int report)
{
	if (mkdir("dev", 0755) < 0 || mkdir("proc", 0555) < 0)
		fail(report, "new root");
	make_file(report, "init");
	if (mount(in->program, "init", NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, "init", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL) < 0)
		fail(report, "mount of the workload program");
	if (mount("proc", "proc", "proc", SAFE | MS_NOEXEC | MS_RDONLY, NULL) < 0)
		fail(report, "mount of /proc");
	if (mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k,nr_inodes=16") < 0)
		fail(report, "mount of /dev");
	mode_t mask = umask(0);
	if (mknod("dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0)
		fail(report, "/dev/null");
	(void)umask(mask);
}

static void change_root(const struct inside *in, int report)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail(report, "private mounts");
	if (mount("tmpfs", in->root, "tmpfs", SAFE, "mode=755,size=16m,nr_inodes=1024") < 0)
		fail(report, "mount of a new root");
	if (chdir(in->root) < 0)
		fail(report, "new root");
	fill_root(in, report);
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0) /* the old root lies on top of the new one now */
			fail(report, "unmount of the old root");
	} else if (errno != EINVAL || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0) {
		fail(report, "pivot_root"); /* EINVAL: an initramfs is no mount that could be exchanged */
	}
	if (chdir("/") < 0)
		fail(report, "new root");
	if (mount(NULL, "/", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | SAFE, NULL) < 0)
		fail(report, "read-only root");
}

static void bring_lo_up(void)
{
	struct ifreq ifr = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)strncpy(ifr.ifr_name, "lo", sizeof(ifr.ifr_name) - 1);
	ifr.ifr_flags = IFF_UP;
	if (fd >= 0) {
		(void)ioctl(fd, SIOCSIFFLAGS, &ifr); /* a host without IPv4 has no lo to bring up */
		(void)close(fd);
	}
}

static void drop_capabilities(int report)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}, {0}};
	uint64_t keep = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kept_caps); i++)
		keep |= 1ULL << kept_caps[i];
	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			fail(report, "capabilities");
	if (syscall(SYS_capget, &head, data) < 0)
		fail(report, "capabilities");
	/* Not more than we have ourselves. */
	data[0].permitted = data[0].effective = data[0].permitted & (uint32_t)keep;
	data[1].permitted = data[1].effective = data[1].permitted & (uint32_t)(keep >> 32);
	data[0].inheritable = data[1].inheritable = 0;
	head.pid = 0;
	if (syscall(SYS_capset, &head, data) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(report, "capabilities");
}

void inside_run(void *data, int report)
{
	const struct inside *in = data;
	char threads[24], bytes[24];
	char *const argv[] = {(char[]){"/init"},
	                      (char[]){"--workload"},
	                      strdup(in->workload),
	                      (char[]){"--report-fd"},
	                      (char[]){"3"},
	                      (char[]){"--threads"},
	                      threads,
	                      (char[]){"--bytes"},
	                      bytes,
	                      NULL};
	const struct rlimit most = {1 << 20, 1 << 20};
	char *const env[] = {(char[]){"PATH=/"}, (char[]){"container=vctop"}, NULL};

	(void)snprintf(threads, sizeof(threads), "%u", in->threads);
	(void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)in->bytes);
	/* Only now: the namespace's root is the cgroup we are in, and the parent has just put us into ours. */
	if (unshare(CLONE_NEWCGROUP) < 0)
		fail(report, "cgroup namespace");
	if (sethostname(in->name, strlen(in->name)) < 0)
		fail(report, "host name");
	bring_lo_up();
	change_root(in, report);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		fail(report, "/dev/null");
	drop_capabilities(report);
	(void)umask(022);
	(void)setrlimit(RLIMIT_FSIZE, &most); /* what it may say */
	spawn_child_fds(null, in->answers, null, report);
	(void)execve("/init", argv, env);
	fail(3, "/init");
}
