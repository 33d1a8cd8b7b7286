/* Starting a VMM, whichever it is: its place, the initramfs with our one program, its process, the guest's report. */
#ifndef LAB_BACKEND_VM_START_H
#define LAB_BACKEND_VM_START_H

#include "lab/lab.h"
#include "vctop/base/vec.h"

/* A guest under KVM is up within 2 s; one that hangs (nested or paravirtual KVM) never gets there. */
#define KVM_READY_MSEC 8000

struct vm {
	struct launch *ln;
	const char *vmm, *accel; /* "QEMU", "KVM": for messages */
	unsigned limit_msec;     /* until the guest has reported */
	char *dir, *program, *kernel;
	char *image;       /* the kernel unpacked, in dir; removed once it is in the guest's memory; NULL none */
	int in, out, keep; /* the VMM's stdin, stdout, and what it holds as fd 3; -1: nothing, the log, nothing */
	int log;           /* its stderr */
	VEC(char *) argv;
};
#define VM_INIT(launch, name, by, msec)                                                                                \
	{                                                                                                              \
		.ln = (launch), .vmm = (name), .accel = (by), .limit_msec = (msec), .in = -1, .out = -1, .keep = -1,   \
		.log = -1                                                                                              \
	}
#define cleanup_vm cleanup(vm_release)
void vm_release(struct vm *vm);

void vm_arg(struct vm *vm, const char *fmt, ...) ATTR_PRINTF(2, 3);
void vm_args(struct vm *vm, const char *list); /* parted by blanks */
/* What the kernel is told, ours behind `first`; heap. */
char *vm_kernel_args(const struct vm *vm, const char *first);

/* Directory, cgroup, log, initramfs (none when it boots a disk). program and kernel are found before. */
int vm_prepare(struct vm *vm, struct error *err);
/* Runs argv, waits for the report, caps the CPU. -ECHILD: the VMM ended; -ETIMEDOUT: the guest did not report. */
int vm_run(struct vm *vm, struct error *err);

#endif
