/*
 * Creates and removes cgroups as fast as it can, named as Docker names them, so that a monitor looks at each:
 *   churn SECONDS DIRECTORY...           in all of them (one a hierarchy); prints how many it made
 *   churn SECONDS@RATE DIRECTORY...      RATE a second, each with a process, for LIFE seconds; prints of each its name,
 *                                        its process, and when (real time) it was complete and when its end began
 * What kills systemd-cgtop: a group that goes between its being listed and its being read (ENODEV).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* A process that lives in the group for a moment and burns a little CPU there. */
static void visit(char **dirs, unsigned long i)
{
	pid_t pid = fork();
	if (pid == 0) {
		char path[4352];
		for (; *dirs; dirs++) {
			(void)snprintf(path, sizeof(path), "%s/%064lx/cgroup.procs", *dirs, i);
			int fd = open(path, O_WRONLY | O_CLOEXEC);
			if (fd < 0 || write(fd, "0", 1) < 0)
				_exit(1);
			(void)close(fd);
		}
		for (volatile unsigned n = 0; n < 200000; n++)
			;
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

#define ALIVE 24 /* at any moment: some go before they are read, some after */

static int make(char **dirs, unsigned long i)
{
	char path[4352];
	for (; *dirs; dirs++) {
		(void)snprintf(path, sizeof(path), "%s/%064lx", *dirs, i);
		if (mkdir(path, 0755) < 0) {
			(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int take(char **dirs, unsigned long i)
{
	char path[4352];
	for (; *dirs; dirs++) {
		(void)snprintf(path, sizeof(path), "%s/%064lx", *dirs, i);
		while (rmdir(path) < 0)
			if (errno != EBUSY) {
				(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
				return -1;
			}
	}
	return 0;
}

#define LIFE 3.0

struct life {
	pid_t pid;
	double made;
};

static double real_now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* In the group when this returns. */
static pid_t settle(char **dirs, unsigned long i)
{
	char path[4352];
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	for (; pid > 0 && *dirs; dirs++) {
		(void)snprintf(path, sizeof(path), "%s/%064lx/cgroup.procs", *dirs, i);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || dprintf(fd, "%d", (int)pid) < 0)
			(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			(void)close(fd);
	}
	return pid;
}

static void end(char **dirs, unsigned long i, const struct life *l)
{
	(void)printf("%064lx %d %.6f %.6f\n", i, (int)l->pid, l->made, real_now());
	if (l->pid > 0) {
		(void)kill(l->pid, SIGKILL);
		(void)waitpid(l->pid, NULL, 0);
	}
	(void)take(dirs, i);
}

static int steadily(char **dirs, double seconds, double rate)
{
	unsigned long n = (unsigned long)(seconds * rate), ended = 0, i;
	struct life *lives = calloc(n ? n : 1, sizeof(*lives));
	double began = now();
	if (!lives)
		return 1;
	for (i = 0; i < n; i++) {
		double wait = began + (double)i / rate - now();
		if (wait > 0)
			(void)usleep((useconds_t)(wait * 1e6));
		if (make(dirs, i) < 0)
			break;
		lives[i] = (struct life){settle(dirs, i), real_now()};
		for (; ended < i && real_now() - lives[ended].made > LIFE; ended++)
			end(dirs, ended, &lives[ended]);
	}
	for (; ended < i; ended++)
		end(dirs, ended, &lives[ended]);
	free(lives);
	return i < n;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	char **dirs = argv + 2;
	const char *rate = strchr(argv[1], '@');
	if (rate)
		return steadily(dirs, strtod(argv[1], NULL), strtod(rate + 1, NULL));
	double until = now() + strtod(argv[1], NULL);
	unsigned long made = 0;
	for (; now() < until; made++) {
		if (make(dirs, made) < 0)
			return 1;
		if (made % 16 == 0)
			visit(dirs, made);
		if (made < ALIVE)
			continue;
		/* Now and then the same name again: a re-created group is not the old one. */
		unsigned long old = made - ALIVE;
		if (take(dirs, old) < 0 || (made % 7 == 6 && (make(dirs, old) < 0 || take(dirs, old) < 0)))
			return 1;
	}
	for (unsigned long i = made > ALIVE ? made - ALIVE : 0; i < made; i++)
		(void)take(dirs, i);
	(void)printf("%lu\n", made);
	return 0;
}
