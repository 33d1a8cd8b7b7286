/*
 * `vctop doctor`: what can be seen here, what cannot, why, and the command or right that would change it.
 * Every line is tried, not assumed: the file is read, the device opened, the backend looked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app/app.h"
#include "vctop/base/map.h"
#include "vctop/base/units.h"
#include "vctop/lab/samples.h"

enum finding { FOUND_OK, FOUND_PARTLY, FOUND_NOT, FOUND_MAX };
static const char *const finding_names[] = {"yes", "partly", "no"};
_Static_assert(ARRAY_SIZE(finding_names) == FOUND_MAX, "a name for each finding");

struct report {
	struct rootfs *fs;
	const struct snapshot *snap;
	bool live;
	json_t *lines; /* {what, seen, why, change} */
};

static void say(struct report *r, enum finding f, const char *what, const char *change, const char *fmt, ...)
        ATTR_PRINTF(5, 6);

static void say(struct report *r, enum finding f, const char *what, const char *change, const char *fmt, ...)
{
	va_list ap;
	struct strbuf why = STRBUF_INIT;
	va_start(ap, fmt);
	strbuf_vfmt(&why, fmt, ap);
	va_end(ap);
	(void)json_array_append_new(r->lines, json_pack("{s:s, s:s, s:s, s:s?}", "what", what, "seen", finding_names[f],
	                                                "why", why.buf, "change", change && *change ? change : NULL));
	strbuf_release(&why);
}

static void check_host(struct report *r)
{
	const struct host_sample *h = &r->snap->host;
	char cpus[32] = "?", ram[16] = "?";
	bool ok = metric_is_ok(h->online_cpus) && metric_is_ok(h->mem_total_bytes) && metric_is_ok(h->busy_usec);
	if (metric_is_ok(h->online_cpus))
		(void)snprintf(cpus, sizeof(cpus), "%.0f", h->online_cpus.v);
	if (metric_is_ok(h->mem_total_bytes))
		(void)units_bytes(ram, sizeof(ram), h->mem_total_bytes.v);
	say(r, ok ? FOUND_OK : FOUND_PARTLY, "host", NULL, "%s CPUs, %s of memory", cpus, ram);
	say(r, FOUND_OK, "placement", NULL, "%s%s%s: %s", placement_name(h->placement), h->hypervisor ? " on " : "",
	    h->hypervisor ? h->hypervisor : "", h->placement_evidence);
	if (h->placement == PLACEMENT_CONTAINER)
		say(r, FOUND_PARTLY, "whole host", "run vctop on the host, or with --pid=host --cgroupns=host",
		    "inside a container only what its namespaces show is seen");
}

static void check_cgroups(struct report *r)
{
	const struct host_sample *h = &r->snap->host;
	say(r, h->layout == CGROUP_NONE ? FOUND_NOT : FOUND_OK, "cgroups",
	    h->layout == CGROUP_NONE ? "mount -t cgroup2 none /sys/fs/cgroup" : NULL, "%s: %s",
	    cgroup_layout_name(h->layout), h->layout_evidence);
	bool psi = metric_is_ok(h->cpu_pressure_usec);
	say(r, psi ? FOUND_OK : FOUND_NOT, "pressure (PSI)", psi ? NULL : "boot with psi=1", "/proc/pressure/cpu: %s",
	    psi ? "readable" : "not there");
}

static void check_instances(struct report *r)
{
	unsigned n[INSTANCE_KIND_MAX] = {0}, unnamed = 0, denied = 0;
	for (size_t i = 0; i < r->snap->entries.n; i++) {
		const struct entry *e = &r->snap->entries.v[i];
		n[e->inst.kind]++;
		unnamed += e->inst.kind == INSTANCE_CONTAINER && !e->inst.name_from;
		denied += e->sample.mem.held_bytes.st == METRIC_DENIED;
	}
	bool root = geteuid() == 0;
	say(r, unnamed ? FOUND_PARTLY : FOUND_OK, "containers", unnamed && !root ? "run vctop as root" : NULL,
	    "%u seen, %u without a name%s", n[INSTANCE_CONTAINER], unnamed,
	    unnamed && root ? ": no file of their runtime tells it" : "");
	say(r, denied ? FOUND_PARTLY : FOUND_OK, "virtual machines", denied ? "run vctop as root" : NULL,
	    "%u seen; memory held by the guest readable for %u", n[INSTANCE_VM], n[INSTANCE_VM] - denied);
	say(r, FOUND_NOT, "what guests use inside",
	    "vctop --qmp SOCKET (QEMU), --guest-api (Firecracker, Cloud Hypervisor)",
	    "no guest is asked unless you name it: a VM's memory is what is resident");
}

