/*
 * Samples through runc or crun alone: a bundle of our own in the sample's directory, the runtime's state beside it, the
 * cgroup that a builtin container would have.  No daemon, no image store.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/backend/oci.h"
#include "lab/lab.h"
#include "lab/tool/file.h"
#include "lab/tool/proctable.h"
#include "lab/tool/spawn.h"
#include "vctop/base/parse.h"

#define WORK_MSEC 30000
#define REPORT_MSEC 10000
#define MAX_PIDS 256
#define PERIOD_USEC 100000

static int check(const char *runtime, struct error *err)
{
	cleanup_free char *path = spawn_find(runtime);
	cleanup_free char *workload = path ? workload_find(err) : NULL;
	if (geteuid() != 0)
		return error_set(err, EPERM, "%s: containers without a manager need root", runtime);
	if (!path)
		return error_set(err, ENOENT, "%s: not found on PATH", runtime);
	return workload ? 0 : -ENOENT;
}

static json_t *mounts(void)
{
	return json_pack("[{s:s,s:s,s:s,s:[s,s,s]},{s:s,s:s,s:s,s:[s,s,s]},{s:s,s:s,s:s,s:[s,s,s,s]}]", "destination",
	                 "/proc", "type", "proc", "source", "proc", "options", "nosuid", "noexec", "nodev",
	                 "destination", "/dev", "type", "tmpfs", "source", "tmpfs", "options", "nosuid", "mode=755",
	                 "size=64k", "destination", "/sys", "type", "sysfs", "source", "sysfs", "options", "nosuid",
	                 "noexec", "nodev", "ro");
}

/* What docker leaves to a container. */
static json_t *capabilities(void)
{
	static const char *const names[] = {"CAP_CHOWN",       "CAP_DAC_OVERRIDE",    "CAP_FSETID", "CAP_FOWNER",
	                                    "CAP_MKNOD",       "CAP_NET_RAW",         "CAP_SETGID", "CAP_SETUID",
	                                    "CAP_SETFCAP",     "CAP_SETPCAP",         "CAP_KILL",   "CAP_SYS_CHROOT",
	                                    "CAP_AUDIT_WRITE", "CAP_NET_BIND_SERVICE"};
	json_t *list = json_array();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		(void)json_array_append_new(list, json_string(names[i]));
	json_t *o = json_pack("{s:O,s:O,s:O}", "bounding", list, "effective", list, "permitted", list);
	json_decref(list);
	return o;
}

static json_t *process(const struct launch *ln)
{
	char threads[24], bytes[24];
	(void)snprintf(threads, sizeof(threads), "%u", launch_threads(&ln->l));
	(void)snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)launch_bytes(ln));
	return json_pack("{s:{s:i,s:i},s:[s,s,s,s,s,s,s],s:[s],s:s,s:o,s:b}", "user", "uid", 0, "gid", 0, "args",
	                 "/init", "--workload", ln->l.workload, "--threads", threads, "--bytes", bytes, "env", "PATH=/",
	                 "cwd", "/", "capabilities", capabilities(), "noNewPrivileges", 1);
}

static json_t *resources(const struct launched *l)
{
	json_t *o = json_pack("{s:{s:i}}", "pids", "limit", MAX_PIDS);
	if (l->memory)
		(void)json_object_set_new(o, "memory", json_pack("{s:I}", "limit", (json_int_t)l->memory));
	if (l->cpus > 0)
		(void)json_object_set_new(
		        o, "cpu",
		        json_pack("{s:I,s:i}", "quota", (json_int_t)(l->cpus * PERIOD_USEC), "period", PERIOD_USEC));
	return o;
}

char *oci_config(const struct launch *ln)
{
	cleanup_free char *group = xasprintf("/vctop/%s", ln->leaf);
	json_t *o = json_pack(
	        "{s:s,s:o,s:{s:s,s:b},s:s,s:o,s:{s:s,s:o,s:[{s:s},{s:s},{s:s},{s:s},{s:s}],s:[s,s,s],s:[s,s]}}",
	        "ociVersion", "1.0.2", "process", process(ln), "root", "path", "rootfs", "readonly", 1, "hostname",
	        ln->l.name, "mounts", mounts(), "linux", "cgroupsPath", group, "resources", resources(&ln->l),
	        "namespaces", "type", "pid", "type", "network", "type", "ipc", "type", "uts", "type", "mount",
	        "maskedPaths", "/proc/kcore", "/proc/keys", "/sys/firmware", "readonlyPaths", "/proc/sys",
	        "/proc/sysrq-trigger");
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	json_decref(o);
	return text;
}

static int write_file(const struct launch *ln, const char *file, const void *data, size_t len, mode_t mode,
                      struct error *err)
{
	cleanup_close int fd = -1;
	int r = launch_create(ln, file, &fd, err);
	if (r < 0)
		return r;
	r = file_write(fd, data, len);
	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	return r < 0 ? error_set(err, -r, "%s: %s", file, strerror(-r)) : 0;
}

