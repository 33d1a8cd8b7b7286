/* See trend.h.  All rings turn together: a place in any of them means one reading, whose time is kept once. */
#include "vctop/model/trend.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/map.h"
#include "vctop/base/prefetch.h"
#include "vctop/base/vec.h"

#define FINE 600     /* readings: at one a second, ten minutes */
#define COARSE 450   /* means of so many: */
#define COARSE_OF 8U /* an hour */
#define FIRST_CAP 8  /* doubled until it is the whole; most that come go before */
#define TRENDS_MAX 200
#define GAP_USEC 30000000
#define GAP_READINGS 4

typedef float point[TREND_MAX];

/*
 * Points by number, the newest `size` of them; those nobody put are NAN.  A series that has been the same since it
 * began is that one value: of what idles most are.
 */
struct ring {
	float *v[TREND_MAX];       /* NULL: `same` */
	point same;                /* NAN: not begun */
	uint64_t since[TREND_MAX]; /* NAN before */
	uint64_t from, end;
	size_t cap; /* of those that are there */
};

struct trend {
	struct ring fine, coarse;
	double sum[TREND_MAX];
	unsigned n[TREND_MAX]; /* of the mean that is being made */
};

/* Where a row's trend is: as a rule the next reading has the same rows in the same places. */
struct place {
	uint64_t words; /* the instance's; 0 not said, then a hash of its id */
	uint64_t id;
	struct trend *trend;
};

struct trends {
	struct map by_id;
	VEC(struct place) places;
	struct trend *host;
	uint64_t readings; /* so far; the last has number readings - 1 */
	bool forgot;       /* in this one, those that have gone: whoever finds no room now gets none */
	int64_t time[FINE], coarse_time[COARSE];
};

struct trends *trends_new(void)
{
	struct trends *b = xcalloc(1, sizeof(*b));
	b->host = xcalloc(1, sizeof(*b->host));
	return b;
}

static void ring_release(struct ring *r)
{
	for (unsigned s = 0; s < TREND_MAX; s++)
		free(r->v[s]);
}

static void trend_free(struct trend *t)
{
	ring_release(&t->fine);
	ring_release(&t->coarse);
	free(t);
}

static void forget(struct trends *b, uint64_t seen_before)
{
	const char *id;
	void *t;
	for (size_t it = 0; map_next(&b->by_id, &it, &id, &t);)
		if (((struct trend *)t)->fine.end <= seen_before) {
			trend_free(map_remove(&b->by_id, id));
			b->places.n = 0;
		}
}

void trends_free(struct trends *b)
{
	if (!b)
		return;
	forget(b, UINT64_MAX);
	map_release(&b->by_id);
	vec_free(&b->places);
	trend_free(b->host);
	free(b);
}

static float value(struct metric m)
{
	return metric_is_ok(m) ? (float)m.v : NAN;
}

static const point nothing = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

/* Room for the values from `from` on to `at`, or for as many as are kept. */
static void ring_room(struct ring *r, size_t size, uint64_t at)
{
	size_t cap = r->cap ? r->cap : FIRST_CAP;
	while (cap < size && at - r->from >= cap)
		cap *= 2;
	cap = cap > size ? size : cap;
	for (unsigned s = 0; s < TREND_MAX && cap != r->cap; s++) {
		if (!r->v[s])
			continue;
		float *v = xreallocarray(NULL, cap, sizeof(*v));
		for (uint64_t i = r->from; i < r->end; i++) /* it only grows while all are still there */
			v[i % cap] = r->v[s][i % r->cap];
		free(r->v[s]);
		r->v[s] = v;
	}
	r->cap = cap;
}

static bool is_same(float a, float b)
{
	return isnan(a) ? isnan(b) : !isnan(b) && !(a < b) && !(a > b);
}

static float series_get(const struct ring *r, unsigned s, uint64_t at)
{
	return r->v[s] ? r->v[s][at % r->cap] : at < r->since[s] ? NAN : r->same[s];
}

