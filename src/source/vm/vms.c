/* VMs: one per VMM process that a recogniser knows (vmm/), with the caps of the cgroup it runs in. */
#include "source/vm/vms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/guest/desk.h"
#include "source/vm/kvm_fds.h"
#include "vctop/base/parse.h"

/* Not known to be a VM's yet: its VMM may be looked at after it. */
#define VHOSTS_MAX 4096U

static void vm_free(struct vm *vm)
{
	vm_reader_free(vm->reader);
	vm_config_release(&vm->config);
	free(vm->id);
	free(vm->cgroup);
	cgroup_level_put(vm->caps);
	cgroup_level_put(vm->vcpu);
	free(vm->vcpu_path);
	free(vm);
}

/* The uuid where there is one; two VMs may have the same name or, copied, the same uuid: the start tells them apart. */
static char *make_id(const struct vms *v, const struct vm *vm)
{
	unsigned long long start = vm->stat.start_ticks;
	const char *vmm = vm->vmm->name, *uuid = vm->config.uuid, *name = vm->config.name ? vm->config.name : "";
	char *id = uuid ? xasprintf("%s:%s", vmm, uuid) : xasprintf("%s:%s@%d.%llu", vmm, name, vm->pid, start);
	void *other;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &other);) {
		if (strcmp(((struct vm *)other)->id, id) != 0)
			continue;
		free(id);
		return xasprintf("%s:%s@%d.%llu", vmm, uuid ? uuid : "", vm->pid, start);
	}
	return id;
}

static bool cut_last(char *path, const char *leaf)
{
	char *slash = strrchr(path, '/');
	if (!slash || slash == path || strcmp(slash + 1, leaf) != 0)
		return false;
	*slash = '\0';
	return true;
}

/*
 * libvirt splits a VM's group: scope/libvirt/{emulator,vcpu0,...}.  The process is in "emulator", whose caps bind the
 * VMM's own threads only.
 */
static void place(struct vm *vm, struct cgroup_tree *t, char *path)
{
	vm->cgroup = path;
	if (cut_last(path, "emulator")) {
		vm->vcpu_path = xasprintf("%s/vcpu0", path);
		vm->vcpu = cgroup_level_get(t, vm->vcpu_path);
	}
	vm->caps = cgroup_level_get(t, path);
	(void)cut_last(path, "libvirt");
}

static void vm_new(struct vms *v, const struct tick *t, const struct process *p, const struct vmm_ops *vmm,
                   const struct vm_config *config, const char *key)
{
	struct strbuf path = STRBUF_INIT;
	struct vm *vm = xcalloc(1, sizeof(*vm));
	vm->pid = p->pid;
	vm->stat = p->stat;
	vm->vmm = vmm;
	vm->config = *config;
	vm->reader = vm_reader_new(t->fs, p->pid, vmm, &vm->config);
	if (cgroup_of_pid(t->cgroups, p->pid, &path) == 0)
		place(vm, t->cgroups, strbuf_detach(&path));
	strbuf_release(&path);
	if (!vm->config.name && vm->cgroup && (vm->config.name = libvirt_scope_name(vm->cgroup)))
		vm->config.name_from = "its cgroup scope";
	vm->id = make_id(v, vm);
	map_put(&v->by_pid, key, vm);
}

/* A kernel thread "vhost-1234" works for process 1234; only kthreadd has children without a program. */
static bool look_at_vhost(struct vms *v, const struct process *p)
{
	pid_t owner = 0;
	if (p->exe || p->stat.ppid != 2 || strncmp(p->stat.comm, "vhost-", 6) != 0 ||
	    parse_pid(p->stat.comm + 6, strlen(p->stat.comm + 6), &owner) < 0 || process_argc(p))
		return false;
	for (size_t i = 0; i < v->vhosts.n; i++)
		if (v->vhosts.v[i].pid == p->pid && v->vhosts.v[i].start_ticks == p->stat.start_ticks)
			return true;
	if (v->vhosts.n < VHOSTS_MAX)
		vec_push(&v->vhosts, ((struct vms_vhost){p->pid, owner, p->stat.start_ticks}));
	return true;
}

/* Asked once a tick, and only when a process is to be looked at closely. */
static bool kvm_may_be_used(struct vms *v, const struct tick *t)
{
	if (v->kvm_asked_usec != t->now.mono_usec) {
		v->kvm_asked_usec = t->now.mono_usec;
		v->kvm_used = kvm_in_use(t->fs);
	}
	return v->kvm_used;
}

void vms_look(struct vms *v, const struct tick *t, const struct process *p)
{
	char key[16];
	struct vm_config config = {0};
	(void)snprintf(key, sizeof(key), "%d", (int)p->pid);
	struct vm *vm = map_get(&v->by_pid, key);
	if (vm && vm->stat.start_ticks == p->stat.start_ticks)
		return;
	if (vm)
		vm_free(map_remove(&v->by_pid, key));
	if (look_at_vhost(v, p))
		return;
	struct process look = *p;
	look.closely = p->closely && !p->no_kvm && kvm_may_be_used(v, t);
	const struct vmm_ops *vmm = vmm_recognise(t->fs, &look, &config);
	if (vmm)
		vm_new(v, t, p, vmm, &config, key);
}

