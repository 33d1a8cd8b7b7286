/* Which runtime's container a cgroup is: each runtime is asked, then the files that name groups or ids. */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

extern const struct runtime_ops runtime_docker, runtime_podman, runtime_crio, runtime_containerd, runtime_nerdctl,
        runtime_kubernetes, runtime_buildah, runtime_runc, runtime_crun, runtime_lxc, runtime_incus, runtime_lxd,
        runtime_nspawn, runtime_libvirt_lxc, runtime_flatpak, runtime_snap, runtime_garden, runtime_bubblewrap,
        runtime_vctop;

/* buildah before runc: it runs its containers by runc, and their names are its own. */
const struct runtime_ops *const runtime_table[] = {
        &runtime_docker,     &runtime_podman,  &runtime_crio,        &runtime_containerd, &runtime_nerdctl,
        &runtime_kubernetes, &runtime_buildah, &runtime_runc,        &runtime_crun,       &runtime_lxc,
        &runtime_incus,      &runtime_lxd,     &runtime_libvirt_lxc, &runtime_nspawn,     &runtime_flatpak,
        &runtime_snap,       &runtime_garden,  &runtime_bubblewrap,  &runtime_vctop,
};
const unsigned runtime_count = ARRAY_SIZE(runtime_table);

bool runtime_is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") == n && s[n] == '\0';
}

bool runtime_hex_leaf(const char *leaf, const char *prefix, const char *suffix, bool suffix_optional,
                      char id[RUNTIME_ID_MAX])
{
	size_t n = strlen(prefix);
	if (strncmp(leaf, prefix, n) != 0 || strlen(leaf) < n + 64)
		return false;
	const char *rest = leaf + n + 64;
	if (strcmp(rest, suffix) != 0 && !(suffix_optional && !*rest))
		return false;
	(void)snprintf(id, RUNTIME_ID_MAX, "%.64s", leaf + n);
	return runtime_is_hex(id, 64);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool runtime_named_leaf(const char *leaf, const char *prefix, const char *suffix, char id[RUNTIME_ID_MAX])
{
	size_t n = strlen(leaf), p = strlen(prefix), s = strlen(suffix), o = 0;
	if (n <= p + s || n - p - s >= RUNTIME_ID_MAX || strncmp(leaf, prefix, p) != 0 ||
	    strcmp(leaf + n - s, suffix) != 0)
		return false;
	for (size_t i = p; i < n - s; i++) {
		bool escape = leaf[i] == '\\' && i + 3 < n - s && leaf[i + 1] == 'x' && hex_digit(leaf[i + 2]) >= 0 &&
		              hex_digit(leaf[i + 3]) >= 0;
		int c = escape ? hex_digit(leaf[i + 2]) * 16 + hex_digit(leaf[i + 3]) : 0;
		/* A decoded NUL would cut the name short, a slash would make it look like a path. */
		if (c == 0 || c == '/') {
			id[o++] = leaf[i];
			continue;
		}
		id[o++] = (char)c;
		i += 3;
	}
	id[o] = '\0';
	return true;
}

const char *runtime_above(const char *path, const char *leaf, unsigned n, size_t *ret_len)
{
	const char *end = leaf;
	for (unsigned i = 0;; i++) {
		if (end - path < 2) {
			*ret_len = 0;
			return "";
		}
		end--; /* the slash before the component below */
		const char *slash = memrchr(path, '/', (size_t)(end - path));
		const char *start = slash ? slash + 1 : path;
		*ret_len = (size_t)(end - start);
		if (i == n)
			return start;
		end = start;
	}
}

const struct runtime_ops *runtime_match(const char *path, char id[RUNTIME_ID_MAX])
{
	const char *slash = strrchr(path, '/');
	if (!slash || strlen(slash + 1) >= RUNTIME_ID_MAX)
		return NULL;
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->match && runtime_table[i]->match(path, slash + 1, id))
			return runtime_table[i];
	return NULL;
}

const struct runtime_ops *runtime_of_path(const struct facts_table *t, const char *path, char id[RUNTIME_ID_MAX])
{
	const struct runtime_ops *rt = runtime_match(path, id);
	if (rt)
		return rt->refine ? rt->refine(t, id) : rt;
	/* --cgroup-parent leaves nothing but the id, ctr and runc but a name: a container's when its files say so. */
	const struct facts *f = map_get(&t->by_cgroup, path);
	const char *slash = strrchr(path, '/');
	if (!f && slash && runtime_is_hex(slash + 1, 64))
		f = map_get(&t->by_id, slash + 1);
	if (!f)
		return NULL;
	(void)snprintf(id, RUNTIME_ID_MAX, "%s", f->id);
	return f->runtime;
}

void runtime_look(struct facts_table *t, const struct process *p)
{
	for (unsigned i = 0; i < runtime_count; i++)
		if (runtime_table[i]->look)
			runtime_table[i]->look(t, p);
}

/* The text after `mark` up to the next of `ends`; 0 when mark is not in path. */
static size_t part_after(const char *path, const char *mark, const char *ends, const char **ret)
{
	const char *at = strstr(path, mark);
	if (!at)
		return 0;
	*ret = at + strlen(mark);
	return strcspn(*ret, ends);
}

static char *pod_uid(const char *path)
{
	const char *slash = strrchr(path, '/'), *at = path;
	size_t n = 0;
	/* The last pod before the leaf: kind's own pods are inside another's container. */
	for (const char *p = path; (p = strstr(p, "pod")) && p < slash; p++) {
		if (p == path || (p[-1] != '/' && p[-1] != '-'))
			continue;
		size_t len = strspn(p + 3, "0123456789abcdef_-");
		if (len >= 32 && len <= 36 && strchr("/.", p[3 + len])) {
			at = p + 3;
			n = len;
		}
	}
	if (!n)
		return NULL;
	char *uid = xstrndup(at, n);
	for (char *c = uid; *c; c++)
		*c = *c == '_' ? '-' : *c; /* as systemd must write it in a slice's name */
	return uid;
}

char *runtime_pod_of_path(const char *path)
{
	static const struct {
		const char *mark, *ends;
		size_t min, max; /* length accepted */
		size_t keep;
	} marks[] = {
	        {"/machine-libpod_pod_", "./", 64, 64, 12},
	        {"/user-libpod_pod_", "./", 64, 64, 12},
	        {"/libpod_parent/", "/", 64, 64, 12},
	        {"/ecstasks-", "./", 8, 64, 64},
	        {"/ecs/", "/", 8, 64, 64},
	};
	const char *at = path;
	if (strstr(path, "kubepods"))
		return pod_uid(path);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		size_t n = part_after(path, marks[i].mark, marks[i].ends, &at);
		/* What ends the path is the container itself, not what groups it. */
		if (n >= marks[i].min && n <= marks[i].max && at[n])
			return text_clean(xstrndup(at, n < marks[i].keep ? n : marks[i].keep), 64);
	}
	return NULL;
}
