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

#include "lab/backend/initramfs.h"
#include "lab/lab.h"
#include "lab/tool/cgroup.h"
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "lab/workload/orders.h"
#include "vctop/base/clock.h"

/* A guest under KVM is up within 2 s; one that hangs (nested or paravirtual KVM) never gets there. */
#define KVM_READY_MSEC 8000
/* Emulated: 2 s on a free machine, much longer on a busy one. */
#define TCG_READY_MSEC 60000

/* A distribution starts hundreds of programs before it asks for a login. */
#define DISK_PATIENCE 5

#if defined(__aarch64__)
#define MACHINE "virt"
#define HAS_MICROVM 0
#define CONSOLE "ttyAMA0"
#define HAS_SECOND_SERIAL 0
#else
#define MACHINE "q35"
#define HAS_MICROVM 1
#define CONSOLE "ttyS0"
#define HAS_SECOND_SERIAL 1
#endif

/* One way to run QEMU. */
struct vm_kind {
	const char *accel; /* "kvm" or "tcg" */
	bool micro;        /* the machine without PCI, firmware menus and legacy devices */
	unsigned limit_msec;
};

struct vm {
	struct launch *ln;
	const struct vm_kind *kind;
	bool sandbox;
	char *dir;
	char *qemu, *kernel;
	int log; /* QEMU's stdout and stderr */
	VEC(char *) argv;
};

static void vm_release(struct vm *vm)
{
	free(vm->qemu);
	free(vm->kernel);
	free(vm->dir);
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

/* Told and heard through a socket; what the guest says is in the file also while nobody is connected. */
static void add_ports(struct vm *vm)
{
	if (HAS_SECOND_SERIAL && !vm->kind->micro && !vm->ln->disk) {
		args(vm, "-serial");
		arg(vm, "file:%s/console", vm->dir);
	}
	args(vm, "-chardev");
	arg(vm, "socket,id=orders,path=%s/" SAMPLE_ORDERS ",server=on,wait=off,logfile=%s/" SAMPLE_ANSWERS, vm->dir,
	    vm->dir);
	args(vm, "-serial chardev:orders");
	if (vm->ln->monitor) {
		args(vm, "-qmp");
		arg(vm, "unix:%s/" SAMPLE_MONITOR ",server=on,wait=off", vm->dir);
	}
	if (vm->ln->balloon != BALLOON_NONE) {
		args(vm, "-device");
		arg(vm, "virtio-balloon-pci,id=balloon%s",
		    vm->ln->balloon == BALLOON_REPORTING ? ",free-page-reporting=on" : "");
	}
}

static void add_kernel(struct vm *vm)
{
	const struct launched *l = &vm->ln->l;
	args(vm, "-kernel");
	arg(vm, "%s", vm->kernel);
	args(vm, "-initrd");
	arg(vm, "%s/" SAMPLE_INITRD, vm->dir);
	args(vm, "-append");
	/* The one port of a microvm is ours, not the kernel's; it has no keyboard controller to be reset by. */
	arg(vm, "%s quiet panic=-1 vctop.workload=%s vctop.threads=%u vctop.bytes=%llu",
	    vm->kind->micro ? "reboot=t" : "console=" CONSOLE, l->workload, launch_threads(l),
	    (unsigned long long)launch_bytes(vm->ln));
}

/* What the guest writes goes to a file that QEMU has deleted already. In an option, a comma is written twice. */
static void add_disk(struct vm *vm)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	for (const char *p = vm->ln->disk; *p; p++) {
		strbuf_char(&path, *p);
		if (*p == ',')
			strbuf_char(&path, ',');
	}
	args(vm, "-snapshot -drive");
	arg(vm, "if=virtio,file=%s", path.buf);
}

