#include "lab/compare/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/tool/weigh.h"
#include "vctop/base/clock.h"

#define ORDER_MSEC 10000
#define ANSWER_MSEC 30000
#define SETTLE_MSEC 200

void trial_set(struct trial *t, enum figure f, double v)
{
	t->has[f] = true;
	t->value[f] = v;
}

void trial_lack(struct trial *t, enum figure f, const char *why)
{
	if (t->has[f] || t->why[f])
		return;
	t->why[f] = xstrdup(why);
}

/* A figure that should have been there. */
void trial_fail(struct trial *t, enum figure f, const struct error *err)
{
	teller_say(t->t, TELL_WARN, "%s: %s: %s", t->c->id, figure_table[f].title, err->what);
	trial_lack(t, f, err->what);
}

bool live_cancelled(const struct live *s)
{
	return s->t->t->cancel && *s->t->t->cancel;
}

bool live_nap(const struct live *s, unsigned msec)
{
	for (unsigned done = 0; done < msec && !live_cancelled(s); done += 20)
		lab_nap(msec - done < 20 ? msec - done : 20);
	return live_cancelled(s);
}

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
		if (live_nap(s, command ? 40 : 4))
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

int live_tell(struct live *s, enum order order, struct error *err)
{
	int r = read_answers(s, err);
	s->said += s->text.len;
	if (r == 0)
		r = order_give(&s->ln.reg, &s->ln.l, order, ORDER_MSEC, err);
	return r < 0 ? r : await_answers(s, is_done, order, err);
}

/* podman and docker return before the program has reported. */
int live_await_report(struct live *s, struct error *err)
{
	if (s->ln.ready.known || s->ln.disk)
		return 0;
	int r = await_answers(s, has_report, 0, err);
	return r < 0 || answers_ready(s->text.buf, s->text.len, &s->ln.ready) ? r : -EIO;
}

int live_weigh(struct live *s, struct held *ret, struct error *err)
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

double held_total(const struct held *h)
{
	return h->workload + h->helpers + h->vmm + h->guest;
}

int live_load_and_free(struct live *s, bool weigh_it, struct error *err)
{
	int r = live_tell(s, ORDER_MEMORY, err);
	if (r == 0 && weigh_it) {
		struct held h = {0};
		r = live_weigh(s, &h, err);
		if (r == 0)
			trial_set(s->t, FIGURE_LOAD_HELD, held_total(&h));
	}
	if (r == 0)
		r = live_tell(s, ORDER_FREE, err);
	if (r == 0 && live_nap(s, SETTLE_MSEC))
		r = error_set(err, EINTR, "interrupted");
	return r;
}
