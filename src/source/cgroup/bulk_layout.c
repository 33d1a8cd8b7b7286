/* Where this kernel keeps what is asked for: by the names of types and members, from its own description of them (BTF).
 */
#include "source/cgroup/bulk_program.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"

static const struct btf_type *real_type(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* Byte offset of a member, looked for in unnamed members too; -1 none. */
static int member(const struct btf *btf, const struct btf_type *t, const char *name, const struct btf_type **ret)
{
	if (!t || !btf_is_composite(t))
		return -1;
	const struct btf_member *m = btf_members(t);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const char *is = btf__name_by_offset(btf, m[i].name_off);
		int at = (int)btf_member_bit_offset(t, i) / 8;
		const struct btf_type *inner = real_type(btf, m[i].type);
		if (is && strcmp(is, name) == 0) {
			*ret = inner;
			return at;
		}
		int below = is && !*is ? member(btf, inner, name, ret) : -1;
		if (below >= 0)
			return at + below;
	}
	return -1;
}

/* "bstat.cputime.sum_exec_runtime" of a structure: where, and what. */
static int place_of(const struct btf *btf, const char *type, const char *path, const struct btf_type **ret)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT), at = 0;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	char name[64];
	while (t && *path) {
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name))
			return -1;
		memcpy(name, path, n);
		name[n] = '\0';
		int step = member(btf, t, name, &t);
		if (step < 0)
			return -1;
		at += step;
		path += n + (path[n] == '.');
	}
	*ret = t;
	return t ? at : -1;
}

static int offset_of(const struct btf *btf, const char *type, const char *path, size_t *ret_size)
{
	const struct btf_type *t;
	int at = place_of(btf, type, path, &t);
	if (at >= 0)
		*ret_size = btf_is_ptr(t) ? sizeof(void *) : t->size;
	return at;
}

static int value_in(const struct btf *btf, const struct btf_type *t, const char *name)
{
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const char *is = btf__name_by_offset(btf, btf_enum(t)[i].name_off);
		if (is && strcmp(is, name) == 0)
			return btf_enum(t)[i].val;
	}
	return -1;
}

static int enum_value(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	return id > 0 ? value_in(btf, btf__type_by_id(btf, (uint32_t)id), name) : -1;
}

/* Of an enumeration without a name. */
static int nameless_value(const struct btf *btf, const char *name)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		if (!t->name_off && btf_is_enum(t) && btf_vlen(t)) {
			int v = value_in(btf, t, name);
			if (v >= 0)
				return v;
		}
	}
	return -1;
}

static const struct {
	enum bulk_kind from, to; /* kinds that have it */
	const char *controller, *type, *path;
	size_t record;
	bool cap;
} wanted[] = {
        {BULK_MEMORY_V1, BULK_V2, "memory_cgrp_id", "mem_cgroup", "memory.usage", offsetof(struct bulk_record, pages),
         false},
        {BULK_MEMORY_V1, BULK_V2, "memory_cgrp_id", "mem_cgroup", "memory.max", offsetof(struct bulk_record, max_pages),
         true},
        {BULK_V2, BULK_V2, "memory_cgrp_id", "mem_cgroup", "memory.high", offsetof(struct bulk_record, high_pages),
         true},
        {BULK_MEMORY_V1, BULK_V2, "memory_cgrp_id", "mem_cgroup", "memory.watermark",
         offsetof(struct bulk_record, peak_pages), false},
        {BULK_MEMORY_V1, BULK_MEMORY_V1, "memory_cgrp_id", "mem_cgroup", "memory.failcnt",
         offsetof(struct bulk_record, hits), false},
        {BULK_V2, BULK_V2, "memory_cgrp_id", "mem_cgroup", "swap.usage", offsetof(struct bulk_record, swap_pages),
         false},
        {BULK_V2, BULK_V2, "cpu_cgrp_id", "task_group", "cfs_bandwidth.nr_periods",
         offsetof(struct bulk_record, periods), false},
        {BULK_V2, BULK_V2, "cpu_cgrp_id", "task_group", "cfs_bandwidth.nr_throttled",
         offsetof(struct bulk_record, throttled), false},
        {BULK_V2, BULK_V2, "cpu_cgrp_id", "task_group", "cfs_bandwidth.quota", offsetof(struct bulk_record, quota_nsec),
         true},
        {BULK_V2, BULK_V2, "cpu_cgrp_id", "task_group", "cfs_bandwidth.period",
         offsetof(struct bulk_record, period_nsec), true},
        {BULK_V2, BULK_V2, "pids_cgrp_id", "pids_cgroup", "counter", offsetof(struct bulk_record, pids), false},
};

