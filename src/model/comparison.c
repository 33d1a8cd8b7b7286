#include "vctop/model/comparison.h"

#include <stdlib.h>
#include <string.h>

#define START "Start and stop"
#define IDLE "Memory, idle"
#define LOAD "Memory, used and given back"
#define SPEED "Speed"
#define DISK "Disk"
#define STATE "Pause and snapshot"
#define FIT "On this host"

const struct figure_info figure_table[FIGURE_MAX] = {
        [FIGURE_START] = {"start.total_sec", "launch to first instruction", START, UNIT_SECONDS, -1, true,
                          "the monotonic clock when the launch is asked for (image and initramfs are there), and in "
                          "the workload's first instruction; of a VM, when its report has arrived from the serial port",
                          "Firecracker: at most 0.125 s to /sbin/init", "Firecracker SPECIFICATION.md"},
        [FIGURE_STOP] = {"stop.total_sec", "stop", START, UNIT_SECONDS, -1, true,
                         "from asking (SIGTERM, podman stop, the guest resets or powers off) until the workload, its "
                         "helpers and its VMM are gone",
                         NULL, NULL},
        [FIGURE_IDLE_HELD] = {"memory.idle.held_bytes", "held while idle", IDLE, UNIT_BYTES, -1, false,
                              "the sum of the parts below", NULL, NULL},
        [FIGURE_IDLE_WORKLOAD] = {"memory.idle.workload_bytes", "  workload", IDLE, UNIT_BYTES, -1, false,
                                  "Pss of its process (/proc/PID/smaps_rollup); in a VM the same file inside the guest",
                                  NULL, NULL},
        [FIGURE_IDLE_HELPERS] = {"memory.idle.helpers_bytes", "  runtime's helpers", IDLE, UNIT_BYTES, -1, false,
                                 "Pss of its ancestors whose command line names this instance (conmon, shim)",
                                 "containerd-shim-runc-v2: 11.02 MB each", "containerd/rust-extensions README"},
        [FIGURE_IDLE_VMM] = {"memory.idle.vmm_bytes", "  VMM", IDLE, UNIT_BYTES, -1, false,
                             "Pss of the VMM's process (/proc/PID/smaps) without the mapping that is the guest's "
                             "memory; under TCG with the code it translated",
                             "Firecracker about 3 MB, Cloud Hypervisor 13 MB, QEMU 131 MB", "Agache et al., NSDI'20"},
        [FIGURE_IDLE_GUEST] = {"memory.idle.guest_bytes", "  guest kernel and rest", IDLE, UNIT_BYTES, -1, false,
                               "Pss of the mapping that is the guest's memory, less the workload in it", NULL, NULL},
        [FIGURE_LOAD_HELD] = {"memory.load.held_bytes", "held under load", LOAD, UNIT_BYTES, -1, false,
                              "the same sum once the workload has touched each page of its load", NULL, NULL},
        [FIGURE_FREED_HELD] = {"memory.freed.held_bytes", "held after the workload freed it", LOAD, UNIT_BYTES, -1,
                               false, "the same sum 0.2 s after the workload unmapped its load", NULL, NULL},
        [FIGURE_REPORTED_HELD] =
                {"memory.freed.reporting_bytes", "  with free page reporting", LOAD, UNIT_BYTES, -1, false,
                 "a second VM whose balloon device reports free pages, when its size has come to rest; in the "
                 "first two runs",
                 NULL, NULL},
        [FIGURE_BALLOONED_HELD] =
                {"memory.freed.ballooned_bytes", "  with the balloon", LOAD, UNIT_BYTES, -1, false,
                 "after that the guest loaded the balloon's driver, and it was inflated by what the guest "
                 "says is available, less 16 MiB",
                 NULL, NULL},
        [FIGURE_CPU_WORK] = {"cpu.work_ratio", "CPU work, process = 1", SPEED, UNIT_NONE, 1, true,
                             "rounds of arithmetic, branches and a table of 64 KiB, the fastest of those that fit into "
                             "0.3 s, divided by "
                             "the plain process' of the same round",
                             "Linpack: Docker 1.00, KVM 0.83 untuned, 0.98 tuned", "Felter et al., IBM RC25482"},
        [FIGURE_SYSCALL] =
                {"cpu.syscall_sec", "system call", SPEED, UNIT_SECONDS, -1, true,
                 "getppid a thousand times, the fastest thousand in 0.1 s, by the workload's monotonic clock", NULL,
                 NULL},
        [FIGURE_SWITCH] = {"cpu.switch_sec", "context switch", SPEED, UNIT_SECONDS, -1, true,
                           "a byte to and fro through two pipes between two processes on one core, halved: the fastest "
                           "hundred in 0.15 s",
                           NULL, NULL},
        [FIGURE_DISK_IMAGE] = {"disk.image_bytes", "image", DISK, UNIT_BYTES, -1, false,
                               "blocks allocated to its files: the layers, or the guest's kernel and initramfs or disk",
                               "image: unikernel 480 KB, Tinyx 9.5 MB, Debian 1.1 GB", "Manco et al., SOSP'17"},
        [FIGURE_DISK_WRITABLE] =
                {"disk.writable_bytes", "written once started", DISK, UNIT_BYTES, -1, false,
                 "blocks allocated to what exists for this instance alone: its layer, its directory, logs", NULL, NULL},
        [FIGURE_PAUSE] = {"state.pause_sec", "pause", STATE, UNIT_SECONDS, -1, true,
                          "from asking until it is frozen: the cgroup's freezer, podman or docker pause, QMP stop, a "
                          "call of the VMM's API",
                          NULL, NULL},
        [FIGURE_RESUME] = {"state.resume_sec", "resume", STATE, UNIT_SECONDS, -1, true,
                           "from asking until it is said to run", NULL, NULL},
        [FIGURE_SNAPSHOT] =
                {"state.snapshot_sec", "snapshot", STATE, UNIT_SECONDS, -1, true,
                 "the time to write one: podman or docker commit (the writable layer), a tar of the root of "
                 "other containers, memory and devices of a VM (QMP migrate to a file, a call of the VMM's API)",
                 NULL, NULL},
        [FIGURE_SNAPSHOT_BYTES] = {"state.snapshot_bytes", "  its size", STATE, UNIT_BYTES, -1, false,
                                   "blocks allocated to that file, or to what the layer adds", NULL, NULL},
        [FIGURE_FIT] = {"fit.count", "idle ones that would fit", FIT, UNIT_COUNT, 1, false,
                        "MemAvailable of this host before the first run, divided by what one holds while idle", NULL,
                        NULL},
};

