/* The history file: what is saved comes back; damage, newer versions, other owners, full disks, and kill -9 at every
 * step. */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "tree.h"
#include "vctop/source/history.h"

#define ROWS 40

/* Of the system calls that a kill comes before and after; all of them, unless each round takes an age. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7
#else
#define STRIDE 1
#endif

/* One generation of a save: ROWS keys whose bytes all say the same number. */
struct generation {
	unsigned number, at, rows;
	char key[32], data[1200];
	int64_t seen;
};

static bool next_row(void *data, struct history_row *ret)
{
	struct generation *g = data;
	if (g->at == g->rows)
		return false;
	(void)snprintf(g->key, sizeof(g->key), "podman:app-%u", g->at++);
	memset(g->data, 'x', sizeof(g->data));
	memcpy(g->data, &g->number, sizeof(g->number));
	*ret = (struct history_row){g->key,      g->data,    sizeof(g->data), g->seen,
	                            "container", g->key + 7, "podman",        "idle"};
	return true;
}

static int save(struct history *h, unsigned number, struct error *err)
{
	struct generation g = {.number = number, .rows = ROWS, .seen = 1795428000000000 + number * INT64_C(1000000)};
	return history_save(h, next_row, &g, 0, err);
}

struct seen {
	unsigned n, number;
	bool mixed;
};

static void see(void *data, const struct history_row *row)
{
	struct seen *s = data;
	unsigned number;
	assert_int_equal(row->len, 1200);
	memcpy(&number, row->data, sizeof(number));
	s->mixed = s->mixed || (s->n && number != s->number);
	s->number = number;
	s->n++;
}

static struct seen load(struct history *h)
{
	struct seen s = {0};
	struct error err = {0};
	assert_int_equal(history_load(h, 8192, see, &s, &err), 0);
	return s;
}

static struct seen read_dir(const char *dir)
{
	struct history *h = NULL;
	struct error err = {0};
	int r = history_open_reader(dir, &h, &err);
	if (r < 0)
		print_error("%s: %d %s\n", dir, r, err.what);
	assert_int_equal(r, 0);
	struct seen s = load(h);
	history_close(h);
	return s;
}

static char *dir_of(const struct tree *t)
{
	return tree_path(t, "state/vctop");
}

static void saved_comes_back(void **state)
{
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	struct stat st;
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t), *db = xasprintf("%s/history.db", dir),
	                  *lock = xasprintf("%s/history.lock", dir);
	assert_int_equal(history_open_reader(dir, &h, &err), -ENOENT);
	assert_int_equal(err.code, 0);
	assert_int_equal(access(dir, F_OK), -1);

	mode_t old = umask(0);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	(void)umask(old);
	assert_int_equal(load(h).n, 0);
	assert_int_equal(save(h, 1, &err), 0);
	assert_int_equal(save(h, 2, &err), 0);
	struct seen s = load(h);
	assert_int_equal(s.n, ROWS);
	assert_int_equal(s.number, 2);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	s = read_dir(dir); /* beside the writer */
	assert_int_equal(s.number, 2);
	history_close(h);
	s = read_dir(dir);
	assert_int_equal(s.n, ROWS);
	tree_release(&t);
}

static void columns_and_forgetting(void **state)
{
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	sqlite3 *db = NULL;
	sqlite3_stmt *q = NULL;
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t), *path = xasprintf("%s/history.db", dir);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(save(h, 1, &err), 0);
	/* Without columns the old ones stay; what was last seen before the limit goes. */
	struct generation g = {.number = 2, .rows = 3, .seen = 1795428500000000};
	assert_int_equal(history_save(h, next_row, &g, 1795428400000000, &err), 0);
	history_close(h);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	        sqlite3_prepare_v2(db, "SELECT count(*), min(name), min(last_seen) FROM instance", -1, &q, NULL), 0);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(q, 0), 3);
	assert_string_equal((const char *)sqlite3_column_text(q, 1), "app-0");
	assert_string_equal((const char *)sqlite3_column_text(q, 2), "2026-11-23T10:08:20.000Z");
	(void)sqlite3_finalize(q);
	(void)sqlite3_close(db);
	tree_release(&t);
}

