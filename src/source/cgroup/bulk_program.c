/*
 * The program that runs for each group.  It is put together here, so that no compiler for BPF is needed to build or to
 * run: where the kernel keeps what is asked for comes from its own description of its types (BTF).
 */
#include "source/cgroup/bulk.h"

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "vctop/base/attr.h"

#define MAX_INSNS 96
#define MAX_CPUS 1024

/* Offsets from the frame pointer. */
enum { AT_KEY = -8, AT_POINTER = -16, AT_VALUE = -24, AT_PLACE = -32 };

/* Where things are, in bytes; -1 not there. */
struct layout {
	int kn, id, subsys, cpuusage, usage, exec_runtime;
	int cpuacct_id, memory_id;
	int per_cpu_places; /* of a per-CPU map: where its values are */
	int flush;          /* BTF id */
};

struct program {
	struct bpf_insn insns[MAX_INSNS];
	size_t n;
	size_t exits[8], exits_n; /* jumps to the end, whose offset is not known yet */
};

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

/* "bstat.cputime.sum_exec_runtime" of a structure. */
static int offset_of(const struct btf *btf, const char *type, const char *path)
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
	return t ? at : -1;
}

static int enum_value(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	for (unsigned i = 0; t && i < btf_vlen(t); i++) {
		const char *is = btf__name_by_offset(btf, btf_enum(t)[i].name_off);
		if (is && strcmp(is, name) == 0)
			return btf_enum(t)[i].val;
	}
	return -1;
}

static void find_flush(const struct btf *btf, struct layout *ret)
{
	ret->flush = btf__find_by_name_kind(btf, "css_rstat_flush", BTF_KIND_FUNC); /* since Linux 6.16 */
	if (ret->flush <= 0)
		ret->flush = btf__find_by_name_kind(btf, "cgroup_rstat_flush", BTF_KIND_FUNC);
}

static bool find_layout(const struct btf *btf, const struct bulk_wish *w, struct layout *ret)
{
	*ret = (struct layout){
	        .kn = offset_of(btf, "cgroup", "kn"),
	        .id = offset_of(btf, "kernfs_node", "id"),
	        .subsys = offset_of(btf, "cgroup", "subsys"),
	        .cpuusage = offset_of(btf, "cpuacct", "cpuusage"),
	        .usage = offset_of(btf, "mem_cgroup", "memory.usage"),
	        .exec_runtime = offset_of(btf, "cgroup", "bstat.cputime.sum_exec_runtime"),
	        .cpuacct_id = enum_value(btf, "cgroup_subsys_id", "cpuacct_cgrp_id"),
	        .memory_id = enum_value(btf, "cgroup_subsys_id", "memory_cgrp_id"),
	        .per_cpu_places = offset_of(btf, "bpf_array", "pptrs"),
	};
	find_flush(btf, ret);
	if (ret->kn < 0 || ret->id < 0 || ret->subsys < 0)
		return false;
	if (w->memory && (ret->usage < 0 || ret->memory_id < 0))
		return false;
	if (w->cpu == BULK_CPU_V1)
		return ret->cpuusage >= 0 && ret->cpuacct_id >= 0 && ret->per_cpu_places >= 0;
	return w->cpu == BULK_CPU_NONE || (ret->exec_runtime >= 0 && ret->flush > 0);
}

/* ---- instructions ---- */

static void put(struct program *p, int code, int dst, int src, int off, int imm)
{
	p->insns[p->n++] = (struct bpf_insn){.code = (uint8_t)code,
	                                     .dst_reg = (uint8_t)(dst & 15),
	                                     .src_reg = (uint8_t)(src & 15),
	                                     .off = (int16_t)off,
	                                     .imm = imm};
}

static void put_move(struct program *p, int dst, int src)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void put_set(struct program *p, int dst, int value)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value);
}

static void put_add(struct program *p, int dst, int value)
{
	put(p, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value);
}

static void put_load(struct program *p, int dst, int base, int off)
{
	put(p, BPF_LDX | BPF_MEM | BPF_DW, dst, base, off, 0);
}

