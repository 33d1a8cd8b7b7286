/* Isolation: status, uid_map and mountinfo as hostile as a container can make them; whole processes from a tree. */
#include "source/background/isolation.h"

#include "tree.h"
#include "vctop/base/strbuf.h"

#define IN(s) s, sizeof(s) - 1

static void test_status(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		bool has_uid, has_caps;
		uint64_t uid, eff, bnd;
		int seccomp, nnp;
		unsigned levels;
		pid_t ppid;
	} rows[] = {
	        {IN(""), false, false, 0, 0, 0, -1, -1, 0, 0},
	        {IN("Name:\tsh\nPPid:\t7\nUid:\t0\t1000\t0\t0\nNSpid:\t3091\t1\nCapEff:\t00000000a80425fb\nCapBnd:"
	            "\t00000000a80425ff\n"
	            "NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n"),
	         true, true, 1000, 0xa80425fb, 0xa80425ff, 2, 1, 2, 7},
	        /* Only one of the sets, junk for the numbers, values out of range. */
	        {IN("CapEff:\tffff\n"), false, false, 0, 0xffff, 0, -1, -1, 0, 0},
	        {IN("CapBnd:\tffff\n"), false, false, 0, 0, 0, -1, -1, 0, 0},
	        {IN("CapEff:\t0000000000000000f\nCapBnd:\t1\n"), false, true, 0, 0xf, 1, -1, -1, 0, 0},
	        {IN("CapEff:\tfffffffffffffffff\nCapBnd:\t1\n"), false, false, 0, 0, 0, -1, -1, 0, 0},
	        {IN("CapEff:\tzz\nCapBnd:\t12x\nSeccomp:\t3\nNoNewPrivs:\t2\nUid:\tx\ty\nPPid:\t99999999999\n"), false,
	         false, 0, 0, 0, -1, -1, 0, 0},
	        {IN("Uid:\t5"), false, false, 0, 0, 0, -1, -1, 0, 0},
	        {IN("Seccomp:"), false, false, 0, 0, 0, -1, -1, 0, 0},
	        /* A name cannot make a line of its own: the kernel writes its newline as two characters. */
	        {IN("Name:\tx\\nSeccomp:\t0\nSeccomp:\t2\n"), false, false, 0, 0, 0, 2, -1, 0, 0},
	        {IN("\0\xff\n\nSeccomp:\t1\n"), false, false, 0, 0, 0, 1, -1, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct status_facts f;
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		status_parse(buf, rows[i].len, &f);
		if (f.has_uid != rows[i].has_uid || f.has_caps != rows[i].has_caps || f.seccomp != rows[i].seccomp ||
		    f.no_new_privs != rows[i].nnp || f.pid_levels != rows[i].levels || f.ppid != rows[i].ppid ||
		    (f.has_uid && f.uid != rows[i].uid) ||
		    (f.has_caps && (f.cap_eff != rows[i].eff || f.cap_bnd != rows[i].bnd)))
			fail_row(i, "%s", rows[i].in);
	}
}

