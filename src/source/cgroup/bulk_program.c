/* The program that runs for each group: where the kernel keeps what is asked for, bulk_layout.c has found. */
#include "source/cgroup/bulk_program.h"

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "source/bpf/program.h"
#include "vctop/base/attr.h"

#define MAX_CPUS 1024
#define MAX_NODES 8
#define GROUPS_A_TIME 16

/* Offsets from the frame pointer: of single values, of what is copied at once, and of the group's states. */
enum {
	AT_KEY = -8,
	AT_POINTER = -16,
	AT_VALUE = -24,
	AT_PLACE = -32,
	AT_NOW = -40,
	SPAN = 256,
	AT_SPAN = AT_NOW - SPAN,
	AT_HEAD = AT_NOW - BULK_HEAD,
	AT_STATES = AT_SPAN - 8 * BULK_STATES
};
_Static_assert(BULK_SET + BULK_HEAD <= SPAN && AT_STATES >= -512, "the stack of a program");

#define AT(member) ((int)offsetof(struct bulk_record, member))

/* Where the record keeps a state of another hierarchy. */
static int at_beside(const struct bulk_layout *l, int state)
{
	return AT(beside) + 8 * __builtin_popcount(l->beside.states & ((1U << state) - 1));
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

/* r3 = address of a member of one of the group's states. */
static void put_state(struct program *p, int state, int off)
{
	put_load(p, BPF_REG_3, BPF_REG_10, AT_STATES + 8 * state);
	put_add(p, BPF_REG_3, off);
}

/* A pointer becomes a number by way of the record, of which it is no secret: both are ours alone. */
static void put_number(struct program *p, int reg)
{
	put_store(p, BPF_REG_8, AT(mono_nsec), reg);
	put_load(p, reg, BPF_REG_8, AT(mono_nsec));
}

/* r3 = address of a field, or of the pointer it is behind, which is followed. */
static void put_place(struct program *p, const struct bulk_field *f, struct missing *m)
{
	put_state(p, f->state, 0);
	m->at[m->n++] = put_jump_if(p, BPF_JEQ, BPF_REG_3, 0);
	if (f->via >= 0) {
		put_peek(p, AT_VALUE, f->via, 8, m);
		m->at[m->n++] = put_jump_if(p, BPF_JEQ, BPF_REG_1, 0);
		put_move(p, BPF_REG_3, BPF_REG_1);
	}
	put_add(p, BPF_REG_3, f->at);
}

/* r1 = what the group's directory says at `off`. */
static void put_name(struct program *p, const struct bulk_layout *l, int off, size_t size)
{
	struct missing none = {0};
	put_move(p, BPF_REG_3, BPF_REG_6);
	put_number(p, BPF_REG_3);
	put_peek(p, AT_VALUE, l->kn, 8, &none);
	put_move(p, BPF_REG_3, BPF_REG_1);
	put_peek(p, AT_VALUE, off, size, &none);
	exit_all(p, &none);
}

/*
 * What holds for some groups in a row, kept in the record that counts them (r8): the time, for to ask the clock stops
 * all that the processor does ahead, and where a per-CPU map of ours has its values.
 */
static void put_shared(struct program *p, const struct bulk_layout *l, int per_cpu)
{
	put_move(p, BPF_REG_1, BPF_REG_7);
	put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, GROUPS_A_TIME - 1);
	size_t known = put_jump_if(p, BPF_JNE, BPF_REG_1, 1);
	put_address(p, BPF_REG_3, BPF_PSEUDO_MAP_FD, per_cpu);
	put_number(p, BPF_REG_3);
	put_add(p, BPF_REG_3, l->per_cpu_places);
	put_copy(p, BPF_REG_10, AT_PLACE, 8);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_PLACE);
	put_store(p, BPF_REG_8, AT(cpu_at), BPF_REG_1);
	put_call(p, BPF_FUNC_ktime_get_ns);
	put_store(p, BPF_REG_8, AT(mono_nsec), BPF_REG_0);
	land(p, known);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(cpu_at));
	put_store(p, BPF_REG_10, AT_PLACE, BPF_REG_1);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(mono_nsec));
	put_store(p, BPF_REG_10, AT_NOW, BPF_REG_1);
}

