/*
 * A sample VM under Cloud Hypervisor: what its --help, docs/api.md, docs/snapshot_restore.md and its OpenAPI describe.
 * With --serial tty the guest's port is its stdout, the file of answers, and its stdin, which it reads when it is a
 * terminal: ours has nobody at the other end but the VMM itself, which keeps it open; whoever has an order borrows that
 * end (order.c).  A guest that resets is started anew, so ours powers off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "lab/backend/rest_vm.h"
#include "lab/workload/orders.h"

#define API "/api/v1"
#define MAX_CPUS 254 /* an 8-bit APIC id each */

static void describe(struct vm *vm)
{
	const struct launched *l = &vm->ln->l;
	cleanup_free char *args = vm_kernel_args(vm, KERNEL_OFF);
	vm_arg(vm, "%s", vm->program);
	vm_args(vm, "--api-socket");
	vm_arg(vm, "%s/" REST_SOCKET, vm->dir);
	vm_args(vm, "--kernel");
	vm_arg(vm, "%s/" REST_KERNEL, vm->dir);
	vm_args(vm, "--initramfs");
	vm_arg(vm, "%s/" SAMPLE_INITRD, vm->dir);
	vm_args(vm, "--cmdline");
	vm_arg(vm, "%s", args);
	vm_args(vm, "--cpus");
	vm_arg(vm, "boot=%u", launch_threads(l));
	vm_args(vm, "--memory");
	vm_arg(vm, "size=%lluM", (unsigned long long)(l->memory >> 20));
	vm_args(vm, "--serial tty --console off");
}

/* Raw, before anything is written: an echo would fill the end that nobody reads. */
static int open_terminal(struct vm *vm, struct error *err)
{
	struct termios t;
	vm->keep = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (vm->keep >= 0 && grantpt(vm->keep) == 0 && unlockpt(vm->keep) == 0)
		vm->in = ioctl(vm->keep, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (vm->in < 0 || tcgetattr(vm->in, &t) < 0)
		return error_set(err, errno, "a terminal for its console: %s", strerror(errno));
	cfmakeraw(&t);
	return tcsetattr(vm->in, TCSANOW, &t) < 0
	               ? error_set(err, errno, "a terminal for its console: %s", strerror(errno))
	               : 0;
}

static const struct rest_vmm cloud = {"cloud-hypervisor", "Cloud Hypervisor", MAX_CPUS, describe, open_terminal};

static int pause_vm(const struct reg *r, const struct launched *l, bool on, struct error *err)
{
	return rest_vm_tell(r, l, "PUT", on ? API "/vm.pause" : API "/vm.resume", NULL, err);
}

static int write_snapshot(const struct reg *r, const struct launched *l, const char *dir, struct error *err)
{
	cleanup_free char *url = xasprintf("file://%s", dir);
	return rest_vm_tell(r, l, "PUT", API "/vm.snapshot", json_pack("{s:s}", "destination_url", url), err);
}

static int snapshot_vm(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err)
{
	return rest_vm_snapshot(r, l, &acts_cloud, write_snapshot, ret, err);
}

static void commands_vm(const struct launch *ln, struct strbuf *ret)
{
	static const char call[] = "curl --unix-socket DIR/" REST_SOCKET " -X PUT http://localhost" API;
	rest_vm_command(&cloud, ln, "", ret);
	strbuf_fmt(ret, "%s/vm.pause\n", call);
	strbuf_fmt(ret, "%s/vm.snapshot -d '{\"destination_url\":\"file://DIR/snapshot\"}'\n", call);
	strbuf_fmt(ret, "%s/vm.resume\n", call);
	strbuf_fmt(ret, "%s/vmm.shutdown\n", call);
}

static int check(struct error *err)
{
	return rest_vm_check(&cloud, err);
}

static int launch(struct launch *ln, struct error *err)
{
	return rest_vm_launch(&cloud, ln, err);
}

const struct acts acts_cloud = {sample_answers, pause_vm, rest_vm_end, snapshot_vm, rest_vm_disk, commands_vm};
const struct backend backend_cloud = {"cloud-hypervisor", "vm", false, check, launch, NULL, &acts_cloud, NULL};
