/* Writing what is ours. */
#ifndef LAB_TOOL_FILE_H
#define LAB_TOOL_FILE_H

#include <stddef.h>

/* All of it, though a full disk takes a part first. 0 or -errno. */
int file_write(int fd, const void *data, size_t n);

#endif
