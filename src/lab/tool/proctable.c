#include "lab/tool/proctable.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/source/process.h"
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

static bool is_our_vm(char *const *argv, const void *vm_name)
{
	if (!strstr(argv[0], "qemu-system-"))
		return false;
	for (size_t i = 1; argv[i] && argv[i + 1]; i++)
		if (strcmp(argv[i], "-name") == 0)
			return strcmp(argv[i + 1], vm_name) == 0;
	return false;
}

static bool is_mine(struct rootfs *fs, pid_t pid)
{
	char path[32];
	struct stat st;
	(void)snprintf(path, sizeof(path), "proc/%d", (int)pid);
	return rootfs_stat(fs, path, &st) == 0 && st.st_uid == geteuid();
}

void proctable_find(bool (*is)(char *const *argv, const void *data), const void *data, pid_vec *ret)
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
		if (p.argc && is(p.argv, data))
			vec_push(ret, pid);
		process_release(&p);
	}
	rootfs_names_release(&names);
	rootfs_close(fs);
}

void proctable_find_vm(const char *vm_name, pid_vec *ret)
{
	proctable_find(is_our_vm, vm_name, ret);
}
