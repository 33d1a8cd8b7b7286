/*
 * What VMM recognisers and container resolvers learn about a process, read once per (pid, start time).
 * Sources: /proc/PID/{exe,cmdline,stat,cgroup} and, with privilege, the fd links that name KVM.
 */
#ifndef VCTOP_SOURCE_PROCESS_H
#define VCTOP_SOURCE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "vctop/source/rootfs.h"

struct process_stat {
	pid_t ppid, pgrp;
	char comm[64]; /* cleaned */
	char state;
	unsigned threads;
	uint64_t cpu_ticks;   /* utime + stime (guest time is inside utime) */
	uint64_t start_ticks; /* since boot, clock ticks: with the pid, the process's identity */
	uint64_t rss_pages;
	uint64_t stack; /* where its program's stack begins, elsewhere after each exec; 0: not told to us */
};

/* Parses /proc/PID/stat from the last ')'. Pure; -EINVAL malformed. */
int process_parse_stat(const char *buf, size_t len, struct process_stat *ret);
int process_read_stat(struct rootfs *fs, pid_t pid, struct process_stat *ret);

struct process {
	pid_t pid;
	struct process_stat stat;
	char *exe;   /* link text, or only its last part (process_exe() has all); NULL denied or gone */
	char **argv; /* as read: ask process_arg() */
	size_t argc;
	bool cmdline_cut;
	struct process_later *later; /* what is not read until it is asked for; NULL: all was */
	bool no_kvm;                 /* the kernel said that none of KVM's VMs has its memory */
	bool closely; /* seen for the first time, or grown since: worth a look that costs more (proctab.h) */
};

/* Reads all of it. -ESRCH/-ENOENT when the process has gone. */
int process_read(struct rootfs *fs, pid_t pid, struct process *ret);
/* One of which this is known already; its files are read when somebody asks for more. */
struct process process_known(struct rootfs *fs, pid_t pid, const struct process_stat *stat, const char *program);
/* What was asked for could not be read for want of files or memory: another time it can. */
bool process_failed(const struct process *p);
void process_release(struct process *p);
/* Its program and its command line: raw bytes, NOT cleaned; parsers clean what they keep. */
const char *process_exe(const struct process *p); /* link text; NULL denied or gone */
size_t process_argc(const struct process *p);
const char *process_arg(const struct process *p, size_t i); /* NULL from argc on */
bool process_cut(const struct process *p);                  /* longer than is read (1 MiB) */
/* The argument after `option` (also "--option"); NULL none. */
const char *process_option(const struct process *p, const char *option);
/* The value of "--option VALUE" or "--option=VALUE"; NULL none. */
const char *process_long_option(const struct process *p, const char *option);
/* Absolute start time in realtime usec, from start_ticks and the tick's clocks. */
int64_t process_started(const struct process_stat *st, struct rootfs_time now);

#endif
