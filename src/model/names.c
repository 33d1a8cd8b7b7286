/* The words of the contract: every enum's name as JSON and the screen spell it. */
#include "vctop/base/attr.h"
#include "vctop/model/background.h"
#include "vctop/model/instance.h"
#include "vctop/model/sample.h"
#include "vctop/model/verdict.h"

#define NAMES(fn, type, max, ...)                                                                                      \
	const char *fn(type v)                                                                                         \
	{                                                                                                              \
		static const char *const names[] = {__VA_ARGS__};                                                      \
		_Static_assert(ARRAY_SIZE(names) == (max), "a name for each " #type);                                  \
		return (unsigned)v < (max) ? names[v] : "invalid";                                                     \
	}

NAMES(instance_kind_name, enum instance_kind, INSTANCE_LIST_MAX, "container", "vm", "service")
NAMES(instance_state_name, enum instance_state, INSTANCE_STATE_MAX, "running", "paused", "stopped")
NAMES(cgroup_layout_name, enum cgroup_layout, CGROUP_LAYOUT_MAX, "unified", "hybrid", "legacy", "none")
NAMES(placement_name, enum placement, PLACEMENT_MAX, "metal", "vm", "container")
NAMES(metric_state_name, enum metric_state, METRIC_STATE_MAX, "absent", "ok", "denied", "unlimited", "first", "reset")
NAMES(verdict_state_name, enum verdict_state, VERDICT_STATE_MAX, "unknown", "learning", "parked", "unlimited",
      "right_sized", "oversized", "idle", "pressured")
const char *verdict_word(const struct verdict *v)
{
	return v->state == VERDICT_IDLE && v->provisional ? "idle?" : verdict_state_name(v->state);
}

NAMES(verdict_now_name, enum verdict_now, NOW_MAX, NULL, "low", NULL, "busy", "pressured")
NAMES(verdict_basis_name, enum verdict_basis, BASIS_MAX, "window", "lifetime", "history")
NAMES(confidence_name, enum confidence, CONFIDENCE_MAX, "snapshot", "low", "fair", "good", "high")
NAMES(ns_type_name, enum ns_type, NS_MAX, "pid", "mnt", "net", "ipc", "uts", "user", "cgroup", "time")
NAMES(ns_state_name, enum ns_state, NS_STATE_MAX, NULL, "own", "host")
