#include "vctop/model/snapshot.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/text.h"

struct snapshot *snapshot_new(void)
{
	return xcalloc(1, sizeof(struct snapshot));
}

static void let_go(struct snapshot *s)
{
	for (size_t i = 0; i < s->held.n; i++)
		background_unref(s->held.v[i]);
	s->held.n = 0;
}

void snapshot_clear(struct snapshot *s)
{
	let_go(s);
	arena_clear(&s->arena);
	s->host = (struct host_sample){0};
	s->with_services = false;
	s->entries.n = 0;
	s->cores.n = s->nodes.n = 0;
	s->tasks.of = s->tasks.why = NULL;
	s->tasks.v.n = 0;
	s->services.n = s->notices.n = s->stores.n = s->daemons.n = 0;
}

struct entry *snapshot_add(struct snapshot *s)
{
	vec_push(&s->entries, (struct entry){0});
	return &s->entries.v[s->entries.n - 1];
}

void snapshot_hold(struct snapshot *s, struct entry *e, struct background *b)
{
	vec_push(&s->held, background_ref(b));
	e->background = b;
}

const struct background *entry_background(const struct entry *e)
{
	return e->background ? e->background : &background_unknown;
}

static const char *clean(struct snapshot *s, const char *text)
{
	return text ? text_clean(arena_strdup(&s->arena, text), 500) : NULL;
}

void snapshot_notice(struct snapshot *s, const char *what, const char *why, const char *change)
{
	/* Paths in them may come from anybody's command line. */
	struct notice n = {clean(s, what), clean(s, why), clean(s, change)};
	vec_push(&s->notices, n);
}

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->inst.id, ((const struct entry *)b)->inst.id);
}

/* As a source that keeps its instances in order fills it. */
static bool is_sorted(const struct entry *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (by_id(&v[i - 1], &v[i]) > 0)
			return false;
	return true;
}

void snapshot_seal(struct snapshot *s)
{
	if (!is_sorted(s->services.v, s->services.n))
		qsort(s->services.v, s->services.n, sizeof(*s->services.v), by_id);
	if (!is_sorted(s->entries.v, s->entries.n))
		qsort(s->entries.v, s->entries.n, sizeof(*s->entries.v), by_id);
}

static const struct entry *find(const struct entry *v, size_t n, const char *id)
{
	struct entry key = {.inst.id = id};
	return n ? bsearch(&key, v, n, sizeof(key), by_id) : NULL;
}

const struct entry *snapshot_find(const struct snapshot *s, const char *id)
{
	return find(s->entries.v, s->entries.n, id);
}

const struct entry *snapshot_find_service(const struct snapshot *s, const char *id)
{
	return find(s->services.v, s->services.n, id);
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	let_go(s);
	vec_free(&s->held);
	vec_free(&s->entries);
	vec_free(&s->notices);
	vec_free(&s->services);
	vec_free(&s->cores);
	vec_free(&s->nodes);
	vec_free(&s->stores);
	vec_free(&s->daemons);
	vec_free(&s->tasks.v);
	arena_release(&s->arena);
	free(s);
}
