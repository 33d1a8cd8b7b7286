#include "source/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/base/text.h"

static char *read_line(struct rootfs *fs, const char *path)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	if (rootfs_read(fs, path, 4096, &sb) <= 0)
		return NULL;
	sb.buf[strcspn(sb.buf, "\n")] = '\0';
	return text_clean(xstrdup(sb.buf), 128);
}

void host_reader_open(struct host_reader *h, struct rootfs *fs)
{
	const struct kfile closed = KFILE_INIT;
	*h = (struct host_reader){
	        .fs = fs, .stat = closed, .meminfo = closed, .online = closed, .cpu_psi = closed, .mem_psi = closed};
	h->cores = core_reader_new(fs);
	struct mounts m;
	(void)mounts_read(fs, &m);
	h->hostname = read_line(fs, "proc/sys/kernel/hostname");
	h->kernel = read_line(fs, "proc/sys/kernel/osrelease");
	h->boot_id = read_line(fs, "proc/sys/kernel/random/boot_id");
	h->placement = placement_decide(fs, &m, &h->hypervisor, &h->evidence);
	mounts_release(&m);
}

void host_reader_close(struct host_reader *h)
{
	struct kfile *const files[] = {&h->stat, &h->meminfo, &h->online, &h->cpu_psi, &h->mem_psi};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		kfile_close(h->fs, files[i]);
	core_reader_free(h->cores);
	free(h->hostname);
	free(h->kernel);
	free(h->boot_id);
	free(h->hypervisor);
	free(h->evidence);
}

/* "cpu  user nice system idle iowait irq softirq steal guest guest_nice"; guest is inside user. */
static void read_cpu(struct host_reader *h, struct snapshot *snap, char *buf, size_t size)
{
	struct host_sample *s = &snap->host;
	ssize_t n = kfile_read(h->fs, &h->stat, "proc/stat", buf, size);
	uint64_t v[8] = {0};
	const char *w;
	size_t wn;
	/* What does not fit (-EFBIG: a machine with many interrupts) comes after the lines of the cores. */
	size_t len = n == -EFBIG ? size - 1 : n > 0 ? (size_t)n : 0;
	const char *nl = memchr(buf, '\n', len);
	bool ok = nl && strncmp(buf, "cpu ", 4) == 0;
	for (unsigned i = 0; ok && i < ARRAY_SIZE(v); i++)
		ok = parse_word(buf, (size_t)(nl - buf), i + 1, &w, &wn) && parse_u64(w, wn, &v[i]) == 0;
	if (!ok) {
		s->busy_usec = s->steal_usec = metric_errno(n < 0 ? (int)n : -EINVAL, "/proc/stat not readable");
		return;
	}
	double tick = 1e6 / (double)sysconf(_SC_CLK_TCK);
	s->busy_usec = metric_ok((double)(v[0] + v[1] + v[2] + v[5] + v[6]) * tick);
	s->steal_usec = metric_ok((double)v[7] * tick);
	core_reader_sample(h->cores, buf, len, snap);
}

static struct metric meminfo(const char *buf, ssize_t n, const char *key)
{
	uint64_t v;
	if (n < 0 || parse_colon(buf, (size_t)n, key, &v) < 0)
		return metric_errno((int)n, "/proc/meminfo does not say");
	return metric_ok((double)v);
}

static struct metric psi(struct rootfs *fs, struct kfile *k, const char *path, char *buf, size_t size)
{
	uint64_t v;
	ssize_t n = kfile_read(fs, k, path, buf, size);
	if (n < 0 || parse_psi_total(buf, (size_t)n, "some", &v) < 0)
		return metric_errno((int)n, "no pressure information (boot with psi=1)");
	return metric_ok((double)v);
}

void host_reader_sample(struct host_reader *h, const struct mounts *m, struct snapshot *snap)
{
	char buf[32768];
	unsigned online;
	struct arena *arena = &snap->arena;
	struct host_sample *ret = &snap->host;
	struct rootfs_time now = rootfs_now(h->fs);
	*ret = (struct host_sample){
	        .mono_usec = now.mono_usec,
	        .real_usec = now.real_usec,
	        .boot_usec = now.boot_usec,
	        .hostname = arena_strdup(arena, h->hostname),
	        .kernel = arena_strdup(arena, h->kernel),
	        .boot_id = arena_strdup(arena, h->boot_id),
	        .placement = h->placement,
	        .hypervisor = arena_strdup(arena, h->hypervisor),
	        .placement_evidence = arena_strdup(arena, h->evidence),
	        .layout = m->layout,
	        .layout_evidence = arena_strdup(arena, m->evidence),
	};
	read_cpu(h, snap, buf, sizeof(buf));
	ssize_t n = kfile_read(h->fs, &h->online, "sys/devices/system/cpu/online", buf, sizeof(buf));
	ret->online_cpus = n > 0 && parse_cpulist(buf, (size_t)n, &online) == 0 && online
	                           ? metric_ok(online)
	                           : metric_errno((int)n, "/sys/devices/system/cpu/online not readable");
	n = kfile_read(h->fs, &h->meminfo, "proc/meminfo", buf, sizeof(buf));
	ret->mem_total_bytes = meminfo(buf, n, "MemTotal");
	ret->mem_available_bytes = meminfo(buf, n, "MemAvailable");
	ret->swap_total_bytes = meminfo(buf, n, "SwapTotal");
	ret->swap_free_bytes = meminfo(buf, n, "SwapFree");
	ret->cpu_pressure_usec = psi(h->fs, &h->cpu_psi, "proc/pressure/cpu", buf, sizeof(buf));
	ret->mem_pressure_usec = psi(h->fs, &h->mem_psi, "proc/pressure/memory", buf, sizeof(buf));
}
