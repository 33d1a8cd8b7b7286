/*
 * Samples through podman or docker: an image made from our one static program, run without a network.
 * Only what carries our label is ever removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/backend/engine.h"
#include "lab/backend/tar.h"
#include "lab/lab.h"
#include "lab/tool/file.h"
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"
#include "vctop/base/text.h"

#define ORDER_NAP_MSEC 20
#define BECOMING_MSEC 1000 /* an exec takes less; a program may also have no arguments for good */
#define IMAGE_LABEL "vctop.image=sample"
#define SAMPLE_LABEL "vctop.sample=%s"
#define STARTED_LABEL "vctop.started=%lld"

static int check_docker(struct error *err)
{
	return command_ask("docker", "version --format {{.Server.Version}}", NULL, err);
}

static int check_podman(struct error *err)
{
	cleanup_free char *path = spawn_find("podman");
	return path ? 0 : error_set(err, ENOENT, "podman: not found on PATH");
}

static int write_tar(struct launch *ln, char *path, size_t size, char tag[32], struct error *err)
{
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_strbuf struct strbuf tar = STRBUF_INIT;
	char dir[256];
	uint64_t hash = 14695981039346656037ULL;
	int r = workload_read(&program, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < program.len; i++)
		hash = (hash ^ (unsigned char)program.buf[i]) * 1099511628211ULL;
	(void)snprintf(tag, 32, "%016llx", (unsigned long long)hash);
	tar_build(program.buf, program.len, &tar);
	r = reg_lock(&ln->reg, err);
	if (r == 0)
		r = reg_make_dir(&ln->reg, ln->leaf, dir, sizeof(dir), err);
	reg_unlock(&ln->reg);
	if (r < 0)
		return r;
	(void)snprintf(path, size, "%s/image.tar", dir);
	cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	r = fd < 0 ? -errno : file_write(fd, tar.buf, tar.len);
	return r < 0 ? error_set(err, -r, "%s: %s", path, strerror(-r)) : 0;
}

/* The tag is the program's hash: an image made by an older vctop is not taken for ours. */
static int make_image(struct launch *ln, const char *engine, char tag[32], struct error *err)
{
	char path[320] = "";
	struct command c = {.writes = true};
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	int r = write_tar(ln, path, sizeof(path), tag, err);
	if (r == 0) {
		cleanup_free char *question = xasprintf("images -q --filter reference=" ENGINE_IMAGE ":%s", tag);
		r = command_ask(engine, question, &ids, err);
	}
	if (r == 0 && !ids.len) {
		if (!command_start(&c, engine, err))
			return -ENOENT;
		command_add_words(&c, "import --change");
		command_add(&c, "LABEL " IMAGE_LABEL);
		command_add(&c, "%s", path);
		command_add(&c, ENGINE_IMAGE ":%s", tag);
		r = command_run(&c, engine, ENGINE_WORK_MSEC, ln->cancel, NULL, err);
	}
	if (*path)
		(void)unlink(path);
	return r;
}

struct adaptation {
	bool runc, ulimits;
};

/* What a first failure asks for: crun refuses hybrid cgroups; raised limits need CAP_SYS_RESOURCE. */
static bool adapt(struct adaptation *a, const char *engine, const char *why)
{
	if (strcmp(engine, "podman") != 0)
		return false;
	if (!a->ulimits && (strstr(why, "rlimit") || strstr(why, "RLIMIT") || strstr(why, "ulimit")))
		return a->ulimits = true;
	if (!a->runc && (strstr(why, "crun") || strstr(why, "cgroup"))) {
		cleanup_free char *path = spawn_find("runc");
		return a->runc = path != NULL;
	}
	return false;
}

