#include "source/background/background.h"

#include <stdlib.h>
#include <string.h>

#include "source/background/isolation.h"
#include "source/background/network.h"
#include "source/background/supervisor.h"
#include "vctop/base/clock.h"
#include "vctop/base/prefetch.h"
#include "vctop/base/text.h"

#define BACKGROUND_USEC 30000000
/* Of a container that has not run since: only somebody else can have changed anything. */
#define RESTING_USEC 300000000
/* Where all processes are told of at once, who would be read again so soon is read with them. */
#define AHEAD_USEC 15000000
/* Re-reading is spread: each instance has its own second. */
#define SPREAD_USEC 10000000
#define BUDGET_USEC 5000
/* Of it for reading again what was read before. */
#define AGAIN_USEC 1000
/* A one-shot shows its second tick: what is there then is read at once, however long it takes. */
#define EAGER_TICK 2
#define HOST_USEC 30000000
#define SCRATCH_SIZE 65536
#define ID_USUAL 80 /* bytes */

/* When something of an instance was read, and its CPU time then; when it is read again. */
struct turn {
	int64_t read_usec, due_usec;
	struct metric ran;
};

/* One instance. */
struct known {
	const char *id;              /* the map's */
	struct arena arena;          /* of its background, which snapshots point to */
	const struct background *bg; /* the newest; what has been shown stays as it is */
	struct background *fresh;    /* the same while it may be changed, in the tick that made it */
	unsigned made;
	bool copied;           /* the arena holds what is no longer shown */
	unsigned disk_as_of;   /* changes of files and stores then */
	struct daemon *daemon; /* on which it hangs; NULL none */
	struct network net;
	bool read;
	pid_t net_pid; /* whose network was looked at; 0 none */
	uint64_t incarnation;
	pid_t pid;
	enum instance_state state;
	unsigned daemon_changes, seen;
	uint64_t words; /* the instance's; 0 not said */
	struct turn turn, net_turn;
};

struct net_share {
	uint64_t ns;
	struct entry *entry;
};

struct background_reader {
	struct rootfs *fs;
	struct storage *storage;
	struct daemons daemons;
	struct isolation_host host;
	bool host_read;
	int64_t host_usec;
	struct map by_id;            /* id -> struct known */
	struct background unread[2]; /* of a container, of a VM */
	VEC(struct known *) entries; /* of this tick, as the snapshot's */
	VEC(struct net_share) shares;
	unsigned tick;
	size_t seen;          /* so many were in this tick */
	int64_t end_usec;     /* of this tick's budget; 0 none */
	int64_t ahead_usec;   /* turns that come so soon are taken in this tick */
	struct arena reading; /* of what is being read, until it is known to be another */
	char *scratch;
};

static void disk_none(struct disk *d, const char *why)
{
	struct metric none = metric_none(METRIC_ABSENT, why);
	*d = (struct disk){.image_bytes = none,
	                   .shared_bytes = none,
	                   .layers = none,
	                   .virtual_bytes = none,
	                   .allocated_bytes = none,
	                   .snapshots = none,
	                   .chain = none};
}

struct background_reader *background_reader_new(struct rootfs *fs)
{
	struct background_reader *b = xcalloc(1, sizeof(*b));
	b->fs = b->daemons.fs = fs;
	b->storage = storage_new(fs);
	b->scratch = xmalloc(SCRATCH_SIZE);
	for (int vm = 0; vm < 2; vm++) {
		struct background *u = &b->unread[vm];
		isolation_none(&u->isolation, "not read yet");
		u->isolation.kernel = vm ? "own" : "shared";
		disk_none(&u->disk, "not read yet");
		u->supervisor.monitor_pid = u->supervisor.daemon_running = metric_none(METRIC_ABSENT, "not read yet");
	}
	return b;
}

