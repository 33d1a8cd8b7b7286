/* What a sample does: threads that use the CPU, memory that is held and touched. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

#include "workload.h"

#define MAX_THREADS 1024
#define PAGE 4096UL
#define STEP (4UL * 1024 * 1024)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t stop = PTHREAD_COND_INITIALIZER;
static atomic_bool stopping;
static pthread_t workers[MAX_THREADS];
static unsigned long running;

static unsigned char *held;
static unsigned long held_bytes;

/* Ends early when there is another order. */
static void nap(time_t sec)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += sec;
	(void)pthread_mutex_lock(&lock);
	while (!stopping && pthread_cond_clockwait(&stop, &lock, CLOCK_MONOTONIC, &until) == 0)
		;
	(void)pthread_mutex_unlock(&lock);
}

static void spin_a_while(void)
{
	volatile uint64_t sink = 0;
	for (unsigned i = 0; i < 1000000; i++)
		sink += i;
}

static void *spin(void *unused)
{
	while (!stopping)
		spin_a_while();
	return unused;
}

/* Busy 1 s of every 10 s: a machine that works a tenth of its time. */
static void *burst(void *unused)
{
	while (!stopping) {
		double start = clock_sec(CLOCK_MONOTONIC);
		while (!stopping && clock_sec(CLOCK_MONOTONIC) - start < 1)
			spin_a_while();
		nap(9);
	}
	return unused;
}

/* Touched slowly, so that it stays in use without using the CPU. */
static void *touch(void *unused)
{
	for (unsigned char round = 2; !stopping; round++)
		for (unsigned long from = 0; !stopping && from < held_bytes; from += STEP) {
			for (unsigned long i = from; i < held_bytes && i < from + STEP; i += PAGE)
				held[i] = round;
			nap(1);
		}
	return unused;
}

static void stop_all(void)
{
	(void)pthread_mutex_lock(&lock);
	stopping = true;
	(void)pthread_cond_broadcast(&stop);
	(void)pthread_mutex_unlock(&lock);
	for (; running > 0; running--)
		(void)pthread_join(workers[running - 1], NULL);
	stopping = false;
}

static void start(void *(*run)(void *), unsigned long threads)
{
	if (threads == 0 || threads > MAX_THREADS)
		threads = 1;
	while (running < threads && pthread_create(&workers[running], NULL, run, NULL) == 0)
		running++;
}

/* A guest's kernel keeps a part of the memory for itself; asking for more than is free would only kill us. */
static unsigned long clamp_to_guest(unsigned long bytes)
{
	char text[512];
	(void)read_text("/proc/meminfo", text, sizeof(text));
	unsigned long most = number_after(text, "MemAvailable:") * 1024 / 10 * 7;
	return most && bytes > most ? most : bytes;
}

static void hold(unsigned long bytes)
{
	if (held)
		return;
	if (in_vm)
		bytes = clamp_to_guest(bytes);
	void *mem = bytes ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (mem == MAP_FAILED)
		return;
	held = mem;
	held_bytes = bytes;
	for (unsigned long i = 0; i < bytes; i += PAGE)
		held[i] = 1;
}

static void release(void)
{
	if (held)
		(void)munmap(held, held_bytes);
	held = NULL;
	held_bytes = 0;
}

void work_on(enum order order, unsigned long threads, unsigned long bytes)
{
	stop_all();
	if (order == ORDER_CPU) {
		start(spin, threads);
	} else if (order == ORDER_BURST) {
		start(burst, threads);
	} else if (order == ORDER_MEMORY) {
		hold(bytes);
		start(touch, 1);
	} else if (order == ORDER_FREE) {
		release();
	}
}
