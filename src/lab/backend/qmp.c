#include "lab/backend/qmp.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/tool/local.h"
#include "vctop/base/clock.h"

#define LIMIT_MSEC 20000
#define MAX_LINE 262144U
#define MAX_EVENTS 1000

/* The next line as JSON. */
static int read_line(struct qmp *q, json_t **ret, struct error *err)
{
	int64_t until = clock_mono_usec() + LIMIT_MSEC * 1000LL;
	struct pollfd p = {.fd = q->fd, .events = POLLIN};
	const char *end;
	while (!(end = memchr(q->in.buf, '\n', q->in.len))) {
		int64_t left = until - clock_mono_usec();
		if (left <= 0 || q->in.len > MAX_LINE)
			return error_set(err, ETIMEDOUT, "QEMU's monitor does not answer");
		if (poll(&p, 1, (int)(left / 1000) + 1) <= 0)
			continue;
		strbuf_room(&q->in, 4096);
		ssize_t n = read(q->fd, q->in.buf + q->in.len, 4096);
		if (n <= 0)
			return error_set(err, ECONNRESET, "QEMU's monitor hung up");
		q->in.len += (size_t)n;
		q->in.buf[q->in.len] = '\0';
	}
	size_t n = (size_t)(end - q->in.buf) + 1;
	*ret = json_loadb(q->in.buf, n, JSON_DECODE_INT_AS_REAL, NULL);
	memmove(q->in.buf, q->in.buf + n, q->in.len - n + 1);
	q->in.len -= n;
	return *ret ? 0 : error_set(err, EPROTO, "QEMU's monitor said something that is not JSON");
}

static int send_text(const struct qmp *q, char *text, int pass_fd, struct error *err)
{
	struct iovec io = {.iov_base = text, .iov_len = strlen(text)};
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
	if (pass_fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.head), &pass_fd, sizeof(int));
	}
	return sendmsg(q->fd, &m, MSG_NOSIGNAL) == (ssize_t)io.iov_len
	               ? 0
	               : error_set(err, EIO, "QEMU's monitor takes no command");
}

int qmp_do(struct qmp *q, const char *command, json_t *arguments, int pass_fd, json_t **ret, struct error *err)
{
	json_t *o = json_pack("{s:s,s:o*}", "execute", command, "arguments", arguments);
	cleanup_free char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (!text)
		return error_set(err, ENOMEM, "%s", command);
	int r = send_text(q, text, pass_fd, err);
	for (unsigned i = 0; r == 0 && i < MAX_EVENTS; i++) {
		json_t *answer = NULL;
		r = read_line(q, &answer, err);
		if (r < 0)
			break;
		json_t *result = json_object_get(answer, "return");
		const char *why = json_string_value(json_object_get(json_object_get(answer, "error"), "desc"));
		if (result && ret)
			*ret = json_incref(result);
		if (why)
			r = error_set(err, EIO, "QEMU: %s: %.200s", command, why);
		bool done = result || why; /* else an event */
		json_decref(answer);
		if (done)
			return r;
	}
	return r < 0 ? r : error_set(err, EPROTO, "QEMU's monitor does not answer %s", command);
}

int qmp_open(struct qmp *q, const char *path, struct error *err)
{
	json_t *greeting = NULL;
	int r = local_connect(path, 0, &q->fd);
	if (r < 0)
		return error_set(err, -r, "%s: %s", path, strerror(-r));
	r = read_line(q, &greeting, err);
	json_decref(greeting);
	return r < 0 ? r : qmp_do(q, "qmp_capabilities", NULL, -1, NULL, err);
}

void qmp_close(struct qmp *q)
{
	attr_closep(&q->fd);
	q->fd = -1;
	strbuf_release(&q->in);
}
