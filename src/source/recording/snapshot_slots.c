#include "source/recording/snapshot_slots.h"

/* clang-format off */
#define E(key, type, member) {key, type, SLOT_IN_ENTRY, offsetof(struct entry, member), NULL, NULL}
#define R(key, type, member) {key, type, SLOT_IN_ROW, offsetof(struct row, member), NULL, NULL}
#define B(key, type, member) {key, type, SLOT_IN_BACKGROUND, offsetof(struct background, member), NULL, NULL}
#define G(key, group, prefix) {key, SLOT_GROUP, SLOT_IN_ENTRY, 0, group, prefix}
#define END {0}

static const struct slot cpu[] = {
	E("allocated_cores", SLOT_CAP, sample.cpu.allocated.amount),
	E("allocated_by", SLOT_TEXT, sample.cpu.allocated.by),
	E("allocated_at", SLOT_TEXT, sample.cpu.allocated.at),
	E("shared_cap", SLOT_BOOL, sample.cpu.allocated.shared),
	R("used_cores", SLOT_METRIC, cpu_used_cores),
	R("used_pct", SLOT_METRIC, cpu_used_pct),
	E("vcpus", SLOT_METRIC, sample.cpu.vcpus),
	R("guest_cores", SLOT_METRIC, guest_cores),
	R("overhead_cores", SLOT_METRIC, overhead_cores),
	R("steal_cores", SLOT_METRIC, steal_cores),
	R("throttled_pct", SLOT_METRIC, throttled_pct),
	R("pressure_some_pct", SLOT_METRIC, cpu_pressure_pct),
	END};

static const struct slot memory[] = {
	E("allocated_bytes", SLOT_CAP, sample.mem.allocated.amount),
	E("allocated_by", SLOT_TEXT, sample.mem.allocated.by),
	E("allocated_at", SLOT_TEXT, sample.mem.allocated.at),
	E("shared_cap", SLOT_BOOL, sample.mem.allocated.shared),
	E("used_bytes", SLOT_METRIC, sample.mem.used_bytes),
	E("used_by", SLOT_TEXT, sample.mem.used_by),
	R("used_pct", SLOT_METRIC, mem_used_pct),
	E("held_bytes", SLOT_METRIC, sample.mem.held_bytes),
	E("cache_bytes", SLOT_METRIC, sample.mem.cache_bytes),
	E("swap_bytes", SLOT_METRIC, sample.mem.swap_bytes),
	E("peak_bytes", SLOT_METRIC, sample.mem.peak_bytes),
	E("rss_bytes", SLOT_METRIC, sample.mem.rss_bytes),
	E("guest_used_bytes", SLOT_METRIC, sample.mem.guest_used_bytes),
	E("overhead_bytes", SLOT_METRIC, sample.mem.overhead_bytes),
	E("balloon_bytes", SLOT_METRIC, sample.mem.balloon_bytes),
	R("pressure_some_pct", SLOT_METRIC, mem_pressure_pct),
	R("pressure_full_pct", SLOT_METRIC, mem_pressure_full_pct),
	R("refault_bytes_per_sec", SLOT_METRIC, refault_per_sec),
	E("events_high", SLOT_METRIC, sample.mem.events_high),
	E("events_max", SLOT_METRIC, sample.mem.events_max),
	E("events_oom", SLOT_METRIC, sample.mem.events_oom),
	E("oom_kills", SLOT_METRIC, sample.mem.oom_kills),
	END};

static const struct slot io[] = {
	R("read_bytes_per_sec", SLOT_METRIC, io_read_per_sec),
	R("write_bytes_per_sec", SLOT_METRIC, io_write_per_sec),
	END};

static const struct slot net[] = {
	R("rx_bytes_per_sec", SLOT_METRIC, net_rx_per_sec),
	R("tx_bytes_per_sec", SLOT_METRIC, net_tx_per_sec),
	END};

static const struct slot disk[] = {
	E("writable_bytes", SLOT_METRIC, sample.disk_writable_bytes),
	B("image_bytes", SLOT_METRIC, disk.image_bytes),
	B("shared_bytes", SLOT_METRIC, disk.shared_bytes),
	B("layers", SLOT_METRIC, disk.layers),
	B("virtual_bytes", SLOT_METRIC, disk.virtual_bytes),
	B("allocated_bytes", SLOT_METRIC, disk.allocated_bytes),
	B("snapshots", SLOT_METRIC, disk.snapshots),
	B("chain", SLOT_METRIC, disk.chain),
	B("driver", SLOT_TEXT, disk.driver),
	B("detail", SLOT_TEXT, disk.detail),
	END};