/* One line a daemon: how many instances hang on it. */
static void check_daemons(struct report *r)
{
	for (size_t i = 0; i < r->snap->daemons.n; i++) {
		const struct blast_radius *d = &r->snap->daemons.v[i];
		bool up = metric_is_ok(d->running) && d->running.v != 0;
		char what[64], pid[32] = "is not running";
		(void)snprintf(what, sizeof(what), "daemon: %s", d->daemon);
		if (up)
			(void)snprintf(pid, sizeof(pid), "runs (%.0f)", d->pid.v);
		say(r, up ? FOUND_OK : FOUND_NOT, what, NULL, "%s%s%s; %u %s on it, %u would survive its death", pid,
		    d->root ? ", data in " : "", d->root ? d->root : "", d->instances,
		    d->instances == 1 ? "hangs" : "hang", d->survivors);
	}
}

static void check_dir(struct report *r, const char *what, const char *path)
{
	struct rootfs_names names = {.text = STRBUF_INIT};
	int e = rootfs_list(r->fs, path, false, &names);
	if (e == 0)
		say(r, FOUND_OK, what, NULL, "/%s readable: names, images, stopped containers", path);
	else if (e == -ENOENT)
		say(r, FOUND_OK, what, NULL, "/%s does not exist: not in use here", path);
	else
		say(r, FOUND_NOT, what, "run vctop as root", "/%s: %s: ids instead of names, no stopped containers",
		    path, strerror(-e));
	rootfs_names_release(&names);
}

/* CapEff of proc/self/status, hexadecimal; CAP_SYS_PTRACE is bit 19. */
static bool has_ptrace(const struct strbuf *status)
{
	const char *at = strstr(status->buf, "CapEff:");
	return at && (strtoull(at + 7, NULL, 16) >> 19 & 1);
}

static void check_privilege(struct report *r)
{
	cleanup_strbuf struct strbuf sb = STRBUF_INIT;
	bool ok = rootfs_read(r->fs, "proc/self/status", 65536, &sb) > 0 && has_ptrace(&sb);
	say(r, ok ? FOUND_OK : FOUND_PARTLY, "other users' processes", ok ? NULL : "run vctop as root",
	    ok ? "CAP_SYS_PTRACE: guest RAM and KVM files of every VM are readable"
	       : "no CAP_SYS_PTRACE: guest RAM and KVM files of others' VMs stay unknown");
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0)
		say(r, lim.rlim_cur >= 1024 ? FOUND_OK : FOUND_PARTLY, "open files", NULL,
		    "limit %llu: about %llu containers with kept files, beyond that slower",
		    (unsigned long long)lim.rlim_cur, (unsigned long long)lim.rlim_cur / 10);
}

/* Of no consequence for what is seen, but for what it costs. */
static void check_bulk(struct report *r, struct source *s)
{
	const char *why = source_no_bulk(s);
	say(r, why ? FOUND_PARTLY : FOUND_OK, "counters at once", why && geteuid() != 0 ? "run vctop as root" : NULL,
	    "%s%s", why ? why : "a BPF iterator reads what it can of every group",
	    why ? ": each is read from its file, which costs more" : "; used from 64 containers on");
	const char *no = source_no_processes(s);
	if (!why)
		say(r, no ? FOUND_PARTLY : FOUND_OK, "processes at once", NULL, "%s%s",
		    no ? no : "a BPF iterator tells what it can of all",
		    no ? ": files of each are read" : "; used when 256 or more are new");
}

static void check_kvm(struct report *r)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		say(r, FOUND_OK, "/dev/kvm", NULL, "opens; whether a guest runs on it shows when one is started");
	else
		say(r, FOUND_NOT, "/dev/kvm",
		    errno == EACCES ? "join group kvm" : "enable virtualisation in firmware or hypervisor",
		    "%s: sample VMs are emulated (TCG)", strerror(errno));
	if (fd >= 0)
		(void)close(fd);
}

static void check_backends(struct report *r)
{
	struct backend_state b[16];
	unsigned n = backends_probe(b, ARRAY_SIZE(b));
	for (unsigned i = 0; i < n; i++) {
		char what[64];
		(void)snprintf(what, sizeof(what), "samples: %s", b[i].name);
		say(r, b[i].usable ? FOUND_OK : FOUND_NOT, what, b[i].change, "%s", *b[i].why ? b[i].why : "usable");
	}
}

