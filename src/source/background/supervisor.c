/*
 * Supervisors, by what the process tree shows.  Measured with Docker 20.10: kill -9 of dockerd leaves shim and
 * container running, SIGTERM or the next start without live-restore ends them.
 */
#include "source/background/supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/background/isolation.h"
#include "vctop/base/text.h"

#define CMDLINE_HEAD ((size_t)128 << 10)

/* ---- whose it is ---- */

static bool starts(const char *s, const char *prefix)
{
	return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

/* By the id, which begins with who made it: "docker:<id>" also where gVisor runs it. */
static const char *daemon_of_container(const char *id, const struct monitor *m)
{
	static const struct {
		const char *runtime, *daemon;
	} table[] = {
	        {"docker", "dockerd"},
	        {"ecs", "dockerd"},
	        {"containerd", "containerd"},
	        {"kube", "containerd"},
	        {"k8s", "containerd"},
	        {"cri-o", "crio"},
	        {"crio", "crio"},
	        {"cri", "containerd"},
	        {"nerdctl", "containerd"},
	        {"kata", "containerd"},
	        {"incus", "incusd"},
	        {"lxd", "lxd"},
	        {"libvirt-lxc", "libvirtd"},
	};
	if (m->name && strcmp(m->name, "containerd-shim") == 0 && m->ns)
		return strcmp(m->ns, "moby") == 0 || starts(m->ns, "plugins.moby") ? "dockerd" : "containerd";
	if (m->lxc_path && strstr(m->lxc_path, "/incus/"))
		return "incusd";
	if (m->lxc_path && strstr(m->lxc_path, "/lxd/"))
		return "lxd";
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (starts(id, table[i].runtime))
			return table[i].daemon;
	return NULL;
}

static bool some_runs(const struct daemons *d, const char *name)
{
	for (size_t i = 0; i < d->all.n; i++)
		if (d->all.v[i]->running && strcmp(d->all.v[i]->name, name) == 0)
			return true;
	return false;
}

/* libvirt and Incus leave their directories on the command lines of their VMs. */
static const char *daemon_of_vm(const struct daemons *d, const struct instance *i)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char path[64];
	bool libvirt = i->cgroup && (strstr(i->cgroup, "/machine-qemu") || strstr(i->cgroup, "libvirt-qemu"));
	(void)snprintf(path, sizeof(path), "proc/%d/cmdline", (int)i->pid);
	ssize_t n = rootfs_read(d->fs, path, CMDLINE_HEAD, &text);
	size_t len = n >= 0 || n == -EFBIG ? text.len : 0;
	static const char mark[] = "/libvirt/qemu/", incus[] = "/run/incus/", lxd[] = "/lxd/logs/";
	libvirt = libvirt || memmem(text.buf, len, mark, sizeof(mark) - 1);
	if (libvirt)
		return some_runs(d, "virtqemud") ? "virtqemud" : "libvirtd";
	if (memmem(text.buf, len, incus, sizeof(incus) - 1))
		return "incusd";
	return memmem(text.buf, len, lxd, sizeof(lxd) - 1) ? "lxd" : NULL;
}

/* <data-root>/containers/<ID>/config.v2.json, and <uid>.<gid> below it when users are remapped. NULL: another file. */
static char *docker_root(const char *name_from)
{
	static const char tail[] = "/containers/";
	const char *at = name_from && *name_from == '/' ? strstr(name_from, tail) : NULL;
	for (const char *next; at && (next = strstr(at + 1, tail));)
		at = next;
	if (!at || at == name_from)
		return NULL;
	char *root = xstrndup(name_from + 1, (size_t)(at - name_from - 1));
	char *leaf = strrchr(root, '/');
	if (leaf && leaf[1] && strspn(leaf + 1, "0123456789.") == strlen(leaf + 1) && strchr(leaf, '.'))
		*leaf = '\0';
	return root;
}