/* r6 = the group, r8 = its record, r7 = how many records there are with it. */
static void put_record(struct program *p, const struct bulk_layout *l, int map, int per_cpu)
{
	put_load(p, BPF_REG_6, BPF_REG_1, 8); /* struct bpf_iter__cgroup: meta, cgroup; NULL: that was the last */
	put_exit_if(p, BPF_JEQ, BPF_REG_6, 0);
	put_set(p, BPF_REG_1, 0);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_1);
	put_lookup(p, map, BPF_REG_8);
	put_load(p, BPF_REG_7, BPF_REG_8, AT(id));
	put_add(p, BPF_REG_7, 1);
	put_store(p, BPF_REG_8, AT(id), BPF_REG_7);
	if (!l->unified)
		put_shared(p, l, per_cpu);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_7);
	put_lookup(p, map, BPF_REG_8);
	put_load(p, BPF_REG_1, BPF_REG_6, l->serial);
	put_add(p, BPF_REG_1, 1); /* that of the first of all is 0, as in a record that was never used */
	put_load(p, BPF_REG_2, BPF_REG_8, AT(serial));
	size_t same = put_jump_by(p, BPF_JEQ, BPF_REG_1, BPF_REG_2);
	put_store(p, BPF_REG_10, AT_KEY, BPF_REG_1);
	put_name(p, l, l->id, 8);
	put_store(p, BPF_REG_8, AT(id), BPF_REG_1);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_KEY);
	put_store(p, BPF_REG_8, AT(serial), BPF_REG_1);
	put_store_value(p, BPF_REG_8, AT(due_nsec), 0);
	put_store_value(p, BPF_REG_8, AT(cpu_nsec), -1); /* BULK_UNKNOWN */
	put_store_value(p, BPF_REG_8, AT(cpu_at), 0);
	put_store_value(p, BPF_REG_8, AT(pages_at), 0);
	for (int i = 0; i < BULK_BESIDE; i++)
		put_store_value(p, BPF_REG_8, AT(beside) + 8 * i, 0);
	land(p, same);
}

static void put_time(struct program *p)
{
	put_call(p, BPF_FUNC_ktime_get_ns);
	put_store(p, BPF_REG_8, AT(mono_nsec), BPF_REG_0);
}

static void put_unknown(struct program *p)
{
	for (int at = AT(cpu_nsec); at < (int)sizeof(struct bulk_record); at += 8)
		if (at != AT(cpu_at) && at != AT(pages_at) && (at < AT(beside) || at >= AT(periods)))
			put_store_value(p, BPF_REG_8, at, -1); /* BULK_UNKNOWN */
}

/*
 * A state in the copied set becomes the group's, if it is that of a group of the same name (r7: its hash) as deep:
 * looked at once, for memory that nobody else asks for is slow.
 */
