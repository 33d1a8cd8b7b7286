/*
 * `vctop judge FILE`: the verdict engine over recorded snapshots.  Time is that of the lines; instances are told apart
 * by host and id, so recordings of many hosts may come in one stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/lines.h"
#include "vctop/base/map.h"
#include "vctop/base/parse.h"
#include "vctop/derive/derive.h"
#include "vctop/derive/usage.h"
#include "vctop/source/record.h"
#include "vctop/source/snapshot_json.h"
#include "vctop/view/views.h"

#define INSTANCES_MAX 131072 /* of one host; beyond it the longest unseen are forgotten */
#define HOSTS_MAX 4096
#define OUT_BYTES ((size_t)256 * 1024)
#define EVERY_MAX 3.2e9 /* seconds: a century */

static const char usage_text[] =
        "usage: vctop judge [options] FILE\n"
        "Runs the verdict engine over recorded snapshots (of vctop record, or lines of vctop --json; - is\n"
        "standard input) and prints one vctop.verdict/1 line a resource, and one for the instance,\n"
        "at the end.\n"
        "\n"
        "      --every SECONDS        also at each such step of recorded time\n"
        "      --price-core-hour N    what a core costs an hour: slack gets a cost a month\n"
        "      --price-gib-hour N     what a GiB costs an hour\n"
        "      --never-idle A,B       names or ids (shell patterns) never to be called idle\n"
        "  -h, --help                 this text\n";

struct judged {
	char *id, *name;
	enum instance_kind kind;
	int64_t printed_usec; /* last_seen when it was printed last */
};

struct host {
	char *name; /* NULL: the lines do not say */
	struct usage_book *book;
	struct map judged;
};

struct run {
	const char *file;
	struct map hosts;
	struct snapshot *snap;
	struct frame *frame;
	struct arena arena;
	struct strbuf out;
	int64_t every_usec, next_usec;
	unsigned long number, bad;
	int write_error; /* negative errno; standard output has gone */
};

static struct host *host_of(struct run *run, const char *name)
{
	const char *key = name ? name : "";
	struct host *h = map_get(&run->hosts, key);
	if (h || run->hosts.live >= HOSTS_MAX)
		return h;
	h = xcalloc(1, sizeof(*h));
	h->name = name ? xstrdup(name) : NULL;
	h->book = usage_book_new();
	usage_book_by_id(h->book, INSTANCES_MAX);
	usage_book_never_idle(h->book, config()->never_idle);
	map_put(&run->hosts, key, h);
	return h;
}

static void forget(struct judged *j)
{
	free(j->id);
	free(j->name);
	free(j);
}

static void host_free(struct host *h)
{
	void *v;
	for (size_t it = 0; map_next(&h->judged, &it, NULL, &v);)
		forget(v);
	map_release(&h->judged);
	usage_book_free(h->book);
	free(h->name);
	free(h);
}

/* Of what the book gave up nothing is kept. */
static void drop_unknown(struct host *h)
{
	const char *key;
	void *v;
	for (size_t it = 0; map_next(&h->judged, &it, &key, &v);)
		if (!usage_book_find(h->book, key))
			forget(map_remove(&h->judged, key));
}

static void note_rows(struct host *h, const struct frame *f)
{
	if (h->judged.live > 2 * (size_t)INSTANCES_MAX)
		drop_unknown(h);
	for (size_t i = 0; i < f->rows.n; i++) {
		const struct instance *inst = f->rows.v[i].inst;
		struct judged *j = map_get(&h->judged, inst->id);
		if (!j && !usage_book_find(h->book, inst->id))
			continue; /* the book is full */
		if (!j) {
			j = xcalloc(1, sizeof(*j));
			j->id = xstrdup(inst->id);
			map_put(&h->judged, inst->id, j);
		}
		j->kind = inst->kind;
		if (!j->name || strcmp(j->name, inst->name) != 0) {
			free(j->name);
			j->name = xstrdup(inst->name);
		}
	}
}

static void flush(struct run *run)
{
	if (run->write_error >= 0)
		run->write_error = app_write(&run->out);
	strbuf_clear(&run->out);
}

