/*
 * The raw reading of one instance, and of the host, at one moment: counters as the kernel gives them,
 * gauges as they are.  Rates and judgements come later (frame.h).  Units in the names.
 * The kernel file of each number stands beside it: v2 file | v1 file.
 */
#ifndef VCTOP_MODEL_SAMPLE_H
#define VCTOP_MODEL_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vctop/model/metric.h"

/* A cap that may be reached: the minimum over the instance and all its ancestors. */
struct allocation {
	struct metric amount; /* cores or bytes; UNLIMITED when no level caps */
	bool shared;          /* an ancestor binds: siblings share it */
	const char *by;       /* "cpu.max", "cpuset", "memory.max", "memory.high", "vcpus", "ram"; NULL none */
	const char *at;       /* cgroup path of the level that binds; NULL none */
};

struct sample_cpu {
	struct allocation allocated; /* cores */
	struct metric usage_usec;    /* cpu.stat usage_usec | cpuacct.usage; VM: /proc/PID/stat utime+stime */
	struct metric periods;       /* cpu.stat nr_periods */
	struct metric throttled;     /* cpu.stat nr_throttled */
	struct metric pressure_usec; /* cpu.pressure some total= */
	struct metric vcpus;         /* VM: vCPU threads, else the command line */
	struct metric guest_usec;    /* VM: sum of vCPU threads' schedstat field 1 */
	struct metric steal_usec;    /* VM: sum of vCPU threads' schedstat field 2 (run delay) */
};

struct sample_memory {
	struct allocation allocated; /* bytes */
	struct metric current_bytes; /* memory.current | memory.usage_in_bytes */
	struct metric used_bytes;    /* container: current - inactive_file, floor 0; VM: guest used, else resident */
	const char *used_by;         /* "working set", "guest", "guest RAM resident", "VMM resident" */
	struct metric held_bytes;    /* container: memory.current; VM: resident guest RAM (smaps) */
	struct metric cache_bytes;   /* memory.stat file | total_cache */
	struct metric swap_bytes;    /* memory.swap.current | total_swap; VM: VmSwap */
	struct metric peak_bytes;    /* memory.peak | memory.max_usage_in_bytes; VM: VmHWM */
	struct metric rss_bytes;     /* VM: the whole VMM process (statm) plus hugetlb */
	struct metric guest_used_bytes;
	struct metric overhead_bytes; /* VM: VMM resident beyond guest RAM; container: RSS of shim or conmon */
	struct metric balloon_bytes;
	struct metric pressure_usec;      /* memory.pressure some total= */
	struct metric pressure_full_usec; /* memory.pressure full total= */
	struct metric
	        refault_bytes; /* memory.stat workingset_refault_{anon,file} | total_...: read again after reclaim */
	struct metric events_high; /* memory.events high */
	struct metric events_max;  /* memory.events max | memory.failcnt */
	struct metric events_oom;  /* memory.events oom */
	struct metric oom_kills;   /* memory.events oom_kill | memory.oom_control oom_kill */
};

struct sample {
	int64_t mono_usec; /* when the CPU counter was read */
	/* When pressure and I/O were last read, if that was long before the sample before; 0 it was not. */
	int64_t unread_since_usec;
	struct sample_cpu cpu;
	struct sample_memory mem;
	struct metric io_read_bytes, io_write_bytes; /* io.stat | blkio.throttle.io_service_bytes_recursive */
	struct metric net_rx_bytes, net_tx_bytes;
	struct metric pids;                /* pids.current: tasks, not processes; VM: threads */
	struct metric disk_writable_bytes; /* blocks below the writable layer */
};

enum cgroup_layout { CGROUP_UNIFIED, CGROUP_HYBRID, CGROUP_LEGACY, CGROUP_NONE, CGROUP_LAYOUT_MAX };
enum placement { PLACEMENT_METAL, PLACEMENT_VM, PLACEMENT_CONTAINER, PLACEMENT_MAX };

struct host_sample {
	int64_t mono_usec, real_usec, boot_usec; /* boot_usec: since boot, incl. suspend */
	const char *hostname, *kernel, *boot_id;
	enum placement placement;
	const char *hypervisor;         /* "kvm", "vmware", ...; NULL none known */
	const char *placement_evidence; /* one line naming the files it was decided from */
	enum cgroup_layout layout;
	const char *layout_evidence; /* "cpu v1, memory v1, pids v1; cgroup2 holds hugetlb" */
	struct metric online_cpus;   /* /sys/devices/system/cpu/online */
	struct metric busy_usec;     /* /proc/stat cpu: user+nice+system+irq+softirq (guest is inside user) */
	struct metric steal_usec;    /* /proc/stat cpu: steal */
	struct metric cpu_pressure_usec, mem_pressure_usec; /* /proc/pressure/{cpu,memory} some total= */
	struct metric mem_total_bytes, mem_available_bytes; /* /proc/meminfo */
	struct metric swap_total_bytes, swap_free_bytes;
};

/* None of its numbers is known. */
void sample_none(struct sample *s, const char *why);
/* Nor those that tell that memory is short: only a cgroup counts them. */
void sample_memory_uncounted(struct sample_memory *m, const char *why);

struct core {
	unsigned id;
	int node;                /* NUMA; -1 unknown */
	struct metric busy_usec; /* /proc/stat cpuN: as of the host */
};

struct numa_node {
	unsigned id;
	struct metric total_bytes, free_bytes; /* /sys/devices/system/node/nodeN/meminfo */
};

const char *cgroup_layout_name(enum cgroup_layout l);
const char *placement_name(enum placement p);

#endif
