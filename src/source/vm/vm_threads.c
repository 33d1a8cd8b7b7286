#include "source/vm/vm_threads.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vctop/base/parse.h"

#define UNNAMED "QEMU does not name its threads; start it with -name NAME,debug-threads=on"
/* Looking again for what was not found costs a read per thread: ever more seldom, down to this. */
#define PAUSE_MAX 64U

void vm_threads_init(struct vm_threads *t, struct rootfs *fs, pid_t pid, const struct vmm_ops *vmm, const char *runtime,
                     unsigned configured)
{
	*t = (struct vm_threads){.fs = fs,
	                         .pid = pid,
	                         .vmm = vmm,
	                         .runtime = runtime,
	                         .configured = configured,
	                         .why = UNNAMED,
	                         .names = {.text = STRBUF_INIT},
	                         .inferred = {.text = STRBUF_INIT}};
}

static void forget(struct vm_threads *t)
{
	for (size_t i = 0; i < t->vcpus.n; i++)
		kfile_close(t->fs, &t->vcpus.v[i].schedstat);
	t->vcpus.n = 0;
}

void vm_threads_release(struct vm_threads *t)
{
	forget(t);
	vec_free(&t->vcpus);
	vec_free(&t->hint);
	rootfs_names_release(&t->names);
	vm_inference_release(&t->inferred);
}

static struct vm_thread *find(struct vm_threads *t, pid_t tid)
{
	for (size_t i = 0; i < t->vcpus.n; i++)
		if (t->vcpus.v[i].tid == tid)
			return &t->vcpus.v[i];
	return NULL;
}

/* Takes over the kept fds of the threads that stay: a tid found again with its fd is the same thread. */
static void adopt(struct vm_threads *t, const pid_t *tids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct vm_thread fresh = {tids[i], KFILE_INIT}, *old = find(t, tids[i]);
		if (!old)
			vec_push(&t->vcpus, fresh);
	}
	for (size_t i = 0; i < t->vcpus.n;) {
		bool stays = false;
		for (size_t j = 0; j < n && !stays; j++)
			stays = tids[j] == t->vcpus.v[i].tid;
		if (stays) {
			i++;
			continue;
		}
		kfile_close(t->fs, &t->vcpus.v[i].schedstat);
		t->vcpus.v[i] = t->vcpus.v[--t->vcpus.n];
	}
}

static bool is_listed(const struct vm_threads *t, pid_t want)
{
	for (size_t j = 0; j < t->names.at.n; j++) {
		const char *name = rootfs_name(&t->names, j);
		pid_t tid;
		if (parse_pid(name, strlen(name), &tid) == 0 && tid == want)
			return true;
	}
	return false;
}

static bool all_listed(const struct vm_threads *t)
{
	size_t listed = 0;
	for (size_t i = 0; i < t->vcpus.n; i++)
		listed += is_listed(t, t->vcpus.v[i].tid);
	return t->vcpus.n && listed == t->vcpus.n;
}

/* By name. Into inferred.tids; true when there is one at least. */
static bool find_named(struct vm_threads *t)
{
	struct strbuf *sb = &t->inferred.text;
	char path[96];
	pid_t tid;
	t->inferred.tids.n = 0;
	t->round_robin = false;
	for (size_t i = 0; t->vmm->is_vcpu_thread && i < t->names.at.n; i++) {
		const char *name = rootfs_name(&t->names, i);
		if (parse_pid(name, strlen(name), &tid) < 0)
			continue;
		(void)snprintf(path, sizeof(path), "proc/%d/task/%d/comm", (int)t->pid, (int)tid);
		if (rootfs_read(t->fs, path, 256, sb) <= 0)
			continue;
		if (sb->buf[sb->len - 1] == '\n')
			sb->buf[--sb->len] = '\0';
		if (!t->vmm->is_vcpu_thread(sb->buf))
			continue;
		t->round_robin |= strncmp(sb->buf, "ALL ", 4) == 0;
		vec_push(&t->inferred.tids, (pid_t)tid);
	}
	return t->inferred.tids.n > 0;
}

/* Believed when each is a thread of this process. */
static bool find_hinted(struct vm_threads *t)
{
	t->inferred.tids.n = 0;
	for (size_t i = 0; i < t->hint.n; i++)
		if (is_listed(t, t->hint.v[i]))
			vec_push(&t->inferred.tids, t->hint.v[i]);
	if (t->inferred.tids.n == t->hint.n && t->hint.n)
		return true;
	t->inferred.tids.n = 0;
	return false;
}

