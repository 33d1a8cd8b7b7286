/*
 * QEMU, with KVM or TCG.  What it is, is told by the program file where that may be read; a command line can be
 * anybody's ("bash -c 'qemu-system-x86_64 ...'").
 */
#include "source/vmm/qemu.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/kvm_fds.h"
#include "source/vmm/qemu_args.h"
#include "vctop/base/attr.h"

#define CONFIG_MAX (1U << 20)

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_program(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len), *name = slash ? slash + 1 : path;
	len -= (size_t)(name - path);
	if (len && *name == '.') { /* NixOS: ".qemu-system-x86_64-wrapped" */
		name++;
		len--;
	}
	if (len > 12 && memcmp(name, "qemu-system-", 12) == 0)
		return true;
	return (len == 8 && memcmp(name, "qemu-kvm", 8) == 0) || (len == 3 && memcmp(name, "kvm", 3) == 0);
}

/* A program replaced by an upgrade runs on as "... (deleted)". */
static size_t exe_length(const char *exe)
{
	static const char gone[] = " (deleted)";
	size_t n = strlen(exe), m = sizeof(gone) - 1;
	return n > m && strcmp(exe + n - m, gone) == 0 ? n - m : n;
}

/*
 * argv[0] is all there is without privilege: a shell or an editor has its own name there, and comm proves less
 * (it is a script's file name; -name process= sets it freely).
 */
static bool is_qemu(const struct process *p)
{
	if (!p->argc || p->stat.state == 'Z' || p->stat.state == 'X')
		return false;
	return p->exe ? is_program(p->exe, exe_length(p->exe)) : is_program(p->argv[0], strlen(p->argv[0]));
}

struct config_reader {
	struct rootfs *fs;
	pid_t pid;
};

/* The path is whatever a process says: no way out of the tree, and nothing opened but regular files. */
static ssize_t read_config(void *data, const char *path, struct strbuf *sb)
{
	struct config_reader *r = data;
	cleanup_strbuf struct strbuf full = STRBUF_INIT;
	struct stat st;
	if (*path != '/') {
		char cwd[64];
		(void)snprintf(cwd, sizeof(cwd), "proc/%d/cwd", (int)r->pid);
		int e = rootfs_readlink(r->fs, cwd, &full);
		if (e < 0)
			return e;
		strbuf_char(&full, '/');
	}
	strbuf_str(&full, path);
	if (strstr(full.buf, "/../") || (full.len >= 3 && strcmp(full.buf + full.len - 3, "/..") == 0))
		return -EINVAL;
	const char *relative = full.buf + strspn(full.buf, "/");
	int e = rootfs_stat(r->fs, relative, &st);
	if (e < 0)
		return e;
	return S_ISREG(st.st_mode) ? rootfs_read(r->fs, relative, CONFIG_MAX, sb) : -EINVAL;
}

static const char *runtime(struct rootfs *fs, const struct process *p, enum qemu_accel asked)
{
	unsigned vms, vcpus;
	if (asked == QEMU_ACCEL_KVM)
		return "qemu-kvm";
	if (asked == QEMU_ACCEL_TCG)
		return "qemu-tcg";
	if (kvm_fds_count(fs, p->pid, &vms, &vcpus) == 0)
		return vms ? "qemu-kvm" : "qemu-tcg";
	if (asked == QEMU_ACCEL_KVM_OR_TCG)
		return "qemu-kvm";
	/* vl.c: without -accel a program called "...kvm" prefers KVM, any other TCG. */
	size_t n = strlen(p->argv[0]);
	return n >= 3 && strcmp(p->argv[0] + n - 3, "kvm") == 0 ? "qemu-kvm" : "qemu-tcg";
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	struct config_reader config = {fs, p->pid};
	const struct qemu_reader reader = {read_config, &config};
	struct qemu_launch launch;
	if (!is_qemu(p))
		return false;
	qemu_args_parse(p, &reader, &launch);
	if (launch.no_guest) {
		vm_config_release(&launch.config);
		return false;
	}
	launch.config.runtime = runtime(fs, p, launch.accel);
	*ret = launch.config;
	return true;
}

/* "CPU 3/KVM", "CPU 0/TCG" and, one for all in round-robin TCG, "ALL CPUs/TCG". */
static bool is_vcpu_thread(const char *comm)
{
	if (!starts(comm, "CPU "))
		return strcmp(comm, "ALL CPUs/TCG") == 0;
	size_t digits = strspn(comm + 4, "0123456789");
	const char *rest = comm + 4 + digits;
	return digits && (strcmp(rest, "/KVM") == 0 || strcmp(rest, "/TCG") == 0);
}

const struct vmm_ops vmm_qemu = {
        .name = "qemu",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
