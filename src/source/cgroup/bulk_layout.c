/* Where this kernel keeps what is asked for: by the names of types and members, from its own description of them (BTF).
 */
#include "source/cgroup/bulk_program.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "source/bpf/types.h"
#include "source/cgroup/stat_order.h"
#include "vctop/base/attr.h"

#define AT(member) offsetof(struct bulk_record, member)
enum { ON_V1 = 1, ON_V2 = 2, ON_BOTH = 3 };

static const char *const controllers[CTRL_MAX] = {
        [CTRL_CPU] = "cpu_cgrp_id",       [CTRL_CPUACCT] = "cpuacct_cgrp_id", [CTRL_CPUSET] = "cpuset_cgrp_id",
        [CTRL_MEMORY] = "memory_cgrp_id", [CTRL_PIDS] = "pids_cgrp_id",       [CTRL_FREEZER] = "freezer_cgrp_id",
        [CTRL_IO] = "io_cgrp_id"};

static const struct {
	enum controller controller;
	int on;
	const char *type, *path;
	size_t record;
	bool cap;
} wanted[] = {
        {CTRL_MEMORY, ON_BOTH, "mem_cgroup", "memory.usage", AT(pages), false},
        {CTRL_MEMORY, ON_BOTH, "mem_cgroup", "memory.max", AT(max_pages), true},
        {CTRL_MEMORY, ON_V2, "mem_cgroup", "memory.high", AT(high_pages), true},
        {CTRL_MEMORY, ON_BOTH, "mem_cgroup", "memory.watermark", AT(peak_pages), false},
        {CTRL_MEMORY, ON_V1, "mem_cgroup", "memory.failcnt", AT(hits), false},
        {CTRL_MEMORY, ON_V2, "mem_cgroup", "swap.usage", AT(swap_pages), false},
        {CTRL_CPU, ON_BOTH, "task_group", "cfs_bandwidth.nr_periods", AT(periods), false},
        {CTRL_CPU, ON_BOTH, "task_group", "cfs_bandwidth.nr_throttled", AT(throttled), false},
        {CTRL_CPU, ON_BOTH, "task_group", "cfs_bandwidth.quota", AT(quota_nsec), true},
        {CTRL_CPU, ON_BOTH, "task_group", "cfs_bandwidth.period", AT(period_nsec), true},
        {CTRL_PIDS, ON_BOTH, "pids_cgroup", "counter", AT(life.pids), false},
        {CTRL_IO, ON_BOTH, "blkcg", "blkg_list.first", AT(disks), false},
};

static const struct {
	const char *item, *name;
	size_t record;
} stats[] = {
        {"NR_FILE_PAGES", "file", AT(file)},
        {"NR_INACTIVE_FILE", "inactive_file", AT(inactive_file)},
        {"WORKINGSET_REFAULT_ANON", "workingset_refault_anon", AT(refault_anon)},
        {"WORKINGSET_REFAULT_FILE", "workingset_refault_file", AT(refault_file)},
};

static const struct {
	int on;
	const char *event;
	size_t record;
} events[] = {
        {ON_V2, "MEMCG_HIGH", AT(high)},
        {ON_V2, "MEMCG_MAX", AT(max)},
        {ON_V2, "MEMCG_OOM", AT(oom)},
        {ON_BOTH, "MEMCG_OOM_KILL", AT(oom_kills)},
};

static const struct {
	const char *state;
	size_t record;
} stalls[] = {{"PSI_CPU_SOME", AT(cpu_waited_nsec)},
              {"PSI_MEM_SOME", AT(memory_waited_nsec)},
              {"PSI_MEM_FULL", AT(memory_all_waited_nsec)}};

int bulk_controller(struct kernel_types *types, enum controller c)
{
	return types_enum(types, "cgroup_subsys_id", controllers[c]);
}

/* Is it where the walk asks for it by this version? */
static bool is_on(const struct mounts *m, enum controller c, int on)
{
	return on & (m->v1[c] ? ON_V1 : m->on_v2[c] ? ON_V2 : 0);
}

static void add(struct bulk_layout *l, const struct bulk_field *f)
{
	if (f->state >= 0 && f->at >= 0 && (f->size == 4 || f->size == 8) && l->fields_n < BULK_FIELDS)
		l->fields[l->fields_n++] = *f;
}

