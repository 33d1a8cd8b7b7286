/* The rates of tasks: as of instances, between two readings of the same one. Busiest first. */
#include <stdlib.h>
#include <string.h>

#include "derive/rates.h"
#include "vctop/derive/derive.h"

static double value(struct metric m)
{
	return metric_is_ok(m) ? m.v : -1;
}

/* The same task, not another that has its number now. */
static struct metric ran_before(const struct task_list *prev, const struct task *cur)
{
	for (size_t i = 0; prev && i < prev->v.n; i++)
		if (prev->v.v[i].tid == cur->tid && prev->v.v[i].start_ticks == cur->start_ticks)
			return prev->v.v[i].cpu_usec;
	return (struct metric){0};
}

/* A clock tick too much in a short time is no second core. */
static struct metric cores_of(const struct task_list *prev, const struct task *cur, double usec, struct metric online)
{
	struct metric cores = rate_between(ran_before(prev, cur), cur->cpu_usec, usec, 1);
	double most = cur->role == TASK_PROCESS ? value(online) : 1;
	return most >= 1 ? rate_capped(cores, most) : cores;
}

/* The most CPU, then the most memory; what is not known comes last. */
static int by_use(const void *a, const void *b)
{
	const struct task_use *x = a, *y = b;
	double cores = value(y->cores) - value(x->cores),
	       bytes = value(y->task->resident_bytes) - value(x->task->resident_bytes);
	if (cores > 0 || cores < 0)
		return cores > 0 ? 1 : -1;
	if (bytes > 0 || bytes < 0)
		return bytes > 0 ? 1 : -1;
	return (x->task->tid > y->task->tid) - (x->task->tid < y->task->tid);
}

void tasks_fill(const struct snapshot *prev, const struct snapshot *cur, struct frame *ret)
{
	const struct task_list *list = &cur->tasks, *before = prev ? &prev->tasks : NULL;
	bool same = before && before->of && list->of && strcmp(before->of, list->of) == 0;
	double usec = same ? (double)(list->mono_usec - before->mono_usec) : 0;
	ret->tasks.n = 0;
	for (size_t i = 0; i < list->v.n; i++) {
		struct task_use use = {&list->v.v[i],
		                       cores_of(same ? before : NULL, &list->v.v[i], usec, cur->host.online_cpus)};
		vec_push(&ret->tasks, use);
	}
	if (ret->tasks.n)
		qsort(ret->tasks.v, ret->tasks.n, sizeof(*ret->tasks.v), by_use);
}
