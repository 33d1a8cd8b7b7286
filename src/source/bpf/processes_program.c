/*
 * The program that runs for each task.  What it tells is behind pointers; the table below goes along them, each
 * followed once, so that it is the whole description of what is read.
 */
#include "source/bpf/processes_program.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source/bpf/program.h"
#include "source/cgroup/bulk_program.h"
#include "vctop/base/attr.h"

enum object {
	TASK,
	SIGNAL,
	NUMBERS,
	MEMORY,
	PROGRAM_FILE,
	PROGRAM_MOUNT,
	ENTRY,
	PROGRAM,
	FILES,
	ROOT,
	ROOT_SYSTEM,
	RIGHTS,
	NAMESPACES,
	NETWORK,
	PARENT,
	LEADER,
	LEADERS_NUMBERS,
	STATES,
	DEVICES,
	STATE,
	GROUP,
	NODE,
	OBJECTS
};

/* Parents first: each is found by a pointer in the one it follows from. */
static const struct {
	enum object from;
	const char *type, *path; /* of the pointer, in that one */
} objects[OBJECTS] = {
        [SIGNAL] = {TASK, "task_struct", "signal"},
        [NUMBERS] = {TASK, "task_struct", "thread_pid"},
        [MEMORY] = {TASK, "task_struct", "mm"},
        [PROGRAM_FILE] = {MEMORY, "mm_struct", "exe_file"},
        [PROGRAM_MOUNT] = {PROGRAM_FILE, "file", "f_path.mnt"},
        [ENTRY] = {PROGRAM_FILE, "file", "f_path.dentry"},
        [PROGRAM] = {ENTRY, "dentry", "d_name.name"},
        [FILES] = {TASK, "task_struct", "fs"},
        [ROOT] = {FILES, "fs_struct", "root.mnt"},
        [ROOT_SYSTEM] = {ROOT, "vfsmount", "mnt_sb"},
        [RIGHTS] = {TASK, "task_struct", "real_cred"},
        [NAMESPACES] = {TASK, "task_struct", "nsproxy"},
        [NETWORK] = {NAMESPACES, "nsproxy", "net_ns"},
        [PARENT] = {TASK, "task_struct", "real_parent"},
        [LEADER] = {PARENT, "task_struct", "group_leader"},
        [LEADERS_NUMBERS] = {LEADER, "task_struct", "thread_pid"},
        [STATES] = {TASK, "task_struct", "cgroups"},
        [DEVICES] = {STATES, "css_set", "subsys"},
        [STATE] = {STATES, "css_set", "subsys"},
        [GROUP] = {STATE, "cgroup_subsys_state", "cgroup"},
        [NODE] = {GROUP, "cgroup", "kn"},
};

#define AT(member) offsetof(struct process_record, member)
static const struct {
	enum object in;
	const char *type, *path;
	size_t size, to;
} fields[] = {
        {TASK, "task_struct", "start_boottime", 8, AT(start_nsec)},
        {TASK, "task_struct", "atomic_flags", 8, AT(atomic_flags)},
        {TASK, "task_struct", "seccomp.mode", 4, AT(seccomp)},
        {TASK, "task_struct", "exit_state", 4, AT(exit_state)},
        {TASK, "task_struct", "flags", 4, AT(flags)},
        {TASK, "task_struct", "comm", 16, AT(comm)},
        {SIGNAL, "signal_struct", "nr_threads", 4, AT(threads)},
        {NUMBERS, "pid", "level", 4, AT(level)},
        {MEMORY, "mm_struct", "start_stack", 8, AT(stack)},
        {MEMORY, "mm_struct", "notifier_subscriptions", 8, AT(notifiers)},
        {PROGRAM_FILE, "file", "f_path.dentry", 8, AT(program_entry)},
        {PROGRAM_MOUNT, "vfsmount", "mnt_root", 8, AT(program_root)},
        {PROGRAM, "qstr", "", PROGRAM_NAME, AT(program)},
        {FILES, "fs_struct", "root", 16, AT(root)},
        {ROOT_SYSTEM, "super_block", "s_dev", 4, AT(root_dev)},
        {RIGHTS, "cred", "euid", 4, AT(euid)},
        {RIGHTS, "cred", "cap_effective", 8, AT(cap_eff)},
        {RIGHTS, "cred", "cap_bset", 8, AT(cap_bnd)},
        {RIGHTS, "cred", "user_ns", 8, AT(ns[NS_USER])},
        {NAMESPACES, "nsproxy", "mnt_ns", 8, AT(ns[NS_MNT])},
        {NAMESPACES, "nsproxy", "net_ns", 8, AT(ns[NS_NET])},
        {NAMESPACES, "nsproxy", "ipc_ns", 8, AT(ns[NS_IPC])},
        {NAMESPACES, "nsproxy", "uts_ns", 8, AT(ns[NS_UTS])},
        {NAMESPACES, "nsproxy", "cgroup_ns", 8, AT(ns[NS_CGROUP])},
        {NAMESPACES, "nsproxy", "time_ns", 8, AT(ns[NS_TIME])},
        {NETWORK, "net", "ns.inum", 4, AT(net_ns)},
        {DEVICES, "dev_cgroup", "behavior", 4, AT(devices)},
        {NODE, "kernfs_node", "id", 8, AT(group)},
};