static void readers_write_nothing(void **state)
{
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	struct stat before, after;
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t), *shm = xasprintf("%s/history.db-shm", dir);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(save(h, 7, &err), 0);
	history_close(h);
	assert_int_equal(stat(dir, &before), 0);
	assert_int_equal(read_dir(dir).number, 7);
	assert_int_equal(stat(dir, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(access(shm, F_OK), -1);
	assert_int_equal(history_open_reader(dir, &h, &err), 0);
	assert_true(save(h, 8, &err) < 0);
	/* A writer cannot come while a reader without -shm reads. */
	struct history *w = NULL;
	assert_int_equal(history_open_writer(dir, &w, &err), -EBUSY);
	history_close(h);
	tree_release(&t);
}

static void one_writer_many_readers(void **state)
{
	struct tree t;
	struct history *a = NULL, *b = NULL, *r[16];
	struct error err = {0};
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t);
	assert_int_equal(history_open_writer(dir, &a, &err), 0);
	assert_int_equal(save(a, 1, &err), 0);
	assert_int_equal(history_open_writer(dir, &b, &err), -EBUSY);
	assert_non_null(strstr(err.what, "another vctop"));
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		assert_int_equal(history_open_reader(dir, &r[i], &err), 0);
		assert_int_equal(load(r[i]).number, i + 1);
		assert_int_equal(save(a, (unsigned)i + 2, &err), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		assert_int_equal(load(r[i]).number, ARRAY_SIZE(r) + 1);
		history_close(r[i]);
	}
	history_close(a);
	assert_int_equal(history_open_writer(dir, &b, &err), 0);
	history_close(b);
	tree_release(&t);
}

/* Files called history.db* in the directory that are not the present one. */
static unsigned set_aside(const char *dir, char *ret, size_t size)
{
	unsigned n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, ".corrupt-")) {
			n++;
			(void)snprintf(ret, size, "%s/%s", dir, e->d_name);
		}
	(void)closedir(d);
	return n;
}

static void damaged_is_kept(void **state)
{
	static const struct {
		const char *what;
		off_t at;
		size_t n;
		bool garbage;
	} damage[] = {
	        {"not a database", 0, 4096, true},
	        {"header", 16, 40, true},
	        {"root pages", 4096, 12000, true},
	        {"short text", 0, 5, false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		struct tree t;
		struct history *h = NULL;
		struct error err = {0};
		char kept[512] = "", junk[12000];
		tree_init(&t);
		cleanup_free char *dir = dir_of(&t), *path = xasprintf("%s/history.db", dir);
		assert_int_equal(history_open_writer(dir, &h, &err), 0);
		assert_int_equal(save(h, 1, &err), 0);
		history_close(h);
		int fd = open(path, O_RDWR | (damage[i].garbage ? 0 : O_TRUNC));
		memset(junk, 0xA7, sizeof(junk));
		assert_int_equal(pwrite(fd, junk, damage[i].n, damage[i].at), damage[i].n);
		(void)close(fd);
		err = (struct error){0};
		int r = history_open_reader(dir, &h, &err); /* a reader never renames */
		if (r == 0) {
			struct seen s = {0};
			assert_true(history_load(h, 8192, see, &s, &err) < 0);
			history_close(h);
		}
		assert_int_equal(set_aside(dir, kept, sizeof(kept)), 0);
		r = history_open_writer(dir, &h, &err);
		if (r != 1)
			fail_row(i, "%s: %d %s", damage[i].what, r, err.what);
		assert_non_null(strstr(err.what, "kept as history.db.corrupt-"));
		assert_int_equal(set_aside(dir, kept, sizeof(kept)), 1);
		assert_int_equal(load(h).n, 0);
		assert_int_equal(save(h, 2, &err), 0);
		history_close(h);
		assert_int_equal(read_dir(dir).number, 2);
		tree_release(&t);
	}
}

static void edit(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
}

/* A file of an earlier version keeps its rows, and is then one that an earlier vctop leaves alone. */
static void earlier_version_is_taken_over(void **state)
{
	(void)state;
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	char kept[512];
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t), *path = xasprintf("%s/history.db", dir);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(save(h, 7, &err), 0);
	history_close(h);
	edit(path, "PRAGMA user_version=1");
	assert_int_equal(read_dir(dir).number, 7); /* a reader takes it as it is */
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(load(h).number, 7);
	history_close(h);
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), HISTORY_VERSION);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	assert_int_equal(set_aside(dir, kept, sizeof(kept)), 0);
	tree_release(&t);
}

