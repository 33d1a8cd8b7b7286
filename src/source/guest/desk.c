#include "source/guest/desk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "vctop/base/clock.h"

#define AGAIN_USEC 5000000
/* After failures less often, down to this. */
#define AGAIN_MAX_USEC 60000000
/* An answer that was not renewed for so long is no answer. */
#define STALE_USEC 15000000
/* Ticks farther apart than this wait a moment for the answer: it would be old by the next one. */
#define SELDOM_USEC 10000000
#define MOMENT_USEC 50000
#define TARGETS_MAX 1024U
#define THREADS_MAX 32U
#define ELSEWHERE_MAX 64U

/* Lives from the question to the moment its answer is taken. */
struct asking {
	pthread_t thread;
	atomic_bool done;
	int cancel_fd;
	struct guest_socket socket;
	int64_t deadline_usec;
	struct guest_answer answer;
};

struct target {
	struct guest_socket socket;
	uint64_t start_ticks; /* of socket.pid */
	struct asking *asking;
	struct guest_answer *answer; /* the last; NULL none yet */
	int64_t due_usec;
	unsigned failures;
	bool used, wanted;
};

struct guest_desk {
	bool api;
	unsigned threads;
	int64_t ticked_usec;
	VEC(struct target *) targets;
};

static void socket_release(struct guest_socket *s)
{
	free(s->path);
	free(s->bound);
	vec_free(&s->elsewhere);
}

static void socket_copy(struct guest_socket *dst, const struct guest_socket *src)
{
	*dst = (struct guest_socket){
	        .how = src->how, .path = xstrdup(src->path), .bound = xstrdup(src->bound), .pid = src->pid};
	for (size_t i = 0; i < src->elsewhere.n; i++)
		vec_push(&dst->elsewhere, src->elsewhere.v[i]);
}

static struct target *add_target(struct guest_desk *d, enum guest_how how, const char *path, const char *bound)
{
	struct target *t = xcalloc(1, sizeof(*t));
	t->socket = (struct guest_socket){.how = how, .path = xstrdup(path), .bound = xstrdup(bound)};
	t->wanted = true;
	vec_push(&d->targets, t);
	return t;
}

struct guest_desk *guest_desk_new(const struct guest_questions *q)
{
	struct guest_desk *d = xcalloc(1, sizeof(*d));
	d->api = q->api;
	for (size_t i = 0; i < q->qmp_n && i < TARGETS_MAX; i++) {
		/* The table has the path as QEMU was given it; an absolute one is the likeliest. */
		cleanup_free char *full = q->qmp[i][0] == '@' ? NULL : realpath(q->qmp[i], NULL);
		(void)add_target(d, GUEST_QMP, q->qmp[i], full ? full : q->qmp[i]);
	}
	return d;
}

static void *run(void *data)
{
	struct asking *a = data;
	guest_ask(&a->socket, a->cancel_fd, a->deadline_usec, &a->answer);
	a->answer.mono_usec = clock_mono_usec();
	atomic_store(&a->done, true);
	return NULL;
}

static void asking_free(struct asking *a)
{
	if (a->cancel_fd >= 0)
		(void)close(a->cancel_fd);
	socket_release(&a->socket);
	free(a);
}

/* Signals are the main thread's business. */
static int start_thread(struct asking *a)
{
	sigset_t all, was;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	int r = -pthread_create(&a->thread, NULL, run, a);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return r;
}

static void begin(struct guest_desk *d, struct target *t)
{
	struct asking *a = xcalloc(1, sizeof(*a));
	a->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	a->deadline_usec = clock_mono_usec() + GUEST_TIMEOUT_USEC;
	atomic_init(&a->done, false);
	socket_copy(&a->socket, &t->socket);
	if (a->cancel_fd < 0 || start_thread(a) < 0) {
		asking_free(a);
		return;
	}
	d->threads++;
	t->asking = a;
}