/* To be changed: another like the one that is shown, or the one of this tick, which is not shown yet. */
static struct background *renew(const struct background_reader *b, struct known *k)
{
	if (k->made == b->tick)
		return k->fresh;
	k->fresh = arena_alloc(&k->arena, sizeof(*k->fresh));
	*k->fresh = *k->bg;
	k->bg = k->fresh;
	k->made = b->tick;
	k->copied = true;
	return k->fresh;
}

static void known_free(struct known *k, struct rootfs *fs)
{
	network_release(&k->net, fs);
	arena_release(&k->arena);
	free(k);
}

void background_reader_free(struct background_reader *b)
{
	void *k;
	if (!b)
		return;
	for (size_t it = 0; map_next(&b->by_id, &it, NULL, &k);)
		known_free(k, b->fs);
	map_release(&b->by_id);
	vec_free(&b->entries);
	vec_free(&b->shares);
	arena_release(&b->reading);
	daemons_release(&b->daemons);
	if (b->host_read)
		isolation_host_release(&b->host);
	storage_free(b->storage);
	free(b->scratch);
	free(b);
}

void background_look(struct background_reader *b, const struct process *p)
{
	daemons_look(&b->daemons, p);
}

static void read_host(struct background_reader *b, int64_t now)
{
	int64_t age = now - b->host_usec;
	if (b->host_read && age >= 0 && age < HOST_USEC)
		return;
	if (b->host_read)
		isolation_host_release(&b->host);
	isolation_host_read(b->fs, &b->host);
	b->host_read = true;
	b->host_usec = now;
}

static bool is_running(const struct instance *i)
{
	return i->pid > 0 && i->state != INSTANCE_STOPPED;
}

/* Those that were read together are so again. */
static int64_t next_time(const struct background_reader *b, const struct instance *i, int64_t now)
{
	return now + BACKGROUND_USEC - (b->ahead_usec ? 0 : (int64_t)(map_hash(i->id) % SPREAD_USEC));
}

static bool is_due(int64_t due, int64_t now)
{
	return now >= due || due - now > BACKGROUND_USEC;
}

/* Is it time to read again? The turn of one that has not run passes. */
static bool is_due_again(const struct background_reader *b, struct turn *t, const struct entry *e, int64_t now)
{
	if (!is_due(t->due_usec - b->ahead_usec, now))
		return false;
	bool rests = metric_is_ok(t->ran) && metric_same(t->ran, e->sample.cpu.usage_usec);
	int64_t age = now - t->read_usec;
	if (!rests || age < 0 || age >= RESTING_USEC)
		return true;
	t->due_usec = next_time(b, &e->inst, now);
	return false;
}

static void take_turn(const struct background_reader *b, struct turn *t, const struct entry *e, int64_t now)
{
	*t = (struct turn){now, next_time(b, &e->inst, now), e->sample.cpu.usage_usec};
}

static struct isolated of_process(const struct tick *t, pid_t pid)
{
	return (struct isolated){pid, proctab_told(t->procs, pid)};
}

/* Ids of 64 digits are keys as they are; named runtimes' have the runtime in front, as the instance's id has. */
static const struct facts *facts_of(const struct tick *t, const char *id)
{
	const char *colon = strchr(id, ':');
	const struct facts *f = colon ? map_get(&t->facts->by_id, colon + 1) : NULL;
	return f ? f : map_get(&t->facts->by_id, id);
}

static unsigned disks_as_of(const struct background_reader *b, const struct tick *t)
{
	return t->facts->changes + storage_changes(b->storage);
}

/* What was read of a container's disk lasts until the runtime's files and stores are read again. */
static void keep_disk(struct disk *d, struct arena *a)
{
	struct metric *const metrics[] = {&d->image_bytes, &d->shared_bytes, &d->layers};
	d->driver = arena_strdup(a, d->driver);
	for (size_t m = 0; m < ARRAY_SIZE(metrics); m++)
		if (!metric_is_ok(*metrics[m]))
			metrics[m]->why = arena_strdup(a, metrics[m]->why);
}

