/* The table of a comparison: figures down, measured subjects across; every form lays out these cells. */
#ifndef VIEW_COMPARISON_GRID_H
#define VIEW_COMPARISON_GRID_H

#include "view/comparison/words.h"

enum grid_kind {
	GRID_GROUP,  /* a heading; says at each subject whether the speeds below it are emulated */
	GRID_FIGURE, /* "1.24s ±3%"; "- [1]": not there, for the first of the reasons */
	GRID_PHASE,  /* of the start: a part of the figure above */
	GRID_RATIO   /* of the figure above, to the plain process */
};
struct grid_line {
	enum grid_kind kind;
	enum figure figure; /* of a group: its first */
	const char *title;  /* borrowed from the comparison */
};
struct grid {
	VEC(struct grid_line) lines;
	VEC(const struct subject *) subjects;
	VEC(char *) cells; /* line by line */
	name_vec reasons;  /* of missing numbers, each once */
};

/* ranges: "1.24s ±3% 1.21s..1.29s". Borrows c. */
void grid_make(struct grid *ret, const struct comparison *c, bool ranges, bool ascii);
const char *grid_cell(const struct grid *g, size_t line, size_t subject);
void grid_release(struct grid *g);

#endif
