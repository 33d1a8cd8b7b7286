/*
 * The iterator over all processes against the files of each, on this machine: those that are here, and one of our own
 * that has namespaces, a root and fewer rights than PID 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "own_group.h"
#include "source/background/isolation.h"
#include "source/bpf/processes.h"
#include "source/cgroup/cgroup.h"
#include "unit.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/text.h"
#include "vctop/source/process.h"

static struct {
	struct rootfs *fs;
	struct cgroup_tree tree;
} here;

/* In namespaces of its own but that of users, in another root, without CAP_SYS_ADMIN (21) and not to get it back. */
static pid_t stand_apart(void)
{
	int ready[2];
	char c;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		bool ok = unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNS) == 0 &&
		          chroot("/tmp") == 0 && prctl(PR_CAPBSET_DROP, 21) == 0 &&
		          prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
		ssize_t w = write(ready[1], ok ? "y" : "n", 1);
		while (w > 0)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

/* Where PID 1 is hidden from iterators: in a pid namespace of our own, whose PID 1 this becomes.  Returns in there. */
static void enter_namespace(void)
{
	int status;
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return;
	pid_t pid = fork();
	if (pid > 0) {
		(void)waitpid(pid, &status, 0);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	(void)mount("proc", "/proc", "proc", 0, NULL);
}

static void hide_from_nobody(void)
{
	here.fs = rootfs_open("/", NULL);
	(void)cgroup_tree_open(&here.tree, here.fs);
	struct process_bulk *b = process_bulk_open(&here.tree.types, &here.tree.mounts);
	bool hidden = b && process_bulk_read(b, here.fs) == -ESRCH;
	process_bulk_close(b);
	cgroup_tree_close(&here.tree);
	rootfs_close(here.fs);
	if (hidden)
		enter_namespace();
}

static int set_up(void **state)
{
	(void)state;
	here.fs = rootfs_open("/", NULL);
	return cgroup_tree_open(&here.tree, here.fs);
}

static int tear_down(void **state)
{
	(void)state;
	cgroup_tree_close(&here.tree);
	rootfs_close(here.fs);
	return 0;
}

static struct process_bulk *open_or_skip(void)
{
	struct process_bulk *b = process_bulk_open(&here.tree.types, &here.tree.mounts);
	if (!b) {
		print_message("# skipped: this kernel or these rights have no iterator over tasks\n");
		skip();
	}
	return b;
}

static void link_of(pid_t pid, const char *name, struct strbuf *ret)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/ns/%s", (int)pid, name);
	if (rootfs_readlink(here.fs, path, ret) < 0)
		strbuf_clear(ret);
}

static void compare_namespaces(const struct process_told *t)
{
	cleanup_strbuf struct strbuf its = STRBUF_INIT, first = STRBUF_INIT, net = STRBUF_INIT;
	for (enum ns_type n = 0; n < NS_MAX; n++) {
		link_of(t->pid, ns_type_name(n), &its);
		link_of(1, ns_type_name(n), &first);
		if (its.len && first.len && (t->ns[n] == NS_HOST) != (strcmp(its.buf, first.buf) == 0))
			fail_row(t->pid, "%s: %s, PID 1's %s, told %d", ns_type_name(n), its.buf, first.buf, t->ns[n]);
	}
	link_of(t->pid, "net", &its);
	strbuf_fmt(&net, "net:[%llu]", (unsigned long long)t->net_ns);
	assert_string_equal(its.buf, net.buf);
}

static void compare_root(const struct process_told *t)
{
	struct rootfs_place its, first;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/root", (int)t->pid);
	if (rootfs_place(here.fs, path, &its) && rootfs_place(here.fs, "proc/1/root", &first))
		assert_int_equal(t->hosts_root, its.mount == first.mount && its.inode == first.inode);
}

static void compare_group(const struct process_told *t)
{
	cleanup_strbuf struct strbuf group = STRBUF_INIT, path = STRBUF_INIT;
	struct stat st;
	if (!here.tree.mounts.walk || cgroup_of_pid(&here.tree, t->pid, &group) < 0)
		return;
	strbuf_fmt(&path, "%s%s", here.tree.mounts.walk, group.buf);
	if (rootfs_stat(here.fs, path.buf, &st) == 0)
		assert_int_equal(t->group, st.st_ino);
}

/* What does not change unless the process does it; both readings of its files say whether it did. */
struct read {
	struct process_stat stat;
	struct status_facts status;
};

static bool read_files(pid_t pid, struct read *ret)
{
	memset(ret, 0, sizeof(*ret));
	return process_read_stat(here.fs, pid, &ret->stat) == 0 && status_read(here.fs, pid, &ret->status) == 0;
}