static void test_uid_map(void **state)
{
	(void)state;
	static const struct {
		const char *in;
		size_t len;
		bool known, identity, has_root;
		uint64_t root, count;
	} rows[] = {
	        {IN(""), false, false, false, 0, 0},
	        {IN("         0          0 4294967295\n"), true, true, true, 0, 4294967295},
	        {IN("0 1000 1\n1 100000 65536\n"), true, false, true, 1000, 1},
	        {IN("0 100000 65536\n"), true, false, true, 100000, 65536},
	        {IN("1000 1000 1\n"), true, false, false, 0, 0},
	        {IN("0 0 0\n"), false, false, false, 0, 0},
	        {IN("0 -1 5\nx y z\n0 99999999999999999999 1\n"), false, false, false, 0, 0},
	        {IN("0 0"), false, false, false, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct uid_map m;
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		uid_map_parse(buf, rows[i].len, &m);
		if (m.known != rows[i].known || m.identity != rows[i].identity || m.has_root != rows[i].has_root ||
		    m.root != rows[i].root || m.root_count != rows[i].count)
			fail_row(i, "%s", rows[i].in);
	}
}

static const char host_text[] = "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
                                "23 27 0:22 / /sys rw,relatime - sysfs sysfs rw\n"
                                "24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw\n"
                                "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
                                "28 27 0:25 / /run rw - tmpfs tmpfs rw\n"
                                "29 27 0:60 /@data /var/lib/docker rw - btrfs /dev/vdb rw\n"
                                "36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n";

static void test_mountinfo(void **state)
{
	(void)state;
	static const char root[] = "50 49 0:40 / / rw,relatime - overlay overlay rw,lowerdir=/a\n";
	static const struct {
		const char *in;
		size_t len;
		bool own_pid, seen, ro, masked;
		const char *given;
	} rows[] = {
	        {IN(""), true, false, false, false, ""},
	        {root, sizeof(root) - 1, true, true, false, false, ""},
	        /* The superblock's "ro" is not the mount's, nor the other way round. */
	        {IN("50 49 0:40 / / ro,relatime - overlay overlay rw\n"), true, true, true, false, ""},
	        {IN("50 49 0:40 / / rw,relatime shared:1 master:2 - overlay overlay ro\n"), true, true, false, false,
	         ""},
	        {IN("50 49 0:40 / / rw - x y rw\n51 49 0:41 / / ro - x y rw\n"), true, true, true, false, ""},
	        {IN("1 1 0:9 /null /proc/kcore rw - tmpfs tmpfs rw\n"), true, false, false, true, ""},
	        {IN("1 1 0:9 /sys /proc/sys ro - proc proc rw\n"), true, false, false, true, ""},
	        {IN("1 1 0:9 /sys /proc/sys rw - proc proc rw\n"), true, false, false, false, ""},
	        {IN("1 1 0:25 /docker.sock /x rw - tmpfs tmpfs rw\n1 1 254:0 /srv/podman.sock /y ro - ext4 x rw\n"),
	         true, false, false, false, "docker.sock, podman.sock"},
	        {IN("1 1 254:0 / /host rw - ext4 x rw\n2 1 254:0 /etc /e ro - ext4 x rw\n3 1 254:0 /etc/hosts "
	            "/etc/hosts rw - ext4 x rw\n"),
	         true, false, false, false, "/, /etc (ro)"},
	        /* The same device and path elsewhere, another device, a directory below. */
	        {IN("1 1 0:25 / /mnt rw - tmpfs x rw\n2 1 0:60 /@data /d rw - btrfs x rw\n3 1 0:60 /@data/x /d rw - "
	            "btrfs x rw\n"),
	         true, false, false, false, "/run, /var/lib/docker"},
	        {IN("1 1 254:0 /usr /usr ro - ext4 x rw\n"), true, false, false, false, ""},
	        {IN("1 1 254:0 /usr /usr rw - ext4 x rw\n"), true, false, false, false, "/usr"},
	        {IN("1 1 0:21 / /proc rw - proc proc rw\n"), false, false, false, false, ""},
	        {IN("1 1 0:21 / /proc rw - proc proc rw\n"), true, false, false, false, "/proc"},
	        {IN("1 1 0:21 / /hp rw - proc proc rw\n"), false, false, false, false, "/proc"},
	        {IN("1 1 0:22 / /sys ro - sysfs sysfs rw\n"), true, false, false, false, ""},
	        {IN("1 1 0:6 / /dev rw - devtmpfs d rw\n"), true, false, false, false, "/dev"},
	        {IN("1 1 0:6 /null /dev/null rw - devtmpfs d rw\n"), true, false, false, false, ""},
	        /* Said once. */
	        {IN("1 1 254:0 /etc /a rw - e x rw\n2 1 254:0 /etc /b rw - e x rw\n3 1 254:0 /etc /c ro - e x rw\n"),
	         true, false, false, false, "/etc, /etc (ro)"},
	        /* Cut and malformed lines are passed over. */
	        {IN("50 49 0:40 / /"), true, false, false, false, ""},
	        {IN("50 49 0:40 / / ro - overlay"), true, false, false, false, ""},
	        {IN("x 49 0:40 / / ro - o o rw\n - \n\n\0\0\n50 49 - - -\n"), true, false, false, false, ""},
	};
	struct host_mounts host;
	host_mounts_parse(IN(host_text), &host);
	assert_string_equal(host.devices, "sys/fs/cgroup/devices");
	assert_true(host_mounts_has(&host, 27));
	assert_false(host_mounts_has(&host, 26));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct mount_facts f;
		cleanup_free char *buf = exact(rows[i].in, rows[i].len);
		mount_facts_parse(buf, rows[i].len, &host, rows[i].own_pid, &f);
		if (f.root_seen != rows[i].seen || f.read_only_root != rows[i].ro || f.masked != rows[i].masked ||
		    strcmp(f.given, rows[i].given) != 0)
			fail_row(i, "%s: given '%s'", rows[i].in, f.given);
	}
	host_mounts_release(&host);
	host_mounts_parse("", 0, &host);
	assert_false(host_mounts_has(&host, 0));
	host_mounts_release(&host);
}