/* No -cpu with KVM: "host" aborts under some nested KVMs, and the default boots everywhere. */
static void build_argv(struct vm *vm)
{
	const struct launched *l = &vm->ln->l;
	bool tcg = strcmp(vm->kind->accel, "tcg") == 0, micro = vm->kind->micro;
	arg(vm, "%s", vm->qemu);
	args(vm, "-name");
	arg(vm, "vctop-%s,debug-threads=on", l->name);
	add_uuid(vm);
	args(vm, micro ? "-machine microvm,acpi=off" : "-machine " MACHINE); /* see vm_can_balloon */
	args(vm, "-nodefaults -no-user-config -display none -no-reboot -accel");
	arg(vm, "%s", vm->kind->accel);
	if (tcg || !HAS_SECOND_SERIAL)
		args(vm, "-cpu max");
	args(vm, "-m");
	arg(vm, "%llu", (unsigned long long)(l->memory >> 20));
	args(vm, "-smp");
	arg(vm, "%u", launch_threads(l));
	add_ports(vm);
	if (vm->ln->disk)
		add_disk(vm);
	else
		add_kernel(vm);
	if (vm->sandbox)
		args(vm, "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny");
	vec_push(&vm->argv, NULL);
}

static int write_all(const struct vm *vm, int fd, const struct strbuf *data, struct error *err)
{
	for (size_t done = 0; done < data->len;) {
		ssize_t n = write(fd, data->buf + done, data->len - done);
		if (n <= 0)
			return error_set(err, n < 0 ? errno : EIO, "%s/" SAMPLE_INITRD ": %s", vm->dir,
			                 strerror(n < 0 ? errno : EIO));
		done += (size_t)n;
	}
	return 0;
}

static int write_initramfs(const struct vm *vm, struct error *err)
{
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_strbuf struct strbuf image = STRBUF_INIT;
	struct strbuf modules[KERNEL_MODULES_MAX];
	cleanup_close int fd = -1;
	int r = workload_read(&program, err);
	if (r < 0)
		return r;
	size_t n = vm->ln->balloon == BALLOON_NONE ? 0 : kernel_balloon_modules(vm->kernel, modules);
	initramfs_build(program.buf, program.len, modules, n, &image);
	while (n > 0)
		strbuf_release(&modules[--n]);
	r = launch_create(vm->ln, SAMPLE_INITRD, &fd, err);
	return r < 0 ? r : write_all(vm, fd, &image, err);
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
	const struct cgroup_limits none = {0};
	int r = launch_make_place(vm->ln, geteuid() == 0 ? &none : NULL, err);
	if (r == 0 && !vm->ln->disk)
		r = write_initramfs(vm, err);
	if (r == 0)
		r = launch_create(vm->ln, "log", &vm->log, err);
	return r;
}

