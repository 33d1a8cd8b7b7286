#include "vctop/source/line_ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "vctop/base/vec.h"

#define GROUP 32
#define LEVEL 1
#define LONGEST ((size_t)64 * 1024 * 1024)

struct packed {
	int64_t usec;
	size_t at, len, raw; /* bytes in the group's data, packed and unpacked */
};

struct group {
	struct packed v[GROUP];
	unsigned n;
	struct strbuf data;
};

struct line_ring {
	VEC(struct group *) groups; /* oldest first */
	size_t max, bytes, lines;
	struct strbuf first;  /* of the last group, unpacked: the prefix of those to come */
	struct strbuf prefix; /* of the group read last */
	const struct group *prefix_of;
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
};

struct line_ring *line_ring_new(size_t max_bytes)
{
	struct line_ring *r = xcalloc(1, sizeof(*r));
	r->max = max_bytes;
	r->first = r->prefix = (struct strbuf)STRBUF_INIT;
	r->c = ZSTD_createCCtx();
	r->d = ZSTD_createDCtx();
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
	strbuf_release(&r->first);
	strbuf_release(&r->prefix);
	(void)ZSTD_freeCCtx(r->c);
	(void)ZSTD_freeDCtx(r->d);
	free(r);
}

/* Drops the oldest groups while there are too many bytes, or they ended before that time. */
static void trim(struct line_ring *r, int64_t before_usec)
{
	size_t gone = 0;
	while (gone + 1 < r->groups.n && (r->bytes > r->max || r->groups.v[gone]->v[GROUP - 1].usec < before_usec))
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

static struct group *open_group(struct line_ring *r, const char *line, size_t len)
{
	struct group *g = r->groups.n ? r->groups.v[r->groups.n - 1] : NULL;
	if (g && g->n < GROUP)
		return g;
	g = xcalloc(1, sizeof(*g));
	g->data = (struct strbuf)STRBUF_INIT;
	r->bytes += cost(g);
	vec_push(&r->groups, g);
	strbuf_clear(&r->first);
	strbuf_add(&r->first, line, len);
	return g;
}

int line_ring_add(struct line_ring *r, int64_t usec, const char *line, size_t len)
{
	if (!r->c || !r->d || len > LONGEST)
		return -ENOMEM;
	struct group *g = open_group(r, line, len);
	r->bytes -= cost(g);
	strbuf_room(&g->data, ZSTD_compressBound(len));
	(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_compressionLevel, LEVEL);
	if (g->n)
		(void)ZSTD_CCtx_refPrefix(r->c, r->first.buf, r->first.len);
	size_t n = ZSTD_compress2(r->c, g->data.buf + g->data.len, ZSTD_compressBound(len), line, len);
	bool ok = !ZSTD_isError(n);
	if (ok) {
		g->v[g->n++] = (struct packed){usec, g->data.len, n, len};
		g->data.len += n;
		r->lines++;
		if (g->n == GROUP) { /* closed: no more room than it needs */
			g->data.buf = xreallocarray(g->data.buf, g->data.len + 1, 1);
			g->data.cap = g->data.len + 1;
		}
	}
	r->bytes += cost(g);
	trim(r, INT64_MIN);
	return ok ? 0 : -ENOMEM;
}

size_t line_ring_count(const struct line_ring *r)
{
	return r->lines;
}

size_t line_ring_bytes(const struct line_ring *r)
{
	return r->bytes + r->first.cap + r->prefix.cap;
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

static int unpack(struct line_ring *r, const struct group *g, const struct packed *p, const struct strbuf *prefix,
                  struct strbuf *sb)
{
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

int line_ring_get(struct line_ring *r, size_t i, struct strbuf *sb)
{
	const struct group *g;
	const struct packed *p = find(r, i, &g);
	if (!p)
		return -ENOENT;
	if (p == g->v)
		return unpack(r, g, p, NULL, sb);
	if (r->prefix_of != g) {
		int e = unpack(r, g, g->v, NULL, &r->prefix);
		if (e < 0)
			return e;
		r->prefix_of = g;
	}
	return unpack(r, g, p, &r->prefix, sb);
}
