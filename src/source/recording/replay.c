/* Recordings forward and back: see record.h.  The marks of a zstd file are its frames, of a plain one every 64th line.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/recording/line_reader.h"
#include "source/recording/recording.h"
#include "vctop/base/vec.h"
#include "vctop/source/record.h"

#define MARKS_MAX ((size_t)1 << 20)

struct replay {
	char *path;
	int fd;
	struct line_reader lines;
	VEC(uint64_t) marks;     /* places that may be marks; begins_line says which are */
	struct replay_line held; /* read already, to be given out next; text NULL: none */
	int64_t first_usec, last_usec;
};

static bool whole_json(const char *text, size_t len)
{
	json_t *o = json_loadb(text, len, 0, NULL);
	bool good = json_is_object(o);
	json_decref(o);
	return good;
}

static void note_plain_mark(struct replay *r)
{
	if (!r->lines.z && r->marks.n < MARKS_MAX && r->lines.mark > r->marks.v[r->marks.n - 1])
		vec_push(&r->marks, r->lines.mark);
}

/* The next line that is a snapshot. */
static int next_line(struct replay *r, struct replay_line *ret, struct error *err)
{
	bool torn;
	int n;
	while ((n = line_reader_next(&r->lines, &ret->text, &ret->len, &torn, err)) == 0) {
		/* A last line without its newline counts if it is whole. */
		if (recording_line_time(ret->text, ret->len, &ret->usec) &&
		    (!torn || whole_json(ret->text, ret->len))) {
			r->lines.count++;
			note_plain_mark(r);
			return 0;
		}
		if (ret->len)
			r->lines.trouble = torn ? "is cut off: it ends at the last whole line"
			                        : "has lines that are no snapshots: they are left out";
	}
	return n;
}

static void restart(struct replay *r, uint64_t mark)
{
	r->held.text = NULL;
	line_reader_restart(&r->lines, mark);
}

int replay_next(struct replay *r, struct replay_line *ret, struct error *err)
{
	if (r->held.text) {
		*ret = r->held;
		r->held.text = NULL;
		return 0;
	}
	return next_line(r, ret, err);
}

int replay_peek(struct replay *r, int64_t *ret_usec, struct error *err)
{
	int n = r->held.text ? 0 : next_line(r, &r->held, err);
	if (n < 0)
		r->held.text = NULL;
	else
		*ret_usec = r->held.usec;
	return n;
}

/* The n-th line (from 1) from this mark on. */
static int line_from(struct replay *r, uint64_t mark, unsigned n, struct replay_line *ret, struct error *err)
{
	int e = 0;
	restart(r, mark);
	while (e == 0 && n--)
		e = next_line(r, ret, err);
	return e;
}

/* Does a line begin at this mark? Frames that others made need not end with a line. */
static bool begins_line(struct replay *r, size_t mark, struct replay_line *first)
{
	bool torn;
	restart(r, r->marks.v[mark]);
	if (mark == 0)
		return next_line(r, first, NULL) == 0;
	if (line_reader_next(&r->lines, &first->text, &first->len, &torn, NULL) < 0 || torn ||
	    !recording_line_time(first->text, first->len, &first->usec))
		return false;
	r->lines.count++;
	return true;
}

