/* What runs in one instance: processes, or a VM's vCPUs and the other threads of its VMM. */
#include <stdio.h>
#include <string.h>

#include "tui-internal.h"
#include "vctop/base/text.h"

#define PID_W 8
#define NUMBER_W 7
#define LEAST 5 /* lines, where there are so many */

/* "vCPU 3", or the name of a process; of threads the kind, whose name follows. */
static const char *what(const struct task *t, char *buf, size_t size)
{
	switch (t->role) {
	case TASK_PROCESS:
		return t->comm;
	case TASK_VCPU:
		(void)snprintf(buf, size, "vCPU %u", t->vcpu);
		return buf;
	case TASK_VCPUS:
		return "all vCPUs";
	case TASK_VMM:
		return "VMM";
	case TASK_THREAD:
		break;
	}
	return "thread";
}

static void right(struct page *p, int end, enum style style, const char *s)
{
	page_at(p, end - text_width(s), NUMBER_W, style, s);
}

static void task_line(struct page *p, const struct task_use *u)
{
	char buf[CELL_MAX], state[2] = {u->task->state, '\0'};
	bool ascii = p->canvas && p->canvas->ascii, thread = u->task->role != TASK_PROCESS;
	int end = p->area.w - (thread ? 0 : NUMBER_W);
	enum style style = u->task->role == TASK_VCPU || u->task->role == TASK_VCPUS ? STYLE_VM : STYLE_NORMAL;
	(void)snprintf(buf, sizeof(buf), "%d", (int)u->task->tid);
	right(p, PID_W - 1, STYLE_DIM, buf);
	page_at(p, PID_W, 1, STYLE_DIM, state);
	const char *name = what(u->task, buf, sizeof(buf));
	int x = PID_W + 2, room = end - NUMBER_W - x;
	page_at(p, x, room, style, name);
	if (thread && room > 12)
		page_at(p, x + 11, room - 11, STYLE_DIM, u->task->comm);
	right(p, end, STYLE_NORMAL, metric_text(u->cores, UNIT_CORES, ascii, buf, sizeof(buf)));
	if (!thread)
		right(p, p->area.w, STYLE_NORMAL,
		      metric_text(u->task->resident_bytes, UNIT_BYTES, ascii, buf, sizeof(buf)));
	page_next(p);
}

static void heads(struct page *p, bool threads)
{
	int end = p->area.w - (threads ? 0 : NUMBER_W);
	right(p, PID_W - 1, STYLE_DIM, threads ? "tid" : "pid");
	page_at(p, PID_W, 1, STYLE_DIM, "S");
	page_at(p, PID_W + 2, 20, STYLE_DIM, threads ? "thread" : "process");
	right(p, end, STYLE_DIM, "cores");
	if (!threads)
		right(p, p->area.w, STYLE_DIM, "memory");
	page_next(p);
}

/* "and 12 more, which use 0.02 cores" */
static void rest(struct page *p, const struct task_use *v, size_t n)
{
	char line[96], buf[CELL_MAX];
	struct metric sum = metric_ok(0);
	for (size_t i = 0; i < n; i++)
		sum = metric_is_ok(v[i].cores) ? metric_ok(sum.v + v[i].cores.v) : sum;
	(void)snprintf(line, sizeof(line), "and %zu more, which use %s cores together", n,
	               metric_text(sum, UNIT_CORES, p->canvas && p->canvas->ascii, buf, sizeof(buf)));
	page_wrap(p, PID_W + 2, STYLE_DIM, line);
}

/* Why there are none to show; NULL there are. */
static const char *why_none(const struct tui *t, const struct row *r)
{
	const struct task_list *list = &t->frame->snap->tasks;
	if (t->replay_speed > 0)
		return "Recordings do not hold them.";
	if (t->behind_usec > 0)
		return "They are not kept of the past: Esc goes back to now.";
	if (!list->of || strcmp(list->of, r->inst->id) != 0)
		return t->paused ? "Not read while paused: p goes on." : "They are being read.";
	return t->frame->tasks.n || list->why ? NULL : "None is seen: those that there were have ended.";
}

void instance_tasks_tile(struct page *p, const struct tui *t)
{
	const struct row *r = tui_in_hand(t);
	if (!r || r->inst->state == INSTANCE_STOPPED)
		return;
	bool vm = r->inst->kind == INSTANCE_VM;
	const char *none = why_none(t, r);
	size_t n = none ? 0 : t->frame->tasks.n, most = (size_t)t->layout.body.h / 4;
	most = most < LEAST ? LEAST : most;
	page_at(p, 0, p->area.w, STYLE_TITLE, vm ? "vCPUs, and the VMM's other threads" : "Processes");
	page_next(p);
	if (none)
		page_wrap(p, 0, STYLE_DIM, none);
	if (n)
		heads(p, vm);
	size_t shown = n > most + 1 ? most : n; /* a line that says "one more" could as well be that one */
	for (size_t i = 0; i < shown; i++)
		task_line(p, &t->frame->tasks.v[i]);
	if (shown < n)
		rest(p, t->frame->tasks.v + shown, n - shown);
	if (!none && t->frame->snap->tasks.why)
		page_wrap(p, 0, STYLE_DIM, t->frame->snap->tasks.why);
}

const char *tui_detail(const struct tui *t)
{
	bool looks = t->view == VIEW_INSTANCE || (t->view > VIEW_COMPARE && t->back[t->view] == VIEW_INSTANCE);
	return looks && t->hand_id.len ? t->hand_id.buf : NULL;
}
