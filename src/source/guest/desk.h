/*
 * Who is asked when.  Each question runs in a short-lived thread of its own: a monitor that hangs costs neither a tick
 * nor a key, and a question ends by its deadline, however far apart the ticks are.
 */
#ifndef SOURCE_GUEST_DESK_H
#define SOURCE_GUEST_DESK_H

#include "source/guest/guest.h"
#include "vctop/model/snapshot.h"
#include "vctop/source/source.h"

struct guest_desk;

/* A VM as far as asking goes. Borrowed strings. */
struct guest_vm {
	pid_t pid;
	uint64_t start_ticks;
	const char *runtime, *name, *uuid, *api_socket;
	unsigned vms_named_so; /* VMs with this name: only one is found by it */
};

struct guest_desk *guest_desk_new(const struct guest_questions *q);
/* Ends questions under way at once. */
void guest_desk_free(struct guest_desk *d);
/* Takes what was answered, asks what is due, says in notices what could not be asked. */
void guest_desk_tick(struct guest_desk *d, struct rootfs *fs, const struct guest_vm *vms, size_t n, int64_t mono_usec,
                     struct snapshot *snap);
/* What was last answered for this VM; NULL nothing. */
const struct guest_answer *guest_desk_answer(struct guest_desk *d, const struct guest_vm *vm);

#endif
