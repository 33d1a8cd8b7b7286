/*
 * Where things go on the screen: a pure function of its size, the number of rows and the list in focus.
 * Rectangles lie inside the screen and never overlap (the lists lie in the body); one without height or width is not
 * drawn.
 */
#ifndef VCTOP_VIEW_LAYOUT_H
#define VCTOP_VIEW_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "vctop/model/instance.h"
#include "vctop/view/canvas.h"

#define LAYOUT_COLUMNS_MIN 40
#define LAYOUT_ROWS_MIN 10
#define LAYOUT_COLUMNS_WIDE 150  /* from here containers and VMs stand side by side */
#define LAYOUT_COLUMNS_THREE 225 /* from here the host's own beside them */

struct layout_wish {
	size_t counts[INSTANCE_LIST_MAX]; /* rows of each list */
	bool services;                    /* the third list too */
	bool band;                        /* the host above */
	enum instance_kind focus;
};

struct layout {
	bool too_small; /* only `title` is set */
	bool wide;
	struct rect title, cpu, memory; /* the host; a resource has one line or two */
	struct rect body;               /* all that is between */
	struct rect list[INSTANCE_LIST_MAX];
	struct rect status, footer;
};

struct layout layout_compute(int columns, int rows, const struct layout_wish *w);

#endif