static void read_disk(struct background_reader *b, const struct tick *t, const struct instance *i, struct arena *a,
                      struct disk *ret)
{
	disk_none(ret, "not running");
	if (i->kind == INSTANCE_CONTAINER) {
		storage_container(b->storage, facts_of(t, i->id), ret);
		keep_disk(ret, a);
	} else if (i->kind == INSTANCE_VM && is_running(i)) {
		storage_vm(b->storage, i->pid, a, ret);
	}
}

/* Most are as they were: what snapshots point to stays, and the memory goes to the next that is read. */
static void take_reading(struct background_reader *b, struct snapshot *s, struct known *k, struct background *bg)
{
	if (k->read && !k->copied && background_same(bg, k->bg))
		return;
	snapshot_adopt(s, &k->arena);
	k->arena = b->reading;
	b->reading = (struct arena){0};
	k->bg = k->fresh = bg;
	k->made = b->tick;
	k->copied = false;
}

static void read_instance(struct background_reader *b, const struct tick *t, struct known *k, const struct entry *e)
{
	const struct instance *i = &e->inst;
	bool vm = i->kind == INSTANCE_VM;
	struct arena *a = &b->reading;
	arena_clear(a);
	struct background *bg = arena_alloc(a, sizeof(*bg));
	rootfs_cite_for(b->fs, i->id);
	read_host(b, t->now.mono_usec);
	bool runs = is_running(i);
	pid_t parent = 0;
	if (!runs)
		isolation_none(&bg->isolation,
		               i->state == INSTANCE_STOPPED ? "not running" : "its first process is not known");
	else if (vm)
		parent = isolation_vm(b->fs, &b->host, of_process(t, i->pid), a, &bg->isolation);
	else
		parent = isolation_container(b->fs, &b->host, of_process(t, i->pid), a, &bg->isolation);
	if (!bg->isolation.kernel)
		bg->isolation.kernel = vm ? "own" : "shared";
	k->daemon = supervisor_find(&b->daemons, i, parent, a, &bg->supervisor);
	k->disk_as_of = disks_as_of(b, t);
	read_disk(b, t, i, a, &bg->disk);
	take_reading(b, t->snap, k, bg);
	k->read = true;
	k->incarnation = i->incarnation;
	k->pid = i->pid;
	k->state = i->state;
	k->daemon_changes = b->daemons.changes;
	take_turn(b, &k->turn, e, t->now.mono_usec);
}

static void look_ahead(const struct background_reader *b, const struct snapshot *s, size_t i)
{
	size_t next = i + PREFETCH_ROWS, far = next + PREFETCH_ROWS;
	if (far < b->entries.n)
		prefetch(b->entries.v[far], sizeof(struct known));
	if (next >= b->entries.n || next >= s->entries.n || s->entries.v[next].inst.words)
		return;
	prefetch(b->entries.v[next]->id, ID_USUAL);
	prefetch(s->entries.v[next].inst.id, ID_USUAL);
}

/* Most stand where they stood in the tick before. */
static struct known *find_known(struct background_reader *b, const struct instance *i, size_t at)
{
	struct known *k = at < b->entries.n ? b->entries.v[at] : NULL;
	if (!k || ((!i->words || k->words != i->words) && strcmp(k->id, i->id) != 0))
		k = map_get(&b->by_id, i->id);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->bg = &b->unread[i->kind == INSTANCE_VM];
		network_release(&k->net, NULL); /* nothing to read */
		map_put(&b->by_id, i->id, k);
		(void)map_find(&b->by_id, i->id, &k->id);
	}
	b->seen += k->seen != b->tick;
	k->seen = b->tick;
	k->words = i->words;
	return k;
}

/* What was read is another's, or says less than is known now. */
static bool is_stale(const struct background_reader *b, const struct known *k, const struct instance *i)
{
	return !k->read || k->incarnation != i->incarnation || k->pid != i->pid || k->state != i->state ||
	       (k->bg->supervisor.daemon && k->daemon_changes != b->daemons.changes);
}

