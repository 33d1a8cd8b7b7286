/*
 * The story of four teams: each gets a quarter of a machine, one uses 40 % of its memory, the others next to nothing.
 * First as VMs, then as containers with the same work.  Its parts are samples that end with this process.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/story/look.h"
#include "lab/story/story.h"
#include "vctop/base/units.h"
#include "vctop/lab/stories.h"
#include "vctop/source/rootfs.h"

#define BUDGET_MAX (32ULL << 30) /* more would only take longer to fill */
#define BUSY_SHARE 0.4
#define WINDOW_MSEC 2000
#define FILL_MSEC 30000 /* an emulated guest touches about 1 GiB a second */
#define FILLED 0.9
#define MIB (1ULL << 20)

struct teams {
	struct story s; /* of steps and commands only: its parts are in the register themselves */
	struct look look;
	struct waste *w;
	char name[24]; /* what the teams' names begin with */
};

static int budget(const struct waste_options *o, struct teams *t, struct error *err)
{
	struct waste *w = t->w;
	char text[16], quarter[16];
	int r = look_again(&t->look, err);
	if (r < 0)
		return r;
	const struct host_frame *h = &t->look.frame->host;
	double free = metric_is_ok(h->available_bytes) ? h->available_bytes.v : 0;
	double cores = metric_is_ok(h->capacity_cores) ? h->capacity_cores.v : (double)sysconf(_SC_NPROCESSORS_ONLN);
	w->total_bytes = o->memory ? o->memory : (uint64_t)fmin(free / 2, (double)BUDGET_MAX);
	w->team_bytes = w->total_bytes / WASTE_TEAMS / MIB * MIB;
	w->total_bytes = w->team_bytes * WASTE_TEAMS;
	w->work_bytes = (uint64_t)((double)w->team_bytes * BUSY_SHARE) / MIB * MIB;
	w->total_cores = cores;
	w->team_cores = cores / WASTE_TEAMS;
	if (w->team_bytes < VM_DEFAULT_MEMORY)
		return error_set(err, EINVAL, "four teams need at least %lluM each, %lluM together",
		                 VM_DEFAULT_MEMORY / MIB, WASTE_TEAMS * VM_DEFAULT_MEMORY / MIB);
	if ((double)w->total_bytes > free * 0.8)
		return error_set(err, ENOMEM, "%s for four teams would bring this host to its limits: %s are available",
		                 units_bytes(text, sizeof(text), (double)w->total_bytes),
		                 units_bytes(quarter, sizeof(quarter), free));
	story_saw(&t->s, "the four share %s of memory%s and %.3g cores: %s and %.3g cores each",
	          units_bytes(text, sizeof(text), (double)w->total_bytes),
	          o->memory ? "" : ", half of what is available here, so that the host stays well", cores,
	          units_bytes(quarter, sizeof(quarter), (double)w->team_bytes), w->team_cores);
	return 0;
}

/* "team", unless another is telling this story here. */
static int find_name(struct teams *t, struct error *err)
{
	launched_vec all = {0};
	int r = samples_list(&all, err);
	(void)snprintf(t->name, sizeof(t->name), "team");
	for (size_t i = 0; i < all.n; i++)
		if (strncmp(all.v[i].name, "team-", 5) == 0)
			(void)snprintf(t->name, sizeof(t->name), "team-%d", (int)getpid());
	launched_release(&all);
	return r;
}

static void name_team(const struct teams *t, char ret[48], const char *kind, size_t i)
{
	(void)snprintf(ret, 48, "%s-%zu-%s", t->name, i + 1, kind);
}

