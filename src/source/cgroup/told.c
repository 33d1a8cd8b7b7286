/* What the bulk reading tells of groups, and whether it is worth having. */
#include <errno.h>
#include <string.h>

#include "source/cgroup/cgroup_reader.h"
#include "vctop/base/prefetch.h"

/* To learn the kernel's types costs some 20 ms once: nothing for a few groups, nor for one look at not so many. */
#define TICKS_BEFORE 3
#define GROUPS_LEAST 64
#define GROUPS_AT_ONCE 256
/* Where the order of memory.stat's items could not be found out, again after that long. */
#define ASK_USEC 10000000

static void open_bulk(struct cgroup_tree *t, size_t groups)
{
	bulk_close(t->bulk);
	t->no_bulk = NULL;
	t->bulk = bulk_open(&t->types, &t->mounts, groups, &t->no_bulk);
}

static bool is_worth_it(struct cgroup_tree *t, size_t groups)
{
	bool waited = t->ticks >= TICKS_BEFORE;
	t->ticks += !waited;
	return t->may_rest && groups >= (waited ? GROUPS_LEAST : GROUPS_AT_ONCE) && !t->no_bulk;
}

/* Are memory.stat's items where they are looked for? */
static bool stats_are_told(struct cgroup_tree *t)
{
	struct cgroup_stats *s = &t->stats;
	int64_t now = rootfs_mono_usec(t->fs), age = now - s->asked_usec;
	bool ask = t->bulk->stats_by_order || (t->mounts.v1[CTRL_MEMORY] && !s->asked_usec);
	if (ask && s->order == STAT_ORDER_UNKNOWN && (!s->asked_usec || age < 0 || age >= ASK_USEC)) {
		s->asked_usec = now;
		s->order = stat_order_ask(&t->types, &t->mounts, &s->swap);
	}
	return !t->bulk->stats_by_order || s->order == STAT_ORDER_HOLDS;
}

/* Once open it is read in every tick: what it told in an earlier one would make all groups seem to stand still. */
void cgroup_tree_tick(struct cgroup_tree *t, size_t groups)
{
	if (t->telling)
		return;
	if (!t->bulk && is_worth_it(t, groups))
		open_bulk(t, groups + groups / 4 + 256); /* there are others than containers' */
	if (!t->bulk)
		return;
	int r = bulk_read(t->bulk);
	rootfs_spent(t->fs, BULK_SYSCALLS);
	if (r == -ENOSPC) {
		open_bulk(t, bulk_groups(t->bulk) * 2); /* to be read in the next tick */
	} else if (r < 0) {
		bulk_close(t->bulk);
		t->bulk = NULL;
		t->no_bulk = "the kernel did not go on with it";
	}
	t->telling = t->bulk && r == 0;
	t->stats.told = t->telling && stats_are_told(t);
}

static void note_waits(struct cgroup_waits *w, struct metric now, int64_t usec)
{
	if (!metric_is_ok(now) || !metric_same(w->counter, now))
		w->moved_usec = usec;
	w->counter = now;
}

void cgroup_tree_begin(struct cgroup_tree *t, const struct host_sample *h)
{
	t->telling = false;
	t->fds_are_short = t->may_rest && rootfs_fds_are_short(t->fs);
	t->stats.no_swap = metric_same(h->swap_total_bytes, metric_ok(0));
	note_waits(&t->cpu_waits, h->cpu_pressure_usec, h->mono_usec);
	note_waits(&t->memory_waits, h->mem_pressure_usec, h->mono_usec);
}

size_t cgroup_tree_groups(const struct cgroup_tree *t)
{
	return t->telling ? bulk_groups(t->bulk) : 0;
}

const struct bulk_record *cgroup_tree_told(const struct cgroup_tree *t, uint64_t inode)
{
	size_t hint = 0;
	return t->telling ? bulk_find(t->bulk, inode, &hint) : NULL;
}

const struct bulk_record *cgroup_reader_told(struct cgroup_reader *r)
{
	return r->tree->bulk ? bulk_find(r->tree->bulk, r->incarnation, &r->hint) : NULL;
}

void cgroup_reader_prefetch(const struct cgroup_reader *r)
{
	prefetch(r, sizeof(*r));
}

void cgroup_told_prefetch(const struct cgroup_tree *t, const struct cgroup_reader *r)
{
	if (t->bulk && r->hint)
		prefetch(&t->bulk->records[r->hint], sizeof(struct bulk_record));
}

void cgroup_reader_question(const struct cgroup_reader *r, struct cap_question *q)
{
	q->resting = r->rested;
	q->told = r->tree->telling ? r->told : NULL;
}
