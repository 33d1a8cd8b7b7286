/* vctop's own view of the host, for a story to compare with what happens: snapshots, rates, verdicts, totals. */
#ifndef LAB_STORY_LOOK_H
#define LAB_STORY_LOOK_H

#include "vctop/model/frame.h"
#include "vctop/source/source.h"

struct look {
	struct source *source;
	struct snapshot *snap[2]; /* [0] the newest */
	struct frame *frame;
	unsigned ticks;
};
#define LOOK_INIT                                                                                                      \
	{                                                                                                              \
		.source = NULL                                                                                         \
	}
#define cleanup_look cleanup(look_close)

int look_open(struct look *l, struct error *err);
/* One tick; l->frame is the newest. */
int look_again(struct look *l, struct error *err);
/* The running instance of a sample; of a runtime below a cgroup, by its name.  NULL not there. */
const struct row *look_sample(const struct look *l, const char *sample);
const struct row *look_below(const struct look *l, const char *cgroup, const char *runtime, const char *name);
void look_close(struct look *l);

#endif
