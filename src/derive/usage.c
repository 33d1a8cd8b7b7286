/* The book of all instances: keys, the bound on their number, and how history and the first look share a row. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "derive/said.h"
#include "derive/usage-internal.h"
#include "vctop/base/attr.h"
#include "vctop/base/map.h"
#include "vctop/base/prefetch.h"
#include "vctop/base/text.h"

#define SEEN_ENOUGH 600.0 /* below it a first look says as much */
#define LEAVE_AT_ONCE 64  /* a full book gives up this part of itself, so that not each newcomer means a look at all */

/* One as it stands in the map. */
struct found {
	const char *key;
	struct usage *u; /* NULL none */
	uint64_t words;  /* the instance's for whom it is the key; 0 not said */
};

struct usage_book {
	struct map map;
	struct strbuf key;
	/* Those of the frame that was added last, row by row: it is judged next, and the next will have most rows where
	 * it has them. */
	const struct frame *added;
	VEC(struct found) of_rows;
	struct said_rows said;
	char *patterns; /* each ended by a NUL, the last by two */
	size_t max;
	bool by_id;
};

struct usage_book *usage_book_new(void)
{
	struct usage_book *b = xcalloc(1, sizeof(*b));
	b->key = (struct strbuf)STRBUF_INIT;
	b->max = USAGE_BOOK_MAX;
	return b;
}

void usage_book_free(struct usage_book *b)
{
	void *u;
	if (!b)
		return;
	for (size_t it = 0; map_next(&b->map, &it, NULL, &u);)
		usage_free(u);
	map_release(&b->map);
	vec_free(&b->of_rows);
	said_release(&b->said);
	strbuf_release(&b->key);
	free(b->patterns);
	free(b);
}

void usage_book_by_id(struct usage_book *b, size_t max)
{
	b->by_id = true;
	b->max = max;
}

void usage_book_never_idle(struct usage_book *b, const char *patterns)
{
	b->of_rows.n = 0; /* each is looked at anew */
	free(b->patterns);
	b->patterns = NULL;
	if (!patterns)
		return;
	char *out = b->patterns = xcalloc(1, strlen(patterns) + 2);
	for (const char *s = patterns; *s;) {
		size_t n = strcspn(s, ", \t");
		memcpy(out, s, n);
		out += n ? n + 1 : 0;
		s += n + (s[n] != '\0');
	}
}

#define PARTS 5

static void key_parts(const struct instance *i, const char *ret[PARTS])
{
	bool vm = i->kind == INSTANCE_VM, by_uuid = vm && i->uuid;
	ret[0] = vm ? "vm" : "container";
	ret[1] = by_uuid ? "uuid" : i->runtime;
	ret[2] = by_uuid ? i->uuid : i->name;
	ret[3] = vm ? NULL : i->image ? i->image : "";
	ret[4] = i->parent; /* inside a VM names mean something else */
}

void usage_key(const struct instance *i, struct strbuf *sb)
{
	const char *parts[PARTS];
	key_parts(i, parts);
	strbuf_clear(sb);
	for (size_t p = 0; p < PARTS; p++) {
		if (p && parts[p])
			strbuf_char(sb, '|');
		if (parts[p])
			strbuf_str(sb, parts[p]);
	}
}

static bool is_key(const char *key, const struct instance *i)
{
	const char *parts[PARTS];
	key_parts(i, parts);
	for (size_t p = 0; p < PARTS; p++) {
		size_t n = parts[p] ? strlen(parts[p]) : 0;
		if (p && parts[p] && *key++ != '|')
			return false;
		if (n && strncmp(key, parts[p], n) != 0)
			return false;
		key += n;
	}
	return *key == '\0';
}

static const char *key_of(struct usage_book *b, const struct instance *i)
{
	if (b->by_id)
		return i->id;
	usage_key(i, &b->key);
	return b->key.buf;
}

/* Inside another, the key has that one's id too. */
static uint64_t words_of(const struct instance *i)
{
	return i->parent ? 0 : i->words;
}

