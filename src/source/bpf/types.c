#include "source/bpf/types.h"

#ifdef HAVE_BPF
#include <bpf/btf.h>
#include <string.h>

#include "source/bpf/kernel_btf.h"
#include "vctop/base/attr.h"

bool types_get(struct kernel_types *t)
{
	t->btf = t->btf ? t->btf : kernel_btf_open(t->fs);
	return t->btf != NULL;
}

void types_forget(struct kernel_types *t)
{
	kernel_btf_close(t->btf);
	*t = (struct kernel_types){.fs = t->fs};
}

static const struct btf_type *real_type(const struct kernel_btf *btf, uint32_t id)
{
	const struct btf_type *t = kernel_btf_type(btf, id);
	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = kernel_btf_type(btf, t->type);
	return t;
}

/* Byte offset of a member, looked for in unnamed members too; -1 none. */
static int member(const struct kernel_btf *btf, const struct btf_type *t, const char *name, const struct btf_type **ret)
{
	if (!t || !btf_is_composite(t))
		return -1;
	const struct btf_member *m = btf_members(t);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const char *is = kernel_btf_text(btf, m[i].name_off);
		int at = (int)btf_member_bit_offset(t, i) / 8;
		if (strcmp(is, name) == 0) {
			*ret = real_type(btf, m[i].type);
			return at;
		}
		int below = !*is ? member(btf, real_type(btf, m[i].type), name, ret) : -1;
		if (below >= 0)
			return at + below;
	}
	return -1;
}

int types_place(struct kernel_types *types, const char *type, const char *path, const struct btf_type **ret)
{
	const struct kernel_btf *btf = types->btf;
	const struct btf_type *t = kernel_btf_type(btf, kernel_btf_find(btf, type, BTF_KIND_STRUCT, 0));
	int at = 0;
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

static int value_in(const struct kernel_btf *btf, const struct btf_type *t, const char *name)
{
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const char *is = kernel_btf_text(btf, btf_enum(t)[i].name_off);
		if (strcmp(is, name) == 0)
			return btf_enum(t)[i].val;
	}
	return -1;
}

int types_enum(struct kernel_types *types, const char *type, const char *name)
{
	uint32_t id = kernel_btf_find(types->btf, type, BTF_KIND_ENUM, 0);
	return id ? value_in(types->btf, kernel_btf_type(types->btf, id), name) : -1;
}

int types_nameless(struct kernel_types *types, const char *name)
{
	const struct kernel_btf *btf = types->btf;
	for (uint32_t id = 0; (id = kernel_btf_find(btf, "", BTF_KIND_ENUM, id)) > 0;) {
		int v = value_in(btf, kernel_btf_type(btf, id), name);
		if (v >= 0)
			return v;
	}
	return -1;
}

int types_function(struct kernel_types *types, const char *name)
{
	return (int)kernel_btf_find(types->btf, name, BTF_KIND_FUNC, 0);
}

int types_structure(struct kernel_types *types, const char *name)
{
	return (int)kernel_btf_find(types->btf, name, BTF_KIND_STRUCT, 0);
}
#else

void types_forget(struct kernel_types *t)
{
	(void)t;
}
#endif