static void put_side(struct program *p, const struct bulk_layout *l, int state)
{
	int memory = at_beside(l, state);
	bool v2 = state == l->v2;
	int from = AT_SPAN + (v2 ? l->beside.dfl : 8 * state), first = l->level < l->kn ? l->level : l->kn;
	size_t other[5], n = 0;
	put_load(p, BPF_REG_3, BPF_REG_10, from);
	put_load(p, BPF_REG_1, BPF_REG_8, memory);
	size_t known = put_jump_by(p, BPF_JEQ, BPF_REG_3, BPF_REG_1);
	if (!v2) {
		put_add(p, BPF_REG_3, l->cgroup);
		put_copy(p, BPF_REG_10, AT_POINTER, 8);
		other[n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
		put_load(p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	}
	put_add(p, BPF_REG_3, first);
	put_copy(p, BPF_REG_10, AT_HEAD, (size_t)((l->level > l->kn ? l->level : l->kn) - first) + 8);
	other[n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load_sized(p, BPF_REG_1, BPF_REG_10, AT_HEAD + l->level - first, 4);
	put_load_sized(p, BPF_REG_2, BPF_REG_6, l->level, 4);
	other[n++] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_2);
	put_load(p, BPF_REG_3, BPF_REG_10, AT_HEAD + l->kn - first);
	put_add(p, BPF_REG_3, l->hash);
	put_copy(p, BPF_REG_10, AT_VALUE, 4);
	other[n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load_sized(p, BPF_REG_1, BPF_REG_10, AT_VALUE, 4);
	other[n++] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_7);
	put_load(p, BPF_REG_3, BPF_REG_10, from);
	put_store(p, BPF_REG_8, memory, BPF_REG_3);
	land(p, known);
	put_store(p, BPF_REG_10, AT_STATES + 8 * state, BPF_REG_3);
	put(p, BPF_JMP | BPF_JA, 0, 0, 1, 0);
	while (n > 0)
		land(p, other[--n]);
	put_store_value(p, BPF_REG_8, memory, 0);
}

/*
 * A process is in a set of states, one of each controller, wherever that is mounted, and a group knows the sets of its
 * own processes: so the first of them leads to its places in all other hierarchies.  A set may go while it is looked
 * at; what was its memory is not another's before the program has ended, and is the group's still if it says so.
 */
static void put_beside(struct program *p, const struct bulk_layout *l)
{
	const struct bulk_beside *b = &l->beside;
	size_t none[4], n = 0;
	put_name(p, l, l->hash, 4);
	put_move(p, BPF_REG_7, BPF_REG_1);
	put_move(p, BPF_REG_9, BPF_REG_6);
	put_number(p, BPF_REG_9);
	put_move(p, BPF_REG_3, BPF_REG_6);
	put_add(p, BPF_REG_3, b->sets);
	put_copy(p, BPF_REG_10, AT_POINTER, 8);
	put_load(p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put_add(p, BPF_REG_3, b->cgrp - b->link);
	_Static_assert(AT_POINTER == AT_VALUE + 8, "the link's group, then its set");
	put_copy(p, BPF_REG_10, AT_VALUE, 16);
	none[n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_VALUE);
	none[n++] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_9); /* there is none: the list's head is no link */
	put_load(p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put_copy(p, BPF_REG_10, AT_SPAN, (size_t)b->dfl + 8);
	none[n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_SPAN + 8 * b->walked);
	put_load(p, BPF_REG_2, BPF_REG_10, AT_STATES + 8 * b->walked);
	none[n++] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_2);
	for (int state = 0; state <= l->v2; state++)
		if (b->states & 1U << state)
			put_side(p, l, state);
	put(p, BPF_JMP | BPF_JA, 0, 0, BULK_BESIDE, 0);
	while (n > 0)
		land(p, none[--n]);
	for (int i = 0; i < BULK_BESIDE; i++)
		put_store_value(p, BPF_REG_8, AT(beside) + 8 * i, 0);
}

/* The group's states in the walked hierarchy; 0 where it has none. */
static void put_own_states(struct program *p, const struct bulk_layout *l)
{
	put_move(p, BPF_REG_3, BPF_REG_6);
	put_add(p, BPF_REG_3, l->subsys);
	put_copy(p, BPF_REG_10, AT_STATES, 8 * (size_t)l->controllers);
	put_exit_if(p, BPF_JNE, BPF_REG_0, 0);
	put_store_value(p, BPF_REG_10, AT_STATES + 8 * l->v2, 0);
	if (l->unified) {
		put_move(p, BPF_REG_9, BPF_REG_6);
		put_number(p, BPF_REG_9);
		put_store(p, BPF_REG_10, AT_STATES + 8 * l->v2, BPF_REG_9);
	}
}

/* The first group is above all others: with its numbers all others' are brought up to date. */
static void put_cpu_v2(struct program *p, const struct bulk_layout *l)
{
	put(p, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_7, 0, 2, 1);
	put_move(p, BPF_REG_1, BPF_REG_6); /* a css is what a cgroup begins with, so it is both */
	put(p, BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_KFUNC_CALL, 0, l->flush);
	put_load(p, BPF_REG_1, BPF_REG_6, l->exec_runtime);
	put_store(p, BPF_REG_8, AT(cpu_nsec), BPF_REG_1);
}

/*
 * r7 = the sum over all CPUs, of what AT_POINTER points to.  A per-CPU address is on each of them as far from itself as
 * any other is: as far as a value of a per-CPU map of ours is, whose address the map tells and whose place on each CPU
 * a helper does.
 */
static void put_cpu_sum(struct program *p, int cpus, int per_cpu)
{
	struct missing none = {0};
	put_set(p, BPF_REG_7, 0);
	put_store_value(p, BPF_REG_10, AT_KEY, 0);
	put_set(p, BPF_REG_9, 0);
	size_t loop = p->n;
	put_address(p, BPF_REG_1, BPF_PSEUDO_MAP_FD, per_cpu);
	put_move(p, BPF_REG_2, BPF_REG_10);
	put_add(p, BPF_REG_2, AT_KEY);
	put_move(p, BPF_REG_3, BPF_REG_9);
	put_call(p, BPF_FUNC_map_lookup_percpu_elem);
	none.at[none.n++] = put_jump_if(p, BPF_JEQ, BPF_REG_0, 0);
	put_number(p, BPF_REG_0);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_PLACE);
	put(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_0, BPF_REG_1, 0, 0);
	put_load(p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_3, BPF_REG_0, 0, 0);
	put_peek(p, AT_VALUE, 0, 8, &none);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_7, BPF_REG_1, 0, 0);
	put_add(p, BPF_REG_9, 1);
	put(p, BPF_JMP | BPF_JLT | BPF_K, BPF_REG_9, 0, (int)loop - (int)p->n - 1, cpus);
	put(p, BPF_JMP | BPF_JA, 0, 0, 1, 0);
	land_all(p, &none);
	put_set(p, BPF_REG_7, -1); /* BULK_UNKNOWN */
}

