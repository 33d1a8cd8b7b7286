#include "source/vm/vm_infer.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "source/hex.h"
#include "source/vm/kvm_fds.h"
#include "vctop/base/parse.h"

#define KVM_RUN 0xae80U
/* A thread in guest mode shows "running" until it leaves for a moment: looking a few times catches it. */
#define TRIES 4
#define PAUSE_NSEC 300000L
#define SIGNAL_BIT(sig) (UINT64_C(1) << ((sig)-1))

enum seen { SEEN_NOTHING, SEEN_FIT, SEEN_UNFIT }; /* as a vCPU; unfit is for good */

struct call {
	bool running;
	int64_t nr;
	uint64_t arg[7]; /* six arguments and the stack pointer */
};

void vm_inference_release(struct vm_inference *inf)
{
	vec_free(&inf->tids);
	vec_free(&inf->sights);
	strbuf_release(&inf->text);
}

static int tid_of(const struct rootfs_names *names, size_t i, pid_t *ret)
{
	const char *name = rootfs_name(names, i);
	return parse_pid(name, strlen(name), ret);
}

static ssize_t read_task(struct rootfs *fs, pid_t pid, pid_t tid, const char *file, struct strbuf *sb)
{
	char path[96];
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/%s", (int)pid, (int)tid, file);
	return rootfs_read(fs, path, 65536, sb);
}

/* "202 0x55... 0x189 ..." asleep in a system call; "-1 SP PC" asleep in none; "running". */
static int parse_call(const char *buf, size_t len, struct call *ret)
{
	const char *w;
	size_t n;
	struct call c = {0};
	if (!parse_word(buf, len, 0, &w, &n))
		return -EINVAL;
	c.running = n == 7 && memcmp(w, "running", 7) == 0;
	if (!c.running && parse_i64(w, n, &c.nr) < 0)
		return -EINVAL;
	for (unsigned i = 0; !c.running && c.nr >= 0 && i < ARRAY_SIZE(c.arg); i++)
		if (!parse_word(buf, len, i + 1, &w, &n) || n < 3 || hex_digits(w + 2, n - 2, &c.arg[i]) != n - 2)
			return -EINVAL;
	*ret = c;
	return 0;
}

static int read_call(struct rootfs *fs, pid_t pid, pid_t tid, struct strbuf *sb, struct call *ret)
{
	ssize_t n = read_task(fs, pid, tid, "syscall", sb);
	return n < 0 ? (int)n : parse_call(sb->buf, sb->len, ret);
}

static void pause_briefly(const struct rootfs *fs)
{
	const struct timespec t = {0, PAUSE_NSEC};
	if (rootfs_is_live(fs))
		(void)nanosleep(&t, NULL);
}

static int blocked_signals(struct rootfs *fs, pid_t pid, pid_t tid, struct strbuf *sb, uint64_t *ret)
{
	ssize_t n = read_task(fs, pid, tid, "status", sb);
	if (n < 0)
		return (int)n;
	const char *at = memmem(sb->buf, sb->len, "\nSigBlk:\t", 9);
	if (!at)
		return -EINVAL;
	at += 9;
	return hex_digits(at, sb->len - (size_t)(at - sb->buf), ret) ? 0 : -EINVAL;
}

static bool in_kvm_run(struct rootfs *fs, pid_t pid, pid_t tid, struct strbuf *sb)
{
	struct call c;
	for (int i = 0; i < TRIES; i++) {
		if (i)
			pause_briefly(fs);
		if (read_call(fs, pid, tid, sb, &c) < 0)
			return false;
		if (!c.running)
			return c.nr == SYS_ioctl && c.arg[1] == KVM_RUN && kvm_fd_of(fs, pid, c.arg[0]) == KVM_FD_VCPU;
	}
	return false;
}

static bool is_kvm_vcpu(struct rootfs *fs, pid_t pid, pid_t tid, struct strbuf *sb)
{
	const uint64_t never = SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP);
	uint64_t blocked = 0;
	if (blocked_signals(fs, pid, tid, sb, &blocked) < 0)
		return false;
	/* Kernel workers in the process (kvm-nx-lpage-recovery, vhost) block all, and inherit a vCPU's system call. */
	if ((blocked | never) == UINT64_MAX)
		return false;
	if ((blocked & SIGNAL_BIT(SIGINT)) && !(blocked & SIGNAL_BIT(SIGUSR1)))
		return true;
	return in_kvm_run(fs, pid, tid, sb);
}

int vm_infer_kvm(struct rootfs *fs, pid_t pid, const struct rootfs_names *names, unsigned configured,
                 struct vm_inference *inf)
{
	unsigned vms, vcpu_fds = 0;
	pid_t tid = 0;
	inf->tids.n = 0;
	for (size_t i = 0; i < names->at.n; i++)
		if (tid_of(names, i, &tid) == 0 && tid != pid && is_kvm_vcpu(fs, pid, tid, &inf->text))
			vec_push(&inf->tids, tid);
	size_t found = inf->tids.n;
	if (found && found == configured)
		return 0;
	/* Hot-plugged: more than at launch, but then each has its fd. */
	if (found && kvm_fds_count(fs, pid, &vms, &vcpu_fds) == 0 && found == vcpu_fds)
		return 0;
	inf->tids.n = 0;
	return -ENOENT;
}

static enum seen judge_futex(const struct call *c)
{
	uint64_t op = c->arg[1] & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME);
	bool endless = c->arg[3] == 0;
	if (op == FUTEX_WAIT_BITSET) /* a condition: halted vCPUs wait without end, pool workers some seconds */
		return endless ? SEEN_FIT : SEEN_UNFIT;
	if (op == FUTEX_WAIT && (uint32_t)c->arg[2] == UINT32_MAX) /* QemuEvent (EV_BUSY): RCU */
		return SEEN_UNFIT;
	return SEEN_NOTHING; /* a mutex: anyone */
}

