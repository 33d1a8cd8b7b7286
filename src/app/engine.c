#include <errno.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/derive/derive.h"
#include "vctop/source/rootfs.h"

#include <string.h>
#include <unistd.h>

int engine_open(struct engine *e, const char *root, struct error *err)
{
	*e = (struct engine){.live = strcmp(root, "/") == 0};
	e->source = source_open_host(root, err);
	if (!e->source)
		return -err->code;
	e->snap[0] = snapshot_new();
	e->snap[1] = snapshot_new();
	e->frame = frame_new();
	return 0;
}

/* Our own resident memory; of a captured tree's reader it would only make outputs differ. */
static double own_rss(void)
{
	struct error err;
	struct rootfs *fs = rootfs_open("/", &err);
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	const char *w;
	size_t n;
	uint64_t pages = 0;
	if (fs && rootfs_read(fs, "proc/self/statm", 256, &sb) > 0 && parse_word(sb.buf, sb.len, 1, &w, &n))
		(void)parse_u64(w, n, &pages);
	rootfs_close(fs);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void measure_self(struct engine *e, int64_t began)
{
	struct self_cost *s = &e->frame->self;
	*s = (struct self_cost){.syscalls = metric_none(METRIC_ABSENT, "not the live host")};
	if (!e->live)
		return;
	s->cpu_sec = clock_self_cpu_sec();
	s->rss_bytes = own_rss();
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
	*e = (struct engine){0};
}
