/* What is left when somebody was killed: found by the register, by the names of cgroups and by those of directories. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/remains.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/proctable.h"

/* While somebody makes or removes it, it is theirs; a removal of our own that is still there has failed. */
static bool is_dead(const struct launched *l)
{
	if (strcmp(l->state, "running") == 0)
		return (l->owner && !proctable_is(l->owner, l->owner_start)) || !proctable_is(l->pid, l->pid_start);
	if (l->starter == getpid())
		return strcmp(l->state, "stopping") == 0;
	return !proctable_is(l->starter, l->starter_start);
}

static void kill_vms(const char *name)
{
	pid_vec pids = {0};
	cleanup_free char *vm_name = xasprintf("vctop-%s,debug-threads=on", name);
	proctable_find_vm(vm_name, &pids);
	for (size_t i = 0; i < pids.n; i++)
		(void)proctable_kill(pids.v[i], proctable_start(pids.v[i]));
	vec_free(&pids);
}

static bool is_story(const char *kind)
{
	return strcmp(kind, "story") == 0;
}

static int remove_parts(const struct reg *r, const struct launched *l, struct error *err)
{
	const struct backend *b = backend_find(l->backend);
	char leaf[48];
	int rc = 0;
	sample_leaf(l->kind, l->name, leaf);
	if (b && b->remove)
		rc = b->remove(r, l, err);
	else if (!is_story(l->kind) && l->pid && !proctable_kill(l->pid, l->pid_start))
		rc = error_set(err, EBUSY, "%s: process %d does not end", l->name, (int)l->pid);
	if (rc == 0 && strcmp(l->kind, "vm") == 0)
		kill_vms(l->name);
	if (rc == 0 && geteuid() == 0)
		rc = lab_cgroup_remove(leaf, err);
	if (rc == 0 && is_story(l->kind))
		rc = remains_remove(r, l->name, err);
	if (rc == 0)
		reg_remove_dir(r, leaf);
	return rc;
}

int sample_undo(const struct reg *r, const struct launched *l, struct error *err)
{
	return remove_parts(r, l, err);
}

int sample_remove(const struct reg *r, struct launched *l, struct error *err)
{
	free(l->state);
	l->state = xstrdup("stopping");
	l->starter = getpid();
	l->starter_start = proctable_start(l->starter);
	(void)reg_write(r, l, NULL); /* a full disk must not keep us from removing */
	int rc = remove_parts(r, l, err);
	if (rc == 0)
		return reg_remove(r, l->name, err);
	l->starter = 0; /* anybody may try again */
	(void)reg_write(r, l, NULL);
	return rc;
}

/* A register file that cannot be read names a sample all the same. */
static int remove_unreadable(const struct reg *r, const char *name)
{
	/* Whether an engine had it is not known: one that does not answer keeps nothing. */
	static const struct {
		const char *kind, *backend;
		bool perhaps;
	} each[] = {{"container", "builtin", false}, {"vm", "tcg", false},          {"process", "process", false},
	            {"story", NULL, false},          {"container", "podman", true}, {"container", "docker", true}};
	int rc = 0;
	for (size_t i = 0; i < ARRAY_SIZE(each) && rc == 0; i++) {
		struct launched l = {.name = xstrdup(name), .kind = xstrdup(each[i].kind)};
		l.backend = each[i].backend ? xstrdup(each[i].backend) : NULL;
		int one = remove_parts(r, &l, NULL);
		rc = each[i].perhaps ? rc : one;
		launched_clear(&l);
	}
	return rc == 0 ? reg_remove(r, name, NULL) : rc;
}

static void sweep_register(const struct reg *r)
{
	int fd = dup(r->samples);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	if (dir)
		rewinddir(dir);
	while (dir && (e = readdir(dir))) {
		char name[48] = "";
		size_t n = strlen(e->d_name);
		struct launched l;
		if (n > 5 && e->d_name[0] == '.' && strcmp(e->d_name + n - 4, ".tmp") == 0)
			(void)unlinkat(r->samples, e->d_name, 0);
		if (n < 6 || n > 45 || strcmp(e->d_name + n - 5, ".json") != 0)
			continue;
		memcpy(name, e->d_name, n - 5);
		if (!launched_name_valid(name))
			continue;
		if (reg_read(r, name, &l) == 0)
			launched_clear(&l);
		else
			(void)remove_unreadable(r, name);
	}
}

/* Does the register know the sample that this cgroup or directory is named after? */
static bool leaf_is_known(const launched_vec *all, const char *leaf)
{
	char theirs[48];
	for (size_t i = 0; i < all->n; i++) {
		sample_leaf(all->v[i].kind, all->v[i].name, theirs);
		if (strcmp(theirs, leaf) == 0)
			return true;
	}
	return false;
}

/*
 * A vctop with a /run of its own (in another mount namespace) keeps another register: what runs in a group that ours
 * does not know may be its sample.
 */
static void sweep_cgroups(const launched_vec *all, bool occupied, unsigned *count)
{
	leaf_vec leaves = {0};
	lab_cgroup_leaves(&leaves);
	for (size_t i = 0; i < leaves.n; i++)
		if (launched_name_valid(leaves.v[i] + 3) && !leaf_is_known(all, leaves.v[i]) &&
		    (occupied || !lab_cgroup_occupied(leaves.v[i])))
			*count += lab_cgroup_remove(leaves.v[i], NULL) == 0;
	leaf_vec_release(&leaves);
}

static void sweep_dirs(const struct reg *r, const launched_vec *all)
{
	cleanup_dir DIR *dir = opendir(r->path);
	const struct dirent *e;
	while (dir && (e = readdir(dir)))
		if (sample_kind(e->d_name) && launched_name_valid(e->d_name + 3) && !leaf_is_known(all, e->d_name)) {
			if (is_story(sample_kind(e->d_name)))
				(void)remains_remove(r, e->d_name + 3, NULL);
			reg_remove_dir(r, e->d_name);
		}
}

int janitor_run(const struct reg *r, bool occupied, unsigned *ret_removed, struct error *err)
{
	launched_vec all = {0}, left = {0};
	unsigned count = 0;
	sweep_register(r);
	int rc = reg_list(r, &all, err);
	for (size_t i = 0; rc >= 0 && i < all.n; i++) {
		struct launched *l = &all.v[i];
		if (!is_dead(l))
			continue;
		int one = sample_remove(r, l, rc == 0 ? err : NULL);
		count += one == 0;
		rc = rc == 0 && one < 0 ? 1 : rc; /* go on: one that resists must not keep the others */
	}
	if (rc >= 0 && reg_list(r, &left, err) == 0) {
		if (geteuid() == 0)
			sweep_cgroups(&left, occupied, &count);
		sweep_dirs(r, &left);
	}
	launched_release(&all);
	launched_release(&left);
	if (ret_removed)
		*ret_removed = count;
	return rc == 1 ? -EBUSY : rc;
}