static void build_run(struct command *c, const struct launch *ln, const char *image, const struct adaptation *a)
{
	const struct launched *l = &ln->l;
	if (a->runc)
		command_add_words(c, "--runtime runc");
	command_add_words(c, "run -d --network none --name");
	command_add(c, "vctop-%s", l->name);
	command_add(c, "--label");
	command_add(c, SAMPLE_LABEL, l->name);
	if (l->started_usec) {
		command_add(c, "--label");
		command_add(c, STARTED_LABEL, (long long)l->started_usec);
	}
	if (a->ulimits)
		command_add_words(c, "--ulimit nofile=1024:1024 --ulimit nproc=1024:1024");
	if (l->cpus > 0) {
		command_add(c, "--cpus");
		command_add(c, "%g", l->cpus);
	}
	if (l->memory) {
		command_add(c, "--memory");
		command_add(c, "%llub", (unsigned long long)l->memory);
	}
	command_add(c, ENGINE_IMAGE ":%s", image);
	command_add_words(c, "/init --workload");
	command_add(c, "%s", l->workload);
	command_add(c, "--threads");
	command_add(c, "%u", launch_threads(l));
	command_add(c, "--bytes");
	command_add(c, "%llu", (unsigned long long)launch_bytes(ln));
}

static int run_container(struct launch *ln, const char *engine, const char *tag, const struct adaptation *a,
                         struct strbuf *out, struct error *err)
{
	struct command c = {.writes = true};
	if (!command_start(&c, engine, err))
		return -ENOENT;
	build_run(&c, ln, tag, a);
	return command_run(&c, engine, ENGINE_WORK_MSEC, ln->cancel, out, err);
}

void engine_commands(const struct launch *ln, struct strbuf *ret)
{
	const char *engine = ln->l.backend;
	const struct adaptation usual = {false, false};
	struct command c = {0};
	strbuf_fmt(ret, "tar -c -C ROOT . | %s import - " ENGINE_IMAGE ":1\n", engine);
	command_add(&c, "%s", engine);
	build_run(&c, ln, "1", &usual);
	vec_push(&c.argv, NULL);
	spawn_quote(c.argv.v, ret);
	command_release(&c);
	strbuf_fmt(ret, "\n%s logs vctop-%s\n%s pause vctop-%s\n%s unpause vctop-%s\n", engine, ln->l.name, engine,
	           ln->l.name, engine, ln->l.name);
	strbuf_fmt(ret, "%s commit vctop-%s vctop-snapshot\n%s stop vctop-%s\n%s rm vctop-%s\n", engine, ln->l.name,
	           engine, ln->l.name, engine, ln->l.name);
}

static int remove_id(const char *engine, const char *id, size_t len, struct error *err)
{
	cleanup_free char *order = xasprintf("rm -f %.*s", (int)len, id);
	return command_do(engine, order, ENGINE_REMOVE_MSEC, err);
}

static bool is_text(const char *s, size_t n, const char *text)
{
	return n == strlen(text) && memcmp(s, text, n) == 0;
}

/*
 * A podman killed between making the storage of a container and the container itself leaves the storage, which has no
 * label yet: ours by its name and its image.
 */
static int remove_storage(const char *name, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	cleanup_free char *want = xasprintf(" vctop-%s " ENGINE_IMAGE ":", name);
	struct command c = {0};
	if (!command_start(&c, "podman", err))
		return -ENOENT;
	command_add_words(&c, "ps -a --external --no-trunc --format");
	command_add(&c, "{{.ID}} {{.Names}} {{.Image}} {{.Status}}");
	int r = command_run(&c, "podman", ENGINE_ASK_MSEC, NULL, &out, err);
	const char *cursor = out.buf, *line;
	size_t len;
	while (r == 0 && parse_line(&cursor, out.buf + out.len, &line, &len)) {
		const char *space = memchr(line, ' ', len);
		size_t id = space ? (size_t)(space - line) : 0;
		if (id && len - id > strlen(want) && strncmp(space, want, strlen(want)) == 0 &&
		    text_ends(line, len, " Storage"))
			r = remove_id("podman", line, id, err);
	}
	return r;
}

/* By name and start: somebody whose register is another may have a sample of that name. 0: its entry is lost. */
static int remove_containers(const struct launched *l, unsigned *ret_removed, struct error *err)
{
	const char *engine = l->backend;
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	cleanup_strbuf struct strbuf question = STRBUF_INIT;
	strbuf_fmt(&question, "ps -a -q --no-trunc --filter label=" SAMPLE_LABEL, l->name);
	if (l->started_usec)
		strbuf_fmt(&question, " --filter label=" STARTED_LABEL, (long long)l->started_usec);
	int r = command_ask(engine, question.buf, &ids, err);
	const char *word;
	size_t n;
	*ret_removed = 0;
	for (unsigned i = 0; r == 0 && parse_word(ids.buf, ids.len, i, &word, &n); i++) {
		r = remove_id(engine, word, n, err);
		++*ret_removed;
	}
	if (r == 0 && strcmp(engine, "podman") == 0)
		r = remove_storage(l->name, err);
	return r;
}

