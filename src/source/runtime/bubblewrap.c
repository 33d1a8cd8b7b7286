/*
 * bubblewrap by itself makes namespaces and no cgroup.  The outer bwrap stays as the monitor of its child, which has a
 * mount namespace of its own; with --unshare-pid that child is a bwrap too, the new namespace's first process.
 */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"

extern const struct runtime_ops runtime_bubblewrap;

enum same { SAME_NO, SAME_YES, SAME_UNKNOWN };

static enum same same_mounts(struct facts_table *t, pid_t a, pid_t b)
{
	char path[64];
	cleanup_strbuf struct strbuf x = STRBUF_INIT, y = STRBUF_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/ns/mnt", (int)a);
	if (rootfs_readlink(t->fs, path, &x) < 0)
		return SAME_UNKNOWN;
	(void)snprintf(path, sizeof(path), "proc/%d/ns/mnt", (int)b);
	if (rootfs_readlink(t->fs, path, &y) < 0)
		return SAME_UNKNOWN;
	return strcmp(x.buf, y.buf) == 0 ? SAME_YES : SAME_NO;
}

static bool is_bwrap(struct facts_table *t, pid_t pid, struct process_stat *ret)
{
	return process_read_stat(t->fs, pid, ret) == 0 && strcmp(ret->comm, "bwrap") == 0;
}

static void look(struct facts_table *t, const struct process *p)
{
	struct process_stat st = {0};
	if (strcmp(p->stat.comm, "bwrap") != 0)
		return;
	pid_t init = facts_first_child(t, p->pid);
	if (!init)
		return;
	/* The inner one's child shares its mounts; where the links may not be read, its parent tells. */
	enum same same = same_mounts(t, p->pid, init);
	if (same == SAME_YES || (same == SAME_UNKNOWN && is_bwrap(t, p->stat.ppid, &st)))
		return;
	if (is_bwrap(t, init, &st)) {
		pid_t work = facts_first_child(t, init);
		if (!work)
			return;
		(void)process_read_stat(t->fs, work, &st);
	}
	char *id = xasprintf("%d.%llu", (int)p->pid, (unsigned long long)p->stat.start_ticks);
	facts_sight(t, &runtime_bubblewrap, p, init, id, xstrdup(*st.comm ? st.comm : "bwrap"), NULL);
}

static void refresh(struct facts_table *t)
{
	facts_put_sightings(t, &runtime_bubblewrap,
	                    "bubblewrap makes no cgroup: its use is counted in the group it was started in");
}

const struct runtime_ops runtime_bubblewrap = {.name = "bubblewrap", .refresh = refresh, .named = true, .look = look};
