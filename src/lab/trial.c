#include "lab/trial.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/proctable.h"
#include "lab/vm_acts.h"
#include "lab/weigh.h"
#include "vctop/base/clock.h"

#define SETTLE_MSEC 200 /* a container's start is over when it runs; a guest's kernel tidies up */
#define SETTLE_VM_MSEC 600
#define ORDER_MSEC 10000
#define ANSWER_MSEC 30000
#define STOP_MSEC 20000
#define REPORTING_MSEC 8000 /* the guest reports in batches, the first 2 s after its driver was loaded */
#define QUIET_MSEC 700

/* A sample that runs, and what was read of its answers. */
struct live {
	struct trial *t;
	struct launch ln;
	const struct backend *b;
	bool vm;
	size_t said;        /* bytes of its answers before the last order */
	struct strbuf text; /* its answers since */
	pid_vec helpers;
	double guest_workload; /* bytes, as the guest sees them */
};
#define MAX_PARTS 8

struct held {
	double workload, helpers, vmm, guest; /* guest: all of its memory */
};

static void set(struct trial *t, enum figure f, double v)
{
	t->has[f] = true;
	t->value[f] = v;
}

static void lack(struct trial *t, enum figure f, const char *why)
{
	if (t->has[f] || t->why[f])
		return;
	t->why[f] = xstrdup(why);
}

/* A figure that should have been there. */
static void fail(struct trial *t, enum figure f, const struct error *err)
{
	teller_say(t->t, TELL_WARN, "%s: %s: %s", t->c->id, figure_table[f].title, err->what);
	lack(t, f, err->what);
}

static bool cancelled(const struct trial *t)
{
	return t->t->cancel && *t->t->cancel;
}

/* true: interrupted meanwhile. */
static bool nap(const struct trial *t, unsigned msec)
{
	for (unsigned done = 0; done < msec && !cancelled(t); done += 20)
		lab_nap(msec - done < 20 ? msec - done : 20);
	return cancelled(t);
}

static void progress(const struct trial *t, const char *what)
{
	teller_say(t->t, TELL_PROGRESS, "run %u of %u: %s: %s", t->run + 1, t->runs, t->c->id, what);
}

/* ---- orders and answers ---- */

static int read_answers(struct live *s, struct error *err)
{
	cleanup_strbuf struct strbuf all = STRBUF_INIT;
	int r = s->b->acts->answers(&s->ln.reg, &s->ln.l, &all, err);
	strbuf_clear(&s->text);
	if (r == 0 && all.len > s->said)
		strbuf_add(&s->text, all.buf + s->said, all.len - s->said);
	return r;
}

static int await_answers(struct live *s, bool (*there)(const struct live *s, int what), int what, struct error *err)
{
	bool command = s->b->acts == &acts_engine; /* each look starts a program */
	for (int64_t until = clock_mono_usec() + ANSWER_MSEC * 1000LL;;) {
		int r = read_answers(s, err);
		if (r < 0 || there(s, what))
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "no answer in %d s", ANSWER_MSEC / 1000);
		if (nap(s->t, command ? 40 : 4))
			return error_set(err, EINTR, "interrupted");
	}
}

static bool is_done(const struct live *s, int order)
{
	return answers_done(s->text.buf, s->text.len, (enum order)order) > 0;
}

static bool has_report(const struct live *s, int unused)
{
	struct ready r;
	(void)unused;
	return answers_ready(s->text.buf, s->text.len, &r);
}

/* Gives an order and waits until it is done; its answers are in s->text. */
static int tell(struct live *s, enum order order, struct error *err)
{
	int r = read_answers(s, err);
	s->said += s->text.len;
	if (r == 0)
		r = order_give(&s->ln.reg, &s->ln.l, order, ORDER_MSEC, err);
	return r < 0 ? r : await_answers(s, is_done, order, err);
}

/* ---- memory ---- */