void vm_threads_hint(struct vm_threads *t, const pid_t *tids, size_t n)
{
	if (n == t->hint.n && (n == 0 || memcmp(tids, t->hint.v, n * sizeof(*tids)) == 0))
		return;
	t->hint.n = 0;
	for (size_t i = 0; i < n; i++)
		vec_push(&t->hint, tids[i]);
	t->seen = 0;
}

static int find_unnamed(struct vm_threads *t)
{
	bool tcg = strcmp(t->runtime, "qemu-tcg") == 0;
	int r = tcg ? vm_infer_tcg(t->fs, t->pid, &t->names, t->configured, &t->inferred)
	            : vm_infer_kvm(t->fs, t->pid, &t->names, t->configured, &t->inferred);
	t->round_robin = tcg && r == 0 && t->inferred.tids.n < t->configured;
	return r;
}

static const char *why_none(const struct vm_threads *t)
{
	if (strncmp(t->runtime, "qemu", 4) != 0)
		return "no thread of this VMM is known as a vCPU";
	return t->denied ? UNNAMED ", or run vctop with CAP_SYS_PTRACE" : UNNAMED;
}

static void list_again(struct vm_threads *t, unsigned num_threads)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/task", (int)t->pid);
	t->seen = num_threads;
	if (rootfs_list(t->fs, path, true, &t->names) < 0)
		t->names.at.n = 0;
	int r = find_named(t) || find_hinted(t) ? 0 : find_unnamed(t);
	t->denied = r == -EACCES;
	if (r == 0) {
		adopt(t, t->inferred.tids.v, t->inferred.tids.n);
		t->misses = 0;
		return;
	}
	/* A worker that came or went leaves what was concluded before standing. */
	if (t->vcpus.n == t->configured && all_listed(t))
		return;
	forget(t);
	t->why = why_none(t);
	t->pause = 1U << (t->misses < 6 ? t->misses : 6);
	if (t->pause > PAUSE_MAX)
		t->pause = PAUSE_MAX;
	t->misses++;
}

static int read_thread(struct vm_threads *t, struct vm_thread *th, uint64_t *run, uint64_t *wait)
{
	char path[96], buf[128];
	const char *w;
	size_t len;
	uint64_t ran, waited;
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/schedstat", (int)t->pid, (int)th->tid);
	ssize_t n = kfile_read(t->fs, &th->schedstat, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	if (!parse_word(buf, (size_t)n, 0, &w, &len) || parse_u64(w, len, &ran) < 0 ||
	    !parse_word(buf, (size_t)n, 1, &w, &len) || parse_u64(w, len, &waited) < 0)
		return -EINVAL;
	*run += ran;
	*wait += waited;
	return 0;
}

static int read_all(struct vm_threads *t, uint64_t *ret_run, uint64_t *ret_wait)
{
	uint64_t run = 0, wait = 0;
	for (size_t i = 0; i < t->vcpus.n; i++) {
		int r = read_thread(t, &t->vcpus.v[i], &run, &wait);
		if (r < 0)
			return r;
	}
	if (!t->vcpus.n)
		return -ENOENT;
	*ret_run = run;
	*ret_wait = wait;
	return 0;
}

int vm_threads_read(struct vm_threads *t, unsigned num_threads, uint64_t *ret_run_ns, uint64_t *ret_wait_ns)
{
	if (t->vmm->no_vcpu_threads) {
		t->why = t->vmm->no_vcpu_threads;
		return -ENOENT;
	}
	if (num_threads != t->seen || (!t->vcpus.n && --t->pause == 0))
		list_again(t, num_threads);
	if (!t->vcpus.n)
		return -ENOENT;
	if (read_all(t, ret_run_ns, ret_wait_ns) == 0)
		return 0;
	/* A vCPU was unplugged while another thread came. */
	forget(t);
	list_again(t, num_threads);
	if (read_all(t, ret_run_ns, ret_wait_ns) == 0)
		return 0;
	forget(t);
	t->pause = PAUSE_MAX;
	t->why = "schedstat of the vCPU threads could not be read";
	return -ENOENT;
}
