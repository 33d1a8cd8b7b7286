#include "vctop/base/clock.h"

#include <time.h>

static int64_t read_usec(clockid_t id)
{
	struct timespec ts;
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_mono_usec(void)
{
	return read_usec(CLOCK_MONOTONIC);
}

int64_t clock_boot_usec(void)
{
	return read_usec(CLOCK_BOOTTIME);
}

int64_t clock_real_usec(void)
{
	return read_usec(CLOCK_REALTIME);
}

double clock_self_cpu_sec(void)
{
	return (double)read_usec(CLOCK_PROCESS_CPUTIME_ID) / 1e6;
}
