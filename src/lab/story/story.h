/*
 * A story under way: what it tells is what it does.  A command is told as a person would type it and then run from the
 * same text; with dry_run it is only told.  All a story makes carries its name (source/launched.h), and its entry in
 * the register is there first.
 */
#ifndef LAB_STORY_STORY_H
#define LAB_STORY_STORY_H

#include <stdint.h>

#include "lab/register.h"
#include "vctop/base/strbuf.h"
#include "vctop/lab/teller.h"

struct story {
	const struct teller *t;
	struct reg reg;
	char name[48];    /* "lifecycle-1" */
	char dir[96];     /* its data: /var/tmp/vctop-NAME */
	char run[224];    /* its sockets and states: /run/vctop/st-NAME */
	char group[64];   /* its cgroup: /vctop/st-NAME */
	char helpers[64]; /* the leaf of what it starts itself */
	unsigned step;
	bool begun;
};

/* A program of the story that runs on: known by pid and start. */
struct story_process {
	pid_t pid;
	uint64_t start;
};

/* Cleans up after others, finds a name ("title-1"), makes it known, then directories and cgroup. Needs root. */
int story_begin(struct story *s, const char *title, const struct teller *t, struct error *err);
/* Removes all of it, whatever happened; r is what the story came to, and is returned. */
int story_end(struct story *s, int r, struct error *err);

/* "3. text" */
void story_step(struct story *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
void story_saw(const struct story *s, const char *fmt, ...) ATTR_PRINTF(2, 3);
void story_warn(const struct story *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* A command as it is told: with $D and $R for the story's directories. */
void story_tell_command(const struct story *s, const char *fmt, ...) ATTR_PRINTF(2, 3);

/* 0; -EINTR: cancelled; -ECANCELED: `sample stop` does not want it any more.  Both end the story (story_over). */
int story_check(const struct story *s, struct error *err);
bool story_over(int r);
/* Waits, and checks meanwhile. A dry run does not wait. */
int story_nap(const struct story *s, unsigned msec, struct error *err);

struct story_command {
	struct strbuf out; /* what it printed */
	double sec;        /* how long it took */
};
#define STORY_COMMAND_INIT                                                                                             \
	{                                                                                                              \
		.out = STRBUF_INIT                                                                                     \
	}
#define cleanup_story_command cleanup(story_command_release)
void story_command_release(struct story_command *c);

/*
 * Tells and runs; words are separated by single blanks and hold none.  ret may be NULL.  -EIO: it failed, and err has
 * the first line of what it said.
 */
int story_run(const struct story *s, struct story_command *ret, struct error *err, const char *fmt, ...)
        ATTR_PRINTF(4, 5);
/* The same for a question that is no part of the story: not told. */
int story_ask(const struct story *s, struct story_command *ret, struct error *err, const char *fmt, ...)
        ATTR_PRINTF(4, 5);
/* Tells and starts a program that runs on, in the story's cgroup, its output in RUN/NAME.log. */
int story_start(const struct story *s, const char *name, struct story_process *ret, struct error *err, const char *fmt,
                ...) ATTR_PRINTF(5, 6);
struct story_process story_process_of(const char *pidfile); /* pid 0: none */
bool story_runs(const struct story_process *p);
/* Tells it as `command` would be typed, and kills; waits until it is gone. */
int story_kill(const struct story *s, struct story_process *p, const char *command, struct error *err);
/* The last line of RUN/NAME.log, in buf. */
const char *story_log(const struct story *s, const char *name, char *buf, size_t size);

/* Tells and does: a variable of all programs from now on; a file of text below the story's directories. */
void story_export(const struct story *s, const char *variable, const char *fmt, ...) ATTR_PRINTF(3, 4);
int story_write(const struct story *s, const char *path, const char *text, struct error *err);

#endif
