#include "vctop/view/remedy.h"

#include <math.h>
#include <string.h>

#include "vctop/base/attr.h"

#define MIB (1024.0 * 1024.0)

struct need {
	double cores;   /* 0: leave it */
	double mib;     /* 0: leave it */
	unsigned vcpus; /* whole ones */
};

/* In single quotes: then nothing in a name means anything to a shell. */
static void quote(struct strbuf *sb, const char *s)
{
	if (*s && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:/@-") == strlen(s) &&
	    *s != '-') {
		strbuf_str(sb, s);
		return;
	}
	strbuf_char(sb, '\'');
	for (; *s; s++)
		if (*s == '\'')
			strbuf_str(sb, "'\\''");
		else
			strbuf_char(sb, *s);
	strbuf_char(sb, '\'');
}

static void docker(const struct row *r, const struct need *n, struct strbuf *sb)
{
	strbuf_fmt(sb, "%s update", r->inst->runtime);
	if (n->cores > 0)
		strbuf_fmt(sb, " --cpus %.2f", n->cores);
	if (n->mib > 0) /* docker refuses a memory limit above the one for memory and swap together */
		strbuf_fmt(sb, " --memory %.0fm --memory-swap %.0fm", n->mib, n->mib);
	strbuf_str(sb, r->inst->name[0] == '-' ? " -- " : " ");
	quote(sb, r->inst->name);
}

static void libvirt(const struct row *r, const struct need *n, struct strbuf *sb)
{
	if (n->vcpus) {
		strbuf_str(sb, "virsh setvcpus ");
		quote(sb, r->inst->name);
		strbuf_fmt(sb, " %u --live --config", n->vcpus);
	}
	if (n->mib > 0) {
		strbuf_str(sb, n->vcpus ? "; virsh setmem " : "virsh setmem ");
		quote(sb, r->inst->name);
		strbuf_fmt(sb, " %.0fM --live --config", n->mib);
	}
}

static void incus(const struct row *r, const struct need *n, struct strbuf *sb)
{
	strbuf_fmt(sb, "%s config set ", strcmp(r->inst->runtime, "lxd") == 0 ? "lxc" : "incus");
	quote(sb, r->inst->name);
	if (n->cores > 0)
		strbuf_fmt(sb, " limits.cpu.allowance=%.0fms/100ms", n->cores * 100);
	if (n->mib > 0)
		strbuf_fmt(sb, " limits.memory=%.0fMiB", n->mib);
}

static void unit(const struct row *r, const struct need *n, struct strbuf *sb)
{
	const char *slash = r->inst->cgroup ? strrchr(r->inst->cgroup, '/') : NULL;
	strbuf_str(sb, "systemctl set-property ");
	quote(sb, slash ? slash + 1 : r->inst->name);
	if (n->cores > 0)
		strbuf_fmt(sb, " CPUQuota=%.0f%%", n->cores * 100);
	if (n->mib > 0)
		strbuf_fmt(sb, " MemoryMax=%.0fM", n->mib);
}

static void qemu(const struct row *r, const struct need *n, struct strbuf *sb)
{
	(void)r;
	strbuf_str(sb, "qemu-system-...");
	if (n->vcpus)
		strbuf_fmt(sb, " -smp %u", n->vcpus);
	if (n->mib > 0)
		strbuf_fmt(sb, " -m %.0f", n->mib);
}

/* The first that fits; NULL fits all. */
static const struct remedy {
	const char *runtime; /* or the beginning of its name, with '*' */
	const char *cgroup;  /* a part of its path */
	void (*command)(const struct row *r, const struct need *n, struct strbuf *sb);
	const char *note;
} remedies[] = {
        {"docker", NULL, docker, "takes effect at once"},
        {"podman", NULL, docker, "takes effect at once"},
        {"nerdctl", NULL, docker, "takes effect at once"},
        {"incus", NULL, incus, "takes effect at once"},
        {"lxd", NULL, incus, "takes effect at once"},
        {"nspawn", NULL, unit, "takes effect at once"},
        {"kubernetes", NULL, NULL, "set resources.limits in the pod's manifest; the kubelet sets the group"},
        {"containerd", NULL, NULL, "set resources.limits in the pod's manifest; the kubelet sets the group"},
        {"crio", NULL, NULL, "set resources.limits in the pod's manifest; the kubelet sets the group"},
        {"vctop", NULL, NULL, "a sample: stop it (X) and start another"},
        {"qemu*", "machine-qemu", libvirt, "memory by the balloon, at once; vCPUs where the guest can unplug them"},
        {"qemu*", "libvirt", libvirt, "memory by the balloon, at once; vCPUs where the guest can unplug them"},
        {"qemu*", NULL, qemu, "at its next start, with these instead of what it has"},
        {"firecracker", NULL, NULL, "at its next start: vcpu_count and mem_size_mib of PUT /machine-config"},
        {"cloud-hypervisor", NULL, NULL, "ch-remote resize --cpus N --memory BYTES, where it was given an API socket"},
};

static bool is_runtime(const char *pattern, const char *name)
{
	size_t n = strcspn(pattern, "*");
	return strncmp(pattern, name, n) == 0 && (pattern[n] == '*' || name[n] == '\0');
}

static const struct remedy *find(const struct instance *i)
{
	for (size_t k = 0; k < ARRAY_SIZE(remedies); k++)
		if (i->runtime && is_runtime(remedies[k].runtime, i->runtime) &&
		    (!remedies[k].cgroup || (i->cgroup && strstr(i->cgroup, remedies[k].cgroup))))
			return &remedies[k];
	return NULL;
}

/* Only what is worth changing, rounded up: to 0.05 cores, to 4 MiB. */
static struct need need_of(const struct row *r)
{
	const struct verdict *v = &r->verdict;
	struct need n = {0};
	if (metric_is_ok(v->slack_cores) && v->slack_cores.v >= 0.05 && metric_is_ok(v->recommended_cores)) {
		n.cores = ceil(v->recommended_cores.v * 20 - 1e-9) / 20;
		n.cores = n.cores < 0.05 ? 0.05 : n.cores;
		double whole = ceil(n.cores);
		if (metric_is_ok(r->sample->cpu.allocated.amount) && whole < r->sample->cpu.allocated.amount.v)
			n.vcpus = (unsigned)whole;
	}
	if (metric_is_ok(v->slack_bytes) && v->slack_bytes.v >= MIB && metric_is_ok(v->recommended_bytes))
		n.mib = ceil(v->recommended_bytes.v / MIB / 4) * 4;
	return n;
}

bool remedy_command(const struct row *r, struct strbuf *sb, const char **ret_note)
{
	const struct remedy *m = find(r->inst);
	struct need n = need_of(r);
	*ret_note = m ? m->note : "how its runtime is told is not known here";
	if (!m || !m->command)
		return false;
	if (r->inst->kind == INSTANCE_VM ? !n.vcpus && n.mib <= 0 : n.cores <= 0 && n.mib <= 0) {
		*ret_note =
		        r->inst->kind == INSTANCE_VM ? "a VM cannot have less than one vCPU" : "it needs what it has";
		return false;
	}
	m->command(r, &n, sb);
	return true;
}
