/* Supervisors: what the process tree and live-restore say of the death of a daemon; daemons that come, go and lie. */
#include "source/background/supervisor.h"

#include "tree.h"

#define IN(s) s, sizeof(s) - 1

static void test_judge(void **state)
{
	(void)state;
	static const struct {
		const char *daemon;
		struct monitor m;
		bool has_daemon, running;
		enum live_restore restore;
		const char *survives, *evidence;
	} rows[] = {
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         true,
	         RESTORE_NO,
	         "yes",
	         "its containerd-shim's parent is 1, own process group: a crash of dockerd leaves it running; "
	         "dockerd's stop or next "
	         "start ends it, without live-restore"},
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         false,
	         RESTORE_NO,
	         "yes",
	         "its containerd-shim's parent is 1, own process group: dockerd is gone and it runs on; dockerd's stop "
	         "or next start ends "
	         "it, without live-restore"},
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         true,
	         RESTORE_ARGV,
	         "configured",
	         "its containerd-shim's parent is 1, own process group: a crash of dockerd leaves it running; "
	         "--live-restore keeps it "
	         "through dockerd's stop and next start"},
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         true,
	         RESTORE_FILE,
	         "configured",
	         "its containerd-shim's parent is 1, own process group: a crash of dockerd leaves it running; "
	         "live-restore in "
	         "/etc/docker/daemon.json keeps it through dockerd's stop and next start"},
	        /* A child of the daemon dies with it, whatever is configured. */
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 5, .pgrp = 9, .parent_comm = "dockerd"},
	         true,
	         true,
	         RESTORE_ARGV,
	         "no",
	         "its containerd-shim's parent is dockerd (5), own process group: it falls with that"},
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 5, .pgrp = 9, .parent_comm = "systemd"},
	         true,
	         true,
	         RESTORE_NO,
	         "yes",
	         "its containerd-shim's parent is systemd (5), own process group: a crash of dockerd leaves it "
	         "running; dockerd's stop or "
	         "next start ends it, without live-restore"},
	        {"dockerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 5},
	         true,
	         true,
	         RESTORE_NO,
	         "unknown",
	         "its containerd-shim's parent is 1, process group of another"},
	        {"dockerd", {.name = NULL}, true, true, RESTORE_NO, "unknown", "its shim was not found"},
	        {"dockerd", {.name = NULL}, true, true, RESTORE_FILE, "configured", "its shim was not found"},
	        {"dockerd", {.name = NULL}, false, false, RESTORE_NO, "unknown", "its shim was not found"},
	        {"containerd",
	         {.name = "containerd-shim", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         true,
	         RESTORE_UNKNOWN,
	         "yes",
	         "its containerd-shim's parent is 1, own process group"},
	        {"crio",
	         {.name = "conmon", .pid = 9, .parent = 1, .pgrp = 9},
	         true,
	         true,
	         RESTORE_UNKNOWN,
	         "yes",
	         "its conmon's parent is 1, own process group"},
	        {NULL,
	         {.name = "conmon", .pid = 9, .parent = 1, .pgrp = 9},
	         false,
	         false,
	         RESTORE_NO,
	         "yes",
	         "no daemon; the death of its conmon (9) costs its log and exit code, not it"},
	        {NULL,
	         {.name = "systemd-nspawn", .pid = 9, .parent = 1, .pgrp = 9},
	         false,
	         false,
	         RESTORE_NO,
	         "no",
	         "no daemon; the death of its systemd-nspawn (9) ends it"},
	        {NULL,
	         {.name = "lxc monitor", .pid = 9, .parent = 1, .pgrp = 9},
	         false,
	         false,
	         RESTORE_NO,
	         "no",
	         "no daemon; the death of its lxc monitor (9) ends it"},
	        {NULL,
	         {.name = NULL, .parent = 4, .parent_comm = "bash"},
	         false,
	         false,
	         RESTORE_NO,
	         "yes",
	         "no daemon; its parent is bash (4)"},
	        {NULL, {.name = NULL}, false, false, RESTORE_NO, "yes", "no daemon and no monitor"},
	        {"libvirtd",
	         {.pid = 30, .parent = 1, .pgrp = 30},
	         true,
	         true,
	         RESTORE_UNKNOWN,
	         "yes",
	         "its VMM's parent is 1; libvirtd finds it again when it starts"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char config[] = "etc/docker/daemon.json";
		struct daemon d = {.name = rows[i].daemon,
		                   .running = rows[i].running,
		                   .restore = rows[i].restore,
		                   .config = config};
		struct arena a = {0};
		struct supervisor got = {0};
		supervisor_judge(&rows[i].m, rows[i].has_daemon ? &d : NULL, rows[i].daemon, &a, &got);
		if (strcmp(got.survives, rows[i].survives) != 0 || strcmp(got.evidence, rows[i].evidence) != 0)
			fail_row(i, "%s: %s", got.survives, got.evidence);
		assert_int_equal(metric_is_ok(got.monitor_pid), rows[i].m.name != NULL);
		arena_release(&a);
	}
}

