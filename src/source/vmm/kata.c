/*
 * Kata Containers runs each pod in a VM of one of the other VMMs, started under a name or a directory that holds the
 * sandbox's id; or (Dragonball) in its own shim.  VM and sandbox are one pair: the containers of the pod are inside.
 */
#include <stdlib.h>
#include <string.h>

#include "source/vm/kvm_fds.h"
#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define ID_MAX 128U

/* A sandbox's id is a container's: 64 hex digits mostly, else what names may hold. */
static bool is_id(const char *s, size_t n)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
	return n >= 8 && n <= ID_MAX && strspn(s, allowed) >= n;
}

/* The component after a directory: "<prefix><id>/...". */
static char *id_after(const char *text, const char *prefix)
{
	const char *at = text ? strstr(text, prefix) : NULL;
	if (!at)
		return NULL;
	at += strlen(prefix);
	size_t n = strcspn(at, "/,");
	return is_id(at, n) ? xstrndup(at, n) : NULL;
}

static const char *runtime_of(const char *inner)
{
	static const char *const pairs[][2] = {{"qemu-kvm", "kata-qemu"},
	                                       {"qemu-tcg", "kata-qemu"},
	                                       {"firecracker", "kata-fc"},
	                                       {"cloud-hypervisor", "kata-clh"}};
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (strcmp(pairs[i][0], inner) == 0)
			return pairs[i][1];
	return NULL;
}

static bool mentions(const struct process *p, const char *dir)
{
	for (size_t i = 1; i < process_argc(p); i++)
		if (strstr(process_arg(p, i), dir))
			return true;
	return false;
}

/* Where its sockets and files lie; QEMU's name alone could be anybody's. */
static char *sandbox_of(const struct process *p, const struct vm_config *c)
{
	if (strncmp(c->runtime, "qemu", 4) == 0)
		return c->name && mentions(p, "/run/vc/") ? id_after(c->name, "sandbox-") : NULL;
	char *id = id_after(c->api_socket, "/run/vc/vm/");
	if (!id && process_exe(p))
		id = id_after(process_exe(p), "/run/vc/firecracker/");
	for (size_t i = 1; i < process_argc(p) && !id; i++) {
		id = id_after(process_arg(p, i), "/run/vc/vm/");
		if (!id)
			id = id_after(process_arg(p, i), "/run/vc/firecracker/");
	}
	return id;
}

void kata_mark(const struct process *p, struct vm_config *c)
{
	const char *runtime = runtime_of(c->runtime);
	char *id = runtime ? sandbox_of(p, c) : NULL;
	if (!id)
		return;
	free(c->pair);
	c->pair = id;
	c->runtime = runtime;
	c->manager = "kata";
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	unsigned vms = 0, vcpus = 0;
	const char *id = vmm_program_is(p, "containerd-shim-kata-v2") ? vmm_option(p, "-id") : NULL;
	if (!id || !is_id(id, strlen(id)) || kvm_fds_count(fs, p->pid, &vms, &vcpus) < 0 || !vms)
		return false;
	*ret = (struct vm_config){.runtime = "kata-dragonball", .manager = "kata", .ram_noreserve = true};
	ret->pair = xstrdup(id);
	ret->name = xasprintf("sandbox-%s", id);
	ret->name_from = "-id of its shim";
	return true;
}

/* db_vcpu: dragonball's vcpu_impl.rs. */
static bool is_vcpu_thread(const char *comm)
{
	return vmm_numbered(comm, "db_vcpu") || vmm_numbered(comm, "fc_vcpu ");
}

const struct vmm_ops vmm_dragonball = {
        .name = "dragonball",
        .recognise = recognise,
        .is_vcpu_thread = is_vcpu_thread,
};
