/* One question to one socket, from the check beforehand to the last word. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "source/guest/exchange.h"
#include "source/guest/guest.h"
#include "source/guest/unix_table.h"
#include "vctop/base/text.h"

void guest_text(char *dst, size_t size, const char *text)
{
	(void)snprintf(dst, size, "%s", text ? text : "");
	(void)text_clean(dst, size - 1);
}

int guest_fail(struct guest_answer *a, int err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(a->why, sizeof(a->why), fmt, ap);
	va_end(ap);
	(void)text_clean(a->why, sizeof(a->why) - 1);
	a->err = err;
	return err;
}

/* Each network namespace has a table of its own, though the file it is bound to can be reached from all. */
static int find_use(struct rootfs *fs, const struct guest_socket *s, struct unix_use *ret)
{
	int r = unix_table_read(fs, s->bound, s->pid, s->pid != 0, ret);
	for (size_t i = 0; r == 0 && i < s->elsewhere.n; i++)
		(void)unix_table_read(fs, s->bound, s->elsewhere.v[i], false, ret);
	return r;
}

static int check(const struct guest_socket *s, struct guest_answer *a)
{
	struct rootfs *fs = rootfs_open("/", NULL);
	struct unix_use use = {0};
	if (!fs)
		return guest_fail(a, -errno, "/: %s", strerror(errno));
	int r = find_use(fs, s, &use);
	rootfs_close(fs);
	if (r < 0)
		return guest_fail(a, r, "/proc/net/unix: %s: not safe to connect without", strerror(-r));
	if (use.clients)
		return guest_fail(a, -EBUSY, "another client is attached to it, and a monitor serves one at a time");
	if (use.queued)
		return guest_fail(a, -EBUSY, "another client waits to be served on it");
	if (!use.listeners)
		return guest_fail(a, -ENOENT, "nothing listens there (/proc/net/unix)");
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "no answer within 2 s";
	case -EPIPE:
		return "hung up";
	case -EAGAIN:
		return "its queue is full: another client waits to be served on it";
	case -EMSGSIZE:
		return "too long an answer";
	case -EPROTO:
		return "not the answer that was expected";
	default:
		return strerror(-err);
	}
}

void guest_ask(const struct guest_socket *s, int cancel_fd, int64_t deadline_usec, struct guest_answer *ret)
{
	static int (*const ask[])(struct exchange *, struct guest_answer *) = {
	        [GUEST_QMP] = qmp_ask,
	        [GUEST_FIRECRACKER] = firecracker_ask,
	        [GUEST_CLOUD_HYPERVISOR] = cloud_hypervisor_ask,
	};
	const struct metric unknown = metric_none(METRIC_ABSENT, "not told by the VMM");
	struct exchange x;
	*ret = (struct guest_answer){
	        .vcpus = unknown, .ram_bytes = unknown, .balloon_bytes = unknown, .used_bytes = unknown};
	if (check(s, ret) < 0)
		return;
	int r = exchange_open(&x, s->path, cancel_fd, deadline_usec);
	if (r < 0) {
		(void)guest_fail(ret, r, "%s", reason(r));
		return;
	}
	ret->pid = exchange_peer(&x);
	r = ask[s->how](&x, ret);
	exchange_close(&x);
	if (r < 0 && !ret->err)
		(void)guest_fail(ret, r, "%s", reason(r));
}