/* memory.stat: by its items' own numbers, or since Linux 6.10 by the order of those that are kept. */
static void find_stats(struct kernel_types *types, int memory, struct bulk_layout *l)
{
	const struct btf_type *t;
	size_t size;
	int via = types_offset(types, "mem_cgroup", "vmstats", &size);
	int array = types_place(types, "memcg_vmstats", "state", &t);
	if (via < 0 || array < 0 || !btf_is_array(t))
		return;
	l->stats_by_order = (int)btf_array(t)->nelems != types_enum(types, "memcg_stat_item", "MEMCG_NR_STAT");
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		int n = l->stats_by_order ? stat_order_place(stats[i].name)
		                          : types_enum(types, "node_stat_item", stats[i].item);
		struct bulk_field f = {.state = memory,
		                       .via = via,
		                       .at = n < 0 || n >= (int)btf_array(t)->nelems ? -1 : array + 8 * n,
		                       .size = 8,
		                       .to = stats[i].record};
		add(l, &f);
	}
	struct bulk_field unsummed = {.state = memory, .via = via, .to = AT(stats_unsummed)};
	unsummed.at = types_offset(types, "memcg_vmstats", "stats_updates", &unsummed.size);
	add(l, &unsummed);
}

/* false: not as it is known. */
static bool find_lists(struct kernel_types *types, struct bulk_lists *l)
{
	const struct btf_type *t;
	size_t size;
	l->state = bulk_controller(types, CTRL_MEMORY);
	l->via = types_offset(types, "mem_cgroup", "nodeinfo", &size);
	l->at = types_place(types, "mem_cgroup_per_node", "lru_zone_size", &t);
	l->descendants = types_offset(types, "cgroup", "nr_descendants", &size);
	l->dying = types_offset(types, "cgroup", "nr_dying_descendants", &size);
	l->inactive = types_enum(types, "lru_list", "LRU_INACTIVE_FILE");
	l->active = types_enum(types, "lru_list", "LRU_ACTIVE_FILE");
	if (l->at < 0 || !btf_is_array(t))
		return false;
	l->lists = types_enum(types, "lru_list", "NR_LRU_LISTS");
	l->zones = l->lists > 0 ? (int)btf_array(t)->nelems / l->lists : 0; /* a table is described as one array */
	return l->state >= 0 && l->via >= 0 && l->descendants >= 0 && l->dying >= 0 && l->inactive >= 0 &&
	       l->active >= 0 && l->inactive < l->lists && l->active < l->lists && l->zones > 0;
}

/* A mask in the structure, or where machines may have many CPUs, a pointer to it. */
static void find_cpus(struct kernel_types *types, struct bulk_layout *l)
{
	const struct btf_type *t;
	int at = types_place(types, "cpuset", "effective_cpus", &t);
	bool behind = at >= 0 && btf_is_ptr(t);
	l->cpus = (struct bulk_field){.state = at < 0 ? -1 : bulk_controller(types, CTRL_CPUSET),
	                              .via = behind ? at : -1,
	                              .at = behind ? 0 : at,
	                              .size = 8,
	                              .to = AT(cpus),
	                              .cap = true};
}

/* So that each state is looked up once, and what is near is copied at once. */
static int by_place(const void *a, const void *b)
{
	const struct bulk_field *x = a, *y = b;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->via != y->via)
		return x->via < y->via ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static void find_events(struct kernel_types *types, const struct mounts *m, struct bulk_layout *l)
{
	size_t size;
	int array = types_offset(types, "mem_cgroup", "memory_events", &size);
	for (size_t i = 0; i < ARRAY_SIZE(events) && array >= 0; i++) {
		int n = types_enum(types, "memcg_memory_event", events[i].event);
		struct bulk_field f = {.state = bulk_controller(types, CTRL_MEMORY),
		                       .via = -1,
		                       .at = n < 0 ? -1 : array + 8 * n,
		                       .size = 8,
		                       .to = events[i].record};
		if (is_on(m, CTRL_MEMORY, events[i].on))
			add(l, &f);
	}
}

