#include "source/guest/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vctop/base/clock.h"
#include "vctop/source/rootfs.h"

/* Waits for `events` on the socket. 0; -ETIMEDOUT; -ECANCELED. */
static int wait_for(const struct exchange *x, short events)
{
	struct pollfd p[2] = {{.fd = x->fd, .events = events}, {.fd = x->cancel_fd, .events = POLLIN}};
	for (;;) {
		int64_t left = x->deadline_usec - clock_mono_usec();
		if (left <= 0)
			return -ETIMEDOUT;
		int n = poll(p, 2, (int)(left / 1000 + 1));
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && p[1].revents)
			return -ECANCELED;
		if (n > 0 && p[0].revents)
			return 0;
	}
}

static int fill_address(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t n = strlen(path);
	if (n == 0 || n >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, n);
	if (path[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '@' ? 0 : 1));
	return 0;
}

/* A path too long for an address is reached through a descriptor of it. */
static int open_long(const char *path)
{
	struct rootfs *fs = path[0] == '/' ? rootfs_open("/", NULL) : NULL;
	if (!fs)
		return -ENAMETOOLONG;
	int fd = rootfs_openat(fs, path + 1, O_PATH);
	rootfs_close(fs);
	return fd;
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un to;
	socklen_t len;
	char short_path[64];
	cleanup_close int at = -1;
	int r = fill_address(path, &to, &len);
	if (r == -ENAMETOOLONG) {
		at = open_long(path);
		if (at < 0)
			return at;
		(void)snprintf(short_path, sizeof(short_path), "/proc/self/fd/%d", at);
		r = fill_address(short_path, &to, &len);
	}
	if (r < 0)
		return r;
	return connect(fd, (const struct sockaddr *)&to, len) < 0 ? -errno : 0;
}

int exchange_open(struct exchange *x, const char *path, int cancel_fd, int64_t deadline_usec)
{
	*x = (struct exchange){.fd = -1, .cancel_fd = cancel_fd, .deadline_usec = deadline_usec, .in = STRBUF_INIT};
	x->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (x->fd < 0)
		return -errno;
	/* A Unix socket is connected at once or not at all. */
	int r = connect_to(x->fd, path);
	if (r < 0)
		exchange_close(x);
	return r;
}

void exchange_close(struct exchange *x)
{
	if (x->fd >= 0)
		(void)close(x->fd);
	x->fd = -1;
	strbuf_release(&x->in);
}

pid_t exchange_peer(const struct exchange *x)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	return getsockopt(x->fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 ? who.pid : 0;
}

int exchange_send(struct exchange *x, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(x->fd, text, len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			int r = wait_for(x, POLLOUT);
			if (r < 0)
				return r;
		} else if (n < 0 && errno != EINTR) {
			return errno == ECONNRESET ? -EPIPE : -errno;
		} else if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* Some more bytes behind what is there; what was read already makes room. */
static int receive(struct exchange *x)
{
	if (x->total >= EXCHANGE_MAX)
		return -EMSGSIZE;
	if (x->at) {
		memmove(x->in.buf, x->in.buf + x->at, x->in.len - x->at);
		x->in.len -= x->at;
		x->at = 0;
	}
	strbuf_room(&x->in, 16384);
	for (;;) {
		int r = wait_for(x, POLLIN);
		if (r < 0)
			return r;
		ssize_t n = recv(x->fd, x->in.buf + x->in.len, x->in.cap - x->in.len - 1, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		if (n == 0)
			return -EPIPE;
		x->in.len += (size_t)n;
		x->in.buf[x->in.len] = '\0';
		x->total += (size_t)n;
		return 0;
	}
}

int exchange_line(struct exchange *x, const char **ret, size_t *ret_len)
{
	for (size_t looked = 0;;) {
		char *start = x->in.buf + x->at;
		size_t have = x->in.len - x->at;
		const char *end = have > looked ? memchr(start + looked, '\n', have - looked) : NULL;
		if (end) {
			size_t n = (size_t)(end - start);
			x->at += n + 1;
			*ret = start;
			*ret_len = n && start[n - 1] == '\r' ? n - 1 : n;
			return 0;
		}
		looked = have;
		int r = receive(x);
		if (r < 0)
			return r;
	}
}

int exchange_bytes(struct exchange *x, size_t len, const char **ret)
{
	if (len > EXCHANGE_MAX)
		return -EMSGSIZE;
	while (x->in.len - x->at < len) {
		int r = receive(x);
		if (r < 0)
			return r;
	}
	*ret = x->in.buf + x->at;
	x->at += len;
	return 0;
}
