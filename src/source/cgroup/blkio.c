/*
 * Does cgroup v1 count I/O here?  blkio.throttle counts on all disks up to Linux 6.9; since then only on those for
 * which somebody has set a throttle rule, and a group's "Total 0" is no number.  bfq counts on the disks it schedules.
 */
#include <string.h>

#include "source/cgroup/cgroup.h"
#include "vctop/base/parse.h"

#define DECIDE_USEC 30000000

bool blkio_has_devices(const char *buf, size_t len)
{
	return len && buf[0] >= '0' && buf[0] <= '9'; /* "8:0 Read 0", else "Total 0" alone */
}

/* "254 0 vda 1043 0 51234 ...": the disk with the most sectors read and written, as "254:0". */
bool blkio_busiest(const char *buf, size_t len, char ret[32])
{
	static const unsigned words[] = {0, 1, 5, 9};
	const char *cursor = buf, *line, *w;
	size_t n, wn;
	uint64_t most = 0, v[ARRAY_SIZE(words)];
	while (parse_line(&cursor, buf + len, &line, &n)) {
		size_t i = 0;
		while (i < ARRAY_SIZE(words) && parse_word(line, n, words[i], &w, &wn) && parse_u64(w, wn, &v[i]) == 0)
			i++;
		if (i < ARRAY_SIZE(words) || v[2] > UINT64_MAX - v[3] || v[2] + v[3] <= most)
			continue; /* a partition has no more than its disk, which comes first */
		most = v[2] + v[3];
		(void)snprintf(ret, 32, "%llu:%llu ", (unsigned long long)v[0], (unsigned long long)v[1]);
	}
	return most > 0;
}

static bool lists(struct cgroup_tree *t, const char *file, const char *device)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;
	const char *cursor, *line;
	size_t n;
	strbuf_fmt(&path, "%s/%s", t->mounts.v1[CTRL_IO], file);
	if (rootfs_read(t->fs, path.buf, (size_t)1 << 20, &text) < 0)
		return false;
	for (cursor = text.buf; parse_line(&cursor, text.buf + text.len, &line, &n);)
		if (n > strlen(device) && memcmp(line, device, strlen(device)) == 0)
			return true;
	return false;
}

const char *blkio_file(struct cgroup_tree *t, int64_t now_usec)
{
	static const char throttle[] = "blkio.throttle.io_service_bytes_recursive",
	                  bfq[] = "blkio.bfq.io_service_bytes_recursive";
	cleanup_strbuf struct strbuf disks = STRBUF_INIT;
	char device[32];
	int64_t age = now_usec - t->blkio.decided_usec;
	if (t->blkio.counted || (t->blkio.file && age >= 0 && age < DECIDE_USEC))
		return t->blkio.file;
	t->blkio.decided_usec = now_usec;
	bool known = rootfs_read(t->fs, "proc/diskstats", (size_t)1 << 20, &disks) > 0 &&
	             blkio_busiest(disks.buf, disks.len, device);
	/* Without disks there is nothing to miss. */
	t->blkio.counted = !known || lists(t, throttle, device);
	if (!t->blkio.file) /* kept open from then on */
		t->blkio.file = !t->blkio.counted && lists(t, bfq, device) ? bfq : throttle;
	if (t->blkio.file == bfq)
		t->blkio.counted = true;
	return t->blkio.file;
}