/* Every directory there is, many times: the list stays within its bounds and says that it is cut. */
static void test_many_mounts(void **state)
{
	(void)state;
	static const char *const all[] = {"",
	                                  "etc",
	                                  "root",
	                                  "home",
	                                  "boot",
	                                  "usr",
	                                  "var",
	                                  "var/lib",
	                                  "var/lib/docker",
	                                  "var/lib/containers",
	                                  "var/lib/containerd",
	                                  "var/lib/kubelet",
	                                  "run"};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct host_mounts host;
	struct mount_facts f;
	host_mounts_parse(IN("27 1 254:0 / / rw - ext4 x rw\n"), &host);
	for (int k = 0; k < 3000; k++)
		strbuf_fmt(&text, "%d 1 254:0 /%s /m rw,%s - ext4 x rw\n", k, all[(size_t)k % ARRAY_SIZE(all)],
		           k % 2 ? "ro" : "x");
	mount_facts_parse(text.buf, text.len, &host, true, &f);
	assert_true(strlen(f.given) < sizeof(f.given));
	assert_string_equal(f.given + strlen(f.given) - 5, ", ...");
	host_mounts_release(&host);
}

/* ---- whole processes ---- */

static void write_ns(const struct tree *t, const char *pid, const char *own)
{
	static const char *const first[] = {"pid:[4026531836]",    "mnt:[4026531832]", "net:[4026531833]",
	                                    "ipc:[4026531839]",    "uts:[4026531838]", "user:[4026531837]",
	                                    "cgroup:[4026531835]", "time:[4026531834]"};
	for (enum ns_type n = 0; n < NS_MAX; n++) {
		cleanup_free char *path = xasprintf("proc/%s/ns/%s", pid, ns_type_name(n));
		cleanup_free char *link = xasprintf("%s:[402653%d]", ns_type_name(n), 9000 + atoi(pid) * 10 + (int)n);
		tree_link(t, path, strstr(own, ns_type_name(n)) ? link : first[n]);
	}
}

static void write_host(const struct tree *t)
{
	write_ns(t, "1", "");
	tree_write(t, "proc/1/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCapBnd:\t000001fffeffffff\n");
	tree_write(t, "proc/1/mountinfo", host_text);
}

static void write_process(const struct tree *t, const char *status, const char *map, const char *mounts)
{
	tree_write(t, "proc/50/status", status);
	tree_write(t, "proc/50/uid_map", map);
	tree_write(t, "proc/50/mountinfo", mounts);
	tree_write(t, "proc/50/cgroup", "5:devices:/docker/x\n0::/docker/x\n");
}

#define OVERLAY "50 49 0:40 / / rw - overlay overlay rw\n"
#define MASK "51 50 0:9 /null /proc/keys rw - tmpfs tmpfs rw\n"
#define ALLCAPS "CapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\n"
#define HOSTMAP "0 0 4294967295\n"

