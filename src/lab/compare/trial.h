/* One trial: one subject of the comparison started once, measured from all sides, and removed. */
#ifndef LAB_COMPARE_TRIAL_H
#define LAB_COMPARE_TRIAL_H

#include "lab/lab.h"
#include "vctop/lab/compare.h"

/* What is measured, as in the table of `vctop compare`. */
struct candidate {
	const char *id, *kind, *backend;
	const char *program; /* asked for its version; NULL none */
	const char *title;   /* "%s": the version */
};

struct phase {
	const char *name;
	double sec;
};
#define TRIAL_PHASES 3

struct trial {
	/* Given. */
	const struct candidate *c;
	const struct teller *t;
	struct sample_options o;
	uint64_t load_bytes;
	const char *disk;          /* a VM that boots this disk: measured from outside alone; NULL */
	double base_work;          /* of the plain process in this round; 0 unknown */
	double available;          /* bytes of memory on this host */
	const char *no_checkpoint; /* why the memory of a process cannot be saved */
	unsigned run, runs;        /* from 0; facts and disk in the first, free page reporting in the first two */
	/* Found. */
	bool has[FIGURE_MAX];
	double value[FIGURE_MAX];
	char *why[FIGURE_MAX]; /* heap: why not; NULL it was not come to */
	struct phase phase[TRIAL_PHASES];
	unsigned phases;
	double work; /* rounds/s */
	char backend[24], detail[256];
	VEC(struct comparison_fact) facts;
};

/* -errno: it could not be started (err says why) or was interrupted (-EINTR); nothing of it is left. */
int trial_run(struct trial *t, struct error *err);
/* The same subject a second time, for what free page reporting gives back. */
int trial_reporting(struct trial *t, struct error *err);
void trial_release(struct trial *t);
void trial_progress(const struct trial *t, const char *what);

/* The phases of a start, from clocks of both sides; what contradicts itself is left out.  Pure. */
unsigned trial_phases(const struct launch *ln, double born, struct phase ret[TRIAL_PHASES]);

#endif
