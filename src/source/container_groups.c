/* Which groups are containers: the tree is walked, and what was found is kept until it has gone. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/containers.h"
#include "vctop/base/text.h"

#define SHORT_ID 12
#define NAME_MAX_BYTES 256

void container_free(struct rootfs *fs, struct container *ct)
{
	cgroup_reader_free(ct->reader);
	cgroup_level_put(ct->caps.cpu);
	cgroup_level_put(ct->caps.memory);
	kfile_close(fs, &ct->monitor_statm);
	kfile_close(fs, &ct->init_stat);
	arena_release(&ct->words);
	free(ct->id);
	free(ct->runtime_id);
	if (ct->shown_path != ct->path)
		free(ct->shown_path);
	free(ct->path);
	free(ct->pod);
	free(ct);
}

struct visit {
	struct containers *c;
	const struct tick *t;
};

static struct container *owner_of(const struct containers *c, const char *path)
{
	cleanup_free char *up = xstrdup(path);
	for (char *slash; (slash = strrchr(up, '/')) && slash != up;) {
		*slash = '\0';
		struct container *ct = map_get(&c->by_path, up);
		if (ct)
			return ct;
	}
	return NULL;
}

const char *containers_owner(const struct containers *c, const char *path)
{
	const struct container *ct = map_get(&c->by_path, path);
	if (!ct)
		ct = owner_of(c, path);
	while (ct && !ct->entry)
		ct = ct->parent;
	return ct ? ct->id : NULL;
}

struct facts *container_facts(struct container *ct, const struct tick *t)
{
	if (ct->facts_as_of == t->facts->changes + 1)
		return ct->facts;
	ct->facts_as_of = t->facts->changes + 1;
	ct->shown.id = NULL;
	/* A name inside another container is not the host's. */
	bool inner = ct->runtime->named && ct->parent;
	return ct->facts = inner ? NULL : facts_get(t->facts, ct->runtime, ct->runtime_id);
}

static int by_id(const void *a, const void *b)
{
	return strcmp((*(struct container *const *)a)->id, (*(struct container *const *)b)->id);
}

/* A snapshot filled in the order of ids need not be put in order. */
static void put_in_order(struct containers *c)
{
	void *v;
	c->order.n = 0;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);)
		vec_push(&c->order, (struct container *)v);
	if (c->order.n)
		qsort(c->order.v, c->order.n, sizeof(*c->order.v), by_id);
	c->reorder = false;
}

/* Where nobody says a name: the id where it is one, or its beginning. */
char *container_title(const struct runtime_ops *rt, const char *id)
{
	const char *part = id;
	size_t n = rt->title ? rt->title(id, &part) : rt->named ? strlen(id) : SHORT_ID;
	return text_clean(xstrndup(part, n), NAME_MAX_BYTES);
}

static char *twin_id(const char *id, struct container *ct)
{
	ct->twin = true;
	return xasprintf("%s@%016llx", id, (unsigned long long)map_hash(ct->path));
}

/*
 * Names are unique among one runtime's on one host; inside a container, its id goes before.  Of two groups with the
 * same id (LXC leaves an old one and adds -1; somebody plays tricks) the one with processes gets it.
 */
static char *make_id(struct containers *c, const struct tick *t, struct container *ct)
{
	bool inside = ct->runtime->named && ct->parent;
	char *id = text_clean(xasprintf("%s%s%s:%s", inside ? ct->parent->id : "", inside ? "/" : "", ct->runtime->name,
	                                ct->runtime_id),
	                      512);
	struct container *same = map_get(&c->by_id, id);
	if (!same)
		return id;
	if (cgroup_reader_life(same->reader, cgroup_init_pid(t->cgroups, same->path) > 0) == CGROUP_EMPTY) {
		(void)map_remove(&c->by_id, id);
		free(same->id);
		same->id = twin_id(id, same);
		same->shown.id = NULL;
		map_put(&c->by_id, same->id, same);
		return id;
	}
	char *other = twin_id(id, ct);
	free(id);
	return other;
}

void container_group_drop(struct containers *c, const struct tick *t, const char *path)
{
	struct container *gone = map_remove(&c->by_path, path);
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);)
		if (((struct container *)v)->parent == gone) {
			((struct container *)v)->parent = gone->parent;
			((struct container *)v)->facts_as_of = 0;
		}
	c->reorder = true;
	if (map_get(&c->by_id, gone->id) == gone)
		(void)map_remove(&c->by_id, gone->id);
	snapshot_adopt(t->snap, &gone->words);
	container_free(t->fs, gone);
}

static bool visit_group(void *data, const char *path)
{
	struct visit *v = data;
	char id[RUNTIME_ID_MAX];
	struct container *ct = map_get(&v->c->by_path, path);
	const struct runtime_ops *rt = runtime_of_path(v->t->facts, path, id);
	/* Seen before its runtime's files were: then they may say whose it is. */
	if (ct && rt == ct->runtime && strcmp(id, ct->runtime_id) == 0) {
		ct->seen = v->c->walk;
		return true;
	}
	if (ct)
		container_group_drop(v->c, v->t, path);
	if (!rt)
		return true;
	struct container *parent = owner_of(v->c, path);
	if (parent && !rt->named && strcmp(parent->runtime_id, id) == 0)
		return true; /* a group inside its own container */
	ct = xcalloc(1, sizeof(*ct));
	ct->runtime_id = xstrdup(id);
	ct->path = xstrdup(path);
	ct->shown_path = text_clean(xstrdup(path), 4096);
	if (strcmp(ct->shown_path, path) == 0) {
		free(ct->shown_path);
		ct->shown_path = ct->path;
	}
	ct->pod = runtime_pod_of_path(path);
	ct->runtime = rt;
	ct->parent = parent;
	ct->id = make_id(v->c, v->t, ct);
	ct->reader = cgroup_reader_new(v->t->cgroups, ct->path);
	ct->monitor_statm = ct->init_stat = (struct kfile)KFILE_INIT;
	ct->seen = v->c->walk;
	map_put(&v->c->by_path, ct->path, ct);
	map_put(&v->c->by_id, ct->id, ct);
	v->c->found = v->c->reorder = true;
	return true;
}

/* A container found later may lie between two found before. */
static void find_parents(struct containers *c)
{
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, NULL, &v);) {
		struct container *ct = v;
		ct->parent = owner_of(c, ct->path);
		ct->facts_as_of = 0;
	}
	c->found = false;
}

static void walk(struct containers *c, const struct tick *t)
{
	c->walk++;
	c->stale = false;
	c->facts_changes = t->facts->changes;
	int r = cgroup_walk(t->cgroups, visit_group, &(struct visit){c, t});
	if (r == -E2BIG)
		snapshot_notice(t->snap, "cgroups", "more than can be walked: some containers are not shown", NULL);
	const char *path;
	void *v;
	for (size_t it = 0; map_next(&c->by_path, &it, &path, &v);)
		if (((struct container *)v)->seen != c->walk)
			container_group_drop(c, t, path);
	if (c->found)
		find_parents(c);
}

void container_groups_find(struct containers *c, const struct tick *t)
{
	/* What a runtime's files say may make a container of a group that was none. */
	bool changed = cgroup_census(t->cgroups, &c->census, t->now.mono_usec) || c->facts_changes != t->facts->changes;
	if (changed || c->stale)
		walk(c, t);
	if (c->reorder)
		put_in_order(c);
}
