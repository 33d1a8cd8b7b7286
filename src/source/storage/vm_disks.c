#include "source/storage/vm_disks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "vctop/base/text.h"

#define NAME_MAX_SHOWN 256U

struct sums {
	struct rootfs *fs;
	struct vm_files *files;
	struct arena *arena;
	double virtual_bytes, allocated, snapshots;
	unsigned chain, disks;
	const char *virtual_why, *chain_why; /* the first thing that is not known */
	struct strbuf driver, detail;
};

/* "/vm/a.qcow2: its backing file nbd://h is ..."; the first one stays. */
static void say(struct sums *s, const char **why, const char *path, const char *what, const char *name,
                const char *rest)
{
	if (*why)
		return;
	char *text = arena_fmt(s->arena, "%.512s: %s%s%.256s%s%s", path, what, name ? " " : "", name ? name : "",
	                       rest ? " " : "", rest ? rest : "");
	*why = text_clean(text, 1000);
}

/* What lies below an image is no disk of its own; and when it was declared raw, its begin is only a guest's bytes. */
static void mark_lower(struct sums *s, const struct vm_file *f, const char *name, bool raw)
{
	struct vm_file *low = *name && !vm_name_is_url(name) ? vm_files_find(s->fs, s->files, name, f->path) : NULL;
	if (!low || low == f)
		return;
	low->lower = true;
	if (raw && !low->remote) {
		vm_file_set_raw(s->fs, low);
		low->probed = false;
	}
}

/* The file below one of a chain; NULL: the end, or not to be found (chain_why says why). */
static struct vm_file *next_below(struct sums *s, const struct vm_file *f, const char *what, const char *name)
{
	if (!*name)
		return NULL;
	if (vm_name_is_url(name) && strncmp(name, "file:", 5) != 0) {
		say(s, &s->chain_why, f->path, what, name, "is no file here");
		return NULL;
	}
	struct vm_file *low = vm_files_find(s->fs, s->files, name, f->path);
	if (!low)
		say(s, &s->chain_why, f->path, what, name, "is not open in the VMM");
	return low;
}

/* Link texts begin with the slash that paths below the root leave out. */
static void cite_blocks(struct sums *s, const struct vm_file *f)
{
	const char *path = f->path + 1;
	if (f->block)
		rootfs_cite(s->fs, "disk.allocated_bytes", path, "a block device: all of its %" PRIu64 " bytes",
		            f->virtual_bytes);
	else
		rootfs_cite(s->fs, "disk.allocated_bytes", path, "st_blocks %lld (* 512)", (long long)f->st.st_blocks);
	if (!f->qcow)
		return;
	rootfs_cite(s->fs, "disk.snapshots", path, "nb_snapshots, header bytes 60-63: %" PRIu32, f->qcow->snapshots);
	rootfs_cite(s->fs, "disk.chain", path, "backing file, where header bytes 8-19 say: %s",
	            *f->qcow->backing ? f->qcow->backing : "none");
}

static void cite_size(struct sums *s, const struct vm_file *f)
{
	const char *path = f->path + 1;
	if (f->qcow)
		rootfs_cite(s->fs, "disk.virtual_bytes", path, "size, header bytes 24-31: %" PRIu64, f->virtual_bytes);
	else if (f->block)
		rootfs_cite(s->fs, "disk.virtual_bytes", path, "a block device of %" PRIu64 " bytes", f->virtual_bytes);
	else
		rootfs_cite(s->fs, "disk.virtual_bytes", path, "%s, st_size %lld: %" PRIu64,
		            f->format ? f->format : "?", (long long)f->st.st_size, f->virtual_bytes);
	rootfs_cite(s->fs, "disk.driver", path, "%s, %s", f->format ? f->format : "not known",
	            f->probed ? "by its first bytes" : "as the command line or the file above it says");
	if (f->qcow && f->snapshots && *f->snapshots)
		rootfs_cite(s->fs, "disk.detail", path, "snapshot table at byte %" PRIu64 ": %s",
		            f->qcow->snapshots_offset, f->snapshots);
}

static void count_file(struct sums *s, struct vm_file *f)
{
	if (f->counted)
		return;
	f->counted = true;
	if (rootfs_cites(s->fs))
		cite_blocks(s, f);
	/* A block device is the VM's with all its blocks. */
	s->allocated += f->block ? (double)f->virtual_bytes : (double)f->st.st_blocks * 512;
	s->snapshots += f->qcow ? f->qcow->snapshots : 0;
	if (f->problem)
		say(s, &s->chain_why, f->path, f->problem, NULL, NULL);
}

/* Counts the data file beside it; NULL: nothing below. */
static struct vm_file *go_below(struct sums *s, struct vm_file *f)
{
	if (!f->qcow || f->problem)
		return NULL;
	struct vm_file *data = next_below(s, f, "its data file", f->qcow->data_file);
	if (data && data != f)
		count_file(s, data);
	return f->below ? f->below : next_below(s, f, "its backing file", f->qcow->backing);
}

static bool in_chain(struct vm_file *const *chain, unsigned n, const struct vm_file *f)
{
	while (n)
		if (chain[--n] == f)
			return true;
	return false;
}

