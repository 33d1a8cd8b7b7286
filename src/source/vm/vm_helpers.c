#include "source/vm/vm_helpers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vctop/base/parse.h"

#define LIST_MAX 16384U
#define PAGES_USEC 10000000

void vm_helpers_init(struct vm_helpers *h, struct rootfs *fs, pid_t pid, bool children)
{
	*h = (struct vm_helpers){.fs = fs, .pid = pid, .children = children, .list = KFILE_INIT, .text = STRBUF_INIT};
}

static void close_files(struct vm_helpers *h, struct vm_helper *e)
{
	kfile_close(h->fs, &e->stat);
	kfile_close(h->fs, &e->statm);
}

void vm_helpers_release(struct vm_helpers *h)
{
	for (size_t i = 0; i < h->all.n; i++)
		close_files(h, &h->all.v[i]);
	kfile_close(h->fs, &h->list);
	vec_free(&h->all);
	strbuf_release(&h->text);
}

static struct vm_helper *find(struct vm_helpers *h, pid_t pid)
{
	for (size_t i = 0; i < h->all.n; i++)
		if (h->all.v[i].pid == pid)
			return &h->all.v[i];
	return NULL;
}

static struct vm_helper *put(struct vm_helpers *h, pid_t pid)
{
	struct vm_helper fresh = {.pid = pid, .stat = KFILE_INIT, .statm = KFILE_INIT}, *have = find(h, pid);
	if (have || h->all.n >= VM_HELPERS_MAX)
		return have;
	vec_push(&h->all, fresh);
	return &h->all.v[h->all.n - 1];
}

/* What a helper ran is not given back when it ends. */
static void drop(struct vm_helpers *h, size_t i)
{
	h->gone_ticks += (double)h->all.v[i].ticks;
	close_files(h, &h->all.v[i]);
	h->all.v[i] = h->all.v[--h->all.n];
}

void vm_helpers_add(struct vm_helpers *h, pid_t pid, uint64_t start_ticks)
{
	struct vm_helper *e = put(h, pid);
	if (!e)
		return;
	if (e->start_ticks && e->start_ticks != start_ticks) {
		h->gone_ticks += (double)e->ticks;
		e->ticks = 0;
		e->sized = false;
		close_files(h, e);
	}
	e->start_ticks = start_ticks;
}

/* /proc/PID/task/PID/children (CONFIG_PROC_CHILDREN): "123 456 ". */
static void list_children(struct vm_helpers *h)
{
	char path[64];
	const char *w;
	size_t len;
	pid_t pid;
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/children", (int)h->pid, (int)h->pid);
	strbuf_clear(&h->text);
	strbuf_room(&h->text, LIST_MAX);
	ssize_t n = kfile_read(h->fs, &h->list, path, h->text.buf, LIST_MAX);
	for (size_t i = 0; i < h->all.n; i++)
		h->all.v[i].listed = !h->all.v[i].child;
	for (const char *s = h->text.buf, *end = s + (n > 0 ? n : 0); parse_word(s, (size_t)(end - s), 0, &w, &len);
	     s = w + len) {
		if (parse_pid(w, len, &pid) < 0)
			continue;
		struct vm_helper *e = put(h, pid);
		if (e)
			e->child = e->listed = true;
	}
	for (size_t i = h->all.n; i > 0; i--)
		if (!h->all.v[i - 1].listed)
			drop(h, i - 1);
}

/* false: it has gone, or its pid is another's. */
static bool read_one(struct vm_helpers *h, struct vm_helper *e)
{
	char path[64], buf[1024];
	struct process_stat st;
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)e->pid);
	ssize_t n = kfile_read(h->fs, &e->stat, path, buf, sizeof(buf));
	if (n < 0 || process_parse_stat(buf, (size_t)n, &st) < 0)
		return false;
	if (e->start_ticks && st.start_ticks != e->start_ticks)
		return false;
	e->start_ticks = st.start_ticks;
	if (st.cpu_ticks > e->ticks)
		e->ticks = st.cpu_ticks;
	return true;
}

double vm_helpers_ticks(struct vm_helpers *h)
{
	double sum = 0;
	if (h->children)
		list_children(h);
	for (size_t i = h->all.n; i > 0; i--)
		if (!read_one(h, &h->all.v[i - 1]))
			drop(h, i - 1);
	for (size_t i = 0; i < h->all.n; i++)
		sum += (double)h->all.v[i].ticks;
	return sum + h->gone_ticks;
}

static void read_pages(struct vm_helpers *h, struct vm_helper *e)
{
	char path[64], buf[128];
	const char *w;
	size_t len;
	uint64_t resident, shared;
	(void)snprintf(path, sizeof(path), "proc/%d/statm", (int)e->pid);
	ssize_t n = kfile_read(h->fs, &e->statm, path, buf, sizeof(buf));
	e->own_pages = 0;
	e->sized = true;
	if (n > 0 && parse_word(buf, (size_t)n, 1, &w, &len) && parse_u64(w, len, &resident) == 0 &&
	    parse_word(buf, (size_t)n, 2, &w, &len) && parse_u64(w, len, &shared) == 0 && resident > shared)
		e->own_pages = resident - shared;
	rootfs_cite_file(h->fs, "memory.overhead_bytes", path);
}

double vm_helpers_pages(struct vm_helpers *h, int64_t now_usec)
{
	double sum = 0;
	int64_t age = now_usec - h->own_usec;
	bool due = !h->own_usec || age >= PAGES_USEC || age < 0;
	for (size_t i = 0; i < h->all.n; i++) {
		struct vm_helper *e = &h->all.v[i];
		if (!e->child)
			continue;
		if (due || !e->sized)
			read_pages(h, e);
		sum += (double)e->own_pages;
	}
	if (due)
		h->own_usec = now_usec;
	return sum;
}