static void put_store(struct program *p, int base, int off, int src)
{
	put(p, BPF_STX | BPF_MEM | BPF_DW, base, src, off, 0);
}

/* An address that only the kernel knows: a map, or a variable of its own. */
static void put_address(struct program *p, int dst, int of_what, int which)
{
	put(p, BPF_LD | BPF_IMM | BPF_DW, dst, of_what, 0, which);
	put(p, 0, 0, 0, 0, 0);
}

static void put_call(struct program *p, int helper)
{
	put(p, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void put_exit_if(struct program *p, int condition, int reg, int value)
{
	p->exits[p->exits_n++] = p->n;
	put(p, BPF_JMP | condition | BPF_K, reg, 0, 0, value);
}

/* r8 = the record with the number at AT_KEY; none ends the program. */
static void put_lookup(struct program *p, int map, int ret)
{
	put_address(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, map);
	put_move(p, BPF_REG_2, BPF_REG_10);
	put_add(p, BPF_REG_2, AT_KEY);
	put_call(p, BPF_FUNC_map_lookup_elem);
	put_exit_if(p, BPF_JEQ, BPF_REG_0, 0);
	put_move(p, ret, BPF_REG_0);
}

/* r0 = 0 when 8 bytes at r3 could be copied to where r1 + to points. */
static void put_copy(struct program *p, int base, int to)
{
	put_move(p, BPF_REG_1, base);
	put_add(p, BPF_REG_1, to);
	put_set(p, BPF_REG_2, 8);
	put_call(p, BPF_FUNC_probe_read_kernel);
}

/* r3 = address of a member of the group's state in a controller, whose state begins with the css. */
static void put_state(struct program *p, const struct layout *l, int controller, int off)
{
	put_load(p, BPF_REG_3, BPF_REG_6, l->subsys + 8 * controller);
	put_add(p, BPF_REG_3, off);
}

/* r6 = the group, r8 = its record, r7 = how many records there are with it. */
static void put_record(struct program *p, const struct layout *l, int map)
{
	put_load(p, BPF_REG_6, BPF_REG_1, 8); /* struct bpf_iter__cgroup: meta, cgroup; NULL: that was the last */
	put_exit_if(p, BPF_JEQ, BPF_REG_6, 0);
	put_set(p, BPF_REG_1, 0);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_1);
	put_lookup(p, map, BPF_REG_8);
	put_load(p, BPF_REG_7, BPF_REG_8, offsetof(struct bulk_record, id));
	put_add(p, BPF_REG_7, 1);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, id), BPF_REG_7);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_7);
	put_lookup(p, map, BPF_REG_8);
	put_load(p, BPF_REG_1, BPF_REG_6, l->kn);
	put_load(p, BPF_REG_1, BPF_REG_1, l->id);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, id), BPF_REG_1);
	put_set(p, BPF_REG_1, -1); /* BULK_UNKNOWN */
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec), BPF_REG_1);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, pages), BPF_REG_1);
}

static void put_time(struct program *p)
{
	put_call(p, BPF_FUNC_ktime_get_ns);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, mono_nsec), BPF_REG_0);
}

/* The first group is above all others: with its numbers all others' are brought up to date. */
static void put_cpu_v2(struct program *p, const struct layout *l)
{
	put(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_7, 0, 2, 1);
	put_move(p, BPF_REG_1, BPF_REG_6); /* a css is what a cgroup begins with, so it is both */
	put(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, l->flush);
	put_load(p, BPF_REG_1, BPF_REG_6, l->exec_runtime);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec), BPF_REG_1);
}

/* A pointer becomes a number by way of the record, of which it is no secret: both are ours alone. */
static void put_number(struct program *p, int reg)
{
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec), reg);
	put_load(p, reg, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec));
}

/*
 * The sum over all CPUs.  A per-CPU address is on each of them as far from itself as any other is: as far as a value of
 * a per-CPU map of ours is, whose address the map tells and whose place on each CPU a helper does.
 */