static void series_put(struct ring *r, unsigned s, uint64_t at, float value)
{
	if (!r->v[s] && is_same(r->same[s], value))
		return;
	if (!r->v[s] && isnan(r->same[s])) {
		r->same[s] = value;
		r->since[s] = at;
		return;
	}
	if (!r->v[s]) {
		float *v = xreallocarray(NULL, r->cap, sizeof(*v));
		for (uint64_t i = at > r->cap ? at - r->cap : 0; i < at; i++)
			v[i % r->cap] = series_get(r, s, i);
		r->v[s] = v;
	}
	r->v[s][at % r->cap] = value;
}

static void ring_put(struct ring *r, size_t size, uint64_t at, const point p)
{
	if (!r->cap) {
		r->from = r->end = at;
		memcpy(r->same, nothing, sizeof(point));
	}
	uint64_t skipped = at - r->end > size ? at - size : r->end;
	ring_room(r, size, at);
	for (unsigned s = 0; s < TREND_MAX; s++) {
		for (uint64_t i = skipped; i < at; i++)
			series_put(r, s, i, NAN);
		series_put(r, s, at, p[s]);
	}
	r->end = at + 1;
}

static void add_point(struct trend *t, uint64_t at, const point p)
{
	point mean;
	ring_put(&t->fine, FINE, at, p);
	for (unsigned s = 0; s < TREND_MAX; s++)
		if (!isnan(p[s])) {
			t->sum[s] += (double)p[s];
			t->n[s]++;
		}
	if (at % COARSE_OF != COARSE_OF - 1)
		return;
	for (unsigned s = 0; s < TREND_MAX; s++)
		mean[s] = t->n[s] ? (float)(t->sum[s] / t->n[s]) : NAN;
	ring_put(&t->coarse, COARSE, at / COARSE_OF, mean);
	memset(t->sum, 0, sizeof(t->sum));
	memset(t->n, 0, sizeof(t->n));
}

static struct trend *find(struct trends *b, size_t place, const struct instance *i)
{
	static const struct place empty;
	while (b->places.n <= place)
		vec_push(&b->places, empty);
	struct place *p = &b->places.v[place];
	uint64_t hash = i->words ? 0 : map_quick_hash(i->id);
	if (p->words != i->words || p->id != hash || (!p->trend && b->by_id.live < TRENDS_MAX))
		*p = (struct place){i->words, hash, map_get(&b->by_id, i->id)};
	return p->trend;
}

static void add_row(struct trends *b, const struct row *r, size_t place, uint64_t at)
{
	struct trend *t = find(b, place, r->inst);
	const struct sample *s = r->sample;
	if (!t && b->by_id.live >= TRENDS_MAX && !b->forgot) {
		forget(b, at - 1);
		b->forgot = true;
	}
	if (!t && b->by_id.live >= (r->inst->sample ? 2 * TRENDS_MAX : TRENDS_MAX))
		return;
	if (!t) {
		t = xcalloc(1, sizeof(*t));
		map_put(&b->by_id, r->inst->id, t);
		if (place < b->places.n)
			b->places.v[place] = (struct place){0}; /* looked up the next time */
	}
	const point p = {
	        [TREND_CPU_USED] = value(r->cpu_used_cores),        [TREND_CPU_GIVEN] = value(s->cpu.allocated.amount),
	        [TREND_MEM_USED] = value(s->mem.used_bytes),        [TREND_MEM_HELD] = value(s->mem.held_bytes),
	        [TREND_MEM_GIVEN] = value(s->mem.allocated.amount), [TREND_IO_READ] = value(r->io_read_per_sec),
	        [TREND_IO_WRITE] = value(r->io_write_per_sec),      [TREND_NET_RX] = value(r->net_rx_per_sec),
	        [TREND_NET_TX] = value(r->net_tx_per_sec),          [TREND_CPU_PRESSURE] = value(r->cpu_pressure_pct),
	        [TREND_MEM_PRESSURE] = value(r->mem_pressure_pct),
	};
	add_point(t, at, p);
}

static void add_host(struct trends *b, const struct host_frame *h, uint64_t at)
{
	point p;
	memcpy(p, nothing, sizeof(p));
	p[TREND_CPU_USED] = value(h->used_cores);
	p[TREND_CPU_GIVEN] = value(h->allocated_cores);
	p[TREND_MEM_USED] = value(h->used_bytes);
	p[TREND_MEM_GIVEN] = value(h->allocated_bytes);
	p[TREND_CPU_PRESSURE] = value(h->cpu_pressure_pct);
	p[TREND_MEM_PRESSURE] = value(h->mem_pressure_pct);
	add_point(b->host, at, p);
}

