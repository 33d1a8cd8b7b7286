#include "vctop/source/line_ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "vctop/base/attr.h"
#include "vctop/base/vec.h"

#define GROUP 32
#define LEVEL 1
#define TABLE_LOG_MAX 20 /* 4 MiB */
#define LONGEST ((size_t)64 * 1024 * 1024)
#define LARGE ((size_t)256 * 1024) /* what is worked on is not kept from there on: it would outweigh what is stored */
#define GROUPS_LEAST 8U            /* a group that large ends: dropping the oldest must not drop all */

struct packed {
	int64_t usec;
	size_t at, len, raw; /* bytes in the group's data, packed and unpacked */
};

struct group {
	struct packed v[GROUP];
	unsigned n;
	bool full;
	struct strbuf data;
};

struct line_ring {
	VEC(struct group *) groups; /* oldest first */
	size_t max, bytes, lines;
	struct strbuf prefix; /* the first line of this group, unpacked */
	const struct group *prefix_of;
	ZSTD_CCtx *c; /* NULL: made when it is needed */
	ZSTD_DCtx *d; /* so is this */
};

struct line_ring *line_ring_new(size_t max_bytes)
{
	struct line_ring *r = xcalloc(1, sizeof(*r));
	r->max = max_bytes;
	r->prefix = (struct strbuf)STRBUF_INIT;
	return r;
}

static size_t cost(const struct group *g)
{
	return sizeof(*g) + g->data.cap;
}

static void drop(struct line_ring *r, struct group *g)
{
	r->lines -= g->n;
	r->bytes -= cost(g);
	strbuf_release(&g->data);
	free(g);
	r->prefix_of = NULL;
}

void line_ring_free(struct line_ring *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->groups.n; i++)
		drop(r, r->groups.v[i]);
	vec_free(&r->groups);
	strbuf_release(&r->prefix);
	(void)ZSTD_freeCCtx(r->c);
	(void)ZSTD_freeDCtx(r->d);
	free(r);
}

/* Drops the oldest groups while there are too many bytes, or they ended before that time. */
static void trim(struct line_ring *r, int64_t before_usec)
{
	size_t gone = 0;
	while (gone + 1 < r->groups.n &&
	       (r->bytes > r->max || r->groups.v[gone]->v[r->groups.v[gone]->n - 1].usec < before_usec))
		drop(r, r->groups.v[gone++]);
	if (gone) {
		r->groups.n -= gone;
		memmove(r->groups.v, r->groups.v + gone, r->groups.n * sizeof(*r->groups.v));
	}
}

void line_ring_forget(struct line_ring *r, int64_t before_usec)
{
	trim(r, before_usec);
}

static int unpack(struct line_ring *r, const struct group *g, const struct packed *p, const struct strbuf *prefix,
                  struct strbuf *sb)
{
	r->d = r->d ? r->d : ZSTD_createDCtx();
	if (!r->d)
		return -EIO;
	strbuf_clear(sb);
	strbuf_room(sb, p->raw);
	if (prefix)
		(void)ZSTD_DCtx_refPrefix(r->d, prefix->buf, prefix->len);
	size_t n = ZSTD_decompressDCtx(r->d, sb->buf, p->raw, g->data.buf + p->at, p->len);
	if (ZSTD_isError(n) || n != p->raw)
		return -EIO;
	sb->len = n;
	sb->buf[n] = '\0';
	return 0;
}

static int take_prefix(struct line_ring *r, const struct group *g)
{
	if (r->prefix_of == g)
		return 0;
	r->prefix_of = NULL;
	int e = unpack(r, g, g->v, NULL, &r->prefix);
	r->prefix_of = e < 0 ? NULL : g;
	return e;
}

/* After work on a large line. */
static void leave_work(struct line_ring *r)
{
	strbuf_release(&r->prefix);
	r->prefix_of = NULL;
	(void)ZSTD_freeCCtx(r->c);
	(void)ZSTD_freeDCtx(r->d);
	r->c = NULL;
	r->d = NULL;
}

