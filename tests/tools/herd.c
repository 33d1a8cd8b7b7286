/*
 * Containers to look at:  herd COUNT BUSY DIRECTORY...
 * Makes COUNT cgroups, named as Docker names them, in every directory (one a hierarchy; none: processes alone), with
 * one process in each, of which the first BUSY use a little CPU and memory twice a second: enough to be seen to move
 * in every tick, little enough that a thousand leave the machine to others.  Says "ready" and stays until its input
 * ends; then removes all it made.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NSEC 500000000
#define TOUCHED (256U << 10)

static void group_path(char *buf, size_t size, const char *dir, long i, const char *file)
{
	/* As Docker's: no two begin alike, for their names are made of the first twelve digits. */
	unsigned long scattered = (unsigned long)(i + 1) * 0x9E3779B97F4A7C15UL;
	(void)snprintf(buf, size, "%s/%016lx%048lx%s", dir, scattered, (unsigned long)i, file);
}

static void enter(char **dirs, long i)
{
	char path[4352];
	for (; *dirs; dirs++) {
		group_path(path, sizeof(path), *dirs, i, "/cgroup.procs");
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) < 0)
			_exit(1);
		(void)close(fd);
	}
}

/* Its memory goes up and down, for nothing else tells a group that moved from one that did not. */
static void work(long i)
{
	char *mem = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timespec ts = {0, PERIOD_NSEC / 1000 * (i % 1000)};
	if (mem == MAP_FAILED)
		_exit(1);
	for (unsigned turn = 0;; turn++) {
		(void)nanosleep(&ts, NULL);
		ts.tv_nsec = PERIOD_NSEC;
		size_t use = (TOUCHED >> 2) * (1 + turn % 4);
		(void)madvise(mem, TOUCHED, MADV_DONTNEED);
		memset(mem, 1, use);
	}
}

static pid_t start(char **dirs, long i, int busy)
{
	pid_t parent = getpid(), pid = fork();
	if (pid)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	enter(dirs, i);
	if (busy)
		work(i);
	for (;;)
		(void)pause();
}

static void end(char **dirs, pid_t *pids, long n)
{
	char path[4352];
	for (long i = 0; i < n; i++)
		if (pids[i] > 0)
			(void)kill(pids[i], SIGKILL);
	for (long i = 0; i < n; i++)
		if (pids[i] > 0)
			(void)waitpid(pids[i], NULL, 0);
	for (; *dirs; dirs++)
		for (long i = 0; i < n; i++) {
			group_path(path, sizeof(path), *dirs, i, "");
			(void)rmdir(path);
		}
}

int main(int argc, char **argv)
{
	char path[4352], c;
	if (argc < 3)
		return 2;
	long n = strtol(argv[1], NULL, 10), busy = strtol(argv[2], NULL, 10), made = 0;
	char **dirs = argv + 3;
	pid_t *pids = n > 0 ? calloc((size_t)n, sizeof(*pids)) : NULL;
	if (!pids)
		return 2;
	(void)signal(SIGPIPE, SIG_IGN);
	for (; made < n; made++) {
		for (char **d = dirs; *d; d++) {
			group_path(path, sizeof(path), *d, made, "");
			if (mkdir(path, 0755) < 0 && errno != EEXIST) {
				perror(path);
				end(dirs, pids, made + 1);
				return 1;
			}
		}
		pids[made] = start(dirs, made, made < busy);
	}
	(void)printf("ready\n");
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	end(dirs, pids, n);
	free(pids);
	return 0;
}
