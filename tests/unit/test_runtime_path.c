/* Whose container is the group at this path: every runtime's forms, what only looks like one, and what means harm. */
#include "source/runtime/runtime.h"
#include "tree.h"
#include "unit.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KNOWN "1111111111111111111111111111111111111111111111111111111111111111"
#define UID "12345678-aaaa-bbbb-cccc-0123456789ab"
#define UID_ "12345678_aaaa_bbbb_cccc_0123456789ab"
#define GUID "01234567-89ab-cdef-0123-456789abcdef"
#define USER "/user.slice/user-1000.slice/user@1000.service"
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

struct expect {
	const char *path, *runtime, *id; /* runtime NULL: no container */
};

static const struct expect rows[] = {
        /* Docker */
        {"/system.slice/docker-" A ".scope", "docker", A},
        {"/docker/" A, "docker", A},
        {USER "/user.slice/docker-" A ".scope", "docker", A},
        {"/my.slice/docker-" A ".scope", "docker", A},
        {"/system.slice/docker-" A ".scope/init.scope", NULL, NULL},
        {"/docker/" A "/docker/" B, "docker", B},
        {"/docker/" A "/system.slice/docker-" B ".scope", "docker", B},
        {"/docker", NULL, NULL},
        {"/docker/" A "/container", NULL, NULL},
        {"/docker/buildx", NULL, NULL},
        {"/xdocker/" A, NULL, NULL},
        {"/docker/x" A, NULL, NULL},
        {"/docker/" A "0", NULL, NULL},
        {"/system.slice/docker-" A ".service", NULL, NULL},
        {"/system.slice/docker-" A, NULL, NULL},
        {"/system.slice/docker-" A ".scope.d", NULL, NULL},
        {"/system.slice/docker.service", NULL, NULL},
        {"/system.slice/docker-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA.scope", NULL, NULL},
        /* ECS */
        {"/ecs/0123456789abcdef0123456789abcdef/" A, "docker", A},
        {"/ecstasks.slice/ecstasks-0123456789abcdef0123456789abcdef.slice/docker-" A ".scope", "docker", A},
        {"/ecs/0123456789abcdef0123456789abcdef", NULL, NULL},
        {"/ecs/" A, NULL, NULL},
        /* Podman */
        {"/machine.slice/libpod-" A ".scope", "podman", A},
        {"/machine.slice/libpod-" A ".scope/container", NULL, NULL},
        {"/libpod_parent/libpod-" A, "podman", A},
        {"/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", "podman", A},
        {"/machine.slice/machine-libpod_pod_" B ".slice", NULL, NULL},
        {"/libpod_parent/" B, NULL, NULL},
        {"/libpod_parent/" B "/libpod-" A, "podman", A},
        {"/system.slice/web.service/libpod-payload-" A, "podman", A},
        {"/system.slice/web.service/runtime", NULL, NULL},
        {"/machine.slice/libpod-conmon-" A ".scope", NULL, NULL},
        {"/libpod_parent/conmon", NULL, NULL},
        {USER "/user.slice/libpod-" A ".scope", "podman", A},
        {"/machine.slice/libpod-" A "x.scope", NULL, NULL},
        {"/machine.slice/libpod-.scope", NULL, NULL},
        /* Kubernetes: containerd, CRI-O, cri-dockerd */
        {"/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" A ".scope", "containerd", A},
        {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A ".scope",
         "containerd", A},
        {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice", NULL, NULL},
        {"/kubepods/burstable/pod" UID "/" A, "kubernetes", A},
        {"/kubepods/besteffort/pod" UID "/" A, "kubernetes", A},
        {"/kubepods/pod" UID "/" A, "kubernetes", A},
        {"/kubepods/pod0123456789abcdef0123456789abcdef/" A, "kubernetes", A}, /* static pods have no dashes */
        {"/kubelet/kubepods/burstable/pod" UID "/" A, "kubernetes", A},
        {"/kubepods/burstable/pod" UID "/" KNOWN, "docker", KNOWN}, /* its files tell */
        {"/kubepods/burstable/pod" UID, NULL, NULL},
        {"/burstable/pod" UID "/" A, NULL, NULL},
        {"/kubepods/burstable/podium/" A, NULL, NULL},
        {"/kubepods/burstable/pod" UID "/" A "/init.scope", NULL, NULL},
        {"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" A, "containerd", A},
        {"/docker/" B "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_ ".slice/cri-containerd-" A
         ".scope",
         "containerd", A},
        {"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" A ".scope", "cri-o", A},
        {"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" A ".scope/container", NULL, NULL},
        {"/kubepods/burstable/pod" UID "/crio-" A, "cri-o", A},
        {"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" A ".scope", NULL, NULL},
        {"/kubepods/burstable/pod" UID "/crio-conmon-" A, NULL, NULL},
        {"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" A ".scope", "docker", A},
        /* nerdctl, ctr, plain names: only what files know */
        {"/system.slice/nerdctl-" A ".scope", "nerdctl", A},
        {"/default/" A, NULL, NULL},
        {"/default/" KNOWN, "docker", KNOWN},
        {"/default/redis", "containerd", "default/redis"},
        {"/default/redis/sub", NULL, NULL},
        {"/redis", NULL, NULL},
        {"/" A, NULL, NULL},
        {"/by-hand", "runc", "by-hand"},
        {"/by-hand2", NULL, NULL},
        {"/x/by-hand", NULL, NULL},
        /* runc, crun, buildah */
        {"/system.slice/runc-web.scope", "runc", "web"},
        {"/system.slice/runc-my\\x2dweb.scope", "runc", "my-web"},
        {"/system.slice/crun-web.scope", "crun", "web"},
        {"/system.slice/crun-web.scope/container", NULL, NULL},
        {"/system.slice/runc-.scope", NULL, NULL},
        {"/system.slice/runc-web.service", NULL, NULL},
        {"/buildah-buildah3424165443", "buildah", "buildah-buildah3424165443"},
        {"/user.slice/buildah-buildah-buildah3424165443.scope", "buildah", "buildah-buildah3424165443"},
        {"/buildah-buildah", NULL, NULL},
        {"/buildah-mine", NULL, NULL},
        /* LXC, Incus, LXD */
        {"/lxc.payload.web", "lxc", "web"},
        {"/lxc.payload.web-2", "lxc", "web-2"}, /* nobody knows a web */
        {"/lxc.payload.base-1", "lxc", "base"}, /* base is known: the first group was in the way */
        {"/lxc.payload.base-x", "lxc", "base-x"},
        {"/lxc.payload.box", "incus", "box"},
        {"/lxc.payload.box-7", "incus", "box"},
        {"/lxc.payload.dev_box", "lxc", "dev_box"},
        {"/lxc.monitor.web", NULL, NULL},
        {"/lxc.pivot", NULL, NULL},
        {"/lxc.payload.", NULL, NULL},
        {"/lxc.payload.web/init.scope", NULL, NULL},
        {"/lxc.payload.web/lxc.payload.in", "lxc", "in"},
        {"/lxc.payload/web", "lxc", "web"},
        {"/lxc.monitor/101", NULL, NULL},
        {"/lxc/101", "lxc", "101"},
        {"/lxc/101/ns", NULL, NULL},
        {"/lxc/lxc", "lxc", "lxc"},
        {"/lxc/lxc/init.scope", NULL, NULL},
        {"/lxc/lxc/lxc/in", "lxc", "in"},
        {"/docker/" A "/lxc/web", "lxc", "web"},
        {"/lxc", NULL, NULL},
        /* machined */
        {"/machine.slice/systemd-nspawn@web.service", "nspawn", "web"},
        {"/machine.slice/systemd-nspawn@my\\x2dbox.service", "nspawn", "my-box"},
        {"/machine.slice/systemd-nspawn@web.service/payload", NULL, NULL},
        {"/machine.slice/systemd-nspawn@web.service/supervisor", NULL, NULL},
        {"/machine.slice/machine-my\\x2dbox.scope", "nspawn", "my-box"},
        {"/machine.slice/machine-box.scope/payload", NULL, NULL},
        {"/machine.slice/machine-qemu\\x2d3\\x2dguest.scope", NULL, NULL},
        {"/machine.slice/machine-lxc\\x2d4711\\x2dweb.scope", "libvirt-lxc", "web"},
        {"/machine.slice/machine-lxc\\x2dweb.scope", "nspawn", "lxc-web"},
        {"/system.slice/machine-box.scope", NULL, NULL},
        {"/machine.slice/machine-.scope", NULL, NULL},
        {"/qemu.slice/100.scope", NULL, NULL},
        {"/machine/guest.libvirt-qemu", NULL, NULL},
        /* desktop */
        {USER "/app.slice/app-flatpak-org.gnome.Maps-300.scope", "flatpak", "org.gnome.Maps-300"},
        {USER "/app.slice/app-flatpak-org.x.Tool\\x2dkit-300.scope", "flatpak", "org.x.Tool-kit-300"},
        {USER "/app.slice/app-flatpak-org.gnome.Maps.scope", NULL, NULL},
        {USER "/app.slice/app-gnome-foot-300.scope", NULL, NULL},
        {USER "/app.slice/snap.firefox.firefox-" GUID ".scope", "snap", "firefox.firefox-" GUID},
        {"/system.slice/snap.lxd.daemon.service", "snap", "lxd.daemon"},
        {"/system.slice/snap.core.hook.configure-" GUID ".scope", "snap", "core.hook.configure-" GUID},
        {"/system.slice/snapd.service", NULL, NULL},
        {"/system.slice/snap.one.service", NULL, NULL},
        {"/system.slice/snap..x.service", NULL, NULL},
        /* Garden */
        {"/garden/" GUID, "garden", GUID},
        {"/system.slice/garden.service/garden/good/" GUID, "garden", GUID},
        {"/garden/bad/" GUID "-task", "garden", GUID "-task"},
        {"/" GUID, NULL, NULL},
        {"/good/" GUID, NULL, NULL},
        {"/garden/init", NULL, NULL},
        {"/garden/0123456789012345678901234567890123456789", NULL, NULL},
        /* vctop's own */
        {"/vctop/ct-web", "vctop", "web"},
        {"/x/vctop/ct-web", NULL, NULL},
        /* hostile and odd */
        {"", NULL, NULL},
        {"/", NULL, NULL},
        {"//", NULL, NULL},
        {"no-slash", NULL, NULL},
        {"/docker/", NULL, NULL},
        {"/docker//" A, NULL, NULL},
        {"/machine.slice/machine-a\\x00b.scope", "nspawn", "a\\x00b"}, /* a NUL would cut the name */
        {"/machine.slice/machine-a\\x2fb.scope", "nspawn", "a\\x2fb"}, /* a slash would make it a path */
        {"/machine.slice/machine-\\xzz\\x2.scope", "nspawn", "\\xzz\\x2"},
        {"/machine.slice/machine-\\x1b.scope", "nspawn", "\x1b"}, /* cleaned where it is shown */
        {"/lxc.payload." X50 X50 X50 X50 X50, NULL, NULL},        /* longer than a name can be */
        {"/system.slice/system-" X50 ".slice", NULL, NULL},
        {"/system.slice/ssh.service", NULL, NULL},
        {"/init.scope", NULL, NULL},
        {"/\xff\xfe/" A, NULL, NULL},
};

static void known_facts(struct facts_table *t)
{
	extern const struct runtime_ops runtime_docker, runtime_containerd, runtime_runc, runtime_lxc, runtime_incus;
	facts_table_init(t, NULL, NULL);
	(void)facts_put(t, KNOWN, &runtime_docker);
	facts_set_cgroup(t, facts_put(t, "default/redis", &runtime_containerd), "/default/redis");
	facts_set_cgroup(t, facts_put(t, "by-hand", &runtime_runc), "/by-hand");
	facts_set_cgroup(t, facts_put(t, "root", &runtime_runc), "/");
	facts_set_cgroup(t, facts_put(t, "relative", &runtime_runc), "init.scope");
	facts_set_cgroup(t, facts_put(t, "climbing", &runtime_runc), "/x/../init.scope");
	(void)facts_put(t, "base", &runtime_lxc);
	(void)facts_put(t, "box", &runtime_incus);
}

static void test_paths(void **state)
{
	(void)state;
	struct facts_table t;
	known_facts(&t);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char id[RUNTIME_ID_MAX];
		char *path = exact(rows[i].path, strlen(rows[i].path) + 1);
		memset(id, '!', sizeof(id));
		const struct runtime_ops *rt = runtime_of_path(&t, path, id);
		const char *name = rt ? rt->name : NULL;
		if (!name != !rows[i].runtime || (name && strcmp(name, rows[i].runtime) != 0))
			fail_row(i, "%s: %s, not %s", rows[i].path, name ? name : "none",
			         rows[i].runtime ? rows[i].runtime : "none");
		if (name && strcmp(id, rows[i].id) != 0)
			fail_row(i, "%s: id %s, not %s", rows[i].path, id, rows[i].id);
		free(path);
	}
	facts_table_release(&t);
}

