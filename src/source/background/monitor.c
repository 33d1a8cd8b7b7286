/* The program above an instance's first process. */
#include <stdlib.h>
#include <string.h>

#include "source/background/isolation.h"
#include "source/background/supervisor.h"
#include "vctop/base/text.h"

/* Between init and its monitor there may be a runtime's or an init's helper. */
#define MAX_UP 4

static const char *monitor_name(const struct process *p)
{
	static const char lxc[] = "[lxc monitor]";
	if (strcmp(p->stat.comm, "conmon") == 0 || strcmp(p->stat.comm, "conmonrs") == 0)
		return "conmon";
	if (strncmp(p->stat.comm, "containerd-shim", 15) == 0 || strncmp(p->stat.comm, "docker-containe", 15) == 0)
		return "containerd-shim";
	if (strcmp(p->stat.comm, "systemd-nspawn") == 0)
		return "systemd-nspawn";
	if (strcmp(p->stat.comm, "bwrap") == 0)
		return "bwrap";
	return process_argc(p) && strncmp(process_arg(p, 0), lxc, sizeof(lxc) - 1) == 0 ? "lxc monitor" : NULL;
}

static char *relative(const char *path)
{
	if (!path || *path != '/')
		return NULL;
	if (strncmp(path, "/var/run/", 9) == 0)
		path += 4;
	return xstrdup(path + 1);
}

static const struct process *get_parent(struct parents *k, struct rootfs *fs, pid_t pid)
{
	for (size_t i = 0; i < PARENTS_KEPT; i++)
		if (k->kept[i].pid == pid)
			return &k->kept[i];
	struct process *p = &k->kept[k->next++ % PARENTS_KEPT];
	process_release(p);
	return process_read(fs, pid, p) < 0 ? NULL : p;
}

void parents_forget(struct parents *k)
{
	for (size_t i = 0; i < PARENTS_KEPT; i++)
		process_release(&k->kept[i]);
}

/* Whose child it is, as far as can be said. */
static const struct process *take_parent(struct rootfs *fs, struct parents *k, pid_t parent, struct monitor *ret)
{
	const struct process *p = parent > 1 ? get_parent(k, fs, parent) : NULL;
	ret->parent = parent;
	(void)snprintf(ret->parent_comm, sizeof(ret->parent_comm), "%s", p ? p->stat.comm : "");
	return p;
}

static void take_monitor(struct rootfs *fs, struct parents *k, const struct process *p, const char *name,
                         struct monitor *ret)
{
	struct status_facts status;
	ret->name = name;
	ret->pid = p->pid;
	ret->pgrp = p->stat.pgrp;
	if (status_read(fs, p->pid, &status) == 0 && status.has_uid) {
		ret->has_uid = true;
		ret->uid = status.uid;
	}
	const char *ns = process_option(p, "-namespace"), *socket = process_option(p, "-address");
	ret->ns = ns ? text_clean(xstrndup(ns, 64), 64) : NULL;
	ret->socket = relative(socket);
	/* "[lxc monitor] /var/lib/lxc web" is one argument. */
	if (strcmp(name, "lxc monitor") == 0)
		ret->lxc_path = xstrndup(process_arg(p, 0), 512);
	(void)take_parent(fs, k, p->stat.ppid, ret);
}

void monitor_find(struct rootfs *fs, struct parents *k, pid_t init, pid_t parent, struct monitor *ret)
{
	struct process_stat st = {.ppid = parent};
	*ret = (struct monitor){0};
	if (!parent && process_read_stat(fs, init, &st) < 0)
		return;
	ret->seen = true;
	const struct process *p = take_parent(fs, k, st.ppid, ret);
	for (unsigned up = 0; p; p = ++up < MAX_UP && p->stat.ppid > 1 ? get_parent(k, fs, p->stat.ppid) : NULL) {
		const char *name = monitor_name(p);
		if (!name)
			continue;
		take_monitor(fs, k, p, name, ret);
		return;
	}
}

void monitor_release(struct monitor *m)
{
	free(m->ns);
	free(m->socket);
	free(m->lxc_path);
}
