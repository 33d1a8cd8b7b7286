/* The table of fields: see field.h.  Order here is the order in JSON, `vctop fields` and the help. */
#include "vctop/model/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "vctop/base/attr.h"
#include "vctop/base/units.h"

#define METRIC(fn, expr)                                                                                               \
	static struct field_value fn(const struct row *r)                                                              \
	{                                                                                                              \
		return (struct field_value){.metric = (expr)};                                                         \
	}
#define TEXT(fn, expr)                                                                                                 \
	static struct field_value fn(const struct row *r)                                                              \
	{                                                                                                              \
		return (struct field_value){.text = (expr)};                                                           \
	}
#define FLAG(fn, expr)                                                                                                 \
	static struct field_value fn(const struct row *r)                                                              \
	{                                                                                                              \
		return (struct field_value){.metric = (expr)};                                                         \
	}

static struct metric pid_metric(const struct row *r)
{
	return r->inst->pid > 0 ? metric_ok(r->inst->pid) : metric_none(METRIC_ABSENT, "no process");
}

static struct metric started_metric(const struct row *r)
{
	return r->inst->started_usec > 0 ? metric_ok((double)r->inst->started_usec / 1e6)
	                                 : metric_none(METRIC_ABSENT, "start time not known");
}

static struct metric age_metric(const struct row *r)
{
	return r->age_sec >= 0 ? metric_ok(r->age_sec) : metric_none(METRIC_ABSENT, "start time not known");
}

static struct metric observed_metric(const struct row *r)
{
	return metric_ok(r->verdict.observed_sec);
}

static struct metric changed_metric(const struct row *r)
{
	return r->verdict.changed_usec > 0 ? metric_ok((double)r->verdict.changed_usec / 1e6)
	                                   : metric_none(METRIC_ABSENT, "no change seen");
}

static struct field_value get_verdict(const struct row *r)
{
	return (struct field_value){.text = verdict_state_name(r->verdict.state), .shown = verdict_word(&r->verdict)};
}

