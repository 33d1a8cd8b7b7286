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

void snapshot_clear(struct snapshot *s)
{
	arena_clear(&s->arena);
	s->host = (struct host_sample){0};
	s->with_services = false;
	s->entries.n = 0;
	s->services.n = s->notices.n = s->stores.n = s->daemons.n = 0;
}

struct entry *snapshot_add(struct snapshot *s)
{
	vec_push(&s->entries, (struct entry){0});
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

static int by_cgroup(const void *a, const void *b)
{
	return strcmp(((const struct service *)a)->cgroup, ((const struct service *)b)->cgroup);
}

/* As a source that keeps its instances in order fills it. */
static bool is_sorted(const struct snapshot *s)
{
	for (size_t i = 1; i < s->entries.n; i++)
		if (by_id(&s->entries.v[i - 1], &s->entries.v[i]) > 0)
			return false;
	return true;
}

void snapshot_seal(struct snapshot *s)
{
	if (s->services.n)
		qsort(s->services.v, s->services.n, sizeof(*s->services.v), by_cgroup);
	if (!is_sorted(s))
		qsort(s->entries.v, s->entries.n, sizeof(*s->entries.v), by_id);
}

const struct entry *snapshot_find(const struct snapshot *s, const char *id)
{
	struct entry key = {.inst.id = id};
	return s->entries.n ? bsearch(&key, s->entries.v, s->entries.n, sizeof(key), by_id) : NULL;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	vec_free(&s->entries);
	vec_free(&s->notices);
	vec_free(&s->services);
	vec_free(&s->stores);
	vec_free(&s->daemons);
	arena_release(&s->arena);
	free(s);
}