static void test_container(void **state)
{
	(void)state;
	static const struct {
		const char *own, *status, *map, *mounts, *devices;
		const char *summary;
		int privileged;
	} rows[] = {
	        {"pid mnt net ipc uts",
	         "Uid:\t0\t0\t0\t0\nNSpid:\t50\t1\nCapEff:\t00000000a80425fb\nCapBnd:\t0\nSeccomp:\t2\n", HOSTMAP,
	         OVERLAY MASK, "c 1:3 rwm\n", "own: pid mnt net ipc uts; root; 14 caps; seccomp filter", 0},
	        {"pid mnt", "Uid:\t0\t0\t0\t0\nNSpid:\t50\t1\n" ALLCAPS "Seccomp:\t0\n", HOSTMAP, OVERLAY,
	         "a *:* rwm\n", "privileged; own: pid mnt; root; all caps; no seccomp", 1},
	        /* Each condition alone decides. */
	        {"pid mnt", "Uid:\t0\t0\t0\t0\n" ALLCAPS "Seccomp:\t2\n", HOSTMAP, OVERLAY, "a *:* rwm\n",
	         "own: pid mnt; root; all caps; seccomp filter", 0},
	        {"pid mnt", "Uid:\t0\t0\t0\t0\n" ALLCAPS "Seccomp:\t0\n", HOSTMAP, OVERLAY MASK, "a *:* rwm\n",
	         "own: pid mnt; root; all caps; no seccomp", 0},
	        {"pid mnt", "Uid:\t0\t0\t0\t0\n" ALLCAPS "Seccomp:\t0\n", HOSTMAP, OVERLAY, "c 1:3 rwm\n",
	         "own: pid mnt; root; all caps; no seccomp", 0},
	        {"pid mnt user", "Uid:\t1000\t1000\t0\t0\n" ALLCAPS "Seccomp:\t0\n", "0 1000 1\n1 100000 65536\n",
	         OVERLAY, "a *:* rwm\n", "own: pid mnt user; rootless 1000; all caps; no seccomp", 0},
	        {"pid mnt user", "PPid:\t60\nUid:\t100000\t100000\t0\t0\n" ALLCAPS "Seccomp:\t0\n", "0 100000 65536\n",
	         OVERLAY, "a *:* rwm\n", "own: pid mnt user; userns 100000; all caps; no seccomp", 0},
	        /* Docker that does not know what was split off CAP_SYS_ADMIN. */
	        {"pid mnt", "Uid:\t0\t0\t0\t0\nCapEff:\t0000003ffeffffff\nCapBnd:\t0\nSeccomp:\t0\n", HOSTMAP, OVERLAY,
	         "a *:* rwm\n", "privileged; own: pid mnt; root; 37 caps; no seccomp", 1},
	        {"mnt", "Uid:\t5\t5\t5\t5\nCapEff:\t0000000000000000\nCapBnd:\t0\nSeccomp:\t2\n", HOSTMAP,
	         "50 49 0:40 / / ro - overlay overlay rw\n51 50 0:25 /docker.sock /s rw - tmpfs t rw\n", "",
	         "own: mnt; uid 5; no caps; seccomp filter; read-only /; holds the host's docker.sock", 0},
	        /* Nothing can be read. */
	        {"", "", "", "", "", "no namespace of its own; holds the host's /", -1},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tree t;
		struct arena a = {0};
		struct isolation_host host;
		struct isolation got;
		tree_init(&t);
		write_host(&t);
		write_ns(&t, "50", rows[i].own);
		write_process(&t, rows[i].status, rows[i].map, rows[i].mounts);
		tree_write(&t, "proc/60/status", "Uid:\t0\t0\t0\t0\n");
		tree_write(&t, "sys/fs/cgroup/devices/docker/x/devices.list", rows[i].devices);
		struct rootfs *fs = rootfs_open(t.root, NULL);
		isolation_host_read(fs, &host);
		isolation_container(fs, &host, (struct isolated){50, NULL}, &a, &got);
		if (strcmp(got.summary, rows[i].summary) != 0)
			fail_row(i, "%s", got.summary);
		if (metric_is_ok(got.privileged) ? got.privileged.v != rows[i].privileged : rows[i].privileged >= 0)
			fail_row(i, "privileged: %s", got.privileged.why ? got.privileged.why : "yes or no");
		if (!metric_is_ok(got.privileged))
			assert_non_null(got.privileged.why);
		isolation_host_release(&host);
		arena_release(&a);
		rootfs_close(fs);
		tree_release(&t);
	}
}

