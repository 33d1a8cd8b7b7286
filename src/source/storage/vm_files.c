#include "source/storage/vm_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define MAX_FDS 8192U
#define MAX_FILES 256U
#define MAX_MOUNTINFO ((size_t)1 << 20)

/* ---- reading them ---- */

/* Field `key` of proc/PID/fdinfo/N. */
static const char *fdinfo_value(const struct strbuf *text, const char *key, size_t *ret_len)
{
	const char *cursor = text->buf, *line;
	size_t n, k = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n))
		if (n > k && memcmp(line, key, k) == 0 && parse_word(line + k, n - k, 0, &line, ret_len))
			return line;
	return NULL;
}

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* A file system behind which somebody else answers, or does not. */
static const char *blocking_type(const char *type, size_t n)
{
	static const char *const types[] = {"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "lustre", "virtiofs"};
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (n == strlen(types[i]) && memcmp(type, types[i], n) == 0)
			return types[i];
	return n >= 4 && memcmp(type, "fuse", 4) == 0 && (n == 4 || type[4] == '.') ? "fuse" : NULL;
}

/* "36 35 98:0 / /mnt rw,noatime master:1 - ext4 /dev/x rw": the type of mount `id`. */
static const char *mount_blocks(const struct strbuf *mountinfo, const char *id, size_t id_n)
{
	const char *cursor = mountinfo->buf, *line, *w;
	size_t n, wn;
	while (parse_line(&cursor, mountinfo->buf + mountinfo->len, &line, &n)) {
		if (!parse_word(line, n, 0, &w, &wn) || wn != id_n || memcmp(w, id, id_n) != 0)
			continue;
		const char *dash = memmem(line, n, " - ", 3);
		if (!dash || !parse_word(dash + 3, n - (size_t)(dash + 3 - line), 0, &w, &wn))
			return NULL;
		return blocking_type(w, wn);
	}
	return NULL;
}

static void read_fdinfo(struct rootfs *fs, pid_t pid, const struct strbuf *mountinfo, struct vm_file *f)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char path[96];
	size_t n;
	(void)snprintf(path, sizeof(path), "proc/%d/fdinfo/%s", (int)pid, f->fd);
	if (rootfs_read(fs, path, 65536, &text) <= 0)
		return;
	const char *flags = fdinfo_value(&text, "flags:", &n);
	/* Octal; O_APPEND is 02000 everywhere. */
	if (flags && n >= 4)
		f->appended = (flags[n - 4] - '0') & 2;
	const char *mount = fdinfo_value(&text, "mnt_id:", &n);
	if (mount)
		f->remote = mount_blocks(mountinfo, mount, n);
}

char *vm_file_path(const struct rootfs *fs, pid_t pid, const struct vm_file *f)
{
	if (rootfs_is_live(fs))
		return xasprintf("proc/%d/fd/%s", (int)pid, f->fd);
	return f->deleted || strstr(f->path, "/../") ? NULL : xstrdup(f->path + 1);
}

static bool known(const struct vm_files *all, const struct stat *st)
{
	for (size_t i = 0; i < all->v.n; i++) {
		const struct stat *have = &all->v.v[i].st;
		if (!all->v.v[i].remote && have->st_dev == st->st_dev && have->st_ino == st->st_ino)
			return true;
	}
	return false;
}

static void list_one(struct rootfs *fs, struct vm_files *all, const char *fd, const char *link,
                     const struct strbuf *mountinfo)
{
	static const char gone[] = " (deleted)";
	struct vm_file f = {0};
	size_t n = strlen(link), tail = sizeof(gone) - 1;
	bool device = starts(link, "/dev/");
	if (link[0] != '/' || starts(link, "/memfd:") || starts(link, "/proc/") || starts(link, "/sys/") ||
	    starts(link, "/dev/shm/") || starts(link, "/dev/hugepages/"))
		return;
	(void)snprintf(f.fd, sizeof(f.fd), "%s", fd);
	f.deleted = n > tail && strcmp(link + n - tail, gone) == 0;
	f.path = xstrndup(link, f.deleted ? n - tail : n);
	read_fdinfo(fs, all->pid, mountinfo, &f);
	cleanup_free char *path = f.remote ? NULL : vm_file_path(fs, all->pid, &f);
	bool good = f.remote != NULL;
	if (path && rootfs_stat(fs, path, &f.st) == 0) {
		f.block = S_ISBLK(f.st.st_mode);
		good = (f.block || (S_ISREG(f.st.st_mode) && !device)) && !known(all, &f.st);
	}
	if (good)
		vec_push(&all->v, f);
	else
		free(f.path);
}

