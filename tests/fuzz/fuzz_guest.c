/* What a monitor sends: the first byte says to whom (QMP, Firecracker, Cloud Hypervisor, the table of sockets). */
#include <sys/socket.h>

#include "fuzz.h"
#include "source/guest/exchange.h"
#include "source/guest/guest.h"
#include "source/guest/unix_table.h"
#include "vctop/base/clock.h"

static void check(struct metric m)
{
	if (metric_is_ok(m))
		must(m.v >= 0 && m.v < 1e17);
	else
		fuzz_must_be_clean(m.why);
}

static void ask(int (*fn)(struct exchange *, struct guest_answer *), const uint8_t *data, size_t size)
{
	int pair[2];
	static struct guest_answer a;
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	(void)!write(pair[1], data, size);
	(void)shutdown(pair[1], SHUT_WR);
	struct exchange x = {
	        .fd = pair[0], .cancel_fd = -1, .deadline_usec = clock_mono_usec() + 1000000, .in = STRBUF_INIT};
	a = (struct guest_answer){0};
	(void)fn(&x, &a);
	exchange_close(&x);
	(void)close(pair[1]);
	fuzz_must_be_clean(a.name);
	fuzz_must_be_clean(a.uuid);
	fuzz_must_be_clean(a.state);
	must(a.tids_n <= GUEST_VCPUS_MAX);
	check(a.vcpus);
	check(a.ram_bytes);
	check(a.balloon_bytes);
	check(a.used_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const who[])(struct exchange *, struct guest_answer *) = {qmp_ask, firecracker_ask,
	                                                                       cloud_hypervisor_ask};
	unsigned first = size ? data[0] % 4U : 3U;
	if (size) {
		data++;
		size--;
	}
	if (first < ARRAY_SIZE(who)) {
		ask(who[first], data, size < 65536 ? size : 65536);
		return 0;
	}
	cleanup_free char *text = fuzz_copy(data, size);
	struct unix_use use = {0};
	unix_table_count(text, size, "/run/vm/qmp.sock", NULL, &use);
	must(use.listeners + use.clients + use.queued <= size);
	return 0;
}
