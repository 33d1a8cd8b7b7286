/* One VM as an instance: who it is called by whom, what caps it, how it is. */
#include <math.h>
#include <string.h>

#include "source/guest/guest.h"
#include "source/vm/vms.h"
#include "vctop/base/text.h"

/* A cap on each vCPU is one on all of them together. */
static void cap_by_vcpu(const struct vm *vm, const struct cap_question *q, double vcpus, struct allocation *a)
{
	struct allocation one = cgroup_cpu_allocation(vm->vcpu, q);
	if (!metric_is_ok(one.amount) || !one.at || strcmp(one.at, vm->vcpu_path) != 0)
		return;
	one.amount.v *= vcpus;
	if (!metric_is_ok(a->amount) || one.amount.v < a->amount.v)
		*a = one;
}

static struct allocation cpu_of(const struct vm *vm, const struct tick *t, const struct sample *s)
{
	const struct host_sample *h = &t->snap->host;
	struct allocation a = {.amount = s->cpu.vcpus, .by = metric_is_ok(s->cpu.vcpus) ? "vcpus" : NULL};
	struct cap_question q = {.arena = &t->snap->arena,
	                         .mono_usec = t->now.mono_usec,
	                         .host = metric_is_ok(h->online_cpus) ? h->online_cpus.v : HUGE_VAL};
	if (!vm->caps)
		return a;
	struct allocation cap = cgroup_cpu_allocation(vm->caps, &q);
	if (metric_is_ok(cap.amount) && (!metric_is_ok(a.amount) || cap.amount.v < a.amount.v))
		a = cap;
	if (vm->vcpu && metric_is_ok(s->cpu.vcpus))
		cap_by_vcpu(vm, &q, s->cpu.vcpus.v, &a);
	return a;
}

/* What the VMM was told; libvirt's file knows what was plugged in since; else what is mapped for the guest. */
static struct allocation ram_of(const struct vm *vm)
{
	struct allocation a = {.amount = metric_none(METRIC_ABSENT, "the size of its RAM is not known")};
	uint64_t mapped = vm_reader_ram_mapped(vm->reader);
	if (vm->config.ram_bytes)
		a = (struct allocation){.amount = metric_ok((double)vm->config.ram_bytes), .by = "ram"};
	else if (mapped)
		a = (struct allocation){.amount = metric_ok((double)mapped), .by = "mapped"};
	if (vm->fact && vm->fact->kind == VM_FACT_STATUS && vm->fact->memory_bytes > vm->config.ram_bytes)
		a = (struct allocation){.amount = metric_ok((double)vm->fact->memory_bytes), .by = "ram"};
	return a;
}

static struct allocation memory_of(const struct vm *vm, const struct tick *t, const struct guest_answer *answer)
{
	struct allocation a = ram_of(vm);
	if (answer && metric_is_ok(answer->ram_bytes) && answer->ram_bytes.v > 0)
		a = (struct allocation){.amount = answer->ram_bytes, .by = "ram"};
	if (!vm->caps)
		return a;
	const struct host_sample *h = &t->snap->host;
	struct cap_question q = {.arena = &t->snap->arena,
	                         .mono_usec = t->now.mono_usec,
	                         .host = metric_is_ok(h->mem_total_bytes) ? h->mem_total_bytes.v : 0};
	struct allocation cap = cgroup_memory_allocation(vm->caps, &q);
	/* A sandbox has no RAM of its own: its container's cap is all there is. */
	if (vm->config.sandbox)
		return cap;
	return metric_is_ok(cap.amount) && metric_is_ok(a.amount) && cap.amount.v < a.amount.v ? cap : a;
}

static const char *name_of_entry(const struct tick *t, const char *id)
{
	for (size_t i = 0; id && i < t->snap->entries.n; i++)
		if (strcmp(t->snap->entries.v[i].inst.id, id) == 0)
			return t->snap->entries.v[i].inst.name;
	return NULL;
}

/* What people call it: OpenStack's name, libvirt's, the command line's, machined's, its container's. */
static void name_it(struct instance *i, const struct vm *vm, const struct tick *t, const char *owner)
{
	struct arena *a = &t->snap->arena;
	const struct vm_fact *f = vm->fact;
	const char *of_file = f ? f->instance ? f->instance : f->name : NULL;
	const char *of_owner = name_of_entry(t, owner);
	if (of_file && (f->kind == VM_FACT_STATUS || !vm->config.name)) {
		i->name = arena_strdup(a, of_file);
		i->name_from = arena_fmt(a, "/%s", f->path);
	} else if (vm->config.name) {
		i->name = arena_strdup(a, vm->config.name);
		i->name_from = vm->config.name_from;
	} else if (of_owner) {
		i->name = arena_strdup(a, of_owner);
		i->name_from = "the container it runs in";
	} else {
		i->name = arena_fmt(a, "pid-%d", (int)vm->pid);
	}
}

