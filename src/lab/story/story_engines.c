#include "lab/story/story_engines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/lab.h"
#include "lab/tool/spawn.h"
#include "vctop/base/clock.h"

#define DOCKERD_MSEC 30000 /* 2 s on a free machine */

int story_has(const struct story *s, const char *program, struct error *err)
{
	cleanup_free char *path = spawn_find(program);
	return path || s->t->dry_run ? 0 : error_set(err, ENOENT, "%s: not found on PATH", program);
}

int story_has_docker(const struct story *s, struct error *err)
{
	int r = story_has(s, "dockerd", err);
	return r < 0 ? r : story_has(s, "docker", err);
}

int story_image_dir(const struct story *s, struct error *err)
{
	cleanup_free char *workload = s->t->dry_run ? xstrdup("vctop-workload") : workload_find(err);
	if (!workload)
		return -ENOENT;
	int r = story_run(s, NULL, err, "mkdir %s/image", s->dir);
	return r < 0 ? r : story_run(s, NULL, err, "install -m 755 %s %s/image/init", workload, s->dir);
}

/* crun refuses a host whose cgroup2 tree is not the only one. */
static bool wants_runc(void)
{
	cleanup_free char *runc = spawn_find("runc");
	return runc && access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0;
}

/* Locks in files: podman's default is one table in shared memory for all stores, where killed containers stay. */
int story_podman(const struct story *s, struct error *err)
{
	cleanup_free char *conf = xasprintf("%s/containers.conf", s->dir);
	cleanup_free char *storage = xasprintf("%s/storage.conf", s->dir);
	cleanup_free char *conf_text =
	        xasprintf("[containers]\n"
	                  "default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n"
	                  "log_driver = \"k8s-file\"\n"
	                  "[engine]\n"
	                  "cgroup_manager = \"cgroupfs\"\n"
	                  "events_logger = \"none\"\n"
	                  "lock_type = \"file\"\n"
	                  "%s"
	                  "static_dir = \"%s/podman/libpod\"\n"
	                  "tmp_dir = \"%s/podman/libpod\"\n"
	                  "volume_path = \"%s/podman/volumes\"\n"
	                  "[network]\n"
	                  "network_config_dir = \"%s/podman/net\"\n",
	                  wants_runc() ? "runtime = \"runc\"\n" : "", s->dir, s->run, s->dir, s->dir);
	cleanup_free char *storage_text = xasprintf("[storage]\n"
	                                            "driver = \"overlay\"\n"
	                                            "graphroot = \"%s/podman/root\"\n"
	                                            "runroot = \"%s/podman/run\"\n",
	                                            s->dir, s->run);
	int r = story_write(s, conf, conf_text, err);
	if (r == 0)
		r = story_write(s, storage, storage_text, err);
	if (r < 0)
		return r;
	story_export(s, "TMPDIR", "%s", s->dir); /* for what they leave when they are killed */
	story_export(s, "CONTAINERS_CONF", "%s", conf);
	story_export(s, "CONTAINERS_STORAGE_CONF", "%s", storage);
	return 0;
}

static int await_dockerd(const struct story *s, const struct story_process *p, struct error *err)
{
	char line[320];
	int64_t until = clock_mono_usec() + DOCKERD_MSEC * 1000LL;
	while (story_ask(s, NULL, NULL, "docker version --format {{.Server.Version}}") < 0) {
		int r = story_nap(s, 100, err);
		if (r < 0)
			return r;
		if (!story_runs(p))
			return error_set(err, EIO, "dockerd: %s", story_log(s, "dockerd", line, sizeof(line)));
		if (clock_mono_usec() >= until)
			return error_set(err, ETIMEDOUT, "dockerd: no answer in %d s", DOCKERD_MSEC / 1000);
	}
	return 0;
}

/* Configuration of its own: not somebody's credentials or contexts. */
int story_docker(const struct story *s, struct error *err)
{
	cleanup_free char *config = xasprintf("%s/config.json", s->dir);
	int r = story_write(s, config, "{}\n", err);
	story_export(s, "DOCKER_HOST", "unix://%s/docker.sock", s->run);
	story_export(s, "DOCKER_CONFIG", "%s", s->dir);
	return r;
}

/* dockerd takes a zombie that init has not waited for yet, or another process of the same pid, for the old one. */
static void forget_ended(const char *pidfile)
{
	struct story_process p = story_process_of(pidfile);
	if (!story_runs(&p))
		(void)unlink(pidfile);
}

int story_dockerd(const struct story *s, const char *options, struct story_process *ret, double *ret_sec,
                  struct error *err)
{
	int64_t began = clock_mono_usec();
	cleanup_free char *pidfile = xasprintf("%s/docker.pid", s->run);
	cleanup_free char *containerd = xasprintf("%s/docker/containerd/containerd.pid", s->run);
	if (!s->t->dry_run) {
		forget_ended(pidfile);
		forget_ended(containerd);
	}
	int r = story_start(s, "dockerd", ret, err,
	                    "dockerd --iptables=false --bridge=none --data-root %s/docker --exec-root %s/docker "
	                    "-H unix://%s/docker.sock --pidfile %s --cgroup-parent %s/docker "
	                    "--exec-opt native.cgroupdriver=cgroupfs%s",
	                    s->dir, s->run, s->run, pidfile, s->group, options);
	if (r == 0)
		r = await_dockerd(s, ret, err);
	if (ret_sec)
		*ret_sec = (double)(clock_mono_usec() - began) / 1e6;
	return r;
}