static void add_waits(struct kernel_types *types, int via, const char *path, size_t to, struct bulk_layout *l)
{
	size_t size;
	struct bulk_field f = {.state = l->v2, .via = via, .size = 8, .mask = 1, .to = to};
	f.at = types_offset(types, "psi_group", path, &size);
	if (f.at % 8 == 0)
		add(l, &f);
}

static void find_stalls(struct kernel_types *types, struct bulk_layout *l)
{
	const struct btf_type *t;
	size_t size;
	struct bulk_field f;
	int via = types_place(types, "cgroup", "psi", &t);
	bool behind = via >= 0 && btf_is_ptr(t);
	/* First come the sums that pressure files tell, then those for triggers. */
	int total = types_offset(types, "psi_group", "total", &size);
	for (size_t i = 0; i < ARRAY_SIZE(stalls) && behind && total >= 0; i++) {
		int n = types_enum(types, "psi_states", stalls[i].state);
		f = (struct bulk_field){.state = l->v2,
		                        .via = via,
		                        .at = n < 0 ? -1 : total + 8 * n,
		                        .size = 8,
		                        .to = stalls[i].record};
		add(l, &f);
	}
	if (!behind)
		return;
	add_waits(types, via, "enabled", AT(waits_counted), l);
	/* They are summed up by a work that is due while anybody runs or waits: its lowest bit (WORK_STRUCT_PENDING).
	 */
	add_waits(types, via, "avgs_work.work.data", AT(waits_unsummed), l);
}

/* What a group has in v2, whatever controllers are there. */
static void find_v2_fields(struct kernel_types *types, struct bulk_layout *l)
{
	int frozen = types_nameless(types, "CGRP_FROZEN");
	struct bulk_field f = {.state = l->v2, .via = -1, .to = AT(life.frozen)};
	f.at = frozen < 0 || frozen > 30 ? -1 : types_offset(types, "cgroup", "flags", &f.size);
	f.mask = frozen < 0 ? 0 : 1U << frozen;
	add(l, &f);
	find_stalls(types, l);
}

static void find_fields(struct kernel_types *types, const struct mounts *m, struct bulk_layout *l)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct bulk_field f = {.via = -1, .to = wanted[i].record, .cap = wanted[i].cap};
		if (!is_on(m, wanted[i].controller, wanted[i].on))
			continue;
		f.state = bulk_controller(types, wanted[i].controller);
		f.at = types_offset(types, wanted[i].type, wanted[i].path, &f.size);
		add(l, &f);
	}
	struct bulk_field freezer = {.state = bulk_controller(types, CTRL_FREEZER), .via = -1, .to = AT(life.freezing)};
	int freezing = types_enum(types, "freezer_state_flags", "CGROUP_FREEZING");
	freezer.mask = freezing > 0 ? (uint32_t)freezing : 0;
	freezer.at = freezing > 0 ? types_offset(types, "freezer", "state", &freezer.size) : -1;
	if (m->v1[CTRL_FREEZER])
		add(l, &freezer);
	find_events(types, m, l);
	if (m->v2)
		find_v2_fields(types, l);
	if ((m->v1[CTRL_MEMORY] ? m->v1[CTRL_MEMORY] : m->v2) == m->walk)
		find_stats(types, bulk_controller(types, CTRL_MEMORY), l);
	qsort(l->fields, l->fields_n, sizeof(l->fields[0]), by_place);
}

static bool has_field(const struct bulk_layout *l, size_t record)
{
	for (size_t i = 0; i < l->fields_n; i++)
		if (l->fields[i].to == record)
			return true;
	return false;
}

static void find_unified(struct kernel_types *types, struct bulk_layout *l)
{
	size_t size;
	l->parent = types_offset(types, "cgroup", "self.parent", &size);
	l->control = types_offset(types, "cgroup", "subtree_control", &l->control_size);
	l->exec_runtime = types_offset(types, "cgroup", "bstat.cputime.sum_exec_runtime", &size);
	l->flush = types_function(types, "css_rstat_flush"); /* since Linux 6.16 */
	l->stats_summed = l->flush <= 0;                     /* before that, with all else */
	if (l->flush <= 0)
		l->flush = types_function(types, "cgroup_rstat_flush");
}