static void test_daemon_json(void **state)
{
	(void)state;
	assert_true(daemon_json_restores(IN("{\"live-restore\": true, \"data-root\": \"/x\"}")));
	assert_false(daemon_json_restores(IN("{\"live-restore\": \"true\"}")));
	assert_false(daemon_json_restores(IN("{\"live-restore\": false}")));
	assert_false(daemon_json_restores(IN("{\"live-restore\": true")));
	assert_false(daemon_json_restores(IN("[true]")));
	assert_false(daemon_json_restores("", 0));
	assert_false(daemon_json_restores(IN("\xff\0{}")));
}

static void put_process(const struct tree *t, int pid, int ppid, const char *comm, int uid, const char *cmdline,
                        size_t n)
{
	cleanup_free char *stat = xasprintf("proc/%d/stat", pid), *status = xasprintf("proc/%d/status", pid);
	cleanup_free char *name = xasprintf("proc/%d/comm", pid), *args = xasprintf("proc/%d/cmdline", pid);
	cleanup_free char *line = xasprintf("%d (%s) S %d %d 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0\n", pid, comm,
	                                    ppid, pid, pid * 10);
	cleanup_free char *rights = xasprintf("PPid:\t%d\nUid:\t%d\t%d\t%d\t%d\n", ppid, uid, uid, uid, uid),
	                  *text = xasprintf("%s\n", comm);
	tree_write(t, stat, line);
	tree_write(t, status, rights);
	tree_write(t, name, text);
	tree_write_n(t, args, cmdline, n);
}

struct world {
	struct tree t;
	struct rootfs *fs;
	struct proctab procs;
	struct daemons d;
};

static void look(void *data, const struct process *p)
{
	daemons_look(data, p);
}

static void tick(struct world *w, int64_t now)
{
	w->procs.swept_usec = 0;
	proctab_update(&w->procs, w->fs, look, &w->d);
	daemons_update(&w->d, &w->procs, now);
}

static void world_init(struct world *w)
{
	*w = (struct world){0};
	proctab_init(&w->procs, NULL);
	tree_init(&w->t);
	tree_mkdir(&w->t, "proc");
	tree_write(&w->t, ".clock", "100000000 100000000 100000000\n");
	tree_write(&w->t, "etc/docker/daemon.json", "{\"live-restore\": true}");
	tree_write(&w->t, "etc/passwd", "root:x:0:0::/root:/bin/sh\nbroken\nu:x:1000:1000:U:/home/u:/bin/sh\n");
	w->fs = rootfs_open(w->t.root, NULL);
	assert_non_null(w->fs);
	w->d.fs = w->fs;
}

static void world_end(struct world *w)
{
	daemons_release(&w->d);
	proctab_release(&w->procs, w->fs);
	rootfs_close(w->fs);
	tree_release(&w->t);
}

static struct daemon *by_pid(const struct world *w, pid_t pid)
{
	for (size_t i = 0; i < w->d.all.n; i++)
		if (w->d.all.v[i]->pid == pid)
			return w->d.all.v[i];
	return NULL;
}

static struct daemon *known(const struct world *w, pid_t pid)
{
	struct daemon *d = by_pid(w, pid);
	if (!d) {
		fail_msg("no daemon %d", (int)pid);
		abort();
	}
	return d;
}

