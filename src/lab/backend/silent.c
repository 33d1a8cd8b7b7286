/* What is known of KVM here besides that it opens. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab.h"

#define BOOT_ID_MAX 64

static size_t boot_id(char ret[BOOT_ID_MAX])
{
	cleanup_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, BOOT_ID_MAX);
	return n > 0 ? (size_t)n : 0;
}

static char *path_of(void)
{
	char dir[160];
	return reg_path(dir, sizeof(dir), NULL) < 0 ? NULL : xasprintf("%s/kvm-silent", dir);
}

bool kvm_is_silent(char *change, size_t size)
{
	char here[BOOT_ID_MAX], noted[BOOT_ID_MAX];
	cleanup_free char *path = path_of();
	cleanup_close int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid())
		return false;
	size_t n = boot_id(here);
	if (!n || read(fd, noted, sizeof(noted)) != (ssize_t)n || memcmp(here, noted, n) != 0)
		return false;
	if (change)
		(void)snprintf(change, size, "to have it tried again: rm %s", path);
	return true;
}

void kvm_remember(bool reports)
{
	char here[BOOT_ID_MAX];
	cleanup_free char *path = path_of();
	size_t n = boot_id(here);
	if (!path || !n)
		return;
	(void)unlink(path);
	cleanup_close int fd = reports ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, here, n) != (ssize_t)n)
		(void)unlink(path); /* then it is tried again */
}