static void put_cpu_v1(struct program *p, const struct bulk_layout *l, int cpus, int per_cpu)
{
	put_set(p, BPF_REG_7, -1); /* BULK_UNKNOWN */
	put_store_value(p, BPF_REG_8, AT(cpu_at), 0);
	struct missing none = {0};
	struct bulk_field usage = {.state = l->cpuacct, .via = l->cpuusage};
	put_place(p, &usage, &none);
	put_store(p, BPF_REG_10, AT_POINTER, BPF_REG_3);
	put_store(p, BPF_REG_8, AT(cpu_at), BPF_REG_3);
	put_cpu_sum(p, cpus, per_cpu);
	land_all(p, &none);
}

static const struct bulk_field *pages_of(const struct bulk_layout *l)
{
	const struct bulk_field *f = l->fields;
	while (f->to != offsetof(struct bulk_record, pages))
		f++; /* there is one (bulk_layout) */
	return f;
}

/* r9 = memory use in pages, which r3 points to. */
static void put_pages(struct program *p)
{
	struct missing none = {0};
	put_set(p, BPF_REG_9, -1); /* BULK_UNKNOWN */
	none.at[none.n++] = put_jump_if(p, BPF_JEQ, BPF_REG_3, 0);
	put_peek(p, AT_VALUE, 0, 8, &none);
	put_move(p, BPF_REG_9, BPF_REG_1);
	land_all(p, &none);
}

/* Two jumps, for a group whose CPU time (r7) or memory use (r9) is another than the last time. */
static void put_moved(struct program *p, size_t ret[2])
{
	put_load(p, BPF_REG_1, BPF_REG_8, AT(cpu_nsec));
	ret[0] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_7);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(pages));
	ret[1] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_9);
}

/*
 * Ends the program for a group of which neither has moved, when its other numbers are not due.  Both are looked for
 * where they were the last time: if that is another's by now, so is the number, and the way there is gone anew.
 */
static void put_rest(struct program *p, int cpus, int per_cpu)
{
	size_t moved[2];
	put_load(p, BPF_REG_1, BPF_REG_10, AT_NOW);
	put_load(p, BPF_REG_2, BPF_REG_8, AT(due_nsec));
	size_t due = put_jump_by(p, BPF_JGE, BPF_REG_1, BPF_REG_2);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(cpu_at));
	put_store(p, BPF_REG_10, AT_POINTER, BPF_REG_1);
	put_cpu_sum(p, cpus, per_cpu);
	put_load(p, BPF_REG_3, BPF_REG_8, AT(pages_at));
	put_pages(p);
	put_moved(p, moved);
	put_load(p, BPF_REG_1, BPF_REG_10, AT_NOW);
	put_store(p, BPF_REG_8, AT(mono_nsec), BPF_REG_1);
	p->exits[p->exits_n++] = p->n;
	put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	land(p, due);
	land(p, moved[0]);
	land(p, moved[1]);
}

