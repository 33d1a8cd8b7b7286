#include "lab/story/look.h"

#include <string.h>

#include "vctop/derive/derive.h"

int look_open(struct look *l, struct error *err)
{
	*l = (struct look){.source = source_open_host("/", err)};
	if (!l->source)
		return -err->code;
	l->snap[0] = snapshot_new();
	l->snap[1] = snapshot_new();
	l->frame = frame_new();
	return 0;
}

int look_again(struct look *l, struct error *err)
{
	struct snapshot *fresh = l->snap[1];
	snapshot_clear(fresh);
	int r = l->source->ops->next(l->source, fresh, err);
	if (r < 0)
		return r;
	l->snap[1] = l->snap[0];
	l->snap[0] = fresh;
	frame_derive(l->ticks++ ? l->snap[1] : NULL, fresh, l->frame);
	totals_fill(l->frame);
	return 0;
}

const struct row *look_sample(const struct look *l, const char *sample)
{
	for (size_t i = 0; i < l->frame->rows.n; i++) {
		const struct instance *inst = l->frame->rows.v[i].inst;
		if (inst->state == INSTANCE_RUNNING && inst->sample && strcmp(inst->sample, sample) == 0)
			return &l->frame->rows.v[i];
	}
	return NULL;
}

const struct row *look_below(const struct look *l, const char *cgroup, const char *runtime, const char *name)
{
	size_t n = strlen(cgroup);
	for (size_t i = 0; i < l->frame->rows.n; i++) {
		const struct instance *inst = l->frame->rows.v[i].inst;
		if (inst->state == INSTANCE_RUNNING && inst->cgroup && strncmp(inst->cgroup, cgroup, n) == 0 &&
		    inst->cgroup[n] == '/' && strcmp(inst->runtime, runtime) == 0 && strcmp(inst->name, name) == 0)
			return &l->frame->rows.v[i];
	}
	return NULL;
}

void look_close(struct look *l)
{
	if (!l->source)
		return;
	l->source->ops->close(l->source);
	snapshot_free(l->snap[0]);
	snapshot_free(l->snap[1]);
	frame_free(l->frame);
	*l = (struct look){0};
}