static void put_cpu_v1(struct program *p, const struct layout *l, int cpus, int per_cpu)
{
	put_address(p, BPF_REG_3, BPF_PSEUDO_MAP_FD, per_cpu);
	put_number(p, BPF_REG_3);
	put_add(p, BPF_REG_3, l->per_cpu_places);
	put_copy(p, BPF_REG_10, AT_PLACE);
	put_state(p, l, l->cpuacct_id, l->cpuusage);
	put_copy(p, BPF_REG_10, AT_POINTER);
	put_set(p, BPF_REG_7, 0);
	put_set(p, BPF_REG_1, 0);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_1);
	put_set(p, BPF_REG_9, 0);
	size_t loop = p->n;
	put_address(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, per_cpu);
	put_move(p, BPF_REG_2, BPF_REG_10);
	put_add(p, BPF_REG_2, AT_KEY);
	put_move(p, BPF_REG_3, BPF_REG_9);
	put_call(p, BPF_FUNC_map_lookup_percpu_elem);
	put_exit_if(p, BPF_JEQ, BPF_REG_0, 0);
	put_number(p, BPF_REG_0);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_PLACE);
	put(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_0, BPF_REG_1, 0, 0);
	put_load(p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_3, BPF_REG_0, 0, 0);
	put_copy(p, BPF_REG_10, AT_VALUE);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_VALUE);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_7, BPF_REG_1, 0, 0);
	put_set(p, BPF_REG_1, -1);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec), BPF_REG_1);
	put_exit_if(p, BPF_JNE, BPF_REG_0, 0);
	put_add(p, BPF_REG_9, 1);
	put(p, BPF_JMP | BPF_JLT | BPF_K, BPF_REG_9, 0, (int)loop - (int)p->n - 1, cpus);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, cpu_nsec), BPF_REG_7);
}

static void put_memory(struct program *p, const struct layout *l)
{
	put_state(p, l, l->memory_id, l->usage);
	put_copy(p, BPF_REG_10, AT_VALUE);
	put_exit_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_VALUE);
	put_store(p, BPF_REG_8, offsetof(struct bulk_record, pages), BPF_REG_1);
}

static void put_end(struct program *p)
{
	for (size_t i = 0; i < p->exits_n; i++)
		p->insns[p->exits[i]].off = (int16_t)(p->n - p->exits[i] - 1);
	put_set(p, BPF_REG_0, 0);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load(const struct btf *btf, const struct program *p, bool sleeps)
{
	int target = btf__find_by_name_kind(btf, "bpf_iter_cgroup", BTF_KIND_FUNC);
	LIBBPF_OPTS(bpf_prog_load_opts, o, .expected_attach_type = BPF_TRACE_ITER);
	if (target <= 0)
		return -EOPNOTSUPP;
	o.attach_btf_id = (uint32_t)target;
	o.prog_flags = sleeps ? BPF_F_SLEEPABLE : 0;
	int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "vctop_groups", "Dual MIT/GPL", p->insns, p->n, &o);
	return fd < 0 ? -errno : fd;
}

int bulk_program_load(const struct btf *btf, const struct bulk_wish *w, int map)
{
	cleanup_close int per_cpu = -1; /* the program keeps it */
	struct layout l;
	struct program p = {0};
	int cpus = libbpf_num_possible_cpus();
	if (cpus <= 0 || cpus > MAX_CPUS || !find_layout(btf, w, &l))
		return -EOPNOTSUPP;
	if (w->cpu == BULK_CPU_V1) {
		per_cpu = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "vctop_place", sizeof(uint32_t), sizeof(uint64_t),
		                         1, NULL);
		if (per_cpu < 0)
			return -errno;
	}
	put_record(&p, &l, map);
	if (w->cpu == BULK_CPU_V2)
		put_cpu_v2(&p, &l);
	put_time(&p);
	if (w->memory)
		put_memory(&p, &l);
	if (w->cpu == BULK_CPU_V1)
		put_cpu_v1(&p, &l, cpus, per_cpu);
	put_end(&p);
	return load(btf, &p, w->cpu == BULK_CPU_V2);
}
#endif