/* How many marks lie before this place. */
static size_t marks_before(const struct replay *r, uint64_t offset)
{
	size_t lo = 0, hi = r->marks.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (r->marks.v[mid] < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The last line before `until`, a place where a line begins. */
static int last_before(struct replay *r, uint64_t until, struct replay_line *ret, struct error *err)
{
	for (size_t m = marks_before(r, until); m-- > 0;) {
		uint64_t from;
		unsigned n;
		if (!begins_line(r, m, ret) || r->lines.mark >= until)
			continue;
		do {
			/* Marks on the way bring the place nearer. */
			from = r->lines.mark;
			n = r->lines.count;
		} while (next_line(r, ret, NULL) == 0 && r->lines.mark < until);
		return line_from(r, from, n, ret, err);
	}
	return -ENODATA;
}

int replay_previous(struct replay *r, struct replay_line *ret, struct error *err)
{
	uint64_t mark = r->lines.mark;
	unsigned given = r->lines.count - (r->held.text != NULL);
	if (r->held.text && given == 0) {
		/* The one read ahead began a mark: the one given out last is before it. */
		int n = last_before(r, mark, ret, err);
		return n < 0 ? n : replay_previous(r, ret, err);
	}
	int n = given >= 2 ? line_from(r, mark, given - 1, ret, err) : last_before(r, mark, ret, err);
	if (n == -ENODATA)
		(void)line_from(r, mark, given, ret, err); /* stay where we were */
	return n;
}

/* The last mark whose first line is before this time. */
static size_t mark_at(struct replay *r, int64_t usec)
{
	size_t lo = 0, hi = r->marks.n, best = 0;
	while (lo < hi) {
		struct replay_line first;
		size_t mid = lo + (hi - lo) / 2, m = mid;
		bool good;
		while (!(good = begins_line(r, m, &first)) && m > lo)
			m--;
		if (good && first.usec < usec) {
			best = m;
			lo = mid + 1;
		} else {
			hi = m;
		}
	}
	return best;
}

int replay_seek(struct replay *r, int64_t usec, struct error *err)
{
	struct replay_line l = {0};
	int n;
	restart(r, r->marks.v[mark_at(r, usec)]);
	while ((n = next_line(r, &l, err)) == 0 && l.usec < usec)
		;
	if (n == -ENODATA)
		n = last_before(r, UINT64_MAX, &l, err);
	if (n == 0)
		r->held = l;
	return n;
}

void replay_span(const struct replay *r, int64_t *ret_first_usec, int64_t *ret_last_usec)
{
	*ret_first_usec = r->first_usec;
	*ret_last_usec = r->last_usec;
}

const char *replay_trouble(const struct replay *r)
{
	return r->lines.trouble;
}

static void find_marks(struct replay *r)
{
	struct frame_walk w = FRAME_WALK_INIT(r->fd);
	uint64_t offset;
	while (r->marks.n < MARKS_MAX && frame_walk_next(&w, &offset) > 0)
		if (offset)
			vec_push(&r->marks, offset);
	/* A frame that is cut off has whole lines too. */
	if (w.offset && r->marks.n < MARKS_MAX)
		vec_push(&r->marks, w.offset);
	frame_walk_release(&w);
}

static int find_span(struct replay *r, struct error *err)
{
	struct replay_line l;
	restart(r, 0);
	int n = next_line(r, &l, err);
	if (n == -ENODATA)
		return error_set(err, EINVAL, "%s: is no recording: it holds no whole line of vctop.snapshot/1",
		                 r->path);
	if (n < 0)
		return n;
	r->first_usec = r->last_usec = l.usec;
	/* A plain file is read once to the end, which finds its marks. */
	while (!r->lines.z && next_line(r, &l, NULL) == 0)
		r->last_usec = l.usec;
	if (r->lines.z && last_before(r, UINT64_MAX, &l, err) == 0)
		r->last_usec = l.usec;
	if (r->last_usec < r->first_usec)
		r->last_usec = r->first_usec;
	restart(r, 0);
	return 0;
}

static int open_file(struct replay *r, struct error *err)
{
	struct stat st;
	r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return error_set(err, errno, "%s: %s", r->path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, EINVAL, "%s: is no plain file", r->path);
	if (line_reader_init(&r->lines, r->fd, r->path, recording_is_zstd(r->fd)) < 0)
		return error_set(err, ENOMEM, "%s: %s", r->path, strerror(ENOMEM));
	vec_push(&r->marks, 0);
	if (r->lines.z)
		find_marks(r);
	return find_span(r, err);
}

int replay_open(const char *path, struct replay **ret, struct error *err)
{
	struct replay *r = xcalloc(1, sizeof(*r));
	r->path = xstrdup(path);
	r->lines.text = (struct strbuf)STRBUF_INIT;
	r->fd = -1;
	int n = open_file(r, err);
	if (n < 0) {
		replay_close(r);
		return n;
	}
	*ret = r;
	return 0;
}

void replay_close(struct replay *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		(void)close(r->fd);
	line_reader_release(&r->lines);
	vec_free(&r->marks);
	free(r->path);
	free(r);
}
