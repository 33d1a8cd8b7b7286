/*
 * struct usage as bytes: magic and version, then every member of the tables in its size, little endian, then the
 * buckets that hold something.  The tables are also what decode checks by: a number outside its range means that these
 * are not our bytes.  What a version added has a table of its own, so that earlier bytes can be read: what they lack is
 * then as in a new usage.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "derive/usage-internal.h"
#include "vctop/base/attr.h"

#define MAGIC "vcu"
#define TIME_MAX 4102444800e6 /* year 2100 */
#define SEC_MAX 1e12
#define BYTES_MAX 1e18

enum type { I64, U64, F64, F32, U16, U8, BOOL };

struct member {
	enum type type;
	uint16_t offset, n; /* n: of an array */
	double min, max;
};

#define M(type, member, min, max)                                                                                      \
	{                                                                                                              \
		type, offsetof(struct usage, member), 1, min, max                                                      \
	}
#define A(type, member, n, min, max)                                                                                   \
	{                                                                                                              \
		type, offsetof(struct usage, member), n, min, max                                                      \
	}
#define TIME(member) M(I64, member, 0, TIME_MAX)
#define SEC(member) M(F32, member, 0, SEC_MAX)
#define MACHINE(m)                                                                                                     \
	M(U8, m.state, 0, VERDICT_STATE_MAX - 1), M(U8, m.pending, 0, VERDICT_STATE_MAX - 1),                          \
	        M(U8, m.cause, 0, CAUSE_MAX - 1), M(F32, m.number, -1, BYTES_MAX), SEC(m.pending_sec),                 \
	        SEC(m.calm_sec), TIME(m.changed_usec)
#define CAP(c)                                                                                                         \
	M(F64, c.amount, 0, BYTES_MAX), M(U8, c.st, 0, METRIC_STATE_MAX - 1), M(BOOL, c.shared, 0, 1),                 \
	        TIME(c.changed_usec)
#define WINDOW(w) A(F32, w.sec, WINDOW_PARTS, 0, SEC_MAX), A(F32, w.mean, WINDOW_PARTS, 0, BYTES_MAX)

#define MINUTE_1 (offsetof(struct minute, mem_full_sec) / sizeof(float))
#define MINUTE_2 (sizeof(struct minute) / sizeof(float) - MINUTE_1)

static const struct member since_1[] = {
        TIME(first_usec),
        TIME(last_usec),
        TIME(decayed_usec),
        TIME(cpu_usec),
        TIME(mem_usec),
        TIME(started_usec),
        TIME(restarted_usec),
        TIME(oom_usec),
        M(U64, owner, 0, 0),
        M(F64, cpu_sec, 0, SEC_MAX),
        M(F64, mem_sec, 0, SEC_MAX),
        M(F64, span_sec, 0, SEC_MAX),
        M(F64, oom_kills, -1, BYTES_MAX),
        M(F64, oom_limit, 0, BYTES_MAX),
        M(F64, mem_now, -1, BYTES_MAX),
        M(F64, held_now, -1, BYTES_MAX),
        A(F64, mem_peak, PEAK_DAYS, 0, BYTES_MAX),
        A(F32, cpu_peak, PEAK_DAYS, 0, BYTES_MAX),
        SEC(usual_sec),
        M(F32, age_sec, -1, SEC_MAX),
        SEC(net_sec),
        SEC(net_quiet_sec),
        M(F32, mem_wait_pct, -1, BYTES_MAX),
        M(U8, kind, 0, INSTANCE_KIND_MAX - 1),
        M(U8, life, 0, INSTANCE_STATE_MAX - 1),
        M(U8, now, 0, NOW_MAX - 1),
        M(BOOL, inside_known, 0, 1),
        M(BOOL, keep, 0, 1),
        M(U8, cpu_st, 0, METRIC_STATE_MAX - 1),
        M(U8, mem_st, 0, METRIC_STATE_MAX - 1),
        CAP(cpu_cap),
        CAP(mem_cap),
        A(F32, minute, MINUTE_1, 0, BYTES_MAX),
        WINDOW(throttled),
        WINDOW(wait),
        MACHINE(cpu),
        MACHINE(mem),
        MACHINE(idle),
        MACHINE(all),
        A(U8, week, WEEK_BYTES, 0, 255),
        A(U16, today.minutes, DAY_BUCKETS, 0, UINT16_MAX),
};

static const struct member since_2[] = {
        A(F32, minute.mem_full_sec, MINUTE_2, 0, BYTES_MAX),
        M(F64, cap_hits, -1, BYTES_MAX),
        M(F64, no_memory, -1, BYTES_MAX),
        M(F32, mem_full_pct, -1, BYTES_MAX),
        M(F32, refault_per_sec, -1, BYTES_MAX),
        M(F32, minute_hits, 0, BYTES_MAX),
        M(F32, minute_no_memory, 0, BYTES_MAX),
};

