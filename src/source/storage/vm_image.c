/* What one open file of a VMM holds: its format, its size, its snapshots. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "source/storage/vm_files.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define SNAPSHOT_NAMES 8U

static int open_image(struct rootfs *fs, pid_t pid, const struct vm_file *f)
{
	struct stat st;
	cleanup_free char *path = vm_file_path(fs, pid, f);
	/* Reading must not even move the access time, where that is allowed. */
	int fd = path ? rootfs_openat(fs, path, O_NOATIME) : -ENOENT;
	if (fd == -EPERM)
		fd = rootfs_openat(fs, path, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && st.st_ino == f->st.st_ino && st.st_dev == f->st.st_dev &&
	    (S_ISREG(st.st_mode) || S_ISBLK(st.st_mode)))
		return fd;
	(void)close(fd);
	return -ESTALE;
}

static size_t read_at(int fd, uint64_t at, uint8_t *buf, size_t size)
{
	size_t got = 0;
	while (got < size && at <= INT64_MAX - size) {
		ssize_t n = pread(fd, buf + got, size - got, (off_t)(at + got));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	return got;
}

struct name_list {
	struct strbuf text;
	unsigned n;
};

static void take_snapshot(void *data, const char *name, size_t len)
{
	struct name_list *l = data;
	if (l->n++ >= SNAPSHOT_NAMES || !len)
		return;
	cleanup_free char *copy = text_clean(xstrndup(name, len < 256 ? len : 256), 64);
	strbuf_fmt(&l->text, "%s%s", l->text.len ? ", " : "", copy);
}

static void read_snapshots(int fd, struct vm_file *f, uint8_t *buf)
{
	struct name_list l = {.text = STRBUF_INIT};
	uint32_t count = f->qcow->snapshots;
	size_t n = count ? read_at(fd, f->qcow->snapshots_offset, buf, VM_FILE_BUFFER) : 0;
	uint32_t whole = qcow2_snapshots(buf, n, count, take_snapshot, &l);
	/* A long table is believed beyond what was read of it. */
	if (whole < count && n < VM_FILE_BUFFER)
		f->problem = "its snapshot table is not whole";
	if (count > SNAPSHOT_NAMES && l.text.len)
		strbuf_str(&l.text, ", ...");
	f->snapshots = strbuf_detach(&l.text);
}

static uint64_t block_size(struct rootfs *fs, const struct vm_file *f)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char path[64];
	uint64_t sectors;
	(void)snprintf(path, sizeof(path), "sys/dev/block/%u:%u/size", major(f->st.st_rdev), minor(f->st.st_rdev));
	if (rootfs_read(fs, path, 64, &text) <= 0 || parse_u64(text.buf, text.len, &sectors) < 0 ||
	    sectors > (UINT64_C(1) << 53) / 512)
		return 0;
	return sectors * 512;
}

void vm_file_set_raw(struct rootfs *fs, struct vm_file *f)
{
	free(f->qcow);
	free(f->snapshots);
	f->qcow = NULL;
	f->snapshots = NULL;
	f->problem = NULL;
	f->format = "raw";
	f->virtual_bytes = f->block ? block_size(fs, f) : ((uint64_t)f->st.st_size + 511) / 512 * 512;
	f->sized = f->virtual_bytes || !f->block;
}

static void read_image(struct rootfs *fs, pid_t pid, struct vm_file *f, uint8_t *buf)
{
	f->format = NULL;
	f->probed = true;
	int fd = open_image(fs, pid, f);
	if (fd < 0) {
		f->problem = fd == -EACCES || fd == -EPERM ? "it may not be read" : "it could not be read";
		return;
	}
	size_t n = read_at(fd, 0, buf, VM_FILE_BUFFER);
	f->format = image_magic(buf, n);
	if (f->format && strcmp(f->format, "qcow2") == 0) {
		f->qcow = xcalloc(1, sizeof(*f->qcow));
		f->problem = qcow2_parse(buf, n, f->qcow);
		f->virtual_bytes = f->qcow->virtual_bytes;
		f->sized = f->qcow->version != 0;
		if (!f->problem)
			read_snapshots(fd, f, buf);
	} else if (f->format) {
		f->virtual_bytes = image_size(f->format, buf, n);
		f->sized = f->virtual_bytes != 0;
	}
	(void)close(fd);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What was read of an unchanged file stays true. */
static bool take_over(struct vm_files *before, struct vm_file *f)
{
	for (size_t i = 0; before && i < before->v.n; i++) {
		struct vm_file *b = &before->v.v[i];
		if (b->remote || !b->probed || !b->format || !same_file(&b->st, &f->st))
			continue;
		f->format = b->format;
		f->probed = true;
		f->problem = b->problem;
		f->sized = b->sized;
		f->virtual_bytes = b->virtual_bytes;
		f->qcow = steal_ptr(&b->qcow);
		f->snapshots = steal_ptr(&b->snapshots);
		b->format = NULL;
		return true;
	}
	return false;
}

void vm_file_look(struct rootfs *fs, pid_t pid, struct vm_files *before, struct vm_file *f, uint8_t *buf)
{
	if (!take_over(before, f))
		read_image(fs, pid, f, buf);
}
