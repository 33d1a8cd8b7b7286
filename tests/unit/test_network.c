/* Network and I/O: net/dev, fdinfo of taps, diskstats; whose counters an instance's are. */
#include "source/background/network.h"

#include "source/cgroup/cgroup.h"
#include "tree.h"
#include "vctop/base/strbuf.h"

#define IN(s) s, sizeof(s) - 1
#define HEAD                                                                                                           \
	"Inter-|   Receive                                                |  Transmit\n"                               \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls "     \
	"carrier compressed\n"

static void test_net_dev(void **state)
{
	(void)state;
	static const struct net_tap taps[] = {{.name = "tap0"}, {.name = "mac0", .macvtap = true}};
	static const struct {
		const char *in;
		size_t len, taps;
		unsigned found;
		double rx, tx;
	} rows[] = {
	        {IN(""), 0, 0, 0, 0},
	        {IN(HEAD), 0, 0, 0, 0},
	        {IN(HEAD "    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n"), 0, 0, 0, 0},
	        {IN(HEAD "    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n  eth0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"
	                 "eth1:1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n"),
	         0, 2, 11, 22},
	        {IN(HEAD "eth0:1: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"), 0, 1, 10, 20},
	        /* Of a VM only its taps: what the host sends it receives; macvtap counts from its side. */
	        {IN(HEAD "  eth0: 7 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n  tap0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"), 2, 1,
	         20, 10},
	        {IN(HEAD "  mac0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"), 2, 1, 10, 20},
	        {IN(HEAD "    lo: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n"), 2, 0, 0, 0},
	        /* Cut, overlong and foreign lines. */
	        {IN("eth0: 10 1 0 0 0 0 0 0"), 0, 0, 0, 0},
	        {IN("eth0: x 1 0 0 0 0 0 0 5 0 0\n: 1 2 3 4 5 6 7 8 9\n::::\n\0\xff\n"), 0, 0, 0, 0},
	        {IN("e: 99999999999999999999 1 0 0 0 0 0 0 5 0 0\n"), 0, 0, 0, 0},
	        {IN("a: 18446744073709551615 0 0 0 0 0 0 0 1 0\nb: 18446744073709551615 0 0 0 0 0 0 0 1 0\n"), 0, 2,
	         2 * 18446744073709551615.0, 2},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		double rx = -1, tx = -1;
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		unsigned n = net_dev_parse(buf, rows[i].len, taps, rows[i].taps, &rx, &tx);
		if (n != rows[i].found || rx != rows[i].rx || tx != rows[i].tx)
			fail_row(i, "%u found, %f received, %f sent", n, rx, tx);
	}
}

static void test_tun_name(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		const char *name;
	} rows[] = {
	        {IN("pos:\t0\nflags:\t0104002\nmnt_id:\t24\niff:\ttap0\n"), "tap0"},
	        {IN("iff:\tvnet-12345678 x\n"), "vnet-12345678"},
	        {IN("iff:\t\n"), NULL},
	        {IN("iff:"), NULL},
	        {IN(""), NULL},
	        {IN("iff:\t../../etc\n"), NULL},
	        {IN("iff:\t.\n"), NULL},
	        {IN("iff:\ta/b\n"), NULL},
	        {IN("iff:\ta\0b\n"), NULL},
	        {IN("iff:\tsixteen-letters0\n"), NULL},
	        {IN("xiff:\ttap0\n"), NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[IFNAMSIZ] = "";
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		bool found = tun_name_parse(buf, rows[i].len, name);
		if (found != (rows[i].name != NULL) || (found && strcmp(name, rows[i].name) != 0))
			fail_row(i, "%s: %s", rows[i].in, name);
	}
}

static void look(struct network *n, struct rootfs *fs, bool vm, struct sample *s)
{
	char buf[4096];
	struct isolation_host host;
	isolation_host_read(fs, &host);
	network_look(n, fs, &host, (struct isolated){50, NULL}, vm);
	network_sample(n, fs, buf, sizeof(buf), s);
	isolation_host_release(&host);
}

