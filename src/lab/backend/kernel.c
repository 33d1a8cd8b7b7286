/* Finding what a sample is made of: the workload program, QEMU, and a kernel to boot. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/spawn.h"
#include "vctop/base/strbuf.h"

#define MAX_PROGRAM (16 << 20)

#ifndef VCTOP_LIBEXEC
#define VCTOP_LIBEXEC "/usr/local/libexec/vctop"
#endif
#ifndef VCTOP_DATADIR
#define VCTOP_DATADIR "/usr/local/share/vctop"
#endif

char *program_dir(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n <= 0)
		return NULL;
	path[n] = '\0';
	char *slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return xstrdup(path);
}

char *workload_find(struct error *err)
{
	cleanup_free char *dir = program_dir();
	char *path = xasprintf("%s/vctop-workload", dir ? dir : ".");
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	path = xstrdup(VCTOP_LIBEXEC "/vctop-workload");
	if (access(path, X_OK) == 0)
		return path;
	free(path);
	error_set(err, ENOENT, "vctop-workload: not beside vctop nor in %s: reinstall vctop", VCTOP_LIBEXEC);
	return NULL;
}

static int read_whole(const char *path, struct strbuf *sb, struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > MAX_PROGRAM)
		return error_set(err, EINVAL, "%s: not a small program", path);
	(void)strbuf_read(sb, fd, (size_t)st.st_size);
	return sb->len == (size_t)st.st_size ? 0 : error_set(err, EIO, "%s: cannot be read", path);
}

int workload_read(struct strbuf *sb, struct error *err)
{
	cleanup_free char *path = workload_find(err);
	return path ? read_whole(path, sb, err) : -ENOENT;
}

/* The first bytes say what it is: another architecture's kernel, or a text, would only make QEMU hang. */
static bool is_kernel(const char *path)
{
	unsigned char head[0x206] = {0};
	struct stat st;
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 1 << 20)
		return false;
	if (pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return false;
#if defined(__x86_64__)
	return memcmp(head + 0x202, "HdrS", 4) == 0;
#elif defined(__aarch64__)
	return memcmp(head + 0x38, "ARM\x64", 4) == 0 || (head[0] == 0x1f && head[1] == 0x8b) ||
	       memcmp(head, "MZ", 2) == 0;
#else
	return true;
#endif
}

static char *take(char *path)
{
	if (is_kernel(path))
		return path;
	free(path);
	return NULL;
}

static char *newest_match(const char *pattern)
{
	glob_t g = {0};
	char *found = NULL;
	if (glob(pattern, 0, NULL, &g) == 0)
		for (size_t i = g.gl_pathc; !found && i-- > 0;)
			found = take(xstrdup(g.gl_pathv[i]));
	globfree(&g);
	return found;
}

char *kernel_find(struct error *err)
{
	const char *given = getenv("VCTOP_KERNEL");
	cleanup_free char *dir = program_dir();
	struct utsname u;
	char *path;
	if (given && *given) {
		if ((path = take(xstrdup(given))))
			return path;
		error_set(err, ENOENT, "VCTOP_KERNEL: %s: no readable kernel image for this machine", given);
		return NULL;
	}
	if ((path = take(xstrdup(VCTOP_DATADIR "/vmlinuz"))))
		return path;
	if (dir && (path = take(xasprintf("%s/guest/vmlinuz", dir))))
		return path;
	if (uname(&u) == 0 && (path = take(xasprintf("/boot/vmlinuz-%s", u.release))))
		return path;
	if ((path = newest_match("/boot/vmlinuz*")) || (path = take(xstrdup("/vmlinuz"))))
		return path;
	error_set(err, ENOENT, "no kernel to boot: run `make guest-kernel`, or set VCTOP_KERNEL to a readable vmlinuz");
	return NULL;
}

char *qemu_find(struct error *err)
{
	struct utsname u;
	char program[96] = "qemu-system-x86_64";
	if (uname(&u) == 0)
		(void)snprintf(program, sizeof(program), "qemu-system-%.64s", u.machine);
	char *path = spawn_find(program);
	if (!path)
		error_set(err, ENOENT, "%s: not found: install QEMU (Debian: qemu-system-x86 or qemu-system-arm)",
		          program);
	return path;
}

/* A bzImage names its version: at 0x20e the place of it, less 0x200. */
static char *kernel_version(const char *kernel)
{
	unsigned char at[2];
	char text[80] = "";
	cleanup_close int fd = open(kernel, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !is_kernel(kernel) || pread(fd, at, 2, 0x20e) != 2 || (at[0] | at[1]) == 0 ||
	    pread(fd, text, sizeof(text) - 1, 0x200 + at[0] + at[1] * 256) <= 0)
		return NULL;
	size_t n = strcspn(text, " ");
	return n && n < sizeof(text) - 1 && !memchr(text, '/', n) ? xstrndup(text, n) : NULL;
}

static bool read_module(const char *dir, const char *version, const char *name, struct strbuf *ret)
{
	cleanup_free char *path = xasprintf("%s/%s/kernel/drivers/virtio/%s.ko", dir, version, name);
	*ret = (struct strbuf)STRBUF_INIT;
	if (read_whole(path, ret, NULL) == 0)
		return true;
	strbuf_release(ret);
	return false;
}

size_t kernel_balloon_modules(const char *kernel, struct strbuf ret[KERNEL_MODULES_MAX])
{
	static const char *const names[KERNEL_MODULES_MAX] = {
	        "virtio_ring",           "virtio",     "virtio_pci_modern_dev",
	        "virtio_pci_legacy_dev", "virtio_pci", "virtio_balloon"};
	cleanup_free char *version = kernel_version(kernel);
	const char *slash = strrchr(kernel, '/');
	cleanup_free char *beside = xasprintf("%.*s/modules", slash ? (int)(slash - kernel) : 1, slash ? kernel : ".");
	size_t n = 0;
	for (size_t i = 0; version && i < ARRAY_SIZE(names); i++)
		if (read_module(beside, version, names[i], &ret[n]) ||
		    read_module("/lib/modules", version, names[i], &ret[n]))
			n++; /* one that is missing is built in, or its user says so by not working */
	return n;
}