static void print_one(struct run *run, const struct host *h, const struct judged *j, const struct usage *u)
{
	for (unsigned r = 0; r < USAGE_RESOURCE_MAX; r++) {
		struct verdict_line l = {.time_usec = usage_last_seen(u),
		                         .host = h->name,
		                         .id = j->id,
		                         .name = j->name,
		                         .kind = j->kind,
		                         .resource = usage_resource_name((enum usage_resource)r)};
		usage_verdict(u, (enum usage_resource)r, &run->arena, &l.verdict);
		l.verdict.slack_cost = slack_cost(l.verdict.slack_cores, l.verdict.slack_bytes, &config()->prices);
		json_verdict(&l, &run->out);
	}
	arena_clear(&run->arena);
	if (run->out.len >= OUT_BYTES)
		flush(run);
}

static int by_id(const void *a, const void *b)
{
	const struct judged *const *x = a, *const *y = b;
	return strcmp((*x)->id, (*y)->id);
}

/* All, or at a step those that were seen since the step before; what the book gave up is gone. */
static void print_host(struct run *run, struct host *h, bool all)
{
	VEC(struct judged *) rows = {0};
	const char *key;
	void *v;
	drop_unknown(h);
	for (size_t it = 0; map_next(&h->judged, &it, &key, &v);) {
		struct judged *j = v;
		if (all || usage_last_seen(usage_book_find(h->book, key)) != j->printed_usec)
			vec_push(&rows, j);
	}
	if (rows.n)
		qsort(rows.v, rows.n, sizeof(*rows.v), by_id);
	for (size_t i = 0; i < rows.n && run->write_error >= 0; i++) {
		const struct usage *u = usage_book_find(h->book, rows.v[i]->id);
		print_one(run, h, rows.v[i], u);
		rows.v[i]->printed_usec = usage_last_seen(u);
	}
	vec_free(&rows);
}

static int by_name(const void *a, const void *b)
{
	const struct host *const *x = a, *const *y = b;
	return strcmp((*x)->name ? (*x)->name : "", (*y)->name ? (*y)->name : "");
}

static void print_all(struct run *run, bool all)
{
	VEC(struct host *) hosts = {0};
	void *v;
	for (size_t it = 0; map_next(&run->hosts, &it, NULL, &v);)
		vec_push(&hosts, v);
	if (hosts.n)
		qsort(hosts.v, hosts.n, sizeof(*hosts.v), by_name);
	for (size_t i = 0; i < hosts.n; i++)
		print_host(run, hosts.v[i], all);
	vec_free(&hosts);
	flush(run);
}

/* A step is over when a later line comes: all lines of its time are in, however they were split. */
static void step(struct run *run, int64_t now)
{
	if (run->every_usec <= 0)
		return;
	if (run->next_usec == 0)
		run->next_usec = now + run->every_usec;
	if (now <= run->next_usec)
		return;
	print_all(run, false);
	run->next_usec += (now - run->next_usec + run->every_usec - 1) / run->every_usec * run->every_usec;
}

static void complain(struct run *run, const char *why)
{
	(void)app_failf(0, "judge: %s:%lu: %s", run->file, run->number, why);
	run->bad++;
}

static void take_line(struct run *run, const char *line, size_t len)
{
	struct error err = {0};
	if (frame_from_json_needed(line, len, run->snap, run->frame, &err) < 0) {
		complain(run, err.what);
		return;
	}
	step(run, run->snap->host.real_usec);
	struct host *h = host_of(run, run->snap->host.hostname);
	if (!h) {
		complain(run, "too many hosts");
		return;
	}
	usage_book_add(h->book, run->frame);
	note_rows(h, run->frame);
}

static bool blank(const char *s, size_t n)
{
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		n--;
	return n == 0;
}

static int read_all(struct run *run, int fd)
{
	struct lines l = {.fd = fd, .max = SNAPSHOT_LINE_MAX};
	const char *line;
	size_t len;
	int r;
	while ((r = lines_next(&l, &line, &len)) != 0 && run->write_error >= 0) {
		run->number++;
		if (r == -E2BIG)
			complain(run, "longer than 64 MiB");
		else if (r < 0)
			break;
		else if (!blank(line, len))
			take_line(run, line, len);
	}
	lines_release(&l);
	return r == 1 ? 0 : r;
}