static bool has_time(const struct background_reader *b)
{
	return !b->end_usec || clock_mono_usec() < b->end_usec;
}

static void refresh(struct background_reader *b, const struct tick *t)
{
	size_t n = t->snap->entries.n;
	/* First what is new, then what is merely old. */
	for (int pass = 0; pass < 2; pass++) {
		int64_t again = clock_mono_usec() + AGAIN_USEC;
		if (pass == 1 && b->end_usec && again < b->end_usec)
			b->end_usec = again;
		for (size_t i = 0; i < n; i++) {
			struct known *k = b->entries.v[i];
			const struct entry *e = &t->snap->entries.v[i];
			if ((pass == 0 ? is_stale(b, k, &e->inst) : is_due_again(b, &k->turn, e, t->now.mono_usec)) &&
			    has_time(b))
				read_instance(b, t, k, e);
		}
	}
}

static void refresh_disk(struct background_reader *b, const struct tick *t, struct known *k, const struct instance *i)
{
	unsigned as_of = disks_as_of(b, t);
	bool just_read = k->turn.read_usec == t->now.mono_usec;
	if (k->disk_as_of == as_of && (just_read || !rootfs_cites(b->fs)))
		return;
	k->disk_as_of = as_of;
	rootfs_cite_for(b->fs, i->id);
	struct disk d = k->bg->disk;
	storage_container(b->storage, facts_of(t, i->id), &d);
	if (disk_same(&d, &k->bg->disk))
		return;
	keep_disk(&d, &k->arena);
	renew(b, k)->disk = d;
}

static const struct background *shown(struct background_reader *b, const struct tick *t, struct known *k,
                                      const struct instance *i)
{
	if (i->kind == INSTANCE_CONTAINER && k->read)
		refresh_disk(b, t, k, i);
	bool was_running = metric_is_ok(k->bg->supervisor.daemon_running) && k->bg->supervisor.daemon_running.v > 0;
	if (k->daemon && (!metric_is_ok(k->bg->supervisor.daemon_running) || k->daemon->running != was_running))
		renew(b, k)->supervisor.daemon_running = metric_ok(k->daemon->running);
	return k->bg;
}

static int by_ns_and_id(const void *a, const void *b)
{
	const struct net_share *x = a, *y = b;
	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return strcmp(x->entry->inst.id, y->entry->inst.id);
}

/* A network namespace of several instances (a pod) is counted once: under the first by id. */
static void share_networks(struct background_reader *b, struct arena *a)
{
	if (b->shares.n > 1)
		qsort(b->shares.v, b->shares.n, sizeof(*b->shares.v), by_ns_and_id);
	for (size_t i = 1, first = 0; i < b->shares.n; i++) {
		if (b->shares.v[i].ns != b->shares.v[first].ns) {
			first = i;
			continue;
		}
		struct entry *e = b->shares.v[i].entry;
		const char *why = arena_fmt(a, "shares the network of %s", b->shares.v[first].entry->inst.name);
		e->sample.net_rx_bytes = e->sample.net_tx_bytes = metric_none(METRIC_ABSENT, why);
	}
}

/* Before all else, close to when the CPU was read: rates are per that interval. */
static void sample_networks(struct background_reader *b, const struct tick *t)
{
	int64_t now = t->now.mono_usec;
	b->shares.n = 0;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct entry *e = &t->snap->entries.v[i];
		struct known *k = b->entries.v[i];
		if (k->net_pid && (!is_running(&e->inst) || k->net_pid != e->inst.pid)) {
			network_release(&k->net, b->fs);
			k->net_pid = 0;
		}
		if (!is_running(&e->inst))
			continue; /* its counters say so already */
		if ((!k->net_pid || is_due_again(b, &k->net_turn, e, now)) && has_time(b)) {
			read_host(b, now);
			network_look(&k->net, b->fs, &b->host, of_process(t, e->inst.pid), e->inst.kind == INSTANCE_VM);
			k->net_pid = e->inst.pid;
			take_turn(b, &k->net_turn, e, now);
		}
		rootfs_cite_for(b->fs, e->inst.id);
		network_sample(&k->net, b->fs, b->scratch, SCRATCH_SIZE, &e->sample);
		if (k->net.ns)
			vec_push(&b->shares, ((struct net_share){k->net.ns, e}));
	}
	share_networks(b, &t->snap->arena);
}