static void test_pods(void **state)
{
	(void)state;
	static const struct {
		const char *path, *pod;
	} pods[] = {
	        {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/cri-containerd-" A
	         ".scope",
	         UID},
	        {"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-" A ".scope", UID},
	        {"/kubepods/besteffort/pod" UID "/" A, UID},
	        {"/kubepods/pod0123456789abcdef0123456789abcdef/" A, "0123456789abcdef0123456789abcdef"},
	        {"/kubepods/pod" UID, NULL}, /* the pod itself */
	        {"/kubepods/podium/" A, NULL},
	        {"/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", "0123456789ab"},
	        {"/libpod_parent/" B "/libpod-" A, "0123456789ab"},
	        {"/libpod_parent/libpod-" A, NULL},
	        {"/libpod_parent/" B, NULL},
	        {"/ecs/0123456789abcdef/" A, "0123456789abcdef"},
	        {"/ecs/" A, NULL},
	        {"/docker/" A, NULL},
	        {"", NULL},
	        {"/", NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		cleanup_free char *pod = runtime_pod_of_path(pods[i].path);
		if (!pod != !pods[i].pod || (pod && strcmp(pod, pods[i].pod) != 0))
			fail_row(i, "%s: %s", pods[i].path, pod ? pod : "none");
	}
}

static void test_titles(void **state)
{
	(void)state;
	extern const struct runtime_ops runtime_snap, runtime_flatpak, runtime_incus;
	static const struct {
		const struct runtime_ops *rt;
		const char *id, *title;
	} titles[] = {
	        {&runtime_snap, "firefox.firefox-" GUID, "firefox.firefox"},
	        {&runtime_snap, "lxd.daemon", "lxd.daemon"},
	        {&runtime_snap, "x.y-" X50, "x.y-" X50},
	        {&runtime_flatpak, "org.gnome.Maps-300", "org.gnome.Maps"},
	        {&runtime_incus, "dev_db", "db"},
	        {&runtime_incus, "db", "db"},
	        {&runtime_incus, "db_", "db_"},
	        {&runtime_incus, "", ""},
	};
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		const char *at;
		size_t n = titles[i].rt->title(titles[i].id, &at);
		if (n != strlen(titles[i].title) || memcmp(at, titles[i].title, n) != 0)
			fail_row(i, "%s: %.*s", titles[i].id, (int)n, at);
	}
}

