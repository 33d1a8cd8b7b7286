#include "lab/tool/proctable.h"

#include <errno.h>
#include <libproc2/pids.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vctop/base/attr.h"

/* A killed process is gone within milliseconds unless the disk or the kernel hangs. */
#define KILL_WAIT_MSEC 5000

void lab_nap(unsigned msec)
{
	struct timespec t = {msec / 1000, (long)(msec % 1000) * 1000000L};
	(void)nanosleep(&t, NULL);
}

uint64_t proctable_start(pid_t pid)
{
	enum pids_item items[] = {PIDS_TICS_BEGAN, PIDS_STATE};
	struct pids_info *info = NULL;
	unsigned want = (unsigned)pid;
	uint64_t ticks = 0;
	if (pid <= 0 || procps_pids_new(&info, items, (int)ARRAY_SIZE(items)) < 0)
		return 0;
	const struct pids_fetch *got = procps_pids_select(info, &want, 1, PIDS_SELECT_PID);
	if (got && got->counts->total == 1) {
		const struct pids_stack *s = got->stacks[0];
		char state = PIDS_VAL(1, s_ch, s, info);
		if (state != 'Z' && state != 'X')
			ticks = PIDS_VAL(0, ull_int, s, info);
	}
	(void)procps_pids_unref(&info);
	return ticks;
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

void proctable_find(bool (*is)(char *const *argv, const void *data), const void *data, pid_vec *ret)
{
	enum pids_item items[] = {PIDS_ID_PID, PIDS_ID_RUID, PIDS_CMDLINE_V};
	struct pids_info *info = NULL;
	if (procps_pids_new(&info, items, (int)ARRAY_SIZE(items)) < 0)
		return;
	const struct pids_fetch *got = procps_pids_reap(info, PIDS_FETCH_TASKS_ONLY);
	for (int i = 0; got && i < got->counts->total; i++) {
		const struct pids_stack *s = got->stacks[i];
		char *const *argv = PIDS_VAL(2, strv, s, info);
		if (PIDS_VAL(1, u_int, s, info) == getuid() && argv && argv[0] && is(argv, data))
			vec_push(ret, PIDS_VAL(0, s_int, s, info));
	}
	(void)procps_pids_unref(&info);
}

void proctable_find_vm(const char *vm_name, pid_vec *ret)
{
	proctable_find(is_our_vm, vm_name, ret);
}
