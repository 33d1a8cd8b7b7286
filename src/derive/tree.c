/*
 * The tree: the host, its groups, the instances in them, and what is inside those.  An instance stands once: below the
 * instance it runs in, else below the group that holds it.  A group's numbers are the kernel's where its unit is known
 * (--services), else the sums of the instances in it.
 */
#include <stdlib.h>
#include <string.h>

#include "derive/select.h"
#include "vctop/base/map.h"

#define DEPTH_MAX 31 /* bits of struct branch.ends */

struct node {
	const struct row *row;
	struct row *sum;  /* the same, of a group that stands for a sum; NULL else */
	const char *path; /* of a group */
	size_t parent, first, next;
	bool keep;        /* it or something below it matches */
	unsigned members; /* instances below */
};

struct tree {
	const struct frame *f;
	struct query q;
	struct selection *ret;
	struct map by_path, by_id; /* to 1 + index */
	VEC(struct node) nodes;    /* [0] the host */
};

static size_t add_node(struct tree *t, struct node n, size_t parent)
{
	size_t i = t->nodes.n;
	n.parent = parent;
	if (i) {
		n.next = t->nodes.v[parent].first;
		t->nodes.v[parent].first = i;
	}
	vec_push(&t->nodes, n);
	return i;
}

static size_t found(const struct map *m, const char *key)
{
	return (size_t)(uintptr_t)map_get(m, key);
}

static void note(struct map *m, const char *key, size_t index)
{
	map_put(m, key, (void *)(uintptr_t)(index + 1));
}

static struct node make_group(struct tree *t, const char *path, const char *name)
{
	struct arena *a = &t->ret->arena;
	struct row *sum = arena_alloc(a, sizeof(*sum));
	struct instance *inst = arena_alloc(a, sizeof(*inst));
	*inst = (struct instance){.id = arena_fmt(a, "group:%s", path), .kind = INSTANCE_SERVICE, .name = name};
	*sum = (struct row){.inst = inst,
	                    .sample = arena_alloc(a, sizeof(struct sample)),
	                    .background = &background_none,
	                    .age_sec = -1};
	return (struct node){.row = sum, .sum = sum, .path = path};
}

