/* Starting samples.  Ending them: stop.c.  How each kind is made: builtin.c, vm.c, engine.c. */
#include "vctop/lab/samples.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "lab/backend/engine.h"
#include "lab/lab.h"
#include "lab/tool/proctable.h"
#include "vctop/base/clock.h"

#define MAX_VCPUS 64

static const struct backend *const backends[] = {
        &backend_process, &backend_builtin,     &backend_runc,        &backend_crun,
        &backend_podman,  &backend_docker,      &backend_kvm,         &backend_tcg,
        &backend_microvm, &backend_microvm_tcg, &backend_firecracker, &backend_cloud,
};

const struct backend *backend_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(backends); i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

const struct backend *backend_nth(unsigned i)
{
	return i < ARRAY_SIZE(backends) ? backends[i] : NULL;
}

unsigned launch_threads(const struct launched *l)
{
	long here = sysconf(_SC_NPROCESSORS_ONLN);
	if (l->cpus > 0)
		return (unsigned)ceil(l->cpus);
	return here > 0 ? (unsigned)here : 1;
}

uint64_t launch_bytes(const struct launch *ln)
{
	if (ln->load_bytes)
		return ln->load_bytes;
	return ln->l.memory ? ln->l.memory / 10 * 6 : FREE_MEMORY_WORKLOAD;
}

int launch_interrupted(const struct launch *ln, struct error *err)
{
	struct launched now;
	if (ln->cancel && *ln->cancel)
		return error_set(err, EINTR, "%s: interrupted", ln->l.name);
	if (ln->l.owner && !proctable_is(ln->l.owner, ln->l.owner_start))
		return error_set(err, ECANCELED, "%s: its owner has ended", ln->l.name);
	if (reg_read(&ln->reg, ln->l.name, &now) < 0)
		return error_set(err, ECANCELED, "%s: removed while it was starting", ln->l.name);
	bool stop = strcmp(now.state, "starting") != 0;
	launched_clear(&now);
	return stop ? error_set(err, ECANCELED, "%s: stopped while it was starting", ln->l.name) : 0;
}

/* Writes ln->l, unless the sample is not wanted any more. */
static int update(struct launch *ln, const char *state, struct error *err)
{
	int r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = launch_interrupted(ln, err);
	if (r == 0) {
		free(ln->l.state);
		ln->l.state = xstrdup(state);
		r = reg_write(&ln->reg, &ln->l, err);
	}
	reg_unlock(&ln->reg);
	return r;
}

int launch_record(struct launch *ln, struct error *err)
{
	ln->l.pid_start = proctable_start(ln->l.pid);
	if (!ln->l.pid_start)
		return error_set(err, ECHILD, "%s: its process ended at once", ln->l.name);
	return update(ln, "starting", err);
}

static int check_memory(const struct sample_options *o, bool vm, struct error *err)
{
	struct sysinfo info;
	uint64_t least = vm ? VM_LEAST_MEMORY : CONTAINER_LEAST_MEMORY;
	if (o->memory && o->memory < least)
		return error_set(err, EINVAL, "--memory: a %s needs at least %lluM", vm ? "VM" : "container",
		                 (unsigned long long)least >> 20);
	if (o->bytes && o->memory && o->bytes > o->memory)
		return error_set(err, EINVAL, "--bytes: more than --memory");
	if (o->memory > INT64_MAX || o->bytes > INT64_MAX)
		return error_set(err, EINVAL, "--memory: too large");
	if (vm && sysinfo(&info) == 0 && o->memory > (uint64_t)info.totalram * info.mem_unit)
		return error_set(err, EINVAL, "--memory: more than this host has");
	return 0;
}

