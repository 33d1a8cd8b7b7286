#include "source/bpf/processes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <string.h>
#include <unistd.h>

#include "source/bpf/processes_program.h"
#include "vctop/base/attr.h"
#include "vctop/base/vec.h"
#include "vctop/source/process.h"

/* enum devcg_behavior */
#define DEVICES_ALLOWED 1
/* The kernel gives at most 32 KiB, whole records. */
#define READ_AT_ONCE 128
#define MINOR_BITS 20              /* of a dev_t in the kernel */
#define KERNELS_THREAD 0x00200000U /* PF_KTHREAD */
#define UNKNOWN64 UINT64_MAX
#define UNKNOWN32 UINT32_MAX

struct member {
	uint64_t group, start_ticks;
	pid_t pid;
};

struct process_bulk {
	int link;
	long ticks;                    /* a second */
	VEC(struct process_told) told; /* ascending pids, as the kernel goes through them */
	struct process_record first;   /* PID 1's */
	/* Of all in a group the first, by group; made when it is asked for.  Until then those that are not told. */
	VEC(struct member) members;
	bool listed;
};

void process_bulk_forget(struct process_bulk *b)
{
	vec_free(&b->told);
	vec_free(&b->members);
	b->listed = false;
}

void process_bulk_close(struct process_bulk *b)
{
	if (!b)
		return;
	process_bulk_forget(b);
	if (b->link >= 0)
		(void)close(b->link);
	free(b);
}

struct process_bulk *process_bulk_open(struct kernel_types *types, const struct mounts *m)
{
	cleanup_close int program = processes_program_load(types, m);
	if (program < 0)
		return NULL;
	struct process_bulk *b = xcalloc(1, sizeof(*b));
	b->ticks = sysconf(_SC_CLK_TCK);
	b->link = bpf_link_create(program, 0, BPF_TRACE_ITER, NULL);
	if (b->link >= 0 && b->ticks > 0)
		return b;
	process_bulk_close(b);
	return NULL;
}

static bool is_kernels(const struct process_record *r)
{
	return r->flags != UNKNOWN32 && r->flags & KERNELS_THREAD;
}

static bool is_whole(const struct process_record *r)
{
	if (r->own.ns == UNKNOWN64 || r->own.nr <= 0 || r->threads == UNKNOWN32 || r->exit_state != 0)
		return false;
	if (is_kernels(r))
		return true;
	for (int t = 0; t < NS_MAX; t++)
		if (r->ns[t] == UNKNOWN64)
			return false;
	return r->stack != UNKNOWN64 && r->cap_eff != UNKNOWN64 && r->euid != UNKNOWN32 && r->root[0] != UNKNOWN64 &&
	       r->root_dev != UNKNOWN32 && r->seccomp <= 2 && r->net_ns != UNKNOWN32 && r->level >= r->reader_level;
}

static uint64_t start_of(const struct process_bulk *b, const struct process_record *r)
{
	return r->start_nsec / (1000000000 / (uint64_t)b->ticks);
}

/* Its first thread has ended and others have not: it is in its group still, but what it has shows in no file. */
static bool goes_on(const struct process_record *r)
{
	return r->exit_state != 0 && r->threads != UNKNOWN32 && r->threads > 1 && r->group != UNKNOWN64;
}

static void take(struct process_bulk *b, const struct process_record *r)
{
	if (r->own.nr == 1 && is_whole(r))
		b->first = *r;
	if (b->first.own.nr == 1 && goes_on(r))
		vec_push(&b->members, ((struct member){r->group, start_of(b, r), r->own.nr}));
	if (!is_whole(r) || b->first.own.nr != 1)
		return;
	struct process_told t = {
	        .pid = r->own.nr,
	        .ppid = r->parent.ns == r->own.ns && r->own.nr != 1 ? r->parent.nr : 0,
	        .start_ticks = start_of(b, r),
	        .kernel = is_kernels(r),
	        .stack = is_kernels(r) ? 0 : r->stack,
	        .threads = r->threads,
	        .pid_levels = r->level - r->reader_level + 1,
	        .euid = r->euid,
	        .cap_eff = r->cap_eff,
	        .cap_bnd = r->cap_bnd,
	        .seccomp = (int)r->seccomp,
	        .no_new_privs = r->atomic_flags & 1,
	        .hosts_root = memcmp(r->root, b->first.root, sizeof(r->root)) == 0,
	        .net_ns = r->net_ns,
	        .all_devices = r->devices == UNKNOWN32 ? -1 : r->devices == DEVICES_ALLOWED,
	        .has_notifier = r->notifiers == UNKNOWN64 ? -1 : r->notifiers != 0,
	        .root_major = (int)(r->root_dev >> MINOR_BITS),
	        .group = r->group == UNKNOWN64 ? 0 : r->group,
	};
	memcpy(t.comm, r->comm, sizeof(t.comm));
	t.comm[sizeof(t.comm) - 1] = '\0';
	if (r->program_entry != r->program_root && memchr(r->program, '\0', sizeof(r->program)))
		(void)snprintf(t.program, sizeof(t.program), "%s", r->program);
	for (int n = 0; n < NS_MAX; n++)
		t.ns[n] = r->ns[n] == b->first.ns[n] ? NS_HOST : NS_OWN;
	vec_push(&b->told, t);
}