static int start_team(struct teams *t, struct waste_model *m, size_t i, struct error *err)
{
	const struct waste *w = t->w;
	struct sample_result res;
	struct waste_team *team = &m->team[i];
	name_team(t, team->name, m->kind, i);
	const struct sample_options o = {
	        .kind = m->kind,
	        .name = team->name,
	        .workload = i == 0 ? "memory" : "idle",
	        .backend = i == 0 ? NULL : m->backend, /* what works here is known by now */
	        .cpus = w->team_cores,
	        .memory = w->team_bytes,
	        .bytes = i == 0 ? w->work_bytes : 0,
	        .owner = getpid(),
	        .cancel = t->s.t->cancel,
	};
	cleanup_free char *work =
	        i == 0 ? xasprintf("memory --bytes %lluM", (unsigned long long)(o.bytes / MIB)) : xstrdup("idle");
	teller_say(t->s.t, TELL_COMMAND, "vctop sample start %s --name %s --cpus %.3g --memory %lluM --workload %s",
	           o.kind, o.name, o.cpus, (unsigned long long)(o.memory / MIB), work);
	if (t->s.t->dry_run)
		return 0;
	int r = sample_start(&o, &res, err);
	if (r < 0)
		return r;
	(void)snprintf(m->backend, sizeof(m->backend), "%s", res.backend);
	story_saw(&t->s, "ready after %.2f s, %s%s%s", res.ready_sec, res.backend, res.detail[0] ? ": " : "",
	          res.detail);
	return 0;
}

/* Until the busy one holds what its work needs. */
static int await_work(struct teams *t, const struct waste_model *m, struct error *err)
{
	for (unsigned waited = 0; !t->s.t->dry_run && waited < FILL_MSEC; waited += 500) {
		int r = look_again(&t->look, err);
		if (r < 0)
			return r;
		const struct row *row = look_sample(&t->look, m->team[0].name);
		if (row && metric_is_ok(row->sample->mem.held_bytes) &&
		    row->sample->mem.held_bytes.v >= FILLED * (double)t->w->work_bytes)
			return 0;
		r = story_nap(&t->s, 500, err);
		if (r < 0)
			return r;
	}
	if (!t->s.t->dry_run)
		story_warn(&t->s, "the busy team does not hold its 40 %% after %d s", FILL_MSEC / 1000);
	return 0;
}

static void take(struct waste_team *team, const struct row *row)
{
	team->given_bytes = row->sample->mem.allocated.amount;
	team->used_bytes = row->sample->mem.used_bytes;
	team->held_bytes = row->sample->mem.held_bytes;
	team->overhead_bytes = row->sample->mem.overhead_bytes;
	team->used_cores = row->cpu_used_cores;
	(void)snprintf(team->verdict, sizeof(team->verdict), "%s", verdict_state_name(row->verdict.state));
	(void)snprintf(team->reason, sizeof(team->reason), "%s", row->verdict.reason ? row->verdict.reason : "");
}

static void add_up(const struct waste *w, struct waste_model *m)
{
	const struct metric total = metric_ok((double)w->total_bytes);
	m->given_bytes = m->used_bytes = m->held_bytes = m->overhead_bytes = m->used_cores = metric_ok(0);
	for (size_t i = 0; i < WASTE_TEAMS; i++) {
		const struct waste_team *team = &m->team[i];
		m->given_bytes = metric_add(m->given_bytes, team->given_bytes);
		m->used_bytes = metric_add(m->used_bytes, team->used_bytes);
		m->held_bytes = metric_add(m->held_bytes, team->held_bytes);
		m->used_cores = metric_add(m->used_cores, team->used_cores);
		if (metric_is_ok(team->overhead_bytes)) /* a builtin container has no helper */
			m->overhead_bytes = metric_add(m->overhead_bytes, team->overhead_bytes);
	}
	m->slack_bytes = metric_sub_floor0(m->given_bytes, m->used_bytes);
	m->unallocated_bytes = metric_sub_floor0(total, m->given_bytes);
	m->unheld_bytes = metric_sub_floor0(total, metric_add(m->held_bytes, m->overhead_bytes));
	m->next_bytes = strcmp(m->kind, "vm") == 0 ? m->unallocated_bytes : m->unheld_bytes;
}

