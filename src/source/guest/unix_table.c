#include "source/guest/unix_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vctop/base/parse.h"

#define TABLE_MAX (64U << 20)
#define FDS_MAX 4096U

enum { ST_LISTEN_OR_FREE = 1, ST_CONNECTING = 2, ST_CONNECTED = 3 };

struct row {
	uint64_t flags, state, inode;
	const char *path;
	size_t path_n;
};

static bool hex_word(const char *buf, size_t len, unsigned n, uint64_t *ret)
{
	const char *w;
	size_t k;
	uint64_t v = 0;
	if (!parse_word(buf, len, n, &w, &k) || k == 0 || k > 16)
		return false;
	for (size_t i = 0; i < k; i++) {
		int c = w[i] | 0x20;
		int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*ret = v;
	return true;
}

/* "ffff...: 00000002 00000000 00010000 0001 01 12345 /path": flags 10000 is SO_ACCEPTCON, a listener. */
static bool parse_row(const char *line, size_t n, struct row *ret)
{
	const char *w;
	size_t k;
	if (!hex_word(line, n, 3, &ret->flags) || !hex_word(line, n, 5, &ret->state) ||
	    !parse_word(line, n, 6, &w, &k) || parse_u64(w, k, &ret->inode) < 0)
		return false;
	ret->path = w + k + 1;
	ret->path_n = w + k < line + n ? (size_t)(line + n - ret->path) : 0;
	return ret->path_n > 0;
}

static bool is_path(const struct row *row, const char *bound, bool *ret_foreign)
{
	size_t n = strlen(bound);
	*ret_foreign = false;
	if (row->path_n == n && memcmp(row->path, bound, n) == 0)
		return true;
	if (row->path[0] == '/' || row->path[0] == '@' || bound[0] == '@')
		return false;
	const char *rel = row->path;
	size_t rel_n = row->path_n;
	while (rel_n > 2 && rel[0] == '.' && rel[1] == '/') {
		rel += 2;
		rel_n -= 2;
	}
	*ret_foreign = rel_n < n && bound[n - rel_n - 1] == '/' && memcmp(bound + n - rel_n, rel, rel_n) == 0;
	return *ret_foreign;
}

static bool is_owned(const inode_vec *owner, uint64_t inode)
{
	for (size_t i = 0; i < owner->n; i++)
		if (owner->v[i] == inode)
			return true;
	return false;
}

void unix_table_count(const char *buf, size_t len, const char *bound, const inode_vec *owner, struct unix_use *ret)
{
	const char *cursor = buf, *line;
	size_t n;
	struct row row;
	bool foreign;
	while (parse_line(&cursor, buf + len, &line, &n)) {
		if (!parse_row(line, n, &row) || !is_path(&row, bound, &foreign))
			continue;
		/* Who waits in a queue belongs to nobody yet: inode 0. */
		if (owner && row.inode && !is_owned(owner, row.inode))
			continue;
		ret->foreign |= foreign;
		ret->listeners += row.state == ST_LISTEN_OR_FREE && (row.flags & 0x10000) != 0;
		ret->clients += row.state == ST_CONNECTED;
		ret->queued += row.state == ST_CONNECTING;
	}
}

static int owned_sockets(struct rootfs *fs, pid_t pid, inode_vec *ret)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	cleanup_strbuf struct strbuf link = STRBUF_INIT;
	char path[96];
	uint64_t inode;
	(void)snprintf(path, sizeof(path), "proc/%d/fd", (int)pid);
	int r = rootfs_list(fs, path, false, &names);
	for (size_t i = 0; r == 0 && i < names.at.n && i < FDS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "proc/%d/fd/%.20s", (int)pid, rootfs_name(&names, i));
		if (rootfs_readlink(fs, path, &link) < 0 || strncmp(link.buf, "socket:[", 8) != 0)
			continue;
		size_t digits = strcspn(link.buf + 8, "]");
		if (parse_u64(link.buf + 8, digits, &inode) == 0)
			vec_push(ret, inode);
	}
	rootfs_names_release(&names);
	return r;
}

int unix_table_read(struct rootfs *fs, const char *bound, pid_t pid, bool owned, struct unix_use *ret)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	char table[64] = "proc/net/unix";
	inode_vec owner = {0};
	int r = owned ? owned_sockets(fs, pid, &owner) : 0;
	if (pid)
		(void)snprintf(table, sizeof(table), "proc/%d/net/unix", (int)pid);
	ssize_t n = r < 0 ? r : rootfs_read(fs, table, TABLE_MAX, &sb);
	if (n >= 0)
		unix_table_count(sb.buf, sb.len, bound, owned ? &owner : NULL, ret);
	vec_free(&owner);
	return n < 0 ? (int)n : 0;
}