static void compare_read(const struct process_told *t, const struct read *r)
{
	char comm[64];
	const struct status_facts *f = &r->status;
	(void)snprintf(comm, sizeof(comm), "%s", t->comm);
	assert_string_equal(text_clean(comm, sizeof(comm)), r->stat.comm);
	assert_int_equal(t->start_ticks, r->stat.start_ticks);
	assert_int_equal(t->ppid, r->stat.ppid);
	assert_int_equal(t->ppid, f->ppid);
	assert_int_equal(t->threads, r->stat.threads);
	assert_int_equal(t->stack, r->stat.stack);
	assert_int_equal(t->euid, f->uid);
	assert_int_equal(t->cap_eff, f->cap_eff);
	assert_int_equal(t->cap_bnd, f->cap_bnd);
	assert_int_equal(t->seccomp, f->seccomp);
	assert_int_equal(t->no_new_privs, f->no_new_privs);
	assert_int_equal(t->pid_levels, f->pid_levels);
}

static bool has_ended(const struct read *r)
{
	return r->stat.state == 'Z' || r->stat.state == 'X';
}

/* Whether it runs or sleeps is not told, and changes at any time. */
static bool is_same(const struct read *a, const struct read *b)
{
	return a->stat.start_ticks == b->stat.start_ticks && a->stat.stack == b->stat.stack &&
	       a->stat.ppid == b->stat.ppid && a->stat.threads == b->stat.threads && has_ended(a) == has_ended(b) &&
	       strcmp(a->stat.comm, b->stat.comm) == 0 && a->status.cap_eff == b->status.cap_eff;
}

/* The end of the link to its file; another program may have come since. */
static void compare_program(const struct process_told *t)
{
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/exe", (int)t->pid);
	if (!*t->program || rootfs_readlink(here.fs, path, &link) < 0)
		return;
	char *deleted = strstr(link.buf, " (deleted)");
	if (deleted)
		*deleted = '\0';
	assert_string_equal(t->program, strrchr(link.buf, '/') + 1);
}

static bool compare(struct process_bulk *b, pid_t pid)
{
	struct read before, after;
	if (!read_files(pid, &before))
		return false;
	assert_int_equal(process_bulk_read(b, here.fs), 0);
	const struct process_told *t = process_bulk_find(b, pid);
	if (!read_files(pid, &after) || !is_same(&before, &after))
		return false;
	if (!t) {
		assert_true(has_ended(&after));
		return false;
	}
	assert_int_equal(t->kernel, after.stat.stack == 0);
	if (t->kernel) {
		assert_int_equal(t->start_ticks, after.stat.start_ticks);
		return true;
	}
	compare_read(t, &after);
	compare_namespaces(t);
	compare_root(t);
	compare_group(t);
	compare_program(t);
	return true;
}

static void test_what_is_told_is_in_the_files(void **state)
{
	(void)state;
	struct rootfs_names names = {.text = STRBUF_INIT};
	struct process_bulk *b = open_or_skip();
	unsigned compared = 0;
	assert_int_equal(rootfs_list(here.fs, "proc", true, &names), 0);
	for (size_t i = 0; i < names.at.n; i++) {
		int pid = atoi(rootfs_name(&names, i));
		compared += pid > 0 && compare(b, pid);
	}
	rootfs_names_release(&names);
	process_bulk_close(b);
	print_message("# %u processes compared\n", compared);
	assert_true(compared > 0);
}

static void test_one_that_stands_apart(void **state)
{
	(void)state;
	struct process_bulk *b = open_or_skip();
	pid_t pid = stand_apart();
	bool compared = compare(b, pid);
	const struct process_told *t = process_bulk_find(b, pid), *own = process_bulk_find(b, getpid());
	assert_true(compared);
	assert_non_null(t);
	assert_non_null(own);
	assert_int_equal(t->ns[NS_NET], NS_OWN);
	assert_int_equal(t->ns[NS_PID], own->ns[NS_PID]);
	assert_true(t->net_ns != own->net_ns);
	assert_false(t->hosts_root);
	assert_int_equal(t->no_new_privs, 1);
	assert_true((t->cap_bnd >> 21 & 1) == 0);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	assert_int_equal(process_bulk_read(b, here.fs), 0);
	assert_null(process_bulk_find(b, pid));
	process_bulk_close(b);
}

