#include "source/bpf/types.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "vctop/base/attr.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

/* As btf__load_vmlinux_btf() does, but without reading it page by page where it can be mapped (Linux 6.16). */
static struct btf *load(struct rootfs *fs)
{
	struct stat st;
	(void)libbpf_set_print(quiet);
	cleanup_close int fd = rootfs_openat(fs, "sys/kernel/btf/vmlinux", 0);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > UINT32_MAX)
		return btf__load_vmlinux_btf();
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		return btf__load_vmlinux_btf();
	struct btf *btf = btf__new(at, (uint32_t)st.st_size);
	(void)munmap(at, (size_t)st.st_size);
	return btf;
}

bool types_get(struct kernel_types *t)
{
	t->btf = t->btf ? t->btf : load(t->fs);
	return t->btf != NULL;
}

void types_forget(struct kernel_types *t)
{
	btf__free(t->btf);
	*t = (struct kernel_types){.fs = t->fs};
}

/* The library goes through all of them for each. */
static int find(struct kernel_types *types, const char *name, unsigned kind)
{
	struct kernel_type *known = types->known;
	for (; known < types->known + ARRAY_SIZE(types->known) && *known->name; known++)
		if (known->kind == kind && strcmp(known->name, name) == 0)
			return known->id;
	int id = btf__find_by_name_kind(types->btf, name, kind);
	if (known < types->known + ARRAY_SIZE(types->known) && strlen(name) < sizeof(known->name)) {
		*known = (struct kernel_type){.kind = kind, .id = id};
		memcpy(known->name, name, strlen(name));
	}
	return id;
}

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

int types_place(struct kernel_types *types, const char *type, const char *path, const struct btf_type **ret)
{
	const struct btf *btf = types->btf;
	int id = find(types, type, BTF_KIND_STRUCT), at = 0;
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

int types_offset(struct kernel_types *types, const char *type, const char *path, size_t *ret_size)
{
	const struct btf_type *t;
	int at = types_place(types, type, path, &t);
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

int types_enum(struct kernel_types *types, const char *type, const char *name)
{
	int id = find(types, type, BTF_KIND_ENUM);
	return id > 0 ? value_in(types->btf, btf__type_by_id(types->btf, (uint32_t)id), name) : -1;
}

int types_nameless(struct kernel_types *types, const char *name)
{
	const struct btf *btf = types->btf;
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

int types_function(struct kernel_types *types, const char *name)
{
	return find(types, name, BTF_KIND_FUNC);
}
#else

void types_forget(struct kernel_types *t)
{
	(void)t;
}
#endif