bool figure_is_part(enum figure f)
{
	return figure_table[f].title[0] == ' ';
}

const char *figure_title(enum figure f)
{
	const char *title = figure_table[f].title;
	return title + strspn(title, " ");
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct spread spread_of(double *values, size_t n, const char *why)
{
	struct spread s = {.runs = (unsigned)n};
	s.median = s.min = s.max = metric_none(METRIC_ABSENT, why);
	if (n == 0)
		return s;
	qsort(values, n, sizeof(*values), by_value);
	s.median = metric_ok((values[(n - 1) / 2] + values[n / 2]) / 2);
	s.min = metric_ok(values[0]);
	s.max = metric_ok(values[n - 1]);
	return s;
}

static void subject_release(struct subject *s)
{
	free(s->id);
	free(s->title);
	free(s->kind);
	free(s->remark);
	free(s->skipped);
	for (size_t i = 0; i < FIGURE_MAX; i++)
		free(s->why[i]);
	for (size_t i = 0; i < s->phases.n; i++)
		free(s->phases.v[i].name);
	vec_free(&s->phases);
	for (size_t i = 0; i < s->facts.n; i++) {
		free(s->facts.v[i].key);
		free(s->facts.v[i].value);
	}
	vec_free(&s->facts);
	for (size_t i = 0; i < s->commands.n; i++)
		free(s->commands.v[i]);
	vec_free(&s->commands);
}

void comparison_release(struct comparison *c)
{
	free(c->hostname);
	free(c->kernel);
	free(c->cpu_model);
	for (size_t i = 0; i < c->subjects.n; i++)
		subject_release(&c->subjects.v[i]);
	vec_free(&c->subjects);
	*c = (struct comparison){0};
}