static void take(struct guest_desk *d, struct target *t, int64_t now)
{
	struct asking *a = t->asking;
	(void)pthread_join(a->thread, NULL);
	d->threads--;
	t->asking = NULL;
	if (!t->answer)
		t->answer = xcalloc(1, sizeof(*t->answer));
	*t->answer = a->answer;
	t->failures = a->answer.err ? t->failures + 1 : 0;
	int64_t wait = AGAIN_USEC << (t->failures < 5 ? t->failures : 5);
	if (!t->failures)
		wait = AGAIN_USEC;
	t->due_usec = now + (wait < AGAIN_MAX_USEC ? wait : AGAIN_MAX_USEC);
	asking_free(a);
}

static void target_free(struct guest_desk *d, struct target *t)
{
	if (t->asking) {
		uint64_t one = 1;
		ssize_t n = write(t->asking->cancel_fd, &one, sizeof(one));
		(void)n;
		take(d, t, 0);
	}
	socket_release(&t->socket);
	free(t->answer);
	free(t);
}

void guest_desk_free(struct guest_desk *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->targets.n; i++)
		target_free(d, d->targets.v[i]);
	vec_free(&d->targets);
	free(d);
}

static int how_of(const struct guest_vm *vm)
{
	if (!vm->api_socket)
		return -1;
	if (strcmp(vm->runtime, "firecracker") == 0)
		return GUEST_FIRECRACKER;
	return strcmp(vm->runtime, "cloud-hypervisor") == 0 ? GUEST_CLOUD_HYPERVISOR : -1;
}

static struct target *target_of(struct guest_desk *d, const struct guest_vm *vm)
{
	for (size_t i = 0; i < d->targets.n; i++) {
		struct target *t = d->targets.v[i];
		if (t->socket.pid == vm->pid && t->start_ticks == vm->start_ticks)
			return t;
	}
	return NULL;
}

/* A relative socket path is the process's own; so is an absolute one when it is jailed. */
static char *reach(const struct guest_vm *vm)
{
	if (vm->api_socket[0] == '/')
		return xasprintf("/proc/%d/root%s", (int)vm->pid, vm->api_socket);
	return xasprintf("/proc/%d/cwd/%s", (int)vm->pid, vm->api_socket);
}

static void want_apis(struct guest_desk *d, const struct guest_vm *vms, size_t n)
{
	for (size_t i = 0; i < d->targets.n; i++)
		d->targets.v[i]->wanted = d->targets.v[i]->socket.how == GUEST_QMP;
	for (size_t i = 0; d->api && i < n; i++) {
		int how = how_of(&vms[i]);
		struct target *t = how < 0 ? NULL : target_of(d, &vms[i]);
		if (how >= 0 && !t && d->targets.n < TARGETS_MAX) {
			cleanup_free char *path = reach(&vms[i]);
			t = add_target(d, (enum guest_how)how, path, vms[i].api_socket);
			t->socket.pid = vms[i].pid;
			t->start_ticks = vms[i].start_ticks;
		}
		if (t)
			t->wanted = true;
	}
	for (size_t i = d->targets.n; i > 0; i--) {
		if (d->targets.v[i - 1]->wanted)
			continue;
		target_free(d, d->targets.v[i - 1]);
		d->targets.v[i - 1] = d->targets.v[--d->targets.n];
	}
}

/* QEMUs in other network namespaces: Incus, a pod, ip netns exec. */
static void find_elsewhere(struct guest_socket *s, struct rootfs *fs, const struct guest_vm *vms, size_t n)
{
	cleanup_strbuf struct strbuf own = STRBUF_INIT, its = STRBUF_INIT;
	char path[64];
	s->elsewhere.n = 0;
	if (rootfs_readlink(fs, "proc/self/ns/net", &own) < 0)
		return;
	for (size_t i = 0; i < n && s->elsewhere.n < ELSEWHERE_MAX; i++) {
		if (strncmp(vms[i].runtime, "qemu", 4) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "proc/%d/ns/net", (int)vms[i].pid);
		if (rootfs_readlink(fs, path, &its) == 0 && strcmp(its.buf, own.buf) != 0)
			vec_push(&s->elsewhere, vms[i].pid);
	}
}

