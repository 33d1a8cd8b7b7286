#include "source/storage/disk_args.h"

#include <stdlib.h>
#include <string.h>

#include "source/vmm/qemu_opts.h"

#define MAX_ARGS 1024U
#define MAX_NODE 256U
#define MAX_FILE 4096U

static bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void set(char **dst, const char *value, size_t max)
{
	free(*dst);
	*dst = strlen(value) < max ? xstrdup(value) : NULL;
}

static void arg_free(struct disk_arg *d)
{
	free(d->node);
	free(d->lower);
	free(d->file);
	free(d->format);
}

static void add(struct disk_args *a, struct disk_arg d)
{
	if (a->v.n < MAX_ARGS && (d.file || d.lower || d.node))
		vec_push(&a->v, d);
	else
		arg_free(&d);
}

/* -drive file=F,format=raw,if=none,id=I; -blockdev driver=qcow2,node-name=N,file=M | file.filename=F */
static void drive_key(void *data, const char *key, const char *value)
{
	struct disk_arg *d = data;
	if (streq(key, "file") || streq(key, "filename") || streq(key, "file.filename"))
		set(&d->file, value, MAX_FILE);
	else if (streq(key, "format") || streq(key, "driver"))
		set(&d->format, value, MAX_NODE);
	else if (streq(key, "node-name") || streq(key, "id"))
		set(&d->node, value, MAX_NODE);
	else if (streq(key, "if"))
		d->skip |= streq(value, "pflash");
	else if (streq(key, "media"))
		d->skip |= streq(value, "cdrom");
	if (streq(key, "node-name"))
		d->skip |= strstr(value, "pflash") != NULL;
}

static void blockdev_key(void *data, const char *key, const char *value)
{
	struct disk_arg *d = data;
	if (streq(key, "file"))
		set(&d->lower, value, MAX_NODE);
	else
		drive_key(data, key, value);
}

struct device {
	char *driver, *drive;
};

static void device_key(void *data, const char *key, const char *value)
{
	struct device *d = data;
	if (streq(key, "driver"))
		set(&d->driver, value, MAX_NODE);
	else if (streq(key, "drive"))
		set(&d->drive, value, MAX_NODE);
}

static struct disk_arg *find_node(struct disk_args *a, const char *name)
{
	for (size_t i = 0; name && i < a->v.n; i++)
		if (a->v.v[i].node && streq(a->v.v[i].node, name))
			return &a->v.v[i];
	return NULL;
}

static bool is_protocol(const char *driver)
{
	return !driver || streq(driver, "file") || streq(driver, "host_device");
}

/* A format node lends what is known of it to the node that has its file; a loop of nodes ends by the count. */
static void lend_to_lower(struct disk_args *a, struct disk_arg *upper)
{
	for (size_t n = 0; upper->lower && n < a->v.n; n++) {
		struct disk_arg *d = find_node(a, upper->lower);
		if (!d || d == upper)
			return;
		d->skip |= upper->skip;
		if (upper->format && is_protocol(d->format))
			set(&d->format, upper->format, MAX_NODE);
		upper = d;
	}
}

static void read_devices(const struct process *p, struct disk_args *a)
{
	for (size_t i = 1; i + 1 < process_argc(p); i++) {
		if (!streq(process_arg(p, i), "-device") && !streq(process_arg(p, i), "--device"))
			continue;
		struct device d = {0};
		(void)qemu_opts_each(process_arg(p, i + 1), "driver", device_key, &d);
		size_t n = d.driver ? strlen(d.driver) : 0;
		struct disk_arg *node = n > 3 && streq(d.driver + n - 3, "-cd") ? find_node(a, d.drive) : NULL;
		if (node)
			node->skip = true;
		free(d.driver);
		free(d.drive);
	}
}

static void read_qemu(const struct process *p, struct disk_args *a)
{
	static const char *const plain[] = {"hda", "hdb", "hdc", "hdd", "sd", "mtdblock"};
	static const char *const no_disk[] = {"cdrom", "pflash", "fda", "fdb"};
	for (size_t i = 1; i + 1 < process_argc(p); i++) {
		const char *arg = process_arg(p, i), *value = process_arg(p, i + 1);
		struct disk_arg d = {0};
		if (*arg != '-')
			continue;
		arg += arg[1] == '-' ? 2 : 1;
		if (streq(arg, "drive"))
			(void)qemu_opts_each(value, NULL, drive_key, &d);
		else if (streq(arg, "blockdev"))
			(void)qemu_opts_each(value, "driver", blockdev_key, &d);
		for (size_t k = 0; k < sizeof(plain) / sizeof(plain[0]); k++)
			if (streq(arg, plain[k]))
				set(&d.file, value, MAX_FILE);
		for (size_t k = 0; k < sizeof(no_disk) / sizeof(no_disk[0]); k++)
			if (streq(arg, no_disk[k])) {
				set(&d.file, value, MAX_FILE);
				d.skip = true;
			}
		add(a, d);
	}
	read_devices(p, a);
	for (size_t i = 0; i < a->v.n; i++)
		lend_to_lower(a, &a->v.v[i]);
}

/* "path=F,readonly=on", "F,ro", "F" */
static void add_path(struct disk_args *a, const char *value)
{
	static const char key[] = "path=";
	const char *path = strstr(value, key);
	if (path && (path == value || path[-1] == ','))
		value = path + sizeof(key) - 1;
	size_t n = strcspn(value, ",");
	if (n && n < MAX_FILE)
		add(a, (struct disk_arg){.file = xstrndup(value, n)});
}

/* Cloud Hypervisor --disk A B, crosvm --block A, --rwdisk A, kvmtool -d A. */
static void read_others(const struct process *p, struct disk_args *a)
{
	static const char *const options[] = {"--disk", "--block", "--rwdisk", "--root", "--rwroot", "--qcow", "-d"};
	bool taking = false;
	for (size_t i = 1; i < process_argc(p); i++) {
		const char *arg = process_arg(p, i);
		if (*arg != '-') {
			if (taking)
				add_path(a, arg);
			continue;
		}
		taking = false;
		for (size_t k = 0; k < sizeof(options) / sizeof(options[0]); k++) {
			size_t n = strlen(options[k]);
			if (strncmp(arg, options[k], n) != 0)
				continue;
			if (arg[n] == '=')
				add_path(a, arg + n + 1);
			taking |= arg[n] == '\0';
		}
	}
}

void disk_args_parse(const struct process *p, struct disk_args *ret)
{
	const char *exe = p->exe ? p->exe : process_argc(p) ? process_arg(p, 0) : "", *slash = strrchr(exe, '/');
	const char *name = slash ? slash + 1 : exe;
	size_t n = strlen(name);
	*ret = (struct disk_args){0};
	ret->qemu = strncmp(name, "qemu", 4) == 0 || (n >= 3 && strcmp(name + n - 3, "kvm") == 0);
	ret->raw_only = strncmp(name, "firecracker", 11) == 0;
	if (ret->qemu)
		read_qemu(p, ret);
	else
		read_others(p, ret);
}

void disk_args_release(struct disk_args *a)
{
	for (size_t i = 0; i < a->v.n; i++)
		arg_free(&a->v.v[i]);
	vec_free(&a->v);
}
