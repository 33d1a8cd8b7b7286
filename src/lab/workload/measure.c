/*
 * Small benchmarks: how fast the CPU, the kernel and its scheduler are from in here.  Each lasts a fraction of a second
 * and counts its fastest slice: neighbours on a busy machine make slices slower, never faster.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

#define WORK_SEC 0.3
#define TABLE 8192U
#define CALL_SEC 0.1
#define SWITCH_SEC 0.15
/* Of a slice: some milliseconds of work, a fraction of one of calls and turns. */
#define WORK_ROUNDS 8
#define CALLS 1000
#define PINGS 100

/*
 * Arithmetic, memory and branches in a fixed mixture; each step needs the one before, so that neither a compiler nor
 * an emulator can skip any.
 */
static uint64_t work_round(uint64_t x, uint64_t *table)
{
	for (unsigned i = 0; i < 100000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		uint64_t *at = &table[x % TABLE];
		if (*at & 64)
			x += *at >> 3;
		else
			*at += x | 1;
	}
	return x;
}

/* Calls slice until `sec` are over; the seconds of the fastest. 0: it could not run. */
static double fastest(bool (*slice)(void *), void *data, double sec)
{
	double best = 0, begin = clock_sec(CLOCK_MONOTONIC), now = begin;
	do {
		double start = now;
		if (!slice(data))
			return 0;
		now = clock_sec(CLOCK_MONOTONIC);
		if (best <= 0 || now - start < best)
			best = now - start;
	} while (now - begin < sec);
	return best;
}

static bool work_slice(void *table)
{
	static volatile uint64_t sink = 88172645463325252ULL;
	for (unsigned i = 0; i < WORK_ROUNDS; i++)
		sink = work_round(sink, table);
	return true;
}

/* The table is given back: what the workload holds while idle is measured, too. */
static double work_per_sec(void)
{
	void *mem = mmap(NULL, TABLE * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return 0;
	(void)work_round(1, mem); /* its pages are there before the clock runs */
	double sec = fastest(work_slice, mem, WORK_SEC);
	(void)munmap(mem, TABLE * sizeof(uint64_t));
	return sec > 0 ? WORK_ROUNDS / sec : 0;
}

static bool call_slice(void *unused)
{
	(void)unused;
	for (unsigned i = 0; i < CALLS; i++)
		(void)syscall(SYS_getppid);
	return true;
}

/* The other side: gives each byte back until there are no more. */
static void echo(int from, int to)
{
	char c;
	while (read(from, &c, 1) == 1)
		if (write(to, &c, 1) != 1)
			break;
	_exit(0);
}

static bool ping_slice(void *pipes)
{
	const int *p = pipes; /* from, to */
	char c = 'x';
	for (unsigned i = 0; i < PINGS; i++)
		if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
			return false;
	return true;
}

/* Two processes that take turns on one core. 0: could not be measured. */
static double switch_sec(void)
{
	int there[2], back[2], cpu = sched_getcpu();
	cpu_set_t before, one;
	if (pipe(there) < 0 || pipe(back) < 0 || cpu < 0 || sched_getaffinity(0, sizeof(before), &before) < 0)
		return 0;
	CPU_ZERO(&one);
	CPU_SET((size_t)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return 0;
	pid_t child = fork();
	if (child == 0) {
		(void)close(there[1]);
		(void)close(back[0]);
		echo(there[0], back[1]);
	}
	(void)close(there[0]);
	(void)close(back[1]);
	double sec = child > 0 ? fastest(ping_slice, (int[]){back[0], there[1]}, SWITCH_SEC) / PINGS / 2 : 0;
	(void)close(there[1]);
	(void)close(back[0]);
	(void)sched_setaffinity(0, sizeof(before), &before);
	return sec;
}

/* The finest difference that the clock makes. */
static double clock_step(void)
{
	double from = clock_sec(CLOCK_MONOTONIC), now = from;
	while (now <= from)
		now = clock_sec(CLOCK_MONOTONIC);
	return now - from;
}

void measure(void)
{
	double start = clock_sec(CLOCK_MONOTONIC), step = clock_step(), work = work_per_sec();
	double call = fastest(call_slice, NULL, CALL_SEC) / CALLS, turn = switch_sec();
	say(ANSWER_MEASURE "work=%.6g syscall=%.6g switch=%.6g took=%.6g step=%.6g\n", work, call, turn,
	    clock_sec(CLOCK_MONOTONIC) - start, step);
}
