/*
 * One process as /proc shows it.  Everything but stat may be denied or gone; a NULL says so.
 * The command line is what the process makes it: text to judge, never to trust.
 */
#include "vctop/source/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vctop/base/attr.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define CMDLINE_MAX (1U << 20)
/* A megabyte of NULs is a million empty arguments; no VMM has more than this. */
#define ARGC_MAX 65536U

/* Positions after the comm, from 0 (proc(5) numbers them from 3). */
enum stat_word {
	W_STATE = 0,
	W_PPID = 1,
	W_PGRP = 2,
	W_UTIME = 11,
	W_STIME = 12,
	W_THREADS = 17,
	W_START = 19,
	W_RSS = 21,
	W_N,
	W_STACK = 25,
	W_MAX
};

struct word {
	const char *at;
	size_t len;
};

static size_t split_words(const char *buf, size_t len, struct word *words, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < len && n < max; n++) {
		while (i < len && (buf[i] == ' ' || buf[i] == '\n'))
			i++;
		if (i == len)
			break;
		words[n].at = buf + i;
		while (i < len && buf[i] != ' ' && buf[i] != '\n')
			i++;
		words[n].len = (size_t)(buf + i - words[n].at);
	}
	return n;
}

static void copy_comm(char *dst, size_t size, const char *comm, size_t len)
{
	size_t n = len < size - 1 ? len : size - 1;
	memcpy(dst, comm, n);
	dst[n] = '\0';
	(void)text_clean(dst, size - 1);
}

int process_parse_stat(const char *buf, size_t len, struct process_stat *ret)
{
	/* A comm may hold ')' and spaces; the numbers after the last one cannot. */
	const char *open = memchr(buf, '(', len), *close = memrchr(buf, ')', len);
	struct word w[W_MAX];
	uint64_t ppid, pgrp, utime, stime, threads, start, rss;
	if (!open || !close || close < open)
		return -EINVAL;
	size_t n = split_words(close + 1, len - (size_t)(close + 1 - buf), w, W_MAX);
	if (n < W_N || w[W_STATE].len != 1)
		return -EINVAL;
	if (parse_u64(w[W_PPID].at, w[W_PPID].len, &ppid) < 0 || ppid > INT_MAX ||
	    parse_u64(w[W_UTIME].at, w[W_UTIME].len, &utime) < 0 ||
	    parse_u64(w[W_STIME].at, w[W_STIME].len, &stime) < 0 || stime > UINT64_MAX - utime ||
	    parse_u64(w[W_THREADS].at, w[W_THREADS].len, &threads) < 0 || threads > UINT_MAX ||
	    parse_u64(w[W_START].at, w[W_START].len, &start) < 0 || parse_u64(w[W_RSS].at, w[W_RSS].len, &rss) < 0)
		return -EINVAL;
	copy_comm(ret->comm, sizeof(ret->comm), open + 1, (size_t)(close - open) - 1);
	ret->state = w[W_STATE].at[0];
	ret->ppid = (pid_t)ppid;
	/* -1 or 0 where it cannot be seen from this pid namespace. */
	ret->pgrp = parse_u64(w[W_PGRP].at, w[W_PGRP].len, &pgrp) == 0 && pgrp <= INT_MAX ? (pid_t)pgrp : 0;
	ret->threads = (unsigned)threads;
	ret->cpu_ticks = utime + stime;
	ret->start_ticks = start;
	ret->rss_pages = rss;
	if (n < W_MAX || parse_u64(w[W_STACK].at, w[W_STACK].len, &ret->stack) < 0)
		ret->stack = 0;
	return 0;
}

int process_read_stat(struct rootfs *fs, pid_t pid, struct process_stat *ret)
{
	char path[64], buf[1024];
	struct kfile once = KFILE_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/stat", (int)pid);
	ssize_t n = kfile_read(fs, &once, path, buf, sizeof(buf));
	kfile_close(fs, &once);
	return n < 0 ? (int)n : process_parse_stat(buf, (size_t)n, ret);
}

static char *read_link(struct rootfs *fs, int own, pid_t pid, const char *name)
{
	struct strbuf sb = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/%s", (int)pid, name);
	if (rootfs_readlink_in(fs, own, path, &sb) == 0)
		return strbuf_detach(&sb);
	strbuf_release(&sb);
	return NULL;
}

/* One block of text, cut at its NULs; argv[0] owns it. */
static void split_argv(struct process *p, char *text, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\0';
	if (len && text[len - 1] != '\0')
		n++;
	if (n > ARGC_MAX) {
		n = ARGC_MAX;
		p->cmdline_cut = true;
	}
	p->argv = xcalloc(n + 1, sizeof(*p->argv));
	p->argc = n;
	for (size_t i = 0, at = 0; i < n; i++) {
		p->argv[i] = text + at;
		at += strlen(text + at) + 1;
	}
	if (!n)
		free(text);
}