/* What a thread may be, from how it sleeps. */
static enum seen judge_call(const struct call *c)
{
	static const long io_threads[] = {
	        SYS_ppoll,     SYS_epoll_pwait,     SYS_io_uring_enter, SYS_pselect6,  SYS_preadv,
	        SYS_pwritev,   SYS_pread64,         SYS_pwrite64,       SYS_fdatasync, SYS_fsync,
	        SYS_fallocate, SYS_io_getevents,    SYS_nanosleep,      SYS_accept4,   SYS_rt_sigtimedwait,
	        SYS_recvmsg,   SYS_clock_nanosleep,
#ifdef SYS_poll
	        SYS_poll,      SYS_epoll_wait,      SYS_select,
#endif
	};
	if (c->running)
		return SEEN_FIT;
	if (c->nr == SYS_futex)
		return judge_futex(c);
	for (size_t i = 0; i < ARRAY_SIZE(io_threads); i++)
		if (c->nr == io_threads[i])
			return SEEN_UNFIT;
	return SEEN_NOTHING;
}

static void look(struct rootfs *fs, pid_t pid, pid_t tid, struct strbuf *sb, struct vm_sight *sight, int *ret_err)
{
	struct call c;
	int r = read_call(fs, pid, tid, sb, &c);
	if (r == -EACCES || r == -EPERM)
		*ret_err = -EACCES;
	enum seen now = r < 0 ? SEEN_UNFIT : judge_call(&c);
	if (now == SEEN_NOTHING)
		return;
	sight->seen = (unsigned char)now;
	if (now == SEEN_FIT && !c.running) {
		sight->slept = true;
		sight->depth = (unsigned short)(c.arg[6] & 0xfff);
	}
}

static int look_at_all(struct rootfs *fs, pid_t pid, const struct rootfs_names *names, struct vm_inference *inf)
{
	pid_t tid = 0;
	int err = 0;
	for (size_t i = 0; i < names->at.n && err == 0; i++) {
		struct vm_sight *sight = &inf->sights.v[i];
		if (tid_of(names, i, &tid) < 0 || tid == pid)
			sight->seen = SEEN_UNFIT;
		if (sight->seen != SEEN_UNFIT)
			look(fs, pid, tid, &inf->text, sight, &err);
	}
	return err;
}

/* Round robin was asked for: one thread, however many vCPUs. Anything that looks like it counts. */
static bool asks_for_one_thread(struct rootfs *fs, pid_t pid, struct strbuf *sb)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/cmdline", (int)pid);
	if (rootfs_read(fs, path, 1U << 20, sb) < 0)
		return false;
	return memmem(sb->buf, sb->len, "thread=single", 13) || memmem(sb->buf, sb->len, "-icount", 7);
}

static size_t count_fit(const struct vm_inference *inf, bool at_depth, unsigned short depth)
{
	size_t n = 0;
	for (size_t i = 0; i < inf->sights.n; i++) {
		const struct vm_sight *s = &inf->sights.v[i];
		n += s->seen == SEEN_FIT && (!at_depth || (s->slept && s->depth == depth));
	}
	return n;
}

/* Those that slept elsewhere than the vCPUs are none (VNC's worker waits much like one). */
static void drop_others(struct vm_inference *inf, unsigned expected)
{
	size_t fit = count_fit(inf, false, 0);
	for (size_t i = 0; i < inf->sights.n; i++) {
		const struct vm_sight *s = &inf->sights.v[i];
		if (s->seen != SEEN_FIT || !s->slept || expected < 2 || fit <= expected ||
		    count_fit(inf, true, s->depth) != expected)
			continue;
		for (size_t j = 0; j < inf->sights.n; j++)
			if (inf->sights.v[j].slept && inf->sights.v[j].depth != s->depth)
				inf->sights.v[j].seen = SEEN_UNFIT;
		return;
	}
}

static bool same_depth(const struct vm_inference *inf)
{
	const struct vm_sight *first = NULL;
	for (size_t i = 0; i < inf->sights.n; i++) {
		const struct vm_sight *s = &inf->sights.v[i];
		if (s->seen != SEEN_FIT || !s->slept)
			continue;
		if (first && first->depth != s->depth)
			return false;
		first = s;
	}
	return true;
}

static int conclude(const struct rootfs_names *names, bool single, unsigned configured, struct vm_inference *inf)
{
	pid_t tid = 0;
	bool doubt = configured == 0;
	drop_others(inf, single ? 1 : configured);
	for (size_t i = 0; i < inf->sights.n; i++) {
		doubt |= inf->sights.v[i].seen == SEEN_NOTHING;
		if (inf->sights.v[i].seen == SEEN_FIT && tid_of(names, i, &tid) == 0)
			vec_push(&inf->tids, tid);
	}
	if (!doubt && same_depth(inf) && (inf->tids.n == 1 || (!single && inf->tids.n == configured)))
		return 0;
	inf->tids.n = 0;
	return -ENOENT;
}

int vm_infer_tcg(struct rootfs *fs, pid_t pid, const struct rootfs_names *names, unsigned configured,
                 struct vm_inference *inf)
{
	const struct vm_sight unseen = {0};
	inf->tids.n = inf->sights.n = 0;
	for (size_t i = 0; i < names->at.n; i++)
		vec_push(&inf->sights, unseen);
	for (int i = 0; i < TRIES; i++) {
		if (i)
			pause_briefly(fs);
		int r = look_at_all(fs, pid, names, inf);
		if (r < 0)
			return r;
	}
	return conclude(names, asks_for_one_thread(fs, pid, &inf->text), configured, inf);
}
