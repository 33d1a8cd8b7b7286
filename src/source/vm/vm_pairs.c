/*
 * A VM or a user-space kernel that is one with a container.  Kata: the pod's containers run in the VM, which is
 * counted.  gVisor: the container is what runtime made it, in a sandbox; no instance of its own.
 */
#include <string.h>

#include "source/vm/vms.h"

struct pair {
	const char *id;  /* of the container; NULL none */
	const char *pod; /* "namespace/name", when it is a pod's sandbox; NULL unknown */
};

static struct pair pair_of(const struct tick *t, const struct vm *vm)
{
	struct pair p = {.id = vm->config.pair};
	for (unsigned i = 0; p.id && i < runtime_count && !p.pod; i++) {
		const struct facts *f = facts_get(t->facts, runtime_table[i], p.id);
		p.pod = f ? f->pod : NULL;
	}
	return p;
}

static const char *label_of(const struct instance *i, const char *key)
{
	for (size_t l = 0; l < i->labels_n; l++)
		if (strcmp(i->labels[l].key, key) == 0)
			return i->labels[l].value;
	return NULL;
}

/* The container with this id, or one of the pod whose sandbox has it. */
static bool belongs(const struct instance *i, const struct pair *p)
{
	const char *colon = strchr(i->id, ':'), *pod = label_of(i, "pod");
	if (i->kind != INSTANCE_CONTAINER || !p->id)
		return false;
	return (colon && strcmp(colon + 1, p->id) == 0) || (p->pod && pod && strcmp(pod, p->pod) == 0);
}

struct entry *vm_pair_find(const struct tick *t, const struct containers *containers, const struct vm *vm)
{
	const struct pair p = pair_of(t, vm);
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct entry *e = &t->snap->entries.v[i];
		if (e->inst.kind != INSTANCE_CONTAINER)
			continue;
		if (belongs(&e->inst, &p) || (vm->config.sandbox && owner && strcmp(e->inst.id, owner) == 0))
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
	const struct pair p = pair_of(t, vm);
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct instance *in = &t->snap->entries.v[i].inst;
		if (belongs(in, &p) || (in->kind == INSTANCE_CONTAINER && owner && strcmp(in->id, owner) == 0))
			in->runtime = vm->config.runtime;
	}
}

/* Kata's names are ids; the pod's, or the lone container's, is what people know. */
static void name_by_pair(struct instance *own, const struct tick *t, const struct pair *p,
                         const struct instance *member)
{
	if (!p->pod && !member)
		return;
	own->name = p->pod ? arena_strdup(&t->snap->arena, p->pod) : member->name;
	own->name_from = p->pod ? "the pod it runs" : "the container it runs";
}

/* The VM stands where its container stood; the pod's containers are below it. */
static void put_inside(const struct tick *t, const struct vm *vm)
{
	const struct pair p = pair_of(t, vm);
	struct entry *own = entry_of(t, vm->id);
	const struct instance *member = NULL;
	if (!own)
		return;
	struct entry *owner = entry_of(t, own->inst.parent);
	if (owner && belongs(&owner->inst, &p))
		own->inst.parent = owner->inst.parent;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct instance *in = &t->snap->entries.v[i].inst;
		if (!belongs(in, &p))
			continue;
		member = in;
		in->parent = own->inst.id;
		/* Its processes are in the VM: no group, no pid, and running all the same. */
		if (in->state == INSTANCE_STOPPED) {
			in->state = INSTANCE_RUNNING;
			sample_none(&t->snap->entries.v[i].sample, "it runs inside its VM, which is measured");
		}
	}
	name_by_pair(&own->inst, t, &p, member);
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
