#include "source/cgroup/bulk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_BPF
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/cgroup/bulk_program.h"
#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

static void table_close(struct bulk_table *t)
{
	if (t->records)
		(void)munmap(t->records, t->bytes);
	if (t->link >= 0)
		(void)close(t->link);
	if (t->map >= 0)
		(void)close(t->map);
	free(t->index);
	*t = (struct bulk_table){.link = -1, .map = -1};
}

static int make_map(struct bulk_table *t, size_t groups)
{
	long page = sysconf(_SC_PAGESIZE);
	LIBBPF_OPTS(bpf_map_create_opts, o, .map_flags = BPF_F_MMAPABLE);
	t->room = groups;
	t->bytes = ((groups + 1) * t->stride + (size_t)page - 1) & ~((size_t)page - 1);
	t->map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vctop_groups", sizeof(uint32_t), (uint32_t)t->stride,
	                        (uint32_t)groups + 1, &o);
	if (t->map < 0)
		return -errno;
	void *at = mmap(NULL, t->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, t->map, 0);
	if (at == MAP_FAILED)
		return -errno;
	t->records = at;
	return 0;
}

/* The iterator goes over all below this directory, itself first. */
static int attach(struct bulk_table *t, struct rootfs *fs, int program, const char *mount)
{
	cleanup_close int dir = rootfs_openat(fs, mount, O_DIRECTORY);
	union bpf_iter_link_info info = {0};
	LIBBPF_OPTS(bpf_link_create_opts, o, .iter_info = &info, .iter_info_len = sizeof(info));
	if (dir < 0)
		return dir;
	info.cgroup.cgroup_fd = (uint32_t)dir;
	info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
	t->link = bpf_link_create(program, 0, BPF_TRACE_ITER, &o);
	return t->link < 0 ? -errno : 0;
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

static int table_open(struct bulk_table *t, struct rootfs *fs, const char *mount, const struct btf *btf,
                      enum bulk_kind kind, int nodes, size_t groups)
{
	struct bulk_layout l;
	*t = (struct bulk_table){.link = -1, .map = -1, .stride = bulk_stride(kind)};
	if (!bulk_layout(btf, kind, nodes, &l))
		return -EOPNOTSUPP;
	int r = make_map(t, groups);
	cleanup_close int program = r < 0 ? -1 : bulk_program_load(&l, kind, t->map);
	if (r == 0 && program < 0)
		r = program;
	if (r == 0)
		r = attach(t, fs, program, mount);
	if (r < 0)
		table_close(t);
	return r;
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

struct bulk *bulk_open(struct rootfs *fs, const struct mounts *m, size_t groups, const char **ret_why)
{
	const char *cpu = m->v1[CTRL_CPUACCT] ? m->v1[CTRL_CPUACCT] : m->v2;
	const char *memory = m->v1[CTRL_MEMORY] ? m->v1[CTRL_MEMORY] : m->on_v2[CTRL_MEMORY] ? m->v2 : NULL;
	if (!cpu || !memory || sizeof(ino_t) < sizeof(uint64_t)) {
		*ret_why = "CPU time or memory is not counted by cgroups here";
		return NULL;
	}
	(void)libbpf_set_print(quiet);
	struct bulk *b = xcalloc(1, sizeof(*b));
	b->table[0] = b->table[1] = (struct bulk_table){.link = -1, .map = -1};
	b->one = strcmp(cpu, memory) == 0;
	enum bulk_kind first = m->v1[CTRL_CPUACCT] ? BULK_CPU_V1 : BULK_V2;
	if (b->one && first == BULK_CPU_V1) {
		*ret_why = "CPU time and memory are counted in one hierarchy of v1";
		free(b);
		return NULL;
	}
	enum bulk_kind second = m->v1[CTRL_MEMORY] ? BULK_MEMORY_V1 : BULK_V2;
	int nodes = count_nodes(fs);
	struct btf *btf = btf__load_vmlinux_btf();
	int r = btf ? table_open(&b->table[0], fs, cpu, btf, first, nodes, groups) : -errno;
	if (r == 0 && !b->one)
		r = table_open(&b->table[1], fs, memory, btf, second, nodes, groups);
	btf__free(btf);
	if (r == 0)
		return b;
	*ret_why = why_not(r);
	bulk_close(b);
	return NULL;
}

void bulk_close(struct bulk *b)
{
	if (!b)
		return;
	table_close(&b->table[0]);
	table_close(&b->table[1]);
	free(b);
}

static int table_read(struct bulk_table *t)
{
	char none[64]; /* it writes into the map */
	t->n = t->records->id = 0;
	t->indexed = false;
	cleanup_close int it = bpf_iter_create(t->link);
	if (it < 0)
		return -errno;
	ssize_t n;
	do {
		n = read(it, none, sizeof(none));
	} while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
	if (n < 0)
		return -errno;
	t->found = t->records->id;
	t->n = t->found < t->room ? t->found : t->room;
	return t->found > t->room ? -ENOSPC : 0;
}

int bulk_read(struct bulk *b)
{
	int r = table_read(&b->table[0]), other = b->one ? 0 : table_read(&b->table[1]);
	return r < 0 ? r : other;
}

size_t bulk_groups(const struct bulk *b)
{
	uint64_t cpu = b->table[0].found, memory = b->table[1].found;
	return cpu > memory ? cpu : memory;
}

static int by_place_id(const void *a, const void *b)
{
	const struct bulk_place *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

static size_t search(struct bulk_table *t, uint64_t id)
{
	if (!t->indexed) {
		if (t->index_n < t->n) {
			t->index = xreallocarray(t->index, t->n, sizeof(*t->index));
			t->index_n = t->n;
		}
		for (size_t i = 0; i < t->n; i++)
			t->index[i] = (struct bulk_place){bulk_at(t, i + 1)->id, i + 1};
		if (t->n)
			qsort(t->index, t->n, sizeof(*t->index), by_place_id);
		t->indexed = true;
	}
	struct bulk_place key = {.id = id};
	const struct bulk_place *p = t->n ? bsearch(&key, t->index, t->n, sizeof(key), by_place_id) : NULL;
	return p ? p->at : 0;
}

/* Groups come in the same order while none comes or goes. */
static const struct bulk_record *find(struct bulk_table *t, uint64_t id, size_t *hint)
{
	if (!id)
		return NULL;
	if (!*hint || *hint > t->n || bulk_at(t, *hint)->id != id)
		*hint = search(t, id);
	return *hint ? bulk_at(t, *hint) : NULL;
}

bool bulk_find(struct bulk *b, uint64_t cpu_id, uint64_t memory_id, struct bulk_hint *h, struct bulk_found *ret)
{
	const struct bulk_record *cpu = find(&b->table[0], cpu_id, &h->at[0]);
	const struct bulk_record *memory = b->one ? cpu : find(&b->table[1], memory_id, &h->at[1]);
	if (!cpu || !memory || cpu->cpu_nsec == BULK_UNKNOWN || memory->pages == BULK_UNKNOWN)
		return false;
	*ret = (struct bulk_found){cpu, memory};
	return true;
}

#else

struct bulk *bulk_open(struct rootfs *fs, const struct mounts *m, size_t groups, const char **ret_why)
{
	(void)fs;
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

bool bulk_find(struct bulk *b, uint64_t cpu_id, uint64_t memory_id, struct bulk_hint *h, struct bulk_found *ret)
{
	(void)b;
	(void)cpu_id;
	(void)memory_id;
	(void)h;
	(void)ret;
	return false;
}
#endif
