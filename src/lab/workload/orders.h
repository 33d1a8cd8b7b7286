/*
 * What the workload program can be told while it runs, by the same names on both sides.  To a process each is a
 * real-time signal; to the init of a VM a line on its serial port.
 */
#ifndef LAB_WORKLOAD_ORDERS_H
#define LAB_WORKLOAD_ORDERS_H

#include <signal.h>

enum order {
	ORDER_IDLE, /* memory it holds stays held, untouched */
	ORDER_CPU,
	ORDER_MEMORY,
	ORDER_BURST,
	ORDER_FREE,    /* give the memory back, then idle */
	ORDER_MEASURE, /* "vctop-measure work=ROUNDS/S syscall=S switch=S took=S step=S", then idle */
	ORDER_FACTS,   /* "vctop-fact KEY VALUE" a line; goes on with what it did */
	ORDER_WEIGH,   /* "vctop-held BYTES", its own share of memory; goes on with what it did */
	ORDER_BALLOON, /* VM: load the drivers of the balloon; goes on with what it did */
	ORDER_OFF,     /* end; a VM resets, which ends its VMM */
	ORDER_MAX
};
static const char *const order_names[ORDER_MAX] = {"idle",    "cpu",   "memory", "burst",   "free",
                                                   "measure", "facts", "weigh",  "balloon", "off"};
#define ORDER_SIGNAL(order) (SIGRTMIN + (int)(order))

/* Its lines.  Each order is answered twice: when it is read, and once it is in force (memory touched, figures told). */
#define ANSWER_READY "vctop-ready "
#define ANSWER_TAKEN "vctop-order "
#define ANSWER_DONE "vctop-done "
#define ANSWER_MEASURE "vctop-measure "
#define ANSWER_FACT "vctop-fact "
#define ANSWER_HELD "vctop-held "
#define ANSWER_USED "vctop-used " /* BYTES: a guest, unasked, when what it uses of its memory has changed */

/* On the kernel's command line: a VM ends by powering off, because its VMM starts anew what resets. */
#define KERNEL_OFF "vctop.off=power"

#endif
