#include "source/vm/vm_names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/attr.h"

#define LOOK_USEC 2000000
#define FILE_MAX (4U << 20)
#define FILES_MAX 4096U
/* What a directory's time does not tell apart, generously. */
#define RECENT_USEC 3000000

static const struct {
	const char *dir, *ending;
	int (*parse)(const char *buf, size_t len, struct vm_fact *ret);
} kinds[VM_FACT_KINDS] = {
        [VM_FACT_STATUS] = {"run/libvirt/qemu", ".xml", libvirt_parse},
        [VM_FACT_DOMAIN] = {"etc/libvirt/qemu", ".xml", libvirt_parse},
        [VM_FACT_MACHINE] = {"run/systemd/machines", "", machined_parse},
};

void vm_fact_clear(struct vm_fact *f)
{
	free(f->name);
	free(f->title);
	free(f->uuid);
	free(f->image);
	free(f->instance);
	vec_free(&f->vcpu_tids);
	*f = (struct vm_fact){
	        .kind = f->kind, .path = f->path, .mtime = f->mtime, .ino = f->ino, .size = f->size, .seen = f->seen};
}

static void fact_free(struct vm_fact *f)
{
	vm_fact_clear(f);
	free(f->path);
	free(f);
}

static bool ends_in(const char *s, const char *ending)
{
	size_t n = strlen(s), m = strlen(ending);
	return n > m && strcmp(s + n - m, ending) == 0;
}

static struct vm_fact *put(struct vm_names *n, enum vm_fact_kind kind, const char *path)
{
	for (size_t i = 0; i < n->all.n; i++)
		if (strcmp(n->all.v[i]->path, path) == 0)
			return n->all.v[i];
	if (n->all.n >= FILES_MAX)
		return NULL;
	struct vm_fact *f = xcalloc(1, sizeof(*f));
	f->kind = kind;
	f->path = xstrdup(path);
	vec_push(&n->all, f);
	return f;
}

static bool same_file(const struct vm_fact *f, const struct stat *st)
{
	return f->mtime.tv_sec == st->st_mtim.tv_sec && f->mtime.tv_nsec == st->st_mtim.tv_nsec &&
	       f->ino == st->st_ino && f->size == st->st_size;
}

/* A file that is of no use is remembered too, empty, so that it is read but once. */
static void read_file(struct vm_names *n, enum vm_fact_kind kind, const char *path, struct strbuf *text)
{
	struct stat st;
	if (rootfs_stat(n->fs, path, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	struct vm_fact *f = put(n, kind, path);
	if (!f)
		return;
	f->seen = true;
	if (f->size && same_file(f, &st))
		return;
	bool got = rootfs_read(n->fs, path, FILE_MAX, text) >= 0;
	vm_fact_clear(f);
	f->mtime = st.st_mtim;
	f->ino = st.st_ino;
	f->size = st.st_size;
	if (got && kinds[kind].parse(text->buf, text->len, f) < 0)
		vm_fact_clear(f);
}

static void list(struct vm_names *n, enum vm_fact_kind kind)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	n->err[kind] = rootfs_list(n->fs, kinds[kind].dir, false, &names);
	for (size_t i = 0; n->err[kind] == 0 && i < names.at.n && i < FILES_MAX; i++) {
		const char *name = rootfs_name(&names, i);
		/* "unit:..." are links to the others, ".#" files being written. */
		if (*name == '.' || strncmp(name, "unit:", 5) == 0 || !ends_in(name, kinds[kind].ending))
			continue;
		cleanup_free char *path = xasprintf("%s/%s", kinds[kind].dir, name);
		read_file(n, kind, path, &text);
	}
	rootfs_names_release(&names);
}

static void drop_unseen(struct vm_names *n, enum vm_fact_kind kind)
{
	for (size_t i = n->all.n; i > 0; i--) {
		struct vm_fact *f = n->all.v[i - 1];
		if (f->kind != kind || f->seen)
			continue;
		fact_free(f);
		n->all.v[i - 1] = n->all.v[--n->all.n];
	}
}

/* The daemons replace files by rename, which touches the directory. */
static void refresh_kind(struct vm_names *n, enum vm_fact_kind kind, int64_t real_usec)
{
	struct stat st = {0};
	(void)rootfs_stat(n->fs, kinds[kind].dir, &st);
	const struct timespec *was = &n->changed[kind];
	if (was->tv_sec == st.st_mtim.tv_sec && was->tv_nsec == st.st_mtim.tv_nsec && !n->recent[kind])
		return;
	n->changed[kind] = st.st_mtim;
	n->recent[kind] = real_usec - (int64_t)st.st_mtim.tv_sec * 1000000 < RECENT_USEC;
	for (size_t i = 0; i < n->all.n; i++)
		n->all.v[i]->seen = false;
	if (st.st_mtim.tv_sec || st.st_ino)
		list(n, kind);
	drop_unseen(n, kind);
	n->generation++;
}

void vm_names_refresh(struct vm_names *n, struct rootfs_time now)
{
	int64_t age = now.mono_usec - n->looked_usec;
	if (n->generation && age >= 0 && age < LOOK_USEC)
		return;
	n->looked_usec = now.mono_usec;
	if (!n->generation)
		n->generation = 1;
	for (unsigned k = 0; k < VM_FACT_KINDS; k++)
		refresh_kind(n, (enum vm_fact_kind)k, now.real_usec);
}

void vm_names_release(struct vm_names *n)
{
	for (size_t i = 0; i < n->all.n; i++)
		fact_free(n->all.v[i]);
	vec_free(&n->all);
}

const struct vm_fact *vm_names_of(const struct vm_names *n, pid_t pid, const char *uuid)
{
	const struct vm_fact *found = NULL;
	for (size_t i = 0; i < n->all.n; i++) {
		const struct vm_fact *f = n->all.v[i];
		if (f->pid != pid || pid == 0 || (f->uuid && uuid && strcmp(f->uuid, uuid) != 0))
			continue;
		if (!found || f->kind < found->kind)
			found = f;
	}
	return found;
}
