/*
 * A sample VM: QEMU boots a kernel with our one program as init.  It reports on its second serial port: QEMU writes
 * what comes to a file, and takes orders for it (order.c) from a socket in the sample's own directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/backend/vm_start.h"
#include "lab/tool/spawn.h"

/* Emulated: 2 s on a free machine, much longer on a busy one. */
#define TCG_READY_MSEC 60000

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

static void add_uuid(struct vm *vm)
{
	char uuid[40] = "";
	cleanup_close int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, uuid, 36) == 36) {
		vm_arg(vm, "-uuid");
		vm_arg(vm, "%s", uuid);
	}
}

/* Told and heard through a socket; what the guest says is in the file also while nobody is connected. */
static void add_ports(struct vm *vm, bool micro)
{
	if (HAS_SECOND_SERIAL && !micro && !vm->ln->disk) {
		vm_args(vm, "-serial");
		vm_arg(vm, "file:%s/console", vm->dir);
	}
	vm_args(vm, "-chardev");
	vm_arg(vm, "socket,id=orders,path=%s/" SAMPLE_ORDERS ",server=on,wait=off,logfile=%s/" SAMPLE_ANSWERS, vm->dir,
	       vm->dir);
	vm_args(vm, "-serial chardev:orders");
	if (vm->ln->monitor) {
		vm_args(vm, "-qmp");
		vm_arg(vm, "unix:%s/" SAMPLE_MONITOR ",server=on,wait=off", vm->dir);
	}
	if (vm->ln->balloon != BALLOON_NONE) {
		vm_args(vm, "-device");
		vm_arg(vm, "virtio-balloon-pci,id=balloon%s",
		       vm->ln->balloon == BALLOON_REPORTING ? ",free-page-reporting=on" : "");
	}
}

static void add_kernel(struct vm *vm, bool micro)
{
	/* The one port of a microvm is ours, not the kernel's; it has no keyboard controller to be reset by. */
	cleanup_free char *kernel_args = vm_kernel_args(vm, micro ? "reboot=t" : "console=" CONSOLE);
	vm_args(vm, "-kernel");
	vm_arg(vm, "%s", vm->kernel);
	vm_args(vm, "-initrd");
	vm_arg(vm, "%s/" SAMPLE_INITRD, vm->dir);
	vm_args(vm, "-append");
	vm_arg(vm, "%s", kernel_args);
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
	vm_args(vm, "-snapshot -drive");
	vm_arg(vm, "if=virtio,file=%s", path.buf);
}

/* No -cpu with KVM: "host" aborts under some nested KVMs, and the default boots everywhere. */
static void build_argv(struct vm *vm, const struct vm_kind *kind, bool sandbox)
{
	const struct launched *l = &vm->ln->l;
	bool tcg = strcmp(kind->accel, "tcg") == 0, micro = kind->micro;
	vm_arg(vm, "%s", vm->program);
	vm_args(vm, "-name");
	vm_arg(vm, "vctop-%s,debug-threads=on", l->name);
	add_uuid(vm);
	vm_args(vm, micro ? "-machine microvm,acpi=off" : "-machine " MACHINE); /* see vm_can_balloon */
	vm_args(vm, "-nodefaults -no-user-config -display none -no-reboot -accel");
	vm_arg(vm, "%s", kind->accel);
	if (tcg || !HAS_SECOND_SERIAL)
		vm_args(vm, "-cpu max");
	vm_args(vm, "-m");
	vm_arg(vm, "%llu", (unsigned long long)(l->memory >> 20));
	vm_args(vm, "-smp");
	vm_arg(vm, "%u", launch_threads(l));
	add_ports(vm, micro);
	if (vm->ln->disk)
		add_disk(vm);
	else
		add_kernel(vm, micro);
	if (sandbox)
		vm_args(vm, "-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny");
}

static int attempt(struct launch *ln, const struct vm_kind *kind, bool sandbox, bool *ret_no_sandbox, struct error *err)
{
	cleanup_vm struct vm vm =
	        VM_INIT(ln, "QEMU", strcmp(kind->accel, "kvm") == 0 ? "KVM" : "TCG", kind->limit_msec);
	struct error local = {0};
	vm.dir = sample_file(&ln->reg, &ln->l, "");
	vm.program = qemu_find(&local);
	vm.kernel = vm.program ? kernel_find(&local) : NULL;
	int r = vm.kernel ? vm_prepare(&vm, &local) : -ENOENT;
	if (r == 0) {
		build_argv(&vm, kind, sandbox);
		r = vm_run(&vm, &local);
	}
	*ret_no_sandbox = r == -ECHILD && sandbox && strstr(local.what, "sandbox");
	if (r < 0 && err)
		*err = local;
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
	cleanup_vm struct vm vm = VM_INIT(&copy, "QEMU", NULL, 0);
	vm.dir = xstrdup("DIR");
	vm.program = qemu_find(NULL);
	vm.kernel = kernel_find(NULL);
	if (vm.program && vm.kernel) {
		build_argv(&vm, &kinds[(micro ? 2 : 0) + tcg], true);
		vec_push(&vm.argv, NULL);
		spawn_quote(vm.argv.v, ret);
	}
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
