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
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"

#define ORDER_NAP_MSEC 20
#define IMAGE_LABEL "vctop.image=sample"

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
	if (fd < 0 || write(fd, tar.buf, tar.len) != (ssize_t)tar.len)
		return error_set(err, errno, "%s: %s", path, strerror(errno));
	return 0;
}

/* The tag is the program's hash: an image made by an older vctop is not taken for ours. */
static int make_image(struct launch *ln, const char *engine, char tag[32], struct error *err)
{
	char path[320];
	struct command c = {0};
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	int r = write_tar(ln, path, sizeof(path), tag, err);
	if (r == 0) {
		cleanup_free char *question = xasprintf("images -q --filter reference=" ENGINE_IMAGE ":%s", tag);
		r = command_ask(engine, question, &ids, err);
	}
	if (r == 0 && !ids.len) {
		c.writes = true;
		if (!command_start(&c, engine, err))
			return -ENOENT;
		command_add_words(&c, "import --change");
		command_add(&c, "LABEL " IMAGE_LABEL);
		command_add(&c, "%s", path);
		command_add(&c, ENGINE_IMAGE ":%s", tag);
		r = command_run(&c, engine, ENGINE_WORK_MSEC, ln->cancel, NULL, err);
	}
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
	command_add(c, "vctop.sample=%s", l->name);
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
	return command_do(engine, order, err);
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
	command_add(&c, "{{.ID}} {{.Names}} {{.Image}}");
	int r = command_run(&c, "podman", ENGINE_ASK_MSEC, NULL, &out, err);
	const char *cursor = out.buf, *line;
	size_t len;
	while (r == 0 && parse_line(&cursor, out.buf + out.len, &line, &len)) {
		const char *space = memchr(line, ' ', len);
		size_t id = space ? (size_t)(space - line) : 0;
		if (id && len - id > strlen(want) && strncmp(space, want, strlen(want)) == 0)
			r = remove_id("podman", line, id, err);
	}
	return r;
}

static int remove_containers(const char *engine, const char *name, struct error *err)
{
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	cleanup_free char *question = xasprintf("ps -a -q --no-trunc --filter label=vctop.sample=%s", name);
	int r = command_ask(engine, question, &ids, err);
	const char *word;
	size_t n;
	for (unsigned i = 0; r == 0 && parse_word(ids.buf, ids.len, i, &word, &n); i++)
		r = remove_id(engine, word, n, err);
	if (r == 0 && strcmp(engine, "podman") == 0)
		r = remove_storage(name, err);
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
	int r = make_image(ln, engine, tag, err);
	if (r == 0)
		r = launch_interrupted(ln, err);
	if (r < 0)
		return r;
	do {
		ln->asked = launch_clock();
		r = run_container(ln, engine, tag, &a, &out, &why);
		if (r == -EIO)
			(void)remove_containers(engine, ln->l.name, NULL);
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

/* An import, a run or a commit for this sample: each names it in its own way (write_tar, build_run, snapshot_engine).
 */
static bool is_order_for(char *const *argv, const void *data)
{
	const struct launched *l = data;
	const char *program = strrchr(argv[0], '/');
	char name[64], image[96], file[64];
	if (strcmp(program ? program + 1 : argv[0], l->backend) != 0)
		return false;
	(void)snprintf(name, sizeof(name), "vctop-%s", l->name);
	(void)snprintf(image, sizeof(image), ENGINE_SNAPSHOT ":%s", l->name);
	(void)snprintf(file, sizeof(file), "/ct-%s/image.tar", l->name);
	for (size_t i = 1; argv[i]; i++) {
		size_t n = strlen(argv[i]), f = strlen(file);
		if (strcmp(argv[i], name) == 0 || strcmp(argv[i], image) == 0 ||
		    (n > f && strcmp(argv[i] + n - f, file) == 0))
			return true;
	}
	return false;
}

/* What a vctop that was killed had ordered goes on without it: what it makes can be removed once it has ended. */
static int await_orders(const struct launched *l, struct error *err)
{
	for (unsigned waited = 0;; waited += ORDER_NAP_MSEC) {
		pid_vec pids = {0};
		proctable_find(is_order_for, l, &pids);
		size_t left = pids.n;
		vec_free(&pids);
		if (!left)
			return 0;
		if (waited >= ENGINE_ASK_MSEC)
			return error_set(err, EBUSY, "%s: %s still works on it", l->name, l->backend);
		lab_nap(ORDER_NAP_MSEC);
	}
}

static int remove_engine(const struct reg *r, const struct launched *l, struct error *err)
{
	const char *engine = l->backend;
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	cleanup_free char *path = spawn_find(engine);
	const char *word;
	size_t n;
	if (!path)
		return l->pid ? error_set(err, ENOENT, "%s: not found on PATH: cannot remove %s", engine, l->name) : 0;
	int rc = await_orders(l, err);
	if (rc == 0)
		rc = remove_containers(engine, l->name, err);
	if (rc < 0 || !last_of(r, l))
		return rc;
	(void)command_ask(engine, "images -a -q --filter label=" IMAGE_LABEL, &ids, NULL);
	for (unsigned i = 0; parse_word(ids.buf, ids.len, i, &word, &n); i++) {
		cleanup_free char *order = xasprintf("rmi %.*s", (int)n, word);
		(void)command_do(engine, order, NULL); /* somebody else's container may use it: then it stays */
	}
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
