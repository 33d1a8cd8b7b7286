#include "source/vmm/qemu_groups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/vmm/qemu_opts.h"
#include "vctop/base/text.h"

void qemu_problem(struct qemu_args *a, const char *what, const char *value, const char *why)
{
	struct vm_config *c = &a->launch->config;
	if (c->problem)
		return;
	c->problem = a->file ? xasprintf("-readconfig %.128s: %s %.64s: %s", a->file, what, value, why)
	                     : xasprintf("%s %.64s: %s", what, value, why);
	(void)text_clean(c->problem, QEMU_NAME_MAX * 2);
}

static const char *number_error(int r)
{
	return r == -ERANGE ? "number too large" : "not a number";
}

void qemu_set_text(char **dst, const char *value, size_t max)
{
	free(*dst);
	*dst = *value ? text_clean(xstrndup(value, max + 4), max) : NULL;
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && streq(s + n - m, suffix);
}

/* -smp */

static uint64_t *smp_slot(struct qemu_args *a, const char *key)
{
	static const char *const levels[TOPOLOGY_LEVELS] = {"drawers",  "books",   "sockets", "dies",
	                                                    "clusters", "modules", "cores",   "threads"};
	if (streq(key, "cpus"))
		return &a->cpus;
	if (streq(key, "maxcpus"))
		return &a->maxcpus;
	for (size_t i = 0; i < TOPOLOGY_LEVELS; i++)
		if (streq(key, levels[i]))
			return &a->topology[i];
	return NULL;
}

static void smp_key(struct qemu_args *a, const char *key, const char *value)
{
	uint64_t *slot = smp_slot(a, key);
	if (!slot)
		return;
	int r = qemu_parse_count(value, QEMU_VCPUS_MAX, slot);
	a->smp_given = true;
	a->launch->config.vcpus_from = a->file ? "-readconfig" : "-smp";
	if (r < 0) {
		a->smp_bad = true;
		qemu_problem(a, "-smp", value, number_error(r));
	}
}

/* -m */

static void memory_key(struct qemu_args *a, const char *key, const char *value)
{
	if (!streq(key, "size"))
		return;
	int r = qemu_parse_size(value, true, &a->ram);
	a->ram_given = true;
	a->ram_bad = r < 0;
	a->launch->config.ram_from = a->file ? "-readconfig" : "-m";
	if (r < 0)
		qemu_problem(a, "-m", value, number_error(r));
}

/* -name */

static void name_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "guest"))
		qemu_set_text(&a->launch->config.name, value, QEMU_NAME_MAX);
}

/* -accel, -machine accel=: what was asked for, in order of preference */

void qemu_accel_asked(struct qemu_args *a, const char *name, size_t n)
{
	enum qemu_accel *have = &a->launch->accel;
	bool kvm = n == 3 && memcmp(name, "kvm", 3) == 0, tcg = n == 3 && memcmp(name, "tcg", 3) == 0;
	if (!kvm && !tcg)
		*have = *have == QEMU_ACCEL_DEFAULT ? QEMU_ACCEL_OTHER : *have;
	else if (*have == QEMU_ACCEL_DEFAULT || *have == QEMU_ACCEL_OTHER)
		*have = kvm ? QEMU_ACCEL_KVM : QEMU_ACCEL_TCG;
	else if (*have == QEMU_ACCEL_KVM ? tcg : kvm)
		*have = QEMU_ACCEL_KVM_OR_TCG;
}

static void accel_key(struct qemu_args *a, const char *key, const char *value)
{
	if (!streq(key, "accel"))
		return;
	for (const char *s = value; *s;) {
		size_t n = strcspn(s, ":");
		qemu_accel_asked(a, s, n);
		s += n + (s[n] == ':');
	}
}

static void machine_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "accel"))
		accel_key(a, key, value);
	else if (streq(key, "memory-backend"))
		qemu_set_text(&a->machine_backend, value, QEMU_NAME_MAX);
	else if (starts(key, "smp."))
		smp_key(a, key + 4, value);
	else if (streq(key, "memory.size"))
		memory_key(a, "size", value);
	else if (streq(key, "type"))
		a->launch->no_guest |= streq(value, "none") || streq(value, "help") || streq(value, "?");
}

/* -object memory-backend-*; size= is in bytes, unlike -m */

static void object_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "qom-type")) {
		qemu_set_text(&a->now.type, value, QEMU_NAME_MAX);
	} else if (streq(key, "id")) {
		qemu_set_text(&a->now.id, value, QEMU_NAME_MAX);
	} else if (streq(key, "size")) {
		a->now.bad = qemu_parse_size(value, false, &a->now.bytes) < 0;
	}
}

static void object_end(struct qemu_args *a)
{
	struct qemu_scratch *o = &a->now;
	if (!o->type || !o->id || !starts(o->type, "memory-backend-") || a->backends.n == QEMU_BACKENDS_MAX)
		return;
	struct qemu_backend b = {.id = o->id, .bytes = o->bytes, .bad = o->bad};
	o->id = NULL;
	vec_push(&a->backends, b);
}

/* -numa node */

static void numa_key(struct qemu_args *a, const char *key, const char *value)
{
	uint64_t bytes;
	if (streq(key, "memdev") && a->node_backends.n < QEMU_BACKENDS_MAX) {
		char *id = NULL;
		qemu_set_text(&id, value, QEMU_NAME_MAX);
		if (id)
			vec_push(&a->node_backends, id);
	} else if (streq(key, "mem") && qemu_parse_size(value, true, &bytes) == 0 &&
	           a->node_bytes + bytes > a->node_bytes) {
		a->node_bytes += bytes;
	}
}

/* -drive, -blockdev: the first disk; firmware is none */

static void drive_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "file") || streq(key, "filename") || streq(key, "file.filename"))
		qemu_set_text(&a->now.file, value, QEMU_IMAGE_MAX);
	else if (streq(key, "if"))
		a->now.skip |= streq(value, "pflash");
	else if (streq(key, "node-name"))
		a->now.skip |= strstr(value, "pflash") != NULL;
	else if (streq(key, "media"))
		a->now.cdrom = streq(value, "cdrom");
}

static void drive_end(struct qemu_args *a)
{
	char **slot = a->now.cdrom ? &a->cdrom : &a->disk;
	if (!*slot && !a->now.skip)
		*slot = steal_ptr(&a->now.file);
}

/* -device: a CPU given as a device is one more than -smp says */

static void device_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "driver") && ends(value, "-cpu") && a->extra_cpus < QEMU_VCPUS_MAX)
		a->extra_cpus++;
}

/* Proxmox gives the uuid only here. */
static void smbios_key(struct qemu_args *a, const char *key, const char *value)
{
	if (streq(key, "uuid"))
		qemu_set_text(&a->uuid_smbios, value, QEMU_NAME_MAX);
}

const struct qemu_group qemu_groups[] = {
        {"smp", "smp-opts", "cpus", smp_key, NULL},
        {"m", "memory", "size", memory_key, NULL},
        {"name", "name", "guest", name_key, NULL},
        {"machine", "machine", "type", machine_key, NULL},
        {"M", NULL, "type", machine_key, NULL},
        {"accel", "accel", "accel", accel_key, NULL},
        {"object", "object", "qom-type", object_key, object_end},
        {"numa", "numa", "type", numa_key, NULL},
        {"drive", "drive", NULL, drive_key, drive_end},
        {"blockdev", NULL, "driver", drive_key, drive_end},
        {"device", "device", "driver", device_key, NULL},
        {"smbios", "smbios", NULL, smbios_key, NULL},
};
const size_t qemu_groups_n = ARRAY_SIZE(qemu_groups);
