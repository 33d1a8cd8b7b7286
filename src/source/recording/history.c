/* History in SQLite: see history.h.  state_dir.c sees to it that the file is ours; here is what is in it. */
#include "vctop/source/history.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/recording/state_dir.h"
#include "vctop/base/clock.h"
#include "vctop/base/strbuf.h"
#include "vctop/base/units.h"

#define FILE_NAME "history.db"
#define LOCK_NAME "history.lock"
#define APPLICATION_ID 0x76637470 /* "vctp": file(1) can tell */
#define BUSY_MSEC 1000
#define MAX_DATA 65536
#define MAX_KEY 4096

struct history {
	struct state_dir dir;
	int lock; /* held while open: exclusive by the writer, shared by a reader that no writer may disturb */
	sqlite3 *db;
	bool writer;
};

#define NUMBER_TEXT(n) #n
#define VERSION_TEXT(n) NUMBER_TEXT(n)
#define SET_VERSION "PRAGMA user_version=" VERSION_TEXT(HISTORY_VERSION) ";"

/* clang-format off */
static const char schema[] =
	"PRAGMA application_id=1986229360;"
	"CREATE TABLE usage ("
	" key TEXT PRIMARY KEY NOT NULL,"
	" kind TEXT, name TEXT, runtime TEXT, verdict TEXT,"
	" last_seen TEXT NOT NULL," /* RFC 3339, UTC, milliseconds: sorts as text */
	" data BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE VIEW instance AS"
	" SELECT kind, name, runtime, verdict, last_seen, length(data) AS bytes, key FROM usage ORDER BY last_seen DESC, key;"
	SET_VERSION;
_Static_assert(APPLICATION_ID == 1986229360, "as in the schema");

static const char upsert[] =
	"INSERT INTO usage(key, kind, name, runtime, verdict, last_seen, data) VALUES(?1,?2,?3,?4,?5,?6,?7)"
	" ON CONFLICT(key) DO UPDATE SET kind=coalesce(excluded.kind,kind), name=coalesce(excluded.name,name),"
	" runtime=coalesce(excluded.runtime,runtime), verdict=coalesce(excluded.verdict,verdict),"
	" last_seen=excluded.last_seen, data=excluded.data";
/* clang-format on */

char *history_dir(struct error *err)
{
	const char *dir = getenv("STATE_DIRECTORY");
	if (dir && dir[0] == '/') {
		const char *colon = strchr(dir, ':'); /* several: the first */
		return colon ? xstrndup(dir, (size_t)(colon - dir)) : xstrdup(dir);
	}
	if (geteuid() == 0)
		return xstrdup("/var/lib/vctop");
	dir = getenv("XDG_STATE_HOME");
	if (dir && dir[0] == '/')
		return xasprintf("%s/vctop", dir);
	dir = getenv("HOME");
	if (!dir || dir[0] != '/') {
		const struct passwd *pw = getpwuid(geteuid());
		dir = pw ? pw->pw_dir : NULL;
	}
	if (!dir || dir[0] != '/') {
		(void)error_set(err, ENOENT, "history: no home directory to keep it in (HOME, XDG_STATE_HOME)");
		return NULL;
	}
	return xasprintf("%s/.local/state/vctop", dir);
}

/* A file that ends too early (somebody cut its log) or whose sums are wrong is as good as damaged. */
static bool is_damage(int extended)
{
	return extended == SQLITE_IOERR_SHORT_READ || extended == SQLITE_IOERR_DATA ||
	       extended == SQLITE_IOERR_CORRUPTFS;
}

/* What SQLite says, as an errno for the caller and a line for a person. */
static int sql_fail(const struct history *h, struct error *err)
{
	int extended = sqlite3_extended_errcode(h->db), as = EIO;
	int code = is_damage(extended) ? SQLITE_CORRUPT : extended & 0xFF;
	const char *why = sqlite3_errmsg(h->db);
	switch (code) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		as = EUCLEAN;
		why = "is damaged";
		break;
	case SQLITE_FULL:
		as = ENOSPC;
		break;
	case SQLITE_READONLY:
		as = EROFS;
		break;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		as = EACCES;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		as = EAGAIN;
		break;
	default:
		break;
	}
	return error_set(err, as, "history: %s/" FILE_NAME ": %s", h->dir.path, why);
}

