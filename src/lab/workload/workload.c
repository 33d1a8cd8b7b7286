/*
 * The one program inside a sample: the only process of a container, or the init of a VM's initramfs.
 * Static and without dependencies, because nothing else is in there.  It reports once it runs, then does as it is
 * told (orders.h); what it answers goes to standard output.
 *
 *   container: /init --workload W [--report-fd N] [--threads N] [--bytes N]
 *   VM:        the same from the kernel's command line: vctop.workload=W vctop.threads=N vctop.bytes=N
 *
 * The report: "vctop-ready first=S boot=S told=S", the monotonic clock at its first instruction, that since boot, and
 * the monotonic clock now.
 */
#include "workload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool in_vm;

struct job {
	char workload[16];
	unsigned long threads, bytes;
	int report_fd; /* besides standard output; -1 none */
};

double clock_sec(int clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

unsigned long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

ssize_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (fd >= 0)
		(void)close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

void say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n > 0 && write(1, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1) < 0)
		return; /* nobody may be listening */
}

static void report(const struct job *job, double first, double boot)
{
	char line[128];
	int n = snprintf(line, sizeof(line), ANSWER_READY "first=%.6f boot=%.6f told=%.6f\n", first, boot,
	                 clock_sec(CLOCK_MONOTONIC));
	if (job->report_fd >= 0) {
		if (write(job->report_fd, line, (size_t)n) < 0)
			say("report: %s\n", strerror(errno));
		(void)close(job->report_fd);
	}
	say("%s", line);
}

static void on_term(int sig)
{
	(void)sig;
	_exit(0);
}

/* Waited for, never delivered; but pid 1 of a namespace gets only signals that it has a handler for. */
static void on_order(int sig)
{
	(void)sig;
}

static void prepare_signals(sigset_t *orders)
{
	(void)sigemptyset(orders);
	for (int i = 0; i < ORDER_MAX; i++) {
		(void)sigaddset(orders, ORDER_SIGNAL(i));
		(void)signal(ORDER_SIGNAL(i), on_order);
	}
	(void)sigprocmask(SIG_BLOCK, orders, NULL);
	(void)signal(SIGCHLD, SIG_IGN); /* children given to init are reaped by the kernel */
	(void)signal(SIGPIPE, SIG_IGN); /* the launcher may be gone when we report */
	if (!in_vm) {
		(void)signal(SIGTERM, on_term);
		(void)signal(SIGINT, on_term);
	}
}

static void from_arguments(struct job *job, int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		const char *value = argv[i + 1];
		if (strcmp(argv[i], "--workload") == 0)
			(void)strncpy(job->workload, value, sizeof(job->workload) - 1);
		else if (strcmp(argv[i], "--report-fd") == 0)
			job->report_fd = (int)strtol(value, NULL, 10);
		else if (strcmp(argv[i], "--threads") == 0)
			job->threads = strtoul(value, NULL, 10);
		else if (strcmp(argv[i], "--bytes") == 0)
			job->bytes = strtoul(value, NULL, 10);
	}
}

static void from_kernel(struct job *job)
{
	char text[4096];
	(void)read_text("/proc/cmdline", text, sizeof(text));
	const char *at = strstr(text, "vctop.workload=");
	if (at) {
		at += strlen("vctop.workload=");
		size_t n = strcspn(at, " \n");
		if (n < sizeof(job->workload))
			memcpy(job->workload, at, n);
	}
	job->threads = number_after(text, "vctop.threads=");
	job->bytes = number_after(text, "vctop.bytes=");
}

static enum order order_of(const char *name, size_t len)
{
	int i = 0;
	while (i < ORDER_MAX && (strlen(order_names[i]) != len || memcmp(order_names[i], name, len) != 0))
		i++;
	return (enum order)i;
}

/* The next order; ORDER_MAX: something that is none. */
static enum order next_order(const sigset_t *orders)
{
	char line[256];
	if (!in_vm) {
		int sig = sigwaitinfo(orders, NULL);
		return sig < 0 ? ORDER_MAX : (enum order)(sig - ORDER_SIGNAL(0));
	}
	vm_wait();
	ssize_t n = read(0, line, sizeof(line));
	if (n <= 0)
		(void)pause(); /* no port: nobody can tell us anything */
	return n > 0 ? order_of(line, strcspn(line, "\r\n")) : ORDER_MAX;
}

static void obey(enum order order, const struct job *job)
{
	if (order >= ORDER_MAX)
		return;
	say(ANSWER_TAKEN "%s\n", order_names[order]);
	switch (order) {
	case ORDER_MEASURE:
		work_on(ORDER_IDLE, 0, 0);
		measure();
		break;
	case ORDER_FACTS:
		facts();
		break;
	case ORDER_WEIGH:
		weigh();
		break;
	case ORDER_BALLOON:
		if (in_vm)
			vm_load_balloon();
		break;
	case ORDER_OFF:
		if (in_vm)
			vm_off();
		_exit(0);
	case ORDER_MAX:
	case ORDER_IDLE:
	case ORDER_CPU:
	case ORDER_MEMORY:
	case ORDER_BURST:
	case ORDER_FREE:
		work_on(order, job->threads, job->bytes);
		break;
	}
	say(ANSWER_DONE "%s\n", order_names[order]);
}

int main(int argc, char **argv)
{
	double first = clock_sec(CLOCK_MONOTONIC), boot = clock_sec(CLOCK_BOOTTIME);
	struct job job = {.workload = "", .threads = 0, .bytes = 0, .report_fd = -1};
	sigset_t orders;
	in_vm = argc <= 1 && getpid() == 1;
	prepare_signals(&orders);
	if (in_vm) {
		vm_open();
		from_kernel(&job);
	} else if (argc > 1) {
		from_arguments(&job, argc, argv);
	} else {
		return 2;
	}
	report(&job, first, boot);
	obey(order_of(job.workload, strlen(job.workload)), &job);
	for (;;)
		obey(next_order(&orders), &job);
}