/* Names of two runtimes stay apart; ids of 64 digits are one's alone; what a file no longer says is gone. */
static void test_facts(void **state)
{
	(void)state;
	extern const struct runtime_ops runtime_lxc, runtime_runc, runtime_docker, runtime_containerd;
	struct facts_table t;
	facts_table_init(&t, NULL, NULL);
	struct facts *lxc = facts_put(&t, "web", &runtime_lxc), *runc = facts_put(&t, "web", &runtime_runc);
	assert_ptr_not_equal(lxc, runc);
	assert_ptr_equal(facts_get(&t, &runtime_lxc, "web"), lxc);
	assert_null(facts_get(&t, &runtime_docker, "web"));
	struct facts *f = facts_put(&t, A, &runtime_docker);
	assert_ptr_equal(facts_put(&t, A, &runtime_containerd), f);
	facts_set(&f->name, "x");
	for (int i = 0; i < 200; i++)
		facts_label(f, "k", "v");
	assert_int_equal(f->labels_n, 64);
	facts_set_cgroup(&t, f, "/a");
	facts_set_cgroup(&t, f, "/b");
	assert_null(map_get(&t.by_cgroup, "/a"));
	assert_ptr_equal(map_get(&t.by_cgroup, "/b"), f);
	facts_set_cgroup(&t, runc, "/b"); /* the last to say so has it, and taking it back is its own affair */
	(void)facts_put(&t, A, &runtime_docker);
	assert_null(f->name);
	assert_int_equal(f->labels_n, 0);
	assert_ptr_equal(map_get(&t.by_cgroup, "/b"), runc);
	facts_table_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_paths),
	        cmocka_unit_test(test_pods),
	        cmocka_unit_test(test_titles),
	        cmocka_unit_test(test_facts),
	};
	return cmocka_run_group_tests_name("runtime_path", tests, NULL, NULL);
}