static int weigh(struct live *s, struct held *ret, struct error *err)
{
	const struct launched *l = &s->ln.l;
	uint64_t a = 0, b = 0;
	struct held h = {0};
	int r = s->vm ? weigh_vmm(l->pid, l->memory, &a, &b) : weigh_process(l->pid, &a);
	if (r < 0)
		return error_set(err, -r, "its memory cannot be read: %s", strerror(-r));
	h.vmm = s->vm ? (double)a : 0;
	h.guest = (double)b;
	h.workload = s->vm ? 0 : (double)a;
	for (size_t i = 0; i < s->helpers.n; i++) {
		uint64_t one = 0;
		if (weigh_process(s->helpers.v[i], &one) == 0)
			h.helpers += (double)one;
	}
	*ret = h;
	return 0;
}

static double total(const struct held *h)
{
	return h->workload + h->helpers + h->vmm + h->guest;
}

static void weigh_into(struct live *s, enum figure f)
{
	struct error err = {0};
	struct held h;
	if (weigh(s, &h, &err) < 0)
		fail(s->t, f, &err);
	else
		set(s->t, f, total(&h));
}

static void find_helpers(struct live *s)
{
	if (s->ln.l.ref)
		weigh_helpers(s->ln.l.pid, s->ln.l.ref, &s->helpers);
}

static void idle_of_vm(struct live *s, struct held *h)
{
	struct error err = {0};
	uint64_t bytes = 0;
	struct trial *t = s->t;
	set(t, FIGURE_IDLE_VMM, h->vmm);
	lack(t, FIGURE_IDLE_HELPERS, "QEMU runs nothing beside itself");
	if (tell(s, ORDER_WEIGH, &err) < 0) {
		fail(t, FIGURE_IDLE_WORKLOAD, &err);
	} else if (!answers_held(s->text.buf, s->text.len, &bytes) || (double)bytes > h->guest) {
		lack(t, FIGURE_IDLE_WORKLOAD, "the guest's kernel does not tell a process' share");
	} else {
		set(t, FIGURE_IDLE_WORKLOAD, (double)bytes);
		set(t, FIGURE_IDLE_GUEST, h->guest - (double)bytes);
		return;
	}
	set(t, FIGURE_IDLE_GUEST, h->guest);
}

static void measure_idle(struct live *s)
{
	struct trial *t = s->t;
	struct error err = {0};
	struct held h;
	if (weigh(s, &h, &err) < 0) {
		fail(t, FIGURE_IDLE_HELD, &err);
		return;
	}
	set(t, FIGURE_IDLE_HELD, total(&h));
	if (total(&h) > 0)
		set(t, FIGURE_FIT, floor(t->available / total(&h)));
	if (s->vm) {
		idle_of_vm(s, &h);
		return;
	}
	set(t, FIGURE_IDLE_WORKLOAD, h.workload);
	set(t, FIGURE_IDLE_HELPERS, h.helpers);
	lack(t, FIGURE_IDLE_VMM, "there is no VMM");
	lack(t, FIGURE_IDLE_GUEST, "it runs on the host's kernel");
}

/* ---- what is asked of it ---- */

static void measure_speed(struct live *s)
{
	struct trial *t = s->t;
	struct error err = {0};
	struct measured m;
	if (tell(s, ORDER_MEASURE, &err) < 0) {
		fail(t, FIGURE_CPU_WORK, &err);
		return;
	}
	if (!answers_measured(s->text.buf, s->text.len, &m))
		return;
	t->work = m.work;
	double base = strcmp(t->c->id, "process") == 0 ? m.work : t->base_work;
	if (base > 0)
		set(t, FIGURE_CPU_WORK, m.work / base);
	else
		lack(t, FIGURE_CPU_WORK, "no plain process was measured beside it");
	if (m.syscall > 0)
		set(t, FIGURE_SYSCALL, m.syscall);
	if (m.turn > 0)
		set(t, FIGURE_SWITCH, m.turn);
}

static void ask_facts(struct live *s)
{
	struct error err = {0};
	struct comparison_fact f;
	if (tell(s, ORDER_FACTS, &err) < 0)
		return;
	for (unsigned i = 0; answers_fact(s->text.buf, s->text.len, i, &f.key, &f.value); i++)
		vec_push(&s->t->facts, f);
}

