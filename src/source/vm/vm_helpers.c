#include "source/vm/vm_helpers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vctop/base/parse.h"

#define LIST_MAX 16384U

void vm_helpers_init(struct vm_helpers *h, struct rootfs *fs, pid_t pid, bool children)
{
	*h = (struct vm_helpers){.fs = fs, .pid = pid, .children = children, .list = KFILE_INIT, .text = STRBUF_INIT};
}

void vm_helpers_release(struct vm_helpers *h)
{
	for (size_t i = 0; i < h->all.n; i++)
		kfile_close(h->fs, &h->all.v[i].stat);
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
	struct vm_helper fresh = {.pid = pid, .stat = KFILE_INIT}, *have = find(h, pid);
	if (have || h->all.n >= VM_HELPERS_MAX)
		return have;
	vec_push(&h->all, fresh);
	return &h->all.v[h->all.n - 1];
}

/* What a helper ran is not given back when it ends. */
static void drop(struct vm_helpers *h, size_t i)
{
	h->gone_ticks += (double)h->all.v[i].ticks;
	kfile_close(h->fs, &h->all.v[i].stat);
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
		kfile_close(h->fs, &e->stat);
	}
	e->start_ticks = start_ticks;
}

/* /proc/PID/task/PID/children (CONFIG_PROC_CHILDREN): "123 456 ". */
static void list_children(struct vm_helpers *h)
{
	char path[64];
	const char *w;
	size_t len;
	uint64_t pid;
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/children", (int)h->pid, (int)h->pid);
	strbuf_clear(&h->text);
	strbuf_room(&h->text, LIST_MAX);
	ssize_t n = kfile_read(h->fs, &h->list, path, h->text.buf, LIST_MAX);
	for (size_t i = 0; i < h->all.n; i++)
		h->all.v[i].listed = !h->all.v[i].child;
	for (const char *s = h->text.buf, *end = s + (n > 0 ? n : 0); parse_word(s, (size_t)(end - s), 0, &w, &len);
	     s = w + len) {
		if (parse_u64(w, len, &pid) < 0 || pid == 0 || pid > INT32_MAX)
			continue;
		struct vm_helper *e = put(h, (pid_t)pid);
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
