#include "vctop/model/background.h"

#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/text.h"

/* Whoever adds a member compares it below; the compiler notices, unless it fits into padding. */
_Static_assert(sizeof(void *) != 8 || (sizeof(struct isolation) == 160 && sizeof(struct disk) == 80 &&
                                       sizeof(struct supervisor) == 56),
               "a member that is not compared");

static bool reads_same(const struct metric *a, const struct metric *b)
{
	return metric_same(*a, *b) && (metric_is_ok(*a) || text_same(a->why, b->why));
}

static bool isolation_same(const struct isolation *a, const struct isolation *b)
{
	return memcmp(a->ns, b->ns, sizeof(a->ns)) == 0 && text_same(a->kernel, b->kernel) &&
	       text_same(a->user, b->user) && reads_same(&a->uid, &b->uid) &&
	       text_same(a->capabilities, b->capabilities) && reads_same(&a->all_capabilities, &b->all_capabilities) &&
	       text_same(a->seccomp, b->seccomp) && text_same(a->lsm, b->lsm) &&
	       reads_same(&a->no_new_privs, &b->no_new_privs) && reads_same(&a->privileged, &b->privileged) &&
	       reads_same(&a->read_only_root, &b->read_only_root) && text_same(a->host_mounts, b->host_mounts) &&
	       text_same(a->guard, b->guard) && text_same(a->summary, b->summary);
}

bool disk_same(const struct disk *a, const struct disk *b)
{
	return reads_same(&a->image_bytes, &b->image_bytes) && reads_same(&a->shared_bytes, &b->shared_bytes) &&
	       reads_same(&a->layers, &b->layers) && reads_same(&a->virtual_bytes, &b->virtual_bytes) &&
	       reads_same(&a->allocated_bytes, &b->allocated_bytes) && reads_same(&a->snapshots, &b->snapshots) &&
	       reads_same(&a->chain, &b->chain) && text_same(a->driver, b->driver) && text_same(a->detail, b->detail);
}

static bool supervisor_same(const struct supervisor *a, const struct supervisor *b)
{
	return text_same(a->daemon, b->daemon) && text_same(a->monitor, b->monitor) &&
	       reads_same(&a->monitor_pid, &b->monitor_pid) && reads_same(&a->daemon_running, &b->daemon_running) &&
	       text_same(a->survives, b->survives) && text_same(a->evidence, b->evidence);
}

bool background_same(const struct background *a, const struct background *b)
{
	return isolation_same(&a->isolation, &b->isolation) && disk_same(&a->disk, &b->disk) &&
	       supervisor_same(&a->supervisor, &b->supervisor);
}
