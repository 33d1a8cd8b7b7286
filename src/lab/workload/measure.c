/* Small benchmarks: how fast the CPU, the kernel and its scheduler are from in here. Each lasts a fraction of a second.
 */
#include <sched.h>
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

/* The table is given back: what the workload holds while idle is measured, too. */
static double work_per_sec(void)
{
	void *mem = mmap(NULL, TABLE * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return 0;
	volatile uint64_t sink = work_round(88172645463325252ULL, mem);
	double start = clock_sec(CLOCK_MONOTONIC), sec;
	unsigned rounds = 0;
	do {
		sink = work_round(sink, mem);
		rounds++;
		sec = clock_sec(CLOCK_MONOTONIC) - start;
	} while (sec < WORK_SEC);
	(void)munmap(mem, TABLE * sizeof(uint64_t));
	return rounds / sec;
}

static double syscall_sec(void)
{
	double start = clock_sec(CLOCK_MONOTONIC), sec;
	unsigned n = 0;
	do {
		for (unsigned i = 0; i < 1000; i++)
			(void)syscall(SYS_getppid);
		n += 1000;
		sec = clock_sec(CLOCK_MONOTONIC) - start;
	} while (sec < CALL_SEC);
	return sec / n;
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

static double ping(int from, int to)
{
	double start = clock_sec(CLOCK_MONOTONIC), sec;
	unsigned n = 0;
	char c = 'x';
	do {
		for (unsigned i = 0; i < 100; i++)
			if (write(to, &c, 1) != 1 || read(from, &c, 1) != 1)
				return 0;
		n += 100;
		sec = clock_sec(CLOCK_MONOTONIC) - start;
	} while (sec < SWITCH_SEC);
	return sec / n / 2;
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
	double sec = child > 0 ? ping(back[0], there[1]) : 0;
	(void)close(there[1]);
	(void)close(back[0]);
	(void)sched_setaffinity(0, sizeof(before), &before);
	return sec;
}

void measure(void)
{
	double work = work_per_sec(), call = syscall_sec(), turn = switch_sec();
	say(ANSWER_MEASURE "work=%.6g syscall=%.6g switch=%.6g\n", work, call, turn);
}
