/* Numbers of a comparison as words: see the header. */
#include "view/comparison/words.h"

#include <math.h>
#include <string.h>

#include "vctop/base/units.h"

char *comparison_number(char *buf, size_t size, struct metric m, enum field_unit unit, bool ascii)
{
	if (!metric_is_ok(m))
		(void)snprintf(buf, size, "%s", metric_state_glyph(m.st, ascii));
	else if (unit == UNIT_SECONDS)
		(void)units_interval(buf, size, m.v, ascii);
	else if (unit == UNIT_BYTES)
		(void)units_bytes(buf, size, m.v);
	else
		(void)snprintf(buf, size, "%.*f", unit == UNIT_COUNT ? 0 : m.v < 0.0995 ? 3 : 2, m.v);
	return buf;
}

const char *comparison_why(struct metric m)
{
	return m.why && *m.why ? m.why : "not measured";
}

void comparison_spread(struct strbuf *out, const struct spread *s, enum field_unit unit, bool ascii)
{
	char buf[48];
	strbuf_str(out, comparison_number(buf, sizeof(buf), s->median, unit, ascii));
	if (metric_is_ok(s->median) && s->median.v > 0 && s->runs > 1)
		strbuf_fmt(out, " %s%.0f%%", ascii ? "+-" : "±", (s->max.v - s->min.v) / 2 / s->median.v * 100);
}

void comparison_range(struct strbuf *out, const struct spread *s, enum field_unit unit, bool ascii)
{
	char min[48], max[48];
	if (metric_is_ok(s->median) && s->runs > 1)
		strbuf_fmt(out, "%s..%s", comparison_number(min, sizeof(min), s->min, unit, ascii),
		           comparison_number(max, sizeof(max), s->max, unit, ascii));
}

char *comparison_ratio_text(char *buf, size_t size, double ratio)
{
	(void)snprintf(buf, size, "%.*f", ratio < 0.995 ? 2 : ratio < 9.95 ? 1 : 0, ratio);
	return buf;
}

bool comparison_is_emulators(const struct subject *s, enum figure f)
{
	return s->emulated && figure_table[f].speed;
}

/* NULL: not measured. */
static const struct subject *plain_process(const struct comparison *c)
{
	for (size_t i = 0; i < c->subjects.n; i++)
		if (strcmp(c->subjects.v[i].kind, "process") == 0)
			return &c->subjects.v[i];
	return NULL;
}

bool comparison_ratio(const struct comparison *c, const struct subject *s, enum figure f, double *ret)
{
	const struct subject *process = plain_process(c);
	enum field_unit unit = figure_table[f].unit;
	if (!process || s == process || comparison_is_emulators(s, f) || figure_is_part(f) ||
	    (unit != UNIT_SECONDS && unit != UNIT_BYTES))
		return false;
	struct metric of = process->value[f].median, m = s->value[f].median;
	if (!metric_is_ok(of) || of.v <= 0 || !metric_is_ok(m))
		return false;
	*ret = m.v / of.v;
	return isfinite(*ret);
}

const char *comparison_kind(const struct subject *s)
{
	return strcmp(s->kind, "vm") == 0 ? "VM" : s->kind;
}

void comparison_setting(const struct comparison *c, struct strbuf *out, bool ascii)
{
	char cores[16], memory[16], load[16];
	strbuf_fmt(out, "Each was given %s %s and %s of memory, and loads %s of it; median of %u %s",
	           units_cores(cores, sizeof(cores), c->cpus), c->cpus == 1 ? "core" : "cores",
	           units_bytes(memory, sizeof(memory), (double)c->memory),
	           units_bytes(load, sizeof(load), (double)c->load_bytes), c->runs, c->runs == 1 ? "run" : "runs");
	if (c->runs > 1)
		strbuf_fmt(out, ", %s half the range", ascii ? "+-" : "±");
	strbuf_char(out, '.');
}

/* v->n: it is not there. */
static size_t name_at(const name_vec *v, const char *name)
{
	size_t i = 0;
	while (i < v->n && strcmp(v->v[i], name) != 0)
		i++;
	return i;
}

size_t name_once(name_vec *v, const char *name)
{
	size_t at = name_at(v, name);
	if (at == v->n)
		vec_push(v, name);
	return at;
}

/* Each before what follows it wherever it comes: the order of every subject holds in that of all. */
static void put_phases(const struct subject *s, name_vec *ret)
{
	size_t before = ret->n;
	for (size_t p = s->phases.n; p--;) {
		const char *name = s->phases.v[p].name;
		size_t at = name_at(ret, name);
		if (at == ret->n) {
			vec_push(ret, name);
			memmove(ret->v + before + 1, ret->v + before, (ret->n - 1 - before) * sizeof(*ret->v));
			ret->v[before] = name;
			at = before;
		}
		before = at;
	}
}

void comparison_phase_names(const struct comparison *c, name_vec *ret)
{
	for (size_t i = 0; i < c->subjects.n; i++)
		put_phases(&c->subjects.v[i], ret);
}

void comparison_fact_keys(const struct comparison *c, name_vec *ret)
{
	for (size_t i = 0; i < c->subjects.n; i++)
		for (size_t f = 0; f < c->subjects.v[i].facts.n; f++)
			(void)name_once(ret, c->subjects.v[i].facts.v[f].key);
}

void comparison_emulated(const struct comparison *c, name_vec *ret)
{
	for (size_t i = 0; i < c->subjects.n; i++)
		if (c->subjects.v[i].emulated && !c->subjects.v[i].skipped)
			vec_push(ret, c->subjects.v[i].id);
}

const struct spread *comparison_phase_of(const struct subject *s, const char *name)
{
	for (size_t i = 0; i < s->phases.n; i++)
		if (strcmp(s->phases.v[i].name, name) == 0)
			return &s->phases.v[i].sec;
	return NULL;
}

const char *comparison_fact_of(const struct subject *s, const char *key)
{
	for (size_t i = 0; i < s->facts.n; i++)
		if (strcmp(s->facts.v[i].key, key) == 0)
			return s->facts.v[i].value;
	return NULL;
}

unsigned comparison_holdings(const struct comparison *c, const struct subject *s, struct holding ret[HOLDINGS_MAX])
{
	static const struct {
		enum figure f;
		bool loaded;
		const char *when;
	} points[HOLDINGS_MAX] = {{FIGURE_IDLE_HELD, false, "idle"},
	                          {FIGURE_LOAD_HELD, true, "under load"},
	                          {FIGURE_FREED_HELD, false, "after free"},
	                          {FIGURE_REPORTED_HELD, false, "  reporting"},
	                          {FIGURE_BALLOONED_HELD, false, "  balloon"}};
	struct metric workload = s->value[FIGURE_IDLE_WORKLOAD].median;
	unsigned n = 0;
	for (unsigned i = 0; i < HOLDINGS_MAX; i++) {
		struct metric held = s->value[points[i].f].median;
		if (!metric_is_ok(held) || !metric_is_ok(workload))
			continue;
		double used = workload.v + (points[i].loaded ? (double)c->load_bytes : 0);
		ret[n++] = (struct holding){points[i].f, points[i].when, used < held.v ? used : held.v, held.v};
	}
	return n;
}

double comparison_most_held(const struct comparison *c)
{
	double most = (double)c->memory;
	for (size_t i = 0; i < c->subjects.n; i++) {
		struct holding h[HOLDINGS_MAX];
		unsigned n = comparison_holdings(c, &c->subjects.v[i], h);
		while (n--)
			most = h[n].held > most ? h[n].held : most;
	}
	return most;
}
