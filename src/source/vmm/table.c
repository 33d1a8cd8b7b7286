#include "vctop/source/vmm.h"

#include <stdlib.h>

#include "source/vmm/vmms.h"
#include "vctop/base/attr.h"

/* KVM last: it takes whatever holds a kvm-vm and is nobody else's. */
const struct vmm_ops *const vmm_table[] = {
        &vmm_qemu,       &vmm_gvisor, &vmm_firecracker, &vmm_cloud_hypervisor, &vmm_crosvm, &vmm_kvmtool,
        &vmm_virtualbox, &vmm_vmware, &vmm_uml,         &vmm_dragonball,       &vmm_kvm,
};
const unsigned vmm_count = ARRAY_SIZE(vmm_table);

const struct vmm_ops *vmm_recognise(struct rootfs *fs, const struct process *p, struct vm_config *ret)
{
	for (unsigned i = 0; i < vmm_count; i++) {
		if (!vmm_table[i]->recognise(fs, p, ret))
			continue;
		/* Asked here, of few: a process that is none of these need not have its command line read. */
		if (!process_argc(p)) {
			vm_config_release(ret);
			return NULL;
		}
		kata_mark(p, ret);
		return vmm_table[i];
	}
	return NULL;
}

void vm_config_release(struct vm_config *c)
{
	free(c->name);
	free(c->uuid);
	free(c->image);
	free(c->manager_id);
	free(c->pair);
	free(c->api_socket);
	free(c->problem);
	*c = (struct vm_config){0};
}