enum {
	AT_RECORD = -(int)sizeof(struct process_record),
	AT_OBJECTS = AT_RECORD - 8 * OBJECTS,
	AT_VALUE = AT_OBJECTS - 8,
};
_Static_assert(AT_VALUE >= -512, "the stack of a program");
_Static_assert(sizeof(struct process_record) % 8 == 0, "it is filled by 8 bytes");

/* Bytes from the beginning of the objects; -1 not there, and not asked for. */
struct places {
	int pointers[OBJECTS], fields[ARRAY_SIZE(fields)];
	int numbers, thread_pid, level, tgid, pid, seq, target;
};

static int first_of_walked(struct kernel_types *types, const struct mounts *m)
{
	for (int c = 0; c < CTRL_MAX; c++)
		if (m->walk && m->v1[c] == m->walk)
			return bulk_controller(types, (enum controller)c);
	return -1;
}

/* Where the groups of a process are found, of those that are asked for. */
static void find_groups(struct kernel_types *types, const struct mounts *m, struct places *l)
{
	size_t size;
	int state = first_of_walked(types, m), devices = types_enum(types, "cgroup_subsys_id", "devices_cgrp_id");
	l->pointers[DEVICES] = devices < 0 ? -1 : l->pointers[DEVICES] + 8 * devices;
	l->pointers[STATE] = state < 0 ? -1 : l->pointers[STATE] + 8 * state;
	if (m->walk && m->walk == m->v2) {
		/* The default hierarchy's group stands there itself, and begins with its own state. */
		l->pointers[STATE] = types_offset(types, "css_set", "dfl_cgrp", &size);
		l->pointers[GROUP] = types_offset(types, "cgroup", "self.cgroup", &size);
	}
}

static bool find_places(struct kernel_types *types, const struct mounts *m, struct places *l)
{
	size_t size;
	const struct btf_type *t;
	bool all = true;
	for (int i = TASK + 1; i < OBJECTS; i++) {
		l->pointers[i] = types_place(types, objects[i].type, objects[i].path, &t);
		all = all && l->pointers[i] >= 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size = 0;
		l->fields[i] = types_offset(types, fields[i].type, fields[i].path, &size);
		bool optional = fields[i].in == DEVICES || fields[i].to == AT(notifiers);
		/* Arrays have no size of their own, nor does what a pointer to text leads to. */
		if (l->fields[i] >= 0 && size && size != fields[i].size && fields[i].to != AT(comm) &&
		    fields[i].in != PROGRAM)
			l->fields[i] = -1;
		all = all && (optional || l->fields[i] >= 0);
	}
	find_groups(types, m, l);
	l->numbers = types_place(types, "pid", "numbers", &t);
	l->thread_pid = l->pointers[NUMBERS];
	l->level = types_offset(types, "pid", "level", &size);
	l->tgid = types_offset(types, "task_struct", "tgid", &size);
	l->pid = types_offset(types, "task_struct", "pid", &size);
	l->seq = types_offset(types, "bpf_iter_meta", "seq", &size);
	l->target = types_function(types, "bpf_iter_task");
	return all && l->numbers >= 0 && types_offset(types, "upid", "ns", &size) == 8 && l->level >= 0 &&
	       l->tgid >= 0 && l->pid >= 0 && l->seq >= 0 && l->target > 0;
}

