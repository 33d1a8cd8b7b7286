/*
 * `vctop explain INSTANCE`: every number of one instance with the files it came from, their raw text in both readings,
 * the formula and the state; then the verdict's evidence.
 *
 * Nothing is told twice: the files are those that were really read (a trace of the two ticks), and which belong to a
 * field follows from the names in its `source` of the field table.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/app.h"
#include "vctop/base/map.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"
#include "vctop/derive/derive.h"

#define MAX_TEXT ((size_t)64 * 1024)
#define MAX_LINES 6   /* of one file under one field */
#define MAX_FILES 12  /* of one field: a VM may have hundreds of threads */
#define MAX_SHOWN 140 /* characters of a line */

struct reading {
	char *text[2]; /* in the first and in the second tick; NULL not read then */
	int error;
};

struct explain {
	const char *wanted; /* NULL while the instance is looked for */
	char *cgroup, *runtime_id;
	pid_t pid, monitor;
	struct map readings; /* path -> struct reading */
	VEC(const char *) order;
	int tick;
};

static bool has_part(const char *path, const char *part)
{
	return part && *part && strstr(path, part);
}

/* Is `dir` (n characters, "" or "/a/b") the instance's group or one above it? */
static bool leads_to(const struct explain *x, const char *dir, size_t n)
{
	return n <= strlen(x->cgroup) && strncmp(dir, x->cgroup, n) == 0 && (x->cgroup[n] == '/' || !x->cgroup[n]);
}

/* sys/fs/cgroup/<levels>/file of one hierarchy, or sys/fs/cgroup/<hierarchy>/<levels>/file. */
static bool is_level(const struct explain *x, const char *path)
{
	static const char mount[] = "sys/fs/cgroup";
	const char *file = strrchr(path, '/');
	if (!x->cgroup || !file || strncmp(path, mount, sizeof(mount) - 1) != 0)
		return false;
	const char *dir = path + sizeof(mount) - 1, *below = *dir ? strchr(dir + 1, '/') : NULL;
	return leads_to(x, dir, (size_t)(file - dir)) ||
	       (below && below <= file && leads_to(x, below, (size_t)(file - below)));
}

static bool is_ours(const struct explain *x, const char *path)
{
	char proc[32], monitor[32];
	(void)snprintf(proc, sizeof(proc), "proc/%d/", (int)x->pid);
	(void)snprintf(monitor, sizeof(monitor), "proc/%d/", (int)x->monitor);
	return (x->pid > 0 && strncmp(path, proc, strlen(proc)) == 0) ||
	       (x->monitor > 0 && strncmp(path, monitor, strlen(monitor)) == 0) || is_level(x, path) ||
	       has_part(path, x->runtime_id);
}

static void remember(void *data, const char *path, const char *text, ssize_t n)
{
	struct explain *x = data;
	if (!x->wanted || !is_ours(x, path))
		return;
	struct reading *r = map_get(&x->readings, path);
	if (!r) {
		r = xcalloc(1, sizeof(*r));
		map_put(&x->readings, path, r);
		vec_push(&x->order, xstrdup(path));
	}
	r->error = n < 0 ? (int)-n : 0;
	free(r->text[x->tick]);
	r->text[x->tick] = n >= 0 ? xstrndup(text, (size_t)n > MAX_TEXT ? MAX_TEXT : (size_t)n) : NULL;
}

/* "proc/812/task/815/schedstat" is what a source calls "/proc/PID/task/TID/schedstat"; others match by file name. */
static bool names_file(const char *token, size_t n, const char *path)
{
	char general[256];
	const char *base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (strncmp(path, "proc/", 5) != 0)
		return strlen(base) == n && memcmp(base, token, n) == 0;
	size_t out = (size_t)snprintf(general, sizeof(general), "/proc/PID");
	const char *rest = strchr(path + 5, '/');
	while (rest && *rest && out + 8 < sizeof(general)) {
		size_t part = strcspn(rest + 1, "/");
		bool number = strspn(rest + 1, "0123456789") == part;
		int w = snprintf(general + out, sizeof(general) - out, "/%.*s", number ? 3 : (int)part,
		                 number ? "TID" : rest + 1);
		out += w > 0 ? (size_t)w : 0;
		rest = rest[1 + part] ? rest + 1 + part : NULL;
	}
	return strlen(general) == n && memcmp(general, token, n) == 0;
}

