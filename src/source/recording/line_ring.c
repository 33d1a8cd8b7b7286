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
#define LARGE ((size_t)256 * 1024) /* after work on such a line no room is kept: it would outweigh what is stored */
#define PART (2 * LARGE)           /* longer text is cut */
#define WINDOW_LOG 20              /* reaches back over a part and the one beside it, */
#define HASH_LOG 15                /* and finds most of its places again */
#define GROUPS_LEAST 8U            /* a group of so large differences ends: dropping the oldest must not drop all */
#define LINES_LEAST 4U             /* so many are kept, however long they are */

/* What stands before each part in a group's data. */
struct part {
	uint32_t raw, packed; /* bytes */
};

struct packed {
	int64_t usec;
	size_t at, len, raw; /* bytes in the group's data, of all its parts; unpacked */
};

struct group {
	struct packed v[GROUP];
	unsigned n;
	bool full;
	struct strbuf data;
};

/* Goes through the parts of a line. */
struct passage {
	const struct group *g;
	size_t at, end;
};

struct line_ring {
	VEC(struct group *) groups; /* oldest first */
	size_t max, bytes, lines;
	struct group *open;    /* a line is being added to it; NULL none is */
	struct packed adding;  /* that line */
	struct passage beside; /* where in the first line of its group it is */
	int failed;
	struct strbuf prefix; /* a part of the first line of a group, unpacked: */
	const struct group *prefix_of;
	size_t prefix_at;
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
	while (gone + 1 < r->groups.n) {
		struct group *g = r->groups.v[gone];
		bool too_much = r->bytes > r->max && r->lines >= g->n + LINES_LEAST;
		if (!too_much && g->v[g->n - 1].usec >= before_usec)
			break;
		drop(r, g);
		gone++;
	}
	if (gone) {
		r->groups.n -= gone;
		memmove(r->groups.v, r->groups.v + gone, r->groups.n * sizeof(*r->groups.v));
	}
}

void line_ring_forget(struct line_ring *r, int64_t before_usec)
{
	trim(r, before_usec);
}

static struct passage all_of(const struct group *g, unsigned line)
{
	return (struct passage){g, g->v[line].at, g->v[line].at + g->v[line].len};
}

static bool next_part(struct passage *p, struct part *ret, size_t *ret_at)
{
	if (p->at == p->end)
		return false;
	memcpy(ret, p->g->data.buf + p->at, sizeof(*ret));
	*ret_at = p->at + sizeof(*ret);
	p->at = *ret_at + ret->packed;
	return true;
}

/* Appended to sb. */
static int unpack(struct line_ring *r, const struct group *g, const struct part *p, size_t at,
                  const struct strbuf *prefix, struct strbuf *sb)
{
	r->d = r->d ? r->d : ZSTD_createDCtx();
	if (!r->d)
		return -EIO;
	strbuf_room(sb, p->raw);
	if (prefix && prefix->len)
		(void)ZSTD_DCtx_refPrefix(r->d, prefix->buf, prefix->len);
	size_t n = ZSTD_decompressDCtx(r->d, sb->buf + sb->len, p->raw, g->data.buf + at, p->packed);
	if (ZSTD_isError(n) || n != p->raw)
		return -EIO;
	sb->len += n;
	sb->buf[sb->len] = '\0';
	return 0;
}

/* The first line of a group stands alone, the others beside it. */
static struct passage beside_of(const struct group *g, unsigned line)
{
	return line ? all_of(g, 0) : (struct passage){.g = g};
}

/* The next part of what a line stands beside; empty where there is none. */
static int take_prefix(struct line_ring *r, struct passage *beside)
{
	struct part p;
	size_t at;
	if (!next_part(beside, &p, &at)) {
		r->prefix_of = NULL;
		strbuf_clear(&r->prefix);
		return 0;
	}
	if (r->prefix_of == beside->g && r->prefix_at == at)
		return 0;
	strbuf_clear(&r->prefix);
	int e = unpack(r, beside->g, &p, at, NULL, &r->prefix);
	r->prefix_of = e < 0 ? NULL : beside->g;
	r->prefix_at = at;
	return e;
}

