/* Telling the workload of a running sample what to do. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/local.h"
#include "lab/tool/proctable.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/lab/samples.h"

#define LOAD_MSEC 5000 /* a guest that is emulated and busy takes its time to read a line */

/* A signal whose handler is not there (yet) would end the process. */
static bool catches(pid_t pid, int sig)
{
	char path[32], text[4096];
	uint64_t mask = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, "\nSigCgt:\t");
	if (at)
		mask = strtoull(at + 9, NULL, 16);
	return mask >> (sig - 1) & 1;
}

static int send_signal(int pidfd, const struct launched *l, int sig, struct error *err)
{
	if (pidfd < 0 || !proctable_is(l->pid, l->pid_start))
		return error_set(err, ESRCH, "%s: its process has ended", l->name);
	/* podman and docker return before the program has come that far. */
	for (unsigned waited = 0; !catches(l->pid, sig); waited += 20) {
		if (waited >= 1000)
			return error_set(err, EOPNOTSUPP, "%s: its program takes no orders", l->name);
		lab_nap(20);
	}
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0
	               ? error_set(err, errno, "%s: %s", l->name, strerror(errno))
	               : 0;
}

static int give_process(const struct launched *l, enum order order, struct error *err)
{
	int pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	int r = send_signal(pidfd, l, ORDER_SIGNAL(order), err);
	attr_closep(&pidfd);
	return r;
}

/* How the VMM passes on what it is told, and where its guest's answer comes. */
struct line_to {
	int fd, answers; /* the same for a socket */
	bool is_file;    /* answers: a file that grows */
};

/*
 * QEMU listens on a socket.  Firecracker reads a FIFO.  Cloud Hypervisor reads a terminal alone: that terminal's other
 * end is fd 3 of its own.
 */
static int open_orders(const struct launched *l, const char *path, int *ret_fd)
{
	struct stat st;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		return local_connect(path, SOCK_NONBLOCK, ret_fd);
	if (strcmp(l->backend, "cloud-hypervisor") == 0) {
		cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
		*ret_fd = pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, VM_CONSOLE_FD, 0);
	} else {
		*ret_fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC); /* both: no SIGPIPE */
	}
	return *ret_fd < 0 ? -errno : 0;
}