static void measure_disk(struct live *s)
{
	struct disk_use use = {.image = metric_none(METRIC_ABSENT, NULL)};
	const struct metric *from[] = {&use.image, &use.writable};
	s->b->acts->disk(&s->ln.reg, &s->ln.l, &use);
	for (int i = 0; i < 2; i++) {
		enum figure f = i ? FIGURE_DISK_WRITABLE : FIGURE_DISK_IMAGE;
		if (metric_is_ok(*from[i]))
			set(s->t, f, from[i]->v);
		else
			lack(s->t, f, from[i]->why);
	}
}

static void measure_pause(struct live *s)
{
	struct error err = {0};
	for (int on = 1; on >= 0; on--) {
		enum figure f = on ? FIGURE_PAUSE : FIGURE_RESUME;
		double start = launch_clock();
		if (s->b->acts->pause(&s->ln.reg, &s->ln.l, on, &err) < 0) {
			fail(s->t, f, &err);
			return;
		}
		set(s->t, f, launch_clock() - start);
	}
}

static void measure_snapshot(struct live *s)
{
	struct error err = {0};
	uint64_t bytes = 0;
	if (!s->b->acts->snapshot) {
		lack(s->t, FIGURE_SNAPSHOT, "a process alone has none without CRIU");
		lack(s->t, FIGURE_SNAPSHOT_BYTES, "a process alone has none without CRIU");
		return;
	}
	double start = launch_clock();
	if (s->b->acts->snapshot(&s->ln.reg, &s->ln.l, &bytes, &err) < 0) {
		fail(s->t, FIGURE_SNAPSHOT, &err);
		lack(s->t, FIGURE_SNAPSHOT_BYTES, err.what);
		return;
	}
	set(s->t, FIGURE_SNAPSHOT, launch_clock() - start);
	set(s->t, FIGURE_SNAPSHOT_BYTES, (double)bytes);
}

/* ---- memory used and given back ---- */

static void measure_balloon(struct live *s)
{
	struct error err = {0};
	if (!s->vm) {
		lack(s->t, FIGURE_BALLOONED_HELD, "there is no guest to take memory from");
		lack(s->t, FIGURE_REPORTED_HELD, "there is no guest that could report");
		return;
	}
	if (tell(s, ORDER_BALLOON, &err) < 0 || vm_inflate(&s->ln.reg, &s->ln.l, &err) < 0)
		fail(s->t, FIGURE_BALLOONED_HELD, &err);
	else
		weigh_into(s, FIGURE_BALLOONED_HELD);
}

static int load_and_free(struct live *s, struct error *err)
{
	int r = tell(s, ORDER_MEMORY, err);
	if (r == 0)
		weigh_into(s, FIGURE_LOAD_HELD);
	if (r == 0)
		r = tell(s, ORDER_FREE, err);
	if (r == 0 && nap(s->t, SETTLE_MSEC))
		r = error_set(err, EINTR, "interrupted");
	return r;
}

static void measure_load(struct live *s)
{
	struct error err = {0};
	if (load_and_free(s, &err) < 0) {
		fail(s->t, FIGURE_FREED_HELD, &err);
		return;
	}
	weigh_into(s, FIGURE_FREED_HELD);
	measure_balloon(s);
}

/* Until what it holds has been the same for a while. */
static int await_quiet(struct live *s, double *ret, struct error *err)
{
	double last = 0;
	struct held h;
	for (unsigned waited = 0, quiet = 0; waited < REPORTING_MSEC; waited += 100) {
		int r = nap(s->t, 100) ? error_set(err, EINTR, "interrupted") : weigh(s, &h, err);
		if (r < 0)
			return r;
		bool same = fabs(total(&h) - last) < 2e6;
		quiet = same ? quiet + 100 : 0;
		last = total(&h);
		if (waited >= 2500 && quiet >= QUIET_MSEC)
			break;
	}
	*ret = last;
	return 0;
}

