#include <errno.h>

#include "source/storage/storage.h"
#include "vctop/source/disk_usage.h"

#define WRITABLE_USEC 60000000

struct metric storage_writable(struct rootfs *fs, struct facts *f, int64_t now_usec, unsigned *budget)
{
	double bytes;
	unsigned before = *budget;
	if (!f || !f->writable)
		return metric_none(METRIC_ABSENT, f && f->no_layer ? f->no_layer : "writable layer not found");
	bool fresh = f->disk.at && now_usec - f->disk.at < WRITABLE_USEC;
	if (fresh || *budget == 0)
		return f->disk.bytes;
	int r = disk_usage(fs, f->writable, budget, &bytes);
	if (r == -E2BIG && !metric_is_ok(f->disk.bytes))
		f->disk.bytes = metric_none(METRIC_ABSENT, "writable layer has too many files to add up");
	else if (r == 0)
		f->disk.bytes = metric_ok(bytes);
	else if (r != -E2BIG)
		f->disk.bytes = metric_errno(r, "writable layer not readable");
	rootfs_cite(fs, "disk.writable_bytes", f->writable,
	            "st_blocks * 512 of the directory and %u entries below it%s", before - *budget,
	            r == -E2BIG ? ", then the time for it was up" : "");
	f->disk.at = now_usec;
	return f->disk.bytes;
}
