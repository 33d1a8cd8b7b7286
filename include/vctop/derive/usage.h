/*
 * What is remembered of each instance, in bounded memory: decaying CPU histogram, daily memory peaks, observed time,
 * coverage of the week, pressure and throttling evidence, the verdict and since when.  Pure: time comes from the frames,
 * storage is somebody else's (source/history.h); gaps never count as observed.
 *
 * Keys are stable across runs: VM uuid or name, container runtime + name + image; never a pid or an inode.
 */
#ifndef VCTOP_DERIVE_USAGE_H
#define VCTOP_DERIVE_USAGE_H

#include "vctop/base/strbuf.h"
#include "vctop/model/frame.h"

struct usage;	   /* of one instance */
struct usage_book; /* of all, by key */

struct usage_book *usage_book_new(void);
void usage_book_free(struct usage_book *b);
/* Adds one observation for each row of f. */
void usage_book_add(struct usage_book *b, const struct frame *f);
/* Judges each row of f by what is remembered; rows without enough keep what the first look said. */
void usage_book_judge(struct usage_book *b, struct frame *f);

/* The stable key of an instance; sb is replaced. */
void usage_key(const struct instance *i, struct strbuf *sb);

/* For storage: iterate, put (a decoded usage replaces one of the same key; the book owns it), forget those unseen. */
bool usage_book_next(const struct usage_book *b, size_t *it, const char **ret_key, const struct usage **ret_usage);
void usage_book_put(struct usage_book *b, const char *key, struct usage *u);
void usage_book_forget(struct usage_book *b, int64_t last_seen_before_usec);
int64_t usage_last_seen(const struct usage *u); /* realtime usec */
/* A versioned, bounded byte string; decode checks everything (-EINVAL, -EPROTO for another version). */
void usage_encode(const struct usage *u, struct strbuf *sb);
int usage_decode(const char *buf, size_t len, struct usage **ret);

#endif
