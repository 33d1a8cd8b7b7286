#include "lab/tool/weigh.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vctop/base/parse.h"
#include "vctop/base/strbuf.h"

#define MAX_SMAPS (16U << 20)
#define MAX_ANCESTORS 8

static int read_proc(pid_t pid, const char *file, struct strbuf *ret)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = strbuf_read(ret, fd, MAX_SMAPS);
	return r == -E2BIG ? 0 : r;
}

int weigh_process(pid_t pid, uint64_t *ret_bytes)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int r = read_proc(pid, "smaps_rollup", &text);
	if (r == 0 && !text.len)
		r = -ESRCH; /* a zombie has none */
	return r < 0 ? r : parse_colon(text.buf, text.len, "Pss", ret_bytes);
}

/* "7f00-7f01 rw-p 00000000 00:00 0": what holds code is none of the guest's memory (TCG's is up to 1 GiB of it). */
static bool is_head(const char *line, size_t len, bool *ret_data)
{
	const char *word;
	size_t n;
	if (!parse_word(line, len, 0, &word, &n) || !memchr(word, '-', n) || memchr(word, ':', n) ||
	    !parse_word(line, len, 1, &word, &n) || n != 4)
		return false;
	*ret_data = word[0] == 'r' && word[1] == 'w' && word[2] == '-';
	return true;
}

int weigh_smaps(const char *text, size_t len, uint64_t ram_bytes, uint64_t *ret_vmm, uint64_t *ret_guest)
{
	const char *cursor = text, *line;
	uint64_t size = 0, all = 0, ram = 0, closest = UINT64_MAX, v;
	bool data = false;
	size_t n;
	while (parse_line(&cursor, text + len, &line, &n)) {
		if (is_head(line, n, &data))
			continue;
		if (parse_colon(line, n, "Size", &v) == 0)
			size = v;
		if (parse_colon(line, n, "Pss", &v) < 0)
			continue;
		all += v;
		if (data && size >= ram_bytes && size < closest) {
			closest = size;
			ram = v;
		}
	}
	if (closest == UINT64_MAX || ram > all)
		return -ENOENT;
	*ret_vmm = all - ram;
	*ret_guest = ram;
	return 0;
}

int weigh_vmm(pid_t pid, uint64_t ram_bytes, uint64_t *ret_vmm, uint64_t *ret_guest)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int r = read_proc(pid, "smaps", &text);
	if (r == 0 && !text.len)
		r = -ESRCH;
	return r < 0 ? r : weigh_smaps(text.buf, text.len, ram_bytes, ret_vmm, ret_guest);
}

uint64_t weigh_files(const char *path)
{
	cleanup_free char *copy = xstrdup(path);
	char *const roots[] = {copy, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
	uint64_t sum = 0;
	const FTSENT *e;
	while (tree && (e = fts_read(tree)))
		if (e->fts_info == FTS_F || e->fts_info == FTS_D)
			sum += (uint64_t)e->fts_statp->st_blocks * 512;
	if (tree)
		(void)fts_close(tree);
	return sum;
}

static pid_t parent_of(pid_t pid)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	uint64_t parent = 0;
	return read_proc(pid, "status", &text) == 0 && parse_colon(text.buf, text.len, "PPid", &parent) == 0
	               ? (pid_t)parent
	               : 0;
}

void weigh_helpers(pid_t pid, const char *id, pid_vec *ret)
{
	for (unsigned i = 0; i < MAX_ANCESTORS && (pid = parent_of(pid)) > 1; i++) {
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		if (read_proc(pid, "cmdline", &line) < 0 || !memmem(line.buf, line.len, id, strlen(id)))
			break;
		vec_push(ret, pid);
	}
}