static unsigned depth_of(const char *path)
{
	unsigned n = 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* The group above a path; 0 for the host. */
static size_t group_above(struct tree *t, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (!slash || slash == path || depth_of(path) > DEPTH_MAX / 2)
		return 0;
	char *dir = arena_strdup(&t->ret->arena, path);
	dir[slash - path] = '\0';
	size_t i = found(&t->by_path, dir);
	if (i)
		return i - 1;
	size_t parent = group_above(t, dir);
	i = add_node(t, make_group(t, dir, dir), parent);
	note(&t->by_path, dir, i);
	return i;
}

static void add_host(struct tree *t)
{
	const struct host_frame *h = &t->f->host;
	struct node n = make_group(t, "", t->f->snap->host.hostname ? t->f->snap->host.hostname : "this host");
	struct sample *s = arena_alloc(&t->ret->arena, sizeof(*s));
	s->cpu.allocated.amount = h->capacity_cores;
	s->mem.allocated.amount = h->capacity_bytes;
	s->mem.used_bytes = s->mem.held_bytes = h->used_bytes;
	n.sum->sample = s;
	n.sum->cpu_used_cores = h->used_cores;
	n.sum->verdict.slack_cores = h->slack_cores;
	n.sum->verdict.slack_bytes = h->slack_bytes;
	n.sum = NULL; /* measured, not added up */
	(void)add_node(t, n, 0);
}

/* Services first, in the order of their paths: a slice comes before what is in it. */
static void add_services(struct tree *t)
{
	for (size_t i = 0; i < t->f->services.n; i++) {
		const struct row *r = &t->f->services.v[i];
		struct node n = {.row = r, .path = r->inst->cgroup, .keep = query_matches(&t->q, r)};
		note(&t->by_path, r->inst->cgroup, add_node(t, n, group_above(t, r->inst->cgroup)));
	}
}

static size_t add_instance(struct tree *t, size_t row, unsigned depth)
{
	const struct row *r = &t->f->rows.v[row], *in;
	size_t at = found(&t->by_id, r->inst->id), parent = 0;
	if (at)
		return at - 1;
	const struct entry *e = r->inst->parent ? snapshot_find(t->f->snap, r->inst->parent) : NULL;
	size_t k = e ? (size_t)(e - t->f->snap->entries.v) : 0;
	in = e && k < t->f->rows.n ? &t->f->rows.v[k] : NULL; /* rows are in the order of entries */
	if (in && in->inst == &e->inst && depth < DEPTH_MAX / 2 && in != r)
		parent = add_instance(t, k, depth + 1);
	else
		parent = group_above(t, r->inst->cgroup);
	at = add_node(t, (struct node){.row = r, .keep = query_matches(&t->q, r)}, parent);
	note(&t->by_id, r->inst->id, at);
	return at;
}

static void add(struct metric *sum, struct metric m)
{
	if (metric_is_ok(m))
		*sum = metric_ok((metric_is_ok(*sum) ? sum->v : 0) + m.v);
	else if (!metric_is_ok(*sum))
		*sum = m;
}

/* A group without a cap on each of its members has none. */
static void add_given(struct metric *sum, struct metric m)
{
	if (sum->st == METRIC_UNLIMITED || m.st == METRIC_UNLIMITED)
		*sum = metric_none(METRIC_UNLIMITED, "one of them has no cap");
	else
		add(sum, m);
}

static void add_to_group(struct row *g, const struct row *r)
{
	struct sample *s = (struct sample *)(uintptr_t)g->sample; /* ours: make_group allocated it */
	add(&g->cpu_used_cores, r->cpu_used_cores);
	add(&s->mem.used_bytes, r->sample->mem.used_bytes);
	add(&s->mem.held_bytes, r->sample->mem.held_bytes);
	add(&s->pids, r->sample->pids);
	add(&g->io_read_per_sec, r->io_read_per_sec);
	add(&g->io_write_per_sec, r->io_write_per_sec);
	add(&g->verdict.slack_cores, r->verdict.slack_cores);
	add(&g->verdict.slack_bytes, r->verdict.slack_bytes);
	if (r->inst->state == INSTANCE_STOPPED)
		return;
	add_given(&s->cpu.allocated.amount, r->sample->cpu.allocated.amount);
	add_given(&s->mem.allocated.amount, r->sample->mem.allocated.amount);
}

/* Each instance goes into every group above it, up to the first that is itself measured or an instance. */
static void add_up(struct tree *t)
{
	for (size_t i = t->nodes.n; i-- > 1;) {
		const struct node *n = &t->nodes.v[i];
		bool instance = n->row->inst->kind != INSTANCE_SERVICE, sums = instance;
		for (size_t p = n->parent;; p = t->nodes.v[p].parent) {
			struct node *up = &t->nodes.v[p];
			up->keep = up->keep || n->keep;
			up->members += instance;
			sums = sums && up->sum;
			if (sums)
				add_to_group(up->sum, n->row);
			if (p == 0)
				break;
		}
	}
}

static bool is_folded(const struct tree *t, const char *id)
{
	for (size_t i = 0; i < t->q.folded_n; i++)
		if (strcmp(t->q.folded[i], id) == 0)
			return true;
	return false;
}

struct child {
	const struct row *row; /* first: query_compare takes it for the row's address */
	size_t node;
};

/* A group that holds one other group and nothing else is one line with it: "kubepods.slice/kubepods-pod1.slice". */
static size_t past_single_groups(const struct tree *t, size_t i)
{
	for (;;) {
		const struct node *n = &t->nodes.v[i];
		size_t only = n->first;
		if (!i || !n->sum || !only || t->nodes.v[only].next || !t->nodes.v[only].sum)
			return i;
		i = only;
	}
}

static void show_node(struct tree *t, size_t i, unsigned depth, uint32_t ends, const char *above);

static void show_children(struct tree *t, size_t parent, unsigned depth, uint32_t ends, const char *above)
{
	VEC(struct child) all = {0};
	for (size_t i = t->nodes.v[parent].first; i; i = t->nodes.v[i].next)
		if (t->nodes.v[i].keep)
			vec_push(&all, ((struct child){t->nodes.v[i].row, i}));
	if (all.n)
		qsort_r(all.v, all.n, sizeof(*all.v), query_compare, &t->q);
	for (size_t i = 0; i < all.n; i++)
		show_node(t, all.v[i].node, depth, i + 1 == all.n ? ends | 1U << depth : ends, above);
	vec_free(&all);
}

static void show_node(struct tree *t, size_t i, unsigned depth, uint32_t ends, const char *above)
{
	i = past_single_groups(t, i);
	struct node *n = &t->nodes.v[i];
	size_t cut = strlen(above);
	if (n->sum && n->path && strncmp(n->path, above, cut) == 0 && n->path[cut] == '/')
		((struct instance *)(uintptr_t)n->sum->inst)->name = n->path + cut + 1;
	const char *path = n->path ? n->path : above;
	bool folded = n->first && is_folded(t, n->row->inst->id), group = n->row->inst->kind == INSTANCE_SERVICE;
	vec_push(&t->ret->rows[LIST_TREE], n->row);
	vec_push(&t->ret->branches, ((struct branch){depth, ends, group, folded, n->members}));
	if (!folded && depth < DEPTH_MAX)
		show_children(t, i, depth + 1, ends, path);
}

void select_tree(const struct frame *f, const struct query *q, struct selection *ret)
{
	struct tree t = {.f = f, .q = *q, .ret = ret};
	if (!f->snap)
		return;
	add_host(&t);
	add_services(&t);
	for (size_t i = 0; i < f->rows.n; i++)
		(void)add_instance(&t, i, 0);
	add_up(&t);
	show_node(&t, 0, 0, 1, "");
	map_release(&t.by_path);
	map_release(&t.by_id);
	vec_free(&t.nodes);
}