/* r6 = the task, r8 = where to write to, r7 = how far the numbers of the reader's pid namespace are from the first. */
static void put_beginning(struct program *p, const struct places *l)
{
	put_reader(p, l->seq);
	put_store(p, BPF_REG_10, AT_OBJECTS + 8 * TASK, BPF_REG_6);
	put_load_sized(p, BPF_REG_1, BPF_REG_6, l->pid, 4);
	put_load_sized(p, BPF_REG_2, BPF_REG_6, l->tgid, 4);
	p->exits[p->exits_n++] = put_jump_unless_same(p, BPF_REG_1, BPF_REG_2); /* a further thread */
	for (int at = AT_RECORD; at < 0; at += 8)
		put_store_value(p, BPF_REG_10, at, -1);
	put_call(p, BPF_FUNC_get_current_task);
	put_move(p, BPF_REG_3, BPF_REG_0);
	put_add(p, BPF_REG_3, l->thread_pid);
	put_copy(p, BPF_REG_10, AT_VALUE, 8);
	put_load(p, BPF_REG_3, BPF_REG_10, AT_VALUE);
	put_add(p, BPF_REG_3, l->level);
	put_copy(p, BPF_REG_10, AT_RECORD + (int)AT(reader_level), 4);
	put_exit_if(p, BPF_JNE, BPF_REG_0, 0);
	put_load_sized(p, BPF_REG_7, BPF_REG_10, AT_RECORD + (int)AT(reader_level), 4);
	put(p, BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_7, 0, 0, 4);
}

/* r3 = so many bytes behind the beginning of an object. */
static void put_object(struct program *p, int object, int off)
{
	put_load(p, BPF_REG_3, BPF_REG_10, AT_OBJECTS + 8 * object);
	put_add(p, BPF_REG_3, off);
}

/* What is at r3 + off, into the record: text at once, for more than it may be read behind its end. */
static void put_piece(struct program *p, int off, size_t size, size_t to)
{
	struct missing none = {0};
	if (!program_loads(p) || (size != 4 && (size > 16 || size % 8 || off % 8))) {
		put_add(p, BPF_REG_3, off);
		put_copy(p, BPF_REG_10, AT_RECORD + (int)to, size);
		return;
	}
	for (size_t at = 0; at < size; at += 8) {
		put_store(p, BPF_REG_10, AT_VALUE, BPF_REG_3);
		put_peek(p, AT_VALUE, off + (int)at, size < 8 ? size : 8, &none);
		put_store_sized(p, BPF_REG_10, AT_RECORD + (int)(to + at), BPF_REG_1, size);
		put_load(p, BPF_REG_3, BPF_REG_10, AT_VALUE);
	}
}

/* The number at `by` (a register) bytes behind the first one. */
static void put_number(struct program *p, const struct places *l, int object, int by, size_t size, int off, size_t to)
{
	put_object(p, object, 0);
	put(p, BPF_ALU64 | BPF_ADD | BPF_X, BPF_REG_3, by, 0, 0);
	put_piece(p, l->numbers + off, size, to);
}

static void put_numbers(struct program *p, const struct places *l, int object)
{
	if (object == LEADERS_NUMBERS)
		put_number(p, l, object, BPF_REG_7, sizeof(struct process_number), 0, AT(parent));
	if (object != NUMBERS)
		return;
	put_number(p, l, object, BPF_REG_7, sizeof(struct process_number), 0, AT(own));
	put_load_sized(p, BPF_REG_9, BPF_REG_10, AT_RECORD + (int)AT(level), 4);
	put(p, BPF_ALU64 | BPF_LSH | BPF_K, BPF_REG_9, 0, 0, 4);
	put_number(p, l, object, BPF_REG_9, 8, 8, AT(ns[NS_PID]));
}

/* What is asked for in an object, and in those it leads to: nothing of it where it cannot be reached. */
static void put_fields(struct program *p, const struct places *l, int object)
{
	struct missing none = {0};
	if (object != TASK) {
		put_object(p, objects[object].from, 0);
		put_peek(p, AT_VALUE, l->pointers[object], 8, &none);
		put_store(p, BPF_REG_10, AT_OBJECTS + 8 * object, BPF_REG_1);
		none.at[none.n++] = put_jump_if(p, BPF_JEQ, BPF_REG_1, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if ((int)fields[i].in == object && l->fields[i] >= 0) {
			put_object(p, object, 0);
			put_piece(p, l->fields[i], fields[i].size, fields[i].to);
		}
	put_numbers(p, l, object);
	for (int below = object + 1; below < OBJECTS; below++)
		if ((int)objects[below].from == object && l->pointers[below] >= 0)
			put_fields(p, l, below);
	land_all(p, &none);
}

static int make(struct program *p, const void *data)
{
	const struct places *l = data;
	put_beginning(p, l);
	put_fields(p, l, TASK);
	put_write(p, AT_RECORD, sizeof(struct process_record));
	put_end(p);
	return program_load(p, "vctop_tasks", l->target, false);
}

int processes_program_load(struct kernel_types *types, const struct mounts *m)
{
	struct places l;
	if (!types_get(types))
		return -errno;
	if (!find_places(types, m, &l))
		return -EOPNOTSUPP;
	return program_build(types, make, &l);
}
#endif
