#include "source/background/daemons.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "source/background/isolation.h"
#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MAX_DAEMONS 256
#define CHECK_USEC 2000000
#define RESTORE_USEC 30000000
#define PATH_TEXT_MAX 1024

static const char *const names[] = {"dockerd", "containerd", "crio", "libvirtd", "virtqemud", "incusd", "lxd"};

const char *daemon_name_of(const char *comm)
{
	for (size_t i = 0; comm && i < ARRAY_SIZE(names); i++)
		if (strcmp(comm, names[i]) == 0)
			return names[i];
	return NULL;
}

/* An absolute path made relative to the root, without slashes at its end; NULL else. */
static char *relative(const char *path)
{
	if (!path || path[0] != '/' || strlen(path) > PATH_TEXT_MAX)
		return NULL;
	while (*path == '/')
		path++;
	size_t n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (strncmp(path, "var/run/", 8) == 0) { /* a symbolic link to /run everywhere */
		path += 4;
		n -= 4;
	}
	return xstrndup(path, n);
}

static enum live_restore restore_of_argv(const struct process *p)
{
	static const char option[] = "--live-restore";
	size_t n = sizeof(option) - 1;
	for (size_t i = 1; i < process_argc(p); i++) {
		if (strncmp(process_arg(p, i), option, n) != 0)
			continue;
		const char *v = process_arg(p, i) + n;
		if (!*v || strcmp(v, "=true") == 0 || strcmp(v, "=1") == 0)
			return RESTORE_ARGV;
		if (*v == '=')
			return RESTORE_NO;
	}
	return RESTORE_UNKNOWN;
}

bool daemon_json_restores(const char *text, size_t len)
{
	json_t *config = json_loadb(text, len, 0, NULL);
	bool on = json_is_true(json_object_get(config, "live-restore"));
	json_decref(config);
	return on;
}

/* Home directory of a user, relative; NULL none. */
static char *home_of(struct rootfs *fs, uint64_t uid)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	const char *cursor, *line;
	size_t n;
	if (rootfs_read(fs, "etc/passwd", (size_t)4 << 20, &text) < 0)
		return NULL;
	for (cursor = text.buf; parse_line(&cursor, text.buf + text.len, &line, &n);) {
		const char *field[6] = {line};
		unsigned count = 1;
		uint64_t id;
		const char *end = line + n;
		for (const char *c = line; c < end && count < 6; c++)
			if (*c == ':')
				field[count++] = c + 1;
		const char *stop = count == 6 ? memchr(field[5], ':', (size_t)(end - field[5])) : NULL;
		if (!stop || parse_u64(field[2], (size_t)(field[3] - field[2]) - 1, &id) < 0 || id != uid)
			continue;
		cleanup_free char *home = xstrndup(field[5], (size_t)(stop - field[5]));
		return relative(home);
	}
	return NULL;
}

static char *json_root(const char *text, size_t len)
{
	json_t *config = json_loadb(text, len, 0, NULL);
	char *root = relative(json_string_value(json_object_get(config, "data-root")));
	json_decref(config);
	return root;
}

/*
 * What dockerd was told.  Anyone may call his program dockerd: a path on a command line is followed for root's only.
 */
static void read_dockerd(struct rootfs *fs, struct daemon *d, const struct process *p)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	const char *root = process_long_option(p, "--data-root"), *file = process_long_option(p, "--config-file");
	cleanup_free char *home = d->uid ? home_of(fs, d->uid) : NULL;
	d->argv_restore = restore_of_argv(p);
	if (!d->uid)
		d->config = file ? relative(file) : xstrdup("etc/docker/daemon.json");
	else if (home)
		d->config = xasprintf("%s/.config/docker/daemon.json", home);
	if (!d->config || rootfs_read(fs, d->config, (size_t)1 << 20, &text) < 0)
		strbuf_clear(&text);
	d->root = relative(root ? root : process_option(p, "-g"));
	if (!d->root)
		d->root = json_root(text.buf, text.len);
	if (!d->root && (!d->uid || home))
		d->root = home ? xasprintf("%s/.local/share/docker", home) : xstrdup("var/lib/docker");
	d->socket = relative(process_long_option(p, "--containerd"));
	d->exec_root = relative(process_long_option(p, "--exec-root"));
	if (!d->exec_root)
		d->exec_root =
		        d->uid ? xasprintf("run/user/%llu/docker", (unsigned long long)d->uid) : xstrdup("run/docker");
}

/* Where its shims call: of several addresses in its file the first is gRPC's. The same is true of the path. */
static void read_containerd(struct rootfs *fs, struct daemon *d, const struct process *p)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct arena scratch = {0};
	const char *socket = process_long_option(p, "--address"), *file = process_long_option(p, "--config");
	cleanup_free char *config = relative(file ? file : process_option(p, "-c"));
	d->socket = relative(socket ? socket : process_option(p, "-a"));
	if (!d->socket && !d->uid &&
	    rootfs_read(fs, config ? config : "etc/containerd/config.toml", (size_t)1 << 20, &text) > 0) {
		const char *path = facts_toml_path(&scratch, &text, "address");
		d->socket = path ? xstrdup(path) : NULL;
		arena_release(&scratch);
	}
}

/* SIGHUP makes dockerd read its file again, so the file says what is configured, not what is in force. */
static void read_restore(struct rootfs *fs, struct daemon *d)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	d->restore = d->argv_restore;
	if (d->argv_restore != RESTORE_UNKNOWN || !d->config)
		return;
	ssize_t n = rootfs_read(fs, d->config, (size_t)1 << 20, &text);
	if (n == -ENOENT || (n >= 0 && !daemon_json_restores(text.buf, (size_t)n)))
		d->restore = RESTORE_NO;
	else if (n >= 0)
		d->restore = RESTORE_FILE;
}

