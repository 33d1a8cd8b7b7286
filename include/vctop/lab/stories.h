/*
 * Stories for a class: told step by step while they happen, on parts of their own (own daemons, stores, directories).
 * Everything is in the register before it exists (kind "story"): samples_clean removes it also after a crash.
 *
 * All take root, return 0 or -errno with err filled, and have then removed what they made: -EINTR cancelled,
 * -ECANCELED `sample stop` asked for the end, -EPERM not root.  What one engine cannot do is told (TELL_WARN) and kept
 * in the result as `skipped`, and the story goes on.  A dry run tells steps and commands and does nothing; the result
 * is then empty.  ret is cleared first and owned by the caller.
 */
#ifndef VCTOP_LAB_STORIES_H
#define VCTOP_LAB_STORIES_H

#include <stdbool.h>
#include <stdint.h>

#include "vctop/base/error.h"
#include "vctop/lab/teller.h"
#include "vctop/model/metric.h"

/* ---- daemon-down (lab/daemon_down.c): what a daemon's death does to its containers ---- */

enum { STORY_DOCKER, STORY_DOCKER_RESTORE, STORY_PODMAN, STORY_DAEMONS };

struct daemon_death {
	const char *title;  /* "dockerd", "dockerd --live-restore", "podman" */
	const char *killed; /* "dockerd", "conmon" */
	char skipped[512];  /* why there is nothing to tell; "" there is */
	unsigned containers;
	char said[16];          /* what vctop said before, of survival: "yes", "no", "configured", "unknown" */
	char evidence[320];     /* from what */
	unsigned survived;      /* processes that ran on, by pid and start time */
	bool answers;           /* did its command line work while the daemon was gone */
	char answer[512];       /* what it said */
	struct metric back_sec; /* until the new daemon answered; none for podman */
	struct metric kept;     /* containers that are still the same processes after it */
	char after[512];        /* what became of them */
};
struct daemon_down {
	struct daemon_death death[STORY_DAEMONS];
};
int daemon_down_run(const struct teller *t, struct daemon_down *ret, struct error *err);

#endif