/* What `vctop record` made. */
static bool is_recording(int fd)
{
	static const unsigned char magic[] = {0x28, 0xB5, 0x2F, 0xFD}; /* zstd */
	unsigned char head[sizeof(magic)];
	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) && memcmp(head, magic, sizeof(head)) == 0;
}

/* A recording that was cut off is judged to its last whole line. */
static int read_recording(struct run *run)
{
	struct replay *r;
	struct replay_line l;
	struct error err = {0};
	int ret = replay_open(run->file, &r, &err);
	if (ret < 0) {
		(void)app_fail(EXIT_FAILURE, &err);
		run->bad++;
		return 0;
	}
	while (run->write_error >= 0 && (ret = replay_next(r, &l, &err)) == 0) {
		run->number++;
		take_line(run, l.text, l.len);
	}
	if (ret < 0 && ret != -ENODATA)
		(void)app_fail(EXIT_FAILURE, &err);
	if (replay_trouble(r))
		(void)app_failf(0, "judge: %s: %s", run->file, replay_trouble(r));
	run->bad += (ret < 0 && ret != -ENODATA) || replay_trouble(r);
	replay_close(r);
	return 0;
}

static int judge(const char *file, double every)
{
	struct run run = {.file = strcmp(file, "-") == 0 ? "standard input" : file,
	                  .snap = snapshot_new(),
	                  .frame = frame_new(),
	                  .out = STRBUF_INIT,
	                  .every_usec = (int64_t)(every * 1e6)};
	int status = EXIT_SUCCESS, fd = STDIN_FILENO;
	if (strcmp(file, "-") != 0)
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : fd != STDIN_FILENO && is_recording(fd) ? read_recording(&run) : read_all(&run, fd);
	if (r < 0)
		status = app_failf(EXIT_FAILURE, "judge: %s: %s", run.file, strerror(-r));
	if (fd >= 0)
		print_all(&run, true);
	if (run.write_error < 0 && run.write_error != -EPIPE)
		status = app_failf(EXIT_FAILURE, "standard output: %s", strerror(-run.write_error));
	if (run.bad)
		status = EXIT_FAILURE;
	void *v;
	for (size_t it = 0; map_next(&run.hosts, &it, NULL, &v);)
		host_free(v);
	map_release(&run.hosts);
	snapshot_free(run.snap);
	frame_free(run.frame);
	arena_release(&run.arena);
	strbuf_release(&run.out);
	if (fd > STDIN_FILENO)
		(void)close(fd);
	return status;
}

int cmd_judge(int argc, char **argv)
{
	static const struct option longs[] = {{"every", required_argument, NULL, 'e'},
	                                      {"price-core-hour", required_argument, NULL, 'p'},
	                                      {"price-gib-hour", required_argument, NULL, 'p'},
	                                      {"never-idle", required_argument, NULL, 'p'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {0}};
	double every = 0;
	int opt, which = 0;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, ":h", longs, &which)) != -1) {
		int status = 0;
		switch (opt) {
		case 'e':
			if (parse_double(optarg, &every) < 0 || every < 0.001 || every > EVERY_MAX)
				status = app_failf(EXIT_BAD_USE, "judge: --every: %s: not a number of seconds", optarg);
			break;
		case 'p':
			status = config_option(longs[which].name, optarg);
			break;
		case 'h':
			(void)fputs(usage_text, stdout);
			return EXIT_SUCCESS;
		case ':':
			status = app_failf(EXIT_BAD_USE, "judge: %s: needs a value", argv[optind - 1]);
			break;
		default:
			status = app_failf(EXIT_BAD_USE, "judge: %s: unknown option", argv[optind - 1]);
			break;
		}
		if (status)
			return status;
	}
	if (optind + 1 != argc)
		return app_failf(EXIT_BAD_USE, "judge: which file? (- is standard input)");
	(void)signal(SIGPIPE, SIG_IGN);
	return judge(argv[optind], every);
}
