/* A connection to a socket in the file system. */
#ifndef LAB_TOOL_LOCAL_H
#define LAB_TOOL_LOCAL_H

/* flags: SOCK_NONBLOCK or 0; close-on-exec in any case. -ENAMETOOLONG, -errno. */
int local_connect(const char *path, int flags, int *ret_fd);

#endif
