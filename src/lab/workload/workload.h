/* The parts of the one program inside a sample. */
#ifndef LAB_WORKLOAD_WORKLOAD_H
#define LAB_WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <sys/types.h>

#include "orders.h"

double clock_sec(int clock);
ssize_t read_text(const char *path, char *buf, size_t size); /* always terminates buf */
/* The number behind the first `key` in text; 0: none. */
unsigned long number_after(const char *text, const char *key);
/* One line on standard output, in one write. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Ends what it does, then does this one: idle, cpu, memory, burst or free. Returns when it is in force. */
void work_on(enum order order, unsigned long threads, unsigned long bytes);
void measure(void);
void facts(void);
void weigh(void);

extern bool in_vm; /* we are its init */
/* As init of a VM: file systems, and the port that orders come from as standard input and output. */
void vm_open(void);
/* Waits for input; tells what the guest uses meanwhile. */
void vm_wait(void);
void vm_load_balloon(void);
void vm_off(void) __attribute__((noreturn));

#endif
