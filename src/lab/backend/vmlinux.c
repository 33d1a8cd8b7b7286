/*
 * Documentation/arch/x86/boot.rst: a bzImage is setup_sects + 1 sectors of real mode code, then the protected mode
 * code, in which payload_offset and payload_length (protocol 2.08) say where the packed kernel is.  Its last four bytes
 * are its size when unpacked: appended by the kernel's build, but with gzip, where they are part of the format.
 */
#include "lab/backend/vmlinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/tool/file.h"
#include "lab/tool/spawn.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/vec.h"

#define MAX_UNPACKED (512ULL << 20)
#define UNPACK_MSEC 60000
#define TRAILER 4U

struct packer {
	const char *program, *suffix, *magic;
	size_t magic_len;
	bool has_trailer; /* of its own */
};
static const struct packer packers[] = {
        {"gzip", ".gz", "\x1f\x8b", 2, true},
        {"xz", ".xz", "\xfd\x37\x7a\x58\x5a", 5, false},
        {"lz4", ".lz4", "\x02\x21\x4c\x18", 4, false},
        {"zstd", ".zst", "\x28\xb5\x2f\xfd", 4, false},
};

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int vmlinux_locate(const unsigned char head[VMLINUX_HEAD], uint64_t size, struct packed_kernel *ret)
{
	unsigned sectors = head[0x1f1] ? head[0x1f1] : 4;
	if (memcmp(head + 0x202, "HdrS", 4) != 0 || (head[0x206] | head[0x207] << 8) < 0x208)
		return -EINVAL;
	uint64_t at = (sectors + 1) * 512ULL + le32(head + 0x248), len = le32(head + 0x24c);
	if (len <= 2 * TRAILER || at > size || len > size - at)
		return -EINVAL;
	*ret = (struct packed_kernel){.at = at, .len = len};
	return 0;
}

static const struct packer *packer_of(int fd, const struct packed_kernel *k)
{
	char magic[8];
	if (pread(fd, magic, sizeof(magic), (off_t)k->at) != (ssize_t)sizeof(magic))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(packers); i++)
		if (memcmp(magic, packers[i].magic, packers[i].magic_len) == 0)
			return &packers[i];
	return NULL;
}

/* ret->len without the appended size. */
static int look(int fd, struct packed_kernel *ret)
{
	const struct packer *packer;
	unsigned char head[VMLINUX_HEAD], last[TRAILER];
	struct stat st;
	if (fstat(fd, &st) < 0 || pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return -EINVAL;
	int r = vmlinux_locate(head, (uint64_t)st.st_size, ret);
	if (r < 0 || !(packer = packer_of(fd, ret)) ||
	    pread(fd, last, TRAILER, (off_t)(ret->at + ret->len - TRAILER)) != (ssize_t)TRAILER)
		return -EINVAL;
	ret->program = packer->program;
	ret->suffix = packer->suffix;
	ret->unpacked = le32(last);
	if (!packer->has_trailer)
		ret->len -= TRAILER;
	return ret->unpacked > ret->len && ret->unpacked <= MAX_UNPACKED ? 0 : -EINVAL;
}

static int open_packed(const char *kernel, int *ret_fd, struct packed_kernel *ret, struct error *err)
{
	cleanup_close int fd = open(kernel, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "%s: %s", kernel, strerror(errno));
	if (look(fd, ret) < 0)
		return error_set(err, EINVAL, "%s: there is no kernel in it that vctop could unpack", kernel);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int vmlinux_check(const char *kernel, struct error *err)
{
	struct packed_kernel k = {0};
	cleanup_close int fd = -1;
	int r = open_packed(kernel, &fd, &k, err);
	if (r < 0 || !k.program)
		return r;
	cleanup_free char *program = spawn_find(k.program);
	return program ? 0 : error_set(err, ENOENT, "%s is packed with %s, which is not installed", kernel, k.program);
}

static int copy_part(int from, const struct packed_kernel *k, const char *path)
{
	cleanup_close int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char buf[65536];
	if (to < 0)
		return -errno;
	for (uint64_t done = 0; done < k->len;) {
		size_t want = k->len - done < sizeof(buf) ? (size_t)(k->len - done) : sizeof(buf);
		ssize_t n = pread(from, buf, want, (off_t)(k->at + done));
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		int r = file_write(to, buf, (size_t)n);
		if (r < 0)
			return r;
		done += (uint64_t)n;
	}
	return 0;
}

/* Whatever is in there: no more than it said. */
static bool bound_files(void *data)
{
	const struct packed_kernel *k = data;
	const struct rlimit limit = {k->unpacked, k->unpacked};
	return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

/* gzip and xz name the file they write; lz4 would write to our pipe, and takes the name as another argument. */
static int run_packer(struct packed_kernel *k, const char *packed, const char *path,
                      const volatile sig_atomic_t *cancel, struct error *err)
{
	cleanup_free char *program = spawn_find(k->program), *in = xstrdup(packed), *out = xstrdup(path);
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	bool names_out = strcmp(k->program, "lz4") == 0;
	char *const argv[] = {program, (char[]){"-d"}, (char[]){"-q"}, in, names_out ? out : NULL, NULL};
	char line[200];
	int r = program ? spawn_run_prepared(argv, UNPACK_MSEC, cancel, bound_files, k, &res) : -ENOENT;
	if (r < 0)
		r = error_set(err, -r, "%s: %s", k->program, strerror(-r));
	else if (res.status != 0)
		r = error_set(err, EIO, "%s: %s", k->program, spawn_first_line(res.err.buf, line, sizeof(line)));
	spawn_result_release(&res);
	return r;
}

static bool is_elf(const char *path, uint64_t size)
{
	char magic[4];
	struct stat st;
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && fstat(fd, &st) == 0 && (uint64_t)st.st_size == size && read(fd, magic, 4) == 4 &&
	       memcmp(magic, "\177ELF", 4) == 0;
}

int vmlinux_unpack(const char *kernel, const char *path, const volatile sig_atomic_t *cancel, struct error *err)
{
	struct packed_kernel k = {0};
	cleanup_close int fd = -1;
	int r = open_packed(kernel, &fd, &k, err);
	if (r < 0 || !k.program)
		return r;
	cleanup_free char *packed = xasprintf("%s%s", path, k.suffix);
	errno = 0;
	r = copy_part(fd, &k, packed);
	if (r < 0)
		r = error_set(err, -r, "%s: %s", packed, strerror(-r));
	else
		r = run_packer(&k, packed, path, cancel, err);
	(void)unlink(packed); /* gzip and xz have done so */
	if (r == 0 && !is_elf(path, k.unpacked))
		r = error_set(err, EINVAL, "%s: what %s made of it is no kernel", kernel, k.program);
	return r;
}
