/*
 * struct usage as bytes: magic, then every member of one table as 8 bytes, little endian, then the buckets that hold
 * something.  The table is also what decode checks by: a number outside its range means that these are not our bytes.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "derive/usage-internal.h"
#include "vctop/base/attr.h"

#define MAGIC "vcu1"          /* another layout, bucket or table: another digit */
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

static const struct member members[] = {
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
        A(F32, minute, sizeof(struct minute) / sizeof(float), 0, BYTES_MAX),
        WINDOW(throttled),
        WINDOW(wait),
        MACHINE(cpu),
        MACHINE(mem),
        MACHINE(idle),
        MACHINE(all),
        A(U8, week, WEEK_BYTES, 0, 255),
        A(U16, today.minutes, DAY_BUCKETS, 0, UINT16_MAX),
};

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
	strbuf_str(sb, MAGIC);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		for (unsigned k = 0; k < members[i].n; k++)
			put_member(sb, members[i].type,
			           (const char *)u + members[i].offset + k * size_of(members[i].type));
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (u->cores.w[i] <= 0)
			continue;
		strbuf_char(sb, (char)i);
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
		if (p[0] <= last || p[0] >= HISTOGRAM_BUCKETS || !get_member(&weight, p + 1, &h->w[p[0]]))
			return false;
		last = p[0];
	}
	return true;
}

static size_t fixed_size(void)
{
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		n += members[i].n * size_of(members[i].type);
	return n;
}

int usage_decode(const char *buf, size_t len, struct usage **ret)
{
	const unsigned char *p = (const unsigned char *)buf;
	if (len < sizeof(MAGIC) - 1 || memcmp(buf, MAGIC, 3) != 0)
		return -EINVAL;
	if (buf[3] != MAGIC[3])
		return -EPROTO;
	p += sizeof(MAGIC) - 1;
	len -= sizeof(MAGIC) - 1;
	if (len < fixed_size())
		return -EINVAL;
	struct usage *u = usage_new();
	bool good = true;
	for (size_t i = 0; i < ARRAY_SIZE(members) && good; i++)
		for (unsigned k = 0; k < members[i].n && good; k++) {
			good = get_member(&members[i], p, (char *)u + members[i].offset + k * size_of(members[i].type));
			p += size_of(members[i].type);
			len -= size_of(members[i].type);
		}
	if (!good || !get_buckets(p, len, &u->cores)) {
		usage_free(u);
		return -EINVAL;
	}
	usage_percentiles(u);
	*ret = u;
	return 0;
}