static void daemon_free(struct rootfs *fs, struct daemon *d)
{
	if (fs)
		kfile_close(fs, &d->stat);
	free(d->root);
	free(d->exec_root);
	free(d->socket);
	free(d->config);
	free(d);
}

static struct daemon *find_pid(const struct daemons *d, pid_t pid)
{
	for (size_t i = 0; i < d->all.n; i++)
		if (d->all.v[i]->running && d->all.v[i]->pid == pid)
			return d->all.v[i];
	return NULL;
}

static void gone(struct daemons *d, struct daemon *dead)
{
	kfile_close(d->fs, &dead->stat);
	dead->running = false;
	d->changes++;
}

void daemons_look(struct daemons *d, const struct process *p)
{
	const char *name = daemon_name_of(p->stat.comm);
	struct daemon *known = find_pid(d, p->pid);
	struct status_facts status;
	if (known && known->start_ticks == p->stat.start_ticks && name == known->name)
		return;
	if (known)
		gone(d, known);
	const struct daemon *parent = find_pid(d, p->stat.ppid);
	/* A fork of the daemon's that has not become another program yet; a zombie has no command line. */
	if (!name || (parent && parent->name == name) || !process_argc(p) || d->all.n >= MAX_DAEMONS ||
	    status_read(d->fs, p->pid, &status) < 0 || !status.has_uid)
		return;
	struct daemon *new = xcalloc(1, sizeof(*new));
	*new = (struct daemon){.name = name,
	                       .pid = p->pid,
	                       .start_ticks = p->stat.start_ticks,
	                       .uid = status.uid,
	                       .parent = p->stat.ppid,
	                       .running = true,
	                       .restore = RESTORE_UNKNOWN,
	                       .argv_restore = RESTORE_UNKNOWN,
	                       .stat = KFILE_INIT};
	new->helper = parent &&strcmp(parent->name, "dockerd") == 0;
	if (strcmp(name, "dockerd") == 0) {
		read_dockerd(d->fs, new, p);
		read_restore(d->fs, new);
	} else if (strcmp(name, "containerd") == 0) {
		read_containerd(d->fs, new, p);
	}
	vec_push(&d->all, new);
	d->changes++;
}

static bool still_runs(struct daemons *d, struct daemon *one)
{
	char path[64], buf[1024];
	struct process_stat st;
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)one->pid);
	ssize_t n = kfile_read(d->fs, &one->stat, path, buf, sizeof(buf));
	return n > 0 && process_parse_stat(buf, (size_t)n, &st) == 0 && st.start_ticks == one->start_ticks &&
	       st.state != 'Z' && st.state != 'X';
}

void daemons_update(struct daemons *d, const struct proctab *procs, int64_t now_usec)
{
	bool check = now_usec - d->checked_usec >= CHECK_USEC || now_usec < d->checked_usec || !d->checked_usec;
	bool again = now_usec - d->restore_usec >= RESTORE_USEC || now_usec < d->restore_usec;
	parents_forget(&d->parents);
	if (check)
		d->checked_usec = now_usec;
	if (again)
		d->restore_usec = now_usec;
	for (size_t i = 0; i < d->all.n; i++) {
		struct daemon *one = d->all.v[i];
		one->refs = one->instances = one->survivors = 0;
		if (one->running && (!proctab_has(procs, one->pid) || (check && !still_runs(d, one))))
			gone(d, one);
		if (one->running && again && strcmp(one->name, "dockerd") == 0) {
			enum live_restore before = one->restore;
			read_restore(d->fs, one);
			d->changes += before != one->restore;
		}
	}
}

void daemons_trim(struct daemons *d)
{
	size_t kept = 0;
	for (size_t i = 0; i < d->all.n; i++) {
		if (d->all.v[i]->running || d->all.v[i]->refs)
			d->all.v[kept++] = d->all.v[i];
		else
			daemon_free(d->fs, d->all.v[i]);
	}
	d->all.n = kept;
}

void daemons_release(struct daemons *d)
{
	for (size_t i = 0; i < d->all.n; i++)
		daemon_free(NULL, d->all.v[i]);
	vec_free(&d->all);
	parents_forget(&d->parents);
}

struct daemon *daemons_absent(struct daemons *d, const char *name, const char *root)
{
	for (size_t i = 0; i < d->all.n; i++)
		if (!d->all.v[i]->running && strcmp(d->all.v[i]->name, name) == 0 && text_same(d->all.v[i]->root, root))
			return d->all.v[i];
	if (d->all.n >= MAX_DAEMONS)
		return NULL;
	struct daemon *new = xcalloc(1, sizeof(*new));
	*new = (struct daemon){.name = name,
	                       .root = root ? xstrdup(root) : NULL,
	                       .restore = RESTORE_UNKNOWN,
	                       .argv_restore = RESTORE_UNKNOWN,
	                       .stat = KFILE_INIT};
	if (strcmp(name, "dockerd") == 0 && root && strcmp(root, "var/lib/docker") == 0) {
		new->config = xstrdup("etc/docker/daemon.json");
		read_restore(d->fs, new);
		if (new->restore == RESTORE_NO) /* its command line, which is gone, may have said so */
			new->restore = RESTORE_UNKNOWN;
	}
	vec_push(&d->all, new);
	return new;
}

bool daemon_same_dir(struct rootfs *fs, const char *a, const char *b)
{
	struct stat x, y;
	if (strcmp(a, b) == 0)
		return true;
	return rootfs_stat(fs, a, &x) == 0 && rootfs_stat(fs, b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}