/* false: nothing is told of other hierarchies. */
static bool find_beside(struct kernel_types *types, const struct mounts *m, struct bulk_layout *l)
{
	size_t size;
	struct bulk_beside *b = &l->beside;
	for (int c = 0; c < CTRL_MAX; c++) {
		int bit = bulk_controller(types, (enum controller)c);
		const char *mount = m->v1[c] ? m->v1[c] : m->on_v2[c] ? m->v2 : NULL;
		if (bit >= 0 && mount == m->walk)
			b->walked = bit;
		else if (bit >= 0 && mount && (m->v1[c] || c != CTRL_CPUACCT))
			b->states |= 1U << bit;
	}
	if (m->v2)
		b->states |= 1U << l->v2;
	b->sets = types_offset(types, "cgroup", "cset_links", &size);
	b->link = types_offset(types, "cgrp_cset_link", "cset_link", &size);
	b->cgrp = types_offset(types, "cgrp_cset_link", "cgrp", &size);
	b->dfl = types_offset(types, "css_set", "dfl_cgrp", &size);
	int subsys = types_offset(types, "css_set", "subsys", &size);
	int set = types_offset(types, "cgrp_cset_link", "cset", &size);
	int head = l->kn > l->level ? l->kn - l->level : l->level - l->kn;
	return b->walked >= 0 && __builtin_popcount(b->states) <= BULK_BESIDE && b->sets >= 0 && b->link >= 0 &&
	       b->cgrp >= 0 && set == b->cgrp + 8 && subsys == 0 && b->dfl >= 8 * l->controllers &&
	       b->dfl + 8 <= BULK_SET && l->level >= 0 && l->hash >= 0 && head + 8 <= BULK_HEAD;
}

bool bulk_layout(struct kernel_types *types, const struct mounts *m, int nodes, struct bulk_layout *ret)
{
	static const char *const by[] = {"nr_populated_csets", "nr_populated_domain_children",
	                                 "nr_populated_threaded_children"};
	size_t size;
	*ret = (struct bulk_layout){.unified = m->walk == m->v2, .beside.walked = -1, .cpus = {.state = -1}};
	ret->kn = types_offset(types, "cgroup", "kn", &size);
	ret->id = types_offset(types, "kernfs_node", "id", &size);
	ret->hash = types_offset(types, "kernfs_node", "hash", &size);
	ret->level = types_offset(types, "cgroup", "level", &size);
	ret->serial = types_offset(types, "cgroup", "self.serial_nr", &size);
	ret->subsys = types_offset(types, "cgroup", "subsys", &size);
	ret->cgroup = types_offset(types, "cgroup_subsys_state", "cgroup", &size);
	ret->controllers = ret->v2 = types_enum(types, "cgroup_subsys_id", "CGROUP_SUBSYS_COUNT");
	ret->target = types_function(types, "bpf_iter_cgroup");
	if (ret->kn < 0 || ret->id < 0 || ret->serial < 0 || ret->subsys < 0 || ret->cgroup < 0 || ret->target <= 0 ||
	    ret->v2 <= 0 || ret->v2 >= BULK_STATES)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(by); i++)
		ret->populated[i] = types_offset(types, "cgroup", by[i], &size);
	find_fields(types, m, ret);
	if (!ret->unified || !m->v1[CTRL_CPUSET])
		find_cpus(types, ret);
	if (ret->unified)
		find_unified(types, ret);
	if (ret->unified || !find_beside(types, m, ret))
		ret->beside.states = 0;
	ret->cpuacct = bulk_controller(types, CTRL_CPUACCT);
	ret->cpuusage = types_offset(types, "cpuacct", "cpuusage", &size);
	ret->per_cpu_places = types_offset(types, "bpf_array", "pptrs", &size);
	/* Whether there are groups below is asked in the walked hierarchy. */
	bool walked = (m->v1[CTRL_MEMORY] ? m->v1[CTRL_MEMORY] : m->v2) == m->walk;
	ret->lru.nodes = find_lists(types, &ret->lru) && walked ? nodes : 0;
	return has_field(ret, AT(pages)) &&
	       (ret->unified ? ret->exec_runtime >= 0 && ret->flush > 0 && ret->parent >= 0 && ret->control >= 0
	                     : ret->cpuacct >= 0 && ret->cpuusage >= 0 && ret->per_cpu_places >= 0);
}
#endif