static void others_are_left_alone(void **state)
{
	static const struct {
		const char *sql, *says;
		bool fresh;
	} table[] = {
	        {"PRAGMA user_version=3", "newer vctop", false},
	        {"PRAGMA user_version=2147483647", "newer vctop", false},
	        {"CREATE TABLE cats(name); INSERT INTO cats VALUES('Felix')", "no history of vctop", true},
	        {"PRAGMA user_version=1; CREATE TABLE usage(key)", "no history of vctop", true},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct tree t;
		struct history *h = NULL;
		struct error err = {0};
		struct stat before, after;
		char kept[512];
		tree_init(&t);
		cleanup_free char *dir = dir_of(&t), *path = xasprintf("%s/history.db", dir);
		assert_int_equal(history_open_writer(dir, &h, &err), 0);
		assert_int_equal(save(h, 1, &err), 0);
		history_close(h);
		if (table[i].fresh)
			(void)unlink(path);
		edit(path, table[i].sql);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(stat(path, &before), 0);
		for (int writer = 0; writer < 2; writer++) {
			int r = writer ? history_open_writer(dir, &h, &err) : history_open_reader(dir, &h, &err);
			assert_int_equal(r, -EPROTO);
			if (!strstr(err.what, table[i].says))
				fail_row(i, "%s", err.what);
		}
		assert_int_equal(stat(path, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		assert_int_equal(before.st_size, after.st_size);
		assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
		assert_int_equal(set_aside(dir, kept, sizeof(kept)), 0);
		tree_release(&t);
	}
}

static void bad_rows_are_left_out(void **state)
{
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t), *path = xasprintf("%s/history.db", dir);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(save(h, 1, &err), 0);
	history_close(h);
	edit(path, "INSERT INTO usage VALUES('big',1,2,3,4,'2030',zeroblob(1000000));"
	           "INSERT INTO usage VALUES('nul'||char(0)||'x',1,2,3,4,'2030',zeroblob(1200));"
	           "INSERT INTO usage VALUES(printf('%.9999c','k'),1,2,3,4,'2030',zeroblob(1200));");
	assert_int_equal(read_dir(dir).n, ROWS);
	tree_release(&t);
}

/* A writer refuses what somebody else could have put there; the bait stays as it is. */
static void refuses(struct tree *t, const char *dir, size_t row)
{
	struct history *h = NULL;
	struct error err = {0};
	int r = history_open_writer(dir, &h, &err);
	if (r >= 0 || !strstr(err.what, "not used"))
		fail_row(row, "%d %s", r, err.what);
	cleanup_free char *bait = tree_path(t, "bait");
	struct stat st;
	assert_int_equal(stat(bait, &st), 0);
	assert_int_equal(st.st_size, 4);
	tree_release(t);
}

static void follows_nothing(void **state)
{
	static const char *const names[] = {"state/vctop/history.db", "state/vctop/history.lock"};
	struct tree t;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		tree_init(&t);
		tree_write(&t, "bait", "bait");
		cleanup_free char *dir = dir_of(&t), *bait = tree_path(&t, "bait");
		tree_mkdir(&t, "state/vctop");
		tree_link(&t, names[i], bait);
		refuses(&t, dir, i);
	}
	tree_init(&t);
	tree_write(&t, "bait", "bait");
	tree_mkdir(&t, "elsewhere");
	tree_mkdir(&t, "state");
	tree_link(&t, "state/vctop", "../elsewhere");
	cleanup_free char *dir = dir_of(&t);
	refuses(&t, dir, 2);

	tree_init(&t);
	tree_write(&t, "bait", "bait");
	tree_mkdir(&t, "state/vctop");
	free(dir);
	dir = dir_of(&t);
	cleanup_free char *bait = tree_path(&t, "bait"), *db = xasprintf("%s/history.db", dir);
	assert_int_equal(link(bait, db), 0);
	refuses(&t, dir, 3);

	if (geteuid() == 0) {
		tree_init(&t);
		tree_write(&t, "bait", "bait");
		tree_mkdir(&t, "state/vctop");
		free(dir);
		dir = dir_of(&t);
		assert_int_equal(chown(dir, 65534, 65534), 0);
		refuses(&t, dir, 4);
	}
}

static void disk_full(void **state)
{
	struct tree t;
	struct history *h = NULL;
	struct error err = {0};
	struct rlimit old, small;
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t);
	assert_int_equal(history_open_writer(dir, &h, &err), 0);
	assert_int_equal(save(h, 1, &err), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 150000; /* the log of one save fits, that of two does not */
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	int r = 0;
	unsigned good = 1;
	for (unsigned n = 2; n < 40 && r == 0; n++) {
		r = save(h, n, &err);
		good = r == 0 ? n : good;
	}
	assert_true(r < 0);
	assert_int_equal(load(h).number, good);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(save(h, 99, &err), 0); /* there is room again */
	history_close(h);
	struct seen s = read_dir(dir);
	assert_int_equal(s.n, ROWS);
	assert_int_equal(s.number, 99);
	tree_release(&t);
}

/* ---- kill -9 ---- */