static void test_container(void **state)
{
	(void)state;
	struct tree t;
	struct network n = {.looked = false};
	struct sample s;
	unsigned before = open_fds();
	tree_init(&t);
	tree_mkdir(&t, "proc");
	struct rootfs *fs = rootfs_open(t.root, NULL);
	network_release(&n, NULL);
	look(&n, fs, false, &s); /* nothing there */
	assert_int_equal(s.net_rx_bytes.st, METRIC_ABSENT);
	tree_link(&t, "proc/1/ns/net", "net:[4026531833]");
	tree_link(&t, "proc/50/ns/net", "net:[4026531833]");
	look(&n, fs, false, &s);
	assert_string_equal(s.net_rx_bytes.why, "it uses the host's network");
	assert_int_equal(n.ns, 0);
	tree_remove(&t, "proc/50/ns/net");
	tree_link(&t, "proc/50/ns/net", "net:[4026532548]");
	look(&n, fs, false, &s);
	assert_false(metric_is_ok(s.net_rx_bytes)); /* no net/dev */
	tree_write(&t, "proc/50/net/dev", HEAD "    lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\n");
	look(&n, fs, false, &s);
	assert_true(metric_is_ok(s.net_rx_bytes) && s.net_rx_bytes.v == 0); /* loopback alone: a true 0 */
	assert_int_equal(n.ns, 4026532548);
	tree_write(&t, "proc/50/net/dev", HEAD "  eth0: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n");
	look(&n, fs, false, &s);
	assert_true(s.net_rx_bytes.v == 10 && s.net_tx_bytes.v == 20);
	/* More interfaces than there is room for are not half a sum. */
	cleanup_strbuf struct strbuf many = STRBUF_INIT;
	for (int i = 0; i < 300; i++)
		strbuf_fmt(&many, "e%d: 10 1 0 0 0 0 0 0 20 1 0 0 0 0 0 0\n", i);
	tree_write(&t, "proc/50/net/dev", many.buf);
	look(&n, fs, false, &s);
	assert_string_equal(s.net_rx_bytes.why, "it has more interfaces than are added up");
	network_release(&n, fs);
	rootfs_close(fs);
	tree_release(&t);
	assert_int_equal(open_fds(), before);
}

static void test_vm(void **state)
{
	(void)state;
	struct tree t;
	struct network n = {.looked = false};
	struct sample s;
	unsigned before = open_fds();
	tree_init(&t);
	tree_mkdir(&t, "proc");
	struct rootfs *fs = rootfs_open(t.root, NULL);
	network_release(&n, NULL);
	tree_link(&t, "proc/1/ns/net", "net:[4026531833]");
	tree_link(&t, "proc/50/ns/net", "net:[4026531833]");
	tree_link(&t, "proc/50/fd/5", "socket:[77]");
	look(&n, fs, true, &s);
	assert_string_equal(s.net_rx_bytes.why, "no tap: a user-mode network is not separable from the VMM");
	/* Two queues of one tap, and a macvtap. */
	tree_link(&t, "proc/50/fd/6", "/dev/net/tun");
	tree_link(&t, "proc/50/fd/7", "/dev/net/tun");
	tree_link(&t, "proc/50/fd/8", "/dev/tap12");
	tree_write(&t, "proc/50/fdinfo/6", "pos:\t0\niff:\ttap0\n");
	tree_write(&t, "proc/50/fdinfo/7", "pos:\t0\niff:\ttap0\n");
	tree_write(&t, "sys/class/net/tap0/statistics/rx_bytes", "10\n");
	tree_write(&t, "sys/class/net/tap0/statistics/tx_bytes", "20\n");
	tree_write(&t, "sys/class/net/tap0/ifindex", "11\n");
	tree_write(&t, "sys/class/net/macvtap0/ifindex", "12\n");
	tree_write(&t, "sys/class/net/macvtap0/statistics/rx_bytes", "100\n");
	tree_write(&t, "sys/class/net/macvtap0/statistics/tx_bytes", "200\n");
	look(&n, fs, true, &s);
	assert_int_equal(n.taps_n, 2);
	assert_true(s.net_rx_bytes.v == 120 && s.net_tx_bytes.v == 210);
	/* The VMM lives in a namespace of its own. */
	tree_remove(&t, "proc/50/ns/net");
	tree_link(&t, "proc/50/ns/net", "net:[4026532548]");
	tree_write(&t, "proc/50/net/dev",
	           HEAD "  tap0: 1 1 0 0 0 0 0 0 2 1 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n");
	look(&n, fs, true, &s);
	assert_true(s.net_rx_bytes.v == 2 && s.net_tx_bytes.v == 1);
	tree_write(&t, "proc/50/net/dev", HEAD);
	look(&n, fs, true, &s);
	assert_string_equal(s.net_rx_bytes.why, "its taps are in another network namespace than its VMM");
	network_release(&n, fs);
	rootfs_close(fs);
	tree_release(&t);
	assert_int_equal(open_fds(), before);
}

static void test_blkio(void **state)
{
	(void)state;
	char device[32];
	assert_true(blkio_has_devices(IN("8:0 Read 0\nTotal 0\n")));
	assert_false(blkio_has_devices(IN("Total 0\n")));
	assert_false(blkio_has_devices("", 0));
	static const char disks[] =
	        "   7       0 loop0 1 0 8 0 0 0 0 0 0 0 0\n 254       0 vda 1043 0 51234 1 2 3 800 4 0 0 0\n"
	        " 254       1 vda1 1043 0 51234 1 2 3 800 4 0 0 0\nx y z\n 1 2\n";
	assert_true(blkio_busiest(IN(disks), device));
	assert_string_equal(device, "254:0 ");
	assert_false(blkio_busiest("", 0, device));
	assert_false(blkio_busiest(IN("7 0 loop0 0 0 0 0 0 0 0 0 0 0 0\n"), device));
	assert_false(
	        blkio_busiest(IN("8 0 sda 1 0 18446744073709551615 0 0 0 18446744073709551615 0 0 0 0\n"), device));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_net_dev), cmocka_unit_test(test_tun_name), cmocka_unit_test(test_container),
	        cmocka_unit_test(test_vm),      cmocka_unit_test(test_blkio),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