/* After work on a line that was so long. */
static void leave_work(struct line_ring *r, size_t raw)
{
	if (raw < LARGE && r->prefix.cap < LARGE)
		return;
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

/* No more room than it needs. */
static void append(struct group *g, struct part p, const char *data)
{
	size_t cap = g->data.len + sizeof(p) + p.packed + 1;
	g->data.buf = xreallocarray(g->data.cap ? g->data.buf : NULL, cap, 1);
	g->data.cap = cap;
	memcpy(g->data.buf + g->data.len, &p, sizeof(p));
	memcpy(g->data.buf + g->data.len + sizeof(p), data, p.packed);
	g->data.len += sizeof(p) + p.packed;
	g->data.buf[g->data.len] = '\0';
}

void line_ring_begin(struct line_ring *r, int64_t usec)
{
	struct group *g = r->open = open_group(r);
	r->adding = (struct packed){.usec = usec, .at = g->data.len};
	r->beside = beside_of(g, g->n);
	r->failed = 0;
}

static int add_part(struct line_ring *r, const char *text, size_t len)
{
	struct group *g = r->open;
	size_t bound = ZSTD_compressBound(len);
	r->c = r->c ? r->c : ZSTD_createCCtx();
	if (!r->c || take_prefix(r, &r->beside) < 0)
		return -ENOMEM;
	cleanup_free char *packed = xmalloc(bound);
	(void)ZSTD_CCtx_reset(r->c, ZSTD_reset_session_and_parameters);
	(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_compressionLevel, LEVEL);
	if (len + r->prefix.len >= LARGE) {
		(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_windowLog, WINDOW_LOG);
		(void)ZSTD_CCtx_setParameter(r->c, ZSTD_c_hashLog, HASH_LOG);
	}
	if (r->prefix.len)
		(void)ZSTD_CCtx_refPrefix(r->c, r->prefix.buf, r->prefix.len);
	size_t n = ZSTD_compress2(r->c, packed, bound, text, len);
	if (ZSTD_isError(n))
		return -ENOMEM;
	r->bytes -= cost(g);
	append(g, (struct part){(uint32_t)len, (uint32_t)n}, packed);
	r->bytes += cost(g);
	r->adding.raw += len;
	return 0;
}

int line_ring_part(struct line_ring *r, const char *text, size_t len)
{
	for (size_t n; len && !r->failed; text += n, len -= n) {
		n = len < PART ? len : PART;
		r->failed = add_part(r, text, n);
	}
	return r->failed;
}

/* The first line of a group is stored whole; the differences of the others should outweigh it. */
static bool is_full(const struct line_ring *r, const struct group *g)
{
	size_t first = g->v[0].len, enough = r->max / GROUPS_LEAST;
	return g->n == GROUP || g->data.len - first > (first > enough ? first : enough);
}

int line_ring_end(struct line_ring *r)
{
	struct group *g = r->open;
	r->open = NULL;
	r->adding.len = g->data.len - r->adding.at;
	if (r->failed)
		g->data.len = r->adding.at;
	else
		g->v[g->n++] = r->adding;
	leave_work(r, r->adding.raw);
	if (r->failed)
		return r->failed;
	g->full = is_full(r, g);
	r->lines++;
	trim(r, INT64_MIN);
	return 0;
}

int line_ring_add(struct line_ring *r, int64_t usec, const char *line, size_t len)
{
	line_ring_begin(r, usec);
	(void)line_ring_part(r, line, len);
	return line_ring_end(r);
}

size_t line_ring_count(const struct line_ring *r)
{
	return r->lines;
}

size_t line_ring_bytes(const struct line_ring *r)
{
	return r->bytes + r->prefix.cap;
}

/* Which line of its group it is. */
static const struct group *find(const struct line_ring *r, size_t i, unsigned *ret)
{
	for (size_t k = 0; k < r->groups.n; k++) {
		const struct group *g = r->groups.v[k];
		if (i < g->n) {
			*ret = (unsigned)i;
			return g;
		}
		i -= g->n;
	}
	return NULL;
}

int64_t line_ring_time(const struct line_ring *r, size_t i)
{
	unsigned line;
	const struct group *g = find(r, i, &line);
	return g ? g->v[line].usec : 0;
}

int line_ring_get(struct line_ring *r, size_t i, struct strbuf *sb)
{
	unsigned line;
	const struct group *g = find(r, i, &line);
	if (!g)
		return -ENOENT;
	struct passage of = all_of(g, line), beside = beside_of(g, line);
	struct part p;
	size_t at;
	int e = 0;
	strbuf_clear(sb);
	strbuf_room(sb, g->v[line].raw);
	while (e == 0 && next_part(&of, &p, &at)) {
		e = take_prefix(r, &beside);
		e = e < 0 ? e : unpack(r, g, &p, at, &r->prefix, sb);
	}
	leave_work(r, g->v[line].raw);
	return e;
}
