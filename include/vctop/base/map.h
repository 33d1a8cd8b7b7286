/*
 * String-keyed hash map with open addressing.  Keys are copied and owned by the map, unless it `borrows`: then they are
 * whoever's put them, as a rule the value's, and stay until they are removed.  Values are borrowed pointers (NULL is
 * not a value).  Iterate with map_next: size_t it = 0; while (map_next(&m, &it, &k, &v)).
 * Removing while iterating is allowed for the entry just returned.
 */
#ifndef VCTOP_BASE_MAP_H
#define VCTOP_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_slot;
struct map {
	struct map_slot *slots;
	size_t cap, used, live;
	bool borrows; /* set before the first is put */
};

uint64_t map_hash(const char *s);       /* the same everywhere and for ever */
uint64_t map_quick_hash(const char *s); /* of this process: eight characters at a time */
uint64_t map_quick_hash_of(const void *data, size_t n);
void *map_get(const struct map *m, const char *key);
/* With the map's own copy of the key, which stays where it is until it is removed. */
void *map_find(const struct map *m, const char *key, const char **ret_key);
void map_put(struct map *m, const char *key, void *value);
void *map_remove(struct map *m, const char *key);
bool map_next(const struct map *m, size_t *it, const char **ret_key, void **ret_value);
void map_release(struct map *m);

#endif
