/*
 * Creates and removes cgroups as fast as it can, named as Docker names them, so that a monitor looks at each:
 *   churn SECONDS DIRECTORY...           in all of them (one a hierarchy); prints how many it made
 *   churn SECONDS@RATE DIRECTORY...      RATE a second, each with a process, for LIFE seconds; prints of each its name,
 *                                        its process, when (real time) it was complete and when its end began, its
 *                                        tasks (one to three), its memory cap (no other has the same), when its
 *                                        process was begun and when that was gone
 * In the second form a name comes again, for another group, soon after its end; so do pids where they can be chosen
 * without harm to others, in a pid namespace of its own: one group in four takes over the pid of the process of
 * another, which gets a new one (and a second line) while it lives on.
 * What kills systemd-cgtop: a group that goes between its being listed and its being read (ENODEV).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
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
/* Names and pids come again after so many groups: soon after their end, and not together. */
#define NAMES 800U
#define PIDS 730U
#define PID_FIRST 1000U
#define TASKS 3U
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

struct life {
	pid_t pid;
	double begun, made; /* with this process */
};

static double real_now(void)
{
	struct timespec ts;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static unsigned tasks(unsigned long i)
{
	return 1 + (unsigned)(i % TASKS);
}

static unsigned long cap(unsigned long i)
{
	return (64UL << 20) + (i << 16);
}

static int put(const char *path, unsigned long value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 || dprintf(fd, "%lu", value) < 0 ? -1 : 0;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* A pid can be chosen where that is nobody else's: not in the first namespace. */
static int pids_are_mine(void)
{
	static int mine = -1;
	char ns[64] = "";
	if (mine < 0)
		mine = readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1) > 0 && strcmp(ns, INITIAL_PID_NAMESPACE) != 0;
	return mine;
}

static void *stay(void *arg)
{
	for (;;)
		(void)pause();
	return arg;
}

/* In the group, with all its tasks, when this returns. WANTED: its pid, where that can be chosen. */
static pid_t settle(char **dirs, unsigned long i, unsigned long wanted)
{
	char path[4352], c;
	int ready[2];
	if (pipe(ready) < 0)
		return -1;
	if (pids_are_mine())
		(void)put("/proc/sys/kernel/ns_last_pid", wanted - 1);
	pid_t pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned n = 1; n < tasks(i); n++) {
			pthread_t thread;
			if (pthread_create(&thread, NULL, stay, NULL) != 0)
				_exit(1);
		}
		(void)close(ready[0]);
		(void)close(ready[1]);
		(void)stay(NULL);
	}
	(void)close(ready[1]);
	(void)!read(ready[0], &c, 1);
	(void)close(ready[0]);
	for (; pid > 0 && *dirs; dirs++) {
		static const char *const caps[] = {"memory.limit_in_bytes", "memory.max"};
		for (size_t k = 0; k < sizeof(caps) / sizeof(*caps); k++) {
			(void)snprintf(path, sizeof(path), "%s/%064lx/%s", *dirs, i % NAMES, caps[k]);
			(void)put(path, cap(i));
		}
		(void)snprintf(path, sizeof(path), "%s/%064lx/cgroup.procs", *dirs, i % NAMES);
		if (put(path, (unsigned long)pid) < 0)
			(void)fprintf(stderr, "churn: %s: %s\n", path, strerror(errno));
	}
	return pid;
}

static unsigned long pid_of(unsigned long i)
{
	return PID_FIRST + i % PIDS * TASKS;
}

static struct life start(char **dirs, unsigned long i, unsigned long wanted)
{
	struct life l = {.begun = real_now()};
	l.pid = settle(dirs, i, wanted);
	l.made = real_now();
	return l;
}

static void stop(unsigned long i, const struct life *l)
{
	double ends = real_now();
	if (l->pid > 0) {
		(void)kill(l->pid, SIGKILL);
		(void)waitpid(l->pid, NULL, 0);
	}
	(void)printf("%064lx %d %.6f %.6f %u %lu %.6f %.6f\n", i % NAMES, (int)l->pid, l->made, ends, tasks(i), cap(i),
	             l->begun, real_now());
}

static void end(char **dirs, unsigned long i, const struct life *l)
{
	stop(i, l);
	(void)take(dirs, i % NAMES);
}

/* Its process ends, that of group TO gets its pid, and it gets another. */
static void pass_on(char **dirs, struct life *lives, unsigned long from, unsigned long to)
{
	pid_t pid = lives[from].pid;
	stop(from, &lives[from]);
	lives[to] = start(dirs, to, (unsigned long)pid);
	lives[from] = start(dirs, from, pid_of(to));
}

static int steadily(char **dirs, double seconds, double rate)
{
	unsigned long n = (unsigned long)(seconds * rate), half = (unsigned long)(LIFE * rate / 2), ended = 0, i;
	struct life *lives = calloc(n ? n : 1, sizeof(*lives));
	double began = now();
	if (!lives)
		return 1;
	for (i = 0; i < n; i++) {
		double wait = began + (double)i / rate - now();
		if (wait > 0)
			(void)usleep((useconds_t)(wait * 1e6));
		for (; ended < i && now() - began > (double)ended / rate + LIFE; ended++)
			end(dirs, ended, &lives[ended]);
		if (make(dirs, i % NAMES) < 0)
			break;
		if (pids_are_mine() && i % 4 == 0 && i >= ended + half && i > half)
			pass_on(dirs, lives, i - half, i);
		else
			lives[i] = start(dirs, i, pid_of(i));
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
