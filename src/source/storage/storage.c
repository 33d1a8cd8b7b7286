#include "source/storage/storage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/storage/images.h"
#include "source/storage/vm_disks.h"
#include "vctop/base/text.h"

/* Files read per refresh: below 20 ms. Counted, not timed, so that a captured tree always gives the same. */
#define BUDGET 1000U
#define MAX_STORES 256U

/* A VM's files as they were last seen: what did not change since is not read again. */
struct vm_cache {
	struct vm_files files;
	unsigned asked;
};

struct storage {
	struct rootfs *fs;
	VEC(struct image_store *) stores;
	struct map vms; /* pid -> struct vm_cache */
	unsigned budget, round;
	size_t scanning; /* store under way; stores.n: none */
	bool started;
	int64_t scanned_usec;
	size_t containers; /* how many the sums were made with */
	unsigned changes;
};

struct storage *storage_new(struct rootfs *fs)
{
	struct storage *s = xcalloc(1, sizeof(*s));
	s->fs = fs;
	return s;
}

static void store_free(struct image_store *st)
{
	void *v;
	for (size_t it = 0; map_next(&st->chains, &it, NULL, &v);)
		free(v);
	map_release(&st->chains);
	layers_clear(&st->layers);
	images_clear(&st->images);
	rootfs_names_release(&st->names);
	free(st->root);
	free(st->driver);
	free(st);
}

static void vm_free(struct vm_cache *vm)
{
	vm_files_release(&vm->files);
	free(vm);
}

void storage_free(struct storage *s)
{
	void *v;
	if (!s)
		return;
	for (size_t i = 0; i < s->stores.n; i++)
		store_free(s->stores.v[i]);
	vec_free(&s->stores);
	for (size_t it = 0; map_next(&s->vms, &it, NULL, &v);)
		vm_free(v);
	map_release(&s->vms);
	free(s);
}

/* ---- which stores there are ---- */

static struct image_store *find_store(const struct storage *s, const char *root, const char *driver)
{
	for (size_t i = 0; i < s->stores.n; i++)
		if (strcmp(s->stores.v[i]->root, root) == 0 && strcmp(s->stores.v[i]->driver, driver) == 0)
			return s->stores.v[i];
	return NULL;
}

static void add_store(struct storage *s, const char *root, const char *driver, const struct facts_store *from)
{
	struct image_store *st = find_store(s, root, driver);
	if (!st) {
		if (s->stores.n == MAX_STORES)
			return;
		st = xcalloc(1, sizeof(*st));
		st->root = xstrdup(root);
		st->driver = xstrdup(driver);
		st->names = (struct rootfs_names){.text = STRBUF_INIT};
		st->runtime = from->runtime->name;
		st->layout = from->layout;
		vec_push(&s->stores, st); /* NOLINT(bugprone-sizeof-expression): pointers are what it holds */
	}
	st->seen = s->round;
}

static bool driver_name(const char *name, size_t n)
{
	return n > 0 && n < 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") >= n;
}

/* <root>/image/<driver>/imagedb; or <root>/<driver>-images. */
static void find_drivers(struct storage *s, const char *root, const struct facts_store *from)
{
	static const char suffix[] = "-images";
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_free char *dir = xasprintf(from->layout == STORE_DOCKER ? "%s/image" : "%s", root);
	int r = rootfs_list(s->fs, dir, true, &names);
	bool found = false;
	for (size_t i = 0; r == 0 && i < names.at.n; i++) {
		const char *name = rootfs_name(&names, i);
		size_t n = strlen(name), tail = sizeof(suffix) - 1;
		struct stat st;
		if (from->layout == STORE_DOCKER) {
			cleanup_free char *db = xasprintf("%s/%s/imagedb", dir, name);
			if (!driver_name(name, n) || rootfs_stat(s->fs, db, &st) < 0)
				continue;
		} else if (n <= tail || strcmp(name + n - tail, suffix) != 0 || !driver_name(name, n -= tail)) {
			continue;
		}
		cleanup_free char *driver = xstrndup(name, n);
		add_store(s, root, driver, from);
		found = true;
	}
	rootfs_names_release(&names);
	if (!found && from->layout == STORE_DOCKER)
		add_store(s, root, "", from);
}

static void begin_scan(struct storage *s, const struct facts_table *facts)
{
	const char *root;
	void *v;
	s->round++;
	for (size_t it = 0; map_next(&facts->stores, &it, &root, &v);)
		find_drivers(s, root, v);
	for (size_t i = s->stores.n; i-- > 0;) {
		struct image_store *st = s->stores.v[i];
		if (st->seen == s->round)
			continue;
		store_free(st);
		s->stores.v[i] = s->stores.v[--s->stores.n];
	}
	s->scanning = 0;
	s->started = true;
}

/* ---- the refresh ---- */

static bool scan_store(struct storage *s, struct image_store *st)
{
	if (!*st->driver) {
		store_problem(st, 0, "the images are in containerd's database, which is not read");
		return true;
	}
	return st->layout == STORE_DOCKER ? docker_scan(st, s->fs, &s->budget) : containers_scan(st, s->fs, &s->budget);
}

static void account_all(struct storage *s, const struct facts_table *facts)
{
	for (size_t i = 0; i < s->stores.n; i++)
		if (s->stores.v[i]->ready)
			store_account(s->stores.v[i], facts);
	s->containers = facts->by_id.live;
}

