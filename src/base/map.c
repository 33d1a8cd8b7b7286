#include "vctop/base/map.h"

#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"

struct map_slot {
	const char *key; /* NULL: free; with value NULL: a tombstone */
	void *value;
	uint64_t hash; /* compared before the key itself is looked at: that is elsewhere in memory */
};

uint64_t map_hash(const char *s)
{
	uint64_t h = 14695981039346656037ULL; /* FNV-1a */
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211ULL;
	return h;
}

uint64_t map_quick_hash(const char *s)
{
	return map_quick_hash_of(s, strlen(s));
}

uint64_t map_quick_hash_of(const void *data, size_t n)
{
	uint64_t h = 0;
	for (size_t at = 0; at < n; at += sizeof(h)) {
		uint64_t part = 0;
		memcpy(&part, (const char *)data + at, n - at < sizeof(part) ? n - at : sizeof(part));
		h = (h ^ part ^ h >> 29) * 0x9E3779B97F4A7C15;
	}
	return h ^ h >> 32; /* a product's low bits know only the low bits */
}

static struct map_slot *find(const struct map *m, const char *key)
{
	if (!m->live)
		return NULL;
	uint64_t hash = map_hash(key);
	for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct map_slot *s = &m->slots[i];
		if (!s->key)
			return NULL;
		if (s->hash == hash && s->value && strcmp(s->key, key) == 0)
			return s;
	}
}

static void insert(struct map *m, const char *key, void *value, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);
	while (m->slots[i].key)
		i = (i + 1) & (m->cap - 1);
	m->slots[i] = (struct map_slot){key, value, hash};
	m->used++;
	m->live++;
}

static void drop_key(const struct map *m, struct map_slot *s)
{
	if (!m->borrows)
		free((void *)(uintptr_t)s->key); /* it is the map's own */
}

static void rehash(struct map *m)
{
	struct map old = *m;
	m->cap = 16;
	while (m->cap < (old.live + 1) * 2)
		m->cap *= 2;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	m->used = m->live = 0;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].value)
			insert(m, old.slots[i].key, old.slots[i].value, old.slots[i].hash);
		else
			drop_key(m, &old.slots[i]);
	}
	free(old.slots);
}

void *map_get(const struct map *m, const char *key)
{
	const struct map_slot *s = find(m, key);
	return s ? s->value : NULL;
}

void *map_find(const struct map *m, const char *key, const char **ret_key)
{
	const struct map_slot *s = find(m, key);
	if (s)
		*ret_key = s->key;
	return s ? s->value : NULL;
}

void map_put(struct map *m, const char *key, void *value)
{
	struct map_slot *s = find(m, key);
	if (s) {
		s->value = value;
		s->key = m->borrows ? key : s->key;
		return;
	}
	if ((m->used + 1) * 4 > m->cap * 3)
		rehash(m);
	insert(m, m->borrows ? key : xstrdup(key), value, map_hash(key));
}

void *map_remove(struct map *m, const char *key)
{
	struct map_slot *s = find(m, key);
	if (!s)
		return NULL;
	void *v = s->value;
	s->value = NULL; /* tombstone: the key string goes at the next rehash */
	m->live--;
	return v;
}

bool map_next(const struct map *m, size_t *it, const char **ret_key, void **ret_value)
{
	for (; *it < m->cap; (*it)++) {
		const struct map_slot *s = &m->slots[*it];
		if (!s->value)
			continue;
		if (ret_key)
			*ret_key = s->key;
		*ret_value = s->value;
		(*it)++;
		return true;
	}
	return false;
}

void map_release(struct map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		drop_key(m, &m->slots[i]);
	free(m->slots);
	*m = (struct map){.borrows = m->borrows};
}
