/*
 * The counters of one group: what each file says, and when it need not be asked.
 *
 * Two counters are read in every tick: CPU time and memory use.  While neither moves, nobody in the group has run and
 * nothing was charged to it, so nothing else has moved either, with four exceptions: a stall that was not over when the
 * group stood still, writeback after the writer has gone to sleep, the kernel's sorting of file pages into active and
 * inactive, and what is changed from outside.  For the first two, pressure and I/O are read every STALL_USEC, and for
 * the others all is every ALL_USEC; from the reading that shows a stall or I/O on, all is again read in every tick.  A
 * group is left alone only after one reading of all that found nothing moved.
 *
 * Where all groups are asked at once (told.c), a stall and what is changed from outside are told, and all but I/O and
 * memory.stat need no file: then all is read every ALL_TOLD_USEC.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/cgroup/cgroup_reader.h"
#include "vctop/base/parse.h"

#define STALL_USEC 10000000
#define ALL_USEC 30000000
/* The same where all of these are told, and only I/O and swap are left to be read. */
#define ALL_TOLD_USEC 300000000
/* Small charges come out of a per-CPU stock that was counted before: they move memory.stat alone. */
#define STAT_USEC 5000000
#define STOCK_PAGES 64
/* The kernel lets so much be unsummed on each CPU (MEMCG_CHARGE_BATCH). */
#define STAT_BATCH 64
/* What moved is in memory.stat after that long. */
#define FLUSH_USEC 3000000
/* What only a person changes. */
#define SELDOM_USEC 5000000

static const char no_memory[] = "no memory controller for this group";
static const char no_swap[] = "no swap accounting";

