/*
 * A sample VM: QEMU boots a kernel with our one program as init.  It reports on its second serial port: QEMU writes
 * what comes to a file, and takes orders for it (order.c) from a socket in the sample's own directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/cgroup.h"
#include "lab/initramfs.h"
#include "lab/lab.h"
#include "lab/proctable.h"
#include "lab/spawn.h"
#include "lab/workload/orders.h"
#include "vctop/base/clock.h"

/* A guest under KVM is up within 2 s; one that hangs (nested or paravirtual KVM) never gets there. */
#define KVM_READY_MSEC 8000
/* Emulated: 2 s on a free machine, much longer on a busy one. */
#define TCG_READY_MSEC 60000

#if defined(__aarch64__)
#define MACHINE "virt"
#define CONSOLE "ttyAMA0"
#define HAS_SECOND_SERIAL 0
#else
#define MACHINE "q35"
#define CONSOLE "ttyS0"
#define HAS_SECOND_SERIAL 1
#endif

struct vm {
	struct launch *ln;
	const char *accel;
	bool sandbox;
	unsigned limit_msec;
	char dir[256];
	char *qemu, *kernel;
	int log; /* QEMU's stdout and stderr */
	VEC(char *) argv;
};

static void vm_release(struct vm *vm)
{
	free(vm->qemu);
	free(vm->kernel);
	attr_closep(&vm->log);
	for (size_t i = 0; i < vm->argv.n; i++)
		free(vm->argv.v[i]);
	vec_free(&vm->argv);
}

static void arg(struct vm *vm, const char *fmt, ...) ATTR_PRINTF(2, 3);
static void arg(struct vm *vm, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	vec_push(&vm->argv, s);
}

static void args(struct vm *vm, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		arg(vm, "%.*s", (int)n, list);
		list += n + (list[n] == ' ');
	}
}

static void add_uuid(struct vm *vm)
{
	char uuid[40] = "";
	cleanup_close int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, uuid, 36) == 36) {
		arg(vm, "-uuid");
		arg(vm, "%s", uuid);
	}
}

/* No -cpu with KVM: "host" aborts under some nested KVMs, and the default boots everywhere. */
static void build_argv(struct vm *vm)
{
	const struct launched *l = &vm->ln->l;
	bool tcg = strcmp(vm->accel, "tcg") == 0;
	arg(vm, "%s", vm->qemu);
	args(vm, "-name");
	arg(vm, "vctop-%s,debug-threads=on", l->name);
	add_uuid(vm);
	args(vm, "-machine " MACHINE " -nodefaults -no-user-config -display none -no-reboot -accel");
	arg(vm, "%s", vm->accel);
	if (tcg || !HAS_SECOND_SERIAL)
		args(vm, "-cpu max");
	args(vm, "-m");
	arg(vm, "%llu", (unsigned long long)(l->memory >> 20));
	args(vm, "-smp");
	arg(vm, "%u", launch_threads(l));
	if (HAS_SECOND_SERIAL) {
		args(vm, "-serial");
		arg(vm, "file:%s/console", vm->dir);
	}
	/* Told and heard through a socket; what the guest says is in the file also while nobody is connected. */
	args(vm, "-chardev");
	arg(vm, "socket,id=orders,path=%s/" SAMPLE_ORDERS ",server=on,wait=off,logfile=%s/" SAMPLE_ANSWERS, vm->dir,
	    vm->dir);
	args(vm, "-serial chardev:orders");
	args(vm, "-kernel");
	arg(vm, "%s", vm->kernel);
	args(vm, "-initrd");
	arg(vm, "%s/initrd", vm->dir);
	args(vm, "-append");
	arg(vm, "console=" CONSOLE " quiet panic=-1 vctop.workload=%s vctop.threads=%u vctop.bytes=%llu", l->workload,
	    launch_threads(l), (unsigned long long)launch_bytes(l));
	if (vm->sandbox)
		args(vm, "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny");
	vec_push(&vm->argv, NULL);
}

static int create(const struct vm *vm, const char *file, int *ret_fd, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/%s", vm->dir, file);
	*ret_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_APPEND, 0600);
	return *ret_fd < 0 ? error_set(err, errno, "%s: %s", path, strerror(errno)) : 0;
}

static int write_initramfs(const struct vm *vm, struct error *err)
{
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_strbuf struct strbuf image = STRBUF_INIT;
	cleanup_close int fd = -1;
	int r = workload_read(&program, err);
	if (r < 0)
		return r;
	initramfs_build(program.buf, program.len, &image);
	r = create(vm, "initrd", &fd, err);
	for (size_t done = 0; r == 0 && done < image.len;) {
		ssize_t n = write(fd, image.buf + done, image.len - done);
		if (n <= 0)
			return error_set(err, n < 0 ? errno : EIO, "%s/initrd: %s", vm->dir,
			                 strerror(n < 0 ? errno : EIO));
		done += (size_t)n;
	}
	return r;
}

static void run_qemu(void *data, int report)
{
	struct vm *vm = data;
	(void)report; /* the guest reports, not QEMU */
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	(void)umask(077);
	spawn_child_fds(null, vm->log, vm->log, -1);
	(void)execv(vm->argv.v[0], vm->argv.v);
	dprintf(2, "%s: %s\n", vm->argv.v[0], strerror(errno));
	_exit(127);
}

