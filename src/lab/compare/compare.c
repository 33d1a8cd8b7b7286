/* The comparison: which subjects there are, rounds of trials in turn, and what came out of them. */
#include "vctop/lab/compare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lab/compare/criu.h"
#include "lab/compare/tally.h"
#include "lab/compare/trial.h"
#include "lab/tool/spawn.h"
#include "vctop/base/clock.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define DEFAULT_MEMORY (256ULL << 20)
#define DEFAULT_RUNS 5
#define MAX_RUNS 100
#define VM_IMAGE "vm-image" /* of --vm-image: started once, for that takes minutes when it is emulated */
#define REPORTING_RUNS 2    /* a second VM each: it is slow, and hardly varies */

static const struct candidate candidates[] = {
        {"process", "process", "process", NULL, "plain process"},
        {"builtin", "container", "builtin", NULL, "container, vctop's own"},
        {"runc", "container", "runc", "runc", "container, runc %s"},
        {"crun", "container", "crun", "crun", "container, crun %s"},
        {"podman", "container", "podman", "podman", "container, podman %s"},
        {"docker", "container", "docker", "docker", "container, docker %s"},
        {"qemu", "vm", "kvm", "qemu-system-", "VM, QEMU %s"},
        {"microvm", "vm", "microvm", "qemu-system-", "VM, QEMU %s microvm"},
        {VM_IMAGE, "vm", "kvm", "qemu-system-", "VM, QEMU %s, a distribution"},
        {"firecracker", "vm", "firecracker", "firecracker", "VM, Firecracker %s"},
        {"cloud-hypervisor", "vm", "cloud-hypervisor", "cloud-hypervisor", "VM, Cloud Hypervisor %s"},
};

struct contest {
	const struct compare_options *o;
	const struct teller *t;
	struct comparison *c;
	const struct candidate *of[ARRAY_SIZE(candidates)]; /* of subject i */
	struct tally tally[ARRAY_SIZE(candidates)];
	double available;
	char no_checkpoint[200];
};

static bool is_wanted(const char *list, const char *id)
{
	size_t n = strlen(id);
	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == n && strncmp(at, id, n) == 0)
			return true;
	return !list;
}

static int check_subjects(const char *list, struct error *err)
{
	for (const char *at = list; at && *at; at += strcspn(at, ","), at += *at == ',') {
		size_t n = strcspn(at, ","), i = 0;
		while (i < ARRAY_SIZE(candidates) &&
		       (strlen(candidates[i].id) != n || strncmp(candidates[i].id, at, n) != 0))
			i++;
		if (i == ARRAY_SIZE(candidates))
			return error_set(
			        err, EINVAL,
			        "'%.*s': not one of process, builtin, runc, crun, podman, docker, qemu, microvm, "
			        "firecracker, cloud-hypervisor",
			        n > 40 ? 40 : (int)n, at);
	}
	return list && !*list ? error_set(err, EINVAL, "no subjects to compare") : 0;
}

/* "4.3.1" of "podman version 4.3.1", "1.7.0" of "Firecracker v1.7.0"; "" unknown. */
static void version_of(const char *program, char *ret, size_t size)
{
	cleanup_free char *path = strcmp(program, "qemu-system-") == 0 ? qemu_find(NULL) : spawn_find(program);
	struct spawn_result res = {.out = STRBUF_INIT, .err = STRBUF_INIT};
	char *const argv[] = {path, (char[]){"--version"}, NULL};
	const char *word;
	size_t n;
	*ret = '\0';
	if (path && spawn_run(argv, 5000, NULL, &res) == 0)
		for (unsigned i = 0; !*ret && i < 8 && parse_word(res.out.buf, res.out.len, i, &word, &n); i++) {
			word += *word == 'v';
			if (*word >= '0' && *word <= '9')
				(void)snprintf(ret, size, "%.*s",
				               (int)strspn(word, "0123456789.+-~abcdefghijklmnopqrstuvwxyz"), word);
		}
	spawn_result_release(&res);
}

static char *title_of(const struct candidate *c)
{
	char version[40] = "";
	if (!c->program)
		return xstrdup(c->title);
	version_of(c->program, version, sizeof(version));
	const char *at = strchr(c->title, '%');
	char *title = xasprintf("%.*s%s%s", (int)(at - c->title) - !*version, c->title, version, at + 2);
	return text_clean(title, 80);
}

/* Which of its backends works here, in s->skipped why none does. */
static void choose_backend(const struct candidate *c, struct subject *s)
{
	struct error err = {0};
	const struct backend *b = backend_find(c->backend);
	int r = b->check(&err);
	if (r < 0 && b->fallback)
		r = b->fallback->check(&err);
	/* Whoever shows it says the id before it. */
	size_t n = strlen(c->id);
	bool named = strncmp(err.what, c->id, n) == 0 && strncmp(err.what + n, ": ", 2) == 0;
	if (r < 0)
		s->skipped = xstrdup(err.what + (named ? n + 2 : 0));
}

