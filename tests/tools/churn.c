/*
 * Creates and removes cgroups as fast as it can, named as Docker names them, so that a monitor looks at each:
 *   churn SECONDS DIRECTORY...     in all of them (one a hierarchy); prints how many it made
 * What kills systemd-cgtop: a group that goes between its being listed and its being read (ENODEV).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	char **dirs = argv + 2;
	double end = now() + strtod(argv[1], NULL);
	unsigned long made = 0;
	for (; now() < end; made++) {
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