static size_t token_length(const char *s)
{
	return strcspn(s, " ,;()|");
}

/* Does this line of a keyed file ("inactive_file 12", "VmHWM: 3 kB", "8:0 rbytes=1") carry a key that the source names?
 */
static bool line_is_named(const char *source, const char *line, size_t n)
{
	for (const char *s = source; *s; s += strspn(s, " ,;()|")) {
		size_t t = token_length(s);
		if (t && t < n &&
		    ((memcmp(s, line, t) == 0 && (line[t] == ' ' || line[t] == ':')) ||
		     (s[t - 1] == '=' && memmem(line, n, s, t))))
			return true;
		s += t;
	}
	return false;
}

/* v1 and v2 have files of one name: a cpu.stat without usage_usec had no part in a number made of usage_usec. */
static bool took_part(const char *source, const char *path, const struct reading *r)
{
	const char *text = r->text[1] ? r->text[1] : r->text[0], *line;
	size_t n, lines = 0;
	if (!text || strncmp(path, "sys/fs/cgroup", 13) != 0)
		return true;
	const char *cursor = text, *end = text + strlen(text);
	while (parse_line(&cursor, end, &line, &n)) {
		lines++;
		if (line_is_named(source, line, n))
			return true;
	}
	return lines <= 1;
}

/* The parts of a source that speak of this kind: those marked with it ("VM: ..."), else the unmarked ones. */
static char *source_for(const char *source, enum instance_kind kind)
{
	const char *mark = kind == INSTANCE_VM ? "VM: " : "container: ",
	           *other = kind == INSTANCE_VM ? "container: " : "VM: ";
	bool marked = strstr(source, mark) != NULL;
	struct strbuf sb = STRBUF_INIT;
	for (const char *s = source; *s;) {
		size_t n = strcspn(s, ";");
		bool mine = strncmp(s, mark, strlen(mark)) == 0, others = strncmp(s, other, strlen(other)) == 0;
		if (mine || (!others && !marked)) {
			size_t skip = mine ? strlen(mark) : 0;
			strbuf_str(&sb, sb.len ? "; " : "");
			strbuf_add(&sb, s + skip, n - skip);
		}
		s += n;
		s += strspn(s, "; ");
	}
	return strbuf_detach(&sb);
}

static bool source_names(const char *source, const char *path)
{
	for (const char *s = source; *s; s += strspn(s, " ,;()|")) {
		size_t n = token_length(s);
		if (n && names_file(s, n, path))
			return true;
		s += n;
	}
	return false;
}

static void print_line(struct strbuf *out, const char *when, const char *line, size_t n)
{
	char shown[MAX_SHOWN * 4 + 1];
	size_t len = n < sizeof(shown) - 1 ? n : sizeof(shown) - 1;
	memcpy(shown, line, len);
	shown[len] = '\0';
	for (size_t i = 0; i < len; i++) /* argument vectors are separated by NULs */
		shown[i] = shown[i] ? shown[i] : ' ';
	(void)text_clean(shown, sizeof(shown) - 1);
	cleanup_free char *fit = text_ellipsize(shown, MAX_SHOWN, 0);
	strbuf_fmt(out, "          %-7s %s\n", when, fit);
}

static void print_text(struct strbuf *out, const char *source, const char *when, const char *text)
{
	const char *cursor = text, *end = text + strlen(text), *line;
	size_t n = 0, lines = 0, shown = 0;
	while (parse_line(&cursor, end, &line, &n)) {
		lines++;
		if (line_is_named(source, line, n) && shown++ < MAX_LINES)
			print_line(out, when, line, n);
	}
	if (shown)
		return;
	cursor = text;
	if (parse_line(&cursor, end, &line, &n))
		print_line(out, when, line, n);
	if (lines > 1)
		strbuf_fmt(out, "          %-7s (%zu lines; the first is shown)\n", "", lines);
}