/* When all of a group is due: in the next tick if it has moved, or nobody can say. All of a new one was just read. */
static void put_due(struct program *p)
{
	size_t moved[2], unknown = put_jump_if(p, BPF_JEQ, BPF_REG_7, -1);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(cpu_nsec));
	size_t new = put_jump_if(p, BPF_JEQ, BPF_REG_1, -1);
	put_moved(p, moved);
	land(p, new);
	put_load(p, BPF_REG_1, BPF_REG_8, AT(mono_nsec));
	/* Each group at its own moment: its id says by how much of a second sooner. */
	put_constant(p, BPF_REG_2, BULK_AGE);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	put_load(p, BPF_REG_2, BPF_REG_8, AT(id));
	put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 1023);
	put(p, BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_2, 0, 0, 20);
	put(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	put_store(p, BPF_REG_8, AT(due_nsec), BPF_REG_1);
	put(p, BPF_JMP | BPF_JA, 0, 0, 1, 0);
	land(p, moved[0]);
	land(p, moved[1]);
	land(p, unknown);
	put_store_value(p, BPF_REG_8, AT(due_nsec), 0);
}

/* r9 = the controllers whose files the group has: what its parent passes on. */
static void put_visible(struct program *p, const struct bulk_layout *l)
{
	put_load(p, BPF_REG_1, BPF_REG_6, l->parent);
	put_exit_if(p, BPF_JEQ, BPF_REG_1, 0);
	put_load(p, BPF_REG_1, BPF_REG_1, l->cgroup);
	put_load_sized(p, BPF_REG_9, BPF_REG_1, l->control, l->control_size);
}

/* Fields that are near each other, in order: where they cannot be loaded, copied at once. Takes r7. */
static void put_span(struct program *p, const struct bulk_field *f, size_t n)
{
	struct missing none = {0};
	struct bulk_field all = f[0];
	all.at &= ~7;
	put_place(p, &all, &none);
	if (program_loads(p)) {
		put_move(p, BPF_REG_7, BPF_REG_3);
	} else {
		put_copy(p, BPF_REG_10, AT_SPAN, (size_t)(f[n - 1].at - all.at) + f[n - 1].size);
		none.at[none.n++] = put_jump_if(p, BPF_JNE, BPF_REG_0, 0);
	}
	for (size_t i = 0; i < n; i++) {
		if (program_loads(p)) {
			put_move(p, BPF_REG_3, BPF_REG_7);
			put_peek(p, AT_VALUE, f[i].at - all.at, f[i].size, &none);
		} else {
			put_load_sized(p, BPF_REG_1, BPF_REG_10, AT_SPAN + f[i].at - all.at, f[i].size);
		}
		if (f[i].mask)
			put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, (int)f[i].mask);
		put_store(p, BPF_REG_8, (int)f[i].to, BPF_REG_1);
	}
	land_all(p, &none);
}

static void put_spans(struct program *p, const struct bulk_field *f, size_t n)
{
	for (size_t from = 0, to; from < n; from = to) {
		to = from + 1;
		while (to < n && f[to].via == f[from].via && f[to].at + (int)f[to].size - (f[from].at & ~7) <= SPAN)
			to++;
		put_span(p, &f[from], to - from);
	}
}

/* Jumps when the group has no files of that controller. */
static size_t put_hidden(struct program *p, int controller)
{
	put_move(p, BPF_REG_1, BPF_REG_9);
	put(p, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_1, 0, 0, 1 << controller);
	return put_jump_if(p, BPF_JEQ, BPF_REG_1, 0);
}

