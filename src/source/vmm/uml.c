/*
 * User-mode Linux: a kernel that is a program.  Guest processes are child processes under ptrace; guest RAM is an
 * unlinked file "vm_file-XXXXXX".  Its command line is a kernel's.
 */
#include <stdlib.h>
#include <string.h>

#include "source/vmm/args.h"
#include "source/vmm/qemu_opts.h"
#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

static const char *value_of(const struct process *p, const char *key)
{
	size_t n = strlen(key);
	for (size_t i = 1; i < process_argc(p); i++)
		if (strncmp(process_arg(p, i), key, n) == 0)
			return process_arg(p, i) + n;
	return NULL;
}

/* "linux" may be the name of any program: one argument must be of those that only a UML kernel takes. */
static bool is_uml(const struct process *p)
{
	static const char *const names[] = {"linux", "vmlinux", "linux.uml", "uml", "uml_linux", "kernel"};
	static const char *const keys[] = {
	        "mem=", "umid=", "ubd0=", "ubda=", "ubd0s=",  "ubd0r=",      "uml_dir=", "con0=",
	        "con=", "eth0=", "vec0:", "root=", "initrd=", "rootfstype=", "hostfs=",  "ssl="};
	bool named = false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		named |= vmm_program_is(p, names[i]);
	for (size_t i = 0; named && i < ARRAY_SIZE(keys); i++)
		if (value_of(p, keys[i]))
			return true;
	return false;
}

static bool recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	if (!is_uml(p) || vmm_is_fork(fs, p))
		return false;
	const char *umid = value_of(p, "umid="), *mem = value_of(p, "mem=");
	const char *disk = value_of(p, "ubd0=");
	disk = disk ? disk : value_of(p, "ubda=");
	cleanup_free char *first = disk ? xstrndup(disk, strcspn(disk, ",")) : NULL;
	*ret = (struct vm_config){
	        .runtime = "uml", .vcpus = 1, .vcpus_from = "default", .children = true, .ram_tmpfile = true};
	ret->name = vmm_text(umid, VMM_NAME_MAX);
	ret->name_from = ret->name ? "umid= on the command line" : NULL;
	ret->image = vmm_text(first ? first : value_of(p, "initrd="), VMM_PATH_MAX);
	/* memparse: bytes without a suffix. */
	if (mem && qemu_parse_size(mem, false, &ret->ram_bytes) == 0)
		ret->ram_from = "mem=";
	return true;
}

const struct vmm_ops vmm_uml = {
        .name = "uml",
        .recognise = recognise,
        .no_vcpu_threads = "user-mode Linux runs its guest's processes as processes, not in vCPU threads",
};