static void print_files(struct strbuf *out, const struct explain *x, const char *source)
{
	unsigned shown = 0;
	for (size_t i = 0; i < x->order.n; i++) {
		const struct reading *r = map_get(&x->readings, x->order.v[i]);
		if (!source_names(source, x->order.v[i]) || !took_part(source, x->order.v[i], r))
			continue;
		if (shown++ >= MAX_FILES) {
			strbuf_str(out, "        ... and further files of the same kind\n");
			return;
		}
		strbuf_fmt(out, "        /%s\n", x->order.v[i]);
		if (r->error)
			strbuf_fmt(out, "          %s\n", strerror(r->error));
		bool changed = r->text[0] && r->text[1] && strcmp(r->text[0], r->text[1]) != 0;
		if (r->text[0] && (changed || !r->text[1]))
			print_text(out, source, changed ? "before" : "read", r->text[0]);
		if (r->text[1])
			print_text(out, source, changed ? "now" : "read", r->text[1]);
	}
}

static void print_field(struct strbuf *out, const struct explain *x, const struct field *f, const struct row *r)
{
	char value[512];
	struct field_value v = f->get(r);
	strbuf_fmt(out, "  %-28s %s", f->key, field_format(f, r, false, value, sizeof(value)));
	if (f->kind != FIELD_TEXT && metric_is_ok(v.metric) && f->kind == FIELD_METRIC)
		strbuf_fmt(out, "  (%.12g)", v.metric.v);
	else if (f->kind != FIELD_TEXT && !metric_is_ok(v.metric))
		strbuf_fmt(out, "  %s: %s", metric_state_name(v.metric.st),
		           v.metric.why ? v.metric.why : "no reason given");
	cleanup_free char *source = source_for(f->source, r->inst->kind);
	strbuf_fmt(out, "\n      = %s\n", source);
	if (f->kind != FIELD_TEXT && v.metric.st != METRIC_ABSENT)
		print_files(out, x, source);
}

static void print_row(struct strbuf *out, const struct explain *x, const struct row *r)
{
	const struct instance *i = r->inst;
	strbuf_fmt(out, "%s  %s %s, %s\n", i->name, i->runtime, instance_kind_name(i->kind),
	           instance_state_name(i->state));
	strbuf_fmt(out, "  verdict: %s, rule %s, over %s\n  %s\n", verdict_word(&r->verdict), r->verdict.rule,
	           verdict_basis_name(r->verdict.basis), r->verdict.reason);
	if (i->name_from)
		strbuf_fmt(out, "  name read from %s\n", i->name_from);
	strbuf_fmt(out, "  rates are over %.3f s: (now - before) / interval\n\n", r->interval_sec);
	for (unsigned k = 0; k < field_count; k++)
		print_field(out, x, &field_table[k], r);
}

/* The row people mean: an id, a name, or the beginning of the id after its colon. NULL with err filled. */
static const struct row *find_row(const struct frame *f, const char *wanted, struct error *err)
{
	const struct row *found = NULL;
	unsigned n = 0;
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct instance *inst = f->rows.v[i].inst;
		const char *colon = strchr(inst->id, ':');
		if (strcmp(inst->id, wanted) == 0)
			return &f->rows.v[i];
		if (strcmp(inst->name, wanted) == 0 ||
		    (strlen(wanted) >= 4 && colon && strncmp(colon + 1, wanted, strlen(wanted)) == 0)) {
			found = &f->rows.v[i];
			n++;
		}
	}
	if (n > 1)
		(void)error_set(err, EINVAL,
		                "explain: %s: %u instances answer to it: give the id (vctop -b --columns name,id)",
		                wanted, n);
	else if (!found)
		(void)error_set(err, ENOENT, "explain: %s: no such instance", wanted);
	return n == 1 ? found : NULL;
}