TEXT(get_id, r->inst->id)
TEXT(get_kind, instance_kind_name(r->inst->kind))
TEXT(get_runtime, r->inst->runtime)
TEXT(get_name, r->inst->name)
static struct field_value get_image(const struct row *r)
{
	const char *why = r->inst->no_image;
	return (struct field_value){.text = r->inst->image, .metric = metric_none(METRIC_ABSENT, why)};
}
TEXT(get_state, instance_state_name(r->inst->state))
METRIC(get_pid, pid_metric(r))
METRIC(get_started, started_metric(r))
METRIC(get_age, age_metric(r))
TEXT(get_cgroup, r->inst->cgroup)
TEXT(get_parent, r->inst->parent)
TEXT(get_uuid, r->inst->uuid)
TEXT(get_sample, r->inst->sample)
METRIC(get_cpu_alloc, r->sample->cpu.allocated.amount)
TEXT(get_cpu_by, r->sample->cpu.allocated.by)
TEXT(get_cpu_at, r->sample->cpu.allocated.at)
FLAG(get_cpu_shared, metric_ok(r->sample->cpu.allocated.shared))
METRIC(get_cpu_used, r->cpu_used_cores)
METRIC(get_cpu_pct, r->cpu_used_pct)
METRIC(get_vcpus, r->sample->cpu.vcpus)
METRIC(get_guest, r->guest_cores)
METRIC(get_cpu_overhead, r->overhead_cores)
METRIC(get_steal, r->steal_cores)
METRIC(get_throttled, r->throttled_pct)
METRIC(get_cpu_psi, r->cpu_pressure_pct)
METRIC(get_mem_alloc, r->sample->mem.allocated.amount)
TEXT(get_mem_by, r->sample->mem.allocated.by)
TEXT(get_mem_at, r->sample->mem.allocated.at)
FLAG(get_mem_shared, metric_ok(r->sample->mem.allocated.shared))
METRIC(get_mem_used, r->sample->mem.used_bytes)
TEXT(get_mem_used_by, r->sample->mem.used_by)
METRIC(get_mem_pct, r->mem_used_pct)
METRIC(get_held, r->sample->mem.held_bytes)
METRIC(get_cache, r->sample->mem.cache_bytes)
METRIC(get_swap, r->sample->mem.swap_bytes)
METRIC(get_peak, r->sample->mem.peak_bytes)
METRIC(get_rss, r->sample->mem.rss_bytes)
METRIC(get_guest_used, r->sample->mem.guest_used_bytes)
METRIC(get_mem_overhead, r->sample->mem.overhead_bytes)
METRIC(get_balloon, r->sample->mem.balloon_bytes)
METRIC(get_mem_psi, r->mem_pressure_pct)
METRIC(get_mem_full, r->mem_pressure_full_pct)
METRIC(get_refault, r->refault_per_sec)
METRIC(get_high, r->sample->mem.events_high)
METRIC(get_max, r->sample->mem.events_max)
METRIC(get_oom_events, r->sample->mem.events_oom)
METRIC(get_oom, r->sample->mem.oom_kills)
METRIC(get_io_read, r->io_read_per_sec)
METRIC(get_io_write, r->io_write_per_sec)
METRIC(get_rx, r->net_rx_per_sec)
METRIC(get_tx, r->net_tx_per_sec)
METRIC(get_pids, r->sample->pids)
METRIC(get_writable, r->sample->disk_writable_bytes)
TEXT(get_kernel, r->background->isolation.kernel)
TEXT(get_ns_pid, ns_state_name(r->background->isolation.ns[NS_PID]))
TEXT(get_ns_mnt, ns_state_name(r->background->isolation.ns[NS_MNT]))
TEXT(get_ns_net, ns_state_name(r->background->isolation.ns[NS_NET]))
TEXT(get_ns_ipc, ns_state_name(r->background->isolation.ns[NS_IPC]))
TEXT(get_ns_uts, ns_state_name(r->background->isolation.ns[NS_UTS]))
TEXT(get_ns_user, ns_state_name(r->background->isolation.ns[NS_USER]))
TEXT(get_ns_cgroup, ns_state_name(r->background->isolation.ns[NS_CGROUP]))
TEXT(get_ns_time, ns_state_name(r->background->isolation.ns[NS_TIME]))
TEXT(get_user, r->background->isolation.user)
METRIC(get_uid, r->background->isolation.uid)
TEXT(get_caps, r->background->isolation.capabilities)
FLAG(get_all_caps, r->background->isolation.all_capabilities)
TEXT(get_seccomp, r->background->isolation.seccomp)
TEXT(get_lsm, r->background->isolation.lsm)
FLAG(get_nnp, r->background->isolation.no_new_privs)
FLAG(get_privileged, r->background->isolation.privileged)
FLAG(get_ro_root, r->background->isolation.read_only_root)
TEXT(get_host_mounts, r->background->isolation.host_mounts)
TEXT(get_guard, r->background->isolation.guard)
TEXT(get_isolation, r->background->isolation.summary)
METRIC(get_image_bytes, r->background->disk.image_bytes)
METRIC(get_shared_bytes, r->background->disk.shared_bytes)
METRIC(get_layers, r->background->disk.layers)
METRIC(get_virtual, r->background->disk.virtual_bytes)
METRIC(get_disk_alloc, r->background->disk.allocated_bytes)
METRIC(get_snapshots, r->background->disk.snapshots)
METRIC(get_chain, r->background->disk.chain)
TEXT(get_driver, r->background->disk.driver)
TEXT(get_disk_detail, r->background->disk.detail)
TEXT(get_daemon, r->background->supervisor.daemon)
FLAG(get_daemon_running, r->background->supervisor.daemon_running)
TEXT(get_monitor, r->background->supervisor.monitor)
METRIC(get_monitor_pid, r->background->supervisor.monitor_pid)
TEXT(get_survives, r->background->supervisor.survives)
TEXT(get_super_evidence, r->background->supervisor.evidence)
FLAG(get_provisional, metric_ok(r->verdict.provisional))
TEXT(get_now, verdict_now_name(r->verdict.now))
TEXT(get_rule, r->verdict.rule)
TEXT(get_reason, r->verdict.reason)
TEXT(get_basis, verdict_basis_name(r->verdict.basis))
METRIC(get_observed, observed_metric(r))
METRIC(get_week_hours, metric_ok(r->verdict.week_hours))
METRIC(get_changed, changed_metric(r))
TEXT(get_confidence, confidence_name(r->verdict.confidence))
METRIC(get_rec_cores, r->verdict.recommended_cores)
METRIC(get_rec_bytes, r->verdict.recommended_bytes)
METRIC(get_slack_cores, r->verdict.slack_cores)
METRIC(get_slack_bytes, r->verdict.slack_bytes)
METRIC(get_slack_cost, r->verdict.slack_cost)
METRIC(get_cold, r->verdict.cold_bytes)

