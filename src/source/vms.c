/* VMs: one per VMM process that a recogniser knows (vmm/), with the caps of the cgroup it runs in. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "source/live.h"
#include "vctop/base/text.h"
#include "vctop/source/vm.h"

struct vm {
	pid_t pid;
	struct process_stat stat;
	char *id, *cgroup; /* cgroup NULL: not readable */
	struct vm_config config;
	struct vm_reader *reader;
};

static void vm_free(struct vm *vm)
{
	vm_reader_free(vm->reader);
	vm_config_release(&vm->config);
	free(vm->id);
	free(vm->cgroup);
	free(vm);
}

/* The uuid where there is one; two VMs may have the same name or, copied, the same uuid: the start tells them apart. */
static char *make_id(const struct vms *v, const struct vm *vm)
{
	unsigned long long start = vm->stat.start_ticks;
	char *id = vm->config.uuid ? xasprintf("qemu:%s", vm->config.uuid)
				   : xasprintf("qemu:%s@%d.%llu", vm->config.name ? vm->config.name : "", vm->pid, start);
	void *other;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &other);) {
		if (strcmp(((struct vm *)other)->id, id) != 0)
			continue;
		free(id);
		return xasprintf("qemu:%s@%d.%llu", vm->config.uuid ? vm->config.uuid : "", vm->pid, start);
	}
	return id;
}

void vms_look(struct vms *v, const struct tick *t, const struct process *p)
{
	char key[16];
	struct vm_config config = {0};
	const struct vmm_ops *vmm = NULL;
	(void)snprintf(key, sizeof(key), "%d", (int)p->pid);
	struct vm *vm = map_get(&v->by_pid, key);
	if (vm && vm->stat.start_ticks == p->stat.start_ticks)
		return;
	if (vm)
		vm_free(map_remove(&v->by_pid, key));
	for (unsigned i = 0; i < vmm_count && !vmm; i++)
		if (vmm_table[i]->recognise(t->fs, p, &config))
			vmm = vmm_table[i];
	if (!vmm)
		return;
	struct strbuf path = STRBUF_INIT;
	vm = xcalloc(1, sizeof(*vm));
	vm->pid = p->pid;
	vm->stat = p->stat;
	vm->config = config;
	vm->reader = vm_reader_new(t->fs, p->pid, vmm, &vm->config);
	if (cgroup_of_pid(t->cgroups, p->pid, &path) == 0)
		vm->cgroup = strbuf_detach(&path);
	strbuf_release(&path);
	vm->id = make_id(v, vm);
	map_put(&v->by_pid, key, vm);
}

static struct allocation vm_cpu(const struct vm *vm, const struct tick *t, const struct sample *s)
{
	const struct host_sample *h = &t->snap->host;
	struct allocation a = {.amount = s->cpu.vcpus, .by = metric_is_ok(s->cpu.vcpus) ? "vcpus" : NULL};
	if (!vm->cgroup)
		return a;
	struct allocation cap = cgroup_cpu_allocation(t->cgroups, &t->snap->arena, vm->cgroup, t->now.mono_usec,
						      metric_is_ok(h->online_cpus) ? h->online_cpus.v : HUGE_VAL);
	return metric_is_ok(cap.amount) && (!metric_is_ok(a.amount) || cap.amount.v < a.amount.v) ? cap : a;
}

static struct allocation vm_memory(const struct vm *vm, const struct tick *t)
{
	struct allocation a = {.amount = metric_none(METRIC_ABSENT, "RAM size not found on the command line")};
	if (vm->config.ram_bytes)
		a = (struct allocation){.amount = metric_ok((double)vm->config.ram_bytes), .by = "ram"};
	if (!vm->cgroup)
		return a;
	const struct host_sample *h = &t->snap->host;
	struct allocation cap = cgroup_memory_allocation(t->cgroups, &t->snap->arena, vm->cgroup, t->now.mono_usec,
							 metric_is_ok(h->mem_total_bytes) ? h->mem_total_bytes.v : 0);
	return metric_is_ok(cap.amount) && metric_is_ok(a.amount) && cap.amount.v < a.amount.v ? cap : a;
}

static void add_vm(const struct vm *vm, const struct tick *t, const struct containers *containers,
		   const struct sample *s)
{
	struct arena *a = &t->snap->arena;
	const char *owner = vm->cgroup ? containers_owner(containers, vm->cgroup) : NULL;
	struct entry *e = snapshot_add(t->snap);
	e->sample = *s;
	e->sample.cpu.allocated = vm_cpu(vm, t, s);
	e->sample.mem.allocated = vm_memory(vm, t);
	e->inst = (struct instance){
		.id = arena_strdup(a, vm->id),
		.kind = INSTANCE_VM,
		.runtime = vm->config.runtime,
		.name = vm->config.name ? arena_strdup(a, vm->config.name) : arena_fmt(a, "pid-%d", (int)vm->pid),
		.name_from = vm->config.name ? "-name on the command line" : NULL,
		.image = arena_strdup(a, vm->config.image),
		.state = INSTANCE_RUNNING,
		.pid = vm->pid,
		.started_usec = process_started(&vm->stat, t->now),
		.cgroup = vm->cgroup ? text_clean(arena_strdup(a, vm->cgroup), 4096) : NULL,
		.parent = arena_strdup(a, owner),
		.uuid = arena_strdup(a, vm->config.uuid),
		.incarnation = vm->stat.start_ticks,
	};
	if (vm->config.problem)
		snapshot_notice(t->snap, e->inst.name, vm->config.problem, NULL);
}

void vms_collect(struct vms *v, const struct tick *t, const struct containers *containers)
{
	const char *key;
	void *value;
	for (size_t it = 0; map_next(&v->by_pid, &it, &key, &value);) {
		struct vm *vm = value;
		struct sample s = {0};
		if (vm_reader_sample(vm->reader, &s) < 0) {
			vm_free(map_remove(&v->by_pid, key));
			continue;
		}
		s.disk_writable_bytes = metric_none(METRIC_ABSENT, "a VM writes to its images, which are not read");
		s.cpu.periods = s.cpu.throttled = s.cpu.pressure_usec = s.mem.pressure_usec = s.mem.oom_kills =
			metric_none(METRIC_ABSENT, "counted by cgroup, and a VM may share one");
		add_vm(vm, t, containers, &s);
	}
}

void vms_release(struct vms *v, struct rootfs *fs)
{
	void *vm;
	(void)fs;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &vm);)
		vm_free(vm);
	map_release(&v->by_pid);
}