/* After a kill: whole, of one generation, and not older than the last whose save had returned. */
static void assert_whole(const char *dir, unsigned least, unsigned most, unsigned step)
{
	struct history *h = NULL;
	struct error err = {0};
	char kept[512];
	struct seen s = read_dir(dir);
	if (s.n != ROWS || s.mixed || s.number < least || s.number > most)
		fail_row(step, "reader: %u rows, generation %u, want %u to %u%s", s.n, s.number, least, most,
		         s.mixed ? ", mixed" : "");
	int r = history_open_writer(dir, &h, &err);
	if (r != 0)
		fail_row(step, "writer: %d %s", r, err.what);
	s = load(h);
	assert_true(s.n == ROWS && !s.mixed && s.number >= least && s.number <= most);
	history_close(h);
	assert_int_equal(set_aside(dir, kept, sizeof(kept)), 0);
}

static void save_once(const char *dir, unsigned number)
{
	struct history *h = NULL;
	if (history_open_writer(dir, &h, NULL) != 0 || save(h, number, NULL) != 0)
		_exit(1);
	history_close(h);
	_exit(0);
}

static int traced_child(const char *dir, unsigned number, pid_t *ret)
{
	pid_t pid = fork();
	int status;
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(2);
		(void)raise(SIGSTOP);
		save_once(dir, number);
	}
	assert_true(pid > 0);
	*ret = pid;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSTOPPED(status) ? 0 : -EPERM;
}

/* Lets the child enter or leave `stops` system calls, then kills it. false: it had ended before. */
static bool kill_after(pid_t pid, unsigned stops)
{
	int status = 0;
	for (unsigned i = 0; i < stops; i++) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) < 0)
			break;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
	}
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return true;
}

static void killed_at_every_system_call(void **state)
{
	struct tree t;
	pid_t pid;
	unsigned stops = 1, generation = 1;
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t);
	/* The first generation, whole. */
	struct history *h = NULL;
	assert_int_equal(history_open_writer(dir, &h, NULL), 0);
	assert_int_equal(save(h, generation, NULL), 0);
	history_close(h);
	for (bool killed = true; killed; stops += STRIDE) {
		if (traced_child(dir, generation + 1, &pid) < 0) {
			tree_release(&t);
			skip(); /* tracing is forbidden here */
		}
		killed = kill_after(pid, stops);
		assert_whole(dir, generation, generation + 1, stops);
		generation = read_dir(dir).number;
	}
	print_message("# killed at %u places of open, save and close\n", (stops - 2) / STRIDE);
	assert_true(stops > 50);
	tree_release(&t);
}

static void killed_at_random(void **state)
{
	struct tree t;
	int ends[2];
	(void)state;
	tree_init(&t);
	cleanup_free char *dir = dir_of(&t);
	unsigned saved = 0;
	srandom(4711);
	for (unsigned i = 0; i < 200; i++) {
		assert_int_equal(pipe(ends), 0);
		pid_t pid = fork();
		if (pid == 0) {
			struct history *h = NULL;
			if (history_open_writer(dir, &h, NULL) != 0)
				_exit(1);
			unsigned n = saved;
			do
				if (write(ends[1], &n, sizeof(n)) != sizeof(n))
					break;
			while (save(h, ++n, NULL) == 0);
			_exit(1);
		}
		(void)close(ends[1]);
		unsigned n, least = saved;
		assert_int_equal(read(ends[0], &n, sizeof(n)), sizeof(n)); /* it is at work */
		assert_int_equal(n, saved);
		if (!saved && read(ends[0], &n, sizeof(n)) == sizeof(n))
			least = n;
		struct timespec ts = {0, random() % 12000000};
		(void)nanosleep(&ts, NULL);
		(void)kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		while (read(ends[0], &n, sizeof(n)) == sizeof(n))
			least = n;
		(void)close(ends[0]);
		assert_whole(dir, least, least + 1, i);
		saved = read_dir(dir).number;
	}
	print_message("# 200 kills in %u saves\n", saved);
	assert_true(saved > 20);
	tree_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(saved_comes_back),
	        cmocka_unit_test(columns_and_forgetting),
	        cmocka_unit_test(readers_write_nothing),
	        cmocka_unit_test(one_writer_many_readers),
	        cmocka_unit_test(damaged_is_kept),
	        cmocka_unit_test(earlier_version_is_taken_over),
	        cmocka_unit_test(others_are_left_alone),
	        cmocka_unit_test(bad_rows_are_left_out),
	        cmocka_unit_test(follows_nothing),
	        cmocka_unit_test(disk_full),
	        cmocka_unit_test(killed_at_every_system_call),
	        cmocka_unit_test(killed_at_random),
	};
	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
