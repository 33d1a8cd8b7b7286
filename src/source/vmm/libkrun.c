/*
 * libkrun (podman --runtime krun, krunvm, nerdbox) runs the VMM inside the process that called it, mostly in a
 * container's cgroup.  The names of its vCPU threads give it away; they are Firecracker's.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

#define KRUN_JSON_MAX 65536U
#define THREADS_MAX 4096U
#define MIB (UINT64_C(1) << 20)
#define MIB_MAX (UINT64_C(1) << 30)

static bool has_its_threads(struct rootfs *fs, pid_t pid)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf comm = STRBUF_INIT;
	char path[96];
	bool found = false;
	(void)snprintf(path, sizeof(path), "proc/%d/task", (int)pid);
	if (rootfs_list(fs, path, true, &names) < 0)
		names.at.n = 0;
	for (size_t i = 0; i < names.at.n && i < THREADS_MAX && !found; i++) {
		(void)snprintf(path, sizeof(path), "proc/%d/task/%.20s/comm", (int)pid, rootfs_name(&names, i));
		if (rootfs_read(fs, path, 256, &comm) > 0) {
			if (comm.buf[comm.len - 1] == '\n')
				comm.buf[--comm.len] = '\0';
			found = vmm_numbered(comm.buf, "fc_vcpu ");
		}
	}
	rootfs_names_release(&names);
	return found;
}

static bool is_its_program(const struct process *p)
{
	static const char *const names[] = {"krun", "krunvm", "containerd-shim-nerdbox", "containerd-shim-nerdbox-v1"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (vmm_program_is(p, names[i]))
			return true;
	return false;
}

/* {"cpus": 2, "ram_mib": 1024} in the image; crun takes it from there too. */
static void read_krun_json(struct rootfs *fs, pid_t pid, struct vm_config *c)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	json_error_t err;
	if (vmm_read_file(fs, pid, "/.krun_vm.json", KRUN_JSON_MAX, &sb) < 0)
		return;
	json_t *root = json_loadb(sb.buf, sb.len, 0, &err);
	json_int_t cpus = json_integer_value(json_object_get(root, "cpus"));
	json_int_t mib = json_integer_value(json_object_get(root, "ram_mib"));
	if (cpus > 0 && cpus <= (json_int_t)VMM_VCPUS_MAX) {
		c->vcpus = (unsigned)cpus;
		c->vcpus_from = ".krun_vm.json";
	}
	if (mib > 0 && mib <= (json_int_t)MIB_MAX) {
		c->ram_bytes = (uint64_t)mib * MIB;
		c->ram_from = ".krun_vm.json";
	}
	json_decref(root);
}

void libkrun_mark(struct rootfs *fs, const struct process *p, struct vm_config *c)
{
	if (!is_its_program(p) && !has_its_threads(fs, p->pid))
		return;
	vm_config_release(c);
	*c = (struct vm_config){.runtime = "libkrun", .ram_noreserve = true};
	read_krun_json(fs, p->pid, c);
}