static int list_files(struct rootfs *fs, struct vm_files *all)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT, mountinfo = STRBUF_INIT;
	struct rootfs_names names = {.text = STRBUF_INIT};
	char path[96];
	(void)snprintf(path, sizeof(path), "proc/%d/mountinfo", (int)all->pid);
	if (rootfs_read(fs, path, MAX_MOUNTINFO, &mountinfo) < 0)
		strbuf_clear(&mountinfo);
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)all->pid);
	int r = rootfs_list(fs, path, false, &names);
	for (size_t i = 0; r == 0 && i < names.at.n && i < MAX_FDS && all->v.n < MAX_FILES; i++) {
		const char *fd = rootfs_name(&names, i);
		if (strlen(fd) > 10 || strspn(fd, "0123456789") != strlen(fd))
			continue;
		(void)snprintf(path, sizeof(path), "proc/%d/fd/%s", (int)all->pid, fd);
		int got = rootfs_readlink(fs, path, &link);
		if (got == 0)
			list_one(fs, all, fd, link.buf, &mountinfo);
		else if (got == -EACCES || got == -EPERM)
			r = got;
	}
	rootfs_names_release(&names);
	return r;
}

/* ---- names ---- */

bool vm_name_is_url(const char *name)
{
	/* QEMU, path_has_protocol(): a colon before any slash. */
	size_t n = strcspn(name, ":/");
	return n > 0 && name[n] == ':';
}

struct vm_file *vm_files_find(struct rootfs *fs, struct vm_files *all, const char *name, const char *from)
{
	struct stat st;
	if (starts(name, "file:"))
		name += 5;
	const char *slash = from ? strrchr(from, '/') : NULL;
	cleanup_free char *full =
	        *name == '/' || !slash ? xstrdup(name) : xasprintf("%.*s/%s", (int)(slash - from), from, name);
	if (*full != '/')
		return NULL;
	for (size_t i = 0; i < all->v.n; i++)
		if (strcmp(all->v.v[i].path, full) == 0)
			return &all->v.v[i];
	/* Another spelling, or a symbolic link: as the VMM sees it, and only its inode. */
	cleanup_free char *seen =
	        rootfs_is_live(fs) ? xasprintf("proc/%d/root%s", (int)all->pid, full) : xstrdup(full + 1);
	if (rootfs_stat(fs, seen, &st) < 0)
		return NULL;
	for (size_t i = 0; i < all->v.n; i++) {
		struct vm_file *f = &all->v.v[i];
		if (!f->remote && f->st.st_dev == st.st_dev && f->st.st_ino == st.st_ino)
			return f;
	}
	return NULL;
}

static void match_args(struct rootfs *fs, struct vm_files *all)
{
	cleanup_free char *here = xasprintf("%s/", all->cwd ? all->cwd : "");
	for (size_t i = 0; i < all->args.v.n; i++) {
		const struct disk_arg *d = &all->args.v.v[i];
		bool path = d->file && (!vm_name_is_url(d->file) || starts(d->file, "file:"));
		struct vm_file *f = path ? vm_files_find(fs, all, d->file, here) : NULL;
		if (f && !f->arg)
			f->arg = d;
	}
}

/* ---- looking into them ---- */

static bool arg_is_raw(const struct disk_arg *d)
{
	static const char *const formats[] = {"raw", "file", "host_device"};
	for (size_t i = 0; d && d->format && i < ARRAY_SIZE(formats); i++)
		if (strcmp(d->format, formats[i]) == 0)
			return true;
	return false;
}

