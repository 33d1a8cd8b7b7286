/*
 * The floor under every monitor of cgroups:  floor TICKS [SECONDS] <LIST-OF-FILES
 * Keeps every file open and reads it with pread once a tick, SECONDS apart as a monitor does (without: at once, which
 * no monitor can: caches stay warm); prints CPU time per tick in usec.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static double cpu_usec(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	static char buf[65536];
	char path[4096];
	int n = 0, cap = 1 << 16, *fds = calloc((size_t)cap, sizeof(*fds));
	struct rlimit lim;
	if (argc < 2 || !fds)
		return 2;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
	long ticks = strtol(argv[1], NULL, 10);
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0;
	struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
	while (n < cap && fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		fds[n] = open(path, O_RDONLY | O_CLOEXEC);
		if (fds[n++] < 0) {
			perror(path);
			return 1;
		}
	}
	if (n == 0 || ticks <= 0)
		return 2;
	double from = cpu_usec();
	for (long t = 0; t < ticks; t++) {
		if (seconds > 0)
			(void)nanosleep(&pause, NULL);
		for (int i = 0; i < n; i++)
			if (pread(fds[i], buf, sizeof(buf), 0) < 0)
				return 1;
	}
	(void)printf("%.0f\n", (cpu_usec() - from) / (double)ticks);
	free(fds);
	return 0;
}