static int denied_links(void *data, const char *op, const char *path)
{
	(void)data;
	return strcmp(op, "readlink") == 0 && strstr(path, "/ns/") ? -EACCES : 0;
}

/* Unprivileged: the links are hidden; what can be told otherwise is, the rest is unknown. */
static void test_unprivileged(void **state)
{
	(void)state;
	struct tree t;
	struct arena a = {0};
	struct isolation_host host;
	struct isolation got;
	tree_init(&t);
	write_host(&t);
	write_process(&t, "Uid:\t0\t0\t0\t0\nNSpid:\t50\t1\nCapEff:\t00000000a80425fb\nCapBnd:\t0\nSeccomp:\t2\n",
	              HOSTMAP, OVERLAY);
	struct rootfs *fs = rootfs_open(t.root, NULL);
	rootfs_set_fault(fs, denied_links, NULL);
	isolation_host_read(fs, &host);
	isolation_container(fs, &host, (struct isolated){50, NULL}, &a, &got);
	assert_int_equal(got.ns[NS_PID], NS_OWN);
	assert_int_equal(got.ns[NS_MNT], NS_OWN);
	assert_int_equal(got.ns[NS_USER], NS_HOST);
	assert_int_equal(got.ns[NS_IPC], NS_UNKNOWN);
	assert_int_equal(got.ns[NS_NET], NS_UNKNOWN);
	assert_string_equal(got.summary, "own: pid mnt; root; 14 caps; seccomp filter");
	isolation_host_release(&host);
	arena_release(&a);
	rootfs_close(fs);
	tree_release(&t);
}

static void test_vm(void **state)
{
	(void)state;
	struct tree t;
	struct arena a = {0};
	struct isolation_host host;
	struct isolation got;
	tree_init(&t);
	write_host(&t);
	write_ns(&t, "50", "mnt");
	write_process(&t,
	              "Uid:\t64055\t64055\t0\t0\nCapEff:\t0000000000000000\nCapBnd:\t0\nSeccomp:\t2\nNoNewPrivs:\t1\n",
	              HOSTMAP, OVERLAY);
	tree_link(&t, "proc/50/exe", "/usr/bin/qemu-system-x86_64\033[31m (deleted)");
	tree_write(&t, "proc/50/attr/apparmor/current", "libvirt-1 (enforce)\n");
	tree_write(&t, "proc/50/attr/current", "another");
	struct rootfs *fs = rootfs_open(t.root, NULL);
	isolation_host_read(fs, &host);
	isolation_vm(fs, &host, (struct isolated){50, NULL}, &a, &got);
	assert_string_equal(got.kernel, "own");
	assert_string_equal(got.summary, "own kernel; guarded by qemu-system-x86_64?[31m as uid 64055, seccomp");
	assert_string_equal(
	        got.guard,
	        "qemu-system-x86_64?[31m as uid 64055; no caps; seccomp filter; libvirt-1 (enforce); its own: mnt");
	assert_string_equal(got.lsm, "libvirt-1 (enforce)");
	assert_int_equal(got.ns[NS_MNT], NS_UNKNOWN);
	assert_false(metric_is_ok(got.privileged));
	/* Gone meanwhile. */
	isolation_vm(fs, &host, (struct isolated){51, NULL}, &a, &got);
	assert_string_equal(got.kernel, "own");
	assert_false(metric_is_ok(got.uid));
	assert_non_null(got.uid.why);
	isolation_host_release(&host);
	arena_release(&a);
	rootfs_close(fs);
	tree_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_status),    cmocka_unit_test(test_uid_map),
	        cmocka_unit_test(test_mountinfo), cmocka_unit_test(test_many_mounts),
	        cmocka_unit_test(test_container), cmocka_unit_test(test_unprivileged),
	        cmocka_unit_test(test_vm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