/* QEMU locks bytes 100 to 203 of its images (and byte 0 of its pid file): "1: OFDLCK ADVISORY READ -1 fe:00:77 100
 * 101". */
static bool is_locked(const struct strbuf *locks, const struct stat *st)
{
	char want[64];
	uint64_t from;
	(void)snprintf(want, sizeof(want), " %02x:%02x:%" PRIu64 " ", major(st->st_dev), minor(st->st_dev),
	               (uint64_t)st->st_ino);
	const char *cursor = locks->buf, *line, *w;
	size_t n, wn;
	while (parse_line(&cursor, locks->buf + locks->len, &line, &n)) {
		const char *at = memmem(line, n, "OFDLCK", 6) ? memmem(line, n, want, strlen(want)) : NULL;
		if (at && parse_word(at, n - (size_t)(at - line), 1, &w, &wn) && parse_u64(w, wn, &from) == 0 &&
		    from >= 100 && from < 300)
			return true;
	}
	return false;
}

/* Is it a disk though no argument names it (hot-plugged, or given through an API)? */
static bool looks_like_disk(struct rootfs *fs, const struct vm_files *all, const struct vm_file *f,
                            struct strbuf *locks)
{
	if (f->format)
		return true;
	if (f->appended || (f->st.st_size == 0 && !f->block))
		return false;
	if (!all->args.qemu)
		return f->block || (!f->deleted && f->st.st_size % 512 == 0);
	if (f->block)
		return true;
	if (!locks->len && rootfs_read(fs, "proc/locks", MAX_MOUNTINFO, locks) < 0)
		strbuf_clear(locks);
	return is_locked(locks, &f->st);
}

static void look_at(struct rootfs *fs, struct vm_files *all, struct vm_files *before)
{
	cleanup_free uint8_t *buf = xmalloc(VM_FILE_BUFFER);
	cleanup_strbuf struct strbuf locks = STRBUF_INIT;
	for (size_t i = 0; i < all->v.n; i++) {
		struct vm_file *f = &all->v.v[i];
		if (f->arg && f->arg->skip)
			continue;
		if (f->remote) {
			f->problem = "it is on a file system that could block, and is not looked into";
			f->disk = f->arg != NULL;
			continue;
		}
		/* A device is opened only when it is known to hold more than the guest's own bytes. */
		bool given_raw = all->args.raw_only || arg_is_raw(f->arg);
		bool opened = !given_raw && (!f->block || (f->arg && f->arg->format));
		if (opened)
			vm_file_look(fs, all->pid, before, f, buf);
		f->disk = f->arg || looks_like_disk(fs, all, f, &locks);
		if (f->disk && !f->format && !f->problem)
			vm_file_set_raw(fs, f);
	}
}

int vm_files_read(struct rootfs *fs, pid_t pid, struct vm_files *before, struct vm_files *ret)
{
	cleanup_strbuf struct strbuf cwd = STRBUF_INIT;
	struct process p;
	char path[64];
	*ret = (struct vm_files){.pid = pid};
	int r = process_read(fs, pid, &p);
	if (r < 0)
		return r;
	disk_args_parse(&p, &ret->args);
	process_release(&p);
	(void)snprintf(path, sizeof(path), "proc/%d/cwd", (int)pid);
	if (rootfs_readlink(fs, path, &cwd) == 0)
		ret->cwd = strbuf_detach(&cwd);
	r = list_files(fs, ret);
	if (r < 0)
		return r;
	match_args(fs, ret);
	look_at(fs, ret, before);
	return 0;
}

void vm_files_release(struct vm_files *all)
{
	for (size_t i = 0; i < all->v.n; i++) {
		free(all->v.v[i].path);
		free(all->v.v[i].qcow);
		free(all->v.v[i].snapshots);
	}
	vec_free(&all->v);
	disk_args_release(&all->args);
	free(all->cwd);
	*all = (struct vm_files){0};
}
