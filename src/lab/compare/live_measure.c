/* The figures of a sample that runs. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/backend/vm_acts.h"
#include "lab/compare/live.h"
#include "lab/tool/weigh.h"

#define SETTLE_MSEC 200        /* a container's start is over when it runs */
#define SETTLE_VM_MSEC 600     /* a guest's kernel tidies up */
#define SETTLE_DISK_MSEC 10000 /* so do the services of a distribution */

static void weigh_into(struct live *s, enum figure f)
{
	struct error err = {0};
	struct held h;
	if (live_weigh(s, &h, &err) < 0)
		trial_fail(s->t, f, &err);
	else
		trial_set(s->t, f, held_total(&h));
}

static void idle_of_vm(struct live *s, struct held *h)
{
	struct error err = {0};
	uint64_t bytes = 0;
	struct trial *t = s->t;
	trial_set(t, FIGURE_IDLE_VMM, h->vmm);
	trial_lack(t, FIGURE_IDLE_HELPERS, "nothing runs beside it");
	if (s->ln.disk) {
		trial_set(t, FIGURE_IDLE_GUEST, h->guest);
		return;
	}
	if (live_tell(s, ORDER_WEIGH, &err) < 0) {
		trial_fail(t, FIGURE_IDLE_WORKLOAD, &err);
	} else if (!answers_held(s->text.buf, s->text.len, &bytes) || (double)bytes > h->guest) {
		trial_lack(t, FIGURE_IDLE_WORKLOAD, "the guest's kernel does not tell a process' share");
	} else {
		trial_set(t, FIGURE_IDLE_WORKLOAD, (double)bytes);
		trial_set(t, FIGURE_IDLE_GUEST, h->guest - (double)bytes);
		return;
	}
	trial_set(t, FIGURE_IDLE_GUEST, h->guest);
}

static void measure_idle(struct live *s)
{
	struct trial *t = s->t;
	struct error err = {0};
	struct held h;
	if (live_weigh(s, &h, &err) < 0) {
		trial_fail(t, FIGURE_IDLE_HELD, &err);
		return;
	}
	trial_set(t, FIGURE_IDLE_HELD, held_total(&h));
	if (held_total(&h) > 0)
		trial_set(t, FIGURE_FIT, floor(t->available / held_total(&h)));
	if (s->vm) {
		idle_of_vm(s, &h);
		return;
	}
	trial_set(t, FIGURE_IDLE_WORKLOAD, h.workload);
	if (s->helpers.n)
		trial_set(t, FIGURE_IDLE_HELPERS, h.helpers);
	else
		trial_lack(t, FIGURE_IDLE_HELPERS, "nothing runs beside it");
	trial_lack(t, FIGURE_IDLE_VMM, "there is no VMM");
	trial_lack(t, FIGURE_IDLE_GUEST, "it runs on the host's kernel");
}

/* A guest without a good clock loses ticks: what it says lasted was longer.  Half a tenth of a second is the order's
 * way. */
static bool clock_is_wrong(const struct measured *m, double host)
{
	return m->step > 1e-4 || m->took < host * 0.9 - 0.05 || m->took > host * 1.1;
}

static void measure_speed(struct live *s)
{
	struct trial *t = s->t;
	struct error err = {0};
	struct measured m;
	double from = launch_clock();
	if (live_tell(s, ORDER_MEASURE, &err) < 0) {
		trial_fail(t, FIGURE_CPU_WORK, &err);
		return;
	}
	if (!answers_measured(s->text.buf, s->text.len, &m))
		return;
	if (s->vm && clock_is_wrong(&m, launch_clock() - from)) {
		static const char why[] = "the guest's clock is not exact";
		trial_lack(t, FIGURE_CPU_WORK, why);
		trial_lack(t, FIGURE_SYSCALL, why);
		trial_lack(t, FIGURE_SWITCH, why);
		t->phases = 0;
		return;
	}
	t->work = m.work;
	double base = strcmp(t->c->id, "process") == 0 ? m.work : t->base_work;
	if (base > 0)
		trial_set(t, FIGURE_CPU_WORK, m.work / base);
	else
		trial_lack(t, FIGURE_CPU_WORK, "no plain process was measured beside it");
	if (m.syscall > 0)
		trial_set(t, FIGURE_SYSCALL, m.syscall);
	if (m.turn > 0)
		trial_set(t, FIGURE_SWITCH, m.turn);
}

static void ask_facts(struct live *s)
{
	struct error err = {0};
	struct comparison_fact f;
	if (live_tell(s, ORDER_FACTS, &err) < 0)
		return;
	for (unsigned i = 0; answers_fact(s->text.buf, s->text.len, i, &f.key, &f.value); i++)
		vec_push(&s->t->facts, f);
}

