#include "source/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vctop/base/strbuf.h"

#define MAX_LINKS 40 /* as the kernel */

/* Where a walk is: `done` has no links left in it, `todo` is still to be followed. */
struct walk {
	int root;
	struct strbuf done, todo;
	unsigned links;
};

static void cut_last(struct strbuf *done)
{
	const char *slash = strrchr(done->buf, '/');
	done->len = slash ? (size_t)(slash - done->buf) : 0;
	if (done->cap)
		done->buf[done->len] = '\0';
}

/* The target of a link takes its place before what is left; an absolute one starts again at the root. */
static int follow(struct walk *w, const char *target, const char *rest)
{
	struct strbuf todo = STRBUF_INIT;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (*target == '/')
		strbuf_clear(&w->done);
	else
		cut_last(&w->done);
	strbuf_fmt(&todo, "%s/%s", target, rest);
	strbuf_release(&w->todo);
	w->todo = todo;
	return 0;
}

/* Takes one component of `at`, whose rest is `rest`. 1: a link was followed, start over with todo. */
static int step(struct walk *w, const char *at, size_t n, const char *rest, bool nofollow)
{
	char target[4096];
	if (n == 0 || (n == 1 && at[0] == '.'))
		return 0;
	if (n == 2 && memcmp(at, "..", 2) == 0) {
		cut_last(&w->done);
		return 0;
	}
	if (w->done.len)
		strbuf_char(&w->done, '/');
	strbuf_add(&w->done, at, n);
	if (nofollow && !*rest)
		return 0;
	ssize_t len = readlinkat(w->root, w->done.buf, target, sizeof(target) - 1);
	if (len < 0)
		return errno == EINVAL ? 0 : -errno; /* EINVAL: not a link */
	target[len] = '\0';
	int r = follow(w, target, rest);
	return r < 0 ? r : 1;
}

static int walk_path(struct walk *w, bool nofollow)
{
	for (const char *at = w->todo.buf; *at;) {
		size_t n = strcspn(at, "/");
		const char *rest = at + n + strspn(at + n, "/");
		int r = step(w, at, n, rest, nofollow);
		if (r < 0)
			return r;
		at = r ? w->todo.buf : rest;
	}
	return 0;
}

int beneath_open_by_hand(int root, const char *path, int flags)
{
	struct walk w = {root, STRBUF_INIT, STRBUF_INIT, 0};
	strbuf_str(&w.todo, path);
	int r = walk_path(&w, flags & O_NOFOLLOW);
	if (r == 0) {
		r = openat(root, w.done.len ? w.done.buf : ".", flags | O_NOFOLLOW);
		if (r < 0)
			r = -errno;
	}
	strbuf_release(&w.done);
	strbuf_release(&w.todo);
	return r;
}

int beneath_reopen_file(int path_fd)
{
	char self[32];
	struct stat st;
	if (fstat(path_fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	int r = open(self, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return r < 0 ? -errno : r;
}

int beneath_open_file(int root, const char *path)
{
	/* Only looked up at first: opening a FIFO or a device may do anything. */
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
	                       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
	cleanup_close int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : beneath_reopen_file(fd);
}

int beneath_open(int root, const char *path, int flags)
{
	struct open_how how = {.flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT};
	long fd = syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
	if (fd >= 0)
		return (int)fd;
	/* EPERM is what a sandbox says to a system call it does not know; a real one comes again below. */
	if (errno == ENOSYS || errno == EPERM)
		return beneath_open_by_hand(root, path, flags);
	return -errno;
}