/* How well a daemon fits: 0 not, 1 by name and user alone, 2 by its directories. */
static int fits(struct rootfs *fs, const struct daemon *d, const char *name, const char *root, const struct monitor *m)
{
	if (!d->running || d->helper || strcmp(d->name, name) != 0 || (m->has_uid && m->uid != d->uid))
		return 0;
	if (root && d->root)
		return daemon_same_dir(fs, root, d->root) ? 2 : 0;
	if (m->socket && d->exec_root && starts(m->socket, d->exec_root) && m->socket[strlen(d->exec_root)] == '/')
		return 2;
	if (m->socket && (d->exec_root || strcmp(name, "containerd") == 0)) {
		const char *own = d->socket ? d->socket : "run/containerd/containerd.sock";
		bool same = strcmp(own, m->socket) == 0;
		return !same ? 0 : d->exec_root ? 1 : 2; /* one containerd may serve several dockerds */
	}
	return 1;
}

static struct daemon *pick(struct daemons *d, const char *name, const char *root, const struct monitor *m,
                           bool *several)
{
	struct daemon *best = NULL;
	int score = 0;
	*several = false;
	for (size_t i = 0; i < d->all.n; i++) {
		int s = fits(d->fs, d->all.v[i], name, root, m);
		if (s > score) {
			best = d->all.v[i];
			score = s;
			*several = false;
		} else if (s == score && s == 1) {
			*several = true;
		}
	}
	return best;
}

/* The daemon's own files were read when it was found, for whoever hangs on it. */
static void cite_daemon(struct rootfs *fs, const struct daemon *d)
{
	static const char *const fields[] = {"supervisor.daemon", "supervisor.daemon_running"};
	static const char *const files[] = {"cmdline", "stat"};
	if (!d || !rootfs_cites(fs))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(fields) && d->pid; i++) {
		cleanup_free char *path = xasprintf("proc/%d/%s", (int)d->pid, files[i]);
		rootfs_cite_file(fs, fields[i], path);
	}
	cleanup_free char *argv = d->pid ? xasprintf("proc/%d/cmdline", (int)d->pid) : NULL;
	if (strcmp(d->name, "dockerd") == 0)
		rootfs_cite_file(fs, "supervisor.survives_daemon", d->restore == RESTORE_ARGV ? argv : d->config);
}

struct daemon *supervisor_find(struct daemons *d, const struct instance *i, pid_t parent, struct arena *a,
                               struct supervisor *ret)
{
	struct monitor m = {0};
	struct daemon *daemon = NULL;
	bool several = false, vm = i->kind == INSTANCE_VM, stopped = i->state == INSTANCE_STOPPED || i->pid <= 0;
	*ret = (struct supervisor){0};
	if (!stopped)
		monitor_find(d->fs, &d->parents, i->pid, parent, &m);
	const char *name = vm && !m.ns ? daemon_of_vm(d, i) : daemon_of_container(i->id, &m);
	cleanup_free char *root = name && strcmp(name, "dockerd") == 0 ? docker_root(i->name_from) : NULL;
	if (name)
		daemon = pick(d, name, root, &m, &several);
	if (name && !daemon)
		daemon = daemons_absent(d, name, root);
	cite_daemon(d->fs, daemon);
	if (!stopped && !m.name && vm && m.seen)
		m.pid = i->pid;
	if (stopped) {
		ret->daemon = name;
		ret->evidence = "it is not running";
		ret->monitor_pid = metric_none(METRIC_ABSENT, "not running");
	} else {
		supervisor_judge(&m, daemon, name, a, ret);
	}
	if (!name)
		ret->daemon_running = metric_none(METRIC_ABSENT, "no daemon stands behind it");
	else if (several)
		ret->daemon_running = metric_none(METRIC_ABSENT, "several could be its daemon");
	else if (daemon)
		ret->daemon_running = metric_ok(daemon->running);
	monitor_release(&m);
	return several ? NULL : daemon;
}

/* ---- the verdict ---- */

static const char *parent_text(const struct monitor *m, struct arena *a)
{
	if (m->parent <= 1)
		return m->parent ? "1" : "out of sight";
	return arena_fmt(a, "%s (%d)", *m->parent_comm ? m->parent_comm : "?", (int)m->parent);
}

