/*
 * /proc/PID/statm is cheap and always read.  status adds hugetlb pages, swap and the peak; it is read when the
 * resident size moved.  smaps walks the page tables (33 ms for 4 GiB) and holds the VM's mmap lock meanwhile.
 */
#include "source/vm/vm_memory.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "vctop/base/parse.h"

#define SMAPS_MAX (64U << 20)
/* At most a hundredth of the time goes into smaps. */
#define SMAPS_SHARE 100
/* What statm does not tell (hugetlb, swap) and what may not be read is looked at again after this long. */
#define SLOW_USEC 10000000

void vm_memory_init(struct vm_memory *m, struct rootfs *fs, pid_t pid, const struct vm_config *config)
{
	long page = sysconf(_SC_PAGESIZE);
	*m = (struct vm_memory){.fs = fs,
	                        .pid = pid,
	                        .hidden = config->ram_hidden,
	                        .rules = {config->ram_bytes, config->ram_noreserve, config->ram_tmpfile},
	                        .statm = KFILE_INIT,
	                        .status = KFILE_INIT,
	                        .smaps = STRBUF_INIT,
	                        .page = page > 0 ? (uint64_t)page : 4096};
}

void vm_memory_release(struct vm_memory *m)
{
	kfile_close(m->fs, &m->statm);
	kfile_close(m->fs, &m->status);
	strbuf_release(&m->smaps);
}

static int read_statm(struct vm_memory *m, uint64_t *ret_rss)
{
	char path[64], buf[256];
	const char *w;
	size_t len;
	uint64_t pages;
	(void)snprintf(path, sizeof(path), "proc/%d/statm", (int)m->pid);
	ssize_t n = kfile_read(m->fs, &m->statm, path, buf, sizeof(buf));
	if (n < 0)
		return (int)n;
	if (!parse_word(buf, (size_t)n, 1, &w, &len) || parse_u64(w, len, &pages) < 0 || pages > UINT64_MAX / m->page)
		return -EINVAL;
	*ret_rss = pages * m->page;
	return 0;
}

static bool status_due(const struct vm_memory *m, uint64_t rss, int64_t now)
{
	return !m->status_read || m->hugetlb || rss != m->status_rss || now - m->status_usec >= SLOW_USEC;
}

static void read_status(struct vm_memory *m, uint64_t rss, int64_t now)
{
	char path[64], buf[8192];
	if (!status_due(m, rss, now))
		return;
	(void)snprintf(path, sizeof(path), "proc/%d/status", (int)m->pid);
	ssize_t n = kfile_read(m->fs, &m->status, path, buf, sizeof(buf));
	m->status_read = true;
	m->status_rss = rss;
	m->status_usec = now;
	m->status_err = n < 0 ? (int)n : parse_colon(buf, (size_t)n, "VmHWM", &m->peak);
	if (m->status_err < 0)
		return;
	m->hugetlb = m->swap = 0; /* kernels built without them leave the lines out */
	(void)parse_colon(buf, (size_t)n, "HugetlbPages", &m->hugetlb);
	(void)parse_colon(buf, (size_t)n, "VmSwap", &m->swap);
}

static bool smaps_due(const struct vm_memory *m, uint64_t resident, int64_t now)
{
	if (m->hidden)
		return false;
	if (!m->smaps_read)
		return true;
	int64_t since = now - m->smaps_usec;
	if (m->smaps_err < 0)
		return since >= SLOW_USEC;
	return resident != m->smaps_resident && since >= m->smaps_cost_usec * SMAPS_SHARE;
}

/* Thousands of lines: what was made of them. */
static void cite_smaps(const struct vm_memory *m, const char *path)
{
	static const char *const fields[] = {"memory.held_bytes", "memory.used_bytes"};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		rootfs_cite(m->fs, fields[i], path,
		            "guest RAM: mappings %u, Size %llu bytes, Rss and hugetlb %llu bytes", m->ram.mappings,
		            (unsigned long long)m->ram.guest_size, (unsigned long long)m->ram.guest_resident);
	rootfs_cite(m->fs, "memory.overhead_bytes", path, "all other mappings: Rss and hugetlb %llu bytes",
	            (unsigned long long)m->ram.other_resident);
	rootfs_cite(m->fs, "memory.swap_bytes", path, "guest RAM: Swap %llu bytes",
	            (unsigned long long)m->ram.guest_swap);
}

