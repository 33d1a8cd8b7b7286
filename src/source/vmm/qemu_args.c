/*
 * Walks the arguments: which is an option, which its value; then weighs what was found.
 */
#include "source/vmm/qemu_args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "source/vmm/qemu_groups.h"
#include "source/vmm/qemu_opts.h"

/* hw/core/machine.c: default_ram_size of every PC; vl.c rounds what is given up to a multiple of this. */
#define RAM_DEFAULT (UINT64_C(128) << 20)
#define RAM_ALIGN UINT64_C(8192)

static void keep_first(char **dst, const char *value, size_t max)
{
	if (!*dst)
		qemu_set_text(dst, value, max);
}

static void group_begin(struct qemu_args *a, const struct qemu_group *g)
{
	a->group = g;
	a->now = (struct qemu_scratch){0};
}

static void group_key(void *data, const char *key, const char *value)
{
	struct qemu_args *a = data;
	if (a->group)
		a->group->key(a, key, value);
}

static void group_end(void *data)
{
	struct qemu_args *a = data;
	if (a->group && a->group->end)
		a->group->end(a);
	free(a->now.type);
	free(a->now.id);
	free(a->now.file);
	group_begin(a, NULL);
}

static const struct qemu_group *group_of_option(const char *option)
{
	for (size_t i = 0; i < qemu_groups_n; i++)
		if (streq(qemu_groups[i].option, option))
			return &qemu_groups[i];
	return NULL;
}

static void read_group(struct qemu_args *a, const struct qemu_group *g, const char *value)
{
	group_begin(a, g);
	if (qemu_opts_each(value, g->implied, group_key, a) < 0) {
		qemu_problem(a, g->option, value, "malformed JSON");
		a->hidden |= streq(g->option, "machine") || streq(g->option, "object");
	}
	group_end(a);
}

/* -readconfig */

static void ini_begin(void *data, const char *group, const char *id)
{
	struct qemu_args *a = data;
	const struct qemu_group *g = NULL;
	for (size_t i = 0; i < qemu_groups_n && !g; i++)
		if (qemu_groups[i].ini && streq(qemu_groups[i].ini, group))
			g = &qemu_groups[i];
	group_begin(a, g);
	if (g && *id)
		g->key(a, "id", id);
}

static void read_config(struct qemu_args *a, const char *path)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	const struct qemu_ini_visitor v = {ini_begin, group_key, group_end, a};
	if (a->file)
		return;
	ssize_t n = a->reader ? a->reader->read(a->reader->data, path, &sb) : -ENOENT;
	if (n < 0) {
		qemu_problem(a, "-readconfig", path, strerror((int)-n));
		a->hidden = true;
		return;
	}
	a->file = path;
	unsigned bad = qemu_ini_each(sb.buf, sb.len, &v);
	if (bad) {
		char line[24];
		(void)snprintf(line, sizeof(line), "%u", bad);
		qemu_problem(a, "line", line, "malformed");
	}
	a->file = NULL;
}

/* Options that are no group */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static bool read_single(struct qemu_args *a, const char *option, const char *value)
{
	if (streq(option, "uuid"))
		qemu_set_text(&a->uuid_option, value, QEMU_NAME_MAX);
	else if (streq(option, "readconfig"))
		read_config(a, value);
	else if (streq(option, "incoming"))
		a->launch->config.paused_at_start = true;
	else if (streq(option, "hda") || streq(option, "hdb") || streq(option, "hdc") || streq(option, "hdd"))
		keep_first(&a->disk, value, QEMU_IMAGE_MAX);
	else if (streq(option, "cdrom"))
		keep_first(&a->cdrom, value, QEMU_IMAGE_MAX);
	else if (streq(option, "kernel"))
		qemu_set_text(&a->kernel, base_name(value), QEMU_IMAGE_MAX);
	else if (streq(option, "xen-domid"))
		a->launch->no_guest = true;
	else
		return false;
	return true;
}

static bool read_flag(struct qemu_args *a, const char *option)
{
	/* Every option of QEMU 4 to 10 without a value. */
	static const char *const flags[] = {
	        "alt-grab",
	        "async-teardown",
	        "audio-help",
	        "ctrl-grab",
	        "curses",
	        "daemonize",
	        "enable-fips",
	        "enable-sync-profile",
	        "full-screen",
	        "localtime",
	        "mem-prealloc",
	        "no-acpi",
	        "no-fd-bootchk",
	        "no-frame",
	        "no-hpet",
	        "no-kvm",
	        "no-kvm-irqchip",
	        "no-kvm-pit",
	        "no-kvm-pit-reinjection",
	        "no-quit",
	        "no-reboot",
	        "no-shutdown",
	        "no-user-config",
	        "nodefaults",
	        "nodefconfig",
	        "nographic",
	        "old-param",
	        "one-insn-per-tb",
	        "only-migratable",
	        "portrait",
	        "preconfig",
	        "rtc-td-hack",
	        "s",
	        "sdl",
	        "semihosting",
	        "show-cursor",
	        "singlestep",
	        "snapshot",
	        "tdf",
	        "usb",
	        "win2k-hack",
	        "xen-attach",
	};
	if (streq(option, "S"))
		a->launch->config.paused_at_start = true;
	else if (streq(option, "enable-kvm"))
		qemu_accel_asked(a, "kvm", 3);
	else if (streq(option, "h") || streq(option, "help") || streq(option, "version"))
		a->launch->no_guest = true;
	else {
		for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
			if (streq(flags[i], option))
				return true;
		return false;
	}
	return true;
}

