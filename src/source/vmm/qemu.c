/*
 * QEMU, with KVM or TCG.  What it is, is told by the program file where that may be read; a command line can be
 * anybody's ("bash -c 'qemu-system-x86_64 ...'").
 */
#include <string.h>

#include "source/vm/kvm_fds.h"
#include "source/vmm/args.h"
#include "source/vmm/qemu_args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define CONFIG_MAX (1U << 20)

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/*
 * argv[0] is all there is without privilege: a shell or an editor has its own name there, and comm proves less
 * (it is a script's file name; -name process= sets it freely).
 */
static bool is_qemu(const struct process *p)
{
	size_t n;
	const char *name = vmm_program(p, &n);
	return (n > 12 && memcmp(name, "qemu-system-", 12) == 0) || vmm_program_is(p, "qemu-kvm") ||
	       vmm_program_is(p, "kvm");
}

struct config_reader {
	struct rootfs *fs;
	pid_t pid;
};

static ssize_t read_config(void *data, const char *path, struct strbuf *sb)
{
	const struct config_reader *r = data;
	return vmm_read_file(r->fs, r->pid, path, CONFIG_MAX, sb);
}

/* The component that follows a directory: "/run/incus/" "web" "/qemu.conf". NULL none. */
static char *component_after(const char *path, const char *dir)
{
	const char *at = path ? strstr(path, dir) : NULL;
	if (!at)
		return NULL;
	at += strlen(dir);
	size_t n = strcspn(at, "/");
	cleanup_free char *text = n && at[n] == '/' ? xstrndup(at, n) : NULL;
	return vmm_text(text, VMM_NAME_MAX);
}

/* Incus calls the directory PROJECT_NAME, or just NAME in the default project. */
static void mark_incus(struct vm_config *c, const char *config)
{
	static const char *const dirs[][2] = {{"/run/incus/", "incus"}, {"/lxd/logs/", "lxd"}};
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		cleanup_free char *at = component_after(config, dirs[i][0]);
		if (!at)
			continue;
		size_t n = strlen(at), m = c->name ? strlen(c->name) : 0;
		c->manager = dirs[i][1];
		if (m && n > m + 1 && at[n - m - 1] == '_' && strcmp(at + n - m, c->name) == 0)
			c->manager_id = xstrndup(at, n - m - 1);
	}
}

/* By what only its starter puts on the command line. */
static void mark_manager(const struct process *p, struct vm_config *c)
{
	const char *id = vmm_option(p, "-id");
	mark_incus(c, vmm_option(p, "-readconfig"));
	if (c->manager)
		return;
	for (size_t i = 1; i < process_argc(p); i++) {
		if (strstr(process_arg(p, i), "/var/lib/libvirt/qemu/domain-") ||
		    strstr(process_arg(p, i), "/libvirt/qemu/lib/domain-"))
			c->manager = "libvirt";
		if (id && strstr(process_arg(p, i), "/run/qemu-server/"))
			c->manager = "proxmox";
	}
	if (c->manager && strcmp(c->manager, "proxmox") == 0)
		c->manager_id = vmm_text(id, VMM_NAME_MAX);
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
	const char *called = process_argc(p) ? process_arg(p, 0) : "";
	size_t n = strlen(called);
	return n >= 3 && strcmp(called + n - 3, "kvm") == 0 ? "qemu-kvm" : "qemu-tcg";
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
	launch.config.name_from = launch.config.name ? "-name on the command line" : NULL;
	mark_manager(p, &launch.config);
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
