#include "source/proctab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/map.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

/* After this long a process has done the exec it was forked for. */
#define SETTLE_USEC 3000000
/* Each is glanced at that often, for an exec late in life. */
#define SWEEP_USEC 60000000
/* What a monitor starts shows a moment after itself. */
#define LOOKS_ENOUGH 2
/* From so many processes on not all are listed in every tick, but this often. */
#define MANY 512
#define LIST_USEC 10000000
/* From so many on it is worth it to have all told at once; where the kernel's types were learned for it already, from
 * fewer.  Files of one cost as much as walking over as many others. */
#define MANY_ASKED 256
#define SOME_ASKED 32
#define WALKED_FOR_ONE 16
#define GLANCES_KEPT 256

void proctab_init(struct proctab *t, struct cgroup_tree *cgroups)
{
	*t = (struct proctab){.loadavg = KFILE_INIT, .cgroups = cgroups};
}

void proctab_expect(struct proctab *t, struct rootfs *fs, size_t n)
{
	bool many = n >= (t->bulk ? SOME_ASKED : MANY_ASKED) && n * WALKED_FOR_ONE >= t->known.n;
	if (!many || !t->may_tell || t->telling)
		return;
	if (!t->bulk)
		t->bulk = process_bulk_open(&t->cgroups->types, &t->cgroups->mounts);
	t->telling = t->bulk && process_bulk_read(t->bulk, fs) == 0;
	t->may_tell = t->telling;
}

bool proctab_is_telling(const struct proctab *t)
{
	return t->telling;
}

const struct process_told *proctab_told(const struct proctab *t, pid_t pid)
{
	return t->telling ? process_bulk_find(t->bulk, pid) : NULL;
}

pid_t proctab_first_in(const struct proctab *t, uint64_t group)
{
	return t->telling && group ? process_bulk_first_in(t->bulk, group) : 0;
}

static int by_pid(const void *a, const void *b)
{
	const struct proctab_entry *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

static bool is_settled(const struct process_stat *st, struct rootfs_time now)
{
	return now.real_usec - process_started(st, now) > SETTLE_USEC;
}

/* What an exec changes, as far as it is told. */
static uint64_t program_of(const struct process_stat *st)
{
	return map_hash(st->comm) ^ st->stack;
}

struct glance {
	struct proctab *t;
	struct rootfs *fs;
	struct rootfs_time now;
	proctab_look look;
	void *data;
};

static struct process_stat stat_of(const struct process_told *p)
{
	struct process_stat st = {.ppid = p->ppid,
	                          .state = 'S', /* it has not ended */
	                          .threads = p->threads,
	                          .start_ticks = p->start_ticks,
	                          .stack = p->stack};
	(void)snprintf(st.comm, sizeof(st.comm), "%s", p->comm);
	(void)text_clean(st.comm, sizeof(st.comm));
	return st;
}

static int read_process(const struct glance *g, pid_t pid, struct process *ret)
{
	const struct process_told *told = proctab_told(g->t, pid);
	if (!told || (!told->kernel && !*told->program))
		return process_read(g->fs, pid, ret);
	struct process_stat st = stat_of(told);
	*ret = told->kernel ? (struct process){.pid = pid, .stat = st} : process_known(g->fs, pid, &st, told->program);
	ret->no_kvm = told->has_notifier == 0;
	return 0;
}

static void look_at(const struct glance *g, struct proctab_entry *e)
{
	struct process p;
	if (read_process(g, e->pid, &p) < 0)
		return; /* gone already */
	bool settled = is_settled(&p.stat, g->now);
	if (e->start_ticks != p.stat.start_ticks)
		*e = (struct proctab_entry){.pid = e->pid};
	/* A program that starts a VM sooner or later gives it threads; of short lives with one none is worth a look. */
	p.closely = (p.stat.threads > 1 || settled) && (p.stat.threads > e->threads || settled != e->settled);
	e->settled = settled;
	e->start_ticks = p.stat.start_ticks;
	e->program = program_of(&p.stat);
	e->seen_threads = p.stat.threads;
	e->looks = settled ? LOOKS_ENOUGH : e->looks + 1;
	if (p.closely)
		e->threads = p.stat.threads;
	vec_push(&g->t->glances, ((struct proctab_glance){p.pid, p.stat}));
	g->look(g->data, &p);
	if (process_failed(&p))
		*e = (struct proctab_entry){.pid = e->pid}; /* as if it were new */
	process_release(&p);
}

static void glance_at(const struct glance *g, struct proctab_entry *e)
{
	struct process_stat st;
	if (e->looks < LOOKS_ENOUGH || proctab_stat(g->t, g->fs, e->pid, &st) < 0 || st.start_ticks != e->start_ticks ||
	    program_of(&st) != e->program || st.threads > e->seen_threads || is_settled(&st, g->now) != e->settled)
		look_at(g, e);
	else if (!g->t->telling)
		vec_push(&g->t->glances, ((struct proctab_glance){e->pid, st}));
}

static void add_pid(struct proctab *t, const char *name)
{
	pid_t pid;
	if (*name >= '1' && *name <= '9' && parse_pid(name, strnlen(name, 12), &pid) == 0)
		vec_push(&t->next, ((struct proctab_entry){.pid = pid}));
}

static int list_tree(struct proctab *t, struct rootfs *fs)
{
	int r = rootfs_list(fs, "proc", true, &t->names);
	for (size_t i = 0; r == 0 && i < t->names.at.n; i++)
		add_pid(t, rootfs_name(&t->names, i));
	if (t->next.n)
		qsort(t->next.v, t->next.n, sizeof(*t->next.v), by_pid);
	return r;
}

/*
 * proc/ lists pids in ascending order, each at a place that is its number and a constant, so that listing can begin
 * after any pid.  The constant is learned from the first listing: each entry tells the place of the one after it.
 */
static int list_live(struct proctab *t, struct rootfs *fs, uint64_t after)
{
	_Alignas(struct dirent64) char buf[32768];
	int64_t place = 0;
	ssize_t n;
	cleanup_close int fd = rootfs_openat(fs, "proc", O_DIRECTORY);
	if (fd < 0)
		return fd;
	if (after && lseek(fd, (off_t)after + 1 + t->offset, SEEK_SET) < 0)
		return -errno;
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0)
		for (const char *at = buf; at < buf + n;) {
			const struct dirent64 *e = (const struct dirent64 *)(const void *)at;
			size_t had = t->next.n;
			add_pid(t, e->d_name);
			if (t->next.n > had && place && !t->offset)
				t->offset = place - t->next.v[had].pid;
			place = e->d_off;
			at += e->d_reclen;
		}
	return n < 0 ? -errno : 0;
}