static void forget_vms(struct storage *s)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&s->vms, &it, &key, &v);)
		if (((struct vm_cache *)v)->asked + 1 < s->round)
			vm_free(map_remove(&s->vms, key));
}

void storage_refresh(struct storage *s, const struct facts_table *facts, int64_t now_usec)
{
	int64_t age = now_usec - s->scanned_usec;
	s->budget = BUDGET;
	if (s->scanning == s->stores.n && (!s->started || age >= STORAGE_USEC || age < 0)) {
		s->scanned_usec = now_usec;
		begin_scan(s, facts);
		forget_vms(s);
	} else if (s->scanning == s->stores.n) {
		if (s->containers == facts->by_id.live)
			return;
		s->changes++;
		account_all(s, facts);
		return;
	}
	s->changes++;
	while (s->scanning < s->stores.n && s->budget) {
		struct image_store *st = s->stores.v[s->scanning];
		if (!scan_store(s, st))
			return;
		st->ready = true;
		s->scanning++;
	}
	if (s->scanning == s->stores.n)
		account_all(s, facts);
}

/* ---- answers ---- */

static void container_none(struct disk *ret, enum metric_state state, const char *why)
{
	ret->image_bytes = ret->shared_bytes = ret->layers = metric_none(state, why);
}

unsigned storage_changes(const struct storage *s)
{
	return s->changes;
}

void storage_container(struct storage *s, const struct facts *f, struct disk *ret)
{
	static const char no_vm[] = "a container has no disk of its own";
	ret->virtual_bytes = ret->allocated_bytes = ret->snapshots = ret->chain = metric_none(METRIC_ABSENT, no_vm);
	ret->driver = f ? f->driver : NULL;
	if (!f || !f->store) {
		container_none(ret, METRIC_ABSENT,
		               f && !f->image && f->no_image ? f->no_image : "its image store is not known");
		return;
	}
	const struct image_store *st = find_store(s, f->store, f->driver ? f->driver : "");
	if (!st)
		st = find_store(s, f->store, "");
	if (!st && s->started && s->scanning == s->stores.n)
		container_none(ret, METRIC_ABSENT, "its image is in a database that is not read");
	else if (!st || !st->ready)
		container_none(ret, METRIC_ABSENT, "not measured yet");
	else if (st->problem)
		container_none(ret, st->denied ? METRIC_DENIED : METRIC_ABSENT, st->problem);
	else if (!f->image_id)
		container_none(ret, METRIC_ABSENT, "it has no image");
	else {
		const struct image *img = map_get(&st->images, f->image_id);
		container_none(ret, METRIC_ABSENT, "its image has been removed");
		if (!img)
			return;
		ret->image_bytes = img->bytes;
		ret->shared_bytes = img->shared;
		ret->layers = metric_ok(img->layers);
		if (rootfs_cites(s->fs))
			store_cite(st, s->fs, f->image_id, img);
	}
}

static void vm_none(struct disk *ret, enum metric_state state, const char *why)
{
	ret->virtual_bytes = ret->allocated_bytes = ret->snapshots = ret->chain = metric_none(state, why);
	ret->driver = ret->detail = NULL;
}

void storage_vm(struct storage *s, pid_t vmm, struct arena *a, struct disk *ret)
{
	struct vm_files files;
	char key[16];
	(void)snprintf(key, sizeof(key), "%d", (int)vmm);
	struct vm_cache *vm = map_get(&s->vms, key);
	if (!vm) {
		vm = xcalloc(1, sizeof(*vm));
		map_put(&s->vms, key, vm);
	}
	vm->asked = s->round;
	int r = vm_files_read(s->fs, vmm, &vm->files, &files);
	container_none(ret, METRIC_ABSENT, "a VM has no image layers");
	if (r == -EACCES || r == -EPERM)
		vm_none(ret, METRIC_DENIED, "the open files of a VMM need root or CAP_SYS_PTRACE");
	else if (r < 0)
		vm_none(ret, METRIC_ABSENT, "the open files of the VMM could not be read");
	else
		vm_disks_sum(s->fs, &files, a, ret);
	vm_files_release(&vm->files);
	vm->files = files;
}

void storage_stores(struct storage *s, struct snapshot *snap)
{
	struct arena *a = &snap->arena;
	for (size_t i = 0; i < s->stores.n; i++) {
		const struct image_store *st = s->stores.v[i];
		struct metric none = metric_none(METRIC_ABSENT, "not measured yet");
		struct store out = {.runtime = st->runtime};
		out.path = text_clean(arena_fmt(a, "/%s", st->root), 1024);
		out.driver = *st->driver ? arena_strdup(a, st->driver) : NULL;
		out.images = st->ready ? st->images_n : none;
		out.layers = st->ready ? st->layers_n : none;
		out.containers = st->ready ? st->containers_n : none;
		out.images_bytes = st->ready ? st->images_bytes : none;
		out.layers_bytes = st->ready ? st->layers_bytes : none;
		out.writable_bytes = st->ready ? st->writable_bytes : none;
		out.reclaimable_bytes = st->ready ? st->reclaimable_bytes : none;
		vec_push(&snap->stores, out);
	}
}