/* For a group without files of a controller: it has no cap there. */
static void put_uncapped(struct program *p, const struct bulk_field *f, size_t n, size_t hidden)
{
	put(p, BPF_JMP | BPF_JA, 0, 0, 0, 0);
	size_t over = p->n - 1;
	land(p, hidden);
	put_set(p, BPF_REG_1, -2); /* BULK_NONE */
	for (size_t i = 0; i < n; i++)
		if (f[i].cap)
			put_store(p, BPF_REG_8, (int)f[i].to, BPF_REG_1);
	land(p, over);
}

/* In v2 a group has states whose files it has not. */
static bool may_be_hidden(const struct bulk_layout *l, int state)
{
	return l->unified && state != l->v2;
}

static void put_fields(struct program *p, const struct bulk_layout *l)
{
	for (size_t from = 0, to; from < l->fields_n; from = to) {
		const struct bulk_field *f = &l->fields[from];
		bool some = may_be_hidden(l, f->state);
		to = from + 1;
		while (to < l->fields_n && l->fields[to].state == f->state)
			to++;
		size_t hidden = some ? put_hidden(p, f->state) : 0;
		put_spans(p, f, to - from);
		if (some)
			put_uncapped(p, f, to - from, hidden);
	}
}

/* r1 = how many bits are set in it; pairs, fours and bytes are added up. */
static void put_count_bits(struct program *p)
{
	put_move(p, BPF_REG_2, BPF_REG_1);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_2, 0, 0, 1);
	put_constant(p, BPF_REG_3, 0x5555555555555555);
	put(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	put(p, BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	put_constant(p, BPF_REG_3, 0x3333333333333333);
	put_move(p, BPF_REG_2, BPF_REG_1);
	put(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_2, BPF_REG_3, 0, 0);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_1, 0, 0, 2);
	put(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	put_move(p, BPF_REG_2, BPF_REG_1);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_2, 0, 0, 4);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	put_constant(p, BPF_REG_3, 0x0f0f0f0f0f0f0f0f);
	put(p, BPF_ALU64 | BPF_AND | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	put_constant(p, BPF_REG_3, 0x0101010101010101);
	put(p, BPF_ALU64 | BPF_MUL | BPF_X, BPF_REG_1, BPF_REG_3, 0, 0);
	put(p, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_1, 0, 0, 56);
}

/* How many CPUs the group may use: the bits of its mask, a word at a time. */
static void put_cpus(struct program *p, const struct bulk_layout *l, int cpus)
{
	struct bulk_field f = l->cpus;
	struct missing none = {0};
	if (f.state < 0)
		return;
	bool some = may_be_hidden(l, f.state);
	size_t hidden = some ? put_hidden(p, f.state) : 0;
	put_set(p, BPF_REG_7, 0);
	for (int at = 0; at < cpus; at += 64, f.at += 8) {
		put_place(p, &f, &none);
		put_peek(p, AT_VALUE, 0, 8, &none);
		put_count_bits(p);
		put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_7, BPF_REG_1, 0, 0);
	}
	put_store(p, BPF_REG_8, (int)f.to, BPF_REG_7);
	land_all(p, &none);
	if (some)
		put_uncapped(p, &f, 1, hidden);
}