static int run(struct history *h, const char *sql, struct error *err)
{
	return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(h, err);
}

/* The first column of the first row, as a number; a text that is not "ok" (quick_check) is 0. */
static int ask(struct history *h, const char *sql, int64_t *ret, struct error *err)
{
	sqlite3_stmt *st = NULL;
	if (sqlite3_prepare_v2(h->db, sql, -1, &st, NULL) != SQLITE_OK)
		return sql_fail(h, err);
	int r = sqlite3_step(st);
	if (r == SQLITE_ROW) {
		const unsigned char *text = sqlite3_column_text(st, 0);
		*ret = text && strcmp((const char *)text, "ok") == 0 ? 1 : sqlite3_column_int64(st, 0);
	}
	r = r == SQLITE_ROW || r == SQLITE_DONE ? 0 : sql_fail(h, err);
	(void)sqlite3_finalize(st);
	return r;
}

/* 0 ours; -ENOENT: an empty file, without a schema yet; -EPROTO, -EUCLEAN. */
static int check_version(struct history *h, struct error *err)
{
	int64_t version = 0, tables = 0, id = 0;
	int r = ask(h, "PRAGMA user_version", &version, err);
	r = r < 0 ? r : ask(h, "PRAGMA application_id", &id, err);
	r = r < 0 ? r : ask(h, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (r < 0)
		return r;
	if (version == 0 && tables == 0)
		return -ENOENT;
	if (id != APPLICATION_ID)
		return error_set(err, EPROTO,
		                 "history: %s/" FILE_NAME ": is no history of vctop; left alone and not used",
		                 h->dir.path);
	if (version > HISTORY_VERSION)
		return error_set(err, EPROTO,
		                 "history: %s/" FILE_NAME
		                 ": made by a newer vctop (version %lld, this one knows %d); left "
		                 "alone and not used",
		                 h->dir.path, (long long)version, HISTORY_VERSION);
	return 0;
}

/* file:PATH, with what means something in a URI written as %XX. */
static void add_uri(struct strbuf *sb, const char *path)
{
	strbuf_str(sb, "file:");
	for (const char *p = path; *p; p++) {
		if (isalnum((unsigned char)*p) || strchr("/-_.~", *p))
			strbuf_char(sb, *p);
		else
			strbuf_fmt(sb, "%%%02X", (unsigned char)*p);
	}
	strbuf_str(sb, "/" FILE_NAME);
}

static int open_db(struct history *h, int flags, const char *options, struct error *err)
{
	cleanup_strbuf struct strbuf uri = STRBUF_INIT;
	add_uri(&uri, h->dir.path);
	strbuf_str(&uri, options);
	int r = sqlite3_open_v2(uri.buf, &h->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX,
	                        NULL);
	if (r != SQLITE_OK) {
		r = h->db ? sql_fail(h, err) : error_set(err, ENOMEM, "history: %s", strerror(ENOMEM));
		return r;
	}
	(void)sqlite3_busy_timeout(h->db, BUSY_MSEC);
	(void)sqlite3_db_config(h->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(h->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_limit(h->db, SQLITE_LIMIT_LENGTH, 1 << 24);
	/* A small cache: `vctop watch` stays small. */
	return run(h, "PRAGMA cache_size=-256; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;", err);
}

static void close_db(struct history *h)
{
	if (h->db)
		(void)sqlite3_close(h->db);
	h->db = NULL;
}

void history_close(struct history *h)
{
	if (!h)
		return;
	close_db(h);
	if (h->lock >= 0)
		(void)close(h->lock);
	state_dir_close(&h->dir);
	free(h);
}

static struct history *history_new(void)
{
	struct history *h = xcalloc(1, sizeof(*h));
	h->dir = (struct state_dir)STATE_DIR_INIT;
	h->lock = -1;
	return h;
}

/* Is there a log that must be read along with the file? */
static bool has_log(const struct history *h)
{
	struct stat st;
	return fstatat(h->dir.fd, FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size > 0;
}

static int open_reader(struct history *h, const char *dir, struct error *err)
{
	struct error quiet = {0};
	int r = state_dir_open(&h->dir, dir, false, &quiet);
	if (r < 0) {
		if (r != -ENOENT && err)
			*err = quiet;
		return r;
	}
	r = state_dir_check(&h->dir, FILE_NAME, err);
	if (r < 0)
		return r;
	/* Without a writer, and none can come while we hold the lock, the file needs no -shm: nothing is written. */
	h->lock = state_dir_lock(&h->dir, LOCK_NAME, false, &quiet);
	bool alone = (h->lock >= 0 || h->lock == -ENOENT) && !has_log(h);
	r = open_db(h, SQLITE_OPEN_READONLY, alone ? "?immutable=1" : "", err);
	return r < 0 ? r : check_version(h, err);
}

int history_open_reader(const char *dir, struct history **ret, struct error *err)
{
	struct history *h = history_new();
	int r = open_reader(h, dir, err);
	if (r < 0) {
		history_close(h);
		return r;
	}
	*ret = h;
	return 0;
}

/* In a file that we may write: WAL, and a schema unless there is one. */
static int prepare_writer(struct history *h, struct error *err)
{
	int64_t sound = 0, version = 0;
	int r = open_db(h, SQLITE_OPEN_READWRITE, "", err);
	r = r < 0 ? r : check_version(h, err);
	if (r == -EPROTO || (r < 0 && r != -ENOENT))
		return r;
	bool empty = r == -ENOENT;
	r = ask(h, "PRAGMA quick_check(1)", &sound, err);
	if (r == 0 && !sound)
		r = error_set(err, EUCLEAN, "history: %s/" FILE_NAME ": is damaged", h->dir.path);
	r = r < 0 ? r : run(h, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", err);
	r = r < 0 ? r : ask(h, "PRAGMA user_version", &version, err);
	/* Tables are as in version 1; what writes version 2 into them must not be read by what knows only 1. */
	if (r < 0 || !empty)
		return r < 0 || version == HISTORY_VERSION ? r : run(h, SET_VERSION, err);
	cleanup_free char *sql = xasprintf("BEGIN IMMEDIATE; %s COMMIT;", schema);
	return run(h, sql, err);
}

/* Puts the damaged file out of the way. 0: prepared anew, and err tells. */
static int start_anew(struct history *h, struct error *err)
{
	char suffix[64];
	time_t now = (time_t)(clock_real_usec() / 1000000);
	struct tm tm;
	if (!gmtime_r(&now, &tm) || !strftime(suffix, sizeof(suffix), "corrupt-%Y%m%dT%H%M%SZ", &tm))
		return -EUCLEAN;
	close_db(h);
	int r = state_dir_set_aside(&h->dir, FILE_NAME, suffix, err);
	r = r < 0 ? r : state_dir_make(&h->dir, FILE_NAME, err);
	r = r < 0 ? r : prepare_writer(h, err);
	if (r == 0)
		(void)error_set(err, EUCLEAN,
		                "history: %s/" FILE_NAME " is damaged: kept as " FILE_NAME ".%s, begun anew",
		                h->dir.path, suffix);
	return r;
}

static int open_writer(struct history *h, const char *dir, struct error *err)
{
	int r = state_dir_open(&h->dir, dir, true, err);
	if (r < 0)
		return r;
	r = state_dir_check(&h->dir, FILE_NAME, err);
	if (r < 0 && r != -ENOENT)
		return r;
	h->lock = state_dir_lock(&h->dir, LOCK_NAME, true, err);
	if (h->lock < 0)
		return h->lock;
	r = state_dir_make(&h->dir, FILE_NAME, err);
	r = r < 0 ? r : prepare_writer(h, err);
	if (r != -EUCLEAN)
		return r;
	r = start_anew(h, err);
	return r < 0 ? r : 1;
}

int history_open_writer(const char *dir, struct history **ret, struct error *err)
{
	struct history *h = history_new();
	int r = open_writer(h, dir, err);
	if (r < 0) {
		history_close(h);
		return r;
	}
	h->writer = true;
	*ret = h;
	return r;
}

int history_watch_lock(const char *dir, struct error *err)
{
	struct state_dir d;
	int fd = state_dir_open(&d, dir, true, err);
	if (fd == 0)
		fd = state_dir_lock(&d, "watch.lock", true, err);
	state_dir_close(&d);
	return fd;
}

/* What could not have been written by us is left out, not trusted. */
static int load_row(sqlite3_stmt *st, struct history_row *row)
{
	int len = sqlite3_column_bytes(st, 1), key_len = sqlite3_column_bytes(st, 0);
	row->key = (const char *)sqlite3_column_text(st, 0);
	row->data = sqlite3_column_blob(st, 1);
	row->len = (size_t)len;
	return row->key && row->data && len <= MAX_DATA && key_len <= MAX_KEY && strlen(row->key) == (size_t)key_len
	               ? 0
	               : -EINVAL;
}

int history_load(struct history *h, int max, void (*fn)(void *data, const struct history_row *row), void *data,
                 struct error *err)
{
	sqlite3_stmt *st = NULL;
	int r;
	if (sqlite3_prepare_v2(h->db, "SELECT key, data FROM usage ORDER BY last_seen DESC LIMIT ?1", -1, &st, NULL) !=
	    SQLITE_OK)
		return sql_fail(h, err);
	(void)sqlite3_bind_int(st, 1, max);
	while ((r = sqlite3_step(st)) == SQLITE_ROW) {
		struct history_row row = {0};
		if (load_row(st, &row) == 0)
			fn(data, &row);
	}
	r = r == SQLITE_DONE ? 0 : sql_fail(h, err);
	(void)sqlite3_finalize(st);
	return r;
}

static void bind_text(sqlite3_stmt *st, int at, const char *s)
{
	(void)sqlite3_bind_text(st, at, s, -1, SQLITE_TRANSIENT);
}

static int put_all(struct history *h, bool (*next)(void *data, struct history_row *ret), void *data, struct error *err)
{
	sqlite3_stmt *st = NULL;
	struct history_row row;
	char time[64];
	int r = SQLITE_DONE;
	if (sqlite3_prepare_v2(h->db, upsert, -1, &st, NULL) != SQLITE_OK)
		return sql_fail(h, err);
	while (r == SQLITE_DONE && (row = (struct history_row){0}, next(data, &row))) {
		bind_text(st, 1, row.key);
		bind_text(st, 2, row.kind);
		bind_text(st, 3, row.name);
		bind_text(st, 4, row.runtime);
		bind_text(st, 5, row.verdict);
		bind_text(st, 6, units_rfc3339(time, sizeof(time), row.last_seen_usec));
		(void)sqlite3_bind_blob64(st, 7, row.data, row.len, SQLITE_TRANSIENT);
		r = sqlite3_step(st);
		(void)sqlite3_reset(st);
	}
	r = r == SQLITE_DONE ? 0 : sql_fail(h, err);
	(void)sqlite3_finalize(st);
	return r;
}

static int forget(struct history *h, int64_t before_usec, struct error *err)
{
	char time[64], sql[160];
	(void)snprintf(sql, sizeof(sql), "DELETE FROM usage WHERE last_seen < '%s'",
	               units_rfc3339(time, sizeof(time), before_usec));
	return run(h, sql, err);
}

int history_save(struct history *h, bool (*next)(void *data, struct history_row *ret), void *data,
                 int64_t forget_before_usec, struct error *err)
{
	if (!h->writer)
		return error_set(err, EROFS, "history: %s: opened to read", h->dir.path);
	int r = run(h, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = put_all(h, next, data, err);
	r = r < 0 ? r : forget(h, forget_before_usec, err);
	r = r < 0 ? r : run(h, "COMMIT", err);
	if (r < 0)
		(void)run(h, "ROLLBACK", NULL);
	(void)sqlite3_db_release_memory(h->db);
	return r;
}
