/*
 * What earlier runs learned: one SQLite file, history.db, in a directory of our own; a stable key, the bytes that
 * belong to it, and a few columns for people (`sqlite3 history.db 'select * from instance'`).
 *
 * One writer at a time, by a lock that ends with the process; any number of readers.  A save is one transaction: after
 * a kill at any moment the file holds the last whole save.  A file that is damaged is renamed and kept; one of a newer
 * version, or somebody else's, is left alone.  Readers change nothing.
 */
#ifndef VCTOP_SOURCE_HISTORY_H
#define VCTOP_SOURCE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vctop/base/error.h"

#define HISTORY_VERSION 2
#define HISTORY_KEEP_USEC (14 * 86400 * INT64_C(1000000)) /* what was not seen for so long is forgotten */

struct history;

struct history_row {
	const char *key;
	const void *data;
	size_t len;
	int64_t last_seen_usec;
	const char *kind, *name, *runtime, *verdict; /* saving: NULL keeps what the file has; not loaded */
};

/*
 * Where it is kept: $STATE_DIRECTORY (set by systemd), /var/lib/vctop as root, $XDG_STATE_HOME/vctop or
 * ~/.local/state/vctop else.  A heap string; NULL with err: this user has no home.
 */
char *history_dir(struct error *err);

/*
 * Opens to read. -ENOENT, quietly: there is none yet. Otherwise err says why there is no history: -EPERM (the directory
 * or file is not ours alone), -EPROTO (newer version), -EUCLEAN (damaged; only a writer sets it aside), -errno.
 */
int history_open_reader(const char *dir, struct history **ret, struct error *err);
/*
 * Opens to read and save; makes the directory and the file. -EBUSY: another process is the writer. 1: opened, but a
 * damaged file was set aside, and err tells where it is now.
 */
int history_open_writer(const char *dir, struct history **ret, struct error *err);
void history_close(struct history *h);
/* For the one `vctop watch` of a directory: an fd to be kept open; -EBUSY: there is one. */
int history_watch_lock(const char *dir, struct error *err);

/* Calls fn for what is kept, the latest seen first, at most max; what no vctop wrote is left out. */
int history_load(struct history *h, int max, void (*fn)(void *data, const struct history_row *row), void *data,
                 struct error *err);
/* In one transaction: stores what `next` fills in until it returns false, and forgets what was last seen before. */
int history_save(struct history *h, bool (*next)(void *data, struct history_row *ret), void *data,
                 int64_t forget_before_usec, struct error *err);

#endif