static int await_guest(const struct vm *vm, const struct detached_child *c, struct error *err)
{
	unsigned limit = vm->kind->limit_msec * (vm->ln->disk ? DISK_PATIENCE : 1);
	int64_t until = clock_mono_usec() + limit * 1000LL;
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	while (!launch_has_reported(vm->ln)) {
		int r = launch_interrupted(vm->ln, err);
		if (r < 0)
			return r;
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "%s: the guest did not report in %u s under %s",
			                 vm->ln->l.name, limit / 1000,
			                 strcmp(vm->kind->accel, "kvm") == 0 ? "KVM" : "TCG");
		if (poll(&p, 1, 3) > 0) {
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
	ln->running = launch_clock();
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

static int attempt(struct launch *ln, const struct vm_kind *kind, bool sandbox, bool *ret_no_sandbox, struct error *err)
{
	struct vm vm = {.ln = ln, .kind = kind, .sandbox = sandbox, .log = -1};
	cleanup_detached struct detached_child child = DETACHED_INIT;
	struct error local = {0};
	vm.dir = sample_file(&ln->reg, &ln->l, "");
	vm.qemu = qemu_find(&local);
	vm.kernel = vm.qemu ? kernel_find(&local) : NULL;
	int r = vm.kernel ? prepare(&vm, &local) : -ENOENT;
	ln->asked = launch_clock();
	if (r == 0)
		r = start_qemu(&vm, &child, &local);
	if (r == 0)
		r = await_guest(&vm, &child, &local);
	if (r == 0) {
		cleanup_free char *initrd = sample_file(&ln->reg, &ln->l, SAMPLE_INITRD);
		if (!ln->monitor)             /* the comparison weighs it */
			(void)unlink(initrd); /* in the guest's memory now */
		r = cap_cpu(ln, &local);
	}
	*ret_no_sandbox = r == -ECHILD && sandbox && strstr(local.what, "sandbox");
	if (r < 0 && err)
		*err = local;
	vm_release(&vm);
	return r;
}

static int launch_with(struct launch *ln, const struct vm_kind *kind, struct error *err)
{
	bool no_sandbox = false;
	int r = attempt(ln, kind, true, &no_sandbox, err);
	return no_sandbox ? attempt(ln, kind, false, &no_sandbox, err) : r;
}

static const struct vm_kind kinds[] = {{"kvm", false, KVM_READY_MSEC},
                                       {"tcg", false, TCG_READY_MSEC},
                                       {"kvm", true, KVM_READY_MSEC},
                                       {"tcg", true, TCG_READY_MSEC}};

/*
 * With ACPI, Linux finds no clock in a microvm under TCG; without, it is told of no device that Debian's virtio_mmio
 * would take.
 */
bool vm_can_balloon(const char *backend)
{
	return strcmp(backend, "kvm") == 0 || strcmp(backend, "tcg") == 0;
}

void qemu_command(const struct launch *ln, struct strbuf *ret)
{
	bool micro = strncmp(ln->l.backend, "microvm", 7) == 0;
	bool tcg = strcmp(ln->l.backend, "tcg") == 0 || strcmp(ln->l.backend, "microvm-tcg") == 0;
	struct launch copy = *ln;
	struct vm vm = {.ln = &copy, .kind = &kinds[(micro ? 2 : 0) + tcg], .sandbox = true, .log = -1};
	vm.dir = xstrdup("DIR");
	vm.qemu = qemu_find(NULL);
	vm.kernel = kernel_find(NULL);
	if (vm.qemu && vm.kernel) {
		build_argv(&vm);
		spawn_quote(vm.argv.v, ret);
	}
	vm_release(&vm);
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

static int check_microvm_tcg(struct error *err)
{
	return HAS_MICROVM ? check_tcg(err) : error_set(err, EOPNOTSUPP, "QEMU has the machine microvm on x86 alone");
}

static int check_microvm(struct error *err)
{
	return HAS_MICROVM ? check_kvm(err) : check_microvm_tcg(err);
}

static int launch_kvm(struct launch *ln, struct error *err)
{
	return launch_with(ln, &kinds[0], err);
}

static int launch_tcg(struct launch *ln, struct error *err)
{
	return launch_with(ln, &kinds[1], err);
}

static int launch_microvm(struct launch *ln, struct error *err)
{
	return launch_with(ln, &kinds[2], err);
}

static int launch_microvm_tcg(struct launch *ln, struct error *err)
{
	return launch_with(ln, &kinds[3], err);
}

const struct backend backend_tcg = {"tcg", "vm", false, check_tcg, launch_tcg, NULL, &acts_qemu, NULL};
const struct backend backend_kvm = {"kvm", "vm", false, check_kvm, launch_kvm, NULL, &acts_qemu, &backend_tcg};
const struct backend backend_microvm_tcg = {"microvm-tcg",      "vm", false,      check_microvm_tcg,
                                            launch_microvm_tcg, NULL, &acts_qemu, NULL};
const struct backend backend_microvm = {"microvm",      "vm", false,      check_microvm,
                                        launch_microvm, NULL, &acts_qemu, &backend_microvm_tcg};
