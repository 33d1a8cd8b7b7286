/*
 * A sample VM under Firecracker: what its docs (getting-started, initrd, snapshot-support) and its swagger describe.
 * One JSON file says all before the start.  The guest's one serial port is Firecracker's stdin, which it reads when it
 * is a FIFO (ours, SAMPLE_ORDERS), and its stdout, the file of answers.  A guest ends it by the keyboard controller's
 * reset, the only way there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/rest_vm.h"
#include "lab/tool/spawn.h"

#define CONFIG "config"
#define KERNEL_ARGS "reboot=k pci=off i8042.noaux i8042.nomux i8042.dumbkbd"

/* "drives" must be there, though there is none. */
static json_t *config_of(const struct vm *vm)
{
	const struct launched *l = &vm->ln->l;
	cleanup_free char *args = vm_kernel_args(vm, KERNEL_ARGS);
	cleanup_free char *kernel = xasprintf("%s/" REST_KERNEL, vm->dir);
	cleanup_free char *initrd = xasprintf("%s/" SAMPLE_INITRD, vm->dir);
	return json_pack("{s:{s:s,s:s,s:s},s:[],s:{s:i,s:I}}", "boot-source", "kernel_image_path", kernel,
	                 "initrd_path", initrd, "boot_args", args, "drives", "machine-config", "vcpu_count",
	                 (int)launch_threads(l), "mem_size_mib", (json_int_t)(l->memory >> 20));
}

static void describe(struct vm *vm)
{
	vm_arg(vm, "%s", vm->program);
	vm_args(vm, "--id");
	vm_arg(vm, "vctop-%s", vm->ln->l.name);
	vm_args(vm, "--api-sock");
	vm_arg(vm, "%s/" REST_SOCKET, vm->dir);
	vm_args(vm, "--config-file");
	vm_arg(vm, "%s/" CONFIG, vm->dir);
	vm_args(vm, "--level Error --log-path");
	vm_arg(vm, "%s/" REST_LOG, vm->dir);
}

static int write_config(const struct vm *vm, struct error *err)
{
	cleanup_close int fd = -1;
	int r = launch_create(vm->ln, CONFIG, &fd, err);
	json_t *config = r < 0 ? NULL : config_of(vm);
	if (r == 0 && (!config || json_dumpfd(config, fd, JSON_COMPACT) < 0))
		r = error_set(err, EIO, "%s/" CONFIG ": cannot be written", vm->dir);
	json_decref(config);
	return r;
}

/* Earlier versions do not make the log. The FIFO is open for both, so it never ends, and reading it never blocks. */
static int open_files(struct vm *vm, struct error *err)
{
	cleanup_free char *orders = xasprintf("%s/" SAMPLE_ORDERS, vm->dir);
	cleanup_close int log = -1;
	int r = write_config(vm, err);
	if (r == 0)
		r = launch_create(vm->ln, REST_LOG, &log, err);
	if (r < 0)
		return r;
	if (mkfifo(orders, 0600) < 0 || (vm->in = open(orders, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return error_set(err, errno, "%s: %s", orders, strerror(errno));
	return 0;
}

static const struct rest_vmm firecracker = {"firecracker", "Firecracker", 32, describe, open_files};

static int pause_vm(const struct reg *r, const struct launched *l, bool on, struct error *err)
{
	return rest_vm_tell(r, l, "PATCH", "/vm", json_pack("{s:s}", "state", on ? "Paused" : "Resumed"), err);
}

static int write_snapshot(const struct reg *r, const struct launched *l, const char *dir, struct error *err)
{
	cleanup_free char *state = xasprintf("%s/state", dir), *memory = xasprintf("%s/memory", dir);
	return rest_vm_tell(
	        r, l, "PUT", "/snapshot/create",
	        json_pack("{s:s,s:s,s:s}", "snapshot_type", "Full", "snapshot_path", state, "mem_file_path", memory),
	        err);
}

static int snapshot_vm(const struct reg *r, const struct launched *l, struct saved *ret, struct error *err)
{
	return rest_vm_snapshot(r, l, &acts_firecracker, write_snapshot, ret, err);
}

static void commands_vm(const struct launch *ln, struct strbuf *ret)
{
	static const char call[] = "curl --unix-socket DIR/" REST_SOCKET " -X ";
	struct launch copy = *ln;
	const struct vm vm = {.ln = &copy, .dir = (char[]){"DIR"}};
	json_t *config = config_of(&vm);
	cleanup_free char *text = config ? json_dumps(config, JSON_COMPACT) : NULL;
	json_decref(config);
	strbuf_fmt(ret, "mkfifo DIR/" SAMPLE_ORDERS "; echo '%s' >DIR/" CONFIG "\n", text ? text : "");
	rest_vm_command(&firecracker, ln, " <>DIR/" SAMPLE_ORDERS " >DIR/" SAMPLE_ANSWERS " &", ret);
	strbuf_str(ret, "echo memory >DIR/" SAMPLE_ORDERS "\n");
	strbuf_fmt(ret, "%sPATCH http://localhost/vm -d '{\"state\":\"Paused\"}'\n", call);
	strbuf_fmt(ret,
	           "%sPUT http://localhost/snapshot/create -d "
	           "'{\"snapshot_type\":\"Full\",\"snapshot_path\":\"DIR/state\",\"mem_file_path\":\"DIR/memory\"}'\n",
	           call);
	strbuf_fmt(ret, "%sPATCH http://localhost/vm -d '{\"state\":\"Resumed\"}'\n", call);
	strbuf_str(ret, "echo off >DIR/" SAMPLE_ORDERS "\n");
}

static int check(struct error *err)
{
	return rest_vm_check(&firecracker, err);
}

static int launch(struct launch *ln, struct error *err)
{
	return rest_vm_launch(&firecracker, ln, err);
}

const struct acts acts_firecracker = {sample_answers, pause_vm, rest_vm_end, snapshot_vm, rest_vm_disk, commands_vm};
const struct backend backend_firecracker = {"firecracker", "vm", false, check, launch, NULL, &acts_firecracker, NULL};
