#include "source/bpf/kernel_btf.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vctop/base/attr.h"

/* Of so many types the place of one is kept; those between are stepped over. */
#define STEP 16

struct kernel_btf {
	struct btf *copy; /* the library's, where the file cannot be mapped (before Linux 6.16) */
	void *mapped;     /* NULL: it is not */
	size_t mapped_bytes;
	const char *types, *texts;
	uint32_t types_len, texts_len, n; /* n: types, ids from 1 */
	uint32_t *places;                 /* of the ids 1, 1 + STEP, ... */
	uint16_t *hashes;                 /* by id; 0 not indexed */
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* Where it lies, and how long it is. */
static const void *get(struct kernel_btf *b, struct rootfs *fs, uint32_t *ret_len)
{
	struct stat st;
	(void)libbpf_set_print(quiet);
	cleanup_close int fd = rootfs_openat(fs, "sys/kernel/btf/vmlinux", 0);
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= UINT32_MAX) {
		void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (at != MAP_FAILED) {
			b->mapped = at;
			b->mapped_bytes = (size_t)st.st_size;
			*ret_len = (uint32_t)st.st_size;
			return at;
		}
	}
	b->copy = btf__load_vmlinux_btf();
	return b->copy ? btf__raw_data(b->copy, ret_len) : NULL;
}

static bool find_sections(struct kernel_btf *b, const char *raw, uint32_t len)
{
	const struct btf_header *h = (const struct btf_header *)(const void *)raw;
	if (len < sizeof(*h) || h->magic != BTF_MAGIC || h->version != BTF_VERSION || h->hdr_len > len)
		return false;
	uint32_t room = len - h->hdr_len;
	if (h->type_off > room || h->type_len > room - h->type_off || h->str_off > room ||
	    h->str_len > room - h->str_off || !h->str_len || h->type_off % 4 || h->hdr_len % 4)
		return false;
	b->types = raw + h->hdr_len + h->type_off;
	b->types_len = h->type_len;
	b->texts = raw + h->hdr_len + h->str_off;
	b->texts_len = h->str_len;
	return b->texts[b->texts_len - 1] == '\0';
}

/* How long a type is with what follows it; -1: a kind that is not known, or it does not fit. */
static int64_t size_of(const struct btf_type *t, uint32_t room)
{
	static const struct {
		bool known;
		uint8_t more, each; /* bytes: once, and for each of its parts */
	} kinds[] = {
	        [BTF_KIND_INT] = {true, sizeof(uint32_t), 0},
	        [BTF_KIND_PTR] = {true, 0, 0},
	        [BTF_KIND_ARRAY] = {true, sizeof(struct btf_array), 0},
	        [BTF_KIND_STRUCT] = {true, 0, sizeof(struct btf_member)},
	        [BTF_KIND_UNION] = {true, 0, sizeof(struct btf_member)},
	        [BTF_KIND_ENUM] = {true, 0, sizeof(struct btf_enum)},
	        [BTF_KIND_FWD] = {true, 0, 0},
	        [BTF_KIND_TYPEDEF] = {true, 0, 0},
	        [BTF_KIND_VOLATILE] = {true, 0, 0},
	        [BTF_KIND_CONST] = {true, 0, 0},
	        [BTF_KIND_RESTRICT] = {true, 0, 0},
	        [BTF_KIND_FUNC] = {true, 0, 0},
	        [BTF_KIND_FUNC_PROTO] = {true, 0, sizeof(struct btf_param)},
	        [BTF_KIND_VAR] = {true, sizeof(struct btf_var), 0},
	        [BTF_KIND_DATASEC] = {true, 0, sizeof(struct btf_var_secinfo)},
	        [BTF_KIND_FLOAT] = {true, 0, 0},
	        [BTF_KIND_DECL_TAG] = {true, sizeof(struct btf_decl_tag), 0},
	        [BTF_KIND_TYPE_TAG] = {true, 0, 0},
	        [BTF_KIND_ENUM64] = {true, 0, sizeof(struct btf_enum64)},
	};
	unsigned kind = btf_kind(t);
	if (kind >= ARRAY_SIZE(kinds) || !kinds[kind].known)
		return -1;
	int64_t size = (int64_t)sizeof(*t) + kinds[kind].more + (int64_t)btf_vlen(t) * kinds[kind].each;
	return size <= room ? size : -1;
}

static const struct btf_type *at_place(const struct kernel_btf *b, uint32_t place)
{
	return (const struct btf_type *)(const void *)(b->types + place);
}

/* A few letters of a name: what they find is compared. */
static uint16_t hash_of(const char *name, unsigned kind)
{
	size_t n = strlen(name);
	uint32_t h = kind + 31 * (uint32_t)n;
	const size_t at[] = {0, n / 4, n / 2, n - n / 4, n ? n - 1 : 0};
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		h = h * 0x01000193U + (unsigned char)name[at[i]];
	return (uint16_t)((h >> 16 ^ h) | 1);
}

static bool is_indexed(unsigned kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_ENUM || kind == BTF_KIND_FUNC;
}

static bool make_index(struct kernel_btf *b)
{
	uint32_t most = b->types_len / (uint32_t)sizeof(struct btf_type), at = 0;
	b->places = xcalloc(most / STEP + 1, sizeof(*b->places));
	b->hashes = xcalloc(most + 1, sizeof(*b->hashes));
	while (b->types_len - at >= sizeof(struct btf_type)) {
		const struct btf_type *t = at_place(b, at);
		int64_t size = size_of(t, b->types_len - at);
		if (size < 0)
			return false;
		if (b->n++ % STEP == 0)
			b->places[(b->n - 1) / STEP] = at;
		if (is_indexed(btf_kind(t)))
			b->hashes[b->n] = hash_of(kernel_btf_text(b, t->name_off), btf_kind(t));
		at += (uint32_t)size;
	}
	return b->n > 0;
}

struct kernel_btf *kernel_btf_open(struct rootfs *fs)
{
	uint32_t len = 0;
	struct kernel_btf *b = xcalloc(1, sizeof(*b));
	const void *raw = get(b, fs, &len);
	if (raw && find_sections(b, raw, len) && make_index(b))
		return b;
	int e = raw ? EINVAL : errno ? errno : ENOENT;
	kernel_btf_close(b);
	errno = e;
	return NULL;
}

void kernel_btf_close(struct kernel_btf *b)
{
	if (!b)
		return;
	if (b->mapped)
		(void)munmap(b->mapped, b->mapped_bytes);
	btf__free(b->copy);
	free(b->places);
	free(b->hashes);
	free(b);
}

const struct btf_type *kernel_btf_type(const struct kernel_btf *b, uint32_t id)
{
	if (!id || id > b->n)
		return NULL;
	uint32_t at = b->places[(id - 1) / STEP];
	for (uint32_t i = (id - 1) % STEP; i > 0; i--)
		at += (uint32_t)size_of(at_place(b, at), b->types_len - at);
	return at_place(b, at);
}

const char *kernel_btf_text(const struct kernel_btf *b, uint32_t off)
{
	return off < b->texts_len ? b->texts + off : "";
}

uint32_t kernel_btf_find(const struct kernel_btf *b, const char *name, unsigned kind, uint32_t after)
{
	uint16_t hash = hash_of(name, kind);
	for (uint32_t id = after + 1; id <= b->n; id++) {
		if (b->hashes[id] != hash)
			continue;
		const struct btf_type *t = kernel_btf_type(b, id);
		if (btf_kind(t) == kind && strcmp(kernel_btf_text(b, t->name_off), name) == 0)
			return id;
	}
	return 0;
}
#endif