static void test_daemons(void **state)
{
	(void)state;
	struct world w;
	world_init(&w);
	put_process(&w.t, 10, 1, "dockerd", 0, IN("dockerd\0-H\0fd://\0"));
	put_process(&w.t, 11, 10, "containerd", 0, IN("containerd\0--config\0/x\0"));
	put_process(&w.t, 12, 10, "dockerd", 0, IN("dockerd\0-H\0fd://\0")); /* a fork that has not exec'ed */
	put_process(&w.t, 20, 1, "dockerd", 0,
	            IN("dockerd\0--data-root=/srv/d/\0--exec-root\0/var/run/e\0--live-restore=false\0"));
	put_process(&w.t, 30, 1, "dockerd", 1000, IN("dockerd\0--config-file\0/etc/shadow\0"));
	put_process(&w.t, 40, 1, "dockerd", 0, "", 0); /* a zombie */
	tree_write(&w.t, "home/u/.config/docker/daemon.json", "{\"live-restore\": false}");
	tick(&w, 100000000);
	struct daemon *d = known(&w, 10);
	assert_string_equal(d->root, "var/lib/docker");
	assert_string_equal(d->exec_root, "run/docker");
	assert_int_equal(d->restore, RESTORE_FILE);
	assert_true(known(&w, 11)->helper);
	assert_null(by_pid(&w, 12));
	assert_null(by_pid(&w, 40));
	d = known(&w, 20);
	assert_string_equal(d->root, "srv/d");
	assert_string_equal(d->exec_root, "run/e");
	assert_int_equal(d->restore, RESTORE_NO);
	/* Not root's: its command line opens no file for us. */
	d = known(&w, 30);
	assert_string_equal(d->config, "home/u/.config/docker/daemon.json");
	assert_string_equal(d->root, "home/u/.local/share/docker");
	assert_int_equal(d->restore, RESTORE_NO);
	/* One ends; it is forgotten only when nothing hangs on it. */
	unsigned changes = w.d.changes;
	tree_write(&w.t, "proc/20/stat", "20 (dockerd) Z 1 20 7 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 200 0 0 0\n");
	tick(&w, 103000000);
	assert_false(known(&w, 20)->running);
	assert_true(w.d.changes > changes);
	known(&w, 20)->refs = 1;
	daemons_trim(&w.d);
	assert_non_null(by_pid(&w, 20));
	known(&w, 20)->refs = 0;
	daemons_trim(&w.d);
	assert_null(by_pid(&w, 20));
	world_end(&w);
}

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* Two daemons with data of their own, and a user's program that calls itself one. */
static void test_find(void **state)
{
	(void)state;
	struct world w;
	struct arena a = {0};
	struct supervisor got;
	world_init(&w);
	put_process(&w.t, 10, 1, "dockerd", 0, IN("dockerd\0"));
	put_process(&w.t, 20, 1, "dockerd", 0, IN("dockerd\0--data-root\0/srv/d\0--exec-root\0/srv/e\0"));
	put_process(&w.t, 30, 1, "dockerd", 1000, IN("dockerd\0--data-root\0/srv/other\0"));
	put_process(&w.t, 50, 1, "containerd-shim", 0,
	            IN("containerd-shim-runc-v2\0-namespace\0moby\0-id\0" ID
	               "\0-address\0/srv/e/containerd/containerd.sock\0"));
	put_process(&w.t, 51, 50, "sh", 0, IN("sh\0"));
	put_process(&w.t, 60, 1, "containerd-shim", 0, IN("containerd-shim-runc-v2\0-namespace\0k8s.io\0"));
	put_process(&w.t, 61, 60, "sh", 0, IN("sh\0"));
	put_process(&w.t, 70, 1, "lxc-start", 0, IN("[lxc monitor] /var/lib/incus/containers c1\0"));
	put_process(&w.t, 71, 70, "init", 0, IN("init\0"));
	tick(&w, 100000000);
	struct instance i = {.kind = INSTANCE_CONTAINER,
	                     .runtime = "docker",
	                     .id = "docker:x",
	                     .state = INSTANCE_RUNNING,
	                     .pid = 51,
	                     .name_from = "/srv/d/containers/" ID "/config.v2.json"};
	assert_int_equal(supervisor_find(&w.d, &i, 0, &a, &got)->pid, 20);
	assert_string_equal(got.monitor, "containerd-shim");
	assert_int_equal((int)got.monitor_pid.v, 50);
	assert_true(got.daemon_running.v == 1);
	i.name_from = NULL; /* the shim's socket tells it as well */
	assert_int_equal(supervisor_find(&w.d, &i, 0, &a, &got)->pid, 20);
	i.name_from = "/srv/d/165536.165536/containers/" ID "/config.v2.json";
	assert_int_equal(supervisor_find(&w.d, &i, 0, &a, &got)->pid, 20);
	/* The only one with that data root is another user's: not this container's daemon. */
	i.name_from = "/srv/other/containers/" ID "/config.v2.json";
	struct daemon *absent = supervisor_find(&w.d, &i, 0, &a, &got);
	assert_false(absent->running);
	assert_true(got.daemon_running.v == 0);
	assert_string_equal(got.survives, "yes");
	i = (struct instance){.kind = INSTANCE_CONTAINER,
	                      .runtime = "kubernetes",
	                      .id = "kubernetes:x",
	                      .state = INSTANCE_RUNNING,
	                      .pid = 61};
	(void)supervisor_find(&w.d, &i, 0, &a, &got);
	assert_string_equal(got.daemon, "containerd");
	assert_true(got.daemon_running.v == 0);
	i = (struct instance){
	        .kind = INSTANCE_CONTAINER, .runtime = "lxc", .id = "lxc:x", .state = INSTANCE_RUNNING, .pid = 71};
	(void)supervisor_find(&w.d, &i, 0, &a, &got);
	assert_string_equal(got.daemon, "incusd");
	assert_string_equal(got.monitor, "lxc monitor");
	/* Stopped, and gone between two readings. */
	i = (struct instance){.kind = INSTANCE_CONTAINER,
	                      .runtime = "docker",
	                      .id = "docker:x",
	                      .state = INSTANCE_STOPPED,
	                      .name_from = "/var/lib/docker/containers/" ID "/config.v2.json"};
	assert_int_equal(supervisor_find(&w.d, &i, 0, &a, &got)->pid, 10);
	assert_null(got.survives);
	i = (struct instance){.kind = INSTANCE_CONTAINER,
	                      .runtime = "podman",
	                      .id = "podman:x",
	                      .state = INSTANCE_RUNNING,
	                      .pid = 999};
	assert_null(supervisor_find(&w.d, &i, 0, &a, &got));
	assert_null(got.daemon);
	assert_string_equal(got.survives, "yes");
	arena_release(&a);
	world_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_judge),
	        cmocka_unit_test(test_daemon_json),
	        cmocka_unit_test(test_daemons),
	        cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
