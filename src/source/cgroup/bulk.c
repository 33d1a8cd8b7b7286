#include "source/cgroup/bulk.h"

#include <errno.h>
#include <stdlib.h>

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/bpf/program.h"
#include "source/cgroup/bulk_program.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

void bulk_close(struct bulk *b)
{
	if (!b)
		return;
	if (b->records)
		(void)munmap(b->records, b->bytes);
	if (b->link >= 0)
		(void)close(b->link);
	if (b->map >= 0)
		(void)close(b->map);
	free(b->index);
	free(b);
}

static int make_map(struct bulk *b, size_t groups)
{
	long page = sysconf(_SC_PAGESIZE);
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_MMAPABLE);
	b->room = groups;
	b->bytes = ((groups + 1) * sizeof(struct bulk_record) + (size_t)page - 1) & ~((size_t)page - 1);
	b->map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vctop_groups", sizeof(uint32_t), sizeof(struct bulk_record),
	                        (uint32_t)groups + 1, &o);
	if (b->map < 0)
		return -errno;
	void *at = mmap(NULL, b->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, b->map, 0);
	if (at == MAP_FAILED)
		return -errno;
	b->records = at;
	return 0;
}

/* Of those whose lists of pages are kept as they are read here; 0: not known. */
static int count_nodes(struct rootfs *fs)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	unsigned n = 0;
	/* "0x0007": the multi-generational LRU has lists of its own. */
	if (rootfs_read(fs, "sys/kernel/mm/lru_gen/enabled", 64, &text) > 0 && strtoul(text.buf, NULL, 16) & 1)
		return 0;
	ssize_t r = rootfs_read(fs, "sys/devices/system/node/possible", 4096, &text);
	if (r == -ENOENT)
		return 1; /* a kernel for machines with one */
	return r > 0 && parse_cpulist(text.buf, text.len, &n) == 0 ? (int)n : 0;
}

static int load(struct bulk *b, struct kernel_types *types, const struct mounts *m, size_t groups)
{
	struct bulk_layout l;
	if (!types_get(types))
		return -errno;
	int r = bulk_layout(types, m, count_nodes(types->fs), &l) ? make_map(b, groups) : -EOPNOTSUPP;
	b->stats_by_order = l.stats_by_order;
	b->stats_summed = l.stats_summed;
	if (r < 0)
		return r;
	cleanup_close int program = bulk_program_load(types, &l, b->map);
	b->link = program < 0 ? program : program_attach(program, types->fs, m->walk, BPF_CGROUP_ITER_DESCENDANTS_PRE);
	return b->link < 0 ? b->link : 0;
}

static const char *why_not(int r)
{
	switch (-r) {
	case EPERM:
	case EACCES:
		return "needs CAP_BPF and CAP_PERFMON";
	case ENOENT:
	case EOPNOTSUPP:
	case EINVAL:
	case ESRCH:
		return "this kernel offers no iterator over cgroups (6.1 does, built with BTF)";
	default:
		return "the kernel refuses it";
	}
}

struct bulk *bulk_open(struct kernel_types *types, const struct mounts *m, size_t groups, const char **ret_why)
{
	bool memory = m->v1[CTRL_MEMORY] || m->on_v2[CTRL_MEMORY];
	bool cpu = m->v1[CTRL_CPUACCT] || (m->v2 && m->walk == m->v2);
	if (!m->walk || !memory || !cpu || sizeof(ino_t) < sizeof(uint64_t)) {
		*ret_why = "CPU time or memory is not counted by cgroups here, or not where it is looked for";
		return NULL;
	}
	struct bulk *b = xcalloc(1, sizeof(*b));
	b->link = b->map = -1;
	int r = load(b, types, m, groups);
	if (r == 0)
		return b;
	*ret_why = why_not(r);
	bulk_close(b);
	return NULL;
}

int bulk_read(struct bulk *b)
{
	char none[64]; /* it writes into the map */
	b->n = b->records->id = 0;
	b->indexed = false;
	cleanup_close int it = bpf_iter_create(b->link);
	if (it < 0)
		return -errno;
	ssize_t n;
	do {
		n = read(it, none, sizeof(none));
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		return -errno;
	b->found = b->records->id;
	b->n = b->found < b->room ? b->found : b->room;
	return b->found > b->room ? -ENOSPC : 0;
}

size_t bulk_groups(const struct bulk *b)
{
	return b->found;
}

static int by_place_id(const void *a, const void *b)
{
	const struct bulk_place *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t search(struct bulk *b, uint64_t id)
{
	if (!b->indexed) {
		if (b->index_n < b->n) {
			b->index = xreallocarray(b->index, b->n, sizeof(*b->index));
			b->index_n = b->n;
		}
		for (size_t i = 0; i < b->n; i++)
			b->index[i] = (struct bulk_place){b->records[i + 1].id, i + 1};
		if (b->n)
			qsort(b->index, b->n, sizeof(*b->index), by_place_id);
		b->indexed = true;
	}
	struct bulk_place key = {.id = id};
	const struct bulk_place *p = b->n ? bsearch(&key, b->index, b->n, sizeof(key), by_place_id) : NULL;
	return p ? p->at : 0;
}

/* Groups come in the same order while none comes or goes. */
const struct bulk_record *bulk_find(struct bulk *b, uint64_t id, size_t *hint)
{
	if (!id)
		return NULL;
	if (!*hint || *hint > b->n || b->records[*hint].id != id)
		*hint = search(b, id);
	return *hint ? &b->records[*hint] : NULL;
}

#else

struct bulk *bulk_open(struct kernel_types *types, const struct mounts *m, size_t groups, const char **ret_why)
{
	(void)types;
	(void)m;
	(void)groups;
	*ret_why = "vctop was built without libbpf";
	return NULL;
}

void bulk_close(struct bulk *b)
{
	(void)b;
}

int bulk_read(struct bulk *b)
{
	(void)b;
	return -EOPNOTSUPP;
}

size_t bulk_groups(const struct bulk *b)
{
	(void)b;
	return 0;
}

const struct bulk_record *bulk_find(struct bulk *b, uint64_t id, size_t *hint)
{
	(void)b;
	(void)id;
	(void)hint;
	return NULL;
}
#endif