/* Options whose value may itself begin with '-'. */
static bool takes_anything(const char *option)
{
	static const char *const names[] = {"append", "kernel", "initrd",    "dtb",
	                                    "bios",   "fw_cfg", "acpitable", "chardev"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(names[i], option))
			return true;
	return false;
}

/* Returns how many arguments were used. */
static size_t read_option(struct qemu_args *a, const char *arg, const char *value)
{
	if (*arg != '-') {
		keep_first(&a->disk, arg, QEMU_IMAGE_MAX);
		return 1;
	}
	const char *option = arg + (arg[1] == '-' ? 2 : 1);
	const struct qemu_group *g = group_of_option(option);
	if (read_flag(a, option) || !value)
		return 1;
	if (g) {
		read_group(a, g, value);
		return 2;
	}
	if (read_single(a, option, value) || takes_anything(option))
		return 2;
	/* Unknown: nearly all take a value, but none that looks like the next option. */
	return value[0] == '-' && value[1] ? 1 : 2;
}

/* cpus=, else maxcpus=, else the product of the levels given (-smp in QEMU's manual). 0: too large. */
static uint64_t smp_total(const struct qemu_args *a)
{
	uint64_t product = 1;
	if (a->cpus || a->maxcpus)
		return a->cpus ? a->cpus : a->maxcpus;
	for (size_t i = 0; i < TOPOLOGY_LEVELS; i++) {
		product *= a->topology[i] ? a->topology[i] : 1;
		if (product > QEMU_VCPUS_MAX)
			return 0;
	}
	return product;
}

static void decide_vcpus(struct qemu_args *a, struct vm_config *c)
{
	uint64_t n = smp_total(a);
	if (!n)
		qemu_problem(a, "-smp", "topology", "number too large");
	if (!n || a->smp_bad || (!a->smp_given && a->hidden))
		return;
	if (!c->vcpus_from)
		c->vcpus_from = "default";
	c->vcpus = (unsigned)(n + a->extra_cpus);
}

static const struct qemu_backend *find_backend(const struct qemu_args *a, const char *id)
{
	for (size_t i = 0; id && i < a->backends.n; i++)
		if (streq(a->backends.v[i].id, id))
			return &a->backends.v[i];
	return NULL;
}

/* Sum of the backends that -machine or -numa name. 0 none named; sets *ret_bad when one cannot be read. */
static uint64_t backend_bytes(const struct qemu_args *a, bool *ret_bad)
{
	uint64_t sum = 0;
	if (a->machine_backend) {
		const struct qemu_backend *b = find_backend(a, a->machine_backend);
		*ret_bad = !b || b->bad;
		return b ? b->bytes : 0;
	}
	for (size_t i = 0; i < a->node_backends.n; i++) {
		const struct qemu_backend *b = find_backend(a, a->node_backends.v[i]);
		*ret_bad |= !b || b->bad;
		sum += b ? b->bytes : 0;
	}
	return sum;
}

static void decide_ram(struct qemu_args *a, struct vm_config *c)
{
	bool bad = false;
	uint64_t named = backend_bytes(a, &bad);
	if (a->ram_given) {
		c->ram_bytes = a->ram_bad ? 0 : a->ram ? a->ram : RAM_DEFAULT;
	} else if (named || bad) {
		c->ram_from = "-object";
		c->ram_bytes = bad ? 0 : named;
		if (bad)
			qemu_problem(a, "-object", a->machine_backend ? a->machine_backend : "",
			             "size of guest RAM unknown");
	} else if (a->node_bytes) {
		c->ram_from = "-numa";
		c->ram_bytes = a->node_bytes;
	} else if (!a->hidden) {
		c->ram_from = "default";
		c->ram_bytes = RAM_DEFAULT;
	}
	c->ram_bytes = (c->ram_bytes + RAM_ALIGN - 1) & ~(RAM_ALIGN - 1);
}

static void args_release(struct qemu_args *a)
{
	for (size_t i = 0; i < a->backends.n; i++)
		free(a->backends.v[i].id);
	for (size_t i = 0; i < a->node_backends.n; i++)
		free(a->node_backends.v[i]);
	vec_free(&a->backends);
	vec_free(&a->node_backends);
	free(a->machine_backend);
	free(a->uuid_option);
	free(a->uuid_smbios);
	free(a->disk);
	free(a->cdrom);
	free(a->kernel);
}

/* The first that is there; it is the caller's then. */
static char *take_first(char **a, char **b)
{
	char **slot = *a ? a : b, *taken = *slot;
	*slot = NULL;
	return taken;
}

void qemu_args_parse(const struct process *p, const struct qemu_reader *reader, struct qemu_launch *ret)
{
	*ret = (struct qemu_launch){0};
	struct qemu_args a = {.reader = reader, .launch = ret};
	for (size_t i = 1; i < process_argc(p);)
		i += read_option(&a, process_arg(p, i), i + 1 < process_argc(p) ? process_arg(p, i + 1) : NULL);
	if (process_cut(p)) {
		qemu_problem(&a, "command line", "", "longer than is read");
		a.hidden = true;
	}
	decide_vcpus(&a, &ret->config);
	decide_ram(&a, &ret->config);
	ret->no_guest |= ret->accel == QEMU_ACCEL_OTHER;
	ret->config.uuid = take_first(&a.uuid_option, &a.uuid_smbios);
	ret->config.image = take_first(&a.disk, a.cdrom ? &a.cdrom : &a.kernel);
	args_release(&a);
}
