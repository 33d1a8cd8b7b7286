#include "app/moments.h"

#include <stdlib.h>

#include "vctop/base/clock.h"
#include "vctop/derive/derive.h"
#include "vctop/source/line_ring.h"
#include "vctop/source/snapshot_json.h"
#include "vctop/view/views.h"

#define BYTES_MAX ((size_t)2 * 1024 * 1024) /* an hour of 1,000 instances */
#define LINE_KEPT ((size_t)256 * 1024)
#define HOUR_USEC INT64_C(3600000000)
#define COST_SHARE 2500               /* keeping may take one part in so many of the time: */
#define LATEST_USEC INT64_C(60000000) /* but one a minute is always kept */

struct moments {
	struct line_ring *ring;
	struct strbuf line;
	int64_t due_usec; /* monotonic: no frame is kept before */
	struct snapshot *snap;
	struct frame *frame;
};

struct moments *moments_new(void)
{
	struct moments *m = xcalloc(1, sizeof(*m));
	m->ring = line_ring_new(BYTES_MAX);
	m->line = (struct strbuf)STRBUF_INIT;
	return m;
}

void moments_free(struct moments *m)
{
	if (!m)
		return;
	line_ring_free(m->ring);
	strbuf_release(&m->line);
	snapshot_free(m->snap);
	frame_free(m->frame);
	free(m);
}

/* Of a host with many instances it would outweigh what is kept. */
static void leave_line(struct moments *m)
{
	if (m->line.cap > LINE_KEPT)
		strbuf_release(&m->line);
}

static int keep_part(void *ring, const struct strbuf *text)
{
	return line_ring_part(ring, text->buf, text->len);
}

void moments_keep(struct moments *m, const struct frame *f)
{
	int64_t began = clock_mono_usec(), usec = f->snap->host.real_usec;
	size_t n = line_ring_count(m->ring);
	if (began < m->due_usec || (n && usec <= line_ring_time(m->ring, n - 1)))
		return;
	strbuf_clear(&m->line);
	line_ring_begin(m->ring, usec);
	(void)json_frame_write(f, &m->line, keep_part, m->ring);
	(void)line_ring_end(m->ring);
	line_ring_forget(m->ring, usec - HOUR_USEC);
	leave_line(m);
	int64_t cost = clock_mono_usec() - began, wait = cost * COST_SHARE;
	m->due_usec = began + (wait < LATEST_USEC ? wait : LATEST_USEC);
}

/* The first at or after a time. */
static size_t find(const struct moments *m, int64_t usec)
{
	size_t from = 0, to = line_ring_count(m->ring);
	while (from < to) {
		size_t mid = from + (to - from) / 2;
		if (line_ring_time(m->ring, mid) < usec)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

const struct frame *moments_at(struct moments *m, int64_t usec, int steps)
{
	size_t at = find(m, usec), n = line_ring_count(m->ring);
	if ((steps < 0 && at < (size_t)-steps) || at + (size_t)(steps > 0 ? steps : 0) >= n + (steps < 0))
		return NULL;
	at = steps < 0 ? at - (size_t)-steps : at + (size_t)steps;
	if (!m->snap) {
		m->snap = snapshot_new();
		m->frame = frame_new();
		m->frame->prices = config()->prices;
	}
	/* Too long to be read: what is shown stays as it is. */
	if (line_ring_get(m->ring, at, &m->line) < 0 || m->line.len > SNAPSHOT_LINE_MAX ||
	    frame_from_json(m->line.buf, m->line.len, m->snap, m->frame, NULL) < 0)
		return NULL;
	leave_line(m);
	totals_fill(m->frame);
	return m->frame;
}

int64_t moments_oldest(const struct moments *m)
{
	return line_ring_count(m->ring) ? line_ring_time(m->ring, 0) : 0;
}

size_t moments_bytes(const struct moments *m)
{
	return line_ring_bytes(m->ring) + m->line.cap;
}