static void check_notices(struct report *r)
{
	for (size_t i = 0; i < r->snap->notices.n; i++) {
		const struct notice *n = &r->snap->notices.v[i];
		say(r, FOUND_PARTLY, n->what, n->change, "%s", n->why);
	}
}

static void print(const struct report *r, bool json)
{
	size_t i;
	json_t *l;
	if (json) {
		json_t *o = json_pack("{s:s, s:O}", "schema", "vctop.doctor/1", "lines", r->lines);
		(void)json_dumpf(o, stdout, JSON_COMPACT);
		(void)putchar('\n');
		json_decref(o);
		return;
	}
	json_array_foreach(r->lines, i, l)
	{
		const char *change = json_string_value(json_object_get(l, "change"));
		(void)printf("%-7s %-24s %s\n", json_string_value(json_object_get(l, "seen")),
		             json_string_value(json_object_get(l, "what")),
		             json_string_value(json_object_get(l, "why")));
		if (change)
			(void)printf("%-7s %-24s   -> %s\n", "", "", change);
	}
}

static int examine(const char *root, bool json)
{
	struct error err = {0};
	struct source *s = source_open_host(root, &err);
	struct rootfs *fs = s ? rootfs_open(root, &err) : NULL;
	struct snapshot *snap = snapshot_new();
	int status = EXIT_SUCCESS;
	if (!fs || s->ops->next(s, snap, &err) < 0) {
		status = app_fail(EXIT_FAILURE, &err);
	} else {
		struct report r = {fs, snap, rootfs_is_live(fs), json_array()};
		check_host(&r);
		check_cgroups(&r);
		check_privilege(&r);
		check_instances(&r);
		check_daemons(&r);
		check_dir(&r, "Docker's files", "var/lib/docker/containers");
		check_dir(&r, "Podman's files", "var/lib/containers/storage");
		if (r.live) {
			check_bulk(&r, s);
			check_kvm(&r);
			check_backends(&r);
		}
		check_notices(&r);
		print(&r, json);
		json_decref(r.lines);
	}
	snapshot_free(snap);
	rootfs_close(fs);
	if (s)
		s->ops->close(s);
	return status;
}

static void remember(void *data, const char *path, const char *text, ssize_t n)
{
	(void)text;
	if (n >= 0)
		map_put(data, path, data);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every file and link that two ticks read here: what to copy to show this host elsewhere with --root. */
static int list_files(const char *root)
{
	struct error err = {0};
	struct map seen = {0};
	struct engine e;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	VEC(const char *) paths = {0};
	if (engine_open_traced(&e, root, &(struct rootfs_trace){.read = remember, .data = &seen}, &err) < 0)
		return app_fail(EXIT_FAILURE, &err);
	int r = engine_tick(&e, &err);
	if (r == 0)
		r = engine_tick(&e, &err);
	engine_close(&e);
	const char *path;
	void *v;
	for (size_t it = 0; map_next(&seen, &it, &path, &v);)
		vec_push(&paths, path);
	if (paths.n)
		qsort(paths.v, paths.n, sizeof(*paths.v), by_text);
	for (size_t i = 0; i < paths.n; i++)
		strbuf_fmt(&out, "/%s\n", paths.v[i]);
	vec_free(&paths);
	map_release(&seen);
	if (r < 0 && r != -ENODATA)
		return app_fail(EXIT_FAILURE, &err);
	return app_write(&out) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct option longs[] = {{"json", no_argument, NULL, 'j'},
	                                      {"root", required_argument, NULL, 'R'},
	                                      {"files", no_argument, NULL, 'F'},
	                                      {"help", no_argument, NULL, 'h'},
	                                      {0}};
	const char *root = "/";
	bool json = false, files = false;
	int opt;
	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			json = true;
			break;
		case 'F':
			files = true;
			break;
		case 'R':
			root = optarg;
			break;
		case 'h':
			(void)puts("usage: vctop doctor [--json] [--files] [--root DIR]\n"
			           "What can be seen here, what cannot, why, and what would change it.\n"
			           "--files: every file that is read here, one a line.");
			return EXIT_SUCCESS;
		case ':':
			return app_failf(EXIT_BAD_USE, "doctor: %s: needs a value", argv[optind - 1]);
		default:
			return app_failf(EXIT_BAD_USE, "doctor: %s: unknown option", app_option(argv));
		}
	}
	if (optind < argc)
		return app_failf(EXIT_BAD_USE, "doctor: %s: takes no arguments", argv[optind]);
	return files ? list_files(root) : examine(root, json);
}