static struct group *open_group(struct line_ring *r)
{
	struct group *g = r->groups.n ? r->groups.v[r->groups.n - 1] : NULL;
	if (g && !g->full)
		return g;
	g = xcalloc(1, sizeof(*g));
	g->data = (struct strbuf)STRBUF_INIT;
	r->bytes += cost(g);
	vec_push(&r->groups, g);
	return g;
}

/*
 * The window must reach back over the whole prefix, and the table hold as many of its places, or nothing is alike in
 * long lines.  zstd's search for far matches would find them too, for three times the time.
 */
static void prepare(struct line_ring *r, size_t bytes)
{
	int log = 19;
	while (log < 27 && ((size_t)1 << log) < bytes)
		log++;
	(void)ZSTD_CCtx_reset(r->c, ZSTD_reset_session_and_parameters);
	(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_compressionLevel, LEVEL);
	if (bytes < LARGE)
		return;
	(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_windowLog, log);
	(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_hashLog, log < TABLE_LOG_MAX + 5 ? log - 5 : TABLE_LOG_MAX);
}

/* No more room than it needs. */
static void append(struct group *g, const char *data, size_t n)
{
	g->data.cap = g->data.len + n + 1;
	g->data.buf = xreallocarray(g->data.len ? g->data.buf : NULL, g->data.cap, 1);
	memcpy(g->data.buf + g->data.len, data, n);
	g->data.len += n;
	g->data.buf[g->data.len] = '\0';
}

int line_ring_add(struct line_ring *r, int64_t usec, const char *line, size_t len)
{
	size_t bound = ZSTD_compressBound(len);
	r->c = r->c ? r->c : ZSTD_createCCtx();
	if (!r->c || len > LONGEST)
		return -ENOMEM;
	struct group *g = open_group(r);
	if (g->n && take_prefix(r, g) < 0)
		return -ENOMEM;
	cleanup_free char *packed = xmalloc(bound);
	prepare(r, len + (g->n ? r->prefix.len : 0));
	if (g->n)
		(void)ZSTD_CCtx_refPrefix(r->c, r->prefix.buf, r->prefix.len);
	size_t n = ZSTD_compress2(r->c, packed, bound, line, len);
	if (len >= LARGE || r->prefix.cap >= LARGE)
		leave_work(r);
	if (ZSTD_isError(n))
		return -ENOMEM;
	r->bytes -= cost(g);
	g->v[g->n++] = (struct packed){usec, g->data.len, n, len};
	append(g, packed, n);
	g->full = g->n == GROUP || g->data.len > r->max / GROUPS_LEAST;
	r->bytes += cost(g);
	r->lines++;
	trim(r, INT64_MIN);
	return 0;
}

size_t line_ring_count(const struct line_ring *r)
{
	return r->lines;
}

size_t line_ring_bytes(const struct line_ring *r)
{
	return r->bytes + r->prefix.cap;
}

static const struct packed *find(const struct line_ring *r, size_t i, const struct group **ret)
{
	for (size_t k = 0; k < r->groups.n; k++) {
		const struct group *g = r->groups.v[k];
		if (i < g->n) {
			*ret = g;
			return &g->v[i];
		}
		i -= g->n;
	}
	return NULL;
}

int64_t line_ring_time(const struct line_ring *r, size_t i)
{
	const struct group *g;
	const struct packed *p = find(r, i, &g);
	return p ? p->usec : 0;
}

int line_ring_get(struct line_ring *r, size_t i, struct strbuf *sb)
{
	const struct group *g;
	const struct packed *p = find(r, i, &g);
	if (!p)
		return -ENOENT;
	bool first = p == g->v;
	int e = first ? 0 : take_prefix(r, g);
	e = e < 0 ? e : unpack(r, g, p, first ? NULL : &r->prefix, sb);
	if (p->raw >= LARGE || r->prefix.cap >= LARGE)
		leave_work(r);
	return e;
}