static void judge_dockerd(const struct daemon *d, const char *tree, bool tree_ok, struct arena *a,
                          struct supervisor *ret)
{
	enum live_restore r = d ? d->restore : RESTORE_UNKNOWN;
	const char *end = "dockerd's stop or next start ends it, without live-restore";
	if (r == RESTORE_FILE)
		end = arena_fmt(a, "live-restore in /%s keeps it through dockerd's stop and next start", d->config);
	else if (r == RESTORE_ARGV)
		end = "--live-restore keeps it through dockerd's stop and next start";
	else if (r == RESTORE_UNKNOWN)
		end = "dockerd's stop or next start ends it unless live-restore is on, which is not known here";
	bool restore = r == RESTORE_FILE || r == RESTORE_ARGV;
	if (!tree_ok)
		return;
	ret->survives = restore ? "configured" : "yes";
	ret->evidence = arena_fmt(
	        a, "%s: %s; %s", tree,
	        d && d->running ? "a crash of dockerd leaves it running" : "dockerd is gone and it runs on", end);
}

static void judge_shim(const struct monitor *m, const struct daemon *d, const char *name, struct arena *a,
                       struct supervisor *ret)
{
	const char *parent = parent_text(m, a);
	bool child = daemon_name_of(m->parent_comm) != NULL;
	bool own_group = m->pgrp == m->pid;
	const char *tree = arena_fmt(a, "its %s's parent is %s, %s", m->name, parent,
	                             own_group ? "own process group" : "process group of another");
	ret->survives = child ? "no" : own_group ? "yes" : "unknown";
	ret->evidence = arena_fmt(a, "%s%s", tree, child ? ": it falls with that" : "");
	if (strcmp(name, "dockerd") == 0)
		judge_dockerd(d, tree, !child && own_group, a, ret);
}

static void judge_without_daemon(const struct monitor *m, struct arena *a, struct supervisor *ret)
{
	ret->survives = "yes";
	if (!m->name) {
		ret->evidence = arena_fmt(a, "no daemon%s%s", m->parent ? "; its parent is " : " and no monitor",
		                          m->parent ? parent_text(m, a) : "");
		return;
	}
	static const char *const ends[] = {"systemd-nspawn", "lxc monitor"};
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (strcmp(m->name, ends[i]) == 0) {
			ret->survives = "no";
			ret->evidence =
			        arena_fmt(a, "no daemon; the death of its %s (%d) ends it", m->name, (int)m->pid);
			return;
		}
	if (strcmp(m->name, "bwrap") == 0) {
		ret->survives = "unknown";
		ret->evidence =
		        arena_fmt(a, "no daemon; with --die-with-parent the death of bwrap (%d) ends it", (int)m->pid);
		return;
	}
	ret->evidence = arena_fmt(a, "no daemon; the death of its %s (%d) costs its log and exit code, not it", m->name,
	                          (int)m->pid);
}

void supervisor_judge(const struct monitor *m, const struct daemon *d, const char *daemon_name, struct arena *a,
                      struct supervisor *ret)
{
	ret->daemon = daemon_name;
	ret->monitor = m->name;
	ret->monitor_pid = m->name ? metric_ok(m->pid) : metric_none(METRIC_ABSENT, "no monitor process found");
	if (!daemon_name) {
		judge_without_daemon(m, a, ret);
	} else if (m->name) {
		judge_shim(m, d, daemon_name, a, ret);
	} else if (m->pid) { /* a VM: its VMM is nobody's child that matters */
		bool child = daemon_name_of(m->parent_comm) != NULL;
		ret->survives = child ? "unknown" : "yes";
		ret->evidence = arena_fmt(a, "its VMM's parent is %s; %s finds it again when it starts",
		                          parent_text(m, a), daemon_name);
	} else {
		ret->survives =
		        d && (d->restore == RESTORE_FILE || d->restore == RESTORE_ARGV) ? "configured" : "unknown";
		ret->evidence = "its shim was not found";
	}
}