/* Without root there is no cgroup: the VM runs where its starter runs. */
static int prepare(struct vm *vm, struct error *err)
{
	struct launch *ln = vm->ln;
	const struct cgroup_limits none = {0};
	int r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = reg_make_dir(&ln->reg, ln->leaf, vm->dir, sizeof(vm->dir), err);
	if (r == 0 && geteuid() == 0)
		r = lab_cgroup_make(ln->leaf, &none, err);
	reg_unlock(&ln->reg);
	if (r == 0)
		r = write_initramfs(vm, err);
	if (r == 0)
		r = create(vm, "log", &vm->log, err);
	return r;
}

static bool has_reported(const struct vm *vm)
{
	char text[4096];
	cleanup_free char *path = xasprintf("%s/" SAMPLE_ANSWERS, vm->dir);
	cleanup_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	return n > 0 && memmem(text, (size_t)n, ANSWER_READY, strlen(ANSWER_READY));
}

static int await_guest(const struct vm *vm, const struct detached_child *c, struct error *err)
{
	int64_t until = clock_mono_usec() + vm->limit_msec * 1000LL;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	while (!has_reported(vm)) {
		int r = launch_interrupted(vm->ln, err);
		if (r < 0)
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "%s: the guest did not report in %u s under %s",
			                 vm->ln->l.name, vm->limit_msec / 1000,
			                 strcmp(vm->accel, "kvm") == 0 ? "KVM" : "TCG");
		if (poll(&p, 1, 20) > 0) {
			char text[2048] = "", line[320];
			ssize_t n = pread(vm->log, text, sizeof(text) - 1, 0);
			text[n > 0 ? n : 0] = '\0';
			return error_set(err, ECHILD, "%s: %s", vm->ln->l.name,
			                 n > 0 ? spawn_first_line(text, line, sizeof(line))
			                       : "the guest ended while it was booting (more --memory?)");
		}
	}
	return 0;
}

static int start_qemu(struct vm *vm, struct detached_child *child, struct error *err)
{
	struct launch *ln = vm->ln;
	const struct detached d = {run_qemu, vm, 0};
	build_argv(vm);
	int r = spawn_detached(&d, child);
	if (r < 0)
		return error_set(err, -r, "%s: %s", ln->l.name, strerror(-r));
	ln->l.pid = child->pid;
	r = launch_record(ln, err);
	if (r == 0 && geteuid() == 0)
		r = lab_cgroup_attach(ln->leaf, child->pid, err);
	if (r == 0 && spawn_go(child) < 0)
		r = error_set(err, ECHILD, "%s: QEMU ended at once", ln->l.name);
	return r;
}

/* The guest boots at full speed: a tenth of a core would turn 2 s of boot into 20, and say nothing about the VM. */
static int cap_cpu(const struct launch *ln, struct error *err)
{
	if (geteuid() != 0 || ceil(ln->l.cpus) <= ln->l.cpus)
		return 0;
	return lab_cgroup_limit_cpu(ln->leaf, ln->l.cpus, err);
}

static int attempt(struct launch *ln, const char *accel, unsigned limit_msec, bool sandbox, bool *ret_no_sandbox,
                   struct error *err)
{
	struct vm vm = {.ln = ln, .accel = accel, .sandbox = sandbox, .limit_msec = limit_msec, .log = -1};
	cleanup_detached struct detached_child child = DETACHED_INIT;
	struct error local = {0};
	vm.qemu = qemu_find(&local);
	vm.kernel = vm.qemu ? kernel_find(&local) : NULL;
	int r = vm.kernel ? prepare(&vm, &local) : -ENOENT;
	int64_t started = clock_mono_usec();
	if (r == 0)
		r = start_qemu(&vm, &child, &local);
	if (r == 0)
		r = await_guest(&vm, &child, &local);
	ln->ready_sec = (double)(clock_mono_usec() - started) / 1e6;
	if (r == 0) {
		cleanup_free char *initrd = xasprintf("%s/initrd", vm.dir);
		(void)unlink(initrd); /* in the guest's memory now */
		r = cap_cpu(ln, &local);
	}
	*ret_no_sandbox = r == -ECHILD && sandbox && strstr(local.what, "sandbox");
	if (r < 0 && err)
		*err = local;
	vm_release(&vm);
	return r;
}

static int launch_with(struct launch *ln, const char *accel, unsigned limit_msec, struct error *err)
{
	bool no_sandbox = false;
	int r = attempt(ln, accel, limit_msec, true, &no_sandbox, err);
	return no_sandbox ? attempt(ln, accel, limit_msec, false, &no_sandbox, err) : r;
}

static int check_tcg(struct error *err)
{
	cleanup_free char *qemu = qemu_find(err);
	cleanup_free char *kernel = qemu ? kernel_find(err) : NULL;
	cleanup_free char *workload = kernel ? workload_find(err) : NULL;
	return workload ? 0 : -ENOENT;
}

static int check_kvm(struct error *err)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "/dev/kvm: %s", strerror(errno));
	(void)close(fd);
	return check_tcg(err);
}

static int launch_kvm(struct launch *ln, struct error *err)
{
	return launch_with(ln, "kvm", KVM_READY_MSEC, err);
}

static int launch_tcg(struct launch *ln, struct error *err)
{
	return launch_with(ln, "tcg", TCG_READY_MSEC, err);
}

const struct backend backend_kvm = {"kvm", "vm", false, check_kvm, launch_kvm, NULL};
const struct backend backend_tcg = {"tcg", "vm", false, check_tcg, launch_tcg, NULL};