/* "PID true" from inspect. */
static int inspect(struct launch *ln, const char *engine, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct command c = {0};
	const char *word;
	size_t n;
	uint64_t pid = 0;
	if (!command_start(&c, engine, err))
		return -ENOENT;
	command_add_words(&c, "inspect --format");
	command_add(&c, "{{.State.Pid}} {{.State.Running}}");
	command_add(&c, "%s", ln->l.ref);
	int r = command_run(&c, engine, ENGINE_ASK_MSEC, ln->cancel, &out, err);
	if (r < 0)
		return r;
	if (!parse_word(out.buf, out.len, 0, &word, &n) || parse_u64(word, n, &pid) < 0 || pid == 0 ||
	    pid > INT32_MAX || !strstr(out.buf, "true"))
		return error_set(err, EIO, "%s: %s says it is not running", ln->l.name, engine);
	ln->l.pid = (pid_t)pid;
	return launch_record(ln, err);
}

static char *container_id(const struct strbuf *out)
{
	size_t n = strspn(out->buf, "0123456789abcdef");
	return n == 64 ? xstrndup(out->buf, n) : NULL;
}

static int launch(struct launch *ln, const char *engine, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct adaptation a = {false, false};
	struct error why = {0};
	char tag[32];
	unsigned removed;
	int r = make_image(ln, engine, tag, err);
	if (r == 0)
		r = launch_interrupted(ln, err);
	if (r < 0)
		return r;
	do {
		ln->asked = launch_clock();
		r = run_container(ln, engine, tag, &a, &out, &why);
		if (r == -EIO)
			(void)remove_containers(&ln->l, &removed, NULL);
	} while (r == -EIO && adapt(&a, engine, why.what));
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	ln->l.ref = container_id(&out);
	if (!ln->l.ref)
		return error_set(err, EIO, "%s run: gave no container id", engine);
	r = inspect(ln, engine, err);
	ln->ready_sec = launch_clock() - ln->asked;
	if (a.runc || a.ulimits)
		(void)snprintf(ln->detail, sizeof(ln->detail), "with%s%s: %s", a.runc ? " --runtime runc" : "",
		               a.ulimits ? " smaller --ulimit" : "", "podman's defaults do not work on this host");
	return r;
}

static bool last_of(const struct reg *r, const struct launched *l)
{
	launched_vec all = {0};
	bool last = reg_list(r, &all, NULL) == 0;
	for (size_t i = 0; i < all.n; i++)
		last = last && (strcmp(all.v[i].name, l->name) == 0 || !all.v[i].backend ||
		                strcmp(all.v[i].backend, l->backend) != 0);
	launched_release(&all);
	return last;
}

struct order_of {
	const struct launched *sample;
	bool becoming; /* also what may become one */
};

/*
 * An import, a run, a commit or a removal for this sample, whatever program carries it out (podman-docker is a script).
 * A person's logs or exec is none of these.
 */
static bool is_order_for(const struct process *p, const void *data)
{
	const struct order_of *o = data;
	const struct launched *l = o->sample;
	char label[64], image[96], file[64];
	bool removes = false;
	(void)snprintf(label, sizeof(label), SAMPLE_LABEL, l->name);
	(void)snprintf(image, sizeof(image), ENGINE_SNAPSHOT ":%s", l->name);
	(void)snprintf(file, sizeof(file), "/ct-%s/image.tar", l->name);
	for (size_t i = 1; i < p->argc; i++) {
		const char *arg = p->argv[i];
		if (strcmp(arg, label) == 0 || strcmp(arg, image) == 0 || text_ends(arg, strlen(arg), file) ||
		    (removes && l->ref && strcmp(arg, l->ref) == 0))
			return true;
		removes = removes || strcmp(arg, "rm") == 0;
	}
	return o->becoming && proctable_is_becoming(p);
}