/* What is known of a pid stays with it. */
static void take_known(struct proctab *t)
{
	for (size_t i = 0, old = 0; i < t->next.n; i++) {
		struct proctab_entry *e = &t->next.v[i];
		while (old < t->known.n && t->known.v[old].pid < e->pid)
			old++;
		if (old < t->known.n && t->known.v[old].pid == e->pid)
			*e = t->known.v[old];
	}
	__typeof__(t->known) swap = t->known;
	t->known.v = t->next.v, t->known.n = t->next.n, t->known.cap = t->next.cap;
	t->next.v = swap.v, t->next.n = swap.n, t->next.cap = swap.cap;
}

/* The pids that were handed out since the tick before: after `from`, up to `to`, and round the end when to < from. */
struct handed {
	uint64_t from, to;
};

/* "0.00 0.01 0.05 2/345 6789": the last one is there. */
static struct handed read_handed(struct proctab *t, struct rootfs *fs)
{
	char buf[128];
	const char *w;
	size_t len;
	struct handed h = {t->last_pid, t->last_pid};
	ssize_t n = kfile_read(fs, &t->loadavg, "proc/loadavg", buf, sizeof(buf));
	if (n > 0 && parse_word(buf, (size_t)n, 4, &w, &len))
		(void)parse_u64(w, len, &h.to);
	t->last_pid = h.to;
	return h;
}

static bool was_handed(struct handed h, pid_t pid)
{
	uint64_t p = (uint64_t)pid;
	return h.from <= h.to ? p > h.from && p <= h.to : p > h.from || p <= h.to;
}

