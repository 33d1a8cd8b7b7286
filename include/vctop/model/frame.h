/*
 * What every view receives: a snapshot with the rates since the one before, verdicts and totals.
 * Rows borrow from the snapshot; a frame must not outlive it.
 */
#ifndef VCTOP_MODEL_FRAME_H
#define VCTOP_MODEL_FRAME_H

#include "vctop/base/arena.h"
#include "vctop/base/vec.h"
#include "vctop/model/snapshot.h"
#include "vctop/model/verdict.h"

struct row {
	const struct instance *inst;
	const struct sample *sample;
	const struct background *background;
	double interval_sec; /* between the two CPU readings; 0 when there is none */
	double age_sec;      /* since started; < 0 unknown */
	struct metric cpu_used_cores;
	struct metric cpu_used_pct; /* of allocation */
	struct metric guest_cores, overhead_cores, steal_cores;
	struct metric throttled_pct;                      /* of enforcement periods */
	struct metric cpu_pressure_pct, mem_pressure_pct; /* share of the interval somebody waited */
	struct metric mem_pressure_full_pct;              /* everybody did */
	struct metric refault_per_sec;                    /* bytes */
	struct metric mem_used_pct;                       /* of allocation */
	struct metric io_read_per_sec, io_write_per_sec, net_rx_per_sec, net_tx_per_sec;
	struct verdict verdict;
};

/* Sums of one kind. A cap shared by several instances counts once; an instance inside another counts under it. */
struct totals {
	unsigned running, stopped, unlimited_cpu, unlimited_mem, nested;
	struct metric allocated_cores, used_cores, slack_cores;
	struct metric allocated_bytes, used_bytes, held_bytes, overhead_bytes, slack_bytes;
	struct metric cold_bytes;                /* held - recommended, of those whose need is known */
	struct metric slack_cost;                /* a month */
	unsigned unmeasured_cpu, unmeasured_mem; /* running rows whose use is missing from the sums */
};

struct host_frame {
	struct metric capacity_cores, used_cores, allocated_cores, unallocated_cores, cpu_overcommit;
	struct metric steal_cores, cpu_pressure_pct;
	struct metric capacity_bytes, used_bytes, available_bytes, allocated_bytes, unallocated_bytes, mem_overcommit;
	struct metric mem_pressure_pct;
	/* The three wastes: unallocated above; allocated but not needed; held but not needed. Containers and VMs
	 * together. */
	struct metric slack_cores, slack_bytes, cold_bytes, slack_cost;
};

/* What a core and a GiB cost an hour; not OK (as they begin): no price given, so no cost. */
struct prices {
	struct metric core_hour, gib_hour;
};

/* What vctop itself costs, since it started. */
struct self_cost {
	double cpu_sec, rss_bytes, tick_usec;
	struct metric syscalls;
};

struct frame {
	struct arena arena;
	const struct snapshot *snap;
	double interval_sec; /* 0 on the first */
	struct host_frame host;
	VEC(struct row) rows;          /* in snapshot order (by id) */
	VEC(struct metric) cores_used; /* of each of the snapshot's cores, 0 to 1 */
	VEC(struct row) services;      /* the host's own, by cgroup; empty unless asked for */
	VEC(struct task_use) tasks;    /* of the snapshot's, the busiest first */
	struct totals totals[INSTANCE_KIND_MAX];
	struct self_cost self;
	struct prices prices; /* frame_clear leaves them */
};

struct frame *frame_new(void);
void frame_clear(struct frame *f);
void frame_free(struct frame *f);

#endif