static int read_argv(struct rootfs *fs, int own, struct process *p)
{
	struct strbuf sb = STRBUF_INIT;
	char path[64];
	(void)snprintf(path, sizeof(path), "proc/%d/cmdline", (int)p->pid);
	ssize_t n = rootfs_read_in(fs, own, path, CMDLINE_MAX, &sb);
	p->cmdline_cut = n == -EFBIG;
	if (n == -ENOENT || n == -ESRCH) {
		strbuf_release(&sb);
		return (int)n;
	}
	size_t len = n < 0 && n != -EFBIG ? 0 : sb.len;
	split_argv(p, strbuf_detach(&sb), len < CMDLINE_MAX ? len : CMDLINE_MAX);
	return 0;
}

struct process_later {
	struct rootfs *fs;
	bool asked, failed;
	struct process p; /* all of it; nothing of one that has gone */
};

static const struct process *all_of(const struct process *p)
{
	struct process_later *l = p->later;
	if (!l)
		return p;
	if (l->asked)
		return &l->p;
	int r = process_read(l->fs, p->pid, &l->p);
	if (r == 0 && l->p.stat.start_ticks != p->stat.start_ticks)
		process_release(&l->p); /* the pid was handed on */
	l->failed = r == -EMFILE || r == -ENFILE || r == -ENOMEM;
	l->asked = true;
	return &l->p;
}

bool process_failed(const struct process *p)
{
	return p->later && p->later->failed;
}

const char *process_exe(const struct process *p)
{
	return all_of(p)->exe;
}

size_t process_argc(const struct process *p)
{
	return all_of(p)->argc;
}

const char *process_arg(const struct process *p, size_t i)
{
	const struct process *has = all_of(p);
	return i < has->argc ? has->argv[i] : NULL;
}

bool process_cut(const struct process *p)
{
	return all_of(p)->cmdline_cut;
}

static int open_own(struct rootfs *fs, pid_t pid)
{
	char path[32];
	(void)snprintf(path, sizeof(path), "proc/%d", (int)pid);
	return rootfs_openat(fs, path, O_PATH | O_DIRECTORY);
}

struct process process_known(struct rootfs *fs, pid_t pid, const struct process_stat *stat, const char *program)
{
	struct process_later *l = xcalloc(1, sizeof(*l));
	l->fs = fs;
	return (struct process){.pid = pid, .stat = *stat, .exe = xstrdup(program), .later = l};
}

int process_read(struct rootfs *fs, pid_t pid, struct process *ret)
{
	struct process p = {.pid = pid};
	cleanup_close int own = open_own(fs, pid);
	int r = own < 0 ? own : process_read_stat(fs, pid, &p.stat);
	if (r < 0)
		return r;
	p.exe = read_link(fs, own, pid, "exe");
	r = read_argv(fs, own, &p);
	/* All of it is of one process only if the pid was not handed on meanwhile: then the one before is still there.
	 */
	if (r == 0 && faccessat(own, "stat", F_OK, 0) < 0)
		r = -ESRCH;
	if (r < 0) {
		process_release(&p);
		return r;
	}
	*ret = p;
	return 0;
}

void process_release(struct process *p)
{
	if (p->later) {
		process_release(&p->later->p);
		free(p->later);
	}
	free(p->exe);
	if (p->argv)
		free(p->argv[0]);
	free(p->argv);
	*p = (struct process){0};
}

static const char *bare(const char *option)
{
	if (*option != '-')
		return NULL;
	return option + (option[1] == '-' ? 2 : 1);
}

const char *process_option(const struct process *p, const char *option)
{
	const char *want = bare(option), *have;
	if (!want)
		want = option;
	const struct process *has = all_of(p);
	for (size_t i = 1; i + 1 < has->argc; i++) {
		have = bare(has->argv[i]);
		if (have && strcmp(have, want) == 0)
			return has->argv[i + 1];
	}
	return NULL;
}

int64_t process_started(const struct process_stat *st, struct rootfs_time now)
{
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ticks = hz > 0 ? (uint64_t)hz : 100;
	uint64_t sec = st->start_ticks / ticks, rest = st->start_ticks % ticks;
	/* Beyond what 63 bits of microseconds hold nothing can have started. */
	if (sec > INT64_MAX / 4000000)
		return 0;
	return now.real_usec - (now.boot_usec - (int64_t)(sec * 1000000 + rest * 1000000 / ticks));
}

const char *process_long_option(const struct process *p, const char *option)
{
	size_t n = strlen(option);
	const struct process *has = all_of(p);
	for (size_t i = 1; i < has->argc; i++) {
		const char *arg = has->argv[i];
		if (strncmp(arg, option, n) != 0)
			continue;
		if (arg[n] == '=')
			return arg + n + 1;
		if (!arg[n] && i + 1 < has->argc)
			return has->argv[i + 1];
	}
	return NULL;
}
