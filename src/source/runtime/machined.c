/*
 * What systemd-machined knows: systemd-nspawn's containers and libvirt's LXC domains.
 * Groups: machine.slice/systemd-nspawn@<name>.service and machine.slice/machine-<name>.scope, with payload and
 * supervisor below; machine-lxc-<pid>-<name>.scope is libvirt's; machine-qemu-... is a VM, as is what machined calls
 * one. nspawn with --keep-unit has no group of its own and is found by its process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

extern const struct runtime_ops runtime_nspawn, runtime_libvirt_lxc;

static bool in_machine_slice(const char *path, const char *leaf)
{
	size_t n;
	const char *up = runtime_above(path, leaf, 0, &n);
	return n >= 13 && memcmp(up, "machine", 7) == 0 && (up[7] == '.' || up[7] == '-') &&
	       memcmp(up + n - 6, ".slice", 6) == 0;
}

/* "lxc-1234-web": the part after the pid; NULL when it is not of that form. */
static const char *domain_of(const char *machine)
{
	if (strncmp(machine, "lxc-", 4) != 0)
		return NULL;
	size_t digits = strspn(machine + 4, "0123456789");
	const char *name = machine + 4 + digits;
	return digits && *name == '-' && name[1] ? name + 1 : NULL;
}

static bool match_libvirt(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	const char *name;
	if (!in_machine_slice(path, leaf) || !runtime_named_leaf(leaf, "machine-", ".scope", id) ||
	    !(name = domain_of(id)))
		return false;
	memmove(id, name, strlen(name) + 1);
	return true;
}

static bool match_nspawn(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	if (runtime_named_leaf(leaf, "systemd-nspawn@", ".service", id))
		return true;
	return in_machine_slice(path, leaf) && runtime_named_leaf(leaf, "machine-", ".scope", id) &&
	       strncmp(id, "qemu-", 5) != 0 && !domain_of(id);
}

/* The value of KEY=value; heap; NULL none. */
static char *value_of(const struct strbuf *text, const char *key)
{
	const char *cursor = text->buf, *line;
	size_t n, klen = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n))
		if (n > klen && memcmp(line, key, klen) == 0 && line[klen] == '=')
			return xstrndup(line + klen + 1, n - klen - 1);
	return NULL;
}

static bool is_text(const char *value, const char *want)
{
	return value && strcmp(value, want) == 0;
}

/*
 * What the system in a directory calls itself; of an image file its name.  The directory is the container's: no link
 * leads out of it, and what is mounted in it is not entered.
 */
static void read_image(struct facts_table *t, struct facts *f, const char *root)
{
	static const char *const files[] = {"etc/os-release", "usr/lib/os-release"};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct stat st;
	char *name = NULL;
	f->no_image = "there is no os-release in its directory";
	if (!root || *root != '/' || !root[1]) {
		f->no_image = "its directory is not known";
		return;
	}
	if (rootfs_stat(t->fs, root + 1, &st) == 0 && !S_ISDIR(st.st_mode))
		name = xstrdup(strrchr(root, '/') + 1);
	for (size_t i = 0; !name && i < ARRAY_SIZE(files); i++)
		if (rootfs_read_below(t->fs, root + 1, files[i], 65536, &text) > 0)
			name = value_of(&text, "PRETTY_NAME");
	size_t n = name ? strlen(name) : 0;
	if (n >= 2 && name[0] == '"' && name[n - 1] == '"') {
		memmove(name, name + 1, n - 2);
		name[n - 2] = '\0';
	}
	facts_set(&f->image, name);
	free(name);
}

/* Once for each; whoever put it there may have said where its directory is. */
static void read_images(struct facts_table *t)
{
	void *v;
	for (size_t it = 0; map_next(&t->by_id, &it, NULL, &v);) {
		struct facts *f = v;
		const char *root = NULL;
		if (f->runtime != &runtime_nspawn || f->left_out || f->image || f->no_image)
			continue;
		for (size_t i = 0; i < f->labels_n; i++)
			if (strcmp(f->labels[i].key, "root") == 0)
				root = f->labels[i].value;
		cleanup_free char *usual = xasprintf("/var/lib/machines/%s", f->id);
		read_image(t, f, root ? root : usual);
	}
}