/* The one with this row's key; of two rows of one frame with one key the second is kept by its id as well. */
static struct found find(struct usage_book *b, const struct frame *f, const struct instance *i)
{
	struct found at = {0};
	at.u = map_find(&b->map, key_of(b, i), &at.key);
	int64_t now = f->snap->host.real_usec / 1000 * 1000;
	if (!at.u || b->by_id || at.u->last_usec != now || at.u->owner == map_quick_hash(i->id)) {
		at.words = words_of(i);
		return at;
	}
	strbuf_fmt(&b->key, "|%s", i->id);
	at.u = map_find(&b->map, b->key.buf, &at.key);
	return at;
}

/* The same, quicker where this row of the frame before had the same key and no row of this one has taken it. */
static struct found find_again(struct usage_book *b, const struct frame *f, size_t row)
{
	const struct instance *i = f->rows.v[row].inst;
	if (row < b->of_rows.n) {
		struct found at = b->of_rows.v[row];
		if (at.u && at.u->last_usec < f->snap->host.real_usec / 1000 * 1000 &&
		    ((at.words && at.words == words_of(i)) ||
		     (b->by_id ? strcmp(at.key, i->id) == 0 : is_key(at.key, i)))) {
			at.words = words_of(i);
			return at;
		}
	}
	return find(b, f, i);
}

struct leaver {
	const char *key;
	const struct usage *u;
};

/* Stopped ones go first, then those unseen for longest; the key makes the order the same everywhere. */
static int by_leaving(const void *a, const void *b)
{
	const struct leaver *x = a, *y = b;
	bool x_stopped = x->u->life == INSTANCE_STOPPED, y_stopped = y->u->life == INSTANCE_STOPPED;
	if (x_stopped != y_stopped)
		return x_stopped ? -1 : 1;
	if (x->u->last_usec != y->u->last_usec)
		return x->u->last_usec < y->u->last_usec ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* Room for one that was seen at `seen_usec`: in a full book some of those not seen since give way, or it gets none. */
static bool make_room(struct usage_book *b, int64_t seen_usec)
{
	VEC(struct leaver) gone = {0};
	const char *key;
	void *v;
	if (b->map.live < b->max)
		return true;
	for (size_t it = 0; map_next(&b->map, &it, &key, &v);)
		if (((const struct usage *)v)->last_usec < seen_usec)
			vec_push(&gone, ((struct leaver){key, v}));
	if (gone.n)
		qsort(gone.v, gone.n, sizeof(*gone.v), by_leaving);
	for (size_t i = 0; i < gone.n && i <= b->max / LEAVE_AT_ONCE; i++)
		usage_free(map_remove(&b->map, gone.v[i].key));
	bool room = gone.n > 0;
	vec_free(&gone);
	return room;
}

static bool is_unit(const char *path)
{
	size_t n = strlen(path);
	return text_ends(path, n, ".service") || text_ends(path, n, ".slice");
}

/* Parts of the system itself, and what somebody asked to keep. */
static bool keep(const struct usage_book *b, const struct instance *i)
{
	if (i->cgroup && (strcmp(i->cgroup, "/init.scope") == 0 ||
	                  (strncmp(i->cgroup, "/system.slice", 13) == 0 && is_unit(i->cgroup))))
		return true;
	for (size_t l = 0; l < i->labels_n; l++)
		if (strcmp(i->labels[l].key, "vctop.keep") == 0)
			return !i->labels[l].value ||
			       (strcmp(i->labels[l].value, "false") != 0 && strcmp(i->labels[l].value, "0") != 0);
	for (const char *p = b->patterns; p && *p; p += strlen(p) + 1)
		if (fnmatch(p, i->name, 0) == 0 || fnmatch(p, i->id, 0) == 0)
			return true;
	return false;
}

/* same: as in the frame before, this row's and with the same words. */
static void learn(const struct usage_book *b, struct usage *u, const struct row *r, const struct frame *f, bool same)
{
	if (!same)
		u->keep = keep(b, r->inst);
	usage_observe(u, r, f, same);
}

static void look_ahead(const struct usage_book *b, const struct frame *f, size_t i)
{
	if (i >= b->of_rows.n || i >= f->rows.n || !b->of_rows.v[i].u)
		return;
	prefetch(b->of_rows.v[i].u, sizeof(struct usage));
	if (b->of_rows.v[i].words)
		return;
	prefetch(b->of_rows.v[i].key, PREFETCH_LINE);
	prefetch(f->rows.v[i].inst->name, PREFETCH_LINE);
}

/* Those that are known first: what a frame shows never gives way to what it shows, too. */
void usage_book_add(struct usage_book *b, const struct frame *f)
{
	int64_t now = f->snap->host.real_usec / 1000 * 1000;
	bool room = true;
	for (size_t i = 0; i < f->rows.n; i++) {
		look_ahead(b, f, i + PREFETCH_ROWS);
		struct found at = find_again(b, f, i), was = {0};
		if (i < b->of_rows.n) {
			was = b->of_rows.v[i];
			b->of_rows.v[i] = at;
		} else {
			vec_push(&b->of_rows, at);
		}
		if (at.u)
			learn(b, at.u, &f->rows.v[i], f, was.u == at.u && at.words && was.words == at.words);
	}
	b->added = f;
	b->of_rows.n = f->rows.n;
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct row *r = &f->rows.v[i];
		struct found *at = &b->of_rows.v[i];
		if (at->u || !room)
			continue;
		*at = find(b, f, r->inst); /* the same id may have come twice */
		if (!at->u && (room = make_room(b, now))) {
			const char *key = b->by_id ? r->inst->id : b->key.buf;
			map_put(&b->map, key, usage_new());
			at->u = map_find(&b->map, key, &at->key);
		}
		if (at->u)
			learn(b, at->u, r, f, false);
	}
}