/* What a vctop that was killed had ordered goes on without it: what it makes can be removed once it has ended. */
static int await_orders(const struct launched *l, struct error *err)
{
	for (unsigned waited = 0;; waited += ORDER_NAP_MSEC) {
		pid_vec pids = {0};
		proctable_find(is_order_for, &(struct order_of){l, waited < BECOMING_MSEC}, &pids);
		size_t left = pids.n;
		vec_free(&pids);
		if (!left)
			return 0;
		if (waited >= ENGINE_ASK_MSEC)
			return error_set(err, EBUSY, "%s: %s still works on it", l->name, l->backend);
		lab_nap(ORDER_NAP_MSEC);
	}
}

/* In lines of "ID REPOSITORY", separated by a tab. */
#define IMAGES "images -a --format {{.ID}}\t{{.Repository}} --filter label="

/*
 * Those that we named, and what a second import of the same left without a name.  A person's commit of a sample has our
 * label too, and that of the sample.
 */
static void remove_images(const char *engine)
{
	cleanup_strbuf struct strbuf all = STRBUF_INIT;
	cleanup_strbuf struct strbuf committed = STRBUF_INIT;
	const char *id, *name;
	size_t n, name_n;
	if (command_ask(engine, IMAGES IMAGE_LABEL, &all, NULL) < 0 ||
	    command_ask(engine, IMAGES "vctop.sample", &committed, NULL) < 0)
		return;
	for (unsigned i = 0;
	     parse_word(all.buf, all.len, i, &id, &n) && parse_word(all.buf, all.len, i + 1, &name, &name_n); i += 2) {
		cleanup_free char *order = xasprintf("rmi %.*s", (int)n, id);
		bool ours = is_text(name, name_n, ENGINE_IMAGE) || is_text(name, name_n, ENGINE_SNAPSHOT);
		bool nameless = is_text(name, name_n, "<none>") && !memmem(committed.buf, committed.len, id, n);
		if (ours || nameless)
			(void)command_do(engine, order, ENGINE_ASK_MSEC,
			                 NULL); /* somebody else's container may use it: then it stays */
	}
}

/* Nothing was found: because there is nothing, or because another store or host is asked now? */
static int check_place(const struct launched *l, struct error *err)
{
	cleanup_free char *place = engine_place(l->backend);
	if (!l->place || strcmp(l->place, place) == 0)
		return 0;
	return error_set(err, EBUSY,
	                 "%s: not found here, and %s had another store or host when it was started (%s); if that is "
	                 "gone for good, remove its entry below /run/vctop/samples",
	                 l->name, l->backend, *l->place ? l->place : "no such variable set");
}

static int remove_engine(const struct reg *r, const struct launched *l, struct error *err)
{
	const char *engine = l->backend;
	cleanup_free char *path = spawn_find(engine);
	if (!path)
		return l->pid ? error_set(err, ENOENT, "%s: not found on PATH: cannot remove %s", engine, l->name) : 0;
	unsigned removed = 0;
	int rc = await_orders(l, err);
	if (rc == 0)
		rc = remove_containers(l, &removed, err);
	if (rc == 0 && !removed)
		rc = check_place(l, err);
	if (rc == 0 && proctable_is(l->pid, l->pid_start))
		rc = error_set(err, EBUSY,
		               "%s: %s does not know it, yet process %d runs on: has it another store or host now?",
		               l->name, engine, (int)l->pid);
	if (rc < 0 || !last_of(r, l))
		return rc;
	remove_images(engine);
	return 0;
}

static int launch_podman(struct launch *ln, struct error *err)
{
	return launch(ln, "podman", err);
}

static int launch_docker(struct launch *ln, struct error *err)
{
	return launch(ln, "docker", err);
}

const struct backend backend_podman = {"podman",      "container",   false,        check_podman,
                                       launch_podman, remove_engine, &acts_engine, NULL};
const struct backend backend_docker = {"docker",      "container",   false,        check_docker,
                                       launch_docker, remove_engine, &acts_engine, NULL};
