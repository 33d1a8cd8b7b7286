/* Tagged rows: known by id, so that they stay marked when rows move, are filtered out, or are gone for a while. */
#include <stdlib.h>
#include <string.h>

#include "tui-internal.h"

static size_t find(const struct tui *t, const char *id)
{
	size_t i = 0;
	while (i < t->tagged.n && strcmp(t->tagged.v[i], id) != 0)
		i++;
	return i;
}

bool tags_has(const struct tui *t, const char *id)
{
	return find(t, id) < t->tagged.n;
}

void tags_toggle(struct tui *t, const char *id)
{
	size_t i = find(t, id);
	if (i == t->tagged.n) {
		vec_push(&t->tagged, xstrdup(id));
		return;
	}
	free(t->tagged.v[i]);
	t->tagged.v[i] = t->tagged.v[--t->tagged.n];
}

void tags_clear(struct tui *t)
{
	for (size_t i = 0; i < t->tagged.n; i++)
		free(t->tagged.v[i]);
	t->tagged.n = 0;
}

static void add(struct metric *sum, struct metric m, unsigned *missing)
{
	if (metric_is_ok(m))
		*sum = metric_ok((metric_is_ok(*sum) ? sum->v : 0) + m.v);
	else
		++*missing;
}

/* An instance inside a tagged one is in its numbers already. */
static void add_row(const struct tui *t, const struct row *r, struct totals *s)
{
	if (r->inst->state == INSTANCE_STOPPED) {
		s->stopped++;
		return;
	}
	s->running++;
	if (r->inst->parent && tags_has(t, r->inst->parent))
		return;
	add(&s->used_cores, r->cpu_used_cores, &s->unmeasured_cpu);
	add(&s->used_bytes, r->sample->mem.used_bytes, &s->unmeasured_mem);
}

unsigned tags_sum(const struct tui *t, enum list l, struct totals *ret)
{
	struct metric none = metric_none(METRIC_ABSENT, "none was measured");
	bool services = l == LIST_SERVICE;
	const struct row *v = services ? t->frame->services.v : t->frame->rows.v;
	size_t n = services ? t->frame->services.n : t->frame->rows.n;
	*ret = (struct totals){.used_cores = none, .used_bytes = none};
	for (size_t i = 0; t->tagged.n && i < n; i++)
		if ((l > LIST_SERVICE || (enum list)v[i].inst->kind == l) && tags_has(t, v[i].inst->id))
			add_row(t, &v[i], ret);
	return ret->running + ret->stopped;
}

/* With blanks between: a newline could start what is pasted into a shell. */
const char *tags_names(struct tui *t)
{
	strbuf_clear(&t->copied);
	for (size_t i = 0; i < t->tagged.n; i++) {
		const struct row *r = tui_find(t, t->tagged.v[i]);
		if (r)
			strbuf_fmt(&t->copied, "%s%s", t->copied.len ? " " : "", r->inst->name);
	}
	return t->copied.len ? t->copied.buf : NULL;
}