/* These two are in no distribution: not worth a line where they are not installed, unless they were asked for. */
static bool is_worth_a_line(const struct candidate *c, const char *wanted)
{
	bool rare = strcmp(c->id, "firecracker") == 0 || strcmp(c->id, "cloud-hypervisor") == 0;
	cleanup_free char *path = rare && !wanted ? spawn_find(c->program) : NULL;
	return !rare || wanted || path;
}

static void add_subjects(struct contest *k)
{
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		const struct candidate *c = &candidates[i];
		if (strcmp(c->id, VM_IMAGE) == 0 ? !k->o->vm_image : !is_wanted(k->o->subjects, c->id))
			continue;
		if (!is_worth_a_line(c, k->o->subjects))
			continue;
		struct subject s = {.id = xstrdup(c->id), .title = title_of(c), .kind = xstrdup(c->kind)};
		choose_backend(c, &s);
		k->of[k->c->subjects.n] = c;
		vec_push(&k->c->subjects, s);
	}
}

/* ---- the host ---- */

static char *line_of(const char *path, const char *key)
{
	cleanup_file FILE *f = fopen(path, "re");
	char line[256];
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0) {
			const char *at = strchr(line, ':');
			at = at ? at + 1 + strspn(at + 1, " \t") : line;
			char *s = xstrndup(at, strcspn(at, "\n"));
			return text_clean(s, 120);
		}
	return NULL;
}

static uint64_t memory_of(const char *key)
{
	cleanup_free char *text = line_of("/proc/meminfo", key);
	const char *word;
	size_t n;
	uint64_t kb = 0;
	return text && parse_word(text, strlen(text), 0, &word, &n) && parse_u64(word, n, &kb) == 0 ? kb * 1024 : 0;
}

static void describe_host(struct contest *k)
{
	struct comparison *c = k->c;
	struct utsname u;
	c->time_usec = clock_real_usec();
	if (uname(&u) == 0) {
		c->hostname = text_clean(xstrdup(u.nodename), 64);
		c->kernel = text_clean(xstrdup(u.release), 64);
	}
	c->cpu_model = line_of("/proc/cpuinfo", "model name");
	c->capacity_cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
	c->capacity_bytes = memory_of("MemTotal:");
	k->available = (double)memory_of("MemAvailable:");
	c->cpus = k->o->cpus > 0 ? k->o->cpus : 1;
	c->memory = k->o->memory ? k->o->memory : DEFAULT_MEMORY;
	/* A guest's kernel takes its part of a small memory first. */
	c->load_bytes = c->memory >= DEFAULT_MEMORY ? c->memory / 2 : c->memory / 4;
	c->runs = k->o->runs ? k->o->runs : DEFAULT_RUNS;
}

/* ---- trials ---- */

static void prepare(const struct contest *k, size_t i, unsigned run, struct trial *ret)
{
	const struct candidate *c = k->of[i];
	*ret = (struct trial){
	        .c = c,
	        .t = k->t,
	        .o = {.kind = c->kind,
	              .backend = c->backend,
	              .workload = "idle",
	              .cpus = k->c->cpus,
	              .memory = k->c->memory,
	              .owner = getpid(),
	              .cancel = k->t->cancel},
	        .load_bytes = k->c->load_bytes,
	        .disk = strcmp(c->id, VM_IMAGE) == 0 ? k->o->vm_image : NULL,
	        .available = k->available,
	        .no_checkpoint = k->no_checkpoint,
	        .run = run,
	        .runs = k->c->runs,
	};
}

/* What is found once. */
static void take_description(struct subject *s, struct trial *t)
{
	s->emulated |= strstr(t->backend, "tcg") != NULL;
	if (!s->remark && t->detail[0])
		s->remark = text_clean(xstrdup(t->detail), 200);
	if (!s->facts.n && t->facts.n) {
		for (size_t i = 0; i < t->facts.n; i++)
			vec_push(&s->facts, t->facts.v[i]);
		t->facts.n = 0;
	}
}

static int one_trial(struct contest *k, size_t i, unsigned run, double *base_work)
{
	struct subject *s = &k->c->subjects.v[i];
	struct trial t;
	struct error err = {0};
	char name[48];
	prepare(k, i, run, &t);
	(void)snprintf(name, sizeof(name), "compare-%s-%d", t.c->id, (int)getpid());
	t.o.name = name;
	t.base_work = *base_work;
	int r = trial_run(&t, &err);
	if (r == 0 && t.has[FIGURE_BALLOONED_HELD] && run < REPORTING_RUNS && trial_reporting(&t, &err) == -EINTR)
		r = -EINTR;
	if (r == 0 && strcmp(t.c->id, "process") == 0)
		*base_work = t.work;
	if (r < 0 && r != -EINTR) {
		teller_say(k->t, TELL_WARN, "%s", err.what);
		if (!k->tally[i].trials)
			s->skipped = xstrdup(err.what);
	}
	if (r == 0 || r == -EINTR) {
		tally_add(&k->tally[i], &t);
		take_description(s, &t);
	}
	trial_release(&t);
	return r == -EINTR ? r : 0;
}

