/*
 * What is remembered of each instance, in bounded memory: decaying CPU histogram, daily memory peaks, observed time,
 * coverage of the week, pressure and throttling evidence, the verdict and since when.  Pure: time comes from the
 * frames, storage is somebody else's (source/history.h); gaps never count as observed.
 *
 * Keys are stable across runs: VM uuid or name, container runtime + name + image; never a pid or an inode.
 *
 * Only what a recording also holds is used (rates, gauges, started), so a replay judges as the live run did.
 */
#ifndef VCTOP_DERIVE_USAGE_H
#define VCTOP_DERIVE_USAGE_H

#include "vctop/base/strbuf.h"
#include "vctop/model/frame.h"

struct usage;      /* of one instance */
struct usage_book; /* of all, by key */

enum usage_resource { USAGE_CPU, USAGE_MEMORY, USAGE_INSTANCE, USAGE_RESOURCE_MAX };
const char *usage_resource_name(enum usage_resource r); /* "cpu", "memory", "instance" */

#define USAGE_BOOK_MAX 65536 /* instances; about 1 KiB each, only of those there are */

struct usage_book *usage_book_new(void);
void usage_book_free(struct usage_book *b);
/* Names and ids (shell patterns, separated by commas or blanks) never to be called idle; copied. NULL: none. */
void usage_book_never_idle(struct usage_book *b, const char *patterns);
/* Keeps instances by id, and at most max of them: for recordings, where an id is all that is stable. */
void usage_book_by_id(struct usage_book *b, size_t max);
/*
 * Adds one observation for each row of f, and judges. A frame of the same time adds nothing. In a full book those
 * unseen for longest give way, never one of f; where all are of f, the rest of f is not learned.
 */
void usage_book_add(struct usage_book *b, const struct frame *f);
/*
 * Puts what is remembered into the rows of f; rows without enough keep what the first look said.  Their words are the
 * book's, and stay until the frame after the next is judged: frames are filled in turns.
 */
void usage_book_judge(struct usage_book *b, struct frame *f);

/* The stable key of an instance; sb is replaced. */
void usage_key(const struct instance *i, struct strbuf *sb);

/*
 * For storage: iterate, put (a decoded usage replaces one of the same key; the book owns it, or has freed it when it is
 * full of later ones), forget those unseen.
 */
bool usage_book_next(const struct usage_book *b, size_t *it, const char **ret_key, const struct usage **ret_usage);
void usage_book_put(struct usage_book *b, const char *key, struct usage *u);
void usage_book_forget(struct usage_book *b, int64_t last_seen_before_usec);
const struct usage *usage_book_find(const struct usage_book *b, const char *key); /* NULL not known */
int64_t usage_last_seen(const struct usage *u);                                   /* realtime usec */
/* A versioned, bounded byte string; decode checks everything (-EINVAL, -EPROTO for another version). */
void usage_encode(const struct usage *u, struct strbuf *sb);
int usage_decode(const char *buf, size_t len, struct usage **ret);
void usage_free(struct usage *u); /* of a decoded one that was not put */

/* What history alone says; texts go to the arena. */
void usage_verdict(const struct usage *u, enum usage_resource r, struct arena *a, struct verdict *ret);

#endif