static void read_smaps(struct vm_memory *m, uint64_t resident, int64_t now)
{
	char path[64];
	if (!smaps_due(m, resident, now))
		return;
	(void)snprintf(path, sizeof(path), "proc/%d/smaps", (int)m->pid);
	ssize_t n = rootfs_read(m->fs, path, SMAPS_MAX, &m->smaps);
	m->smaps_read = true;
	m->smaps_resident = resident;
	m->smaps_usec = now;
	/* Empty: the process is ending and has no memory any more. */
	m->smaps_err = n < 0 ? (int)n : n == 0 ? -ESRCH : 0;
	if (m->smaps_err == 0)
		guest_ram_find(m->smaps.buf, m->smaps.len, &m->rules, &m->ram);
	if (m->smaps_err == 0 && m->ram.mappings)
		cite_smaps(m, path);
	m->smaps_cost_usec = rootfs_now(m->fs).mono_usec - now;
}

static void not_guests(struct vm_memory *m, struct sample_memory *s, struct metric rss)
{
	struct metric why = metric_none(METRIC_ABSENT, "no mapping of this process is recognised as guest RAM");
	if (m->smaps_err < 0)
		why = metric_errno(m->smaps_err, m->smaps_err == -EACCES || m->smaps_err == -EPERM
		                                         ? "smaps needs root or CAP_SYS_PTRACE"
		                                         : "smaps could not be read");
	s->held_bytes = s->overhead_bytes = why;
	s->used_bytes = rss;
	s->used_by = metric_is_ok(rss) ? "VMM resident" : NULL;
}

static void set_hidden(struct sample_memory *s)
{
	s->held_bytes = s->used_bytes =
	        metric_none(METRIC_ABSENT, "guest RAM lies in the VMM's kernel module: what is resident is not known");
	s->overhead_bytes = s->rss_bytes;
	s->used_by = NULL;
}

static void set_smaps(struct vm_memory *m, struct sample_memory *s)
{
	if (m->hidden) {
		set_hidden(s);
		return;
	}
	if (m->smaps_err < 0 || !m->ram.mappings) {
		not_guests(m, s, s->rss_bytes);
		return;
	}
	s->held_bytes = metric_ok((double)m->ram.guest_resident);
	s->overhead_bytes = metric_ok((double)m->ram.other_resident);
	s->used_bytes = s->held_bytes;
	s->used_by = "guest RAM resident";
}

void vm_memory_sample(struct vm_memory *m, struct sample_memory *s)
{
	int64_t now = rootfs_now(m->fs).mono_usec;
	uint64_t rss = 0;
	int r = read_statm(m, &rss);
	read_status(m, rss, now);
	read_smaps(m, rss + m->hugetlb + m->swap, now);
	s->rss_bytes = r < 0 ? metric_errno(r, "statm could not be read") : metric_ok((double)(rss + m->hugetlb));
	if (m->status_err < 0) {
		s->peak_bytes = s->swap_bytes = metric_errno(m->status_err, "status could not be read");
	} else {
		/* VmSwap leaves out shared memory: a memfd guest's swapped pages are in smaps only. */
		uint64_t swap = m->smaps_err == 0 && m->ram.guest_swap > m->swap ? m->ram.guest_swap : m->swap;
		s->peak_bytes = metric_ok((double)m->peak);
		s->swap_bytes = metric_ok((double)swap);
	}
	set_smaps(m, s);
	s->guest_used_bytes = metric_none(METRIC_ABSENT, "guest not asked: no balloon statistics");
	s->balloon_bytes = metric_none(METRIC_ABSENT, "guest not asked: no balloon statistics");
	s->current_bytes = s->cache_bytes = metric_none(METRIC_ABSENT, "a cgroup's number; not read for VMs");
	sample_memory_uncounted(s, "a cgroup's number; not read for VMs");
}