static void label_it(struct instance *i, const struct vm_config *c, const struct vm_fact *f, struct arena *a)
{
	const struct label all[] = {
	        {"vctop.manager", c ? c->manager : "libvirt"},
	        {"vctop.manager-id", c ? c->manager_id : NULL},
	        {"vctop.pair", c ? c->pair : NULL},
	        {"libvirt.domain", f && f->instance ? f->name : NULL},
	        {"libvirt.title", f ? f->title : NULL},
	};
	struct label *labels = arena_alloc(a, sizeof(all));
	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		if (all[k].value)
			labels[i->labels_n++] = (struct label){all[k].key, arena_strdup(a, all[k].value)};
	i->labels = labels;
}

/* A file may say "paused" long after it is not so: the guest must stand still as well. */
static enum instance_state state_of(struct vm *vm, const struct sample *s, const struct guest_answer *answer)
{
	if (answer && answer->state[0])
		return answer->paused ? INSTANCE_PAUSED : INSTANCE_RUNNING;
	bool paused = vm->fact && vm->fact->kind == VM_FACT_STATUS && vm->fact->paused;
	if (metric_is_ok(s->cpu.guest_usec)) {
		vm->stands = s->cpu.guest_usec.v <= vm->guest_usec || vm->guest_usec == 0;
		vm->guest_usec = s->cpu.guest_usec.v;
	}
	return paused && vm->stands ? INSTANCE_PAUSED : INSTANCE_RUNNING;
}

/* What the guest itself says it uses comes before what is resident. */
static void take_answer(struct sample *s, const struct guest_answer *a)
{
	s->mem.guest_used_bytes = a->used_bytes;
	s->mem.balloon_bytes = a->balloon_bytes;
	if (metric_is_ok(a->used_bytes)) {
		s->mem.used_bytes = a->used_bytes;
		s->mem.used_by = "guest";
	}
	if (metric_is_ok(a->vcpus) && a->vcpus.v >= 1)
		s->cpu.vcpus = a->vcpus;
}

void vm_entry_add(struct vm *vm, const struct tick *t, const struct containers *containers, const struct sample *s,
                  const struct guest_answer *answer)
{
	struct arena *a = &t->snap->arena;
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	const struct vm_config *c = &vm->config;
	/* A sandbox whose container is there is that container. */
	if (c->sandbox && vm_pair_find(t, containers, vm))
		return;
	struct entry *e = snapshot_add(t->snap);
	e->sample = *s;
	if (answer)
		take_answer(&e->sample, answer);
	e->sample.cpu.allocated = cpu_of(vm, t, &e->sample);
	e->sample.mem.allocated = memory_of(vm, t, answer);
	e->inst = (struct instance){
	        .id = arena_strdup(a, vm->id),
	        .kind = c->sandbox ? INSTANCE_CONTAINER : INSTANCE_VM,
	        .runtime = c->runtime,
	        .image = arena_strdup(a, c->image   ? c->image
	                                 : vm->fact ? vm->fact->image
	                                            : NULL),
	        .no_image = "no disk or kernel is named on its command line",
	        .state = state_of(vm, s, answer),
	        .pid = vm->pid,
	        .started_usec = process_started(&vm->stat, t->now),
	        .cgroup = vm->cgroup ? text_clean(arena_strdup(a, vm->cgroup), 4096) : NULL,
	        .parent = arena_strdup(a, owner),
	        .uuid = arena_strdup(a, c->uuid),
	        .incarnation = vm->stat.start_ticks,
	};
	name_it(&e->inst, vm, t, owner);
	label_it(&e->inst, c, vm->fact && vm->fact->kind == VM_FACT_STATUS ? vm->fact : NULL, a);
	if (c->problem)
		snapshot_notice(t->snap, e->inst.name, c->problem, NULL);
}

void vm_entry_add_stopped(const struct vm_fact *f, const struct tick *t)
{
	struct arena *a = &t->snap->arena;
	struct entry *e = snapshot_add(t->snap);
	e->sample.mono_usec = t->now.mono_usec;
	sample_none(&e->sample, "shut off");
	if (f->vcpus)
		e->sample.cpu.vcpus = metric_ok(f->vcpus);
	e->inst = (struct instance){
	        .id = f->uuid ? arena_fmt(a, "qemu:%s", f->uuid) : arena_fmt(a, "qemu:%s", f->name),
	        .kind = INSTANCE_VM,
	        .runtime = f->kvm ? "qemu-kvm" : "qemu-tcg",
	        .name = arena_strdup(a, f->instance ? f->instance : f->name),
	        .name_from = arena_fmt(a, "/%s", f->path),
	        .image = arena_strdup(a, f->image),
	        .no_image = "its configuration names no disk or kernel",
	        .state = INSTANCE_STOPPED,
	        .uuid = arena_strdup(a, f->uuid),
	};
	label_it(&e->inst, NULL, f, a);
}