/* clang-format off */
const struct field field_table[] = {
/* key, title, column, unit, kind, width, largest first, source, help, get */
{"id", "ID", "id", UNIT_NONE, FIELD_TEXT, -20, false, "the runtime and its id for it; VM: the VMM and -uuid or the name (/proc/PID/cmdline)", "Identity: unique on this host, stable while the instance lives.", get_id},
{"kind", "KIND", "kind", UNIT_NONE, FIELD_TEXT, -9, false, "container: a cgroup or namespaces of a runtime; VM: a VMM or its kvm-vm", "container: shares this kernel. vm: has its own.", get_kind},
{"runtime", "RUNTIME", "runtime", UNIT_NONE, FIELD_TEXT, -8, false, "container: the cgroup path (/proc/PID/cgroup) and the files that know it; VM: the executable (/proc/PID/exe)", "The program that made it.", get_runtime},
{"name", "NAME", "name", UNIT_NONE, FIELD_TEXT, -16, false, "container: the runtime's files, or its monitor's command line; VM: -name (/proc/PID/cmdline), or the manager's files", "Its name, read without asking a daemon.", get_name},
{"image", "IMAGE", "image", UNIT_NONE, FIELD_TEXT, -16, false, "container: the runtime's files; VM: its first disk or kernel (/proc/PID/cmdline)", "What it was made from.", get_image},
{"state", "STATE", "state", UNIT_NONE, FIELD_TEXT, -8, false, "container: cgroup.events | cgroup.procs, cgroup.freeze | freezer.state, without a group /proc/PID/stat; VM: /proc/PID/stat field 3, /proc/PID/task/TID/stat", "running, paused or stopped, as the kernel says.", get_state},
{"pid", "PID", "pid", UNIT_COUNT, FIELD_METRIC, 8, false, "container: cgroup.procs, else the pid in its files (state.json, init.pid, pidfile), else a child of its monitor (/proc/MONITOR/task/TID/children); VM: a process of a VMM (/proc/PID/exe, /proc/PID/cmdline)", "The first process of the container, or the VMM.", get_pid},
{"started", "STARTED", NULL, UNIT_TIME, FIELD_METRIC, 20, true, "/proc/PID/stat field 22, in clock ticks since boot", "When that process started.", get_started},
{"age_sec", "AGE", "age", UNIT_SECONDS, FIELD_METRIC, 6, true, "time of the reading - started", "How long it has run.", get_age},
{"cgroup", "CGROUP", "cgroup", UNIT_NONE, FIELD_TEXT, -24, false, "/proc/PID/cgroup", "Its control group; empty when it has none of its own.", get_cgroup},
{"parent", "PARENT", NULL, UNIT_NONE, FIELD_TEXT, -20, false, "nesting of cgroup paths", "The instance it runs inside; it is counted there.", get_parent},
{"uuid", "UUID", NULL, UNIT_NONE, FIELD_TEXT, -36, false, "VM: -uuid (/proc/PID/cmdline)", "The VM's uuid.", get_uuid},
{"sample", "SAMPLE", NULL, UNIT_NONE, FIELD_TEXT, -12, false, "/run/vctop/samples", "Set when vctop launched it.", get_sample},
{"cpu.allocated_cores", "GIVEN", "cpu-given", UNIT_CORES, FIELD_METRIC, 5, true, "min over levels of cpu.max | cpu.cfs_quota_us / cpu.cfs_period_us, and cpuset.cpus.effective | cpuset.effective_cpus; VM: vCPUs (/proc/PID/cmdline)", "Cores it may use at most.", get_cpu_alloc},
{"cpu.allocated_by", "CAP BY", NULL, UNIT_NONE, FIELD_TEXT, -10, false, "the file that binds", "What sets that cap.", get_cpu_by},
{"cpu.allocated_at", "CAP AT", NULL, UNIT_NONE, FIELD_TEXT, -16, false, "the cgroup level that binds", "The level of the tree whose cap binds.", get_cpu_at},
{"cpu.shared_cap", "SHARED", NULL, UNIT_NONE, FIELD_FLAG, 6, false, "an ancestor binds", "Siblings share the cap: it is counted once in totals.", get_cpu_shared},
{"cpu.used_cores", "CPU", "cpu", UNIT_CORES, FIELD_METRIC, 5, true, "cpu.stat usage_usec | cpuacct.usage; VM: /proc/PID/stat utime + stime", "Cores used over the interval; 1.00 is one CPU fully used.", get_cpu_used},
{"cpu.used_pct", "%GIVEN", "cpu-pct", UNIT_PERCENT, FIELD_METRIC, 6, true, "cpu.used_cores / cpu.allocated_cores", "Share of the allocation in use.", get_cpu_pct},
{"cpu.vcpus", "VCPU", "vcpus", UNIT_COUNT, FIELD_METRIC, 4, true, "vCPU threads (/proc/PID/task/TID/comm), else -smp (/proc/PID/cmdline)", "Virtual CPUs of a VM.", get_vcpus},
{"cpu.guest_cores", "GUEST", "guest", UNIT_CORES, FIELD_METRIC, 5, true, "/proc/PID/task/TID/schedstat field 1, sum over vCPU threads", "Cores the vCPU threads ran.", get_guest},
{"cpu.overhead_cores", "VMM", "cpu-overhead", UNIT_CORES, FIELD_METRIC, 5, true, "/proc/PID/stat utime + stime minus /proc/PID/task/TID/schedstat of vCPU threads", "Cores the VMM used beside its vCPUs.", get_cpu_overhead},
{"cpu.steal_cores", "STEAL", "steal", UNIT_CORES, FIELD_METRIC, 5, true, "/proc/PID/task/TID/schedstat field 2, sum over vCPU threads", "Cores' worth of time the vCPUs waited for a CPU.", get_steal},
{"cpu.throttled_pct", "THROT", "throttled", UNIT_PERCENT, FIELD_METRIC, 5, true, "cpu.stat nr_throttled / cpu.stat nr_periods", "Enforcement periods in which the cap stopped it.", get_throttled},
{"cpu.pressure_some_pct", "CPUPSI", "cpu-psi", UNIT_PERCENT, FIELD_METRIC, 6, true, "cpu.pressure some total=", "Share of the interval in which some task waited for CPU.", get_cpu_psi},
{"memory.allocated_bytes", "GIVEN", "mem-given", UNIT_BYTES, FIELD_METRIC, 6, true, "min over levels of memory.max, memory.high | memory.limit_in_bytes; VM: RAM (/proc/PID/cmdline)", "Memory it may hold at most.", get_mem_alloc},
{"memory.allocated_by", "CAP BY", NULL, UNIT_NONE, FIELD_TEXT, -12, false, "the file that binds", "What sets that cap.", get_mem_by},
{"memory.allocated_at", "CAP AT", NULL, UNIT_NONE, FIELD_TEXT, -16, false, "the cgroup level that binds", "The level of the tree whose cap binds.", get_mem_at},
{"memory.shared_cap", "SHARED", NULL, UNIT_NONE, FIELD_FLAG, 6, false, "an ancestor binds", "Siblings share the cap: it is counted once in totals.", get_mem_shared},
{"memory.used_bytes", "MEM", "mem", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.current - memory.stat inactive_file | memory.usage_in_bytes - memory.stat total_inactive_file; VM: guest used, else resident guest RAM (/proc/PID/smaps)", "Memory needed now.", get_mem_used},
{"memory.used_by", "USED BY", NULL, UNIT_NONE, FIELD_TEXT, -12, false, "what used_bytes was taken from", "Which measure used_bytes is.", get_mem_used_by},
{"memory.used_pct", "%GIVEN", "mem-pct", UNIT_PERCENT, FIELD_METRIC, 6, true, "memory.used_bytes / memory.allocated_bytes", "Share of the allocation in use; a VM may pass 100.", get_mem_pct},
{"memory.held_bytes", "HELD", "held", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.current | memory.usage_in_bytes; VM: resident guest RAM (/proc/PID/smaps)", "Memory physically resident on this host.", get_held},
{"memory.cache_bytes", "CACHE", "cache", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.stat file | memory.stat total_cache", "Page cache charged to it.", get_cache},
{"memory.swap_bytes", "SWAP", "swap", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.swap.current | memory.stat total_swap; VM: /proc/PID/smaps Swap", "Memory swapped out.", get_swap},
{"memory.peak_bytes", "PEAK", "peak", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.peak | memory.max_usage_in_bytes; VM: /proc/PID/status VmHWM, and what child processes that are its devices hold now", "The most it ever held, page cache included.", get_peak},
{"memory.rss_bytes", "RSS", "rss", UNIT_BYTES, FIELD_METRIC, 6, true, "VM: /proc/PID/statm field 2 * page size", "VM: the whole VMM process.", get_rss},
{"memory.guest_used_bytes", "GUEST", "guest-used", UNIT_BYTES, FIELD_METRIC, 6, true, "balloon statistics, or what the guest of a sample VM reports", "What the guest says it uses.", get_guest_used},
{"memory.overhead_bytes", "OVERHD", "mem-overhead", UNIT_BYTES, FIELD_METRIC, 6, true, "VM: /proc/PID/smaps outside guest RAM, and (resident - shared) * page size of child processes that are its devices; container: /proc/MONITOR/statm field 2 * page size, of its shim or conmon", "Memory it costs beyond its workload.", get_mem_overhead},
{"memory.balloon_bytes", "BALLON", NULL, UNIT_BYTES, FIELD_METRIC, 6, true, "query-balloon", "Guest RAM given back by the balloon.", get_balloon},
{"memory.pressure_some_pct", "MEMPSI", "mem-psi", UNIT_PERCENT, FIELD_METRIC, 6, true, "memory.pressure some total=", "Share of the interval in which some task waited for memory.", get_mem_psi},
{"memory.pressure_full_pct", "MEMFUL", "mem-psi-full", UNIT_PERCENT, FIELD_METRIC, 6, true, "memory.pressure full total=", "Share of the interval in which all its tasks waited for memory.", get_mem_full},
{"memory.refault_bytes_per_sec", "REFAULT", "refaults", UNIT_BYTES_PER_SEC, FIELD_METRIC, 7, true, "memory.stat workingset_refault_anon + workingset_refault_file | memory.stat total_workingset_refault_anon + total_workingset_refault_file", "Memory read again after it had to be given up.", get_refault},
{"memory.events_high", "HIGH", "mem-high", UNIT_COUNT, FIELD_METRIC, 6, true, "memory.events high", "Times it was slowed down for being above memory.high, since it was created.", get_high},
{"memory.events_max", "MAX", "mem-max", UNIT_COUNT, FIELD_METRIC, 6, true, "memory.events max | memory.failcnt", "Times it ran into its cap, since it was created; page cache does too.", get_max},
{"memory.events_oom", "OOMEV", "mem-oom", UNIT_COUNT, FIELD_METRIC, 6, true, "memory.events oom", "Times an allocation found no memory below the cap, since it was created.", get_oom_events},
{"memory.oom_kills", "OOM", "oom", UNIT_COUNT, FIELD_METRIC, 4, true, "memory.events oom_kill | memory.oom_control oom_kill", "Processes killed for lack of memory since it was created.", get_oom},
{"io.read_bytes_per_sec", "READ", "read", UNIT_BYTES_PER_SEC, FIELD_METRIC, 7, true, "container: io.stat rbytes= | blkio.throttle.io_service_bytes_recursive Read; VM: /proc/PID/io read_bytes", "Bytes read from disks.", get_io_read},
{"io.write_bytes_per_sec", "WRITE", "write", UNIT_BYTES_PER_SEC, FIELD_METRIC, 7, true, "container: io.stat wbytes= | blkio.throttle.io_service_bytes_recursive Write; VM: /proc/PID/io write_bytes", "Bytes written to disks.", get_io_write},
{"net.rx_bytes_per_sec", "RX", "rx", UNIT_BYTES_PER_SEC, FIELD_METRIC, 7, true, "container: /proc/PID/net/dev of its own network namespace, without its loopback; VM: tx_bytes of its taps", "Bytes received.", get_rx},
{"net.tx_bytes_per_sec", "TX", "tx", UNIT_BYTES_PER_SEC, FIELD_METRIC, 7, true, "container: /proc/PID/net/dev of its own network namespace, without its loopback; VM: rx_bytes of its taps", "Bytes sent.", get_tx},
{"pids", "TASKS", "tasks", UNIT_COUNT, FIELD_METRIC, 5, true, "pids.current; VM: /proc/PID/stat num_threads", "Tasks: threads, not processes.", get_pids},
{"disk.writable_bytes", "DISK", "disk", UNIT_BYTES, FIELD_METRIC, 6, true, "container: st_blocks * 512 of all files in the writable layer, hard links once (mount-id)", "What its writable layer occupies.", get_writable},
{"disk.image_bytes", "IMAGE", "image-size", UNIT_BYTES, FIELD_METRIC, 6, true, "container: sum of the sizes of its layers in the image store", "All layers of its image.", get_image_bytes},
{"disk.shared_bytes", "SHARED", NULL, UNIT_BYTES, FIELD_METRIC, 6, true, "container: sum of the sizes of those layers that more than one image uses", "What of the image is shared with other images.", get_shared_bytes},
{"disk.layers", "LAYERS", "layers", UNIT_COUNT, FIELD_METRIC, 6, true, "container: layers of the image in the image store", "Number of image layers.", get_layers},
{"disk.virtual_bytes", "VDISK", "vdisk", UNIT_BYTES, FIELD_METRIC, 6, true, "VM: size in the header of each disk, or the size of a raw one", "VM: disk size the guest sees.", get_virtual},
{"disk.allocated_bytes", "ONHOST", "disk-held", UNIT_BYTES, FIELD_METRIC, 6, true, "VM: st_blocks * 512 of each image and its backing files, each once", "VM: what its disks occupy on the host.", get_disk_alloc},
{"disk.snapshots", "SNAPS", NULL, UNIT_COUNT, FIELD_METRIC, 5, true, "VM: nb_snapshots in each qcow2 header", "VM: internal snapshots.", get_snapshots},
{"disk.chain", "CHAIN", NULL, UNIT_COUNT, FIELD_METRIC, 5, true, "VM: files of the longest chain of backing file names", "VM: files in the longest backing chain.", get_chain},
{"disk.driver", "DRIVER", NULL, UNIT_NONE, FIELD_TEXT, -8, false, "container: the runtime's files; VM: the first bytes of each image, where the command line gives no format", "How it is stored.", get_driver},
{"disk.detail", "DISKS", NULL, UNIT_NONE, FIELD_TEXT, -24, false, "VM: disks the VMM has open, and their snapshot tables", "VM: its disks and their snapshots by name.", get_disk_detail},
{"isolation.summary", "ISOLATION", "isolation", UNIT_NONE, FIELD_TEXT, -28, false, "the facts below in one line", "How isolated it is.", get_isolation},
{"isolation.kernel", "KERNEL", "kernel", UNIT_NONE, FIELD_TEXT, -6, false, "container: the host's, but gVisor's its own (/proc/PID/cmdline); VM: its own", "Whose kernel it runs on.", get_kernel},
{"isolation.namespaces.pid", "PIDNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/pid against /proc/1/ns/pid, or the number the first one always has", "own: it cannot see the host's processes.", get_ns_pid},
{"isolation.namespaces.mnt", "MNTNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/mnt against /proc/1/ns/mnt", "own: its own mounts.", get_ns_mnt},
{"isolation.namespaces.net", "NETNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/net against /proc/1/ns/net", "own: its own network.", get_ns_net},
{"isolation.namespaces.ipc", "IPCNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/ipc against /proc/1/ns/ipc, or the number the first one always has", "own: its own shared memory and queues.", get_ns_ipc},
{"isolation.namespaces.uts", "UTSNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/uts against /proc/1/ns/uts, or the number the first one always has", "own: its own host name.", get_ns_uts},
{"isolation.namespaces.user", "USERNS", NULL, UNIT_NONE, FIELD_TEXT, -6, false, "container: /proc/PID/ns/user against /proc/1/ns/user, or the number the first one always has", "own: its root is not the host's root.", get_ns_user},
{"isolation.namespaces.cgroup", "CGNS", NULL, UNIT_NONE, FIELD_TEXT, -5, false, "container: /proc/PID/ns/cgroup against /proc/1/ns/cgroup, or the number the first one always has", "own: it sees only its part of the cgroup tree.", get_ns_cgroup},
{"isolation.namespaces.time", "TIMENS", NULL, UNIT_NONE, FIELD_TEXT, -6, false, "container: /proc/PID/ns/time against /proc/1/ns/time, or the number the first one always has", "own: its own clock offsets.", get_ns_time},
{"isolation.user", "USER", "user", UNIT_NONE, FIELD_TEXT, -8, false, "/proc/PID/uid_map, /proc/PID/status Uid", "root: the host's root. user: another user. rootless: a plain user's root. userns: root only inside.", get_user},
{"isolation.uid", "UID", NULL, UNIT_COUNT, FIELD_METRIC, 6, false, "/proc/PID/status Uid", "Host user id of its first process.", get_uid},
{"isolation.capabilities", "CAPS", NULL, UNIT_NONE, FIELD_TEXT, -16, false, "/proc/PID/status CapEff", "Effective capabilities, hexadecimal.", get_caps},
{"isolation.all_capabilities", "ALLCAPS", NULL, UNIT_NONE, FIELD_FLAG, 7, false, "/proc/PID/status CapEff covers /proc/1/status CapBnd", "It has every capability this host has.", get_all_caps},
{"isolation.seccomp", "SECCOMP", "seccomp", UNIT_NONE, FIELD_TEXT, -7, false, "/proc/PID/status Seccomp", "System call filter: off, strict or filter.", get_seccomp},
{"isolation.lsm", "LSM", NULL, UNIT_NONE, FIELD_TEXT, -16, false, "/proc/PID/attr/apparmor/current, else /proc/PID/attr/current", "AppArmor or SELinux label.", get_lsm},
{"isolation.no_new_privs", "NNP", NULL, UNIT_NONE, FIELD_FLAG, 4, false, "/proc/PID/status NoNewPrivs", "setuid programs give it nothing.", get_nnp},
{"isolation.privileged", "PRIV", "privileged", UNIT_NONE, FIELD_FLAG, 4, false, "container: /proc/PID/status CapEff covers /proc/1/status CapBnd, Seccomp is 0, /proc/PID/ns/user is /proc/1/ns/user, nothing of /proc is masked (/proc/PID/mountinfo), and all devices are allowed (devices.list)", "Nothing but the namespaces holds it back.", get_privileged},
{"isolation.read_only_root", "RO", NULL, UNIT_NONE, FIELD_FLAG, 3, false, "container: options of the mount of /, the last one (/proc/PID/mountinfo)", "Its root file system is read-only.", get_ro_root},
{"isolation.host_mounts", "HOST MOUNTS", NULL, UNIT_NONE, FIELD_TEXT, -16, false, "container: mounts of its own mountinfo that show what PID 1's has as the host's directories, and sockets of daemons", "Mounts that give the host away.", get_host_mounts},
{"isolation.guard", "GUARD", NULL, UNIT_NONE, FIELD_TEXT, -24, false, "VM: /proc/PID/exe, /proc/PID/status Uid, CapEff, Seccomp, /proc/PID/attr/current, and its namespaces against those of PID 1", "VM: the process that guards it, and with what.", get_guard},
{"supervisor.daemon", "DAEMON", "daemon", UNIT_NONE, FIELD_TEXT, -10, false, "container: its monitor's -namespace (/proc/MONITOR/cmdline), or the runtime; VM: directories of libvirt or Incus (/proc/PID/cmdline)", "The daemon that manages it.", get_daemon},
{"supervisor.daemon_running", "UP", NULL, UNIT_NONE, FIELD_FLAG, 4, false, "that process in /proc, with the start time it had", "Whether that daemon runs now.", get_daemon_running},
{"supervisor.monitor", "MONITOR", "monitor", UNIT_NONE, FIELD_TEXT, -15, false, "/proc/PID/status PPid or /proc/PID/stat field 4 (parent), and the name of that process (/proc/MONITOR/stat)", "The process that watches it alone.", get_monitor},
{"supervisor.monitor_pid", "MONPID", NULL, UNIT_COUNT, FIELD_METRIC, 8, false, "/proc/PID/status PPid or /proc/PID/stat field 4 (parent)", "That process's id.", get_monitor_pid},
{"supervisor.survives_daemon", "SURVIVES", "survives", UNIT_NONE, FIELD_TEXT, -10, false, "/proc/MONITOR/stat fields 4 and 5 (parent, process group); dockerd's live-restore", "Whether it survives the daemon's death.", get_survives},
{"supervisor.evidence", "EVIDENCE", NULL, UNIT_NONE, FIELD_TEXT, -40, false, "supervisor.monitor and supervisor.survives_daemon in words", "From what that was concluded.", get_super_evidence},
{"verdict.state", "VERDICT", "verdict", UNIT_NONE, FIELD_TEXT, -11, false, "verdict.rule applied to cpu.* and memory.* over verdict.observed_sec", "What the allocation is judged to be.", get_verdict},
{"verdict.provisional", "PROV", NULL, UNIT_NONE, FIELD_FLAG, 4, false, "idle, and verdict.observed_sec is less than a day", "idle, but seen for less than a day: \"idle?\".", get_provisional},
{"verdict.now", "NOW", "now", UNIT_NONE, FIELD_TEXT, -9, false, "this interval alone", "low, busy or pressured in this interval; no more than a look.", get_now},
{"verdict.rule", "RULE", NULL, UNIT_NONE, FIELD_TEXT, -20, false, "the first rule whose condition holds", "The rule that decided.", get_rule},
{"verdict.reason", "WHY", "why", UNIT_NONE, FIELD_TEXT, -40, false, "the numbers the rule looked at", "The evidence in one sentence.", get_reason},
{"verdict.basis", "BASIS", NULL, UNIT_NONE, FIELD_TEXT, -8, false, "what verdict.rule looked at", "window: this interval. lifetime: counters since the start. history: many days.", get_basis},
{"verdict.observed_sec", "SEEN", NULL, UNIT_SECONDS, FIELD_METRIC, 6, true, "seconds in which it was read, gaps left out; before there are any, its age", "How much time the evidence covers.", get_observed},
{"verdict.week_hours", "WEEK", NULL, UNIT_COUNT, FIELD_METRIC, 4, true, "hours of the week in the history", "Hours of the week, of 168, in which it was seen; 0 without history.", get_week_hours},
{"verdict.changed", "CHANGED", "changed", UNIT_TIME, FIELD_METRIC, 24, true, "time at which the state last became another", "When the verdict last became another.", get_changed},
{"verdict.confidence", "CONF", NULL, UNIT_NONE, FIELD_TEXT, -8, false, "verdict.observed_sec and verdict.week_hours", "How far to trust it.", get_confidence},
{"verdict.recommended.cores", "NEEDS", "need-cpu", UNIT_CORES, FIELD_METRIC, 5, true, "what cpu.used_cores needed over verdict.observed_sec, and a margin", "Cores that would do, margin included.", get_rec_cores},
{"verdict.recommended.bytes", "NEEDS", "need-mem", UNIT_BYTES, FIELD_METRIC, 6, true, "what memory.used_bytes needed over verdict.observed_sec, and a margin", "Memory that would do, margin included.", get_rec_bytes},
{"verdict.slack.cores", "SLACK", "slack-cpu", UNIT_CORES, FIELD_METRIC, 5, true, "cpu.allocated_cores - verdict.recommended.cores, floor 0", "Cores that could be taken back.", get_slack_cores},
{"verdict.slack.bytes", "SLACK", "slack-mem", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.allocated_bytes - verdict.recommended.bytes, floor 0", "Memory that could be taken back.", get_slack_bytes},
{"verdict.slack.cost_per_month", "COST", "cost", UNIT_MONEY, FIELD_METRIC, 9, true, "verdict.slack.cores * price-core-hour * 730 + verdict.slack.bytes / 2^30 * price-gib-hour * 730", "What the slack costs a month, at the prices given.", get_slack_cost},
{"verdict.cold_bytes", "COLD", "cold", UNIT_BYTES, FIELD_METRIC, 6, true, "memory.held_bytes - verdict.recommended.bytes, floor 0", "Memory held but not needed: it would come back to this host.", get_cold},
};
/* clang-format on */
const unsigned field_count = ARRAY_SIZE(field_table);

const struct field *field_by_key(const char *key)
{
	for (unsigned i = 0; i < field_count; i++)
		if (strcmp(field_table[i].key, key) == 0)
			return &field_table[i];
	return NULL;
}

const struct field *field_by_column(const char *column)
{
	for (unsigned i = 0; i < field_count; i++)
		if (field_table[i].column && strcmp(field_table[i].column, column) == 0)
			return &field_table[i];
	return field_by_key(column);
}

const char *field_unit_name(enum field_unit u)
{
	static const char *const names[] = {"",      "cores",   "bytes", "percent", "bytes/s",
	                                    "count", "seconds", "time",  "money"};
	_Static_assert(ARRAY_SIZE(names) == UNIT_MAX, "a name for each unit");
	return (unsigned)u < UNIT_MAX ? names[u] : "";
}

static void format_number(enum field_unit unit, double v, char *buf, size_t size)
{
	switch (unit) {
	case UNIT_CORES:
		(void)units_cores(buf, size, v);
		return;
	case UNIT_BYTES:
		(void)units_bytes(buf, size, v);
		return;
	case UNIT_PERCENT:
		(void)units_percent(buf, size, v);
		return;
	case UNIT_BYTES_PER_SEC:
		(void)units_rate(buf, size, v);
		return;
	case UNIT_SECONDS:
		(void)units_duration(buf, size, v);
		return;
	case UNIT_TIME:
		(void)units_rfc3339(buf, size, (int64_t)(v * 1e6));
		return;
	case UNIT_MONEY:
		(void)snprintf(buf, size, "%.2f", v);
		return;
	case UNIT_COUNT:
	case UNIT_NONE:
	case UNIT_MAX:
		break;
	}
	(void)snprintf(buf, size, "%.0f", v);
}

const char *field_text(const struct field *f, const struct row *r)
{
	struct field_value v = f->get(r);
	return v.shown ? v.shown : v.text;
}

char *field_format(const struct field *f, const struct row *r, bool ascii, char *buf, size_t size)
{
	struct field_value v = f->get(r);
	const char *text;
	switch (f->kind) {
	case FIELD_TEXT:
		text = field_text(f, r);
		(void)snprintf(buf, size, "%s", text ? text : "-");
		break;
	case FIELD_FLAG:
		(void)snprintf(buf, size, "%s",
		               !metric_is_ok(v.metric) ? metric_state_glyph(v.metric.st, ascii)
		               : v.metric.v != 0       ? "yes"
		                                       : "no");
		break;
	case FIELD_METRIC:
		if (metric_is_ok(v.metric))
			format_number(f->unit, v.metric.v, buf, size);
		else
			(void)snprintf(buf, size, "%s", metric_state_glyph(v.metric.st, ascii));
		break;
	}
	return buf;
}

static int compare_metric(struct metric a, struct metric b, bool down)
{
	/* Unlimited is more than any number; what could not be measured comes last either way. */
	bool ax = metric_is_ok(a) || a.st == METRIC_UNLIMITED, bx = metric_is_ok(b) || b.st == METRIC_UNLIMITED;
	if (!ax || !bx)
		return (int)bx - (int)ax;
	double x = metric_is_ok(a) ? a.v : HUGE_VAL, y = metric_is_ok(b) ? b.v : HUGE_VAL;
	int c = (x > y) - (x < y);
	return down ? -c : c;
}

int field_compare(const struct field *f, const struct row *a, const struct row *b, bool down)
{
	struct field_value x = f->get(a), y = f->get(b);
	int c = 0;
	switch (f->kind) {
	case FIELD_METRIC:
	case FIELD_FLAG:
		return compare_metric(x.metric, y.metric, down);
	case FIELD_TEXT:
		if (!x.text || !y.text)
			return (y.text != NULL) - (x.text != NULL);
		c = strcmp(field_text(f, a), field_text(f, b));
		break;
	}
	return down ? -c : c;
}