static int check_options(const struct sample_options *o, struct error *err)
{
	static const char *const workloads[] = {"idle", "cpu", "memory", "burst"};
	bool vm = strcmp(o->kind, "vm") == 0, known = !o->workload;
	long here = sysconf(_SC_NPROCESSORS_ONLN);
	if (o->name && !launched_name_valid(o->name))
		return error_set(err, EINVAL,
		                 "--name: '%.60s': may have small letters, digits and '-', at most 40 of them",
		                 o->name);
	for (size_t i = 0; !known && i < ARRAY_SIZE(workloads); i++)
		known = strcmp(workloads[i], o->workload) == 0;
	if (!known)
		return error_set(err, EINVAL, "--workload: '%.60s': not one of idle, cpu, memory, burst", o->workload);
	if (!isfinite(o->cpus) || o->cpus < 0 || (o->cpus > 0 && o->cpus < 0.01))
		return error_set(err, EINVAL, "--cpus: at least 0.01");
	if (o->cpus > (vm ? MAX_VCPUS : (double)here))
		return error_set(err, EINVAL, vm ? "--cpus: at most %ld" : "--cpus: this host has %ld",
		                 vm ? MAX_VCPUS : here);
	return check_memory(o, vm, err);
}

/* The backend to try first. */
static int choose(struct launch *ln, const struct sample_options *o, const struct backend **ret, struct error *err)
{
	bool vm = strcmp(o->kind, "vm") == 0, any = !o->backend || strcmp(o->backend, "auto") == 0;
	const struct backend *b = any ? vm ? &backend_kvm : &backend_builtin : backend_find(o->backend);
	if (!b || strcmp(b->kind, o->kind) != 0)
		return error_set(err, EINVAL, "--backend: '%.60s': for a %s one of %s", o->backend,
		                 vm ? "VM" : "container",
		                 vm ? "auto, kvm, tcg, microvm, microvm-tcg, firecracker, cloud-hypervisor"
		                    : "auto, builtin, runc, crun, podman, docker");
	ln->may_fall_back |= any;
	if (b->fallback && ln->may_fall_back) {
		bool silent = kvm_is_silent(NULL, 0);
		if (silent)
			(void)snprintf(ln->detail, sizeof(ln->detail),
			               "no KVM guest has reported since this host was booted; emulated with TCG");
		if (silent || b->check(NULL) < 0)
			b = b->fallback;
	}
	*ret = b;
	return b->check(err);
}

/* By another vctop, whose /run is not ours (in another mount namespace): the cgroups are the same. */
static bool is_elsewhere(const char *kind, const char *name)
{
	char leaf[48];
	sample_leaf(kind, name, leaf);
	return geteuid() == 0 && lab_cgroup_occupied(leaf);
}

static void free_name(const struct reg *r, const char *kind, char *ret, size_t size)
{
	for (unsigned i = 1;; i++) {
		(void)snprintf(ret, size, "%s-%u", kind, i);
		if (!reg_has(r, ret) && !is_elsewhere(kind, ret))
			return;
	}
}

static void describe(struct launch *ln, const struct sample_options *o, const char *name)
{
	bool vm = strcmp(o->kind, "vm") == 0;
	uint64_t memory = o->memory;
	if (vm) /* QEMU counts in MiB */
		memory = memory ? (memory + (1 << 20) - 1) >> 20 << 20 : VM_DEFAULT_MEMORY;
	ln->l = (struct launched){
	        .name = xstrdup(name),
	        .kind = xstrdup(o->kind),
	        .workload = xstrdup(o->workload ? o->workload : "idle"),
	        .cpus = o->cpus > 0 ? o->cpus
	                : vm        ? 1
	                            : 0,
	        .memory = memory,
	        .starter = getpid(),
	        .starter_start = proctable_start(getpid()),
	        .owner = o->owner,
	        .owner_start = o->owner ? proctable_start(o->owner) : 0,
	        .started_usec = clock_real_usec(),
	};
	sample_leaf(o->kind, name, ln->leaf);
}

static void set_backend(struct launch *ln, const struct backend *b)
{
	free(ln->l.backend);
	free(ln->l.place);
	free(ln->l.state);
	ln->l.backend = xstrdup(b->name);
	ln->l.place = engine_place(b->name);
	ln->l.state = xstrdup("starting");
	ln->l.pid = 0;
	ln->l.pid_start = 0;
}