/* The lengths of its lists of pages, over all nodes and zones. It is the last: it takes all registers. */
static void put_lists(struct program *p, const struct bulk_layout *l)
{
	const struct bulk_lists *f = &l->lru;
	size_t size = (size_t)f->lists * 8 * (size_t)f->zones;
	if (f->nodes < 1 || f->nodes > MAX_NODES || size > SPAN)
		return;
	if (may_be_hidden(l, f->state))
		p->exits[p->exits_n++] = put_hidden(p, f->state);
	put_load_sized(p, BPF_REG_1, BPF_REG_6, f->descendants, 4);
	put_exit_if(p, BPF_JNE, BPF_REG_1, 0);
	put_load_sized(p, BPF_REG_1, BPF_REG_6, f->dying, 4);
	put_exit_if(p, BPF_JNE, BPF_REG_1, 0);
	put_set(p, BPF_REG_6, 0);
	put_set(p, BPF_REG_7, 0);
	put_set(p, BPF_REG_9, 0);
	for (int node = 0; node < f->nodes; node++) {
		struct bulk_field lists = {.state = f->state, .via = f->via + 8 * node, .at = f->at};
		struct missing none = {0};
		put_place(p, &lists, &none);
		exit_all(p, &none);
		put_copy(p, BPF_REG_10, AT_SPAN, size);
		put_exit_if(p, BPF_JNE, BPF_REG_0, 0);
		for (int i = 0; i < f->lists * f->zones; i++) {
			int list = i % f->lists;
			put_load(p, BPF_REG_1, BPF_REG_10, AT_SPAN + 8 * i);
			put(p, BPF_ALU64 | BPF_ADD | BPF_X,
			    list == f->inactive ? BPF_REG_7
			    : list == f->active ? BPF_REG_9
			                        : BPF_REG_6,
			    BPF_REG_1, 0, 0);
		}
	}
	put_store(p, BPF_REG_8, AT(lru_inactive), BPF_REG_7);
	put_store(p, BPF_REG_8, AT(lru_active), BPF_REG_9);
	put_store(p, BPF_REG_8, AT(lru_rest), BPF_REG_6);
}

/* It is kept up to date by the kernel, of all below. */
static void put_descendants(struct program *p, const struct bulk_layout *l)
{
	if (l->lru.descendants < 0)
		return;
	put_load_sized(p, BPF_REG_1, BPF_REG_6, l->lru.descendants, 4);
	put_store(p, BPF_REG_8, AT(descendants), BPF_REG_1);
}

/* Is anybody in it or below it? */
static void put_populated(struct program *p, const struct bulk_layout *l)
{
	if (l->populated[0] < 0 || l->populated[1] < 0 || l->populated[2] < 0)
		return;
	put_load_sized(p, BPF_REG_1, BPF_REG_6, l->populated[0], 4);
	for (int i = 1; i < 3; i++) {
		put_load_sized(p, BPF_REG_2, BPF_REG_6, l->populated[i], 4);
		put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_1, BPF_REG_2, 0, 0);
	}
	put_store(p, BPF_REG_8, AT(life.populated), BPF_REG_1);
}

/* The groups' layout, and the map of records. */
struct made_of {
	const struct bulk_layout *layout;
	int map;
};

static int make(struct program *p, const void *data)
{
	const struct made_of *of = data;
	const struct bulk_layout *l = of->layout;
	cleanup_close int per_cpu = -1; /* the program keeps it */
	struct missing none = {0};
	int cpus = libbpf_num_possible_cpus();
	if (cpus <= 0 || cpus > MAX_CPUS)
		return -EOPNOTSUPP;
	if (!l->unified) {
		per_cpu = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "vctop_place", sizeof(uint32_t), sizeof(uint64_t),
		                         1, NULL);
		if (per_cpu < 0)
			return -errno;
	}
	put_record(p, l, of->map, per_cpu);
	if (l->unified) {
		put_own_states(p, l);
		put_unknown(p);
		put_cpu_v2(p, l);
		put_time(p);
	} else {
		put_rest(p, cpus, per_cpu);
		put_own_states(p, l);
		if (l->beside.states)
			put_beside(p, l);
		put_cpu_v1(p, l, cpus, per_cpu);
		put_time(p);
		put_store_value(p, BPF_REG_8, AT(pages_at), 0);
		put_set(p, BPF_REG_9, -1); /* BULK_UNKNOWN */
		put_place(p, pages_of(l), &none);
		put_store(p, BPF_REG_8, AT(pages_at), BPF_REG_3);
		put_pages(p);
		land_all(p, &none);
		put_due(p);
		put_unknown(p);
		put_store(p, BPF_REG_8, AT(cpu_nsec), BPF_REG_7);
	}
	put_descendants(p, l);
	put_populated(p, l);
	if (l->unified)
		put_visible(p, l);
	put_fields(p, l);
	put_cpus(p, l, cpus);
	put_lists(p, l);
	put_end(p);
	return program_load(p, "vctop_groups", l->target, l->unified);
}

int bulk_program_load(struct kernel_types *types, const struct bulk_layout *l, int map)
{
	return program_build(types, make, &(struct made_of){l, map});
}
#endif
