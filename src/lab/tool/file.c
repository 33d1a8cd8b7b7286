#include "lab/tool/file.h"

#include <errno.h>
#include <unistd.h>

int file_write(int fd, const void *data, size_t n)
{
	for (const char *at = data; n > 0;) {
		ssize_t done = write(fd, at, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? -errno : -ENOSPC;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}
