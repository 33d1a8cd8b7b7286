/* What can be seen from in here: how far the walls reach. */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "workload.h"

/* The rest of the line behind key, without blanks around it; "" none. */
static const char *value_after(const char *text, const char *key, char *buf, size_t size)
{
	const char *at = strstr(text, key);
	size_t n = 0;
	if (at) {
		at += strlen(key);
		at += strspn(at, " \t");
		n = strcspn(at, "\n");
	}
	n = n < size ? n : size - 1;
	memcpy(buf, at ? at : "", n);
	buf[n] = '\0';
	return buf;
}

static void tell_status(void)
{
	static const char *const modes[] = {"off", "strict", "filter"};
	char text[4096], eff[32], mode[32], nnp[32];
	if (read_text("/proc/self/status", text, sizeof(text)) <= 0)
		return;
	unsigned long seccomp = strtoul(value_after(text, "\nSeccomp:", mode, sizeof(mode)), NULL, 10);
	say(ANSWER_FACT "capabilities %s\n", value_after(text, "\nCapEff:", eff, sizeof(eff)));
	if (mode[0])
		say(ANSWER_FACT "seccomp %s%s\n", seccomp < 3 ? modes[seccomp] : "unknown",
		    strcmp(value_after(text, "\nNoNewPrivs:", nnp, sizeof(nnp)), "1") == 0 ? ", no new privileges"
		                                                                           : "");
}

/* Entries of a directory, the numbered ones alone or all; -1: not there. */
static int count(const char *path, int numbered)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int n = 0;
	if (!dir)
		return -1;
	while ((e = readdir(dir)))
		n += e->d_name[0] != '.' && (!numbered || isdigit((unsigned char)e->d_name[0]));
	(void)closedir(dir);
	return n;
}

/* Nothing is written: whether a file can be opened for it is the whole question. */
static int may_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

static void tell_proc(void)
{
	char text[4096];
	int n = count("/proc", 1);
	if (n < 0) {
		say(ANSWER_FACT "proc not visible\n");
		return;
	}
	say(ANSWER_FACT "processes %d\n", n);
	say(ANSWER_FACT "proc %s\n",
	    may_write("/proc/sys/vm/swappiness") ? "kernel settings can be written" : "kernel settings read-only");
	if (read_text("/proc/meminfo", text, sizeof(text)) > 0)
		say(ANSWER_FACT "memory %lu kB\n", number_after(text, "MemTotal:"));
}

static void tell_sys(void)
{
	if (count("/sys", 0) <= 0)
		say(ANSWER_FACT "sys not visible\n");
	else
		say(ANSWER_FACT "sys %s\n", access("/sys/kernel", W_OK) == 0 ? "writable" : "read-only");
}

void facts(void)
{
	struct utsname u;
	if (uname(&u) == 0) {
		say(ANSWER_FACT "kernel %s\n", u.release);
		say(ANSWER_FACT "hostname %s\n", u.nodename);
	}
	say(ANSWER_FACT "pid %d\n", (int)getpid());
	say(ANSWER_FACT "user %d\n", (int)getuid());
	say(ANSWER_FACT "cpus %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
	tell_status();
	tell_proc();
	tell_sys();
}

void weigh(void)
{
	char text[4096];
	if (read_text("/proc/self/smaps_rollup", text, sizeof(text)) > 0)
		say(ANSWER_HELD "%lu\n", number_after(text, "\nPss:") * 1024);
}