static int all_rounds(struct contest *k)
{
	for (unsigned run = 0; run < k->c->runs; run++) {
		double base_work = 0;
		for (size_t i = 0; i < k->c->subjects.n; i++) {
			if (k->c->subjects.v[i].skipped || (run > 0 && strcmp(k->of[i]->id, VM_IMAGE) == 0))
				continue;
			int r = one_trial(k, i, run, &base_work);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* What a person could type for the same. */
static void find_commands(const struct contest *k, size_t i)
{
	struct subject *s = &k->c->subjects.v[i];
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	const struct backend *b = backend_find(k->of[i]->backend);
	bool is_image = strcmp(s->id, VM_IMAGE) == 0;
	if (b->fallback && (kvm_is_silent(NULL, 0) || b->check(NULL) < 0))
		b = b->fallback;
	struct launch ln = {.l = {.name = xasprintf("compare-%s", s->id),
	                          .kind = xstrdup(s->kind),
	                          .backend = xstrdup(b->name),
	                          .workload = xstrdup("idle"),
	                          .cpus = k->c->cpus,
	                          .memory = k->c->memory},
	                    .load_bytes = k->c->load_bytes,
	                    .balloon = !is_image && vm_can_balloon(b->name) ? BALLOON_PLAIN : BALLOON_NONE,
	                    .disk = is_image ? k->o->vm_image : NULL,
	                    .monitor = true,
	                    .reg = REG_INIT};
	const char *line, *cursor;
	size_t n;
	sample_leaf(s->kind, ln.l.name, ln.leaf);
	b->acts->commands(&ln, &sb);
	cursor = sb.buf;
	while (parse_line(&cursor, sb.buf + sb.len, &line, &n))
		if (n)
			vec_push(&s->commands, xstrndup(line, n));
	launched_clear(&ln.l);
}

static void tell_plan(const struct contest *k)
{
	for (size_t i = 0; i < k->c->subjects.n; i++) {
		const struct subject *s = &k->c->subjects.v[i];
		if (s->skipped) {
			teller_say(k->t, TELL_WARN, "%s: %s", s->id, s->skipped);
			continue;
		}
		find_commands(k, i);
		if (strcmp(s->id, VM_IMAGE) == 0)
			teller_say(k->t, TELL_STEP, "%s: start, measure from outside, stop; once", s->title);
		else
			teller_say(k->t, TELL_STEP, "%s: start, measure, load %llu MiB and free it, stop; %u in turn",
			           s->title, (unsigned long long)k->c->load_bytes >> 20, k->c->runs);
		for (size_t n = 0; n < s->commands.n; n++)
			teller_say(k->t, TELL_COMMAND, "%s", s->commands.v[n]);
	}
}

/* A container's snapshot is of its files: what would be needed for its memory too is asked once. */
static void look_for_checkpoints(struct contest *k)
{
	criu_look(k->no_checkpoint, sizeof(k->no_checkpoint));
	if (!*k->no_checkpoint)
		(void)snprintf(k->no_checkpoint, sizeof(k->no_checkpoint), "it works here, but vctop does not use it");
	for (size_t i = 0; i < k->c->subjects.n; i++)
		if (strcmp(k->c->subjects.v[i].kind, "container") == 0 && !k->c->subjects.v[i].skipped) {
			teller_say(k->t, TELL_WARN, "memory snapshots of containers: %s", k->no_checkpoint);
			return;
		}
}

static int check_options(const struct compare_options *o, struct error *err)
{
	if (o->vm_image && access(o->vm_image, R_OK) < 0)
		return error_set(err, errno, "%s: %s", o->vm_image, strerror(errno));
	if (o->runs > MAX_RUNS)
		return error_set(err, EINVAL, "at most %d runs", MAX_RUNS);
	if (o->memory && o->memory < VM_LEAST_MEMORY)
		return error_set(err, EINVAL, "a VM needs at least %lluM of memory",
		                 (unsigned long long)VM_LEAST_MEMORY >> 20);
	return check_subjects(o->subjects, err);
}

int compare_run(const struct compare_options *o, const struct teller *t, struct comparison *ret, struct error *err)
{
	struct comparison c = {0};
	struct contest k = {.o = o, .t = t, .c = &c};
	int r = check_options(o, err);
	if (r < 0)
		return r;
	(void)samples_clean(NULL, NULL);
	describe_host(&k);
	add_subjects(&k);
	look_for_checkpoints(&k);
	tell_plan(&k);
	r = t->dry_run ? 0 : all_rounds(&k);
	c.interrupted = r == -EINTR;
	for (size_t i = 0; i < c.subjects.n; i++)
		tally_finish(&k.tally[i], &c.subjects.v[i]);
	*ret = c;
	return r == -EINTR ? error_set(err, EINTR, "interrupted") : r;
}