static void fill(struct background_reader *b, const struct tick *t)
{
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		struct entry *e = &t->snap->entries.v[i];
		struct known *k = b->entries.v[i];
		e->background = shown(b, t, k, &e->inst);
		if (!k->daemon)
			continue;
		k->daemon->refs++;
		const char *s = k->bg->supervisor.survives;
		bool hangs = e->inst.state != INSTANCE_STOPPED;
		k->daemon->instances += hangs;
		k->daemon->survivors += hangs && s && (strcmp(s, "yes") == 0 || strcmp(s, "configured") == 0);
	}
}

static void count_daemons(struct background_reader *b, struct snapshot *snap)
{
	struct arena *a = &snap->arena;
	for (size_t i = 0; i < b->daemons.all.n; i++) {
		const struct daemon *d = b->daemons.all.v[i];
		if (d->helper || (!d->running && !d->instances))
			continue;
		struct blast_radius r = {
		        .daemon = d->name,
		        .root = d->root ? text_clean(arena_fmt(a, "/%s", d->root), 256) : NULL,
		        .running = metric_ok(d->running),
		        .pid = d->running ? metric_ok(d->pid) : metric_none(METRIC_ABSENT, "not running"),
		        .instances = d->instances,
		        .survivors = d->survivors,
		};
		vec_push(&snap->daemons, r);
	}
}

/* When this tick's time is up: 0 never. */
static int64_t begin_budget(const struct background_reader *b, bool bounded)
{
	return bounded && rootfs_is_live(b->fs) ? clock_mono_usec() + BUDGET_USEC : 0;
}

void background_collect(struct background_reader *b, const struct tick *t)
{
	const char *id;
	void *v;
	b->tick++;
	b->seen = 0;
	b->ahead_usec = 0;
	b->end_usec = begin_budget(b, b->tick > EAGER_TICK);
	daemons_update(&b->daemons, t->procs, t->now.mono_usec);
	size_t stale = 0;
	for (size_t i = 0; i < t->snap->entries.n; i++) {
		look_ahead(b, t->snap, i);
		const struct entry *e = &t->snap->entries.v[i];
		struct known *k = find_known(b, &e->inst, i);
		stale += is_running(&e->inst) &&
		         (is_stale(b, k, &e->inst) || is_due_again(b, &k->turn, e, t->now.mono_usec));
		if (i < b->entries.n)
			b->entries.v[i] = k;
		else
			vec_push(&b->entries, k);
	}
	b->entries.n = t->snap->entries.n;
	proctab_expect(t->procs, b->fs, stale);
	b->ahead_usec = proctab_is_telling(t->procs) ? AHEAD_USEC : 0;
	sample_networks(b, t);
	/* A rate takes two readings: without all networks in its first tick a one-shot would have none. */
	if (b->tick < EAGER_TICK)
		b->end_usec = begin_budget(b, true);
	storage_refresh(b->storage, t->facts, t->now.mono_usec);
	refresh(b, t);
	fill(b, t);
	for (size_t it = 0; b->seen < b->by_id.live && map_next(&b->by_id, &it, &id, &v);)
		if (((struct known *)v)->seen != b->tick) {
			snapshot_adopt(t->snap, &((struct known *)v)->arena);
			known_free(map_remove(&b->by_id, id), b->fs);
		}
	rootfs_cite_for(b->fs, NULL);
	storage_stores(b->storage, t->snap);
	count_daemons(b, t->snap);
	daemons_trim(&b->daemons);
}
