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
#include "vctop/base/vec.h"
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

/* ---- lifecycle (lab/lifecycle.c): from a Dockerfile to a container on another machine ---- */

enum life_step { LIFE_BUILD, LIFE_RUN, LIFE_PUSH, LIFE_PULL, LIFE_RUN_ELSEWHERE, LIFE_STEPS };
const char *life_step_name(enum life_step s); /* "build", "run", "push", "pull", "run_elsewhere" */

struct life_layer {
	char *made_by;                /* the instruction, cleaned: "COPY file:... in /init" */
	bool empty;                   /* only the configuration changed */
	struct metric shipped_bytes;  /* compressed, as the registry has it */
	struct metric unpacked_bytes; /* on the machine that pulled it */
};
typedef VEC(struct life_layer) life_layer_vec;

enum { LIFE_PODMAN, LIFE_BUILDAH, LIFE_DOCKER, LIFE_BUILDERS };
struct life_builder {
	const char *id;    /* "podman", "buildah", "docker" */
	char version[96];  /* what it says of itself; "" not asked */
	char skipped[512]; /* why it is left out, or where it stopped; "" all done */
	struct metric sec[LIFE_STEPS];
	struct metric bytes[LIFE_STEPS]; /* disk that the step took: store, registry, the other machine's store */
	life_layer_vec layers;
};
/* Does the image of one builder run there? */
struct life_run {
	const char *from, *on; /* builder's id; "podman", "docker", "runc", "crun" */
	bool ok;
	char why[512]; /* why not */
	double sec;
};
struct lifecycle {
	char registry[160]; /* "docker-registry on 127.0.0.1:34567", or "an OCI layout directory" */
	bool has_registry;
	double context_bytes; /* Dockerfile and what it copies */
	struct life_builder builder[LIFE_BUILDERS];
	VEC(struct life_run) runs;
};
int lifecycle_run(const struct teller *t, struct lifecycle *ret, struct error *err);
void lifecycle_release(struct lifecycle *l);

/* ---- waste (lab/waste.c): four teams share this machine by VMs, then by containers ---- */

#define WASTE_TEAMS 4
struct waste_options {
	uint64_t memory; /* bytes for the four together; 0: half of what is available, at most 32 GiB */
};
struct waste_team {
	char name[48];
	struct metric given_bytes, used_bytes, held_bytes, overhead_bytes, used_cores;
	char verdict[32], reason[320]; /* vctop's, so far */
};
enum { WASTE_VMS, WASTE_CONTAINERS, WASTE_MODELS };
struct waste_model {
	const char *kind;  /* "vm", "container" */
	char backend[24];  /* what they ran on */
	char skipped[512]; /* why it was not measured; "" it was */
	struct waste_team team[WASTE_TEAMS];
	/* Sums over the teams; the last three of the budget. */
	struct metric given_bytes, used_bytes, held_bytes, overhead_bytes, slack_bytes, used_cores;
	struct metric unallocated_bytes; /* promised to nobody */
	struct metric unheld_bytes;      /* neither held nor overhead: there all the same */
	struct metric next_bytes;        /* what one more team could get: VMs: unallocated; containers: unheld */
};
struct waste {
	uint64_t total_bytes, team_bytes, work_bytes; /* work: what the one busy team needs, 40 % of its own */
	double total_cores, team_cores;
	struct waste_model model[WASTE_MODELS];
};
int waste_run(const struct waste_options *o, const struct teller *t, struct waste *ret, struct error *err);

#endif
