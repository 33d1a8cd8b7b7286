#include "lab/tool/proctable.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"
#include "vctop/source/rootfs.h"

/* A killed process is gone within milliseconds unless the disk or the kernel hangs. */
#define KILL_WAIT_MSEC 5000

void lab_nap(unsigned msec)
{
	struct timespec t = {msec / 1000, (long)(msec % 1000) * 1000000L};
	(void)nanosleep(&t, NULL);
}

uint64_t proctable_start(pid_t pid)
{
	struct process_stat st;
	struct rootfs *fs = pid > 0 ? rootfs_open_once(NULL) : NULL;
	bool is = fs && process_read_stat(fs, pid, &st) == 0 && st.state != 'Z' && st.state != 'X';
	rootfs_close(fs);
	return is ? st.start_ticks : 0;
}

bool proctable_is(pid_t pid, uint64_t start_ticks)
{
	return start_ticks && proctable_start(pid) == start_ticks;
}

bool proctable_kill(pid_t pid, uint64_t start_ticks)
{
	for (unsigned waited = 0; proctable_is(pid, start_ticks); waited += 5) {
		if (waited >= KILL_WAIT_MSEC)
			return false;
		(void)kill(pid, SIGKILL);
		lab_nap(5);
	}
	return true;
}

static bool is_our_vm(const struct process *p, const void *vm_name)
{
	if (!p->argc || !strstr(p->argv[0], "qemu-system-"))
		return false;
	for (size_t i = 1; i + 1 < p->argc; i++)
		if (strcmp(p->argv[i], "-name") == 0)
			return strcmp(p->argv[i + 1], vm_name) == 0;
	return false;
}

static bool is_mine(struct rootfs *fs, pid_t pid)
{
	char path[32];
	struct stat st;
	(void)snprintf(path, sizeof(path), "proc/%d", (int)pid);
	return rootfs_stat(fs, path, &st) == 0 && st.st_uid == geteuid();
}

void proctable_find(bool (*is)(const struct process *p, const void *data), const void *data, pid_vec *ret)
{
	struct rootfs *fs = rootfs_open_once(NULL);
	struct rootfs_names names = {0};
	if (fs)
		(void)rootfs_list(fs, "proc", true, &names);
	for (size_t i = 0; i < names.at.n; i++) {
		const char *name = rootfs_name(&names, i);
		struct process p;
		pid_t pid;
		if (parse_pid(name, strlen(name), &pid) < 0 || !is_mine(fs, pid) || process_read(fs, pid, &p) < 0)
			continue;
		if (is(&p, data))
			vec_push(ret, pid);
		process_release(&p);
	}
	rootfs_names_release(&names);
	rootfs_close(fs);
}

bool proctable_is_becoming(const struct process *p)
{
	return strcmp(p->stat.comm, SPAWN_COMM) == 0 || (!p->argc && p->exe);
}

void proctable_find_vm(const char *vm_name, pid_vec *ret)
{
	proctable_find(is_our_vm, vm_name, ret);
}