/* ---- start and stop ---- */

/* When its process was made: in clock ticks since boot, so to 10 ms. */
static double born(const struct launch *ln)
{
	double since_boot = (double)ln->l.pid_start / (double)sysconf(_SC_CLK_TCK);
	return since_boot - (double)(clock_boot_usec() - clock_mono_usec()) / 1e6;
}

static bool add_phase(struct phase *p, unsigned *n, const char *name, double sec)
{
	p[*n] = (struct phase){name, sec};
	(*n)++;
	return sec >= 0;
}

unsigned trial_phases(const struct launch *ln, double process, struct phase ret[TRIAL_PHASES])
{
	const struct ready *r = &ln->ready;
	const char *kind = ln->l.kind, *backend = ln->l.backend;
	unsigned n = 0;
	bool good = r->known;
	if (!good)
		return 0;
	if (strcmp(kind, "vm") == 0) {
		double inside = r->told - r->first;
		good &= add_phase(ret, &n, "VMM and firmware", ln->arrived - ln->asked - r->boot - inside);
		good &= add_phase(ret, &n, "guest kernel", r->boot);
		good &= add_phase(ret, &n, "init to report", inside);
		return good ? n : 0;
	}
	bool plain = strcmp(kind, "process") == 0, builtin = strcmp(backend, "builtin") == 0;
	bool engine = strcmp(backend, "podman") == 0 || strcmp(backend, "docker") == 0;
	double between = engine ? process < ln->asked  ? ln->asked
	                          : process > r->first ? r->first
	                                               : process
	                        : ln->running;
	good &= add_phase(ret, &n,
	                  plain     ? "cgroup, fork"
	                  : builtin ? "cgroup, namespaces"
	                  : engine  ? "client, storage, runtime"
	                            : "runtime create",
	                  between - ln->asked);
	good &= add_phase(ret, &n,
	                  plain     ? "exec"
	                  : builtin ? "mounts, exec"
	                  : engine  ? "process to program"
	                            : "runtime start",
	                  r->first - between);
	return good ? n : 0;
}

/* podman and docker return before the program has reported. */
static int await_report(struct live *s, struct error *err)
{
	if (s->ln.ready.known)
		return 0;
	int r = await_answers(s, has_report, 0, err);
	return r < 0 || answers_ready(s->text.buf, s->text.len, &s->ln.ready) ? r : -EIO;
}

static int start(struct live *s, enum balloon balloon, struct error *err)
{
	struct trial *t = s->t;
	s->ln = (struct launch){.reg = REG_INIT};
	s->vm = strcmp(t->c->kind, "vm") == 0;
	s->ln.may_fall_back = s->ln.monitor = s->vm;
	s->ln.balloon = s->vm ? balloon : BALLOON_NONE;
	s->ln.load_bytes = t->load_bytes;
	progress(t, "start");
	int r = launch_start(&s->ln, &t->o, err);
	if (r < 0)
		return r;
	s->b = backend_find(s->ln.l.backend);
	(void)snprintf(t->backend, sizeof(t->backend), "%s", s->b->name);
	(void)snprintf(t->detail, sizeof(t->detail), "%s", s->ln.detail);
	return await_report(s, err);
}

static void measure_start(struct live *s)
{
	struct trial *t = s->t;
	const struct launch *ln = &s->ln;
	double sec = (s->vm ? ln->arrived : ln->ready.first) - ln->asked;
	if (sec > 0)
		set(t, FIGURE_START, sec);
	t->phases = trial_phases(ln, born(ln), t->phase);
	if (t->run == 0)
		s->b->acts->commands(ln, &t->commands);
}

/* Until none of them is left. */
static bool await_end(struct pollfd *p, unsigned n)
{
	int64_t until = clock_mono_usec() + STOP_MSEC * 1000LL;
	for (unsigned left = n; left;) {
		int64_t wait = until - clock_mono_usec();
		if (wait <= 0)
			return false;
		(void)poll(p, n, (int)(wait / 1000) + 1);
		for (unsigned i = 0; i < n; i++)
			if (p[i].fd >= 0 && p[i].revents) {
				attr_closep(&p[i].fd);
				p[i].fd = -1;
				left--;
			}
	}
	return true;
}