/* History has the word as soon as it has one; what a first look can prove stands until then. */
static bool prefer_history(const struct verdict *v, const struct verdict *first)
{
	bool open = v->state == VERDICT_LEARNING || v->state == VERDICT_UNKNOWN;
	bool first_open = first->state == VERDICT_LEARNING || first->state == VERDICT_UNKNOWN;
	if (first->state == VERDICT_PARKED || v->state == VERDICT_PARKED)
		return false; /* the first look knows more of what it holds */
	return !open || (first_open && v->observed_sec >= SEEN_ENOUGH);
}

void usage_book_judge(struct usage_book *b, struct frame *f)
{
	said_begin(&b->said);
	for (size_t i = 0; i < f->rows.n; i++) {
		struct row *r = &f->rows.v[i];
		const struct usage *u = b->added == f && i < b->of_rows.n ? b->of_rows.v[i].u : find(b, f, r->inst).u;
		struct verdict v;
		if (!u || u->cpu_sec + u->mem_sec < MINUTE)
			continue;
		usage_figures(u, USAGE_INSTANCE, &v);
		v.now = r->verdict.now;
		if (prefer_history(&v, &r->verdict)) {
			v.reason = said_sentence(&b->said, i, u, &v.rule);
			r->verdict = v;
			continue;
		}
		r->verdict.week_hours = v.week_hours;
		if (r->verdict.state == VERDICT_PARKED)
			r->verdict.changed_usec = v.changed_usec;
	}
}

static void forget_rows(struct usage_book *b)
{
	b->added = NULL;
	b->of_rows.n = 0;
}

bool usage_book_next(const struct usage_book *b, size_t *it, const char **ret_key, const struct usage **ret_usage)
{
	void *v;
	if (!map_next(&b->map, it, ret_key, &v))
		return false;
	*ret_usage = v;
	return true;
}

void usage_book_put(struct usage_book *b, const char *key, struct usage *u)
{
	struct usage *old = map_get(&b->map, key);
	forget_rows(b);
	if (old || make_room(b, u->last_usec)) {
		map_put(&b->map, key, u);
		usage_free(old);
	} else {
		usage_free(u);
	}
}

const struct usage *usage_book_find(const struct usage_book *b, const char *key)
{
	return map_get(&b->map, key);
}

void usage_book_forget(struct usage_book *b, int64_t last_seen_before_usec)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&b->map, &it, &key, &v);)
		if (((const struct usage *)v)->last_usec < last_seen_before_usec) {
			usage_free(map_remove(&b->map, key));
			forget_rows(b);
		}
}

int64_t usage_last_seen(const struct usage *u)
{
	return u->last_usec;
}