/* Gives each vhost thread to its VM; those of none (a container's vhost-vsock, an old VM's) are forgotten. */
static void attach_vhosts(struct vms *v)
{
	char key[16];
	for (size_t i = 0; i < v->vhosts.n; i++) {
		const struct vms_vhost *h = &v->vhosts.v[i];
		(void)snprintf(key, sizeof(key), "%d", (int)h->owner);
		struct vm *vm = map_get(&v->by_pid, key);
		/* A thread older than the process worked for an earlier owner of the pid. */
		if (vm && h->start_ticks >= vm->stat.start_ticks)
			vm_reader_helper(vm->reader, h->pid, h->start_ticks);
	}
	v->vhosts.n = 0;
}

static void find_fact(struct vms *v, struct vm *vm)
{
	if (vm->names_generation == v->names.generation)
		return;
	vm->names_generation = v->names.generation;
	vm->fact = vm_names_of(&v->names, vm->pid, vm->config.uuid);
	if (vm->fact && vm->fact->kind == VM_FACT_STATUS) {
		vm_reader_hint(vm->reader, vm->fact->vcpu_tids.v, vm->fact->vcpu_tids.n);
		vm->config.manager = "libvirt";
	}
}

static bool is_running(const struct vms *v, const struct vm_fact *f)
{
	void *value;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &value);) {
		const struct vm *vm = value;
		if (vm->fact && vm->fact->uuid && f->uuid && strcmp(vm->fact->uuid, f->uuid) == 0)
			return true;
		if (f->uuid && vm->config.uuid ? strcmp(vm->config.uuid, f->uuid) == 0
		                               : vm->config.name && strcmp(vm->config.name, f->name) == 0)
			return true;
	}
	return false;
}

static void add_stopped(const struct vms *v, const struct tick *t)
{
	for (size_t i = 0; i < v->names.all.n; i++) {
		const struct vm_fact *f = v->names.all.v[i];
		if (f->kind == VM_FACT_DOMAIN && f->name && !is_running(v, f))
			vm_entry_add_stopped(f, t);
	}
	if (v->names.err[VM_FACT_DOMAIN] == -EACCES)
		snapshot_notice(t->snap, "libvirt: /etc/libvirt/qemu", "denied: VMs that are shut off are not shown",
		                "run vctop as root");
}

void vms_ask(struct vms *v, const struct guest_questions *q)
{
	guest_desk_free(v->desk);
	v->desk = guest_desk_new(q);
}

static struct guest_vm as_guest(const struct vm *vm)
{
	const struct vm_config *c = &vm->config;
	return (struct guest_vm){vm->pid, vm->stat.start_ticks, c->runtime, c->name, c->uuid, c->api_socket, 1};
}

static void ask_guests(struct vms *v, const struct tick *t)
{
	VEC(struct guest_vm) guests = {0};
	void *value;
	if (!v->desk)
		return;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &value);)
		vec_push(&guests, as_guest(value));
	for (size_t i = 0; i < guests.n; i++)
		for (size_t j = 0; j < guests.n; j++)
			guests.v[i].vms_named_so += i != j && guests.v[i].name && guests.v[j].name &&
			                            strcmp(guests.v[i].name, guests.v[j].name) == 0;
	guest_desk_tick(v->desk, t->fs, guests.v, guests.n, t->now.mono_usec, t->snap);
	vec_free(&guests);
}

static const struct guest_answer *answer_of(struct vms *v, const struct vm *vm)
{
	const struct guest_vm g = as_guest(vm);
	const struct guest_answer *a = v->desk ? guest_desk_answer(v->desk, &g) : NULL;
	if (a && a->tids_n)
		vm_reader_hint(vm->reader, a->tids, a->tids_n);
	return a;
}

void vms_collect(struct vms *v, const struct tick *t, const struct containers *containers)
{
	const char *key;
	void *value;
	v->names.fs = t->fs;
	vm_names_refresh(&v->names, t->now);
	attach_vhosts(v);
	ask_guests(v, t);
	for (size_t it = 0; map_next(&v->by_pid, &it, &key, &value);) {
		struct vm *vm = value;
		struct sample s = {0};
		find_fact(v, vm);
		const struct guest_answer *answer = answer_of(v, vm);
		rootfs_cite_for(t->fs, vm->id);
		if (vm_reader_sample(vm->reader, &s) < 0) {
			vm_free(map_remove(&v->by_pid, key));
			continue;
		}
		s.disk_writable_bytes = metric_none(METRIC_ABSENT, "a VM writes to its images, which are not read");
		static const char shared[] = "counted by cgroup, and a VM may share one";
		s.cpu.periods = s.cpu.throttled = s.cpu.pressure_usec = metric_none(METRIC_ABSENT, shared);
		sample_memory_uncounted(&s.mem, shared);
		vm_entry_add(vm, t, containers, &s, answer);
	}
	add_stopped(v, t);
	vm_pair_up(v, t, containers);
}

void vms_release(struct vms *v, struct rootfs *fs)
{
	void *vm;
	(void)fs;
	for (size_t it = 0; map_next(&v->by_pid, &it, NULL, &vm);)
		vm_free(vm);
	map_release(&v->by_pid);
	vec_free(&v->vhosts);
	guest_desk_free(v->desk);
	vm_names_release(&v->names);
}
