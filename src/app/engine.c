/* A source, its last two snapshots, and the frame between them; or a recording. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/derive/derive.h"
#include "vctop/source/snapshot_json.h"

int engine_open(struct engine *e, const char *root, struct error *err)
{
	return engine_open_traced(e, root, NULL, err);
}

int engine_open_traced(struct engine *e, const char *root, const struct rootfs_trace *trace, struct error *err)
{
	*e = (struct engine){.live = strcmp(root, "/") == 0};
	e->source = source_open_traced(root, trace, err);
	if (!e->source)
		return -err->code;
	e->snap[0] = snapshot_new();
	e->snap[1] = snapshot_new();
	e->frame = frame_new();
	e->spare = frame_new();
	e->frame->prices = e->spare->prices = config()->prices;
	e->statm = (struct kfile)KFILE_INIT;
	e->self_fs = rootfs_open("/", NULL);
	return 0;
}

void engine_ask(struct engine *e, const struct guest_questions *q)
{
	source_ask_guests(e->source, q);
}

int engine_open_replay(struct engine *e, const char *path, struct error *err)
{
	*e = (struct engine){0};
	int r = replay_open(path, &e->replay, err);
	if (r < 0)
		return r;
	e->snap[0] = snapshot_new();
	e->snap[1] = snapshot_new();
	e->frame = frame_new();
	e->spare = frame_new();
	e->frame->prices = e->spare->prices = config()->prices;
	return 0;
}

static void tell_trouble(struct engine *e)
{
	const char *line = past_trouble(e->past);
	if (line)
		(void)app_failf(0, "%s", line);
}

void engine_remember(struct engine *e, enum past_mode mode, double save_sec)
{
	if (!e->live)
		return;
	e->past = past_open(mode, save_sec); /* its trouble is told by who shows, else at the end */
}

static double own_rss(struct engine *e)
{
	char buf[128];
	const char *w;
	size_t len;
	uint64_t pages = 0;
	ssize_t n = e->self_fs ? kfile_read(e->self_fs, &e->statm, "proc/self/statm", buf, sizeof(buf)) : -1;
	if (n > 0 && parse_word(buf, (size_t)n, 1, &w, &len))
		(void)parse_u64(w, len, &pages);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Of a captured tree's reader the cost would only make outputs differ. */
static void measure_self(struct engine *e, int64_t began)
{
	struct self_cost *s = &e->spare->self;
	*s = (struct self_cost){.syscalls = metric_none(METRIC_ABSENT, "not the live host")};
	if (!e->live)
		return;
	s->cpu_sec = clock_self_cpu_sec();
	s->rss_bytes = own_rss(e);
	s->tick_usec = (double)(clock_mono_usec() - began);
	s->syscalls = metric_ok((double)e->source->ops->syscalls(e->source));
}

void engine_show(struct engine *e)
{
	struct snapshot *snap = e->snap[1];
	struct frame *f = e->spare;
	e->snap[1] = e->snap[0];
	e->snap[0] = snap;
	e->spare = e->frame;
	e->frame = f;
	e->ticks++;
}

/* Shows a recorded line, or tells that it is none to show. */
static int take_line(struct engine *e, const struct replay_line *l, struct error *err)
{
	int r = frame_from_json(l->text, l->len, e->snap[1], e->spare, err);
	if (r < 0)
		return r;
	totals_fill(e->spare);
	engine_show(e);
	return 0;
}

/* The next moment in this direction whose line can be shown. */
static int step(struct engine *e, int (*next)(struct replay *, struct replay_line *, struct error *), struct error *err)
{
	struct replay_line l;
	int r;
	while ((r = next(e->replay, &l, err)) == 0)
		if (take_line(e, &l, NULL) == 0)
			return 0;
	return r;
}

int engine_skip(struct engine *e)
{
	struct replay_line l;
	return replay_next(e->replay, &l, NULL);
}

int engine_back(struct engine *e, struct error *err)
{
	return step(e, replay_previous, err);
}

int engine_seek(struct engine *e, int64_t usec, struct error *err)
{
	int r = replay_seek(e->replay, usec, err);
	return r < 0 ? r : step(e, replay_next, err);
}

int engine_read(struct engine *e, struct error *err)
{
	int64_t began = clock_mono_usec();
	struct snapshot *fresh = e->snap[1];
	snapshot_clear(fresh);
	int r = e->source->ops->next(e->source, fresh, err);
	if (r < 0)
		return r;
	frame_derive(e->ticks ? e->snap[0] : NULL, fresh, e->spare);
	if (e->past)
		past_frame(e->past, e->spare);
	totals_fill(e->spare);
	measure_self(e, began);
	return 0;
}

int engine_tick(struct engine *e, struct error *err)
{
	if (e->replay)
		return step(e, replay_next, err);
	int r = engine_read(e, err);
	if (r == 0)
		engine_show(e);
	return r;
}

void engine_close(struct engine *e)
{
	if (e->past && e->ticks)
		past_save(e->past, e->frame);
	tell_trouble(e);
	past_close(e->past);
	replay_close(e->replay);
	frame_free(e->frame);
	frame_free(e->spare);
	snapshot_free(e->snap[0]);
	snapshot_free(e->snap[1]);
	if (e->source)
		e->source->ops->close(e->source);
	if (e->self_fs) {
		kfile_close(e->self_fs, &e->statm);
		rootfs_close(e->self_fs);
	}
	*e = (struct engine){0};
}