const struct process_told *process_bulk_find(const struct process_bulk *b, pid_t pid)
{
	size_t from = 0, to = b->told.n;
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (b->told.v[mid].pid < pid)
			from = mid + 1;
		else
			to = mid;
	}
	return from < b->told.n && b->told.v[from].pid == pid ? &b->told.v[from] : NULL;
}

static int by_group(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	return (x->group > y->group) - (x->group < y->group);
}

static int by_group_and_start(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int c = by_group(x, y);
	c = c ? c : (x->start_ticks > y->start_ticks) - (x->start_ticks < y->start_ticks);
	return c ? c : (x->pid > y->pid) - (x->pid < y->pid);
}

static void list_members(struct process_bulk *b)
{
	size_t n = 0;
	for (size_t i = 0; i < b->told.n; i++)
		vec_push(&b->members,
		         ((struct member){b->told.v[i].group, b->told.v[i].start_ticks, b->told.v[i].pid}));
	if (b->members.n > 1)
		qsort(b->members.v, b->members.n, sizeof(*b->members.v), by_group_and_start);
	for (size_t i = 0; i < b->members.n; i++)
		if (!n || b->members.v[i].group != b->members.v[n - 1].group)
			b->members.v[n++] = b->members.v[i];
	b->members.n = n;
	b->listed = true;
}

pid_t process_bulk_first_in(struct process_bulk *b, uint64_t group)
{
	struct member key = {.group = group};
	if (!b->listed)
		list_members(b);
	const struct member *m = b->members.n ? bsearch(&key, b->members.v, b->members.n, sizeof(key), by_group) : NULL;
	return m ? m->pid : 0;
}

/* Held against what proc/ says of ourselves. */
static bool is_true(const struct process_bulk *b, struct rootfs *fs)
{
	struct process_stat st;
	const struct process_told *t = process_bulk_find(b, getpid());
	return t && process_read_stat(fs, getpid(), &st) == 0 && st.start_ticks == t->start_ticks &&
	       st.ppid == t->ppid && st.stack == t->stack;
}

int process_bulk_read(struct process_bulk *b, struct rootfs *fs)
{
	struct process_record buf[READ_AT_ONCE];
	ssize_t n;
	process_bulk_forget(b);
	b->first = (struct process_record){0};
	cleanup_close int it = bpf_iter_create(b->link);
	if (it < 0)
		return -errno;
	while ((n = read(it, buf, sizeof(buf))) > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(buf[0]); i++)
			take(b, &buf[i]);
	if (n < 0)
		return -errno;
	return b->first.own.nr != 1 ? -ESRCH : is_true(b, fs) ? 0 : -EINVAL;
}

#else

struct process_bulk *process_bulk_open(struct kernel_types *types, const struct mounts *m)
{
	(void)types;
	(void)m;
	return NULL;
}

void process_bulk_close(struct process_bulk *b)
{
	(void)b;
}

int process_bulk_read(struct process_bulk *b, struct rootfs *fs)
{
	(void)b;
	(void)fs;
	return -EOPNOTSUPP;
}

const struct process_told *process_bulk_find(const struct process_bulk *b, pid_t pid)
{
	(void)b;
	(void)pid;
	return NULL;
}

pid_t process_bulk_first_in(struct process_bulk *b, uint64_t group)
{
	(void)b;
	(void)group;
	return 0;
}

void process_bulk_forget(struct process_bulk *b)
{
	(void)b;
}
#endif
