/* A source, its last two snapshots, and the frame between them. */
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/derive/derive.h"

int engine_open(struct engine *e, const char *root, struct error *err)
{
	return engine_open_traced(e, root, NULL, NULL, err);
}

int engine_open_traced(struct engine *e, const char *root, rootfs_trace fn, void *data, struct error *err)
{
	*e = (struct engine){.live = strcmp(root, "/") == 0};
	e->source = source_open_traced(root, fn, data, err);
	if (!e->source)
		return -err->code;
	e->snap[0] = snapshot_new();
	e->snap[1] = snapshot_new();
	e->frame = frame_new();
	e->frame->prices = config()->prices;
	e->statm = (struct kfile)KFILE_INIT;
	e->self_fs = rootfs_open("/", NULL);
	return 0;
}

void engine_ask(struct engine *e, const struct guest_questions *q)
{
	source_ask_guests(e->source, q);
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
	struct self_cost *s = &e->frame->self;
	*s = (struct self_cost){.syscalls = metric_none(METRIC_ABSENT, "not the live host")};
	if (!e->live)
		return;
	s->cpu_sec = clock_self_cpu_sec();
	s->rss_bytes = own_rss(e);
	s->tick_usec = (double)(clock_mono_usec() - began);
	s->syscalls = metric_ok((double)e->source->ops->syscalls(e->source));
}

int engine_tick(struct engine *e, struct error *err)
{
	int64_t began = clock_mono_usec();
	struct snapshot *fresh = e->snap[1];
	snapshot_clear(fresh);
	int r = e->source->ops->next(e->source, fresh, err);
	if (r < 0) {
		/* The frame borrows from snap[0], which is untouched; the cleared one stays the spare. */
		return r;
	}
	e->snap[1] = e->snap[0];
	e->snap[0] = fresh;
	frame_derive(e->ticks ? e->snap[1] : NULL, fresh, e->frame);
	e->ticks++;
	measure_self(e, began);
	return 0;
}

void engine_close(struct engine *e)
{
	frame_free(e->frame);
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