static int two_ticks(struct explain *x, struct engine *e, double delay, struct error *err)
{
	struct timespec ts = {(time_t)delay, (long)((delay - (double)(time_t)delay) * 1e9)};
	x->tick = 0;
	engine_remember(e, PAST_READ, PAST_SAVE_SEC);
	int r = engine_tick(e, err);
	if (r < 0)
		return r;
	if (e->live)
		(void)nanosleep(&ts, NULL);
	x->tick = 1;
	r = engine_tick(e, err);
	return r == -ENODATA ? 0 : r;
}

static int explain(const char *wanted, const char *root, double delay)
{
	struct explain x = {0};
	struct error err = {0};
	struct engine e;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	int status = EXIT_FAILURE;
	/* Once to find it, once more to watch its files being read, those too that are read only once. */
	const struct row *r = NULL;
	if (engine_open(&e, root, &err) == 0) {
		if (engine_tick(&e, &err) == 0 && (r = find_row(e.frame, wanted, &err))) {
			const char *colon = strchr(r->inst->id, ':');
			x.cgroup = r->inst->cgroup ? xstrdup(r->inst->cgroup) : NULL;
			x.runtime_id = r->inst->kind == INSTANCE_CONTAINER && colon ? xstrdup(colon + 1) : NULL;
			x.pid = r->inst->pid;
			const struct metric monitor = r->background->supervisor.monitor_pid;
			x.monitor = metric_is_ok(monitor) ? (pid_t)monitor.v : 0;
			x.wanted = wanted;
		}
		engine_close(&e);
	}
	if (x.wanted && engine_open_traced(&e, root, remember, &x, &err) == 0) {
		if (two_ticks(&x, &e, delay, &err) == 0 && (r = find_row(e.frame, wanted, &err))) {
			print_row(&out, &x, r);
			status = app_print(&out);
		}
		engine_close(&e);
	}
	if (status != EXIT_SUCCESS && err.code)
		(void)app_fail(status, &err);
	void *v;
	for (size_t it = 0; map_next(&x.readings, &it, NULL, &v); free(v)) {
		free(((struct reading *)v)->text[0]);
		free(((struct reading *)v)->text[1]);
	}
	map_release(&x.readings);
	for (size_t i = 0; i < x.order.n; i++)
		free((void *)(uintptr_t)x.order.v[i]);
	vec_free(&x.order);
	free(x.cgroup);
	free(x.runtime_id);
	return status;
}

int cmd_explain(int argc, char **argv)
{
	static const struct option longs[] = {{"root", required_argument, NULL, 'R'},
	                                      {"delay", required_argument, NULL, 'd'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {0}};
	const char *root = "/";
	double delay = 1;
	int opt;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":d:h", longs, NULL)) != -1) {
		switch (opt) {
		case 'R':
			root = optarg;
			break;
		case 'd':
			if (parse_double(optarg, &delay) < 0 || delay < 0.01 || delay > 3600)
				return app_failf(EXIT_BAD_USE,
				                 "explain: -d: %s: not a number of seconds from 0.01 to 3600", optarg);
			break;
		case 'h':
			(void)puts("usage: vctop explain [-d SECONDS] [--root DIR] INSTANCE\n"
			           "Every number of one instance (a name, an id, or the beginning of an id): file, raw "
			           "text,\n"
			           "formula and state; and the verdict's evidence.");
			return EXIT_SUCCESS;
		case ':':
			return app_failf(EXIT_BAD_USE, "explain: %s: needs a value", argv[optind - 1]);
		default:
			return app_failf(EXIT_BAD_USE, "explain: %s: unknown option", app_option(argv));
		}
	}
	if (optind + 1 != argc)
		return app_failf(EXIT_BAD_USE, "explain: which instance? (one name or id)");
	return explain(argv[optind], root, delay);
}