static void walk_chain(struct sums *s, struct vm_file *top)
{
	struct vm_file *chain[CHAIN_MAX] = {NULL}, *f = top;
	unsigned n = 0;
	while (f && n < CHAIN_MAX && !in_chain(chain, n, f)) {
		count_file(s, f);
		chain[n++] = f;
		f = go_below(s, f);
	}
	if (f)
		say(s, &s->chain_why, f->path,
		    n < CHAIN_MAX || in_chain(chain, n, f) ? "its backing chain is a loop"
		                                           : "its backing chain is longer than 32 files",
		    NULL, NULL);
	if (n > s->chain)
		s->chain = n;
}

static void add_driver(struct sums *s, const char *format)
{
	if (strstr(s->driver.buf, format))
		return;
	strbuf_fmt(&s->driver, "%s%s", s->driver.len ? "+" : "", format);
}

static void add_disk(struct sums *s, struct vm_file *top)
{
	s->disks++;
	if (rootfs_cites(s->fs))
		cite_size(s, top);
	if (!top->sized)
		say(s, &s->virtual_why, top->path, top->problem ? top->problem : "its size is not known", NULL, NULL);
	s->virtual_bytes += (double)top->virtual_bytes;
	walk_chain(s, top);
	if (top->format)
		add_driver(s, top->format);
	if (s->detail.len > NAME_MAX_SHOWN * 4)
		return;
	strbuf_fmt(&s->detail, "%s%.256s", s->detail.len ? ", " : "", top->path);
	if (top->snapshots && *top->snapshots)
		strbuf_fmt(&s->detail, " (snapshots: %s)", top->snapshots);
}

/* Disks on the command line that are no file: nothing here tells their size. */
static void add_remote(struct sums *s)
{
	for (size_t i = 0; i < s->files->args.v.n; i++) {
		const struct disk_arg *d = &s->files->args.v.v[i];
		if (d->skip || !d->file || !vm_name_is_url(d->file) || strncmp(d->file, "file:", 5) == 0)
			continue;
		s->disks++;
		say(s, &s->virtual_why, "command line", "disk", d->file, "is no file here");
		say(s, &s->chain_why, "command line", "disk", d->file, "is no file here");
	}
}

/* -snapshot puts an unlinked "vl.XXXXXX" over each disk and does not write down which: one of the same size. */
static void pair_overlays(struct vm_files *files)
{
	for (size_t i = 0; i < files->v.n; i++) {
		struct vm_file *f = &files->v.v[i], *base = NULL;
		const char *slash = strrchr(f->path, '/');
		if (!f->deleted || !f->qcow || f->problem || f->qcow->backing[0] || strncmp(slash + 1, "vl.", 3) != 0)
			continue;
		for (size_t k = 0; k < files->v.n && !base; k++) {
			struct vm_file *b = &files->v.v[k];
			if (b->disk && !b->deleted && !b->lower && b->sized && b->virtual_bytes == f->virtual_bytes)
				base = b;
		}
		f->below = base;
		if (base)
			base->lower = true;
	}
}

static struct metric sum(double v, const char *why)
{
	return why ? metric_none(METRIC_ABSENT, why) : metric_ok(v);
}

void vm_disks_sum(struct rootfs *fs, struct vm_files *files, struct arena *a, struct disk *ret)
{
	struct sums s = {.fs = fs, .files = files, .arena = a, .driver = STRBUF_INIT, .detail = STRBUF_INIT};
	for (size_t i = 0; i < files->v.n; i++)
		files->v.v[i].lower = files->v.v[i].counted = false;
	for (size_t i = 0; i < files->v.n; i++) {
		const struct vm_file *f = &files->v.v[i];
		if (f->disk && f->qcow) {
			mark_lower(&s, f, f->qcow->data_file, true);
			if (f->qcow)
				mark_lower(&s, f, f->qcow->backing, strcmp(f->qcow->backing_format, "raw") == 0);
		}
	}
	pair_overlays(files);
	for (size_t i = 0; i < files->v.n; i++)
		if (files->v.v[i].disk && !files->v.v[i].lower)
			add_disk(&s, &files->v.v[i]);
	/* What is below another but in no chain is in a loop. */
	for (size_t i = 0; i < files->v.n; i++)
		if (files->v.v[i].disk && !files->v.v[i].counted)
			add_disk(&s, &files->v.v[i]);
	add_remote(&s);
	const char *none = s.disks ? NULL : "it has no disk image open";
	ret->virtual_bytes = sum(s.virtual_bytes, none ? none : s.virtual_why);
	ret->allocated_bytes = sum(s.allocated, none ? none : s.chain_why);
	ret->snapshots = sum(s.snapshots, none ? none : s.chain_why);
	ret->chain = sum(s.chain, none ? none : s.chain_why);
	ret->driver = s.driver.len ? arena_strdup(a, s.driver.buf) : NULL;
	ret->detail = s.detail.len ? text_clean(arena_strdup(a, s.detail.buf), NAME_MAX_SHOWN * 4) : NULL;
	strbuf_release(&s.driver);
	strbuf_release(&s.detail);
}