static const struct slot namespaces[] = {
	B("pid", SLOT_NS, isolation.ns[NS_PID]),
	B("mnt", SLOT_NS, isolation.ns[NS_MNT]),
	B("net", SLOT_NS, isolation.ns[NS_NET]),
	B("ipc", SLOT_NS, isolation.ns[NS_IPC]),
	B("uts", SLOT_NS, isolation.ns[NS_UTS]),
	B("user", SLOT_NS, isolation.ns[NS_USER]),
	B("cgroup", SLOT_NS, isolation.ns[NS_CGROUP]),
	B("time", SLOT_NS, isolation.ns[NS_TIME]),
	END};

static const struct slot isolation[] = {
	B("summary", SLOT_TEXT, isolation.summary),
	B("kernel", SLOT_TEXT, isolation.kernel),
	G("namespaces", namespaces, "isolation.namespaces."),
	B("user", SLOT_TEXT, isolation.user),
	B("uid", SLOT_METRIC, isolation.uid),
	B("capabilities", SLOT_TEXT, isolation.capabilities),
	B("all_capabilities", SLOT_FLAG, isolation.all_capabilities),
	B("seccomp", SLOT_TEXT, isolation.seccomp),
	B("lsm", SLOT_TEXT, isolation.lsm),
	B("no_new_privs", SLOT_FLAG, isolation.no_new_privs),
	B("privileged", SLOT_FLAG, isolation.privileged),
	B("read_only_root", SLOT_FLAG, isolation.read_only_root),
	B("host_mounts", SLOT_TEXT, isolation.host_mounts),
	B("guard", SLOT_TEXT, isolation.guard),
	END};

static const struct slot supervisor[] = {
	B("daemon", SLOT_TEXT, supervisor.daemon),
	B("daemon_running", SLOT_FLAG, supervisor.daemon_running),
	B("monitor", SLOT_TEXT, supervisor.monitor),
	B("monitor_pid", SLOT_METRIC, supervisor.monitor_pid),
	B("survives_daemon", SLOT_TEXT, supervisor.survives),
	B("evidence", SLOT_TEXT, supervisor.evidence),
	END};

static const struct slot recommended[] = {
	R("cores", SLOT_METRIC, verdict.recommended_cores),
	R("bytes", SLOT_METRIC, verdict.recommended_bytes),
	END};

static const struct slot slack[] = {
	R("cores", SLOT_METRIC, verdict.slack_cores),
	R("bytes", SLOT_METRIC, verdict.slack_bytes),
	R("cost_per_month", SLOT_METRIC, verdict.slack_cost),
	END};

static const struct slot verdict[] = {
	R("state", SLOT_STATE, verdict.state),
	R("provisional", SLOT_BOOL, verdict.provisional),
	R("now", SLOT_NOW, verdict.now),
	R("rule", SLOT_TEXT, verdict.rule),
	R("reason", SLOT_TEXT, verdict.reason),
	R("basis", SLOT_BASIS, verdict.basis),
	R("observed_sec", SLOT_SECONDS, verdict.observed_sec),
	R("week_hours", SLOT_COUNT, verdict.week_hours),
	R("changed", SLOT_TIME, verdict.changed_usec),
	R("confidence", SLOT_CONFIDENCE, verdict.confidence),
	G("recommended", recommended, "verdict.recommended."),
	G("slack", slack, "verdict.slack."),
	R("cold_bytes", SLOT_METRIC, verdict.cold_bytes),
	END};

/* id, kind, state, pid, started, age and labels are the reader's own. */
const struct slot slots_instance[] = {
	E("runtime", SLOT_TEXT, inst.runtime),
	E("name", SLOT_TEXT, inst.name),
	E("image", SLOT_TEXT, inst.image),
	E("cgroup", SLOT_TEXT, inst.cgroup),
	E("parent", SLOT_TEXT, inst.parent),
	E("uuid", SLOT_TEXT, inst.uuid),
	E("sample", SLOT_TEXT, inst.sample),
	E("pids", SLOT_METRIC, sample.pids),
	G("cpu", cpu, "cpu."),
	G("memory", memory, "memory."),
	G("io", io, "io."),
	G("net", net, "net."),
	G("disk", disk, "disk."),
	G("isolation", isolation, "isolation."),
	G("supervisor", supervisor, "supervisor."),
	G("verdict", verdict, "verdict."),
	END};
/* clang-format on */
