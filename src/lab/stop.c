/* Ending samples, listing them, and cleaning up after those who could not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/proctable.h"
#include "vctop/lab/samples.h"

/* A start that is asked to end looks at that request several times a second. */
#define STOP_WAIT_MSEC 15000

/* Its starter undoes it, for only that one knows how far it has come. true: the starter has died over it. */
static bool starter_is_gone(const struct launched *l)
{
	return l->starter == getpid() || !proctable_is(l->starter, l->starter_start);
}

/* 0 gone, -EAGAIN its starter is at it. */
static int stop_once(struct reg *r, const char *name, struct error *err)
{
	struct launched l = {0};
	int rc = reg_lock(r, err);
	if (rc < 0)
		return rc;
	rc = reg_read(r, name, &l);
	if (rc == 0 && starter_is_gone(&l)) {
		rc = sample_remove(r, &l, err);
	} else if (rc == 0) {
		free(l.state);
		l.state = xstrdup("stopping");
		rc = reg_write(r, &l, err);
		rc = rc < 0 ? rc : -EAGAIN;
	} else {
		rc = error_set(err, ENOENT, "%s: no such sample", name);
	}
	launched_clear(&l);
	reg_unlock(r);
	return rc;
}

int sample_stop(const char *name, struct error *err)
{
	cleanup_reg struct reg r = REG_INIT;
	if (!launched_name_valid(name))
		return error_set(err, ENOENT, "%.60s: no such sample", name);
	int rc = reg_open(&r, false, err);
	if (rc < 0)
		return rc == -ENOENT ? error_set(err, ENOENT, "%s: no such sample", name) : rc;
	rc = stop_once(&r, name, err);
	for (unsigned waited = 0; rc == -EAGAIN && waited < STOP_WAIT_MSEC; waited += 50) {
		lab_nap(50);
		if (!reg_has(&r, name))
			return 0;
		struct launched l = {0};
		bool retry = reg_read(&r, name, &l) == 0 && starter_is_gone(&l);
		launched_clear(&l);
		if (retry)
			rc = stop_once(&r, name, err);
	}
	return rc == -EAGAIN ? error_set(err, EBUSY, "%s: still starting", name) : rc;
}

static int stop_matching(pid_t owner, unsigned *ret_stopped, struct error *err)
{
	launched_vec all = {0};
	unsigned stopped = 0;
	int rc = samples_list(&all, err);
	for (size_t i = 0; i < all.n; i++) {
		if (owner && all.v[i].owner != owner)
			continue;
		int one = sample_stop(all.v[i].name, rc == 0 ? err : NULL);
		stopped += one == 0;
		if (one < 0 && one != -ENOENT && rc == 0)
			rc = one;
	}
	launched_release(&all);
	if (ret_stopped)
		*ret_stopped = stopped;
	return rc;
}

int samples_stop_owned(pid_t owner, struct error *err)
{
	return stop_matching(owner, NULL, err);
}

int samples_list(launched_vec *ret, struct error *err)
{
	cleanup_reg struct reg r = REG_INIT;
	struct error local = {0};
	int rc = reg_open(&r, false, &local);
	if (rc == 0)
		rc = reg_list(&r, ret, &local);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0 && err)
		*err = local;
	return rc;
}

/* Something of ours without any register: its directory was removed by hand. */
static bool leaves_exist(void)
{
	leaf_vec leaves = {0};
	if (geteuid() == 0)
		lab_cgroup_leaves(&leaves);
	bool some = leaves.n > 0;
	leaf_vec_release(&leaves);
	return some;
}

static int clean(bool occupied, unsigned *ret_removed, struct error *err)
{
	cleanup_reg struct reg r = REG_INIT;
	struct error local = {0};
	if (ret_removed)
		*ret_removed = 0;
	int rc = reg_open(&r, false, &local);
	if (rc == -ENOENT || rc == -EPERM) {
		if (!leaves_exist())
			return 0; /* no register, or no place for one: nothing was ever started */
		rc = reg_open(&r, true, &local);
	}
	if (rc == 0)
		rc = reg_lock(&r, &local);
	if (rc == 0)
		rc = janitor_run(&r, occupied, ret_removed, &local);
	if (rc < 0 && err)
		*err = local;
	return rc;
}

int samples_clean(unsigned *ret_removed, struct error *err)
{
	return clean(false, ret_removed, err);
}

int samples_stop_all(unsigned *ret_stopped, struct error *err)
{
	int rc = stop_matching(0, ret_stopped, err);
	return rc == 0 ? clean(true, NULL, err) : rc;
}
