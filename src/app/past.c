#include "app/past.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "vctop/base/clock.h"
#include "vctop/base/map.h"
#include "vctop/base/strbuf.h"
#include "vctop/derive/usage.h"
#include "vctop/source/history.h"

#define RETRY_USEC (60 * INT64_C(1000000)) /* the writer may have gone */

struct past {
	struct usage_book *book;
	struct history *writer; /* NULL: not (yet) the one that saves */
	char *dir;              /* NULL: no file */
	enum past_mode mode;
	int64_t save_usec, due_usec;
	int64_t saved_usec; /* frame time of the last save; 0: everything is to be saved */
	struct error trouble;
	int told; /* code of the last trouble: the same again is no news */
};

static void complain(struct past *p, const struct error *err)
{
	if (err->code && err->code != p->told) {
		p->trouble = *err;
		p->told = err->code;
	}
}

const char *past_trouble(struct past *p)
{
	static char line[sizeof(p->trouble.what)];
	if (!p || !p->trouble.code)
		return NULL;
	(void)memcpy(line, p->trouble.what, sizeof(line));
	p->trouble.code = 0;
	return line;
}

static void take_row(void *data, const struct history_row *row)
{
	struct past *p = data;
	struct usage *u = NULL;
	if (usage_decode(row->data, row->len, &u) == 0)
		usage_book_put(p->book, row->key, u);
}

static void load(struct past *p, struct history *h)
{
	struct error err = {0};
	if (history_load(h, USAGE_BOOK_MAX, take_row, p, &err) < 0)
		complain(p, &err);
}

static void read_once(struct past *p)
{
	struct history *h = NULL;
	struct error err = {0};
	int r = history_open_reader(p->dir, &h, &err);
	if (r == 0)
		load(p, h);
	else if (r != -ENOENT && r != -EACCES) /* not ours to read: nothing to judge by, and no news */
		complain(p, &err);
	history_close(h);
}

/* Becomes the writer if nobody is. What the one before saved counts: it saw all the time, we may have been stopped. */
static bool become_writer(struct past *p)
{
	struct error err = {0};
	int r = history_open_writer(p->dir, &p->writer, &err);
	complain(p, &err);
	p->due_usec = clock_mono_usec() + (r < 0 ? RETRY_USEC : p->save_usec);
	p->saved_usec = 0;
	if (r < 0)
		return false;
	p->told = r > 0 ? p->told : 0;
	load(p, p->writer);
	return true;
}

bool past_verdict(const struct past *p, const struct instance *i, enum usage_resource r, struct arena *a,
                  struct verdict *ret)
{
	cleanup_strbuf struct strbuf key = STRBUF_INIT;
	usage_key(i, &key);
	const struct usage *u = p ? usage_book_find(p->book, key.buf) : NULL;
	if (u)
		usage_verdict(u, r, a, ret);
	return u != NULL;
}

struct past *past_open(enum past_mode mode, double save_sec)
{
	struct past *p = xcalloc(1, sizeof(*p));
	struct error err = {0};
	p->book = usage_book_new();
	usage_book_never_idle(p->book, config()->never_idle);
	p->mode = mode;
	p->save_usec = (int64_t)(save_sec * 1e6);
	if (mode == PAST_MEMORY)
		return p;
	p->dir = history_dir(&err);
	if (!p->dir && mode == PAST_WRITE)
		complain(p, &err);
	if (p->dir && (mode == PAST_READ || !become_writer(p)))
		read_once(p);
	return p;
}

bool past_writes(const struct past *p)
{
	return p->writer != NULL;
}

bool past_waits(const struct past *p)
{
	return !p->writer && p->told == EBUSY;
}

struct saving {
	const struct past *p;
	struct map rows; /* key -> const struct row, of the last frame: for the columns */
	struct strbuf data;
	size_t it;
};

static bool next_row(void *data, struct history_row *ret)
{
	struct saving *s = data;
	const char *key;
	const struct usage *u;
	while (usage_book_next(s->p->book, &s->it, &key, &u)) {
		int64_t seen = usage_last_seen(u);
		if (s->p->saved_usec && seen <= s->p->saved_usec)
			continue;
		strbuf_clear(&s->data);
		usage_encode(u, &s->data);
		*ret = (struct history_row){key, s->data.buf, s->data.len, seen, NULL, NULL, NULL, NULL};
		const struct row *r = map_get(&s->rows, key);
		if (r) {
			ret->kind = instance_kind_name(r->inst->kind);
			ret->name = r->inst->name;
			ret->runtime = r->inst->runtime;
			ret->verdict = verdict_word(&r->verdict);
		}
		return true;
	}
	return false;
}

static int64_t forget_before(const struct frame *f)
{
	int64_t before = f->snap->host.real_usec - HISTORY_KEEP_USEC;
	return before > 0 ? before : 0;
}

static int save(struct past *p, const struct frame *f, struct error *err)
{
	struct saving s = {.p = p, .data = STRBUF_INIT};
	struct strbuf key = STRBUF_INIT;
	int64_t now = f->snap->host.real_usec;
	if (now < p->saved_usec)
		p->saved_usec = 0; /* the clock went back */
	for (size_t i = 0; i < f->rows.n; i++) {
		usage_key(f->rows.v[i].inst, &key);
		map_put(&s.rows, key.buf, &f->rows.v[i]);
	}
	int r = history_save(p->writer, next_row, &s, forget_before(f), err);
	if (r == 0)
		p->saved_usec = now;
	map_release(&s.rows);
	strbuf_release(&s.data);
	strbuf_release(&key);
	return r;
}

void past_save(struct past *p, const struct frame *f)
{
	struct error err = {0};
	p->due_usec = clock_mono_usec() + p->save_usec;
	if (!p->writer)
		return;
	int r = save(p, f, &err);
	if (r == -EUCLEAN) {
		/* Damaged under our hands: put aside, and all we know goes into a new one. */
		history_close(p->writer);
		p->writer = NULL;
		p->told = 0;
		if (become_writer(p) && save(p, f, &err) < 0)
			complain(p, &err);
		return;
	}
	if (r < 0)
		complain(p, &err);
	else
		p->told = 0;
}

void past_frame(struct past *p, struct frame *f)
{
	usage_book_add(p->book, f);
	usage_book_judge(p->book, f);
	if (clock_mono_usec() < p->due_usec)
		return;
	usage_book_forget(p->book, forget_before(f));
	if (p->mode == PAST_WRITE && p->dir && !p->writer)
		(void)become_writer(p);
	else
		past_save(p, f);
}

void past_close(struct past *p)
{
	if (!p)
		return;
	history_close(p->writer);
	usage_book_free(p->book);
	free(p->dir);
	free(p);
}
