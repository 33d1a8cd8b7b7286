/* cpio "newc", as in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. */
#include "lab/backend/initramfs.h"

#include <string.h>
#include <sys/stat.h>

struct entry {
	const char *name;
	unsigned mode, major, minor;
};

static void pad4(struct strbuf *sb, size_t start)
{
	static const char zeros[4];
	strbuf_add(sb, zeros, (4 - (sb->len - start) % 4) % 4);
}

static void add_entry(struct strbuf *sb, size_t start, unsigned ino, const struct entry *e, const void *data,
                      size_t len)
{
	size_t name = strlen(e->name) + 1;
	strbuf_fmt(sb, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", ino, e->mode, 0U, 0U, 1U, 0U,
	           (unsigned)len, 0U, 0U, e->major, e->minor, (unsigned)name, 0U);
	strbuf_add(sb, e->name, name);
	pad4(sb, start);
	strbuf_add(sb, data, len);
	pad4(sb, start);
}

void initramfs_build(const void *init, size_t len, const struct strbuf *modules, size_t n, struct strbuf *ret)
{
	static const struct entry before[] = {
	        {"dev", S_IFDIR | 0755, 0, 0},        {"dev/console", S_IFCHR | 0600, 5, 1},
	        {"dev/null", S_IFCHR | 0666, 1, 3},   {"dev/ttyS0", S_IFCHR | 0600, 4, 64},
	        {"dev/ttyS1", S_IFCHR | 0600, 4, 65}, {"proc", S_IFDIR | 0555, 0, 0},
	        {"sys", S_IFDIR | 0555, 0, 0},
	};
	static const struct entry program = {"init", S_IFREG | 0755, 0, 0};
	static const struct entry folder = {"modules", S_IFDIR | 0555, 0, 0};
	static const struct entry trailer = {"TRAILER!!!", 0, 0, 0};
	size_t start = ret->len;
	unsigned ino = 1;
	for (size_t i = 0; i < ARRAY_SIZE(before); i++)
		add_entry(ret, start, ino++, &before[i], "", 0);
	add_entry(ret, start, ino++, &program, init, len);
	if (n)
		add_entry(ret, start, ino++, &folder, "", 0);
	for (size_t i = 0; i < n; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "modules/%zu", i);
		const struct entry module = {name, S_IFREG | 0444, 0, 0};
		add_entry(ret, start, ino++, &module, modules[i].buf, modules[i].len);
	}
	add_entry(ret, start, 0, &trailer, "", 0);
}
