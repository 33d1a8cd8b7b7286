#include "vctop/source/vmm.h"

#include <stdlib.h>

#include "source/vmm/qemu.h"
#include "vctop/base/attr.h"

const struct vmm_ops *const vmm_table[] = {
        &vmm_qemu,
};
const unsigned vmm_count = ARRAY_SIZE(vmm_table);

void vm_config_release(struct vm_config *c)
{
	free(c->name);
	free(c->uuid);
	free(c->image);
	free(c->problem);
	*c = (struct vm_config){0};
}
