/* The processes of one container, or the threads of one VM: read only while somebody looks at them. */
#ifndef SOURCE_TASKS_H
#define SOURCE_TASKS_H

#include "source/live.h"

/* Fills t->snap->tasks with those of the instance `id`, which is in the snapshot or has gone. */
void tasks_collect(const struct tick *t, const struct containers *c, const struct vms *v, const char *id);

#endif