static struct metric flat_metric(const char *buf, ssize_t n, const char *key, const char *why)
{
	uint64_t v;
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_flat(buf, (size_t)n, key, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

/* A number that all groups were asked for at once; BULK_UNKNOWN where this one was not. */
#define TOLD(r, number) ((r)->told ? (r)->told->number : BULK_UNKNOWN)

static struct metric told_metric(uint64_t told, const char *why)
{
	return told == BULK_UNKNOWN ? metric_none(METRIC_ABSENT, why) : metric_ok((double)told);
}

static struct metric number_metric(struct cgroup_reader *r, enum counter c, uint64_t told, char *buf, const char *why)
{
	uint64_t v;
	if (told != BULK_UNKNOWN)
		return metric_ok((double)told);
	ssize_t n = cgroup_reader_read(r, c, buf, READ_SIZE);
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_u64(buf, (size_t)n, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

static struct metric bytes_metric(struct cgroup_reader *r, enum counter c, uint64_t told_pages, char *buf,
                                  const char *why)
{
	uint64_t told = told_pages == BULK_UNKNOWN ? told_pages : told_pages * r->tree->page_size;
	return number_metric(r, c, told, buf, why);
}

/* n: what reading it gave. */
static struct metric psi_metric(const char *buf, ssize_t n, const char *which)
{
	static const char why[] = "no pressure information for this group";
	uint64_t v;
	if (n < 0)
		return metric_errno((int)n, why);
	return parse_psi_total(buf, (size_t)n, which, &v) < 0 ? metric_none(METRIC_ABSENT, why) : metric_ok((double)v);
}

/* Nobody has run or waited there since the kernel summed up: its files would tell these sums. */
static bool stalls_are_told(const struct cgroup_reader *r)
{
	const struct bulk_record *t = r->told;
	return t && t->waits_counted == 1 && t->waits_unsummed == 0 && t->cpu_waited_nsec != BULK_UNKNOWN &&
	       t->memory_waited_nsec != BULK_UNKNOWN && t->memory_all_waited_nsec != BULK_UNKNOWN;
}

static struct metric told_usec(uint64_t nsec)
{
	uint64_t usec = nsec / 1000; /* the file has whole ones */
	return metric_ok((double)usec);
}

static void sample_cpu_stall(struct cgroup_reader *r, struct sample *s, char *buf)
{
	r->cpu_psi_usec = s->mono_usec;
	if (stalls_are_told(r)) {
		s->cpu.pressure_usec = told_usec(r->told->cpu_waited_nsec);
		return;
	}
	ssize_t n = cgroup_reader_read(r, COUNT_CPU_PSI, buf, READ_SIZE);
	s->cpu.pressure_usec = psi_metric(buf, n, "some");
}

static void sample_memory_stall(struct cgroup_reader *r, struct sample *s, char *buf)
{
	r->mem_psi_usec = s->mono_usec;
	if (stalls_are_told(r)) {
		s->mem.pressure_usec = told_usec(r->told->memory_waited_nsec);
		s->mem.pressure_full_usec = told_usec(r->told->memory_all_waited_nsec);
		return;
	}
	ssize_t n = cgroup_reader_read(r, COUNT_MEM_PSI, buf, READ_SIZE);
	s->mem.pressure_usec = psi_metric(buf, n, "some");
	s->mem.pressure_full_usec = psi_metric(buf, n, "full");
	/* As a rule once is enough, and a file that is kept costs the kernel a page. */
	if (!r->all_usec && r->tree->may_rest)
		cgroup_reader_close(r, COUNT_MEM_PSI);
}

/* The same sum as in the file, where nobody has run or waited for two seconds. */
static bool has_waited(struct metric last, uint64_t told_nsec)
{
	uint64_t usec = told_nsec / 1000;
	return metric_is_ok(last) && told_nsec != BULK_UNKNOWN && (double)usec > last.v;
}

/* One kind of pressure: the host's counter, and what was last read and is told of the group's. */
struct waits {
	const struct cgroup_waits *host;
	struct metric last;
	int64_t read_usec;
	uint64_t told_nsec;
};

/* still: the group does.  The host is read before the groups of the same tick. */
static bool may_have_waited(const struct cgroup_reader *r, const struct waits *w, bool still)
{
	if (!r->all_usec || !r->tree->may_rest)
		return true;
	if (!metric_is_ok(w->last) && r->seldom)
		return true; /* it may not have been there yet */
	if (w->read_usec > w->host->moved_usec)
		return false;
	return !still || w->told_nsec == BULK_UNKNOWN || has_waited(w->last, w->told_nsec);
}

static void sample_stalls(struct cgroup_reader *r, struct sample *s, bool still, char *buf)
{
	struct waits cpu = {&r->tree->cpu_waits, r->last.cpu.pressure_usec, r->cpu_psi_usec, TOLD(r, cpu_waited_nsec)};
	struct waits memory = {&r->tree->memory_waits, r->last.mem.pressure_usec, r->mem_psi_usec,
	                       TOLD(r, memory_waited_nsec)};
	s->cpu.pressure_usec = r->last.cpu.pressure_usec;
	s->mem.pressure_usec = r->last.mem.pressure_usec;
	s->mem.pressure_full_usec = r->last.mem.pressure_full_usec;
	if (may_have_waited(r, &cpu, still))
		sample_cpu_stall(r, s, buf);
	if (may_have_waited(r, &memory, still))
		sample_memory_stall(r, s, buf);
}

/* ---- CPU time: first, for its time is the sample's ---- */

static const char no_cpu[] = "no cpu controller for this group";

static double told_usage(const struct cgroup_reader *r)
{
	uint64_t ns = r->told->cpu_nsec, usec = ns / 1000;
	/* cpu.stat has whole microseconds. */
	return r->tree->mounts.v1[CTRL_CPUACCT] ? (double)ns / 1000 : (double)usec;
}

static int sample_usage(struct cgroup_reader *r, struct sample *s, char *buf)
{
	s->cpu.vcpus = s->cpu.guest_usec = s->cpu.steal_usec = metric_none(METRIC_ABSENT, "not a VM");
	if (TOLD(r, cpu_nsec) != BULK_UNKNOWN) {
		s->mono_usec = (int64_t)(r->told->mono_nsec / 1000);
		s->cpu.usage_usec = metric_ok(told_usage(r));
		s->cpu.periods = told_metric(r->told->periods, no_cpu);
		s->cpu.throttled = told_metric(r->told->throttled, no_cpu);
		return 0;
	}
	ssize_t n = cgroup_reader_read(r, COUNT_CPU, buf, READ_SIZE);
	s->mono_usec = rootfs_mono_usec(r->tree->fs);
	if (n == -ENODEV || n == -ENOENT) {
		s->cpu.usage_usec = s->cpu.periods = s->cpu.throttled = s->cpu.pressure_usec =
		        metric_none(METRIC_ABSENT, "its group is not in the hierarchy that counts CPU time");
		return -ENODEV;
	}
	if (r->tree->mounts.v1[CTRL_CPUACCT]) {
		uint64_t ns;
		bool ok = n > 0 && parse_u64(buf, (size_t)n, &ns) == 0;
		s->cpu.usage_usec =
		        ok ? metric_ok((double)ns / 1000) : metric_errno((int)n, "cpuacct.usage not readable");
		return 0;
	}
	s->cpu.usage_usec = flat_metric(buf, n, "usage_usec", "cpu.stat not readable");
	s->cpu.periods = flat_metric(buf, n, "nr_periods", no_cpu);
	s->cpu.throttled = flat_metric(buf, n, "nr_throttled", no_cpu);
	return 0;
}

/* v1 has a file for it.  Where no period has ever begun there is no cap, and one is not put on in every tick. */
static void sample_throttling(struct cgroup_reader *r, struct sample *s, char *buf)
{
	if (!r->tree->mounts.v1[CTRL_CPUACCT] || (metric_is_ok(s->cpu.periods) && metric_is_ok(s->cpu.throttled)))
		return;
	s->cpu.periods = r->last.cpu.periods;
	s->cpu.throttled = r->last.cpu.throttled;
	if (!r->seldom && metric_same(r->last.cpu.periods, metric_ok(0)))
		return;
	ssize_t n = cgroup_reader_read(r, COUNT_THROTTLE, buf, READ_SIZE);
	s->cpu.periods = flat_metric(buf, n, "nr_periods", no_cpu);
	s->cpu.throttled = flat_metric(buf, n, "nr_throttled", no_cpu);
}

/* ---- memory ---- */

/* How often memory was short. */
static void sample_events(struct cgroup_reader *r, struct sample_memory *m, char *buf)
{
	static const char v2_only[] = "cgroup v1 does not count it";
	bool v1 = r->tree->mounts.v1[CTRL_MEMORY] != NULL;
	const char *none = v1 ? v2_only : no_memory;
	const struct bulk_record *told = r->told;
	if (told && told->oom_kills != BULK_UNKNOWN) {
		m->oom_kills = metric_ok((double)told->oom_kills);
		m->events_high = told_metric(told->high, none);
		m->events_oom = told_metric(told->oom, none);
		m->events_max = told_metric(v1 ? told->hits : told->max, no_memory);
		return;
	}
	ssize_t n = cgroup_reader_read(r, COUNT_MEM_EVENTS, buf, READ_SIZE);
	m->oom_kills = flat_metric(buf, n, "oom_kill", no_memory);
	m->events_high = flat_metric(buf, n, "high", none);
	m->events_oom = flat_metric(buf, n, "oom", none);
	m->events_max = v1 ? number_metric(r, COUNT_MEM_HITS, BULK_UNKNOWN, buf, no_memory)
	                   : flat_metric(buf, n, "max", no_memory);
}

enum stat_item { STAT_INACTIVE, STAT_CACHE, STAT_REFAULT_ANON, STAT_REFAULT_FILE, STAT_REFAULT, STAT_SWAP, STAT_MAX };

/* Refaults: pages that were reclaimed and had to be read again; one number for both kinds until Linux 5.9. */
static void sample_memory_stat(struct cgroup_reader *r, struct sample_memory *m, char *buf)
{
	static const char *const v1_keys[] = {
	        "total_inactive_file",           "total_cache",
	        "total_workingset_refault_anon", "total_workingset_refault_file",
	        "total_workingset_refault",      "total_swap",
	};
	static const char *const v2_keys[] = {"inactive_file", "file", "workingset_refault_anon",
	                                      "workingset_refault_file", "workingset_refault"};
	static const char no_refaults[] = "this kernel does not count refaults by group";
	bool v1 = r->tree->mounts.v1[CTRL_MEMORY] != NULL;
	size_t keys = v1 ? STAT_MAX : STAT_SWAP; /* v2 has a file for swap */
	uint64_t v[STAT_MAX];
	int err[STAT_MAX];
	struct metric is[STAT_MAX];
	ssize_t n = cgroup_reader_read(r, COUNT_MEM_STAT, buf, READ_SIZE);
	parse_flat_all(buf, n < 0 ? 0 : (size_t)n, v1 ? v1_keys : v2_keys, keys, v, err);
	for (size_t i = 0; i < keys; i++) {
		bool refaults = i >= STAT_REFAULT_ANON && i <= STAT_REFAULT;
		const char *why = refaults ? no_refaults : i == STAT_SWAP ? no_swap : no_memory;
		is[i] = n < 0        ? metric_errno((int)n, why)
		        : err[i] < 0 ? metric_none(METRIC_ABSENT, why)
		                     : metric_ok((double)v[i]);
	}
	r->inactive = is[STAT_INACTIVE];
	m->cache_bytes = is[STAT_CACHE];
	struct metric pages = metric_add(is[STAT_REFAULT_ANON], is[STAT_REFAULT_FILE]);
	if (!metric_is_ok(pages))
		pages = is[STAT_REFAULT];
	m->refault_bytes = metric_is_ok(pages) ? metric_ok(pages.v * (double)r->tree->page_size) : pages;
	if (v1)
		m->swap_bytes = is[STAT_SWAP];
}

/* While a sum is brought up to date it may be below 0; memory.stat says 0 then. */
static struct metric told_bytes(const struct cgroup_reader *r, uint64_t pages)
{
	return metric_ok(pages > INT64_MAX ? 0 : (double)(pages * r->tree->page_size));
}

/* Would the file tell the same sums?  Before it does, it adds what came since, if that is much. */
static bool stat_is_told(const struct cgroup_reader *r)
{
	const struct bulk_record *told = r->told;
	const struct cgroup_tree *t = r->tree;
	if (!told || !t->stats.told || told->file == BULK_UNKNOWN || told->inactive_file == BULK_UNKNOWN ||
	    told->refault_anon == BULK_UNKNOWN || told->refault_file == BULK_UNKNOWN)
		return false;
	return (t->bulk->stats_summed || told->stats_unsummed <= STAT_BATCH) &&
	       (!t->mounts.v1[CTRL_MEMORY] || t->stats.no_swap);
}

/* Items of memory.stat that all groups were asked for at once. */
static bool told_memory_stat(struct cgroup_reader *r, struct sample_memory *m)
{
	const struct bulk_record *told = r->told;
	if (!stat_is_told(r))
		return false;
	if (r->tree->mounts.v1[CTRL_MEMORY])
		m->swap_bytes = r->tree->stats.swap ? metric_ok(0) : metric_none(METRIC_ABSENT, no_swap);
	r->inactive = told_bytes(r, told->inactive_file);
	m->cache_bytes = told_bytes(r, told->file);
	m->refault_bytes = told_bytes(r, told->refault_anon + told->refault_file);
	return true;
}

static void sample_memory(struct cgroup_reader *r, struct sample_memory *m, bool stat, char *buf)
{
	bool v1 = r->tree->mounts.v1[CTRL_MEMORY] != NULL;
	if (!told_memory_stat(r, m) && stat)
		sample_memory_stat(r, m, buf);
	if (!v1)
		m->swap_bytes = bytes_metric(r, COUNT_SWAP, TOLD(r, swap_pages), buf, no_swap);
	m->used_bytes = metric_sub_floor0(m->current_bytes, r->inactive);
	m->used_by = "working set";
	m->held_bytes = m->current_bytes;
	m->peak_bytes =
	        bytes_metric(r, COUNT_PEAK, TOLD(r, peak_pages), buf, v1 ? no_memory : "memory.peak needs Linux 5.19");
	m->rss_bytes = m->guest_used_bytes = m->balloon_bytes = metric_none(METRIC_ABSENT, "not a VM");
	m->overhead_bytes = metric_none(METRIC_ABSENT, "no shim or conmon found");
}

/* ---- I/O ---- */

static void sample_io(struct cgroup_reader *r, struct sample *s, char *buf)
{
	uint64_t rd, wr;
	bool v1 = r->tree->mounts.v1[CTRL_IO] != NULL;
	s->io_read_bytes = r->last.io_read_bytes;
	s->io_write_bytes = r->last.io_write_bytes;
	/* Rules come and go by hand. */
	if (v1 && !r->seldom && !metric_is_ok(s->io_read_bytes))
		return;
	if (v1)
		(void)blkio_file(r->tree, s->mono_usec);
	ssize_t n = TOLD(r, disks) == 0 ? 0 : cgroup_reader_read(r, COUNT_IO, buf, READ_SIZE);
	static const char off[] = "no io controller for this group", big[] = "more disks than can be added up";
	s->io_read_bytes = s->io_write_bytes = metric_errno((int)n, n == -EFBIG ? big : off);
	if (n < 0)
		return;
	if (v1 && !r->tree->blkio.counted && !blkio_has_devices(buf, (size_t)n)) {
		s->io_read_bytes = s->io_write_bytes = metric_none(
		        METRIC_ABSENT, "on cgroup v1 this kernel counts only disks that have a throttle rule");
		return;
	}
	if (v1)
		(void)parse_blkio(buf, (size_t)n, &rd, &wr);
	else
		(void)parse_io_stat(buf, (size_t)n, &rd, &wr);
	s->io_read_bytes = metric_ok((double)rd);
	s->io_write_bytes = metric_ok((double)wr);
}

/* ---- all of it ---- */

static bool is_due(int64_t due, int64_t period, int64_t now)
{
	return now >= due || due - now > period;
}

/* The readings of many groups are spread: each has its own moment, up to a third before the period's end. */
static int64_t next_due(const struct cgroup_reader *r, int64_t period, int64_t now)
{
	return now + period - (int64_t)(r->incarnation * 7919000 % (uint64_t)(period / 3));
}

/* Empty lists of a group that has such pages: the kernel keeps others (multi-generational LRU, switched on since). */
static bool keeps_other_lists(const struct cgroup_reader *r, const struct bulk_record *told)
{
	return !told->lru_inactive && !told->lru_active && !metric_same(r->inactive, metric_ok(0));
}

static bool lists_are_told(const struct cgroup_reader *r)
{
	return r->told && r->told->lru_inactive != BULK_UNKNOWN && !keeps_other_lists(r, r->told);
}

static int64_t all_period(const struct cgroup_reader *r)
{
	bool freezer = !r->tree->mounts.v1[CTRL_FREEZER] || TOLD(r, life.freezing) != BULK_UNKNOWN;
	bool told = lists_are_told(r) && TOLD(r, cpu_waited_nsec) != BULK_UNKNOWN && TOLD(r, life.pids) != BULK_UNKNOWN;
	return told && freezer ? ALL_TOLD_USEC : ALL_USEC;
}

static bool all_is_due(const struct cgroup_reader *r, int64_t now)
{
	return is_due(r->due_usec, all_period(r), now);
}

static bool stall_differs(const struct sample *a, const struct sample *b)
{
	return !metric_same(a->cpu.pressure_usec, b->cpu.pressure_usec) ||
	       !metric_same(a->mem.pressure_usec, b->mem.pressure_usec) ||
	       !metric_same(a->mem.pressure_full_usec, b->mem.pressure_full_usec) ||
	       !metric_same(a->io_read_bytes, b->io_read_bytes) || !metric_same(a->io_write_bytes, b->io_write_bytes);
}

/* Of a group in which nothing moves: did anybody wait, or write what was written before?  What is found so is read once
 * more, with all the rest: these readings count as made when the last of all was. */
static bool stalls(struct cgroup_reader *r, char *buf)
{
	struct sample s = {.mono_usec = r->last.mono_usec};
	r->seldom = false;
	r->lacks = 0;
	sample_stalls(r, &s, true, buf);
	sample_io(r, &s, buf);
	return stall_differs(&s, &r->last);
}

static bool is_near(uint64_t a, uint64_t b)
{
	return llabs((int64_t)(a - b)) <= STOCK_PAGES;
}

/* The other lists hold more or less than when memory.stat had all they held: it is read before the group may rest. */
static bool stat_is_owed(const struct cgroup_reader *r)
{
	return lists_are_told(r) && !is_near(r->told->lru_rest, r->stat_rest);
}

/* Of file pages tmpfs's are on the other lists, among a program's own: what adds to them adds to memory use. */
static bool stat_is_due(const struct cgroup_reader *r, const struct sample *s)
{
	int64_t period = STAT_USEC;
	if (lists_are_told(r) && r->told->lru_rest == r->stat_rest)
		period = ALL_TOLD_USEC;
	else if (lists_are_told(r) && is_near(r->told->pages, r->stat_pages))
		period = ALL_USEC;
	if (stat_is_owed(r) && s->mono_usec - r->rest_usec >= FLUSH_USEC)
		return true;
	return is_due(r->stat_usec + period, period, s->mono_usec);
}

/* May memory.stat have moved?  Where the lists of file pages are told, what else is charged does not matter. */
static bool pages_moved(struct cgroup_reader *r, const struct sample *s)
{
	const struct bulk_record *told = r->told;
	if (!lists_are_told(r))
		return !metric_same(s->mem.current_bytes, r->last.mem.current_bytes);
	if (r->lru_inactive != told->lru_inactive || r->lru_active != told->lru_active)
		r->lru_usec = s->mono_usec;
	if (r->lru_rest != told->lru_rest)
		r->rest_usec = r->all_usec ? s->mono_usec : s->mono_usec - FLUSH_USEC;
	r->lru_rest = told->lru_rest;
	r->lru_inactive = told->lru_inactive;
	r->lru_active = told->lru_active;
	return s->mono_usec - r->lru_usec < FLUSH_USEC;
}

static void sample_all(struct cgroup_reader *r, struct sample *s, bool moved, char *buf)
{
	const struct sample *last = &r->last;
	int64_t now = s->mono_usec;
	bool first = !r->all_usec, slow = first || all_is_due(r, now);
	r->seldom = slow || !r->tree->may_rest || is_due(r->seldom_usec + SELDOM_USEC, SELDOM_USEC, now);
	r->lacks = r->seldom || moved ? 0 : r->lacks;
	sample_throttling(r, s, buf);
	sample_stalls(r, s, !moved, buf);
	sample_events(r, &s->mem, buf);
	/* At its cap a group's pages are exchanged, and its use stands still: it stalls then. */
	bool stat = pages_moved(r, s) || first || !metric_same(s->mem.pressure_usec, last->mem.pressure_usec) ||
	            !metric_same(s->mem.events_max, last->mem.events_max) || stat_is_due(r, s);
	s->mem.cache_bytes = last->mem.cache_bytes;
	s->mem.swap_bytes = last->mem.swap_bytes;
	s->mem.refault_bytes = last->mem.refault_bytes;
	sample_memory(r, &s->mem, stat, buf);
	sample_io(r, s, buf);
	s->pids = number_metric(r, COUNT_PIDS, TOLD(r, life.pids), buf, "no pids controller for this group");
	s->net_rx_bytes = s->net_tx_bytes = metric_none(METRIC_ABSENT, "its first process is not known");
	s->disk_writable_bytes = metric_none(METRIC_ABSENT, "writable layer not found");
	bool stalled = !first && stall_differs(s, last);
	/* Found moving while nobody looked: since when is not known, but not for longer than that. */
	s->unread_since_usec = stalled && !moved && r->quiet ? r->stall_usec : 0;
	if (stat && now - r->rest_usec >= FLUSH_USEC)
		r->stat_rest = TOLD(r, lru_rest);
	r->quiet = !first && !moved && !stalled && r->tree->may_rest && !stat_is_owed(r);
	r->all_usec = r->stall_usec = now;
	r->stall_due_usec = next_due(r, STALL_USEC, now);
	r->stat_usec = stat ? now : r->stat_usec;
	r->stat_pages = stat ? TOLD(r, pages) : r->stat_pages;
	r->seldom_usec = r->seldom ? now : r->seldom_usec;
	if (slow)
		r->due_usec = next_due(r, all_period(r), now);
	r->last = *s;
	r->last.unread_since_usec = 0;
}

/* Of a group that has not run: has somebody come or gone asleep, or was it frozen? */
static bool life_moved(struct cgroup_reader *r)
{
	/* On its way there it is not there yet, and which of both is not told. */
	bool freezes = TOLD(r, life.freezing) != BULK_UNKNOWN && TOLD(r, life.freezing) != 0;
	bool moved = r->told && (freezes || memcmp(&r->life, &r->told->life, sizeof(r->life)) != 0);
	if (moved)
		r->life = r->told->life;
	return moved;
}

static bool pressed(const struct cgroup_reader *r)
{
	return has_waited(r->last.cpu.pressure_usec, TOLD(r, cpu_waited_nsec)) ||
	       has_waited(r->last.mem.pressure_usec, TOLD(r, memory_waited_nsec));
}

/* All groups were asked at once whether they moved, this one has not, and nothing else is due. */
static bool stands_still(struct cgroup_reader *r, struct sample *s)
{
	if (!r->quiet || TOLD(r, cpu_nsec) == BULK_UNKNOWN || TOLD(r, pages) == BULK_UNKNOWN)
		return false;
	int64_t usec = (int64_t)(r->told->mono_nsec / 1000);
	if (!metric_same(r->last.cpu.usage_usec, metric_ok(told_usage(r))) ||
	    !metric_same(r->last.mem.current_bytes, told_bytes(r, r->told->pages)) || pressed(r) ||
	    all_is_due(r, usec) || is_due(r->stall_due_usec, STALL_USEC, usec))
		return false;
	*s = r->last;
	s->mono_usec = usec;
	r->rested = true;
	return true;
}

static int sample_group(struct cgroup_reader *r, struct sample *s)
{
	uint64_t before = r->incarnation;
	r->told = cgroup_reader_told(r);
	bool lives_on = !life_moved(r);
	if (lives_on && stands_still(r, s))
		return 0;
	char buf[READ_SIZE];
	bool kept = r->file && r->file[COUNT_CPU].fd >= 0;
	int res = sample_usage(r, s, buf);
	if (res == -ENODEV) {
		cgroup_reader_reopen(r);
		res = sample_usage(r, s, buf);
	} else if (!r->told && !kept) {
		/* Neither the bulk nor a file that was open tells that the directory is another one. */
		cgroup_reader_identify(r);
		if (r->incarnation != before)
			cgroup_reader_reopen(r);
	}
	if (res < 0 || r->incarnation != before)
		r->all_usec = 0;
	if (res < 0 && !cgroup_reader_exists(r))
		return res;
	s->mem.current_bytes = bytes_metric(r, COUNT_MEMORY, TOLD(r, pages), buf, no_memory);
	bool moved = !lives_on || !r->all_usec || !metric_is_ok(s->cpu.usage_usec) ||
	             !metric_same(s->cpu.usage_usec, r->last.cpu.usage_usec) ||
	             !metric_same(s->mem.current_bytes, r->last.mem.current_bytes);
	r->rested = r->quiet && !moved && !all_is_due(r, s->mono_usec);
	if (r->rested && (pressed(r) || is_due(r->stall_due_usec, STALL_USEC, s->mono_usec))) {
		r->rested = !stalls(r, buf);
		if (r->rested) {
			r->stall_usec = s->mono_usec;
			r->stall_due_usec = next_due(r, STALL_USEC, s->mono_usec);
		}
	}
	if (r->rested) {
		int64_t now = s->mono_usec;
		*s = r->last;
		s->mono_usec = now;
	} else {
		sample_all(r, s, moved, buf);
	}
	return 0;
}

int cgroup_reader_sample(struct cgroup_reader *r, struct sample *s)
{
	int res = sample_group(r, s);
	if (res == 0 && r->rested && r->file && r->tree->fds_are_short)
		cgroup_reader_give_way(r);
	return res;
}

bool cgroup_reader_rested(const struct cgroup_reader *r)
{
	return r->rested;
}
