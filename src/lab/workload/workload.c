/*
 * The one program inside a sample: the only process of a container, or the init of a VM's initramfs.
 * Static and without dependencies, because nothing else is in there.  It reports "vctop-ready" once it runs.
 *
 *   container: /init --workload W [--report-fd N] [--threads N] [--bytes N]
 *   VM:        the same from the kernel's command line: vctop.workload=W vctop.threads=N vctop.bytes=N
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define READY "vctop-ready\n"

struct job {
	char workload[16];
	unsigned long threads, bytes;
	int report_fd; /* -1: the serial port of a VM */
};

static bool burst_only;

static void on_term(int sig)
{
	(void)sig;
	_exit(0);
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(double sec)
{
	struct timespec t = {(time_t)sec, (long)((sec - (double)(time_t)sec) * 1e9)};
	(void)nanosleep(&t, NULL);
}

/* Busy always, or 1 s of every 10 s: a machine that works a tenth of its time. */
static void *spin(void *unused)
{
	volatile uint64_t sink = 0;
	double start = now();
	for (;;) {
		for (unsigned i = 0; i < 2000000; i++)
			sink += i;
		if (burst_only && now() - start >= 1) {
			nap(9);
			start = now();
		}
	}
	return unused;
}

static void run_threads(unsigned long n)
{
	for (unsigned long i = 1; i < n; i++) {
		pthread_t t;
		if (pthread_create(&t, NULL, spin, NULL) != 0)
			break;
	}
	(void)spin(NULL);
}

static unsigned long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static ssize_t read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);
	if (fd >= 0)
		(void)close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

/* A guest's kernel keeps a part of the memory for itself; asking for more than is free would only kill us. */
static unsigned long clamp_to_guest(unsigned long bytes)
{
	char text[512];
	(void)read_text("/proc/meminfo", text, sizeof(text));
	unsigned long most = number_after(text, "MemAvailable:") * 1024 / 10 * 7;
	return most && bytes > most ? most : bytes;
}

static void hold_memory(unsigned long bytes)
{
	const unsigned long page = 4096, step = 4 * 1024 * 1024;
	unsigned char *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return;
	for (unsigned long i = 0; i < bytes; i += page)
		mem[i] = 1;
	/* Touched again slowly, so that it stays in use without using the CPU. */
	for (unsigned char round = 2;; round++)
		for (unsigned long from = 0; from < bytes; from += step) {
			for (unsigned long i = from; i < bytes && i < from + step; i += page)
				mem[i] = round;
			nap(1);
		}
}

static void report(const struct job *job)
{
	int fd = job->report_fd;
	if (fd < 0)
		fd = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/dev/console", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, READY, strlen(READY)) > 0 && isatty(fd))
		(void)tcdrain(fd);
	(void)close(fd);
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
	(void)mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)read_text("/proc/cmdline", text, sizeof(text));
	const char *at = strstr(text, "vctop.workload=");
	if (at) {
		at += strlen("vctop.workload=");
		size_t n = strcspn(at, " \n");
		if (n < sizeof(job->workload))
			memcpy(job->workload, at, n);
	}
	job->threads = number_after(text, "vctop.threads=");
	job->bytes = clamp_to_guest(number_after(text, "vctop.bytes="));
}

int main(int argc, char **argv)
{
	struct job job = {.workload = "", .threads = 0, .bytes = 0, .report_fd = -1};
	(void)signal(SIGCHLD, SIG_IGN); /* children given to init are reaped by the kernel */
	(void)signal(SIGPIPE, SIG_IGN); /* the launcher may be gone when we report */
	if (argc > 1) {
		(void)signal(SIGTERM, on_term);
		(void)signal(SIGINT, on_term);
		from_arguments(&job, argc, argv);
	} else if (getpid() == 1) {
		from_kernel(&job);
	} else {
		return 2;
	}
	if (job.report_fd >= 0 || argc <= 1)
		report(&job);
	burst_only = strcmp(job.workload, "burst") == 0;
	if (burst_only || strcmp(job.workload, "cpu") == 0)
		run_threads(job.threads);
	if (strcmp(job.workload, "memory") == 0 && job.bytes)
		hold_memory(job.bytes);
	for (;;)
		(void)pause(); /* the init of a guest must never end */
}