/* What the guest has answered before is not looked at. */
static int open_line(const struct reg *r, const struct launched *l, struct line_to *ret)
{
	cleanup_free char *path = sample_file(r, l, SAMPLE_ORDERS), *answers = sample_file(r, l, SAMPLE_ANSWERS);
	struct stat st;
	int rc = open_orders(l, path, &ret->fd);
	if (rc < 0)
		return rc;
	ret->answers = ret->fd;
	ret->is_file = fstat(ret->fd, &st) == 0 && !S_ISSOCK(st.st_mode);
	if (!ret->is_file)
		return 0;
	ret->answers = open(answers, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return ret->answers < 0 || lseek(ret->answers, 0, SEEK_END) < 0 ? -errno : 0;
}

static void close_line(struct line_to *t)
{
	if (t->is_file)
		attr_closep(&t->answers);
	attr_closep(&t->fd);
}

/* 0: nothing yet. */
static ssize_t read_answer(const struct line_to *t, char *buf, size_t size, int msec)
{
	struct pollfd p = {.fd = t->answers, .events = POLLIN};
	if (!t->is_file && poll(&p, 1, msec) <= 0)
		return 0;
	ssize_t n = read(t->answers, buf, size);
	if (t->is_file && n == 0)
		lab_nap(3);
	else if (n <= 0)
		return n < 0 ? -errno : -ECONNRESET;
	return n;
}

/* Reads what the guest says until a line is `want`; bytes of longer lines are let go. */
static int await_line(const struct line_to *t, const struct launched *l, const char *want, unsigned msec)
{
	char text[512];
	size_t len = 0;
	int64_t until = clock_mono_usec() + msec * 1000LL;
	for (int64_t now; (now = clock_mono_usec()) < until;) {
		ssize_t n = read_answer(t, text + len, sizeof(text) - len, (int)((until - now) / 1000) + 1);
		if (n == 0 && t->is_file && !proctable_is(l->pid, l->pid_start))
			return -ECONNRESET;
		if (n < 0)
			return (int)n;
		len += (size_t)n;
		const char *cursor = text, *line, *end = NULL;
		while ((end = memchr(cursor, '\n', len - (size_t)(cursor - text)))) {
			line = cursor;
			cursor = end + 1;
			if ((size_t)(end - line) == strlen(want) && memcmp(line, want, strlen(want)) == 0)
				return 0;
		}
		len -= (size_t)(cursor - text);
		memmove(text, cursor, len);
		len = len == sizeof(text) ? 0 : len;
	}
	return -ETIMEDOUT;
}

/* QEMU drops what it has not passed on when we close: the guest's answer says that it has it. */
static int give_vm(const struct reg *r, const struct launched *l, enum order order, unsigned msec, struct error *err)
{
	cleanup_free char *line = xasprintf("%s\n", order_names[order]);
	cleanup_free char *want = xasprintf(ANSWER_TAKEN "%s", order_names[order]);
	struct line_to t = {-1, -1, false};
	if (!proctable_is(l->pid, l->pid_start))
		return error_set(err, ESRCH, "%s: its VMM has ended", l->name);
	int rc = open_line(r, l, &t);
	if (rc < 0)
		rc = error_set(err, rc == -ENOENT ? EOPNOTSUPP : -rc, "%s: its guest takes no orders: %s", l->name,
		               strerror(-rc));
	else if ((t.is_file ? write(t.fd, line, strlen(line)) : send(t.fd, line, strlen(line), MSG_NOSIGNAL)) !=
	         (ssize_t)strlen(line))
		rc = error_set(err, EIO, "%s: its guest takes no orders", l->name);
	else if ((rc = await_line(&t, l, want, msec)) == -ETIMEDOUT)
		rc = error_set(err, ETIMEDOUT, "%s: the guest did not answer in %u s", l->name, msec / 1000);
	else if (rc < 0)
		rc = error_set(err, -rc, "%s: the VMM hung up", l->name);
	close_line(&t);
	return rc;
}

int order_give(const struct reg *r, const struct launched *l, enum order order, unsigned msec, struct error *err)
{
	return strcmp(l->kind, "vm") == 0 ? give_vm(r, l, order, msec, err) : give_process(l, order, err);
}

/* The register says what it does now; free memory is idleness. */
static void remember(struct reg *r, const struct launched *told, enum order order)
{
	struct launched now = {0};
	if (reg_lock(r, NULL) == 0 && reg_read(r, told->name, &now) == 0 && now.pid == told->pid &&
	    now.pid_start == told->pid_start) {
		free(now.workload);
		now.workload = xstrdup(order_names[order == ORDER_FREE ? ORDER_IDLE : order]);
		(void)reg_write(r, &now, NULL);
	}
	launched_clear(&now);
	reg_unlock(r);
}

int sample_load(const char *name, const char *workload, struct error *err)
{
	cleanup_reg struct reg r = REG_INIT;
	struct launched l = {0};
	int order = 0;
	while (order <= ORDER_FREE && strcmp(order_names[order], workload) != 0)
		order++;
	if (order > ORDER_FREE)
		return error_set(err, EINVAL, "'%.60s': not one of idle, cpu, memory, burst, free", workload);
	if (!launched_name_valid(name) || reg_open(&r, false, NULL) < 0 || reg_read(&r, name, &l) < 0)
		return error_set(err, ENOENT, "%.60s: no such sample", name);
	int rc = strcmp(l.state, "running") == 0 ? order_give(&r, &l, (enum order)order, LOAD_MSEC, err)
	                                         : error_set(err, EBUSY, "%s: is %s", name, l.state);
	if (rc == 0)
		remember(&r, &l, (enum order)order);
	launched_clear(&l);
	return rc;
}