/* Which of the known are glanced at in this tick: a share, or all at the end of a round where they are told of. */
static void take_share(struct proctab *t, int64_t now, size_t *ret_from, size_t *ret_to)
{
	int64_t age = now - t->swept_usec;
	bool at_once = t->may_tell && t->known.n >= MANY_ASKED;
	if (age < 0 || age > SWEEP_USEC)
		age = SWEEP_USEC;
	size_t share = t->telling ? t->known.n
	               : at_once  ? 0
	                          : (size_t)((double)t->known.n * (double)age / SWEEP_USEC) + 1;
	*ret_from = !t->telling && t->swept < t->known.n ? t->swept : 0;
	t->swept = *ret_to = *ret_from + share;
	if (share)
		t->swept_usec = now;
}

/* How many are asked about in this tick. */
static size_t count_asked(const struct proctab *t, int64_t now)
{
	size_t n = 0;
	int64_t age = now - t->swept_usec;
	if (age < 0 || age >= SWEEP_USEC)
		return t->known.n;
	for (size_t i = 0; i < t->known.n; i++)
		n += !t->known.v[i].looks;
	return n;
}

/* Those up to the last pid handed out are taken to be there still; all, if none was since. */
static int list_new(struct proctab *t, struct rootfs *fs, struct handed h)
{
	for (size_t i = 0; i < t->known.n && (h.to == h.from || (uint64_t)t->known.v[i].pid <= h.from); i++)
		vec_push(&t->next, t->known.v[i]);
	return h.to == h.from ? 0 : list_live(t, fs, h.from);
}

static int list(struct proctab *t, struct rootfs *fs, struct handed h, int64_t now)
{
	int64_t age = now - t->listed_usec;
	t->next.n = 0;
	t->whole = !rootfs_is_live(fs) || t->known.n < MANY || age < 0 || age >= LIST_USEC || h.to < h.from ||
	           !h.from || !t->offset;
	if (t->whole)
		t->listed_usec = now;
	if (!rootfs_is_live(fs))
		return list_tree(t, fs);
	return t->whole ? list_live(t, fs, 0) : list_new(t, fs, h);
}

static void forget_told(struct proctab *t)
{
	if (t->telling)
		process_bulk_forget(t->bulk);
	t->telling = false;
}

int proctab_update(struct proctab *t, struct rootfs *fs, proctab_look look, void *data)
{
	const struct glance g = {t, fs, rootfs_now(fs), look, data};
	if (t->glances.cap > GLANCES_KEPT)
		vec_free(&t->glances); /* many in the first tick, few later */
	t->glances.n = 0;
	forget_told(t);
	struct handed handed = read_handed(t, fs);
	int r = list(t, fs, handed, g.now.mono_usec);
	if (r < 0)
		return r;
	take_known(t);
	size_t from, to;
	proctab_expect(t, fs, count_asked(t, g.now.mono_usec));
	take_share(t, g.now.mono_usec, &from, &to);
	for (size_t i = 0; i < t->known.n; i++) {
		struct proctab_entry *e = &t->known.v[i];
		if (!e->settled || (i >= from && i < to) || was_handed(handed, e->pid))
			glance_at(&g, e);
	}
	return 0;
}

void proctab_release(struct proctab *t, struct rootfs *fs)
{
	kfile_close(fs, &t->loadavg);
	process_bulk_close(t->bulk);
	vec_free(&t->known);
	vec_free(&t->next);
	vec_free(&t->glances);
	rootfs_names_release(&t->names);
}

static const struct proctab_entry *find(const struct proctab *t, pid_t pid)
{
	struct proctab_entry key = {.pid = pid};
	return t->known.n ? bsearch(&key, t->known.v, t->known.n, sizeof(key), by_pid) : NULL;
}

bool proctab_has(const struct proctab *t, pid_t pid)
{
	return find(t, pid) != NULL;
}

uint64_t proctab_start_ticks(const struct proctab *t, pid_t pid)
{
	const struct proctab_entry *e = find(t, pid);
	return e ? e->start_ticks : 0;
}

static int by_glance(const void *a, const void *b)
{
	const struct proctab_glance *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int proctab_stat(const struct proctab *t, struct rootfs *fs, pid_t pid, struct process_stat *ret)
{
	struct proctab_glance key = {.pid = pid};
	const struct proctab_glance *g =
	        t->glances.n ? bsearch(&key, t->glances.v, t->glances.n, sizeof(key), by_glance) : NULL;
	const struct process_told *told = g ? NULL : proctab_told(t, pid);
	if (!g && !told)
		return process_read_stat(fs, pid, ret);
	*ret = g ? g->stat : stat_of(told);
	return 0;
}