static void measure_disk(struct live *s)
{
	if (s->ln.disk) {
		trial_set(s->t, FIGURE_DISK_IMAGE, (double)weigh_files(s->ln.disk));
		trial_lack(s->t, FIGURE_DISK_WRITABLE, "what it writes goes to a file that is deleted already");
		return;
	}
	struct disk_use use = {.image = metric_none(METRIC_ABSENT, NULL)};
	const struct metric *from[] = {&use.image, &use.writable};
	s->b->acts->disk(&s->ln.reg, &s->ln.l, &use);
	for (int i = 0; i < 2; i++) {
		enum figure f = i ? FIGURE_DISK_WRITABLE : FIGURE_DISK_IMAGE;
		if (metric_is_ok(*from[i]))
			trial_set(s->t, f, from[i]->v);
		else
			trial_lack(s->t, f, from[i]->why);
	}
}

static void measure_pause(struct live *s)
{
	struct error err = {0};
	for (int on = 1; on >= 0; on--) {
		enum figure f = on ? FIGURE_PAUSE : FIGURE_RESUME;
		double start = launch_clock();
		if (s->b->acts->pause(&s->ln.reg, &s->ln.l, on, &err) < 0) {
			trial_fail(s->t, f, &err);
			return;
		}
		trial_set(s->t, f, launch_clock() - start);
	}
}

static void measure_snapshot(struct live *s)
{
	struct error err = {0};
	struct saved found = {0, 0};
	if (!s->b->acts->snapshot) {
		cleanup_free char *why = xasprintf("a process has none but by CRIU: %s", s->t->no_checkpoint);
		trial_lack(s->t, FIGURE_SNAPSHOT, why);
		trial_lack(s->t, FIGURE_SNAPSHOT_BYTES, why);
		return;
	}
	if (s->b->acts->snapshot(&s->ln.reg, &s->ln.l, &found, &err) < 0) {
		trial_fail(s->t, FIGURE_SNAPSHOT, &err);
		trial_lack(s->t, FIGURE_SNAPSHOT_BYTES, err.what);
		return;
	}
	trial_set(s->t, FIGURE_SNAPSHOT, found.sec);
	trial_set(s->t, FIGURE_SNAPSHOT_BYTES, (double)found.bytes);
}

static void measure_balloon(struct live *s)
{
	struct error err = {0};
	if (!s->vm) {
		trial_lack(s->t, FIGURE_BALLOONED_HELD, "there is no guest to take memory from");
		trial_lack(s->t, FIGURE_REPORTED_HELD, "there is no guest that could report");
		return;
	}
	if (s->ln.balloon == BALLOON_NONE) {
		const char *why = s->b->acts == &acts_qemu
		                          ? "this machine has no balloon that the guest's kernel would find"
		                          : "vctop gives this VMM's guests no balloon";
		trial_lack(s->t, FIGURE_BALLOONED_HELD, why);
		trial_lack(s->t, FIGURE_REPORTED_HELD, why);
		return;
	}
	if (live_tell(s, ORDER_BALLOON, &err) < 0 || vm_inflate(&s->ln.reg, &s->ln.l, &err) < 0)
		trial_fail(s->t, FIGURE_BALLOONED_HELD, &err);
	else
		weigh_into(s, FIGURE_BALLOONED_HELD);
}

static void measure_load(struct live *s)
{
	struct error err = {0};
	if (live_load_and_free(s, true, &err) < 0) {
		trial_fail(s->t, FIGURE_FREED_HELD, &err);
		return;
	}
	weigh_into(s, FIGURE_FREED_HELD);
	measure_balloon(s);
}

/* Everything that was not measured for want of our program in there. */
static void lack_workload(struct trial *t)
{
	for (int f = 0; f < FIGURE_MAX; f++)
		if (f != FIGURE_STOP)
			trial_lack(t, (enum figure)f, "none of our programs is inside");
}

int live_measure(struct live *s, struct error *err)
{
	static const struct {
		const char *name;
		void (*run)(struct live *s);
		bool once, inside; /* in the first run alone; asks our program */
	} steps[] = {{"memory, idle", measure_idle, false, false},
	             {"speed", measure_speed, false, true},
	             {"what it sees", ask_facts, true, true},
	             {"disk", measure_disk, true, false},
	             {"pause", measure_pause, false, false},
	             {"snapshot", measure_snapshot, false, false},
	             {"memory, used and given back", measure_load, false, true}};
	if (live_nap(s, s->ln.disk ? SETTLE_DISK_MSEC : s->vm ? SETTLE_VM_MSEC : SETTLE_MSEC))
		return -EINTR;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if ((steps[i].once && s->t->run > 0) || (steps[i].inside && s->ln.disk))
			continue;
		trial_progress(s->t, steps[i].name);
		steps[i].run(s);
		if (live_cancelled(s))
			return -EINTR;
		if (!proctable_is(s->ln.l.pid, s->ln.l.pid_start))
			return error_set(err, ESRCH, "%s: ended while it was measured", s->t->c->id);
	}
	if (s->ln.disk)
		lack_workload(s->t);
	return 0;
}
