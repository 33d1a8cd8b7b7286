/* The host's process table.  A process is known by pid and start time together. */
#ifndef LAB_TOOL_PROCTABLE_H
#define LAB_TOOL_PROCTABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vctop/base/vec.h"
#include "vctop/source/process.h"

typedef VEC(pid_t) pid_vec;

/* Clock ticks since boot at which pid started; 0: there is no such process (or it is a zombie). */
uint64_t proctable_start(pid_t pid);
bool proctable_is(pid_t pid, uint64_t start_ticks);
/* SIGKILL, when it is still the same process; waits until it is gone. false: it is still there. */
bool proctable_kill(pid_t pid, uint64_t start_ticks);
/* Processes of this user that are what is asked for; an argv of none (p->argc) is possible. */
void proctable_find(bool (*is)(const struct process *p, const void *data), const void *data, pid_vec *ret);
/* It was forked by a vctop, or is in the middle of an exec: what it will be its command line does not say yet. */
bool proctable_is_becoming(const struct process *p);
/* QEMUs of ours: of this user and started with exactly "-name", `vm_name`. */
void proctable_find_vm(const char *vm_name, pid_vec *ret);
/* A short sleep. */
void lab_nap(unsigned msec);

#endif