/* Cleans up after others, finds a name, and makes the sample known before anything of it exists. */
static int announce(struct launch *ln, const struct sample_options *o, const struct backend *b, struct error *err)
{
	char name[48];
	int r = reg_open(&ln->reg, true, err);
	if (r == 0)
		r = reg_lock(&ln->reg, err);
	if (r < 0)
		return r;
	(void)janitor_run(&ln->reg, false, NULL, NULL); /* what resists is reported by the commands that are about it */
	if (o->name)
		(void)snprintf(name, sizeof(name), "%s", o->name);
	else
		free_name(&ln->reg, o->kind, name, sizeof(name));
	if (reg_has(&ln->reg, name))
		r = error_set(err, EEXIST, "%s: there is a sample of this name", name);
	else if (o->name && is_elsewhere(o->kind, name))
		r = error_set(err, EEXIST, "%s: another vctop, with a /run of its own, has a sample of this name",
		              name);
	if (r == 0) {
		describe(ln, o, name);
		set_backend(ln, b);
		r = o->owner && !ln->l.owner_start ? error_set(err, ESRCH, "owner %d: no such process", (int)o->owner)
		                                   : reg_write(&ln->reg, &ln->l, err);
	}
	reg_unlock(&ln->reg);
	return r;
}

/* Undoes what there is; the entry goes only when nothing is left. */
static void give_up(struct launch *ln)
{
	if (reg_lock(&ln->reg, NULL) == 0)
		(void)sample_remove(&ln->reg, &ln->l, NULL);
	reg_unlock(&ln->reg);
}

static int fall_back(struct launch *ln, const struct backend *b, struct error *err)
{
	int r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = sample_undo(&ln->reg, &ln->l, err);
	reg_unlock(&ln->reg);
	if (r == 0) {
		set_backend(ln, b);
		r = update(ln, "starting", err);
	}
	return r;
}

static int launch_first_that_works(struct launch *ln, const struct backend *b, struct error *err)
{
	struct error first = {0};
	int r = b->launch(ln, &first);
	if (b->fallback && (r == 0 || r == -ETIMEDOUT))
		kvm_remember(r == 0);
	if (r < 0 && b->fallback && ln->may_fall_back && r != -EINTR && r != -ECANCELED) {
		const char *why = strchr(first.what, ' '); /* without the sample's name */
		(void)snprintf(ln->detail, sizeof(ln->detail), "%.150s; emulated with TCG",
		               why ? why + 1 : "KVM failed");
		first = (struct error){0};
		r = fall_back(ln, b->fallback, &first);
		if (r == 0)
			r = b->fallback->launch(ln, &first);
	}
	if (r < 0 && err)
		*err = first;
	return r;
}

int launch_start(struct launch *ln, const struct sample_options *o, struct error *err)
{
	const struct backend *b = NULL;
	ln->cancel = o->cancel;
	int r = check_options(o, err);
	if (r == 0)
		r = choose(ln, o, &b, err);
	if (r == 0 && b)
		r = announce(ln, o, b, err);
	if (r < 0 || !b)
		return r;
	r = launch_first_that_works(ln, b, err);
	if (r == 0) {
		ln->l.starter = 0;
		ln->l.starter_start = 0;
		r = update(ln, "running", err);
	}
	if (r < 0)
		give_up(ln);
	return r;
}

void launch_release(struct launch *ln)
{
	launched_clear(&ln->l);
	reg_close(&ln->reg);
}

int sample_start(const struct sample_options *o, struct sample_result *ret, struct error *err)
{
	struct launch ln = {.reg = REG_INIT, .load_bytes = o->bytes};
	if (!o->kind || (strcmp(o->kind, "vm") != 0 && strcmp(o->kind, "container") != 0))
		return error_set(err, EINVAL, "'%.60s': no such kind: container or vm", o->kind ? o->kind : "");
	int r = launch_start(&ln, o, err);
	if (r == 0) {
		*ret = (struct sample_result){.ready_sec = ln.ready_sec, .pid = ln.l.pid};
		(void)snprintf(ret->name, sizeof(ret->name), "%s", ln.l.name);
		(void)snprintf(ret->backend, sizeof(ret->backend), "%s", ln.l.backend);
		(void)snprintf(ret->detail, sizeof(ret->detail), "%s", ln.detail);
	}
	launch_release(&ln);
	return r;
}
