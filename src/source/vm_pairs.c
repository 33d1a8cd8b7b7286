/*
 * A VM or a user-space kernel that is one with a container.  Kata: the pod's containers run in the VM, which is
 * counted.  gVisor: the container is what runtime made it, in a sandbox; no instance of its own.
 */
#include <string.h>

#include "source/vms.h"

static bool is_label(const struct instance *i, const char *key, const char *value)
{
	for (size_t l = 0; l < i->labels_n; l++)
		if (strcmp(i->labels[l].key, key) == 0 && strcmp(i->labels[l].value, value) == 0)
			return true;
	return false;
}

/* The container with this id, or one of the pod whose sandbox has it. */
static bool belongs(const struct instance *i, const char *pair)
{
	const char *colon = strchr(i->id, ':');
	return i->kind == INSTANCE_CONTAINER &&
	       ((colon && strcmp(colon + 1, pair) == 0) || is_label(i, "io.kubernetes.cri.sandbox-id", pair) ||
	        is_label(i, "io.kubernetes.cri-o.SandboxID", pair));
}

struct entry *vm_pair_find(const struct tick *t, const struct containers *containers, const struct vm *vm)
{
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct entry *e = &t->snap->entries.v[i];
		if (e->inst.kind != INSTANCE_CONTAINER)
			continue;
		if ((vm->config.pair && belongs(&e->inst, vm->config.pair)) ||
		    (vm->config.sandbox && owner && strcmp(e->inst.id, owner) == 0))
			return e;
	}
	return NULL;
}

static struct entry *entry_of(const struct tick *t, const char *id)
{
	for (size_t i = 0; id && i < t->snap->entries.n; i++)
		if (strcmp(t->snap->entries.v[i].inst.id, id) == 0)
			return &t->snap->entries.v[i];
	return NULL;
}

/* Inside the sandbox: the container's row stays, what runs it is said. */
static void mark_sandboxed(const struct tick *t, const struct containers *containers, const struct vm *vm)
{
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct instance *in = &t->snap->entries.v[i].inst;
		if (in->kind == INSTANCE_CONTAINER &&
		    ((vm->config.pair && belongs(in, vm->config.pair)) || (owner && strcmp(in->id, owner) == 0)))
			in->runtime = vm->config.runtime;
	}
}

/* The VM stands where its container stood; the pod's containers are below it. */
static void put_inside(const struct tick *t, const struct vm *vm)
{
	struct entry *own = entry_of(t, vm->id);
	if (!own)
		return;
	struct entry *owner = entry_of(t, own->inst.parent);
	if (owner && belongs(&owner->inst, vm->config.pair))
		own->inst.parent = owner->inst.parent;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct instance *in = &t->snap->entries.v[i].inst;
		if (!belongs(in, vm->config.pair))
			continue;
		in->parent = own->inst.id;
		/* Its processes are in the VM: no group, no pid, and running all the same. */
		if (in->state == INSTANCE_STOPPED)
			in->state = INSTANCE_RUNNING;
	}
}

void vm_pair_up(const struct vms *v, const struct tick *t, const struct containers *containers)
{
	void *value;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &value);) {
		const struct vm *vm = value;
		if (vm->config.sandbox)
			mark_sandboxed(t, containers, vm);
		else if (vm->config.pair)
			put_inside(t, vm);
	}
}
