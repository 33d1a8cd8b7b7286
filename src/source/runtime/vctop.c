/* vctop's own samples: cgroup /vctop/ct-NAME, facts from the register (source/launched.h). */
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/source/launched.h"

extern const struct runtime_ops runtime_vctop;

static bool match(const char *path, const char *leaf, char id[RUNTIME_ID_MAX])
{
	static const char parent[] = "/vctop/ct-";
	size_t n = sizeof(parent) - 1;
	if (strlen(path) <= n || strncmp(path, parent, n) != 0 || leaf != path + sizeof("/vctop/") - 1)
		return false;
	(void)snprintf(id, RUNTIME_ID_MAX, "%s", path + n);
	return true;
}

static void refresh(struct facts_table *t)
{
	launched_vec all = {0};
	(void)launched_list(t->fs, &all);
	for (size_t i = 0; i < all.n; i++) {
		const struct launched *l = &all.v[i];
		if (strcmp(l->kind, "container") != 0 || strcmp(l->backend, "podman") == 0 ||
		    strcmp(l->backend, "docker") == 0)
			continue;
		struct facts *f = facts_put(t, l->name, &runtime_vctop);
		cleanup_free char *file = xasprintf(LAUNCHED_DIR "/%s.json", l->name);
		cleanup_free char *image = xasprintf("vctop %s workload", l->workload);
		facts_set(&f->name, l->name);
		facts_set(&f->image, image);
		facts_set(&f->from, file);
		f->group_only = true;
	}
	launched_release(&all);
}

const struct runtime_ops runtime_vctop = {.name = "vctop", .match = match, .refresh = refresh, .named = true};
