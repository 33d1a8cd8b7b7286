/*
 * One VM process, tick by tick: stat says how much CPU it has used and whether it is still the same process; the
 * vCPU threads split that into guest and VMM; memory is vm_memory.c's.
 */
#include "vctop/source/vm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/vm/vm_helpers.h"
#include "source/vm/vm_memory.h"
#include "source/vm/vm_threads.h"
#include "vctop/base/parse.h"

#define IO_RETRY_USEC 10000000

struct vm_reader {
	struct rootfs *fs;
	pid_t pid;
	unsigned configured;
	bool known;           /* start_ticks is set */
	uint64_t start_ticks; /* with the pid, whose VM this is */
	double usec_per_tick;
	double total_usec; /* never goes back while it is the same process */
	struct kfile stat, io;
	int io_err;
	int64_t io_failed_usec;
	struct vm_threads threads;
	struct vm_helpers helpers;
	struct vm_memory memory;
};

static int read_stat(struct vm_reader *v, struct process_stat *ret)
{
	char path[64], buf[1024];
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)v->pid);
	ssize_t n = kfile_read(v->fs, &v->stat, path, buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	int r = process_parse_stat(buf, (size_t)n, ret);
	if (r < 0)
		return r;
	if (ret->state == 'Z' || ret->state == 'X' || (v->known && ret->start_ticks != v->start_ticks))
		return -ESRCH;
	v->start_ticks = ret->start_ticks;
	v->known = true;
	return 0;
}

struct vm_reader *vm_reader_new(struct rootfs *fs, pid_t pid, const struct vmm_ops *vmm, const struct vm_config *config)
{
	struct vm_reader *v = xcalloc(1, sizeof(*v));
	struct process_stat st;
	long hz = sysconf(_SC_CLK_TCK);
	*v = (struct vm_reader){
	        .fs = fs, .pid = pid, .configured = config->vcpus, .stat = KFILE_INIT, .io = KFILE_INIT};
	v->usec_per_tick = 1e6 / (double)(hz > 0 ? hz : 100);
	vm_threads_init(&v->threads, fs, pid, vmm, config->runtime, config->vcpus);
	vm_helpers_init(&v->helpers, fs, pid, config->children);
	vm_memory_init(&v->memory, fs, pid, config);
	/* From here on the pid means this process; a failure shows at the first sample. */
	(void)read_stat(v, &st);
	return v;
}

void vm_reader_free(struct vm_reader *v)
{
	if (!v)
		return;
	kfile_close(v->fs, &v->stat);
	kfile_close(v->fs, &v->io);
	vm_threads_release(&v->threads);
	vm_helpers_release(&v->helpers);
	vm_memory_release(&v->memory);
	free(v);
}

static struct metric vcpus_of(const struct vm_reader *v)
{
	if (v->threads.vcpus.n && !v->threads.round_robin)
		return metric_ok((double)v->threads.vcpus.n);
	if (v->configured)
		return metric_ok(v->configured);
	return metric_none(METRIC_ABSENT, "neither the threads nor the configuration tell how many");
}

static void sample_cpu(struct vm_reader *v, const struct process_stat *st, struct sample_cpu *cpu)
{
	uint64_t run = 0, wait = 0;
	double total = (double)st->cpu_ticks * v->usec_per_tick;
	if (vm_threads_read(&v->threads, st->threads, &run, &wait) == 0) {
		cpu->guest_usec = metric_ok((double)run / 1e3);
		cpu->steal_usec = metric_ok((double)wait / 1e3);
		/* stat is whole ticks: the part must not exceed the whole. */
		if (cpu->guest_usec.v > total)
			total = cpu->guest_usec.v;
	} else {
		cpu->guest_usec = metric_none(v->threads.denied ? METRIC_DENIED : METRIC_ABSENT, v->threads.why);
		cpu->steal_usec = cpu->guest_usec;
	}
	/* The two sources may change places; the counter still only grows. */
	total += vm_helpers_ticks(&v->helpers) * v->usec_per_tick;
	if (total > v->total_usec)
		v->total_usec = total;
	cpu->usage_usec = metric_ok(v->total_usec);
	cpu->vcpus = vcpus_of(v);
	cpu->periods = cpu->throttled = metric_none(METRIC_ABSENT, "a cgroup's number; not read for VMs");
	cpu->pressure_usec = metric_none(METRIC_ABSENT, "a cgroup's number; not read for VMs");
}

static int read_io(struct vm_reader *v, uint64_t *ret_read, uint64_t *ret_write)
{
	char path[64], buf[512];
	(void)snprintf(path, sizeof(path), "proc/%d/io", (int)v->pid);
	ssize_t n = kfile_read(v->fs, &v->io, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	int r = parse_colon(buf, (size_t)n, "read_bytes", ret_read);
	return r < 0 ? r : parse_colon(buf, (size_t)n, "write_bytes", ret_write);
}

/* A refusal stands: it is asked again seldom, not each tick. */
static void sample_io(struct vm_reader *v, struct sample *s)
{
	uint64_t rd = 0, wr = 0;
	if (v->io_err == 0 || s->mono_usec - v->io_failed_usec >= IO_RETRY_USEC) {
		v->io_err = read_io(v, &rd, &wr);
		v->io_failed_usec = s->mono_usec;
	}
	if (v->io_err == 0) {
		s->io_read_bytes = metric_ok((double)rd);
		s->io_write_bytes = metric_ok((double)wr);
	} else {
		bool denied = v->io_err == -EACCES || v->io_err == -EPERM;
		s->io_read_bytes = s->io_write_bytes =
		        metric_errno(v->io_err, denied ? "/proc/PID/io needs root or CAP_SYS_PTRACE"
		                                       : "/proc/PID/io could not be read");
	}
	s->net_rx_bytes = s->net_tx_bytes = metric_none(METRIC_ABSENT, "not read for VMs yet");
}

uint64_t vm_reader_ram_mapped(const struct vm_reader *v)
{
	return v->memory.smaps_read && v->memory.smaps_err == 0 ? v->memory.ram.guest_size : 0;
}

const struct vm_threads *vm_reader_threads(const struct vm_reader *v)
{
	return &v->threads;
}

void vm_reader_hint(struct vm_reader *v, const pid_t *tids, size_t n)
{
	vm_threads_hint(&v->threads, tids, n);
}

void vm_reader_helper(struct vm_reader *v, pid_t pid, uint64_t start_ticks)
{
	vm_helpers_add(&v->helpers, pid, start_ticks);
}

/* In the peak as well: what the guest itself needs at most is taken to be peak - overhead. */
static void add_children(struct vm_reader *v, struct sample *s)
{
	double own = vm_helpers_pages(&v->helpers, s->mono_usec) * (double)v->memory.page;
	if (metric_is_ok(s->mem.overhead_bytes))
		s->mem.overhead_bytes.v += own;
	if (metric_is_ok(s->mem.peak_bytes))
		s->mem.peak_bytes.v += own;
}

int vm_reader_sample(struct vm_reader *v, struct sample *s)
{
	struct process_stat st;
	s->mono_usec = rootfs_now(v->fs).mono_usec;
	int r = read_stat(v, &st);
	if (r < 0)
		return r;
	sample_cpu(v, &st, &s->cpu);
	vm_memory_sample(&v->memory, &s->mem);
	add_children(v, s);
	sample_io(v, s);
	s->pids = metric_ok(st.threads);
	return 0;
}
