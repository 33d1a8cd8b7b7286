/* How the runtimes read files: only what changed, bounded, and for each user who may have containers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

#define MAX_USERS 2000
#define MAX_TEXT ((size_t)4 << 20)

static struct facts_file *file_of(struct facts_table *t, const char *path)
{
	struct facts_file *f = map_get(&t->files, path);
	if (!f) {
		f = xcalloc(1, sizeof(*f));
		f->names.text = f->text = (struct strbuf)STRBUF_INIT;
		f->ino = (ino_t)-1;
		map_put(&t->files, path, f);
	}
	f->seen = t->refresh;
	return f;
}

/* Takes over what stat says; true when it differs from what was there. */
static bool differs(struct facts_file *f, const struct stat *st)
{
	bool same = f->mtime.tv_sec == st->st_mtim.tv_sec && f->mtime.tv_nsec == st->st_mtim.tv_nsec &&
	            f->ino == st->st_ino && f->size == st->st_size;
	f->mtime = st->st_mtim;
	f->ino = st->st_ino;
	f->size = st->st_size;
	return !same;
}

bool facts_file_changed(struct facts_table *t, const char *path, int *ret_err)
{
	struct stat st;
	*ret_err = rootfs_stat(t->fs, path, &st);
	return *ret_err == 0 && differs(file_of(t, path), &st);
}

const struct rootfs_names *facts_list(struct facts_table *t, const char *path, int *ret_err)
{
	struct stat st;
	*ret_err = rootfs_stat(t->fs, path, &st);
	if (*ret_err < 0)
		return NULL;
	struct facts_file *f = file_of(t, path);
	if (!differs(f, &st) && f->settled)
		return &f->names;
	/* A clock tick holds many changes: a time this young may be that of a later one too. */
	int64_t changed = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
	f->settled = rootfs_is_live(t->fs) && rootfs_now(t->fs).real_usec - changed > 1000000;
	*ret_err = rootfs_list(t->fs, path, false, &f->names);
	if (*ret_err < 0)
		f->settled = false;
	return *ret_err < 0 ? NULL : &f->names;
}

const struct strbuf *facts_text(struct facts_table *t, const char *path)
{
	int err;
	bool changed = facts_file_changed(t, path, &err);
	struct facts_file *f = err == 0 ? map_get(&t->files, path) : NULL;
	if (!f)
		return NULL;
	if ((changed || f->in_vain) && rootfs_read(t->fs, path, MAX_TEXT, &f->text) < 0)
		strbuf_clear(&f->text);
	f->in_vain = f->text.len == 0;
	return f->in_vain ? NULL : &f->text;
}

char *facts_toml_path(struct arena *a, const struct strbuf *text, const char *key)
{
	const char *cursor = text->buf, *line;
	size_t n, klen = strlen(key);
	while (parse_line(&cursor, text->buf + text->len, &line, &n)) {
		const char *w;
		size_t wn;
		if (!parse_word(line, n, 0, &w, &wn) || wn < klen || memcmp(w, key, klen) != 0 ||
		    (wn > klen && w[klen] != '='))
			continue;
		const char *open = memchr(w, '"', n - (size_t)(w - line));
		const char *close = open ? memchr(open + 1, '"', n - (size_t)(open + 1 - line)) : NULL;
		if (close && close - open > 2 && open[1] == '/')
			return arena_strndup(a, open + 2, (size_t)(close - open - 2));
	}
	return NULL;
}

/* "name:x:1000:1000:gecos:/home/name:/bin/sh": fields 0 and 5. */
static bool passwd_line(const char *line, size_t n, char *home, size_t size, char *who, size_t who_size)
{
	const char *field[7];
	size_t len[7], count = 0, from = 0;
	for (size_t i = 0; i <= n && count < 7; i++) {
		if (i == n || line[i] == ':') {
			field[count] = line + from;
			len[count++] = i - from;
			from = i + 1;
		}
	}
	if (count < 6 || len[5] < 2 || len[5] >= size || field[5][0] != '/' || len[0] == 0 || len[0] >= who_size)
		return false;
	memcpy(home, field[5] + 1, len[5] - 1);
	home[len[5] - 1] = '\0';
	memcpy(who, field[0], len[0]);
	who[len[0]] = '\0';
	/* Daemons' homes (/var/lib/x, /nonexistent, /) hold no rootless storage worth a look each refresh. */
	return strncmp(home, "home/", 5) == 0 || strncmp(home, "var/home/", 9) == 0;
}

void facts_each_home(struct facts_table *t, void (*fn)(struct facts_table *t, const char *home, const char *who))
{
	fn(t, "", "root");
	const struct strbuf *text = facts_text(t, "etc/passwd");
	if (!text)
		return;
	const char *cursor = text->buf, *line;
	size_t n;
	unsigned users = 0;
	while (users < MAX_USERS && parse_line(&cursor, text->buf + text->len, &line, &n)) {
		char home[512], who[128];
		if (!passwd_line(line, n, home, sizeof(home), who, sizeof(who)))
			continue;
		users++;
		fn(t, home, who);
	}
}

void facts_each_run_dir(struct facts_table *t, void (*fn)(struct facts_table *t, const char *dir))
{
	int err;
	const struct rootfs_names *names = facts_list(t, "run/user", &err);
	for (size_t i = 0; names && i < names->at.n && i < MAX_USERS; i++) {
		const char *uid = rootfs_name(names, i);
		char dir[64];
		if (!*uid || strspn(uid, "0123456789") != strlen(uid) || strlen(uid) > 10)
			continue;
		(void)snprintf(dir, sizeof(dir), "run/user/%s", uid);
		fn(t, dir);
	}
}