static void measure_stop(struct live *s)
{
	struct pollfd p[MAX_PARTS];
	struct error err = {0};
	unsigned n = 0;
	for (size_t i = 0; i <= s->helpers.n && n < MAX_PARTS; i++) {
		pid_t pid = i < s->helpers.n ? s->helpers.v[i] : s->ln.l.pid;
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (fd >= 0)
			p[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	double from = launch_clock();
	if (s->b->acts->end(&s->ln.reg, &s->ln.l, &err) < 0)
		fail(s->t, FIGURE_STOP, &err);
	else if (!await_end(p, n))
		lack(s->t, FIGURE_STOP, "it did not end when it was asked to");
	else
		set(s->t, FIGURE_STOP, launch_clock() - from);
	for (unsigned i = 0; i < n; i++)
		attr_closep(&p[i].fd);
}

/* Whatever happened: nothing of it stays. */
static int finish(struct live *s, int r, struct error *err)
{
	struct error local = {0};
	if (s->ln.l.name) {
		int gone = sample_stop(s->ln.l.name, &local);
		if (gone < 0 && gone != -ENOENT && r == 0)
			r = error_set(err, -gone, "%s", local.what);
	}
	launch_release(&s->ln);
	strbuf_release(&s->text);
	vec_free(&s->helpers);
	return r;
}

static int measure_all(struct live *s)
{
	static const struct {
		const char *name;
		void (*run)(struct live *s);
		bool once;
	} steps[] = {{"memory, idle", measure_idle, false},
	             {"speed", measure_speed, false},
	             {"what it sees", ask_facts, true},
	             {"disk", measure_disk, true},
	             {"pause", measure_pause, false},
	             {"snapshot", measure_snapshot, false},
	             {"memory, used and given back", measure_load, false}};
	measure_start(s);
	find_helpers(s);
	if (nap(s->t, s->vm ? SETTLE_VM_MSEC : SETTLE_MSEC))
		return -EINTR;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].once && s->t->run > 0)
			continue;
		progress(s->t, steps[i].name);
		steps[i].run(s);
		if (cancelled(s->t))
			return -EINTR;
	}
	progress(s->t, "stop");
	measure_stop(s);
	return cancelled(s->t) ? -EINTR : 0;
}

int trial_run(struct trial *t, struct error *err)
{
	struct live s = {.t = t, .text = STRBUF_INIT};
	int r = start(&s, BALLOON_PLAIN, err);
	if (r == 0)
		r = measure_all(&s);
	return finish(&s, r, err);
}

int trial_reporting(struct trial *t, struct error *err)
{
	struct trial second = {
	        .c = t->c, .t = t->t, .o = t->o, .load_bytes = t->load_bytes, .run = t->run, .runs = t->runs};
	struct live s = {.t = &second, .text = STRBUF_INIT};
	double held = 0;
	second.commands = (struct strbuf)STRBUF_INIT;
	int r = start(&s, BALLOON_REPORTING, err);
	progress(t, "free page reporting");
	if (r == 0)
		r = load_and_free(&s, err);
	if (r == 0)
		r = tell(&s, ORDER_BALLOON, err);
	if (r == 0)
		r = await_quiet(&s, &held, err);
	r = finish(&s, r, err);
	trial_release(&second);
	if (r == 0)
		set(t, FIGURE_REPORTED_HELD, held);
	else if (r != -EINTR && err)
		fail(t, FIGURE_REPORTED_HELD, err);
	return r;
}

void trial_release(struct trial *t)
{
	for (size_t i = 0; i < FIGURE_MAX; i++)
		free(t->why[i]);
	for (size_t i = 0; i < t->facts.n; i++) {
		free(t->facts.v[i].key);
		free(t->facts.v[i].value);
	}
	vec_free(&t->facts);
	strbuf_release(&t->commands);
}
