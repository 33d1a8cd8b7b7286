/*
 * VMMs made for KVM alone, which start an ELF kernel without firmware, have one serial port on their stdin and stdout,
 * and are told by REST on a socket: Firecracker and Cloud Hypervisor.  The socket is in the sample's own directory.
 */
#ifndef LAB_BACKEND_REST_VM_H
#define LAB_BACKEND_REST_VM_H

#include <jansson.h>

#include "lab/backend/vm_start.h"

#define REST_SOCKET "api"
#define REST_KERNEL "vmlinux"
#define REST_LOG "vmm.log" /* besides the VMM's stderr */

struct rest_vmm {
	const char *program, *title;
	unsigned max_cpus;
	void (*describe)(struct vm *vm);               /* argv; makes nothing */
	int (*open)(struct vm *vm, struct error *err); /* its stdin, and the files that argv names */
};
int rest_vm_check(const struct rest_vmm *v, struct error *err);
int rest_vm_launch(const struct rest_vmm *v, struct launch *ln, struct error *err);
/* argv as a shell would take it, the sample's directory called DIR; `behind`: redirections. */
void rest_vm_command(const struct rest_vmm *v, const struct launch *ln, const char *behind, struct strbuf *ret);
/* body: taken. */
int rest_vm_tell(const struct reg *r, const struct launched *l, const char *method, const char *target, json_t *body,
                 struct error *err);

/* Of struct acts, for both. */
int rest_vm_end(const struct reg *r, const struct launched *l, struct error *err);
void rest_vm_disk(const struct reg *r, const struct launched *l, struct disk_use *ret);
/* Pauses, has `write` write a snapshot into the directory `dir`, weighs it, goes on. */
int rest_vm_snapshot(const struct reg *r, const struct launched *l, const struct acts *acts,
                     int (*write)(const struct reg *r, const struct launched *l, const char *dir, struct error *err),
                     struct saved *ret, struct error *err);

#endif