/* The bytes of version n hold the first n of these. */
static const struct {
	const struct member *v;
	size_t n;
} tables[] = {{since_1, ARRAY_SIZE(since_1)}, {since_2, ARRAY_SIZE(since_2)}};
static size_t size_of(enum type t)
{
	static const uint8_t sizes[] = {8, 8, 8, 4, 2, 1, 1};
	return sizes[t];
}

static void put_u64(struct strbuf *sb, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		strbuf_char(sb, (char)(v >> (8 * i) & 0xFF));
}

static uint64_t get_u64(const unsigned char *p, unsigned n)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

/* Members are stored in their own size; memory is little endian or made so. */
static void put_member(struct strbuf *sb, enum type t, const void *at)
{
	uint64_t v = 0;
	uint32_t half;
	if (t == F32) {
		memcpy(&half, at, sizeof(half));
		v = half;
	} else if (t == U16) {
		v = *(const uint16_t *)at;
	} else if (size_of(t) == 1) {
		v = *(const uint8_t *)at;
	} else {
		memcpy(&v, at, sizeof(v));
	}
	put_u64(sb, v, (unsigned)size_of(t));
}

static bool get_member(const struct member *m, const unsigned char *p, void *at)
{
	uint64_t v = get_u64(p, (unsigned)size_of(m->type));
	uint32_t half = (uint32_t)v;
	float f;
	double d = 0;
	switch (m->type) {
	case U64:
		memcpy(at, &v, sizeof(v));
		return true;
	case I64:
		d = (double)(int64_t)v;
		memcpy(at, &v, sizeof(v));
		break;
	case F64:
		memcpy(&d, &v, sizeof(d));
		memcpy(at, &v, sizeof(v));
		break;
	case F32:
		memcpy(&f, &half, sizeof(f));
		memcpy(at, &half, sizeof(half));
		d = (double)f;
		break;
	case U16:
		d = (double)v;
		*(uint16_t *)at = (uint16_t)v;
		break;
	case U8:
	case BOOL:
		d = (double)v;
		if (d <= m->max)
			*(uint8_t *)at = (uint8_t)v;
		break;
	}
	return isfinite(d) && d >= m->min && d <= m->max;
}

void usage_encode(const struct usage *u, struct strbuf *sb)
{
	strbuf_fmt(sb, MAGIC "%zu", ARRAY_SIZE(tables));
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct member *m = tables[t].v; m < tables[t].v + tables[t].n; m++)
			for (unsigned k = 0; k < m->n; k++)
				put_member(sb, m->type, (const char *)u + m->offset + k * size_of(m->type));
	for (unsigned i = 0; i < u->cores.n; i++) {
		if (u->cores.w[i] <= 0)
			continue;
		strbuf_char(sb, (char)(u->cores.from + i));
		put_member(sb, F32, &u->cores.w[i]);
	}
}

/* Pairs of bucket and weight to the end, ascending. */
static bool get_buckets(const unsigned char *p, size_t len, struct histogram *h)
{
	static const struct member weight = {F32, 0, 1, 0, SEC_MAX};
	int last = -1;
	if (len % 5 != 0)
		return false;
	for (; len; p += 5, len -= 5) {
		if (p[0] <= last || p[0] >= HISTOGRAM_BUCKETS || !get_member(&weight, p + 1, histogram_room(h, p[0])))
			return false;
		last = p[0];
	}
	return true;
}

/* A cursor over bytes that are not believed. */
struct bytes {
	const unsigned char *p;
	size_t len;
};

static bool get_table(struct bytes *b, const struct member *members, size_t n, struct usage *u)
{
	for (const struct member *m = members; m < members + n; m++)
		for (unsigned k = 0; k < m->n; k++) {
			size_t size = size_of(m->type);
			if (b->len < size || !get_member(m, b->p, (char *)u + m->offset + k * size))
				return false;
			b->p += size;
			b->len -= size;
		}
	return true;
}

int usage_decode(const char *buf, size_t len, struct usage **ret)
{
	const size_t head = sizeof(MAGIC);
	if (len < head || memcmp(buf, MAGIC, head - 1) != 0)
		return -EINVAL;
	size_t version = (size_t)(unsigned char)buf[head - 1] - '0';
	if (version < 1 || version > ARRAY_SIZE(tables))
		return -EPROTO;
	struct bytes b = {(const unsigned char *)buf + head, len - head};
	struct usage *u = usage_new();
	bool good = true;
	for (size_t t = 0; t < version && good; t++)
		good = get_table(&b, tables[t].v, tables[t].n, u);
	if (!good || !get_buckets(b.p, b.len, &u->cores)) {
		usage_free(u);
		return -EINVAL;
	}
	usage_percentiles(u);
	*ret = u;
	return 0;
}