static const char *change_of(const struct target *t)
{
	if (t->answer->err == -EACCES || t->answer->err == -EPERM)
		return "run vctop as root";
	return t->answer->err == -EBUSY ? "give the VM a second monitor: -qmp unix:PATH,server=on,wait=off" : NULL;
}

static void tell(const struct target *t, struct snapshot *snap)
{
	if (!t->answer || (t->socket.how == GUEST_QMP && t->used && !t->answer->err))
		return;
	cleanup_free char *what =
	        xasprintf("%s %s", t->socket.how == GUEST_QMP ? "--qmp" : "--guest-api", t->socket.path);
	if (t->answer->err)
		snapshot_notice(snap, what, t->answer->why, change_of(t));
	else if (t->socket.how == GUEST_QMP)
		snapshot_notice(snap, what, "it belongs to no VM that is seen here", NULL);
}

static void take_all(struct guest_desk *d, int64_t mono_usec)
{
	for (size_t i = 0; i < d->targets.n; i++) {
		struct target *t = d->targets.v[i];
		if (t->asking && atomic_load(&t->asking->done))
			take(d, t, mono_usec);
	}
}

static void wait_a_moment(struct guest_desk *d, int64_t mono_usec)
{
	const struct timespec pause = {0, 1000000};
	for (int64_t end = clock_mono_usec() + MOMENT_USEC; d->threads && clock_mono_usec() < end;) {
		(void)nanosleep(&pause, NULL);
		take_all(d, mono_usec);
	}
}

void guest_desk_tick(struct guest_desk *d, struct rootfs *fs, const struct guest_vm *vms, size_t n, int64_t mono_usec,
                     struct snapshot *snap)
{
	bool seldom = d->ticked_usec && mono_usec - d->ticked_usec > SELDOM_USEC;
	d->ticked_usec = mono_usec;
	want_apis(d, vms, n);
	take_all(d, mono_usec);
	for (size_t i = 0; i < d->targets.n; i++) {
		struct target *t = d->targets.v[i];
		if (t->asking || mono_usec < t->due_usec || d->threads >= THREADS_MAX)
			continue;
		if (t->socket.how == GUEST_QMP)
			find_elsewhere(&t->socket, fs, vms, n);
		begin(d, t);
	}
	if (seldom)
		wait_a_moment(d, mono_usec);
	for (size_t i = 0; i < d->targets.n; i++) {
		struct target *t = d->targets.v[i];
		/* A refusal stands until there is another answer. */
		if (t->answer && !t->answer->err && mono_usec - t->answer->mono_usec > STALE_USEC) {
			free(t->answer);
			t->answer = NULL;
		}
		t->used = false;
		for (size_t v = 0; t->answer && v < n && !t->used; v++)
			t->used = guest_desk_answer(d, &vms[v]) == t->answer;
		tell(t, snap);
	}
}

/* By process where the socket tells it; by uuid; by a name that only one has. */
static bool is_about(const struct guest_answer *a, const struct guest_vm *vm)
{
	if (a->pid == vm->pid)
		return true;
	if (a->uuid[0] && vm->uuid)
		return strcmp(a->uuid, vm->uuid) == 0;
	return a->name[0] && vm->name && strcmp(a->name, vm->name) == 0 && vm->vms_named_so == 1;
}

const struct guest_answer *guest_desk_answer(struct guest_desk *d, const struct guest_vm *vm)
{
	for (size_t i = 0; i < d->targets.n; i++) {
		const struct target *t = d->targets.v[i];
		if (!t->answer || t->answer->err)
			continue;
		if (t->socket.pid ? t->socket.pid == vm->pid && t->start_ticks == vm->start_ticks
		                  : strncmp(vm->runtime, "qemu", 4) == 0 && is_about(t->answer, vm))
			return t->answer;
	}
	return NULL;
}