static const struct {
	const char *item;
	size_t record;
} stats[] = {
        {"NR_FILE_PAGES", offsetof(struct bulk_record, file)},
        {"NR_INACTIVE_FILE", offsetof(struct bulk_record, inactive_file)},
        {"WORKINGSET_REFAULT_ANON", offsetof(struct bulk_record, refault_anon)},
        {"WORKINGSET_REFAULT_FILE", offsetof(struct bulk_record, refault_file)},
};

static const struct {
	enum bulk_kind from;
	const char *event;
	size_t record;
} events[] = {
        {BULK_V2, "MEMCG_HIGH", offsetof(struct bulk_record, high)},
        {BULK_V2, "MEMCG_MAX", offsetof(struct bulk_record, max)},
        {BULK_V2, "MEMCG_OOM", offsetof(struct bulk_record, oom)},
        {BULK_MEMORY_V1, "MEMCG_OOM_KILL", offsetof(struct bulk_record, oom_kills)},
};

static void add(struct bulk_layout *l, const struct bulk_field *f)
{
	if (f->controller >= 0 && f->at >= 0 && (f->size == 4 || f->size == 8) && l->fields_n < BULK_FIELDS)
		l->fields[l->fields_n++] = *f;
}

/*
 * memory.stat.  Since Linux 6.10 only some items are kept, and at which index the types do not tell.  Of v1 it is not
 * told: there nothing has brought the sums up to date.
 */
