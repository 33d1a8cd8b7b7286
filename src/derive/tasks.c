/* The rates of tasks: as of instances, between two readings of the same one. Busiest first. */
#include <stdlib.h>
#include <string.h>

#include "vctop/derive/derive.h"

static double value(struct metric m)
{
	return metric_is_ok(m) ? m.v : -1;
}

/* A clock tick too much in a short time is no second core. */
static struct metric rate(const struct task *t, double ran_usec, double usec, struct metric online)
{
	double cores = ran_usec / usec, most = t->role == TASK_PROCESS ? value(online) : 1;
	return metric_ok(most >= 1 && cores > most ? most : cores);
}

static struct metric cores_of(const struct task_list *prev, const struct task *cur, double usec, struct metric online)
{
	if (!metric_is_ok(cur->cpu_usec))
		return cur->cpu_usec;
	for (size_t i = 0; prev && i < prev->v.n; i++) {
		const struct task *p = &prev->v.v[i];
		if (p->tid != cur->tid)
			continue;
		if (p->start_ticks != cur->start_ticks || !metric_is_ok(p->cpu_usec) || usec <= 0)
			break;
		if (cur->cpu_usec.v < p->cpu_usec.v)
			return metric_none(METRIC_RESET, "the counter went back");
		return rate(cur, cur->cpu_usec.v - p->cpu_usec.v, usec, online);
	}
	return metric_none(METRIC_FIRST, "no earlier sample");
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