static int measure(struct teams *t, struct waste_model *m, struct error *err)
{
	int r = await_work(t, m, err);
	teller_say(t->s.t, TELL_COMMAND, "vctop -b -f %s- -d 2", t->name);
	if (r == 0 && !t->s.t->dry_run)
		r = look_again(&t->look, err);
	if (r == 0)
		r = story_nap(&t->s, WINDOW_MSEC, err);
	if (r < 0 || t->s.t->dry_run)
		return r;
	r = look_again(&t->look, err);
	for (size_t i = 0; r == 0 && i < WASTE_TEAMS; i++) {
		const struct row *row = look_sample(&t->look, m->team[i].name);
		if (!row)
			return error_set(err, ESRCH, "%s: ended before it was measured", m->team[i].name);
		take(&m->team[i], row);
	}
	if (r == 0)
		add_up(t->w, m);
	return r;
}

static const char *amount(struct metric m, char buf[16])
{
	return metric_is_ok(m) ? units_bytes(buf, 16, m.v) : metric_state_glyph(m.st, false);
}

static void tell_teams(const struct teams *t, const struct waste_model *m)
{
	char given[16], used[16], held[16], cores[16];
	for (size_t i = 0; !t->s.t->dry_run && i < WASTE_TEAMS; i++) {
		const struct waste_team *team = &m->team[i];
		(void)snprintf(cores, sizeof(cores), "%.2f", metric_is_ok(team->used_cores) ? team->used_cores.v : 0);
		story_saw(&t->s, "%s: given %s, uses %s, holds %s, %s cores", team->name,
		          amount(team->given_bytes, given), amount(team->used_bytes, used),
		          amount(team->held_bytes, held),
		          metric_is_ok(team->used_cores) ? cores : metric_state_glyph(team->used_cores.st, false));
	}
	if (!t->s.t->dry_run)
		story_saw(&t->s, "vctop on an idle one so far: %s (%s)", m->team[1].verdict, m->team[1].reason);
}

static int stop_teams(const struct teams *t, const struct waste_model *m, struct error *err)
{
	cleanup_strbuf struct strbuf names = STRBUF_INIT;
	char name[48];
	int r = 0;
	for (size_t i = 0; i < WASTE_TEAMS; i++) {
		name_team(t, name, m->kind, i);
		strbuf_fmt(&names, " %s", name);
	}
	teller_say(t->s.t, TELL_COMMAND, "vctop sample stop%s", names.buf);
	if (!t->s.t->dry_run)
		r = samples_stop_owned(getpid(), err);
	return r;
}

static int model(struct teams *t, struct waste_model *m, const char *title, struct error *err)
{
	struct error why = {0};
	int r = 0;
	story_step(&t->s, "%s", title);
	for (size_t i = 0; r == 0 && i < WASTE_TEAMS; i++)
		r = start_team(t, m, i, &why);
	if (r == 0) {
		story_step(&t->s, "what was given, what is used, what is held?");
		r = measure(t, m, &why);
	}
	if (r == 0)
		tell_teams(t, m);
	int stopped = stop_teams(t, m, r == 0 ? &why : NULL);
	r = r == 0 ? stopped : r;
	if (story_over(r))
		return error_set(err, -r, "%s", why.what);
	if (r < 0) {
		(void)snprintf(m->skipped, sizeof(m->skipped), "%s", why.what);
		story_warn(&t->s, "left out: %s", m->skipped);
	}
	return 0;
}

int waste_run(const struct waste_options *o, const struct teller *teller, struct waste *ret, struct error *err)
{
	struct teams t = {.s = {.t = teller, .reg = REG_INIT}, .w = ret};
	*ret = (struct waste){.model = {{.kind = "vm"}, {.kind = "container"}}};
	int r = look_open(&t.look, err);
	if (r == 0 && !teller->dry_run)
		r = samples_clean(NULL, err);
	if (r == 0)
		r = find_name(&t, err);
	if (r == 0)
		r = budget(o, &t, err);
	if (r == 0)
		r = model(&t, &ret->model[WASTE_VMS],
		          "four VMs, a quarter each; the first team's work needs 40 % of its share, the others idle",
		          err);
	if (r == 0)
		r = model(&t, &ret->model[WASTE_CONTAINERS],
		          "the same work in four containers: the same limits, but a limit reserves nothing", err);
	look_close(&t.look);
	return r;
}