static void find_stats(const struct btf *btf, int controller, struct bulk_layout *l)
{
	const struct btf_type *t;
	size_t size;
	int via = offset_of(btf, "mem_cgroup", "vmstats", &size);
	int array = place_of(btf, "memcg_vmstats", "state", &t);
	if (via < 0 || array < 0 || !btf_is_array(t) ||
	    (int)btf_array(t)->nelems != enum_value(btf, "memcg_stat_item", "MEMCG_NR_STAT"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		int n = enum_value(btf, "node_stat_item", stats[i].item);
		struct bulk_field f = {.controller = controller,
		                       .via = via,
		                       .at = n < 0 ? -1 : array + 8 * n,
		                       .size = 8,
		                       .to = stats[i].record};
		add(l, &f);
	}
}

/* false: not as it is known. */
static bool find_lists(const struct btf *btf, struct bulk_lists *l)
{
	const struct btf_type *t;
	size_t size;
	l->controller = enum_value(btf, "cgroup_subsys_id", "memory_cgrp_id");
	l->via = offset_of(btf, "mem_cgroup", "nodeinfo", &size);
	l->at = place_of(btf, "mem_cgroup_per_node", "lru_zone_size", &t);
	l->descendants = offset_of(btf, "cgroup", "nr_descendants", &size);
	l->dying = offset_of(btf, "cgroup", "nr_dying_descendants", &size);
	l->inactive = enum_value(btf, "lru_list", "LRU_INACTIVE_FILE");
	l->active = enum_value(btf, "lru_list", "LRU_ACTIVE_FILE");
	if (l->at < 0 || !btf_is_array(t))
		return false;
	l->lists = enum_value(btf, "lru_list", "NR_LRU_LISTS");
	l->zones = l->lists > 0 ? (int)btf_array(t)->nelems / l->lists : 0; /* a table is described as one array */
	return l->controller >= 0 && l->via >= 0 && l->descendants >= 0 && l->dying >= 0 && l->inactive >= 0 &&
	       l->active >= 0 && l->inactive < l->lists && l->active < l->lists && l->zones > 0;
}

/* A mask in the structure, or where machines may have many CPUs, a pointer to it. */
static void find_cpus(const struct btf *btf, struct bulk_layout *l)
{
	const struct btf_type *t;
	int at = place_of(btf, "cpuset", "effective_cpus", &t);
	bool behind = at >= 0 && btf_is_ptr(t);
	l->cpus = (struct bulk_field){.controller = at < 0 ? -1 : enum_value(btf, "cgroup_subsys_id", "cpuset_cgrp_id"),
	                              .via = behind ? at : -1,
	                              .at = behind ? 0 : at,
	                              .size = 8,
	                              .to = offsetof(struct bulk_record, cpus),
	                              .cap = true};
}

/* So that each state is looked up once, and what is near is copied at once. */
static int by_place(const void *a, const void *b)
{
	const struct bulk_field *x = a, *y = b;
	if (x->controller != y->controller)
		return x->controller < y->controller ? -1 : 1;
	if (x->via != y->via)
		return x->via < y->via ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static void find_fields(const struct btf *btf, enum bulk_kind kind, struct bulk_layout *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (kind < wanted[i].from || kind > wanted[i].to)
			continue;
		struct bulk_field f = {.via = -1, .to = wanted[i].record, .cap = wanted[i].cap};
		f.controller = enum_value(btf, "cgroup_subsys_id", wanted[i].controller);
		f.at = offset_of(btf, wanted[i].type, wanted[i].path, &f.size);
		add(l, &f);
	}
	size_t size;
	int memory = enum_value(btf, "cgroup_subsys_id", "memory_cgrp_id");
	int array = offset_of(btf, "mem_cgroup", "memory_events", &size);
	for (size_t i = 0; i < ARRAY_SIZE(events) && array >= 0; i++) {
		int n = enum_value(btf, "memcg_memory_event", events[i].event);
		struct bulk_field f = {.controller = memory,
		                       .via = -1,
		                       .at = n < 0 ? -1 : array + 8 * n,
		                       .size = 8,
		                       .to = events[i].record};
		if (kind >= events[i].from)
			add(l, &f);
	}
	if (kind == BULK_V2)
		find_stats(btf, memory, l);
	qsort(l->fields, l->fields_n, sizeof(l->fields[0]), by_place);
}

static bool has_field(const struct bulk_layout *l, size_t record)
{
	for (size_t i = 0; i < l->fields_n; i++)
		if (l->fields[i].to == record)
			return true;
	return false;
}

static void find_v2(const struct btf *btf, struct bulk_layout *l)
{
	static const char *const by[] = {"nr_populated_csets", "nr_populated_domain_children",
	                                 "nr_populated_threaded_children"};
	size_t size;
	l->parent = offset_of(btf, "cgroup", "self.parent", &size);
	l->cgroup = offset_of(btf, "cgroup_subsys_state", "cgroup", &size);
	l->control = offset_of(btf, "cgroup", "subtree_control", &l->control_size);
	l->flags = offset_of(btf, "cgroup", "flags", &size);
	l->frozen_bit = nameless_value(btf, "CGRP_FROZEN");
	find_cpus(btf, l);
	for (size_t i = 0; i < ARRAY_SIZE(by); i++)
		l->populated[i] = offset_of(btf, "cgroup", by[i], &size);
	l->exec_runtime = offset_of(btf, "cgroup", "bstat.cputime.sum_exec_runtime", &size);
	l->flush = btf__find_by_name_kind(btf, "css_rstat_flush", BTF_KIND_FUNC); /* since Linux 6.16 */
	if (l->flush <= 0)
		l->flush = btf__find_by_name_kind(btf, "cgroup_rstat_flush", BTF_KIND_FUNC);
}

bool bulk_layout(const struct btf *btf, enum bulk_kind kind, int nodes, struct bulk_layout *ret)
{
	size_t size;
	*ret = (struct bulk_layout){.populated = {-1, -1, -1}, .frozen_bit = -1, .cpus = {.controller = -1}};
	ret->kn = offset_of(btf, "cgroup", "kn", &size);
	ret->id = offset_of(btf, "kernfs_node", "id", &size);
	ret->subsys = offset_of(btf, "cgroup", "subsys", &size);
	ret->target = btf__find_by_name_kind(btf, "bpf_iter_cgroup", BTF_KIND_FUNC);
	if (ret->kn < 0 || ret->id < 0 || ret->subsys < 0 || ret->target <= 0)
		return false;
	find_fields(btf, kind, ret);
	if (kind == BULK_CPU_V1) {
		ret->cpuacct = enum_value(btf, "cgroup_subsys_id", "cpuacct_cgrp_id");
		ret->cpuusage = offset_of(btf, "cpuacct", "cpuusage", &size);
		ret->per_cpu_places = offset_of(btf, "bpf_array", "pptrs", &size);
		return ret->cpuacct >= 0 && ret->cpuusage >= 0 && ret->per_cpu_places >= 0;
	}
	if (kind == BULK_V2)
		find_v2(btf, ret);
	ret->lru.nodes = find_lists(btf, &ret->lru) ? nodes : 0;
	return has_field(ret, offsetof(struct bulk_record, pages)) &&
	       (kind == BULK_MEMORY_V1 || (ret->exec_runtime >= 0 && ret->flush > 0 && ret->parent >= 0 &&
	                                   ret->cgroup >= 0 && ret->control >= 0));
}
#endif
