#include "vctop/model/snapshot.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/text.h"

const struct background background_none;

struct snapshot *snapshot_new(void)
{
	return xcalloc(1, sizeof(struct snapshot));
}

static void end_adopted(struct snapshot *s)
{
	for (size_t i = 0; i < s->adopted.n; i++)
		arena_release(&s->adopted.v[i]);
	s->adopted.n = 0;
}

void snapshot_adopt(struct snapshot *s, struct arena *a)
{
	if (a->first)
		vec_push(&s->adopted, *a);
	*a = (struct arena){0};
}

void snapshot_clear(struct snapshot *s)
{
	arena_clear(&s->arena);
	end_adopted(s);
	s->host = (struct host_sample){0};
	s->with_services = false;
	s->entries.n = s->in_order = 0;
	s->cores.n = s->nodes.n = 0;
	s->tasks.of = s->tasks.why = NULL;
	s->tasks.v.n = 0;
	s->services.n = s->notices.n = s->stores.n = s->daemons.n = 0;
}

struct entry *snapshot_add(struct snapshot *s)
{
	vec_push(&s->entries, ((struct entry){.background = &background_none}));
	return &s->entries.v[s->entries.n - 1];
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
static bool is_sorted(const struct entry *v, size_t n, size_t known)
{
	for (size_t i = known ? known : 1; i < n; i++)
		if (by_id(&v[i - 1], &v[i]) > 0)
			return false;
	return true;
}

void snapshot_seal(struct snapshot *s)
{
	if (!is_sorted(s->services.v, s->services.n, 0))
		qsort(s->services.v, s->services.n, sizeof(*s->services.v), by_id);
	if (!is_sorted(s->entries.v, s->entries.n, s->in_order))
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
	vec_free(&s->entries);
	vec_free(&s->notices);
	vec_free(&s->services);
	vec_free(&s->cores);
	vec_free(&s->nodes);
	vec_free(&s->stores);
	vec_free(&s->daemons);
	vec_free(&s->tasks.v);
	end_adopted(s);
	vec_free(&s->adopted);
	arena_release(&s->arena);
	free(s);
}