/* A file of one name, mounted on one of another, as which it runs. */
static pid_t run_mounted(char *file)
{
	int ready[2];
	char c, self[4096] = "";
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) >
	            0); /* the link itself is of another namespace */
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		    mount(self, file, NULL, MS_BIND, NULL) == 0)
			(void)execl(file, file, "wait", (char *)NULL);
		_exit(1);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 0); /* the exec has closed it */
	(void)close(ready[0]);
	return pid;
}

static void test_the_name_of_a_mounted_program(void **state)
{
	(void)state;
	char file[] = "/tmp/vctop-programXXXXXX";
	struct process_bulk *b = open_or_skip();
	int fd = mkstemp(file);
	assert_true(fd >= 0);
	(void)close(fd);
	pid_t pid = run_mounted(file);
	bool compared = compare(b, pid);
	const struct process_told *t = process_bulk_find(b, pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)unlink(file);
	bool same = compared && !*t->program; /* the link says how it is called */
	process_bulk_close(b);
	if (!compared)
		skip(); /* the loader runs this program here, and is not it */
	assert_true(same);
}

static void test_who_has_ended_is_not_told(void **state)
{
	(void)state;
	struct process_bulk *b = open_or_skip();
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_bulk_read(b, here.fs), 0);
	assert_null(process_bulk_find(b, pid)); /* a zombie */
	(void)waitpid(pid, NULL, 0);
	process_bulk_forget(b);
	assert_null(process_bulk_find(b, getpid()));
	process_bulk_close(b);
}

static void *sleep_on(void *data)
{
	for (;;)
		(void)pause();
	return data;
}

/* A process in the group, whose first thread has ended where told so. */
static pid_t fork_into(const char *group, bool ends)
{
	pthread_t second;
	pid_t pid = fork();
	if (pid == 0) {
		cleanup_free char *path = xasprintf("%s/cgroup.procs", group);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (fd < 0 || write(fd, "0", 1) != 1 || pthread_create(&second, NULL, sleep_on, NULL) != 0)
			_exit(1);
		if (ends)
			(void)syscall(SYS_exit, 0); /* this thread alone; pthread_exit() would load a library */
		(void)sleep_on(NULL);
	}
	return pid;
}

/* The first of those in the group: the one that is wanted, or whoever it still is after 2 s. */
static pid_t wait_for_first(struct process_bulk *b, const char *group, pid_t wanted)
{
	struct stat st;
	pid_t first = 0;
	assert_int_equal(stat(group, &st), 0);
	for (int tries = 0; tries < 200 && (tries == 0 || first != wanted); tries++) {
		(void)usleep(10000);
		assert_int_equal(process_bulk_read(b, here.fs), 0);
		first = process_bulk_first_in(b, st.st_ino);
	}
	return first;
}

static void end(pid_t pid)
{
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
}

static void test_the_first_in_a_group(void **state)
{
	(void)state;
	struct process_bulk *b = open_or_skip();
	const char *walk = here.tree.mounts.walk;
	char group[4096]; /* another such test may run, as process 1 of its namespace as well */
	(void)snprintf(group, sizeof(group), "/%s/vctop-processes-XXXXXX", walk ? walk : "");
	if (!walk || !mkdtemp(group)) {
		print_message("# skipped: no group can be made: %s\n", strerror(errno));
		process_bulk_close(b);
		skip();
	}
	remember_group(group);
	assert_int_equal(wait_for_first(b, group, 0), 0);
	pid_t first = fork_into(group, true);
	assert_int_equal(wait_for_first(b, group, first), first);
	(void)usleep(20000); /* a clock tick, by which they are told apart */
	pid_t second = fork_into(group, false);
	for (int tries = 0; tries < 200 && !process_bulk_find(b, second); tries++) {
		(void)usleep(10000);
		assert_int_equal(wait_for_first(b, group, first), first);
	}
	/* Nothing can be told of it, but it is the one. */
	assert_null(process_bulk_find(b, first));
	assert_non_null(process_bulk_find(b, second));
	end(first);
	assert_int_equal(wait_for_first(b, group, second), second);
	end(second);
	assert_int_equal(wait_for_first(b, group, 0), 0);
	for (int tries = 0; tries < 100 && rmdir(group) < 0 && errno == EBUSY; tries++)
		(void)usleep(10000);
	process_bulk_close(b);
}

int main(int argc, char **argv)
{
	(void)argv;
	while (argc > 1)
		(void)pause(); /* run_mounted() */
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_is_told_is_in_the_files),  cmocka_unit_test(test_one_that_stands_apart),
	        cmocka_unit_test(test_the_name_of_a_mounted_program), cmocka_unit_test(test_who_has_ended_is_not_told),
	        cmocka_unit_test(test_the_first_in_a_group),
	};
	hide_from_nobody();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
