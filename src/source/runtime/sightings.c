/* Containers that a process tells of: found once, when the process is new; checked at each refresh. */
#include <stdlib.h>
#include <string.h>

#include "source/runtime/runtime.h"
#include "vctop/base/parse.h"

#define MAX_SIGHTINGS 4096

static void sighting_free(struct sighting *s)
{
	free(s->id);
	free(s->name);
	free(s->group);
	free(s->root);
	free(s);
}

void facts_sight(struct facts_table *t, const struct runtime_ops *rt, const struct process *monitor, pid_t init,
                 char *id, char *name, char *root)
{
	char key[16];
	struct strbuf group = STRBUF_INIT;
	(void)snprintf(key, sizeof(key), "%d", (int)monitor->pid);
	struct sighting *s = xcalloc(1, sizeof(*s));
	*s = (struct sighting){.runtime = rt,
	                       .monitor = monitor->stat,
	                       .monitor_pid = monitor->pid,
	                       .init_pid = init,
	                       .id = id,
	                       .name = name,
	                       .root = root};
	struct sighting *old = map_remove(&t->sightings, key);
	bool same = old && old->init_pid == init && old->monitor.start_ticks == monitor->stat.start_ticks &&
	            strcmp(old->name, name) == 0;
	if (old)
		sighting_free(old);
	if (t->sightings.live >= MAX_SIGHTINGS || process_read_stat(t->fs, init, &s->init) < 0) {
		sighting_free(s);
		return;
	}
	if (t->cgroups && cgroup_of_pid(t->cgroups, init, &group) == 0)
		s->group = strbuf_detach(&group);
	strbuf_release(&group);
	map_put(&t->sightings, key, s);
	t->due = t->due || !same;
}

/* Files may know it already: then only what the processes show is added. */
static void put(struct facts_table *t, const struct sighting *s, const char *no_group)
{
	struct facts *f = facts_get(t, s->runtime, s->id);
	if (f && f->pid == s->init_pid && f->pid_start == s->init.start_ticks) {
		f->seen = t->refresh;
		return;
	}
	if (!f) {
		f = facts_put(t, s->id, s->runtime);
		facts_set(&f->name, s->name);
		cleanup_free char *from = xasprintf("proc/%d/cmdline", (int)s->monitor_pid);
		facts_set(&f->from, from);
		f->group_only = true;
		facts_label(f, "root", s->root);
	}
	kfile_close(t->fs, &f->pid_stat);
	f->pid = s->init_pid;
	f->pid_start = s->init.start_ticks;
	f->no_group = no_group;
	f->seen = t->refresh;
	free(f->group);
	f->group = s->group ? xstrdup(s->group) : NULL;
	size_t n = s->group ? strlen(s->group) : 0;
	if (n > 8 && strcmp(s->group + n - 8, "/payload") == 0)
		facts_set_cgroup(t, f, s->group); /* nspawn's, in a unit that was delegated to it */
}

void facts_put_sightings(struct facts_table *t, const struct runtime_ops *rt, const char *no_group)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&t->sightings, &it, &key, &v);) {
		struct sighting *s = v;
		struct process_stat now;
		if (s->runtime != rt)
			continue;
		if (process_read_stat(t->fs, s->monitor_pid, &now) < 0 || now.start_ticks != s->monitor.start_ticks)
			sighting_free(map_remove(&t->sightings, key));
		else
			put(t, s, no_group);
	}
}

void facts_forget_sightings(struct facts_table *t)
{
	void *v;
	for (size_t it = 0; map_next(&t->sightings, &it, NULL, &v);)
		sighting_free(v);
	map_release(&t->sightings);
}

pid_t facts_first_child(struct facts_table *t, pid_t pid)
{
	char path[64];
	const char *w;
	size_t n;
	pid_t child;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	(void)snprintf(path, sizeof(path), "proc/%d/task/%d/children", (int)pid, (int)pid);
	if (rootfs_read(t->fs, path, 65536, &text) <= 0 || !parse_word(text.buf, text.len, 0, &w, &n) ||
	    parse_pid(w, n, &child) < 0)
		return 0;
	return child;
}
