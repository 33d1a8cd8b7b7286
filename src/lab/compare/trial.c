#include "lab/compare/trial.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/backend/vm_acts.h"
#include "lab/compare/live.h"
#include "lab/tool/weigh.h"
#include "vctop/base/clock.h"

#define STOP_MSEC 20000
#define REPORTING_MSEC 8000 /* the guest reports in batches, the first 2 s after its driver was loaded */
#define QUIET_MSEC 700
#define MAX_PARTS 8

void trial_progress(const struct trial *t, const char *what)
{
	teller_say(t->t, TELL_PROGRESS, "run %u of %u: %s: %s", t->run + 1, t->runs, t->c->id, what);
}

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

static int start(struct live *s, enum balloon balloon, struct error *err)
{
	struct trial *t = s->t;
	s->ln = (struct launch){.reg = REG_INIT};
	s->vm = strcmp(t->c->kind, "vm") == 0;
	s->ln.may_fall_back = s->ln.monitor = s->vm;
	s->ln.balloon = s->vm && !t->disk && vm_can_balloon(t->c->backend) ? balloon : BALLOON_NONE;
	s->ln.load_bytes = t->load_bytes;
	s->ln.disk = t->disk;
	trial_progress(t, "start");
	int r = launch_start(&s->ln, &t->o, err);
	if (r < 0)
		return r;
	s->b = backend_find(s->ln.l.backend);
	(void)snprintf(t->backend, sizeof(t->backend), "%s", s->b->name);
	(void)snprintf(t->detail, sizeof(t->detail), "%s", s->ln.detail);
	return live_await_report(s, err);
}

static void measure_start(struct live *s)
{
	struct trial *t = s->t;
	const struct launch *ln = &s->ln;
	double sec = (s->vm ? ln->arrived : ln->ready.first) - ln->asked;
	if (sec > 0)
		trial_set(t, FIGURE_START, sec);
	t->phases = trial_phases(ln, born(ln), t->phase);
	if (ln->l.ref)
		weigh_helpers(ln->l.pid, ln->l.ref, &s->helpers);
}

/* Until none of them is left. */
static bool await_end(const struct live *s, struct pollfd *p, unsigned n)
{
	int64_t until = clock_mono_usec() + STOP_MSEC * 1000LL;
	for (unsigned left = n; left;) {
		int64_t wait = until - clock_mono_usec();
		if (wait <= 0 || live_cancelled(s))
			return false;
		(void)poll(p, n, 100);
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
	if ((s->ln.disk ? vm_press_power : s->b->acts->end)(&s->ln.reg, &s->ln.l, &err) < 0)
		trial_fail(s->t, FIGURE_STOP, &err);
	else if (!await_end(s, p, n))
		trial_lack(s->t, FIGURE_STOP, "it did not end when it was asked to");
	else
		trial_set(s->t, FIGURE_STOP, launch_clock() - from);
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

int trial_run(struct trial *t, struct error *err)
{
	struct live s = {.t = t, .text = STRBUF_INIT};
	int r = start(&s, BALLOON_PLAIN, err);
	if (r == 0) {
		measure_start(&s);
		r = live_measure(&s, err);
	}
	if (r == 0) {
		trial_progress(t, "stop");
		measure_stop(&s);
	}
	return finish(&s, r, err);
}

/* Until what it holds has been the same for a while. */
static int await_quiet(struct live *s, double *ret, struct error *err)
{
	double last = 0;
	struct held h;
	for (unsigned waited = 0, quiet = 0; waited < REPORTING_MSEC; waited += 100) {
		int r = live_nap(s, 100) ? error_set(err, EINTR, "interrupted") : live_weigh(s, &h, err);
		if (r < 0)
			return r;
		bool same = fabs(held_total(&h) - last) < 2e6;
		quiet = same ? quiet + 100 : 0;
		last = held_total(&h);
		if (waited >= 2500 && quiet >= QUIET_MSEC)
			break;
	}
	*ret = last;
	return 0;
}

int trial_reporting(struct trial *t, struct error *err)
{
	struct trial second = {
	        .c = t->c, .t = t->t, .o = t->o, .load_bytes = t->load_bytes, .run = t->run, .runs = t->runs};
	struct live s = {.t = &second, .text = STRBUF_INIT};
	double held = 0;
	int r = start(&s, BALLOON_REPORTING, err);
	trial_progress(t, "free page reporting");
	if (r == 0)
		r = live_load_and_free(&s, false, err);
	if (r == 0)
		r = live_tell(&s, ORDER_BALLOON, err);
	if (r == 0)
		r = await_quiet(&s, &held, err);
	r = finish(&s, r, err);
	trial_release(&second);
	if (r == 0)
		trial_set(t, FIGURE_REPORTED_HELD, held);
	else if (r != -EINTR && err)
		trial_fail(t, FIGURE_REPORTED_HELD, err);
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
}
