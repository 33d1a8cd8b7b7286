#include "source/cgroup/stat_order.h"

#include <string.h>

#include "vctop/base/attr.h"

/* By place: its name in memory.stat of v2 and of v1; NULL: not told there in pages. */
static const struct {
	const char *v2, *v1;
} order[] = {
        {"inactive_anon", "total_inactive_anon"},
        {"active_anon", "total_active_anon"},
        {"inactive_file", "total_inactive_file"},
        {"active_file", "total_active_file"},
        {"unevictable", "total_unevictable"},
        {NULL, NULL}, /* slab, in bytes */
        {NULL, NULL},
        {"workingset_refault_anon", "total_workingset_refault_anon"},
        {"workingset_refault_file", "total_workingset_refault_file"},
        {"workingset_activate_anon", NULL},
        {"workingset_activate_file", NULL},
        {"workingset_restore_anon", NULL},
        {"workingset_restore_file", NULL},
        {"workingset_nodereclaim", NULL},
        {"anon", "total_rss"},
        {"file_mapped", "total_mapped_file"},
        {"file", "total_cache"},
        {"file_dirty", "total_dirty"},
        {"file_writeback", "total_writeback"},
        {"shmem", "total_shmem"},
};

int stat_order_place(const char *item)
{
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (order[i].v2 && strcmp(order[i].v2, item) == 0)
			return (int)i;
	return -1;
}

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <unistd.h>

#include "source/bpf/program.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define TRIES 8
/* So many different numbers above 0 do not agree by chance, those of the first places and of the last among them. */
#define ENOUGH 4
#define FIRST_PLACES 5
#define LAST_PLACES 14

enum { AT_POINTER = -8, AT_ITEMS = AT_POINTER - 8 * (int)ARRAY_SIZE(order) };

/* The items of one group, written to whoever reads. */
static int load_program(struct kernel_types *types)
{
	struct program p = {0};
	size_t size;
	const struct btf_type *t;
	int memory = types_enum(types, "cgroup_subsys_id", "memory_cgrp_id");
	int states = types_offset(types, "cgroup", "subsys", &size),
	    seq = types_offset(types, "bpf_iter_meta", "seq", &size);
	int sums = types_offset(types, "mem_cgroup", "vmstats", &size);
	int items = types_place(types, "memcg_vmstats", "state", &t), target = types_function(types, "bpf_iter_cgroup");
	if (memory < 0 || states < 0 || seq < 0 || sums < 0 || items < 0 || target <= 0)
		return -1;
	put_reader(&p, seq);
	put_move(&p, BPF_REG_3, BPF_REG_6);
	put_add(&p, BPF_REG_3, states + 8 * memory);
	put_copy(&p, BPF_REG_10, AT_POINTER, 8);
	put_exit_if(&p, BPF_JNE, BPF_REG_0, 0);
	put_load(&p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put_add(&p, BPF_REG_3, sums);
	put_copy(&p, BPF_REG_10, AT_POINTER, 8);
	put_exit_if(&p, BPF_JNE, BPF_REG_0, 0);
	put_load(&p, BPF_REG_3, BPF_REG_10, AT_POINTER);
	put_add(&p, BPF_REG_3, items);
	put_copy(&p, BPF_REG_10, AT_ITEMS, 8 * ARRAY_SIZE(order));
	put_exit_if(&p, BPF_JNE, BPF_REG_0, 0);
	put_write(&p, AT_ITEMS, 8 * ARRAY_SIZE(order));
	put_end(&p);
	return program_load(&p, "vctop_order", target, false);
}

static int open_link(struct kernel_types *types, const char *mount)
{
	cleanup_close int program = load_program(types);
	return program < 0 ? program : program_attach(program, types->fs, mount, BPF_CGROUP_ITER_SELF_ONLY);
}

struct look {
	uint64_t items[ARRAY_SIZE(order)]; /* the file's; UINT64_MAX none */
	bool swap;
};

static bool read_file(struct rootfs *fs, const struct mounts *m, struct look *ret)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	const char *v1 = m->v1[CTRL_MEMORY];
	strbuf_fmt(&path, "%s/memory.stat", v1 ? v1 : m->v2);
	if (rootfs_read(fs, path.buf, 65536, &text) <= 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		const char *key = v1 ? order[i].v1 : order[i].v2;
		if (!key || parse_flat(text.buf, text.len, key, &ret->items[i]) < 0)
			ret->items[i] = UINT64_MAX;
	}
	uint64_t swap;
	ret->swap = v1 && parse_flat(text.buf, text.len, "total_swap", &swap) == 0;
	return true;
}

static bool read_items(int link, uint64_t ret[ARRAY_SIZE(order)])
{
	cleanup_close int it = bpf_iter_create(link);
	ssize_t size = (ssize_t)(sizeof(ret[0]) * ARRAY_SIZE(order));
	return it >= 0 && read(it, ret, (size_t)size) == size;
}

/* Events are counted, all else is in bytes there. */
static uint64_t unit_of(size_t place)
{
	bool counted = order[place].v2 && strncmp(order[place].v2, "workingset", 10) == 0;
	return counted ? 1 : (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool was_before(const struct look *l, size_t place)
{
	for (size_t i = 0; i < place; i++)
		if (l->items[i] == l->items[place])
			return true;
	return false;
}

static enum stat_order compare(const struct look *l, const uint64_t items[ARRAY_SIZE(order)])
{
	unsigned different = 0;
	bool first = false, last = false;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (l->items[i] == UINT64_MAX)
			continue;
		if (l->items[i] != items[i] * unit_of(i))
			return STAT_ORDER_OTHER;
		if (!l->items[i])
			continue;
		different += !was_before(l, i);
		first |= i < FIRST_PLACES;
		last |= i >= LAST_PLACES;
	}
	return different >= ENOUGH && first && last ? STAT_ORDER_HOLDS : STAT_ORDER_UNKNOWN;
}

enum stat_order stat_order_ask(struct kernel_types *types, const struct mounts *m, bool *ret_swap)
{
	struct look before, after;
	uint64_t items[ARRAY_SIZE(order)];
	enum stat_order is = STAT_ORDER_UNKNOWN;
	cleanup_close int link = types_get(types) ? open_link(types, m->walk) : -1;
	for (int i = 0; i < TRIES && link >= 0; i++) {
		if (!read_file(types->fs, m, &before) || !read_items(link, items) || !read_file(types->fs, m, &after))
			break;
		*ret_swap = after.swap;
		if (memcmp(before.items, after.items, sizeof(before.items)) != 0)
			continue; /* it moves */
		is = compare(&after, items);
		if (is == STAT_ORDER_HOLDS)
			break;
	}
	return is;
}
#else

enum stat_order stat_order_ask(struct kernel_types *types, const struct mounts *m, bool *ret_swap)
{
	(void)types;
	(void)m;
	(void)ret_swap;
	return STAT_ORDER_UNKNOWN;
}
#endif