static int make_bundle(const struct launch *ln, struct error *err)
{
	static const char *const dirs[] = {"rootfs", "rootfs/proc", "rootfs/sys", "rootfs/dev", "runc"};
	cleanup_strbuf struct strbuf program = STRBUF_INIT;
	cleanup_free char *config = oci_config(ln);
	int r = config ? workload_read(&program, err) : error_set(err, ENOMEM, "%s: config.json", ln->l.name);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(dirs); i++) {
		cleanup_free char *path = sample_file(&ln->reg, &ln->l, dirs[i]);
		if (mkdir(path, 0755) < 0)
			r = error_set(err, errno, "%s: %s", path, strerror(errno));
	}
	if (r == 0)
		r = write_file(ln, "rootfs/init", program.buf, program.len, 0755, err);
	return r < 0 ? r : write_file(ln, "config.json", config, strlen(config), 0600, err);
}

/* The last line of the file: a runtime may say something about a file that is not there before it says what it means.
 */
static const char *last_words(int fd, char *buf, size_t size)
{
	char text[2049] = "";
	off_t end = lseek(fd, 0, SEEK_END), from = end > 2048 ? end - 2048 : 0;
	ssize_t n = pread(fd, text, sizeof(text) - 1, from);
	while (n > 0 && text[n - 1] == '\n')
		text[--n] = '\0';
	const char *line = strrchr(text, '\n');
	return spawn_first_line(line ? line + 1 : text, buf, size);
}

/* RUNTIME --root DIR/runc ARG... vctop-NAME; what it and what it starts say goes to `out`. */
static int run(const struct reg *reg, const struct launched *l, const char *const args[], int out, struct error *err)
{
	cleanup_free char *path = spawn_find(l->backend);
	cleanup_free char *state = sample_file(reg, l, "runc");
	cleanup_free char *id = xasprintf("vctop-%s", l->name);
	char *argv[10] = {path, (char[]){"--root"}, state}, line[320];
	size_t n = 3;
	int status = 0;
	if (!path)
		return error_set(err, ENOENT, "%s: not found on PATH", l->backend);
	for (; *args; args++)
		argv[n++] = xstrdup(*args);
	argv[n] = id;
	int r = spawn_run_to(argv, out, WORK_MSEC, NULL, &status);
	if (r < 0)
		r = error_set(err, -r, "%s: %s", l->backend, strerror(-r));
	else if (status != 0)
		r = error_set(err, EIO, "%s: %s", l->backend, last_words(out, line, sizeof(line)));
	while (n > 3)
		free(argv[--n]);
	return r;
}

static int read_pid(struct launch *ln, struct error *err)
{
	char text[32];
	uint64_t pid = 0;
	cleanup_free char *path = sample_file(&ln->reg, &ln->l, "pid");
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (n <= 0 || parse_u64(text, (size_t)n, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return error_set(err, EIO, "%s: %s tells no pid", ln->l.name, ln->l.backend);
	ln->l.pid = (pid_t)pid;
	return launch_record(ln, err);
}

static int await_report(struct launch *ln, struct error *err)
{
	for (unsigned waited = 0; !launch_has_reported(ln); waited++) {
		int r = launch_interrupted(ln, err);
		if (r < 0)
			return r;
		if (waited >= REPORT_MSEC || !proctable_is(ln->l.pid, ln->l.pid_start))
			return error_set(err, EIO, "%s: the container ended at once", ln->l.name);
		lab_nap(1);
	}
	return 0;
}

static int launch(struct launch *ln, struct error *err)
{
	cleanup_close int answers = -1;
	cleanup_free char *pid_file = sample_file(&ln->reg, &ln->l, "pid"), *bundle = sample_file(&ln->reg, &ln->l, "");
	const char *const create[] = {"create", "--bundle", bundle, "--pid-file", pid_file, NULL};
	const char *const start[] = {"start", NULL};
	int r = launch_make_place(ln, NULL, err);
	if (r == 0)
		r = make_bundle(ln, err);
	if (r == 0)
		r = launch_create(ln, SAMPLE_ANSWERS, &answers, err);
	ln->asked = launch_clock();
	if (r == 0)
		r = run(&ln->reg, &ln->l, create, answers, err);
	if (r == 0)
		r = read_pid(ln, err);
	ln->running = launch_clock();
	if (r == 0)
		r = run(&ln->reg, &ln->l, start, answers, err);
	return r < 0 ? r : await_report(ln, err);
}

/* Before the directory goes: the runtime's state is in it.  What the runtime fails at, process and cgroup finish. */
static int remove_oci(const struct reg *r, const struct launched *l, struct error *err)
{
	static const char *const del[] = {"delete", "--force", NULL};
	cleanup_free char *state = sample_file(r, l, "runc");
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (access(state, F_OK) == 0)
		(void)run(r, l, del, null, NULL);
	if (l->pid && !proctable_kill(l->pid, l->pid_start))
		return error_set(err, EBUSY, "%s: process %d does not end", l->name, (int)l->pid);
	return 0;
}

static int check_runc(struct error *err)
{
	return check("runc", err);
}

static int check_crun(struct error *err)
{
	return check("crun", err);
}

const struct backend backend_runc = {"runc", "container", true, check_runc, launch, remove_oci, &acts_group, NULL};
const struct backend backend_crun = {"crun", "container", true, check_crun, launch, remove_oci, &acts_group, NULL};