static int64_t last_time(const struct trends *b)
{
	return b->readings ? b->time[(b->readings - 1) % FINE] : INT64_MIN;
}

/* The number of the next reading, taken at that time. */
static uint64_t turn(struct trends *b, int64_t usec)
{
	uint64_t at = b->readings++;
	b->time[at % FINE] = usec;
	if (at % COARSE_OF == COARSE_OF - 1) /* a mean is there when all of it is */
		b->coarse_time[at / COARSE_OF % COARSE] = usec;
	return at;
}

/* A break in the picture: what was before does not lead to what comes. */
static void leave_gap(struct trends *b)
{
	for (unsigned i = 0; i < GAP_READINGS; i++)
		(void)turn(b, last_time(b));
}

void trends_add(struct trends *b, const struct frame *f)
{
	int64_t now = f->snap->host.real_usec;
	if (now == last_time(b))
		return;
	if (now < last_time(b)) {
		forget(b, UINT64_MAX);
		trend_free(b->host);
		b->host = xcalloc(1, sizeof(*b->host));
		b->readings = 0;
	}
	if (b->readings && now - last_time(b) > GAP_USEC && (double)(now - last_time(b)) > 10e6 * f->interval_sec)
		leave_gap(b);
	uint64_t at = turn(b, now);
	b->forgot = false;
	add_host(b, &f->host, at);
	for (size_t i = 0; i < f->rows.n; i++) {
		if (i + PREFETCH_ROWS < b->places.n && b->places.v[i + PREFETCH_ROWS].trend)
			prefetch(b->places.v[i + PREFETCH_ROWS].trend, sizeof(struct trend));
		add_row(b, &f->rows.v[i], i, at);
	}
	for (size_t i = 0; i < f->services.n; i++)
		add_row(b, &f->services.v[i], f->rows.n + i, at);
	if (at % FINE == 0 && at > (uint64_t)COARSE * COARSE_OF)
		forget(b, at - (uint64_t)COARSE * COARSE_OF);
}

const struct trend *trends_find(const struct trends *b, const char *id)
{
	return !b ? NULL : id ? map_get(&b->by_id, id) : b->host;
}

size_t trend_values(const struct trends *b, const struct trend *t, enum trend_series s, bool coarse, int64_t until_usec,
                    double *ret, size_t n, double *ret_span_sec)
{
	const struct ring *r = coarse ? &t->coarse : &t->fine;
	const int64_t *time = coarse ? b->coarse_time : b->time;
	size_t size = coarse ? COARSE : FINE;
	uint64_t whole = coarse ? b->readings / COARSE_OF : b->readings;
	uint64_t oldest = whole > size ? whole - size : 0, end = whole;
	while (end > oldest && time[(end - 1) % size] > until_usec)
		end--;
	for (size_t i = 0; i < n; i++) {
		uint64_t back = n - i, at = end - back;
		bool there =
		        r->cap && end >= back && at >= oldest && at >= r->from && at < r->end && at + size >= r->end;
		ret[i] = there ? (double)series_get(r, s, at) : (double)NAN;
	}
	size_t known = end - oldest > n ? n : (size_t)(end - oldest);
	*ret_span_sec = known > 1 ? (double)(time[(end - 1) % size] - time[(end - known) % size]) / 1e6 : 0;
	return known;
}

static size_t ring_bytes(const struct ring *r)
{
	size_t series = 0;
	for (unsigned s = 0; s < TREND_MAX; s++)
		series += r->v[s] != NULL;
	return series * r->cap * sizeof(float);
}

static size_t bytes_of(const struct trend *t)
{
	return sizeof(*t) + ring_bytes(&t->fine) + ring_bytes(&t->coarse);
}

size_t trends_bytes(const struct trends *b)
{
	size_t n = sizeof(*b) + bytes_of(b->host);
	void *t;
	for (size_t it = 0; map_next(&b->by_id, &it, NULL, &t);)
		n += bytes_of(t);
	return n;
}
