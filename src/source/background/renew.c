#include "source/background/renew.h"

#include <string.h>

static void keep(struct arena *a, const char **text)
{
	*text = arena_strdup(a, *text);
}

#define DISK_METRICS(d)                                                                                                \
	{                                                                                                              \
		&(d)->image_bytes, &(d)->shared_bytes, &(d)->layers, &(d)->virtual_bytes, &(d)->allocated_bytes,       \
		        &(d)->snapshots, &(d)->chain                                                                   \
	}

/* What was told may be the storage's, which does not last as long. */
static void keep_disk(struct arena *a, struct disk *d)
{
	struct metric *const metrics[] = DISK_METRICS(d);
	const char *from = NULL, *kept = NULL; /* several have the same reason */
	for (size_t m = 0; m < ARRAY_SIZE(metrics); m++) {
		if (metric_is_ok(*metrics[m]))
			continue;
		if (metrics[m]->why != from) {
			from = metrics[m]->why;
			kept = arena_strdup(a, from);
		}
		metrics[m]->why = kept;
	}
	keep(a, &d->driver);
	keep(a, &d->detail);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_metric(struct metric a, struct metric b)
{
	return a.st == b.st && (metric_is_ok(a) ? !(a.v < b.v) && !(a.v > b.v) : same_text(a.why, b.why));
}

static bool same_disk(const struct disk *x, const struct disk *y)
{
	const struct metric *const a[] = DISK_METRICS(x), *const b[] = DISK_METRICS(y);
	for (size_t m = 0; m < ARRAY_SIZE(a); m++)
		if (!same_metric(*a[m], *b[m]))
			return false;
	return same_text(x->driver, y->driver) && same_text(x->detail, y->detail);
}

/* One that no snapshot has yet, so that it may be changed. */
static struct background *own(struct background *old)
{
	if (old->refs == 1)
		return old;
	struct background *b = background_new();
	b->isolation = old->isolation;
	b->disk = old->disk;
	b->supervisor = old->supervisor;
	struct isolation *i = &b->isolation;
	keep(&b->text, &i->capabilities);
	keep(&b->text, &i->lsm);
	keep(&b->text, &i->host_mounts);
	keep(&b->text, &i->guard);
	keep(&b->text, &i->summary);
	keep(&b->text, &b->supervisor.evidence);
	keep_disk(&b->text, &b->disk);
	background_unref(old);
	return b;
}

struct background *background_with_disk(struct background *b, const struct disk *d)
{
	if (same_disk(d, &b->disk))
		return b;
	b = own(b);
	b->disk = *d;
	keep_disk(&b->text, &b->disk);
	return b;
}

struct background *background_with_daemon(struct background *b, bool running)
{
	if (same_metric(b->supervisor.daemon_running, metric_ok(running)))
		return b;
	b = own(b);
	b->supervisor.daemon_running = metric_ok(running);
	return b;
}
