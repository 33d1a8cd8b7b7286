/*
 * Creates and removes cgroups as fast as it can, named as Docker names them, so that a monitor looks at each:
 *   churn DIRECTORY SECONDS [WITH-PROCESS]     prints how many it made
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
static void visit(const char *group)
{
	pid_t pid = fork();
	if (pid == 0) {
		char path[4352];
		(void)snprintf(path, sizeof(path), "%s/cgroup.procs", group);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) < 0)
			_exit(1);
		for (volatile unsigned i = 0; i < 200000; i++)
			;
		_exit(0);
	}
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	double end = now() + strtod(argv[2], NULL);
	unsigned long made = 0;
	while (now() < end) {
		char path[4096];
		/* Now and then the same name again: a re-created group is not the old one. */
		(void)snprintf(path, sizeof(path), "%s/%064lx", argv[1], made % 7 == 6 ? 6 : made);
		if (mkdir(path, 0755) < 0) {
			(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
			return 1;
		}
		if (argc > 3 && made % 16 == 0)
			visit(path);
		while (rmdir(path) < 0)
			if (errno != EBUSY) {
				(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
				return 1;
			}
		made++;
	}
	(void)printf("%lu\n", made);
	return 0;
}