static void read_machine(struct facts_table *t, const char *name, const char *path)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	uint64_t pid;
	if (rootfs_read(t->fs, path, 65536, &text) < 0)
		return;
	cleanup_free char *class = value_of(&text, "CLASS"), *service = value_of(&text, "SERVICE");
	cleanup_free char *leader = value_of(&text, "LEADER"), *root = value_of(&text, "ROOT");
	const char *domain = domain_of(name);
	struct facts *f = facts_put(t, domain ? domain : name, domain ? &runtime_libvirt_lxc : &runtime_nspawn);
	facts_set(&f->name, domain ? domain : name);
	facts_set(&f->from, path);
	if (leader && parse_u64(leader, strlen(leader), &pid) == 0)
		facts_set_pid(t, f, pid);
	f->left_out = is_text(class, "vm") || is_text(service, "libvirt-qemu");
	f->group_only = !is_text(service, "systemd-nspawn"); /* an image or a settings file keeps those of nspawn */
	facts_label(f, "root", root);
}

static void scan_machines(struct facts_table *t)
{
	int err;
	static const char dir[] = "run/systemd/machines";
	const struct rootfs_names *names = facts_list(t, dir, &err);
	for (size_t i = 0; names && i < names->at.n; i++) {
		const char *name = rootfs_name(names, i), *domain = domain_of(name);
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (strncmp(name, "unit:", 5) == 0 || *name == '.' || strlen(name) >= RUNTIME_ID_MAX)
			continue;
		if (facts_stale(t, domain ? &runtime_libvirt_lxc : &runtime_nspawn, domain ? domain : name, path))
			read_machine(t, name, path);
	}
}

/* Each entry of DIR that ends in suffix is a container that may not run. */
static void scan_names(struct facts_table *t, const struct runtime_ops *rt, const char *dir, const char *suffix)
{
	int err;
	const struct rootfs_names *names = facts_list(t, dir, &err);
	if (err == -EACCES)
		facts_denied(t, rt->name, dir, true);
	for (size_t i = 0; names && i < names->at.n; i++) {
		char path[4096], id[RUNTIME_ID_MAX];
		struct stat st;
		const char *name = rootfs_name(names, i);
		size_t n = strlen(name), cut = strlen(suffix);
		(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (*name == '.' || n <= cut || n >= sizeof(id) || strcmp(name + n - cut, suffix) != 0 ||
		    rootfs_stat(t->fs, path, &st) < 0 || S_ISDIR(st.st_mode) != !*suffix)
			continue;
		(void)snprintf(id, sizeof(id), "%.*s", (int)(n - cut), name);
		struct facts *f = facts_get(t, rt, id);
		if (!f) {
			f = facts_put(t, id, rt);
			facts_set(&f->name, id);
			facts_set(&f->from, path);
		}
		f->seen = t->refresh;
		f->group_only = false;
	}
}

static void refresh(struct facts_table *t)
{
	scan_machines(t);
	scan_names(t, &runtime_nspawn, "etc/systemd/nspawn", ".nspawn");
	scan_names(t, &runtime_nspawn, "var/lib/machines", "");
	scan_names(t, &runtime_libvirt_lxc, "etc/libvirt/lxc", ".xml");
	facts_put_sightings(t, &runtime_nspawn, "it shares its supervisor's cgroup (--keep-unit)");
	read_images(t);
}

static const char *machine_option(const struct process *p, const char *brief, const char *full)
{
	size_t n = strlen(full);
	for (size_t i = 1; i < process_argc(p) && process_arg(p, i); i++) {
		const char *a = process_arg(p, i);
		if (strcmp(a, "--") == 0)
			break;
		if (strncmp(a, full, n) == 0 && a[n] == '=')
			return a + n + 1;
		if (strncmp(a, brief, 2) == 0 && a[2])
			return a + 2;
		if ((strcmp(a, full) == 0 || strcmp(a, brief) == 0) && i + 1 < process_argc(p))
			return process_arg(p, i + 1);
	}
	return NULL;
}

static void look(struct facts_table *t, const struct process *p)
{
	if (strcmp(p->stat.comm, "systemd-nspawn") != 0)
		return;
	const char *name = machine_option(p, "-M", "--machine"), *dir = machine_option(p, "-D", "--directory");
	pid_t init = facts_first_child(t, p->pid);
	if (!dir)
		dir = machine_option(p, "-i", "--image");
	if (!name && dir) {
		const char *slash = strrchr(dir, '/');
		name = slash && slash[1] ? slash + 1 : dir;
	}
	if (!init || !name || !*name || strlen(name) >= RUNTIME_ID_MAX)
		return;
	facts_sight(t, &runtime_nspawn, p, init, xstrdup(name), xstrdup(name), dir ? xstrdup(dir) : NULL);
}

const struct runtime_ops runtime_libvirt_lxc = {.name = "libvirt-lxc", .match = match_libvirt, .named = true};
const struct runtime_ops runtime_nspawn = {
        .name = "nspawn", .match = match_nspawn, .refresh = refresh, .named = true, .look = look};
