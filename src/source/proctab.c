#include "source/proctab.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/parse.h"

/* After this long a process has done the exec it was forked for. */
#define SETTLE_USEC 3000000
/* pid numbers wrap in minutes at the earliest; the sweep catches one reused between two ticks. */
#define SWEEP_USEC 30000000

static int by_pid(const void *a, const void *b)
{
	const struct proctab_entry *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool is_settled(const struct process *p, struct rootfs_time now)
{
	return now.real_usec - process_started(&p->stat, now) > SETTLE_USEC;
}

static void look_at(struct rootfs *fs, struct proctab_entry *e, struct rootfs_time now, proctab_look look, void *data)
{
	struct process p;
	if (process_read(fs, e->pid, &p) < 0)
		return; /* gone already */
	bool settled = is_settled(&p, now);
	if (e->start_ticks != p.stat.start_ticks)
		e->threads = 0;
	/* A program that starts a VM sooner or later gives it threads; of short lives with one none is worth a look. */
	p.closely = (p.stat.threads > 1 || settled) && (p.stat.threads > e->threads || settled != e->settled);
	e->settled = settled;
	e->start_ticks = p.stat.start_ticks;
	if (p.closely)
		e->threads = p.stat.threads;
	look(data, &p);
	process_release(&p);
}

static void list_pids(struct proctab *t)
{
	t->next.n = 0;
	for (size_t i = 0; i < t->names.at.n; i++) {
		const char *name = rootfs_name(&t->names, i);
		uint64_t pid;
		if (*name < '1' || *name > '9' || parse_u64(name, strnlen(name, 12), &pid) < 0 || pid > INT32_MAX)
			continue;
		vec_push(&t->next, ((struct proctab_entry){.pid = (pid_t)pid}));
	}
	if (t->next.n)
		qsort(t->next.v, t->next.n, sizeof(*t->next.v), by_pid);
}

int proctab_update(struct proctab *t, struct rootfs *fs, proctab_look look, void *data)
{
	struct rootfs_time now = rootfs_now(fs);
	int r = rootfs_list(fs, "proc", true, &t->names);
	if (r < 0)
		return r;
	list_pids(t);
	bool sweep = now.mono_usec - t->swept_usec > SWEEP_USEC || now.mono_usec < t->swept_usec;
	if (sweep)
		t->swept_usec = now.mono_usec;
	size_t old = 0;
	for (size_t i = 0; i < t->next.n; i++) {
		struct proctab_entry *e = &t->next.v[i];
		while (old < t->known.n && t->known.v[old].pid < e->pid)
			old++;
		if (old < t->known.n && t->known.v[old].pid == e->pid)
			*e = t->known.v[old];
		if (!e->settled || sweep)
			look_at(fs, e, now, look, data);
	}
	__typeof__(t->known) swap = t->known;
	t->known.v = t->next.v, t->known.n = t->next.n, t->known.cap = t->next.cap;
	t->next.v = swap.v, t->next.n = swap.n, t->next.cap = swap.cap;
	return 0;
}

void proctab_release(struct proctab *t)
{
	vec_free(&t->known);
	vec_free(&t->next);
	rootfs_names_release(&t->names);
}

bool proctab_has(const struct proctab *t, pid_t pid)
{
	struct proctab_entry key = {.pid = pid};
	return t->known.n && bsearch(&key, t->known.v, t->known.n, sizeof(key), by_pid);
}
