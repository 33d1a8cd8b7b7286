/*
 * Services, slices and scopes of systemd: the groups of the walked tree with such a name, outside of containers.
 * Their numbers include all that is below them (a slice those of its services), so they are never summed.
 */
#include <stdlib.h>
#include <string.h>

#include "source/containers.h"
#include "vctop/base/text.h"

#define WALK_USEC 1000000
#define MAX_SERVICES 4096

struct unit {
	char *path;
	struct cgroup_reader *reader;
	struct caps caps;
	unsigned seen;
};

struct visit {
	struct services *s;
	const struct containers *containers;
	const struct tick *t;
};

static void unit_free(struct unit *u)
{
	cgroup_reader_free(u->reader);
	cgroup_level_put(u->caps.cpu);
	cgroup_level_put(u->caps.memory);
	free(u->path);
	free(u);
}

static bool is_unit(const char *path)
{
	static const char *const suffixes[] = {".service", ".slice", ".scope"};
	size_t n = strlen(path);
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		size_t s = strlen(suffixes[i]);
		if (n > s + 1 && memcmp(path + n - s, suffixes[i], s) == 0 && path[n - s - 1] != '/')
			return true;
	}
	return false;
}

static bool visit(void *data, const char *path)
{
	struct visit *v = data;
	if (map_get(&v->containers->by_path, path))
		return false; /* what a container has below it is its own */
	struct unit *u = map_get(&v->s->by_path, path);
	if (!u && is_unit(path) && v->s->by_path.live < MAX_SERVICES) {
		u = xcalloc(1, sizeof(*u));
		u->path = xstrdup(path);
		u->reader = cgroup_reader_new(v->t->cgroups, u->path);
		map_put(&v->s->by_path, path, u);
	}
	if (u)
		u->seen = v->s->walk;
	return true;
}

static void walk(struct services *s, const struct containers *containers, const struct tick *t)
{
	const char *path;
	void *u;
	if (s->walk && t->now.mono_usec - s->walked_usec < WALK_USEC && t->now.mono_usec >= s->walked_usec)
		return;
	s->walk++;
	s->walked_usec = t->now.mono_usec;
	(void)cgroup_walk(t->cgroups, visit, &(struct visit){s, containers, t});
	for (size_t it = 0; map_next(&s->by_path, &it, &path, &u);)
		if (((struct unit *)u)->seen != s->walk)
			unit_free(map_remove(&s->by_path, path));
}

void services_collect(struct services *s, const struct containers *containers, const struct tick *t)
{
	const char *path;
	void *v;
	struct arena *a = &t->snap->arena;
	walk(s, containers, t);
	for (size_t it = 0; map_next(&s->by_path, &it, &path, &v);) {
		struct unit *u = v;
		struct entry e = {.inst = {.kind = INSTANCE_SERVICE, .runtime = "systemd"},
		                  .background = &background_none};
		if (cgroup_reader_sample(u->reader, &e.sample) < 0) {
			unit_free(map_remove(&s->by_path, path));
			continue;
		}
		e.inst.cgroup = e.inst.id = text_clean(arena_strdup(a, u->path), 4096);
		e.inst.name = strrchr(e.inst.cgroup, '/') + 1;
		e.inst.incarnation = cgroup_reader_incarnation(u->reader);
		allocations_read(t, u->reader, &u->caps, &e.sample);
		e.sample.mem.overhead_bytes = metric_none(METRIC_ABSENT, "nothing stands behind a unit");
		vec_push(&t->snap->services, e);
	}
}

void services_release(struct services *s)
{
	void *u;
	for (size_t it = 0; map_next(&s->by_path, &it, NULL, &u);)
		unit_free(u);
	map_release(&s->by_path);
}
